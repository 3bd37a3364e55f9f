// Written by packages/generate.py from the table of parameters.
/** The parameters, in the order in which URLs have them. */
export const NAMES =
  "v preset rotate flip trim trim_color trim_equal trim_corner trim_padding crop crop_aspect crop_gravity crop_overflow width dpr dpr_rule padding_inside height aspect fit gravity enlarge shrink zoom adaptive min_width min_height max_width max_height kernel rounding skip_smaller max_enlarged_side min_fitted_side max_side max_area light grayscale clahe normalize equalize levels curves curves_red curves_green curves_blue gamma warmth exposure highlights shadows brightness_factor brightness contrast rgb invert lightness modulate vibrance color_matrix saturation hue sepia tint monochrome duotone colorize threshold blur blur_space progressive_blur median dilate erode morphology sharpen unsharp sharpen_lab convolution pixelate blur_areas pixelate_areas blur_faces pixelate_faces gradient vignette noise radius mask border opacity flatten canvas canvas_gravity canvas_cut extend padding overlay background animated page dpi time orientation reject max_frames frame_step animated_formats decode_scaling then format quality metadata profile mode quality_scale effort progressive subsampling trellis deringing optimize_scans quant_table lossless near_lossless webp_preset depth colors dither tiff_compression max_bytes max_bytes_strict passthrough frame_delay loop speed reverse dpr_max_side clamp exceeding crop_aspect_rule original_formats include palette_colors filename disposition tags max_age fallback fallback_status".split(" ");
/** Those of /info. */
export const INFO_NAMES =
  "v include palette_colors".split(" ");
/** Other names of parameters, and the name that URLs have. */
export const ALIASES = {
  trim_colour: "trim_color",
  w: "width",
  h: "height",
  ar: "aspect",
  upscale: "enlarge",
  scale: "zoom",
  mw: "min_width",
  mh: "min_height",
  resample_space: "light",
  greyscale: "grayscale",
  normalise: "normalize",
  equalise: "equalize",
  negate: "invert",
  colour_matrix: "color_matrix",
  bg: "background",
  anim: "animated",
  frame: "page",
  second: "time",
  f: "format",
  fm: "format",
  q: "quality",
  interlace: "progressive",
  chromasub: "subsampling",
  colours: "colors",
  palette_colours: "palette_colors",
};
/** Values that mean the same as nothing, which URLs without a preset do not have. */
export const DEFAULTS = {
  rotate: "0",
  flip: "none",
  trim_equal: "none",
  trim_corner: "top_left",
  trim_padding: "0",
  crop_gravity: "center",
  crop_overflow: "clip",
  dpr: "1",
  dpr_rule: "full",
  padding_inside: "false",
  fit: "inside",
  gravity: "center",
  enlarge: "false",
  shrink: "true",
  zoom: "1",
  adaptive: "false",
  kernel: "lanczos3",
  skip_smaller: "never",
  light: "auto",
  grayscale: "false",
  normalize: "false",
  equalize: "false",
  levels: "0,1,255",
  gamma: "1",
  warmth: "0",
  exposure: "0",
  highlights: "0",
  shadows: "0",
  brightness_factor: "1",
  brightness: "0",
  contrast: "0",
  rgb: "0,0,0",
  invert: "false",
  lightness: "0",
  modulate: "1,1,0",
  vibrance: "0",
  color_matrix: "1,0,0,0,1,0,0,0,1",
  saturation: "0",
  hue: "0",
  sepia: "0",
  threshold: "0",
  blur: "0",
  blur_space: "linear",
  median: "0",
  dilate: "0",
  erode: "0",
  morphology: "values",
  sharpen: "0",
  pixelate: "0",
  blur_faces: "0",
  pixelate_faces: "0",
  vignette: "0",
  noise: "0",
  opacity: "100",
  canvas_gravity: "center",
  canvas_cut: "false",
  extend: "color",
  padding: "0",
  animated: "true",
  dpi: "96",
  orientation: "auto",
  frame_step: "1",
  decode_scaling: "auto",
  format: "auto",
  quality: "80",
  metadata: "strip",
  profile: "srgb",
  quality_scale: "perceived",
  progressive: "false",
  subsampling: "auto",
  trellis: "false",
  deringing: "false",
  optimize_scans: "false",
  quant_table: "0",
  lossless: "false",
  webp_preset: "default",
  depth: "8",
  dither: "1",
  tiff_compression: "lzw",
  max_bytes_strict: "true",
  speed: "1",
  reverse: "false",
  dpr_max_side: "16383",
  clamp: "shape",
  exceeding: "shrink",
  crop_aspect_rule: "exact",
  palette_colors: "6",
  disposition: "attachment",
  fallback_status: "200",
};
/** Those whose 1 and 0 are true and false. */
export const FLAGS =
  "padding_inside enlarge shrink adaptive grayscale normalize equalize invert canvas_cut animated progressive trellis deringing optimize_scans lossless max_bytes_strict reverse".split(" ");
/** Words that mean the same as others, which URLs have. */
export const SYNONYMS = {
  flip: {"h": "horizontal", "v": "vertical", "hv": "both"},
  light: {"gamma": "srgb"},
  extend: {"colour": "color"},
  orientation: {"none": "1"},
  format: {"jpg": "jpeg"},
};
/** Numbers, which have no zeros at their end. */
export const DECIMALS =
  "dpr zoom gamma brightness_factor sepia blur sharpen blur_faces vignette noise opacity time dither speed".split(" ");
/** Lists of words, each of which is written once. */
export const WORD_LISTS =
  "reject animated_formats passthrough original_formats include".split(" ");
/** Colours, which have six or eight digits. */
export const COLORS =
  "trim_color tint monochrome colorize flatten background".split(" ");
/** Names of colours and their digits, one after another. */
export const COLOR_NAMES =
  "aliceblue f0f8ff antiquewhite faebd7 aqua 00ffff aquamarine 7fffd4 azure f0ffff beige f5f5dc bisque ffe4c4 black 000000 blanchedalmond ffebcd blue 0000ff blueviolet 8a2be2 brown a52a2a burlywood deb887 cadetblue 5f9ea0 chartreuse 7fff00 chocolate d2691e coral ff7f50 cornflowerblue 6495ed cornsilk fff8dc crimson dc143c cyan 00ffff darkblue 00008b darkcyan 008b8b darkgoldenrod b8860b darkgray a9a9a9 darkgreen 006400 darkgrey a9a9a9 darkkhaki bdb76b darkmagenta 8b008b darkolivegreen 556b2f darkorange ff8c00 darkorchid 9932cc darkred 8b0000 darksalmon e9967a darkseagreen 8fbc8f darkslateblue 483d8b darkslategray 2f4f4f darkslategrey 2f4f4f darkturquoise 00ced1 darkviolet 9400d3 deeppink ff1493 deepskyblue 00bfff dimgray 696969 dimgrey 696969 dodgerblue 1e90ff firebrick b22222 floralwhite fffaf0 forestgreen 228b22 fuchsia ff00ff gainsboro dcdcdc ghostwhite f8f8ff gold ffd700 goldenrod daa520 gray 808080 green 008000 greenyellow adff2f grey 808080 honeydew f0fff0 hotpink ff69b4 indianred cd5c5c indigo 4b0082 ivory fffff0 khaki f0e68c lavender e6e6fa lavenderblush fff0f5 lawngreen 7cfc00 lemonchiffon fffacd lightblue add8e6 lightcoral f08080 lightcyan e0ffff lightgoldenrodyellow fafad2 lightgray d3d3d3 lightgreen 90ee90 lightgrey d3d3d3 lightpink ffb6c1 lightsalmon ffa07a lightseagreen 20b2aa lightskyblue 87cefa lightslategray 778899 lightslategrey 778899 lightsteelblue b0c4de lightyellow ffffe0 lime 00ff00 limegreen 32cd32 linen faf0e6 magenta ff00ff maroon 800000 mediumaquamarine 66cdaa mediumblue 0000cd mediumorchid ba55d3 mediumpurple 9370db mediumseagreen 3cb371 mediumslateblue 7b68ee mediumspringgreen 00fa9a mediumturquoise 48d1cc mediumvioletred c71585 midnightblue 191970 mintcream f5fffa mistyrose ffe4e1 moccasin ffe4b5 navajowhite ffdead navy 000080 oldlace fdf5e6 olive 808000 olivedrab 6b8e23 orange ffa500 orangered ff4500 orchid da70d6 palegoldenrod eee8aa palegreen 98fb98 paleturquoise afeeee palevioletred db7093 papayawhip ffefd5 peachpuff ffdab9 peru cd853f pink ffc0cb plum dda0dd powderblue b0e0e6 purple 800080 rebeccapurple 663399 red ff0000 rosybrown bc8f8f royalblue 4169e1 saddlebrown 8b4513 salmon fa8072 sandybrown f4a460 seagreen 2e8b57 seashell fff5ee sienna a0522d silver c0c0c0 skyblue 87ceeb slateblue 6a5acd slategray 708090 slategrey 708090 snow fffafa springgreen 00ff7f steelblue 4682b4 tan d2b48c teal 008080 thistle d8bfd8 tomato ff6347 turquoise 40e0d0 violet ee82ee wheat f5deb3 white ffffff whitesmoke f5f5f5 yellow ffff00 yellowgreen 9acd32 transparent ffffff00".split(" ");
/** Widths of a srcset, in pixels, unless others are given. */
export const DEFAULT_WIDTHS = [256, 384, 640, 750, 828, 1080, 1200, 1920, 2048, 2560, 3840];
