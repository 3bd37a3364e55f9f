// Written by packages/generate.py from the table of parameters.
/** A list: as text with commas, or as an array. */
export type List = string | number | readonly (string | number)[];
/** Some of these words: as text with commas, or as an array. */
export type Words<W extends string> = W | `${W},${string}` | readonly W[];

/** Parameters of /resize. */
export interface Parameters {
  /**
   * Cache-busting version of the source: another version is fetched again. With a signature each is fetched once
   * and served with `max-age=31536000, immutable`; without one it is revalidated every 5 minutes
   * (`PIXMILL_CACHE_UNSIGNED_VERSION_TTL_S`), since anybody may request it before its file is in place.
   * @example `2`, `5f3a9c`, `2026-11-24`
   */
  v?: string | number | undefined;
  /**
   * Presets of this server (`PIXMILL_PRESETS`), applied from left to right. Explicit parameters take precedence.
   * @example `card`, `card,grey`
   */
  preset?: List | undefined;
  /**
   * Clockwise rotation in degrees, applied after EXIF orientation. Multiples of 90 come before everything else and
   * are lossless. Other angles come after the resize: the result grows to hold the corners, which show
   * `background`, or are transparent if no background is given and the format supports it.
   * @example `90`, `-12.5`
   * @default 0
   */
  rotate?: List | undefined;
  /**
   * Mirrors the image: left to right (`horizontal`, `h`), top to bottom (`vertical`, `v`), or both (`both`, `hv`).
   * Applied after a rotation by a multiple of 90 degrees and before one by another angle.
   * @example `horizontal`
   * @default none
   */
  flip?: "none" | "horizontal" | "vertical" | "both" | "h" | "v" | "hv" | undefined;
  /**
   * Cuts off borders of a single colour, after `rotate` and `flip` and before `crop`. The value is the tolerance:
   * the maximum difference of each of red, green and blue from the border colour.
   * @example `10`
   */
  trim?: number | undefined;
  /**
   * Border colour for `trim`; `transparent` trims transparent borders. Default: the colour of the pixel at
   * `trim_corner`.
   * @example `white`, `transparent`
   */
  trim_color?: string | undefined;
  /**
   * Makes `trim` cut the same amount from opposite sides, the smaller of the two: left and right (`horizontal`),
   * top and bottom (`vertical`), or `both`.
   * @example `horizontal`
   * @default none
   */
  trim_equal?: "none" | "horizontal" | "vertical" | "both" | undefined;
  /**
   * Corner of the image whose pixel has the border colour for `trim`.
   * @example `bottom_right`
   * @default top_left
   */
  trim_corner?: "top_left" | "top_right" | "bottom_left" | "bottom_right" | undefined;
  /**
   * Pixels of the border that `trim` keeps on each side, or percent of the mean of the sides that are left; a
   * negative number cuts off as much of the image.
   * @example `10`, `-2`, `pct:1.5`
   * @default 0
   */
  trim_padding?: List | undefined;
  /**
   * Region to cut out before the resize, in the image as oriented, rotated, flipped and trimmed. `window`: its
   * sides only, cut to those of the image; `crop_gravity` places it. `edges`: what is taken off the top, right,
   * bottom and left; a negative number counts from the opposite edge.
   * @example `10,20,300,200`, `pct:25,0,50,100`, `window:300,200`, `window:pct:50,0`, `edges:10,20,30,40`
   */
  crop?: List | undefined;
  /**
   * Aspect ratio of the window: the largest of it in `crop=window:…`, or in the image.
   * @example `1:1`
   */
  crop_aspect?: List | undefined;
  /**
   * Place of the window that `crop` or `crop_aspect` cuts out, as for `gravity`; offsets are pixels of the
   * original. `,zoom:2` halves the sides of the window.
   * @example `north`, `se:10,20`, `smart`, `px:600,400`, `pos:0.25,1`
   * @default center
   */
  crop_gravity?: List | undefined;
  /**
   * What becomes of a `crop` that does not lie in the image. `clip`: cut at the edges, and an error if it begins
   * outside. `move`: moved inside. `reset`: begins at 0 along an axis where it begins outside. `ignore`: no crop
   * if it begins outside. `refuse`: an error.
   * @example `move`
   * @default clip
   */
  crop_overflow?: "clip" | "move" | "reset" | "ignore" | "refuse" | undefined;
  /**
   * Width of the box: pixels, or percent of the width of the image, or of its region cut out by `crop`. Default:
   * follows from `height` and the aspect ratio. `auto`: the width at which the client shows the image, by client
   * hints; without hints as by default.
   * @example `800`, `pct:50`, `auto`
   */
  width?: number | `pct:${number}` | "auto" | undefined;
  /**
   * Device pixel ratio (`auto`: that of the client, by client hints): multiplies `width`, `height`, `min_*`,
   * `max_width`, `max_height`, `canvas`, `padding` and the pixel offsets of `gravity`. It is reduced if a side
   * would exceed 16,383 px.
   * @example `2`, `1.5`, `auto`
   * @default 1
   */
  dpr?: number | "auto" | undefined;
  /**
   * What becomes of `dpr` if the image is too small for it. `full`: it multiplies all lengths in any case.
   * `capped`: it is reduced as far as the image would have to be enlarged (imgproxy). `stepped`: it is lowered in
   * steps of 0.1, above 3 of 0.5, until the box lies in the image (Photon). `dropped`: it is ignored if the result
   * would exceed `dpr_max_side` (ImageKit).
   * @example `capped`
   * @default full
   */
  dpr_rule?: "full" | "capped" | "stepped" | "dropped" | undefined;
  /**
   * Takes `padding` in pixels off the box, so that `width` and `height` are those of the result.
   * @example `true`
   * @default false
   */
  padding_inside?: boolean | undefined;
  /**
   * Height of the box, like `width`. Default: follows from `width` and the aspect ratio.
   * @example `600`, `pct:100`
   */
  height?: number | `pct:${number}` | undefined;
  /**
   * Aspect ratio of the box. With one side it sets the other. Without sides the box is the largest in the image
   * (with `fit=contain` the smallest around it). The image is cropped to it as with `fit=cover`, unless `fit` is
   * `contain` or `fill`.
   * @example `16:9`, `1.5`
   */
  aspect?: List | undefined;
  /**
   * How the image is fitted to `width` × `height`. `cover`: fill and crop. `contain`: fit and pad. `fill`:
   * stretch. `inside`: fit, no padding. `outside`: cover without cropping. `auto`: `cover` if box and image are
   * both landscape (or square) or both portrait, else `inside`.
   * @example `cover`
   * @default inside
   */
  fit?: "cover" | "contain" | "fill" | "inside" | "outside" | "auto" | undefined;
  /**
   * Crop anchor for `fit=cover` and `aspect`: a compass direction, a focal point (`fp`), a share of the space that
   * the box leaves (`pos`, as in CSS `background-position`), weighted focal regions (`fr`), points or regions in
   * pixels of the original (`px`), `auto` (the subject: faces, if `pixmill[faces]` is installed, then what is
   * sharp and stands out), `smart` (most salient region, libvips attention), `smart:entropy` (highest entropy) or
   * `face` (needs `pixmill[faces]`; without a face as `auto`). With `fit=contain`, the position of the image: a
   * direction or a point. Offsets in percent count in the sides of the scaled image, or of the box. `,zoom:2`
   * shows half as much of the image along each side, in a result of the same size, `,close:1` as little as holds
   * the regions or faces (`,close:0.5` half the way); without `enlarge` only as far as the image has pixels.
   * @example `north`, `ne:10,20`, `ne:pct:5,0`, `auto`, `smart`, `px:600,400`, `fp:0.3,0.75`, `fp:0.3,0.75,zoom:2`, `face,close:1,zoom:0.8`, `fr:0.1,0.2,0.3,0.4`, `fr:0,0,0.2,0.2,3;0.7,0.5,0.1,0.1,1`
   * @default center
   */
  gravity?: List | undefined;
  /**
   * Allows upscaling of images that are smaller than the box. `error`: a request that would need it, also of a
   * drawing, fails with 400. `never`: drawings (SVG, PDF), which are enlarged otherwise, are kept within their own
   * size too.
   * @example `true`, `error`, `never`
   * @default false
   */
  enlarge?: boolean | "error" | "never" | undefined;
  /**
   * Allows downscaling of images that are larger than the box. `shrink=false&enlarge=true` only enlarges;
   * `fit=contain&shrink=false` pads small images and leaves larger ones as they are.
   * @example `false`
   * @default true
   */
  shrink?: boolean | undefined;
  /**
   * Scale factor for the box or, without a box, for the image: `scale=0.5` and `scale=pct:50` halve it.
   * @example `0.5`, `1.5`, `pct:50`
   * @default 1
   */
  zoom?: number | `pct:${number}` | undefined;
  /**
   * Swaps the width and height of the box to match the orientation of the image (portrait or landscape).
   * @example `true`
   * @default false
   */
  adaptive?: boolean | undefined;
  /**
   * Minimum width of the result: upscales it, keeping the aspect ratio, even if `enlarge` is false.
   * @example `300`
   */
  min_width?: number | undefined;
  /**
   * Minimum height of the result, like `min_width`.
   * @example `300`
   */
  min_height?: number | undefined;
  /**
   * Maximum width of the result, after `fit`, `aspect` and `zoom`: downscales it, keeping the aspect ratio. A
   * minimum size takes precedence.
   * @example `1200`
   */
  max_width?: number | undefined;
  /**
   * Maximum height of the result, like `max_width`.
   * @example `1200`
   */
  max_height?: number | undefined;
  /**
   * Resampling kernel. `lanczos3` is the sharpest and the fastest here; `nearest` keeps the blocks of pixel art.
   * When upscaling, `lanczos2` and `mitchell` work like `cubic`.
   * @example `nearest`
   * @default lanczos3
   */
  kernel?: "lanczos3" | "lanczos2" | "cubic" | "mitchell" | "linear" | "nearest" | undefined;
  /**
   * Rounding of computed sides, and of the canvas of a rotation by any angle. Default: sides half up, the canvas
   * of a rotation up. `half_up` and `half_even` differ at exact halves; `truncate` drops the fraction. The others
   * repeat the arithmetic of other services in double precision: `reciprocal_half_up` of imgproxy and
   * `reciprocal_half_even` of sharp (a height of 900 at a width of 333 of 600 px is 499, not 499.5),
   * `double_truncate` of Wagtail. `completed_box` of thumbor computes the free side half to even and fits into
   * that box.
   * @example `half_even`
   */
  rounding?: "half_up" | "half_even" | "truncate" | "double_truncate" | "ceil" | "reciprocal_half_up" | "reciprocal_half_even" | "completed_box" | undefined;
  /**
   * Images that are left as they are, without a crop or padding: `both`, those that exceed the box with neither
   * side; `below`, those with both sides below those of the box; `either`, those with one.
   * @example `both`
   * @default never
   */
  skip_smaller?: "never" | "both" | "below" | "either" | undefined;
  /**
   * The longest side to which an image is enlarged: if a side would become longer than this and than that of the
   * image, the image is left as it is.
   * @example `2000`
   */
  max_enlarged_side?: number | undefined;
  /**
   * The shortest side of a result: if a side would become shorter, the image is left as it is.
   * @example `3`
   */
  min_fitted_side?: number | undefined;
  /**
   * Longest side of the result with its canvas and padding, all of which shrink alike. Independent of `dpr`.
   * @example `2000`
   */
  max_side?: number | undefined;
  /**
   * Maximum number of pixels of the result, like `max_width`, but independent of `dpr`.
   * @example `50000`
   */
  max_area?: number | undefined;
  /**
   * What resizing and rotations by any angle mix: light (`linear`), which keeps the brightness of fine detail, or
   * sRGB values (`gamma` or `srgb`), as most other services and browsers do, which darkens it but keeps thin dark
   * lines on white. `auto`: sRGB values for screenshots, text and drawings, light for everything else.
   * @example `gamma`
   * @default auto
   */
  light?: "auto" | "linear" | "gamma" | "srgb" | undefined;
  /**
   * Converts to greyscale: luminance, weighted in linear light.
   * @example `true`
   * @default false
   */
  grayscale?: boolean | undefined;
  /**
   * Enhances local contrast: contrast-limited adaptive histogram equalisation (CLAHE) of luma. `slope` (default 3)
   * is the contrast limit.
   * @example `32`, `24,5`
   */
  clahe?: List | undefined;
  /**
   * Stretches contrast between the 1st and 99th percentile.
   * @example `true`
   * @default false
   */
  normalize?: boolean | undefined;
  /**
   * Equalises the histogram of each channel, so that all values are about equally frequent. Takes the place of
   * `normalize`.
   * @example `true`
   * @default false
   */
  equalize?: boolean | undefined;
  /**
   * Maps one 8-bit value to black and another to white, with a gamma in between. If `white` is below `black`, the
   * result is a negative.
   * @example `20,1.2,235`
   * @default 0,1,255
   */
  levels?: List | undefined;
  /**
   * Smooth tone curve through these points, for all channels.
   * @example `0,0,64,48,192,208,255,255`
   */
  curves?: List | undefined;
  /**
   * Tone curve for red, applied after `curves`.
   * @example `0,0,128,150,255,255`
   */
  curves_red?: List | undefined;
  /**
   * Tone curve for green, applied after `curves`.
   * @example `0,0,128,120,255,255`
   */
  curves_green?: List | undefined;
  /**
   * Tone curve for blue, applied after `curves`.
   * @example `0,30,255,225`
   */
  curves_blue?: List | undefined;
  /**
   * Gamma correction: value ^ (1 / gamma). Above 1 it lightens the midtones, below 1 it darkens them.
   * @example `1.4`
   * @default 1
   */
  gamma?: number | undefined;
  /**
   * White balance: makes colours warmer, or cooler below 0, at the same luminance of white. Each unit moves the
   * white point by 1 mired (100: as if daylight of 6,500 K were taken for 3,940 K).
   * @example `40`, `-40`
   * @default 0
   */
  warmth?: List | undefined;
  /**
   * Exposure in stops: 1 doubles the light, -1 halves it, in linear light.
   * @example `0.7`, `-1`
   * @default 0
   */
  exposure?: List | undefined;
  /**
   * Lightens or, below 0, recovers the light tones; black, white and dark tones stay.
   * @example `-60`
   * @default 0
   */
  highlights?: List | undefined;
  /**
   * Lightens or, below 0, deepens the dark tones; black, white and light tones stay.
   * @example `60`
   * @default 0
   */
  shadows?: List | undefined;
  /**
   * Multiplies each channel, as CSS `brightness()`: 0 is black, 1 no change, 2 twice as bright.
   * @example `1.3`
   * @default 1
   */
  brightness_factor?: number | undefined;
  /**
   * Added to each channel, in percent of white. `brightness_factor` multiplies.
   * @example `15`, `-15`
   * @default 0
   */
  brightness?: List | undefined;
  /**
   * Contrast around mid-grey: -100 is all mid-grey, 100 is black and white. The slope is 259 (c + 255) / (255 (259
   * - c)) with c = 2.55 times the number: 1.5 at 20 and 3.0 at 50, where thumbor has 1.4 and 2.3.
   * @example `20`
   * @default 0
   */
  contrast?: List | undefined;
  /**
   * Added to red, green and blue, in percent of white.
   * @example `10,0,-10`
   * @default 0,0,0
   */
  rgb?: List | undefined;
  /**
   * Inverts the colours; alpha is unchanged.
   * @example `true`
   * @default false
   */
  invert?: boolean | undefined;
  /**
   * Added to L* of CIE Lab: lightens or darkens without changing the hue.
   * @example `10`
   * @default 0
   */
  lightness?: List | undefined;
  /**
   * Factors of lightness and chroma, and degrees added to the hue, of CIE LCh: as sharp's `modulate`.
   * @example `1.1,1.4,0`, `1,1,40`
   * @default 1,1,0
   */
  modulate?: List | undefined;
  /**
   * Saturation of muted colours: grey and fully saturated colours stay. -100 removes most of the muted colour.
   * @example `60`, `-60`
   * @default 0
   */
  vibrance?: List | undefined;
  /**
   * Mixes the channels, on sRGB values: the weights of red, green and blue in the new red, then in the new green,
   * then in the new blue; as sharp's `recomb`. Three times `.299,.587,.114` is the grey of most image editors.
   * @example `0.299,0.587,0.114,0.299,0.587,0.114,0.299,0.587,0.114`, `0,1,0,1,0,0,0,0,1`
   * @default 1,0,0,0,1,0,0,0,1
   */
  color_matrix?: List | undefined;
  /**
   * Saturation, as CSS `saturate()`: -100 removes all colour, 100 doubles the distance from grey.
   * @example `30`, `-40`
   * @default 0
   */
  saturation?: List | undefined;
  /**
   * Rotates all hues by degrees, as CSS `hue-rotate()`; -90 equals 270.
   * @example `90`
   * @default 0
   */
  hue?: List | undefined;
  /**
   * Sepia tone in percent, as CSS `sepia()`.
   * @example `80`
   * @default 0
   */
  sepia?: number | undefined;
  /**
   * Tints the image: keeps its lightness and takes the hue of this colour. The opacity of the colour is the
   * strength.
   * @example `704214`, `0046dc80`
   */
  tint?: string | undefined;
  /**
   * Maps luminance to shades from black to this colour. The opacity of the colour is the strength.
   * @example `b3b3b3`
   */
  monochrome?: string | undefined;
  /**
   * Maps luminance to shades from the dark to the light colour. Their opacity is the strength.
   * @example `28145a,fadc5a`
   */
  duotone?: List | undefined;
  /**
   * Overlays this colour. The opacity of the colour is the strength.
   * @example `ff000040`
   */
  colorize?: string | undefined;
  /**
   * Black and white: pixels at least as light as this 8-bit grey become white, all others black.
   * @example `128`
   * @default 0
   */
  threshold?: number | undefined;
  /**
   * Gaussian blur: sigma in pixels of the result.
   * @example `2.5`
   * @default 0
   */
  blur?: number | undefined;
  /**
   * What `blur` mixes: light (`linear`), in which bright areas spread as behind a lens, or sRGB values (`srgb`),
   * as most other services and CSS do.
   * @example `srgb`
   * @default linear
   */
  blur_space?: "linear" | "srgb" | undefined;
  /**
   * Blur that increases in this direction, from 0 to sigma in pixels of the result.
   * @example `down,12`, `45,8,30,90`
   */
  progressive_blur?: List | undefined;
  /**
   * Median filter (removes specks): radius in pixels of the result.
   * @example `1`
   * @default 0
   */
  median?: number | undefined;
  /**
   * Morphological dilation: light areas grow by this radius in pixels of the result.
   * @example `2`
   * @default 0
   */
  dilate?: number | undefined;
  /**
   * Morphological erosion: dark areas grow by this radius, after `dilate`.
   * @example `2`
   * @default 0
   */
  erode?: number | undefined;
  /**
   * What `dilate` and `erode` look at: values, or each bit of them by itself (`bits`), as sharp does; in black and
   * white both are the same.
   * @example `bits`
   * @default values
   */
  morphology?: "values" | "bits" | undefined;
  /**
   * Sharpens by this amount: unsharp mask with a sigma of 1.
   * @example `1`
   * @default 0
   */
  sharpen?: number | undefined;
  /**
   * Unsharp mask of luma: adds `amount` times the difference to the image blurred by `sigma`, where it exceeds
   * `threshold` (in 8-bit values).
   * @example `2,0.8`, `2,0.8,4`
   */
  unsharp?: List | undefined;
  /**
   * Sharpens L* of CIE Lab as libvips and sharp do: `flat` is the strength in smooth areas, `jagged` at edges,
   * where the difference to the image blurred by `sigma` exceeds `threshold` (2). It becomes at most `max_lighten`
   * (10) lighter and `max_darken` (20) darker.
   * @example `1,1,2`, `0.6,0,3,2,10,20`
   */
  sharpen_lab?: List | undefined;
  /**
   * Convolution: each value becomes the weighted sum of its neighbours plus the offset. The matrix is not
   * mirrored; alpha is unchanged.
   * @example `0,-1,0,-1,5,-1,0,-1,0`, `-1,-1,-1,-1,8,-1,-1,-1,-1;1;128`
   */
  convolution?: List | undefined;
  /**
   * Pixelates the image: block size in pixels of the result.
   * @example `12`
   * @default 0
   */
  pixelate?: number | undefined;
  /**
   * Blurs these regions.
   * @example `8;10,20,60,40`, `12;10,20,60,40;pct:50,0,50,25`
   */
  blur_areas?: List | undefined;
  /**
   * Pixelates these regions.
   * @example `10;pct:40,10,20,30`
   */
  pixelate_areas?: List | undefined;
  /**
   * Blurs detected faces (needs `pixmill[faces]`): sigma in pixels of the result.
   * @example `12`
   * @default 0
   */
  blur_faces?: number | undefined;
  /**
   * Pixelates detected faces (needs `pixmill[faces]`): block size in pixels of the result.
   * @example `12`
   * @default 0
   */
  pixelate_faces?: number | undefined;
  /**
   * Overlays a linear gradient between two colours in this direction.
   * @example `down,00000000,000000cc`, `30,ff000080,transparent,20,60`
   */
  gradient?: List | undefined;
  /**
   * Vignette: darkens the corners, in percent.
   * @example `40`
   * @default 0
   */
  vignette?: number | undefined;
  /**
   * Adds film grain: standard deviation in percent of white. Equal requests get equal noise.
   * @example `5`
   * @default 0
   */
  noise?: number | undefined;
  /**
   * Rounds the corners, in pixels of the result; radii that are too large shrink together, as in CSS. The corners
   * become transparent, or show `background` if the format has no transparency. Applied after the effects and
   * before the padding of `fit=contain` and `padding`.
   * @example `20`, `0,0,40,40`, `pct:50`
   */
  radius?: List | undefined;
  /**
   * Shows only what is inside a centred shape, or applies the alpha channel or the luminance of another image,
   * stretched over this one, as a mask. `ellipse` fills the image; the other shapes fit in the largest circle,
   * with one corner at the top.
   * @example `circle`, `polygon:8`, `alpha:frame.png`
   */
  mask?: List | undefined;
  /**
   * Draws a border inside the edges, the rounded corners or the mask shape; the size of the image stays the same.
   * In pixels of the result; black if no colour is given.
   * @example `4`, `10,ffcc00`
   */
  border?: List | undefined;
  /**
   * Opacity of the image in percent, its border included: before padding and overlays. `background` shows through
   * if the format has no transparency.
   * @example `40`
   * @default 100
   */
  opacity?: number | undefined;
  /**
   * Puts this colour behind the image, also if the format has transparency: after `radius`, `mask` and `opacity`,
   * before padding.
   * @example `ffcc00`
   */
  flatten?: string | undefined;
  /**
   * Canvas around the fitted image, independent of `width` and `height`: its sides in pixels (times `dpr`) or in
   * percent of the image, where 0 is the side of the image, or an aspect ratio that it is extended to. A canvas
   * that is smaller than the image grows, unless `canvas_cut` is set. Instead of `fit=contain`.
   * @example `900,600`, `0,600`, `pct:120,100`, `1:1`
   */
  canvas?: List | undefined;
  /**
   * Position of the image on the `canvas`, and of what `canvas_cut` leaves of it.
   * @example `north`, `se:10,20`
   * @default center
   */
  canvas_gravity?: List | undefined;
  /**
   * Cuts the image where `canvas` is smaller, without scaling it, before a rotation by any angle; an aspect ratio
   * becomes the largest in the image.
   * @example `true`
   * @default false
   */
  canvas_cut?: boolean | undefined;
  /**
   * Fill of `padding`, `canvas` and the padding of `fit=contain`: `background` (`color`), a blurred copy of the
   * image (`blur`), edge pixels repeated (`edge`), the image mirrored (`mirror`), or its average colour
   * (`average`).
   * @example `blur`
   * @default color
   */
  extend?: "color" | "blur" | "edge" | "mirror" | "average" | "colour" | undefined;
  /**
   * Pixels added around the result, outside of the box: all sides; top and bottom, left and right; or top, right,
   * bottom, left. In percent after `pct:`: of the height for top and bottom, of the width for left and right.
   * @example `10`, `10,20`, `10,20,30,40`, `pct:5,2.5`
   * @default 0
   */
  padding?: List | undefined;
  /**
   * Draws images and texts over the result, in this order, after `padding`. Pixels are those of the result: `dpr`
   * does not multiply them; use percent to scale with the result. Colours are blended in sRGB, as in browsers.
   * @example `url:logo.png,width:pct:20,gravity:southeast,x:10,y:10,opacity:80`, `text:Hello,, world!,size:40,color:white,shadow:black`, `url:tile.png,rotate:-30,opacity:15,repeat:both,gap:40;text:Draft,gravity:n`, `url:portrait.jpg,prepare:crop=pct:10,,0,,80,,60,width:80,then:grayscale=true&radius=pct:50`
   */
  overlay?: string | readonly string[] | undefined;
  /**
   * Background colour: for the padding of `fit=contain` and `padding`, the corners opened by `rotate`, and behind
   * transparent images if the format has no transparency. Default: white; corners opened by `rotate` or `radius`
   * stay transparent if the format supports it.
   * @example `ffcc00`, `transparent`, `00000080`
   */
  background?: string | undefined;
  /**
   * Keeps animations animated if the output format supports it (GIF, WebP, APNG, AVIF), with their timing and
   * number of loops; all operations apply to each frame. Otherwise the result is a still image.
   * @example `false`
   * @default true
   */
  animated?: boolean | undefined;
  /**
   * Frame of an animation or page of a document, counted from 1; the result is a still image.
   * @example `3`
   */
  page?: number | undefined;
  /**
   * Resolution of a PDF or SVG, in pixels per inch, where its own size counts. With `width` or `height` it is
   * rendered at exactly that size in any case.
   * @example `150`
   * @default 96
   */
  dpi?: number | undefined;
  /**
   * Timestamp of the video frame to use, in seconds or with a unit. Default: the most representative of several
   * frames across the video.
   * @example `12.5`, `1m30s`
   */
  time?: number | string | undefined;
  /**
   * Orientation of the original: as recorded in it (`auto`), as stored (`none`), or one of the eight of EXIF,
   * which replaces the recorded one. The rotation of HEIC and JPEG XL is part of the image, and stays.
   * @example `none`, `6`
   * @default auto
   */
  orientation?: "auto" | "none" | 1 | "1" | 2 | "2" | 3 | "3" | 4 | "4" | 5 | "5" | 6 | "6" | 7 | "7" | 8 | "8" | undefined;
  /**
   * Answers originals in these formats with 415.
   * @example `svg`, `svg,pdf`
   */
  reject?: Words<"jpeg" | "png" | "webp" | "avif" | "gif" | "tiff" | "bmp" | "ico" | "svg" | "heic" | "jxl" | "jp2" | "psd" | "pdf" | "raw" | "video"> | undefined;
  /**
   * Maximum number of frames of an animation: the first ones. 1 gives a still image.
   * @example `20`
   */
  max_frames?: number | undefined;
  /**
   * Shows only every N-th frame of an animation, from the first, in the same time: a frame lasts as long as those
   * that are left out after it.
   * @example `2`
   * @default 1
   */
  frame_step?: number | undefined;
  /**
   * Only animations in these formats stay ones; others become a still image of their first frame.
   * @example `gif`, `gif,webp`
   */
  animated_formats?: Words<"png" | "webp" | "avif" | "gif"> | undefined;
  /**
   * How a JPEG or WebP is scaled while it is decoded: as `mode` says (`auto`), not at all (`none`), or a JPEG by
   * the factors of `sharp`, or of `pillow` if it is not cropped, each to whole pixels as results of sharp and
   * thumbor show them.
   * @example `none`, `sharp`
   * @default auto
   */
  decode_scaling?: "auto" | "none" | "sharp" | "pillow" | undefined;
  /**
   * Further stages, run in order after all other operations, each on the result of the one before it.
   * @example `width=200&rotate=-8|crop=pct:10,10,80,80`, `blur=4`
   */
  then?: string | Parameters | readonly (string | Parameters)[] | undefined;
  /**
   * Output format. `auto` chooses by content (photo, graphic, transparency, animation) among the formats in the
   * `Accept` header and the universally supported ones; an SVG stays an SVG if only its size changes. `best`
   * encodes in all of these formats and returns the smallest result of those that look alike, in 2 to 7 times the
   * time. `original` keeps the format of the original if it can be written; without other changes it returns the
   * original without encoding it again, with the metadata that `metadata` says: byte for byte if that is `all`.
   * `auto:` with an order, such as `auto:avif,webp,original`: the first that `Accept` names, else the last one if
   * it is `original` or a universally supported format, else one that fits the image. With `original_formats`, the
   * last one of `auto:webp,original,jpeg` replaces the others. `svg` accepts SVG originals only and sanitises
   * them. Instead of an image: the placeholders `blurhash`, `thumbhash` (base64) and `lqip` (data URI) as plain
   * text, and `json` for the information in `include`.
   * @example `webp`, `auto:avif,webp,original`, `auto:webp,original,jpeg`
   * @default auto
   */
  format?: "auto" | "best" | "jpeg" | "png" | "webp" | "avif" | "gif" | "jxl" | "heic" | "tiff" | "bmp" | "ico" | "svg" | "blurhash" | "thumbhash" | "lqip" | "json" | "jpg" | "original" | `auto:${string}` | undefined;
  /**
   * Visual quality, 1–100, on the same scale for all lossy formats (80 looks the same in JPEG, WebP and AVIF).
   * `auto` finds, in at most three encodings, the quality at which this image has the score (SSIMULACRA2) of
   * photographs at 80, or at N with `auto:N`. For animations, `auto` means 80 and `auto:N` means N.
   * @example `75`, `auto`, `auto:60`
   * @default 80
   */
  quality?: number | "auto" | `auto:${number}` | undefined;
  /**
   * EXIF, XMP and IPTC in the result: none (`strip`), author and copyright as EXIF (`copyright`), what tells no
   * place (`keep`), or `all`. The orientation is applied in any case. Thumbnails, sizes, regions and the like
   * describe the original and are never kept. GIF, BMP and ICO carry no metadata, TIFF no EXIF; IPTC is kept in
   * JPEG and TIFF.
   * @example `copyright`
   * @default strip
   */
  metadata?: "strip" | "copyright" | "keep" | "all" | undefined;
  /**
   * Colour space of the result: `srgb`, that of the original with its ICC profile (`keep`), or a wide gamut:
   * Display P3 (`p3`), Adobe RGB 1998 (`adobe`), Rec. 2020 (`rec2020`) or ProPhoto (`prophoto`, which shows
   * banding in 8 bits). `keep` writes a profile of what the original says in another way, and Rec. 2020 for HDR.
   * Greyscale results have a profile with `keep` only. CMYK and Lab always become sRGB, as does everything in GIF,
   * BMP, ICO, JPEG XL and placeholders. Colours in the request are sRGB, and overlays have the colours of their
   * file; other operations treat the values as sRGB.
   * @example `p3`, `adobe`
   * @default srgb
   */
  profile?: "srgb" | "keep" | "p3" | "adobe" | "rec2020" | "prophoto" | undefined;
  /**
   * Speed/quality trade-off. `fast`: smallest decode, fastest encoder. `balanced`: no visible loss. `best`:
   * slowest, smallest files. The default is the operator's `PIXMILL_RENDER_MODE` (`balanced` unless set). `effort`
   * and the other encoder options take precedence.
   * @example `best`
   * @default balanced
   */
  mode?: "fast" | "balanced" | "best" | undefined;
  /**
   * What `quality` is a number of: of how the result looks (`perceived`), for which less is needed where light is
   * mixed, or of libjpeg, and what looks the same in other formats (`jpeg`).
   * @example `jpeg`
   * @default perceived
   */
  quality_scale?: "perceived" | "jpeg" | undefined;
  /**
   * Encoder effort, from 0 (fastest) to 9 (smallest file), for WebP, AVIF, PNG, GIF and JPEG XL. Default: set by
   * `mode`.
   * @example `7`
   */
  effort?: number | undefined;
  /**
   * Progressive JPEG, interlaced PNG and GIF: a coarse image appears first while loading.
   * @example `true`
   * @default false
   */
  progressive?: boolean | undefined;
  /**
   * Chroma subsampling (JPEG, AVIF, HEIC): `420` keeps a quarter of the chroma samples, `422` half, `444` all.
   * `auto` is `420`; for drawings in JPEG, and JPEG from `quality=90` on, `444`. With `trellis`, `deringing`,
   * `optimize_scans` or `quant_table`, and in AVIF of more than 8 bits, `422` is written as `444`.
   * @example `444`
   * @default auto
   */
  subsampling?: "auto" | 420 | "420" | 422 | "422" | 444 | "444" | undefined;
  /**
   * Trellis quantisation for JPEG: about 15 % smaller, in nine times the time.
   * @example `true`
   * @default false
   */
  trellis?: boolean | undefined;
  /**
   * Reduces ringing near black and white edges in JPEG (overshoot deringing).
   * @example `true`
   * @default false
   */
  deringing?: boolean | undefined;
  /**
   * Splits the scans of a progressive JPEG where that saves bytes; implies `progressive`.
   * @example `true`
   * @default false
   */
  optimize_scans?: boolean | undefined;
  /**
   * JPEG quantisation table, numbered as in mozjpeg: 0 standard (Annex K), 1 flat, 2 MSSIM-tuned, 3 ImageMagick, 4
   * PSNR-HVS-M-tuned, 5 Klein, 6 Watson, 7 Ahumada, 8 Peterson.
   * @example `3`
   * @default 0
   */
  quant_table?: number | undefined;
  /**
   * Lossless WebP, AVIF and JPEG XL; `quality` then has no effect.
   * @example `true`
   * @default false
   */
  lossless?: boolean | undefined;
  /**
   * Near-lossless WebP: preprocesses pixels for smaller files. 100: no change, 60: hardly visible, 0: maximum.
   * @example `60`
   */
  near_lossless?: number | undefined;
  /**
   * Content hint for the WebP encoder.
   * @example `drawing`
   * @default default
   */
  webp_preset?: "default" | "picture" | "photo" | "drawing" | "icon" | "text" | undefined;
  /**
   * Bits per channel in AVIF; more bits make smoother gradients.
   * @example `10`
   * @default 8
   */
  depth?: 8 | "8" | 10 | "10" | 12 | "12" | undefined;
  /**
   * Maximum number of palette colours in PNG and ICO, rounded down to 256, 16, 4 or 2, and in GIF, rounded down to
   * a power of two. An image that has no more colours than that keeps all of them exactly.
   * @example `16`
   */
  colors?: number | undefined;
  /**
   * Strength of dithering in palette images. Images of mostly flat areas are not dithered.
   * @example `0.5`
   * @default 1
   */
  dither?: number | undefined;
  /**
   * TIFF compression. `jpeg` is lossy (see `quality`) and is replaced by `lzw` if the image has transparency.
   * @example `deflate`
   * @default lzw
   */
  tiff_compression?: "lzw" | "deflate" | "jpeg" | "packbits" | "none" | undefined;
  /**
   * Maximum size of the result, in bytes or with a unit. The quality (in PNG, GIF and ICO the number of colours)
   * is reduced until it fits, in at most seven encodings. If the limit cannot be met (or the output is an
   * animation, lossless, TIFF or BMP over the limit) the request fails with 422 `result_too_large`, which reports
   * the smallest size reached.
   * @example `30000`, `300kB`
   */
  max_bytes?: number | string | undefined;
  /**
   * What happens if the result cannot be made as small as `max_bytes`: with `false` the smallest one is sent
   * instead of an error.
   * @example `false`
   * @default true
   */
  max_bytes_strict?: boolean | undefined;
  /**
   * Delivers originals in these formats, and with `animation` those with several frames, at their own size and in
   * their own format: all other parameters but `metadata` are ignored for them. An SVG is sanitised.
   * @example `animation`, `animation,svg`
   */
  passthrough?: Words<"animation" | "jpeg" | "png" | "webp" | "avif" | "gif" | "jxl" | "heic" | "tiff" | "bmp" | "ico" | "svg"> | undefined;
  /**
   * How long the frames of an animation are shown, in milliseconds or each with a unit, and in their order; the
   * last delay is that of all further frames. Default: as in the original.
   * @example `80`, `80,80,400`, `80ms,1.5s`
   */
  frame_delay?: List | undefined;
  /**
   * How often an animation plays; 0 for ever. Default: as in the original.
   * @example `0`, `3`
   */
  loop?: number | undefined;
  /**
   * Speed of an animation: 2 plays twice as fast.
   * @example `1.5`
   * @default 1
   */
  speed?: number | undefined;
  /**
   * Plays an animation backwards. All frames of the result are in memory then: at most 128 MiB of pixels.
   * @example `true`
   * @default false
   */
  reverse?: boolean | undefined;
  /**
   * With `dpr_rule=dropped`: the longest side of a result that `dpr` may multiply.
   * @example `5000`
   * @default 16383
   */
  dpr_max_side?: number | undefined;
  /**
   * What becomes of the box if the image may not be scaled to it. `shape`: with `fit=cover` and `fit=fill` both
   * sides are reduced alike, keeping the shape. `sides`: each side is limited to that of the image, also with
   * `fit=contain`: 300 × 50 from an image of 200 × 100 is 200 × 50. With `shrink=false` the box grows in the same
   * way. `box`: the box itself is shrunk into the image, keeping its shape, before any fit: 2000 × 500 around an
   * image of 1200 × 800 becomes 1200 × 300, and with `fit=inside` the result is 450 × 300. `original`: the same by
   * the sides of the original before `rotate` and `crop`; the image is then enlarged to the box.
   * @example `sides`
   * @default shape
   */
  clamp?: "shape" | "sides" | "box" | "original" | undefined;
  /**
   * What becomes of a result that would exceed `max_width`, `max_height` or `max_area`: it is downscaled, or the
   * request fails with 400.
   * @example `error`
   * @default shrink
   */
  exceeding?: "shrink" | "error" | undefined;
  /**
   * How `crop_aspect` is rounded to whole pixels of the original: half up (`exact`), or as by thumbor: a width up,
   * a height and the position half to even, and nothing is cut if the image has this ratio in two decimals.
   * @example `thumbor`
   * @default exact
   */
  crop_aspect_rule?: "exact" | "thumbor" | undefined;
  /**
   * For `format=original`, and an order that ends with it: only originals in these formats keep theirs; others get
   * the first of these that can hold their transparency and their frames. All are encoded again.
   * @example `jpeg,png,gif,svg`
   */
  original_formats?: Words<"jpeg" | "png" | "webp" | "avif" | "gif" | "jxl" | "heic" | "tiff" | "bmp" | "ico" | "svg"> | undefined;
  /**
   * Information that `/info`, and `/resize` with `format=json`, return in addition to the header. From the file:
   * `hash` (SHA-256), `exif`, `iptc`, `xmp` and `gps`; without `gps` nothing tells a place: no coordinates and no
   * names of places. From the pixels: `average` colour, `palette`, `blurhash`, `thumbhash`, `phash` (64-bit
   * perceptual hash, to find similar images) and `lqip` (a tiny WebP as a data URI).
   * @example `palette,blurhash`, `exif,gps`
   */
  include?: List | undefined;
  /**
   * Maximum number of colours in `palette`.
   * @example `4`
   * @default 6
   */
  palette_colors?: number | undefined;
  /**
   * Sends the result as a download with this name; its extension is replaced by that of the format.
   * @example `holiday.jpg`
   */
  filename?: string | undefined;
  /**
   * Whether the result with a `filename` is downloaded, or shown and only saved under that name.
   * @example `inline`
   * @default attachment
   */
  disposition?: "attachment" | "inline" | undefined;
  /**
   * Surrogate keys (cache tags) by which the operator can purge the result. They do not affect the image: requests
   * that differ only in tags share a result.
   * @example `product-7,summer`
   */
  tags?: List | undefined;
  /**
   * How long caches may keep this response, in seconds or with a unit, instead of as long as the result is fresh.
   * Limited by `PIXMILL_CACHE_MIN_TTL_S`, `PIXMILL_CACHE_MAX_TTL_S` and the expiry of a signed URL; never longer
   * than the result is fresh if the source wants it revalidated. It affects neither the image nor the server's
   * cache.
   * @example `86400`, `12h`
   */
  max_age?: number | string | undefined;
  /**
   * Image to return if the original cannot be fetched or decoded, with the same parameters. It is a URL or path as
   * for `url`. The response may be cached only for as long as the failure.
   * @example `placeholders/missing.png`, `https://example.com/missing.png`
   */
  fallback?: string | URL | undefined;
  /**
   * Status of a response with the `fallback`: 200, or that of the error.
   * @example `error`
   * @default 200
   */
  fallback_status?: 200 | "200" | "error" | undefined;
}

/** Parameters of /info. */
export interface InfoParameters {
  /**
   * Cache-busting version of the source: another version is fetched again. With a signature each is fetched once
   * and served with `max-age=31536000, immutable`; without one it is revalidated every 5 minutes
   * (`PIXMILL_CACHE_UNSIGNED_VERSION_TTL_S`), since anybody may request it before its file is in place.
   * @example `2`, `5f3a9c`, `2026-11-24`
   */
  v?: string | number | undefined;
  /**
   * Information that `/info`, and `/resize` with `format=json`, return in addition to the header. From the file:
   * `hash` (SHA-256), `exif`, `iptc`, `xmp` and `gps`; without `gps` nothing tells a place: no coordinates and no
   * names of places. From the pixels: `average` colour, `palette`, `blurhash`, `thumbhash`, `phash` (64-bit
   * perceptual hash, to find similar images) and `lqip` (a tiny WebP as a data URI).
   * @example `palette,blurhash`, `exif,gps`
   */
  include?: List | undefined;
  /**
   * Maximum number of colours in `palette`.
   * @example `4`
   * @default 6
   */
  palette_colors?: number | undefined;
}

export const NAMES: readonly string[];
export const INFO_NAMES: readonly string[];
export const ALIASES: Readonly<Record<string, string>>;
export const DEFAULTS: Readonly<Record<string, string>>;
export const DEFAULT_WIDTHS: readonly number[];
export const SYNONYMS: Readonly<Record<string, Readonly<Record<string, string>>>>;
export const FLAGS: readonly string[];
export const DECIMALS: readonly string[];
export const WORD_LISTS: readonly string[];
export const COLORS: readonly string[];
export const COLOR_NAMES: readonly string[];
