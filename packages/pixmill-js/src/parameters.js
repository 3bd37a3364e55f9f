// Written by packages/generate.py from the table of parameters.
/** The parameters, in the order in which URLs have them. */
export const NAMES =
  "v animated page max_frames frame_step dpi time orientation animated_formats decode_scaling reject width height aspect fit gravity zoom dpr dpr_rule dpr_max_side enlarge shrink clamp skip_smaller max_enlarged_side min_fitted_side min_width min_height max_width max_height max_area exceeding max_side adaptive kernel resample_space rounding canvas canvas_cut canvas_gravity padding padding_inside extend rotate flip trim trim_color trim_equal trim_corner trim_padding crop crop_gravity crop_aspect crop_aspect_rule crop_overflow grayscale clahe normalize equalize levels curves curves_red curves_green curves_blue gamma warmth exposure highlights shadows brightness_factor brightness contrast rgb invert lightness modulate vibrance color_matrix saturation hue sepia tint monochrome duotone colorize threshold blur blur_space progressive_blur median dilate erode morphology sharpen unsharp sharpen_lab convolution pixelate blur_areas pixelate_areas blur_faces pixelate_faces gradient vignette noise radius mask border opacity flatten overlay then background format original_formats passthrough quality max_bytes max_bytes_strict metadata profile mode effort progressive quality_scale subsampling trellis deringing optimize_scans quant_table lossless near_lossless webp_preset depth colors dither tiff_compression filename frame_delay loop speed reverse tags disposition max_age fallback fallback_status include palette_colors preset".split(" ");
/** Those of /info. */
export const INFO_NAMES =
  "v include palette_colors".split(" ");
/** Other names of parameters, and the name that URLs have. */
export const ALIASES = {
  anim: "animated",
  frame: "page",
  second: "time",
  w: "width",
  h: "height",
  ar: "aspect",
  scale: "zoom",
  upscale: "enlarge",
  mw: "min_width",
  mh: "min_height",
  trim_colour: "trim_color",
  greyscale: "grayscale",
  normalise: "normalize",
  equalise: "equalize",
  negate: "invert",
  colour_matrix: "color_matrix",
  bg: "background",
  f: "format",
  fm: "format",
  q: "quality",
  interlace: "progressive",
  chromasub: "subsampling",
  colours: "colors",
  palette_colours: "palette_colors",
};
/** Widths of a srcset, in pixels, unless others are given. */
export const DEFAULT_WIDTHS = [256, 384, 640, 750, 828, 1080, 1200, 1920, 2048, 2560, 3840];
