"""The types of parameters and facts, for type checkers and editors.

Generated from the parameter table and from ``Facts`` by ``docs/library_types.py`` (``make docs``).
"""

# ruff: noqa: E501 - one line for each description
# fmt: off
from collections.abc import Sequence
from typing import Literal, NotRequired, TypedDict


class StageParams(TypedDict, total=False):
    """The parameters of a further stage."""

    adaptive: bool | None
    """Swaps the width and height of the box to match the orientation of the image (portrait or landscape). Default: false."""

    aspect: float | str | None
    """Aspect ratio of the box. With one side it sets the other. Without sides the box is the largest in the image (with `fit=contain` the smallest around it). The image is cropped to it as with `fit=cover`, unless `fit` is `contain` or `fill`."""

    background: str | None
    """Background colour: for the padding of `fit=contain` and `padding`, the corners opened by `rotate`, and behind transparent images if the format has no transparency. Default: white; corners opened by `rotate` or `radius` stay transparent if the format supports it."""

    blur: float | None
    """Gaussian blur: sigma in pixels of the result. Default: 0."""

    blur_areas: str | None
    """Blurs these regions."""

    blur_faces: float | None
    """Blurs detected faces (needs `pixmill[faces]`): sigma in pixels of the result. Default: 0."""

    blur_space: Literal["linear", "srgb"] | None
    """What `blur` mixes: light (`linear`), in which bright areas spread as behind a lens, or sRGB values (`srgb`), as most other services and CSS do. Default: linear."""

    border: float | Sequence[float | str] | str | None
    """Draws a border inside the edges, the rounded corners or the mask shape; the size of the image stays the same. In pixels of the result; black if no colour is given."""

    brightness: float | None
    """Added to each channel, in percent of white. `brightness_factor` multiplies. Default: 0."""

    brightness_factor: float | None
    """Multiplies each channel, as CSS `brightness()`: 0 is black, 1 no change, 2 twice as bright. Default: 1."""

    canvas: Sequence[float] | str | None
    """Canvas around the fitted image, independent of `width` and `height`: its sides in pixels (times `dpr`) or in percent of the image, where 0 is the side of the image, or an aspect ratio that it is extended to. A canvas that is smaller than the image grows, unless `canvas_cut` is set. Instead of `fit=contain`."""

    canvas_cut: bool | None
    """Cuts the image where `canvas` is smaller, without scaling it, before a rotation by any angle; an aspect ratio becomes the largest in the image. Default: false."""

    canvas_gravity: str | None
    """Position of the image on the `canvas`, and of what `canvas_cut` leaves of it. Default: center."""

    clahe: float | Sequence[float] | str | None
    """Enhances local contrast: contrast-limited adaptive histogram equalisation (CLAHE) of luma. `slope` (default 3) is the contrast limit."""

    clamp: Literal["shape", "sides", "box", "original"] | None
    """What becomes of the box if the image may not be scaled to it. `shape`: with `fit=cover` and `fit=fill` both sides are reduced alike, keeping the shape. `sides`: each side is limited to that of the image, also with `fit=contain`: 300 × 50 from an image of 200 × 100 is 200 × 50. With `shrink=false` the box grows in the same way. `box`: the box itself is shrunk into the image, keeping its shape, before any fit: 2000 × 500 around an image of 1200 × 800 becomes 1200 × 300, and with `fit=inside` the result is 450 × 300. `original`: the same by the sides of the original before `rotate` and `crop`; the image is then enlarged to the box. Default: shape."""

    color_matrix: Sequence[float] | str | None
    """Mixes the channels, on sRGB values: the weights of red, green and blue in the new red, then in the new green, then in the new blue; as sharp's `recomb`. Three times `.299,.587,.114` is the grey of most image editors. Default: 1,0,0,0,1,0,0,0,1."""

    colorize: str | None
    """Overlays this colour. The opacity of the colour is the strength."""

    contrast: float | None
    """Contrast around mid-grey: -100 is all mid-grey, 100 is black and white. The slope is 259 (c + 255) / (255 (259 - c)) with c = 2.55 times the number: 1.5 at 20 and 3.0 at 50, where thumbor has 1.4 and 2.3. Default: 0."""

    convolution: Sequence[float] | str | None
    """Convolution: each value becomes the weighted sum of its neighbours plus the offset. The matrix is not mirrored; alpha is unchanged."""

    crop: Sequence[float] | str | None
    """Region to cut out before the resize, in the image as oriented, rotated, flipped and trimmed. `window`: its sides only, cut to those of the image; `crop_gravity` places it. `edges`: what is taken off the top, right, bottom and left; a negative number counts from the opposite edge."""

    crop_aspect: str | None
    """Aspect ratio of the window: the largest of it in `crop=window:…`, or in the image."""

    crop_aspect_rule: Literal["exact", "thumbor"] | None
    """How `crop_aspect` is rounded to whole pixels of the original: half up (`exact`), or as by thumbor: a width up, a height and the position half to even, and nothing is cut if the image has this ratio in two decimals. Default: exact."""

    crop_gravity: str | None
    """Place of the window that `crop` or `crop_aspect` cuts out, as for `gravity`; offsets are pixels of the original. `,zoom:2` halves the sides of the window. Default: center."""

    crop_overflow: Literal["clip", "move", "reset", "ignore", "refuse"] | None
    """What becomes of a `crop` that does not lie in the image. `clip`: cut at the edges, and an error if it begins outside. `move`: moved inside. `reset`: begins at 0 along an axis where it begins outside. `ignore`: no crop if it begins outside. `refuse`: an error. Default: clip."""

    curves: Sequence[float] | str | None
    """Smooth tone curve through these points, for all channels."""

    curves_blue: Sequence[float] | str | None
    """Tone curve for blue, applied after `curves`."""

    curves_green: Sequence[float] | str | None
    """Tone curve for green, applied after `curves`."""

    curves_red: Sequence[float] | str | None
    """Tone curve for red, applied after `curves`."""

    dilate: int | None
    """Morphological dilation: light areas grow by this radius in pixels of the result. Default: 0."""

    dpr: float | None
    """Device pixel ratio (`auto`: that of the client, by client hints): multiplies `width`, `height`, `min_*`, `max_width`, `max_height`, `canvas`, `padding` and the pixel offsets of `gravity`. It is reduced if a side would exceed 16,383 px. Default: 1."""

    dpr_max_side: int | None
    """With `dpr_rule=dropped`: the longest side of a result that `dpr` may multiply. Default: 16383."""

    dpr_rule: Literal["full", "capped", "stepped", "dropped"] | None
    """What becomes of `dpr` if the image is too small for it. `full`: it multiplies all lengths in any case. `capped`: it is reduced as far as the image would have to be enlarged (imgproxy). `stepped`: it is lowered in steps of 0.1, above 3 of 0.5, until the box lies in the image (Photon). `dropped`: it is ignored if the result would exceed `dpr_max_side` (ImageKit). Default: full."""

    duotone: str | None
    """Maps luminance to shades from the dark to the light colour. Their opacity is the strength."""

    enlarge: bool | Literal["error", "never"] | None
    """Allows upscaling of images that are smaller than the box. `error`: a request that would need it, also of a drawing, fails with 400. `never`: drawings (SVG, PDF), which are enlarged otherwise, are kept within their own size too. Default: false."""

    equalize: bool | None
    """Equalises the histogram of each channel, so that all values are about equally frequent. Takes the place of `normalize`. Default: false."""

    erode: int | None
    """Morphological erosion: dark areas grow by this radius, after `dilate`. Default: 0."""

    exceeding: Literal["shrink", "error"] | None
    """What becomes of a result that would exceed `max_width`, `max_height` or `max_area`: it is downscaled, or the request fails with 400. Default: shrink."""

    exposure: float | None
    """Exposure in stops: 1 doubles the light, -1 halves it, in linear light. Default: 0."""

    extend: Literal["color", "blur", "edge", "mirror", "average", "colour"] | None
    """Fill of `padding`, `canvas` and the padding of `fit=contain`: `background` (`color`), a blurred copy of the image (`blur`), edge pixels repeated (`edge`), the image mirrored (`mirror`), or its average colour (`average`). Default: color."""

    fit: Literal["cover", "contain", "fill", "inside", "outside", "auto"] | None
    """How the image is fitted to `width` × `height`. `cover`: fill and crop. `contain`: fit and pad. `fill`: stretch. `inside`: fit, no padding. `outside`: cover without cropping. `auto`: `cover` if box and image are both landscape (or square) or both portrait, else `inside`. Default: inside."""

    flatten: str | None
    """Puts this colour behind the image, also if the format has transparency: after `radius`, `mask` and `opacity`, before padding."""

    flip: Literal["none", "horizontal", "vertical", "both", "h", "v", "hv"] | None
    """Mirrors the image: left to right (`horizontal`, `h`), top to bottom (`vertical`, `v`), or both (`both`, `hv`). Applied after a rotation by a multiple of 90 degrees and before one by another angle. Default: none."""

    gamma: float | None
    """Gamma correction: value ^ (1 / gamma). Above 1 it lightens the midtones, below 1 it darkens them. Default: 1."""

    gradient: Sequence[float | str] | str | None
    """Overlays a linear gradient between two colours in this direction."""

    gravity: str | None
    """Crop anchor for `fit=cover` and `aspect`: a compass direction, a focal point (`fp`), a share of the space that the box leaves (`pos`, as in CSS `background-position`), weighted focal regions (`fr`), points or regions in pixels of the original (`px`), `auto` (the subject: faces, if `pixmill[faces]` is installed, then what is sharp and stands out), `smart` (most salient region, libvips attention), `smart:entropy` (highest entropy) or `face` (needs `pixmill[faces]`; without a face as `auto`). With `fit=contain`, the position of the image: a direction or a point. Offsets in percent count in the sides of the scaled image, or of the box. `,zoom:2` shows half as much of the image along each side, in a result of the same size, `,close:1` as little as holds the regions or faces (`,close:0.5` half the way); without `enlarge` only as far as the image has pixels. Default: center."""

    grayscale: bool | None
    """Converts to greyscale: luminance, weighted in linear light. Default: false."""

    height: int | str | None
    """Height of the box, like `width`. Default: follows from `width` and the aspect ratio."""

    highlights: float | None
    """Lightens or, below 0, recovers the light tones; black, white and dark tones stay. Default: 0."""

    hue: float | None
    """Rotates all hues by degrees, as CSS `hue-rotate()`; -90 equals 270. Default: 0."""

    invert: bool | None
    """Inverts the colours; alpha is unchanged. Default: false."""

    kernel: Literal["lanczos3", "lanczos2", "cubic", "mitchell", "linear", "nearest"] | None
    """Resampling kernel. `lanczos3` is the sharpest and the fastest here; `nearest` keeps the blocks of pixel art. When upscaling, `lanczos2` and `mitchell` work like `cubic`. Default: lanczos3."""

    levels: Sequence[float] | str | None
    """Maps one 8-bit value to black and another to white, with a gamma in between. If `white` is below `black`, the result is a negative. Default: 0,1,255."""

    light: Literal["auto", "linear", "gamma", "srgb"] | None
    """What resizing and rotations by any angle mix: light (`linear`), which keeps the brightness of fine detail, or sRGB values (`gamma` or `srgb`), as most other services and browsers do, which darkens it but keeps thin dark lines on white. `auto`: sRGB values for screenshots, text and drawings, light for everything else. Default: auto."""

    lightness: float | None
    """Added to L* of CIE Lab: lightens or darkens without changing the hue. Default: 0."""

    mask: str | None
    """Shows only what is inside a centred shape, or applies the alpha channel or the luminance of another image, stretched over this one, as a mask. `ellipse` fills the image; the other shapes fit in the largest circle, with one corner at the top."""

    max_area: int | None
    """Maximum number of pixels of the result, like `max_width`, but independent of `dpr`."""

    max_enlarged_side: int | None
    """The longest side to which an image is enlarged: if a side would become longer than this and than that of the image, the image is left as it is."""

    max_height: int | None
    """Maximum height of the result, like `max_width`."""

    max_side: int | None
    """Longest side of the result with its canvas and padding, all of which shrink alike. Independent of `dpr`."""

    max_width: int | None
    """Maximum width of the result, after `fit`, `aspect` and `zoom`: downscales it, keeping the aspect ratio. A minimum size takes precedence."""

    median: int | None
    """Median filter (removes specks): radius in pixels of the result. Default: 0."""

    min_fitted_side: int | None
    """The shortest side of a result: if a side would become shorter, the image is left as it is."""

    min_height: int | None
    """Minimum height of the result, like `min_width`."""

    min_width: int | None
    """Minimum width of the result: upscales it, keeping the aspect ratio, even if `enlarge` is false."""

    modulate: Sequence[float] | str | None
    """Factors of lightness and chroma, and degrees added to the hue, of CIE LCh: as sharp's `modulate`. Default: 1,1,0."""

    monochrome: str | None
    """Maps luminance to shades from black to this colour. The opacity of the colour is the strength."""

    morphology: Literal["values", "bits"] | None
    """What `dilate` and `erode` look at: values, or each bit of them by itself (`bits`), as sharp does; in black and white both are the same. Default: values."""

    noise: float | None
    """Adds film grain: standard deviation in percent of white. Equal requests get equal noise. Default: 0."""

    normalize: bool | None
    """Stretches contrast between the 1st and 99th percentile. Default: false."""

    opacity: float | None
    """Opacity of the image in percent, its border included: before padding and overlays. `background` shows through if the format has no transparency. Default: 100."""

    overlay: str | Sequence[str] | None
    """Draws images and texts over the result, in this order, after `padding`. Pixels are those of the result: `dpr` does not multiply them; use percent to scale with the result. Colours are blended in sRGB, as in browsers."""

    padding: float | Sequence[float] | str | None
    """Pixels added around the result, outside of the box: all sides; top and bottom, left and right; or top, right, bottom, left. In percent after `pct:`: of the height for top and bottom, of the width for left and right. Default: 0."""

    padding_inside: bool | None
    """Takes `padding` in pixels off the box, so that `width` and `height` are those of the result. Default: false."""

    pixelate: int | None
    """Pixelates the image: block size in pixels of the result. Default: 0."""

    pixelate_areas: str | None
    """Pixelates these regions."""

    pixelate_faces: int | None
    """Pixelates detected faces (needs `pixmill[faces]`): block size in pixels of the result. Default: 0."""

    progressive_blur: Sequence[float | str] | str | None
    """Blur that increases in this direction, from 0 to sigma in pixels of the result."""

    radius: float | Sequence[float] | str | None
    """Rounds the corners, in pixels of the result; radii that are too large shrink together, as in CSS. The corners become transparent, or show `background` if the format has no transparency. Applied after the effects and before the padding of `fit=contain` and `padding`."""

    rgb: Sequence[float] | str | None
    """Added to red, green and blue, in percent of white. Default: 0,0,0."""

    rotate: float | None
    """Clockwise rotation in degrees, applied after EXIF orientation. Multiples of 90 come before everything else and are lossless. Other angles come after the resize: the result grows to hold the corners, which show `background`, or are transparent if no background is given and the format supports it. Default: 0."""

    rounding: Literal["half_up", "half_even", "truncate", "double_truncate", "ceil", "reciprocal_half_up", "reciprocal_half_even", "completed_box"] | None
    """Rounding of computed sides, and of the canvas of a rotation by any angle. Default: sides half up, the canvas of a rotation up. `half_up` and `half_even` differ at exact halves; `truncate` drops the fraction. The others repeat the arithmetic of other services in double precision: `reciprocal_half_up` of imgproxy and `reciprocal_half_even` of sharp (a height of 900 at a width of 333 of 600 px is 499, not 499.5), `double_truncate` of Wagtail. `completed_box` of thumbor computes the free side half to even and fits into that box."""

    saturation: float | None
    """Saturation, as CSS `saturate()`: -100 removes all colour, 100 doubles the distance from grey. Default: 0."""

    sepia: float | None
    """Sepia tone in percent, as CSS `sepia()`. Default: 0."""

    shadows: float | None
    """Lightens or, below 0, deepens the dark tones; black, white and light tones stay. Default: 0."""

    sharpen: float | None
    """Sharpens by this amount: unsharp mask with a sigma of 1. Default: 0."""

    sharpen_lab: Sequence[float] | str | None
    """Sharpens L* of CIE Lab as libvips and sharp do: `flat` is the strength in smooth areas, `jagged` at edges, where the difference to the image blurred by `sigma` exceeds `threshold` (2). It becomes at most `max_lighten` (10) lighter and `max_darken` (20) darker."""

    shrink: bool | None
    """Allows downscaling of images that are larger than the box. `shrink=false&enlarge=true` only enlarges; `fit=contain&shrink=false` pads small images and leaves larger ones as they are. Default: true."""

    skip_smaller: Literal["never", "both", "below", "either"] | None
    """Images that are left as they are, without a crop or padding: `both`, those that exceed the box with neither side; `below`, those with both sides below those of the box; `either`, those with one. Default: never."""

    threshold: int | None
    """Black and white: pixels at least as light as this 8-bit grey become white, all others black. Default: 0."""

    tint: str | None
    """Tints the image: keeps its lightness and takes the hue of this colour. The opacity of the colour is the strength."""

    trim: int | None
    """Cuts off borders of a single colour, after `rotate` and `flip` and before `crop`. The value is the tolerance: the maximum difference of each of red, green and blue from the border colour."""

    trim_color: str | None
    """Border colour for `trim`; `transparent` trims transparent borders. Default: the colour of the pixel at `trim_corner`."""

    trim_corner: Literal["top_left", "top_right", "bottom_left", "bottom_right"] | None
    """Corner of the image whose pixel has the border colour for `trim`. Default: top_left."""

    trim_equal: Literal["none", "horizontal", "vertical", "both"] | None
    """Makes `trim` cut the same amount from opposite sides, the smaller of the two: left and right (`horizontal`), top and bottom (`vertical`), or `both`. Default: none."""

    trim_padding: float | str | None
    """Pixels of the border that `trim` keeps on each side, or percent of the mean of the sides that are left; a negative number cuts off as much of the image. Default: 0."""

    unsharp: Sequence[float] | str | None
    """Unsharp mask of luma: adds `amount` times the difference to the image blurred by `sigma`, where it exceeds `threshold` (in 8-bit values)."""

    vibrance: float | None
    """Saturation of muted colours: grey and fully saturated colours stay. -100 removes most of the muted colour. Default: 0."""

    vignette: float | None
    """Vignette: darkens the corners, in percent. Default: 0."""

    warmth: float | None
    """White balance: makes colours warmer, or cooler below 0, at the same luminance of white. Each unit moves the white point by 1 mired (100: as if daylight of 6,500 K were taken for 3,940 K). Default: 0."""

    width: int | str | None
    """Width of the box: pixels, or percent of the width of the image, or of its region cut out by `crop`. Default: follows from `height` and the aspect ratio. `auto`: the width at which the client shows the image, by client hints; without hints as by default."""

    zoom: float | str | None
    """Scale factor for the box or, without a box, for the image: `scale=0.5` and `scale=pct:50` halve it. Default: 1."""


class ResizeParams(TypedDict, total=False):
    """The parameters of ``resize``."""

    adaptive: bool | None
    """Swaps the width and height of the box to match the orientation of the image (portrait or landscape). Default: false."""

    animated: bool | None
    """Keeps animations animated if the output format supports it (GIF, WebP, APNG, AVIF), with their timing and number of loops; all operations apply to each frame. Otherwise the result is a still image. Default: true."""

    animated_formats: Literal["png", "webp", "avif", "gif"] | Sequence[Literal["png", "webp", "avif", "gif"]] | None
    """Only animations in these formats stay ones; others become a still image of their first frame."""

    aspect: float | str | None
    """Aspect ratio of the box. With one side it sets the other. Without sides the box is the largest in the image (with `fit=contain` the smallest around it). The image is cropped to it as with `fit=cover`, unless `fit` is `contain` or `fill`."""

    background: str | None
    """Background colour: for the padding of `fit=contain` and `padding`, the corners opened by `rotate`, and behind transparent images if the format has no transparency. Default: white; corners opened by `rotate` or `radius` stay transparent if the format supports it."""

    blur: float | None
    """Gaussian blur: sigma in pixels of the result. Default: 0."""

    blur_areas: str | None
    """Blurs these regions."""

    blur_faces: float | None
    """Blurs detected faces (needs `pixmill[faces]`): sigma in pixels of the result. Default: 0."""

    blur_space: Literal["linear", "srgb"] | None
    """What `blur` mixes: light (`linear`), in which bright areas spread as behind a lens, or sRGB values (`srgb`), as most other services and CSS do. Default: linear."""

    border: float | Sequence[float | str] | str | None
    """Draws a border inside the edges, the rounded corners or the mask shape; the size of the image stays the same. In pixels of the result; black if no colour is given."""

    brightness: float | None
    """Added to each channel, in percent of white. `brightness_factor` multiplies. Default: 0."""

    brightness_factor: float | None
    """Multiplies each channel, as CSS `brightness()`: 0 is black, 1 no change, 2 twice as bright. Default: 1."""

    canvas: Sequence[float] | str | None
    """Canvas around the fitted image, independent of `width` and `height`: its sides in pixels (times `dpr`) or in percent of the image, where 0 is the side of the image, or an aspect ratio that it is extended to. A canvas that is smaller than the image grows, unless `canvas_cut` is set. Instead of `fit=contain`."""

    canvas_cut: bool | None
    """Cuts the image where `canvas` is smaller, without scaling it, before a rotation by any angle; an aspect ratio becomes the largest in the image. Default: false."""

    canvas_gravity: str | None
    """Position of the image on the `canvas`, and of what `canvas_cut` leaves of it. Default: center."""

    clahe: float | Sequence[float] | str | None
    """Enhances local contrast: contrast-limited adaptive histogram equalisation (CLAHE) of luma. `slope` (default 3) is the contrast limit."""

    clamp: Literal["shape", "sides", "box", "original"] | None
    """What becomes of the box if the image may not be scaled to it. `shape`: with `fit=cover` and `fit=fill` both sides are reduced alike, keeping the shape. `sides`: each side is limited to that of the image, also with `fit=contain`: 300 × 50 from an image of 200 × 100 is 200 × 50. With `shrink=false` the box grows in the same way. `box`: the box itself is shrunk into the image, keeping its shape, before any fit: 2000 × 500 around an image of 1200 × 800 becomes 1200 × 300, and with `fit=inside` the result is 450 × 300. `original`: the same by the sides of the original before `rotate` and `crop`; the image is then enlarged to the box. Default: shape."""

    color_matrix: Sequence[float] | str | None
    """Mixes the channels, on sRGB values: the weights of red, green and blue in the new red, then in the new green, then in the new blue; as sharp's `recomb`. Three times `.299,.587,.114` is the grey of most image editors. Default: 1,0,0,0,1,0,0,0,1."""

    colorize: str | None
    """Overlays this colour. The opacity of the colour is the strength."""

    colors: int | None
    """Maximum number of palette colours in PNG and ICO, rounded down to 256, 16, 4 or 2, and in GIF, rounded down to a power of two. An image that has no more colours than that keeps all of them exactly."""

    contrast: float | None
    """Contrast around mid-grey: -100 is all mid-grey, 100 is black and white. The slope is 259 (c + 255) / (255 (259 - c)) with c = 2.55 times the number: 1.5 at 20 and 3.0 at 50, where thumbor has 1.4 and 2.3. Default: 0."""

    convolution: Sequence[float] | str | None
    """Convolution: each value becomes the weighted sum of its neighbours plus the offset. The matrix is not mirrored; alpha is unchanged."""

    crop: Sequence[float] | str | None
    """Region to cut out before the resize, in the image as oriented, rotated, flipped and trimmed. `window`: its sides only, cut to those of the image; `crop_gravity` places it. `edges`: what is taken off the top, right, bottom and left; a negative number counts from the opposite edge."""

    crop_aspect: str | None
    """Aspect ratio of the window: the largest of it in `crop=window:…`, or in the image."""

    crop_aspect_rule: Literal["exact", "thumbor"] | None
    """How `crop_aspect` is rounded to whole pixels of the original: half up (`exact`), or as by thumbor: a width up, a height and the position half to even, and nothing is cut if the image has this ratio in two decimals. Default: exact."""

    crop_gravity: str | None
    """Place of the window that `crop` or `crop_aspect` cuts out, as for `gravity`; offsets are pixels of the original. `,zoom:2` halves the sides of the window. Default: center."""

    crop_overflow: Literal["clip", "move", "reset", "ignore", "refuse"] | None
    """What becomes of a `crop` that does not lie in the image. `clip`: cut at the edges, and an error if it begins outside. `move`: moved inside. `reset`: begins at 0 along an axis where it begins outside. `ignore`: no crop if it begins outside. `refuse`: an error. Default: clip."""

    curves: Sequence[float] | str | None
    """Smooth tone curve through these points, for all channels."""

    curves_blue: Sequence[float] | str | None
    """Tone curve for blue, applied after `curves`."""

    curves_green: Sequence[float] | str | None
    """Tone curve for green, applied after `curves`."""

    curves_red: Sequence[float] | str | None
    """Tone curve for red, applied after `curves`."""

    decode_scaling: Literal["auto", "none", "sharp", "pillow"] | None
    """How a JPEG or WebP is scaled while it is decoded: as `mode` says (`auto`), not at all (`none`), or a JPEG by the factors of `sharp`, or of `pillow` if it is not cropped, each to whole pixels as results of sharp and thumbor show them. Default: auto."""

    depth: Literal["8", "10", "12", 8, 10, 12] | None
    """Bits per channel in AVIF; more bits make smoother gradients. Default: 8."""

    deringing: bool | None
    """Reduces ringing near black and white edges in JPEG (overshoot deringing). Default: false."""

    dilate: int | None
    """Morphological dilation: light areas grow by this radius in pixels of the result. Default: 0."""

    dither: float | None
    """Strength of dithering in palette images. Images of mostly flat areas are not dithered. Default: 1."""

    dpi: int | None
    """Resolution of a PDF or SVG, in pixels per inch, where its own size counts. With `width` or `height` it is rendered at exactly that size in any case. Default: 96."""

    dpr: float | None
    """Device pixel ratio (`auto`: that of the client, by client hints): multiplies `width`, `height`, `min_*`, `max_width`, `max_height`, `canvas`, `padding` and the pixel offsets of `gravity`. It is reduced if a side would exceed 16,383 px. Default: 1."""

    dpr_max_side: int | None
    """With `dpr_rule=dropped`: the longest side of a result that `dpr` may multiply. Default: 16383."""

    dpr_rule: Literal["full", "capped", "stepped", "dropped"] | None
    """What becomes of `dpr` if the image is too small for it. `full`: it multiplies all lengths in any case. `capped`: it is reduced as far as the image would have to be enlarged (imgproxy). `stepped`: it is lowered in steps of 0.1, above 3 of 0.5, until the box lies in the image (Photon). `dropped`: it is ignored if the result would exceed `dpr_max_side` (ImageKit). Default: full."""

    duotone: str | None
    """Maps luminance to shades from the dark to the light colour. Their opacity is the strength."""

    effort: int | None
    """Encoder effort, from 0 (fastest) to 9 (smallest file), for WebP, AVIF, PNG, GIF and JPEG XL. Default: set by `mode`."""

    enlarge: bool | Literal["error", "never"] | None
    """Allows upscaling of images that are smaller than the box. `error`: a request that would need it, also of a drawing, fails with 400. `never`: drawings (SVG, PDF), which are enlarged otherwise, are kept within their own size too. Default: false."""

    equalize: bool | None
    """Equalises the histogram of each channel, so that all values are about equally frequent. Takes the place of `normalize`. Default: false."""

    erode: int | None
    """Morphological erosion: dark areas grow by this radius, after `dilate`. Default: 0."""

    exceeding: Literal["shrink", "error"] | None
    """What becomes of a result that would exceed `max_width`, `max_height` or `max_area`: it is downscaled, or the request fails with 400. Default: shrink."""

    exposure: float | None
    """Exposure in stops: 1 doubles the light, -1 halves it, in linear light. Default: 0."""

    extend: Literal["color", "blur", "edge", "mirror", "average", "colour"] | None
    """Fill of `padding`, `canvas` and the padding of `fit=contain`: `background` (`color`), a blurred copy of the image (`blur`), edge pixels repeated (`edge`), the image mirrored (`mirror`), or its average colour (`average`). Default: color."""

    fit: Literal["cover", "contain", "fill", "inside", "outside", "auto"] | None
    """How the image is fitted to `width` × `height`. `cover`: fill and crop. `contain`: fit and pad. `fill`: stretch. `inside`: fit, no padding. `outside`: cover without cropping. `auto`: `cover` if box and image are both landscape (or square) or both portrait, else `inside`. Default: inside."""

    flatten: str | None
    """Puts this colour behind the image, also if the format has transparency: after `radius`, `mask` and `opacity`, before padding."""

    flip: Literal["none", "horizontal", "vertical", "both", "h", "v", "hv"] | None
    """Mirrors the image: left to right (`horizontal`, `h`), top to bottom (`vertical`, `v`), or both (`both`, `hv`). Applied after a rotation by a multiple of 90 degrees and before one by another angle. Default: none."""

    format: Literal["auto", "jpeg", "png", "webp", "avif", "gif", "jxl", "heic", "tiff", "bmp", "ico", "svg", "jpg", "blurhash", "json", "lqip", "thumbhash", "original", "original,jpeg", "original,png", "original,webp", "original,avif", "original,gif", "original,jxl", "original,heic", "original,tiff", "original,bmp", "original,ico", "original,svg"] | None
    """Output format. `auto` chooses by content (photo, graphic, transparency, animation) among the formats in the `Accept` header and the universally supported ones; an SVG stays an SVG if only its size changes. `best` encodes in all of these formats and returns the smallest result of those that look alike, in 2 to 7 times the time. `original` keeps the format of the original if it can be written; without other changes it returns the original without encoding it again, with the metadata that `metadata` says: byte for byte if that is `all`. `auto:` with an order, such as `auto:avif,webp,original`: the first that `Accept` names, else the last one if it is `original` or a universally supported format, else one that fits the image. With `original_formats`, the last one of `auto:webp,original,jpeg` replaces the others. `svg` accepts SVG originals only and sanitises them. Instead of an image: the placeholders `blurhash`, `thumbhash` (base64) and `lqip` (data URI) as plain text, and `json` for the information in `include`. Default: auto."""

    frame_delay: float | Sequence[float] | str | None
    """How long the frames of an animation are shown, in milliseconds or each with a unit, and in their order; the last delay is that of all further frames. Default: as in the original."""

    frame_step: int | None
    """Shows only every N-th frame of an animation, from the first, in the same time: a frame lasts as long as those that are left out after it. Default: 1."""

    gamma: float | None
    """Gamma correction: value ^ (1 / gamma). Above 1 it lightens the midtones, below 1 it darkens them. Default: 1."""

    gradient: Sequence[float | str] | str | None
    """Overlays a linear gradient between two colours in this direction."""

    gravity: str | None
    """Crop anchor for `fit=cover` and `aspect`: a compass direction, a focal point (`fp`), a share of the space that the box leaves (`pos`, as in CSS `background-position`), weighted focal regions (`fr`), points or regions in pixels of the original (`px`), `auto` (the subject: faces, if `pixmill[faces]` is installed, then what is sharp and stands out), `smart` (most salient region, libvips attention), `smart:entropy` (highest entropy) or `face` (needs `pixmill[faces]`; without a face as `auto`). With `fit=contain`, the position of the image: a direction or a point. Offsets in percent count in the sides of the scaled image, or of the box. `,zoom:2` shows half as much of the image along each side, in a result of the same size, `,close:1` as little as holds the regions or faces (`,close:0.5` half the way); without `enlarge` only as far as the image has pixels. Default: center."""

    grayscale: bool | None
    """Converts to greyscale: luminance, weighted in linear light. Default: false."""

    height: int | str | None
    """Height of the box, like `width`. Default: follows from `width` and the aspect ratio."""

    highlights: float | None
    """Lightens or, below 0, recovers the light tones; black, white and dark tones stay. Default: 0."""

    hue: float | None
    """Rotates all hues by degrees, as CSS `hue-rotate()`; -90 equals 270. Default: 0."""

    include: Literal["hash", "exif", "gps", "iptc", "xmp", "average", "palette", "blurhash", "thumbhash", "phash", "lqip"] | Sequence[Literal["hash", "exif", "gps", "iptc", "xmp", "average", "palette", "blurhash", "thumbhash", "phash", "lqip"]] | None
    """Information that `/info`, and `/resize` with `format=json`, return in addition to the header. From the file: `hash` (SHA-256), `exif`, `iptc`, `xmp` and `gps`; without `gps` nothing tells a place: no coordinates and no names of places. From the pixels: `average` colour, `palette`, `blurhash`, `thumbhash`, `phash` (64-bit perceptual hash, to find similar images) and `lqip` (a tiny WebP as a data URI)."""

    invert: bool | None
    """Inverts the colours; alpha is unchanged. Default: false."""

    kernel: Literal["lanczos3", "lanczos2", "cubic", "mitchell", "linear", "nearest"] | None
    """Resampling kernel. `lanczos3` is the sharpest and the fastest here; `nearest` keeps the blocks of pixel art. When upscaling, `lanczos2` and `mitchell` work like `cubic`. Default: lanczos3."""

    levels: Sequence[float] | str | None
    """Maps one 8-bit value to black and another to white, with a gamma in between. If `white` is below `black`, the result is a negative. Default: 0,1,255."""

    light: Literal["auto", "linear", "gamma", "srgb"] | None
    """What resizing and rotations by any angle mix: light (`linear`), which keeps the brightness of fine detail, or sRGB values (`gamma` or `srgb`), as most other services and browsers do, which darkens it but keeps thin dark lines on white. `auto`: sRGB values for screenshots, text and drawings, light for everything else. Default: auto."""

    lightness: float | None
    """Added to L* of CIE Lab: lightens or darkens without changing the hue. Default: 0."""

    loop: int | None
    """How often an animation plays; 0 for ever. Default: as in the original."""

    lossless: bool | None
    """Lossless WebP, AVIF and JPEG XL; `quality` then has no effect. Default: false."""

    mask: str | None
    """Shows only what is inside a centred shape, or applies the alpha channel or the luminance of another image, stretched over this one, as a mask. `ellipse` fills the image; the other shapes fit in the largest circle, with one corner at the top."""

    max_area: int | None
    """Maximum number of pixels of the result, like `max_width`, but independent of `dpr`."""

    max_bytes: int | str | None
    """Maximum size of the result, in bytes or with a unit. The quality (in PNG, GIF and ICO the number of colours) is reduced until it fits, in at most seven encodings. If the limit cannot be met (or the output is an animation, lossless, TIFF or BMP over the limit) the request fails with 422 `result_too_large`, which reports the smallest size reached."""

    max_bytes_strict: bool | None
    """What happens if the result cannot be made as small as `max_bytes`: with `false` the smallest one is sent instead of an error. Default: true."""

    max_enlarged_side: int | None
    """The longest side to which an image is enlarged: if a side would become longer than this and than that of the image, the image is left as it is."""

    max_frames: int | None
    """Maximum number of frames of an animation: the first ones. 1 gives a still image."""

    max_height: int | None
    """Maximum height of the result, like `max_width`."""

    max_side: int | None
    """Longest side of the result with its canvas and padding, all of which shrink alike. Independent of `dpr`."""

    max_width: int | None
    """Maximum width of the result, after `fit`, `aspect` and `zoom`: downscales it, keeping the aspect ratio. A minimum size takes precedence."""

    median: int | None
    """Median filter (removes specks): radius in pixels of the result. Default: 0."""

    metadata: Literal["strip", "copyright", "keep", "all"] | None
    """EXIF, XMP and IPTC in the result: none (`strip`), author and copyright as EXIF (`copyright`), what tells no place (`keep`), or `all`. The orientation is applied in any case. Thumbnails, sizes, regions and the like describe the original and are never kept. GIF, BMP and ICO carry no metadata, TIFF no EXIF; IPTC is kept in JPEG and TIFF. Default: strip."""

    min_fitted_side: int | None
    """The shortest side of a result: if a side would become shorter, the image is left as it is."""

    min_height: int | None
    """Minimum height of the result, like `min_width`."""

    min_width: int | None
    """Minimum width of the result: upscales it, keeping the aspect ratio, even if `enlarge` is false."""

    mode: Literal["fast", "balanced", "best"] | None
    """Speed/quality trade-off. `fast`: smallest decode, fastest encoder. `balanced`: no visible loss. `best`: slowest, smallest files. The default is the operator's `PIXMILL_RENDER_MODE` (`balanced` unless set). `effort` and the other encoder options take precedence. Default: balanced."""

    modulate: Sequence[float] | str | None
    """Factors of lightness and chroma, and degrees added to the hue, of CIE LCh: as sharp's `modulate`. Default: 1,1,0."""

    monochrome: str | None
    """Maps luminance to shades from black to this colour. The opacity of the colour is the strength."""

    morphology: Literal["values", "bits"] | None
    """What `dilate` and `erode` look at: values, or each bit of them by itself (`bits`), as sharp does; in black and white both are the same. Default: values."""

    near_lossless: int | None
    """Near-lossless WebP: preprocesses pixels for smaller files. 100: no change, 60: hardly visible, 0: maximum."""

    noise: float | None
    """Adds film grain: standard deviation in percent of white. Equal requests get equal noise. Default: 0."""

    normalize: bool | None
    """Stretches contrast between the 1st and 99th percentile. Default: false."""

    opacity: float | None
    """Opacity of the image in percent, its border included: before padding and overlays. `background` shows through if the format has no transparency. Default: 100."""

    optimize_scans: bool | None
    """Splits the scans of a progressive JPEG where that saves bytes; implies `progressive`. Default: false."""

    orientation: Literal["auto", "none", "1", "2", "3", "4", "5", "6", "7", "8", 1, 2, 3, 4, 5, 6, 7, 8] | None
    """Orientation of the original: as recorded in it (`auto`), as stored (`none`), or one of the eight of EXIF, which replaces the recorded one. The rotation of HEIC and JPEG XL is part of the image, and stays. Default: auto."""

    original_formats: Literal["jpeg", "png", "webp", "avif", "gif", "jxl", "heic", "tiff", "bmp", "ico", "svg"] | Sequence[Literal["jpeg", "png", "webp", "avif", "gif", "jxl", "heic", "tiff", "bmp", "ico", "svg"]] | None
    """For `format=original`, and an order that ends with it: only originals in these formats keep theirs; others get the first of these that can hold their transparency and their frames. All are encoded again."""

    overlay: str | Sequence[str] | None
    """Draws images and texts over the result, in this order, after `padding`. Pixels are those of the result: `dpr` does not multiply them; use percent to scale with the result. Colours are blended in sRGB, as in browsers."""

    padding: float | Sequence[float] | str | None
    """Pixels added around the result, outside of the box: all sides; top and bottom, left and right; or top, right, bottom, left. In percent after `pct:`: of the height for top and bottom, of the width for left and right. Default: 0."""

    padding_inside: bool | None
    """Takes `padding` in pixels off the box, so that `width` and `height` are those of the result. Default: false."""

    page: int | None
    """Frame of an animation or page of a document, counted from 1; the result is a still image."""

    palette_colors: int | None
    """Maximum number of colours in `palette`. Default: 6."""

    passthrough: Literal["animation", "jpeg", "png", "webp", "avif", "gif", "jxl", "heic", "tiff", "bmp", "ico", "svg"] | Sequence[Literal["animation", "jpeg", "png", "webp", "avif", "gif", "jxl", "heic", "tiff", "bmp", "ico", "svg"]] | None
    """Delivers originals in these formats, and with `animation` those with several frames, at their own size and in their own format: all other parameters but `metadata` are ignored for them. An SVG is sanitised."""

    pixelate: int | None
    """Pixelates the image: block size in pixels of the result. Default: 0."""

    pixelate_areas: str | None
    """Pixelates these regions."""

    pixelate_faces: int | None
    """Pixelates detected faces (needs `pixmill[faces]`): block size in pixels of the result. Default: 0."""

    profile: Literal["srgb", "keep", "p3", "adobe", "rec2020", "prophoto"] | None
    """Colour space of the result: `srgb`, that of the original with its ICC profile (`keep`), or a wide gamut: Display P3 (`p3`), Adobe RGB 1998 (`adobe`), Rec. 2020 (`rec2020`) or ProPhoto (`prophoto`, which shows banding in 8 bits). `keep` writes a profile of what the original says in another way, and Rec. 2020 for HDR. Greyscale results have a profile with `keep` only. CMYK and Lab always become sRGB, as does everything in GIF, BMP, ICO, JPEG XL and placeholders. Colours in the request are sRGB, and overlays have the colours of their file; other operations treat the values as sRGB. Default: srgb."""

    progressive: bool | None
    """Progressive JPEG, interlaced PNG and GIF: a coarse image appears first while loading. Default: false."""

    progressive_blur: Sequence[float | str] | str | None
    """Blur that increases in this direction, from 0 to sigma in pixels of the result."""

    quality: int | str | None
    """Visual quality, 1–100, on the same scale for all lossy formats (80 looks the same in JPEG, WebP and AVIF). `auto` finds, in at most three encodings, the quality at which this image has the score (SSIMULACRA2) of photographs at 80, or at N with `auto:N`. For animations, `auto` means 80 and `auto:N` means N. Default: 80."""

    quality_scale: Literal["perceived", "jpeg"] | None
    """What `quality` is a number of: of how the result looks (`perceived`), for which less is needed where light is mixed, or of libjpeg, and what looks the same in other formats (`jpeg`). Default: perceived."""

    quant_table: int | None
    """JPEG quantisation table, numbered as in mozjpeg: 0 standard (Annex K), 1 flat, 2 MSSIM-tuned, 3 ImageMagick, 4 PSNR-HVS-M-tuned, 5 Klein, 6 Watson, 7 Ahumada, 8 Peterson. Default: 0."""

    radius: float | Sequence[float] | str | None
    """Rounds the corners, in pixels of the result; radii that are too large shrink together, as in CSS. The corners become transparent, or show `background` if the format has no transparency. Applied after the effects and before the padding of `fit=contain` and `padding`."""

    reject: Literal["jpeg", "png", "webp", "avif", "gif", "tiff", "bmp", "ico", "svg", "heic", "jxl", "jp2", "psd", "pdf", "raw", "video"] | Sequence[Literal["jpeg", "png", "webp", "avif", "gif", "tiff", "bmp", "ico", "svg", "heic", "jxl", "jp2", "psd", "pdf", "raw", "video"]] | None
    """Answers originals in these formats with 415."""

    reverse: bool | None
    """Plays an animation backwards. All frames of the result are in memory then: at most 128 MiB of pixels. Default: false."""

    rgb: Sequence[float] | str | None
    """Added to red, green and blue, in percent of white. Default: 0,0,0."""

    rotate: float | None
    """Clockwise rotation in degrees, applied after EXIF orientation. Multiples of 90 come before everything else and are lossless. Other angles come after the resize: the result grows to hold the corners, which show `background`, or are transparent if no background is given and the format supports it. Default: 0."""

    rounding: Literal["half_up", "half_even", "truncate", "double_truncate", "ceil", "reciprocal_half_up", "reciprocal_half_even", "completed_box"] | None
    """Rounding of computed sides, and of the canvas of a rotation by any angle. Default: sides half up, the canvas of a rotation up. `half_up` and `half_even` differ at exact halves; `truncate` drops the fraction. The others repeat the arithmetic of other services in double precision: `reciprocal_half_up` of imgproxy and `reciprocal_half_even` of sharp (a height of 900 at a width of 333 of 600 px is 499, not 499.5), `double_truncate` of Wagtail. `completed_box` of thumbor computes the free side half to even and fits into that box."""

    saturation: float | None
    """Saturation, as CSS `saturate()`: -100 removes all colour, 100 doubles the distance from grey. Default: 0."""

    sepia: float | None
    """Sepia tone in percent, as CSS `sepia()`. Default: 0."""

    shadows: float | None
    """Lightens or, below 0, deepens the dark tones; black, white and light tones stay. Default: 0."""

    sharpen: float | None
    """Sharpens by this amount: unsharp mask with a sigma of 1. Default: 0."""

    sharpen_lab: Sequence[float] | str | None
    """Sharpens L* of CIE Lab as libvips and sharp do: `flat` is the strength in smooth areas, `jagged` at edges, where the difference to the image blurred by `sigma` exceeds `threshold` (2). It becomes at most `max_lighten` (10) lighter and `max_darken` (20) darker."""

    shrink: bool | None
    """Allows downscaling of images that are larger than the box. `shrink=false&enlarge=true` only enlarges; `fit=contain&shrink=false` pads small images and leaves larger ones as they are. Default: true."""

    skip_smaller: Literal["never", "both", "below", "either"] | None
    """Images that are left as they are, without a crop or padding: `both`, those that exceed the box with neither side; `below`, those with both sides below those of the box; `either`, those with one. Default: never."""

    speed: float | None
    """Speed of an animation: 2 plays twice as fast. Default: 1."""

    subsampling: Literal["auto", "420", "422", "444", 420, 422, 444] | None
    """Chroma subsampling (JPEG, AVIF, HEIC): `420` keeps a quarter of the chroma samples, `422` half, `444` all. `auto` is `420`; for drawings in JPEG, and JPEG from `quality=90` on, `444`. With `trellis`, `deringing`, `optimize_scans` or `quant_table`, and in AVIF of more than 8 bits, `422` is written as `444`. Default: auto."""

    then: str | Sequence[StageParams] | None
    """Further stages, run in order after all other operations, each on the result of the one before it."""

    threshold: int | None
    """Black and white: pixels at least as light as this 8-bit grey become white, all others black. Default: 0."""

    tiff_compression: Literal["lzw", "deflate", "jpeg", "packbits", "none"] | None
    """TIFF compression. `jpeg` is lossy (see `quality`) and is replaced by `lzw` if the image has transparency. Default: lzw."""

    time: float | str | None
    """Timestamp of the video frame to use, in seconds or with a unit. Default: the most representative of several frames across the video."""

    tint: str | None
    """Tints the image: keeps its lightness and takes the hue of this colour. The opacity of the colour is the strength."""

    trellis: bool | None
    """Trellis quantisation for JPEG: about 15 % smaller, in nine times the time. Default: false."""

    trim: int | None
    """Cuts off borders of a single colour, after `rotate` and `flip` and before `crop`. The value is the tolerance: the maximum difference of each of red, green and blue from the border colour."""

    trim_color: str | None
    """Border colour for `trim`; `transparent` trims transparent borders. Default: the colour of the pixel at `trim_corner`."""

    trim_corner: Literal["top_left", "top_right", "bottom_left", "bottom_right"] | None
    """Corner of the image whose pixel has the border colour for `trim`. Default: top_left."""

    trim_equal: Literal["none", "horizontal", "vertical", "both"] | None
    """Makes `trim` cut the same amount from opposite sides, the smaller of the two: left and right (`horizontal`), top and bottom (`vertical`), or `both`. Default: none."""

    trim_padding: float | str | None
    """Pixels of the border that `trim` keeps on each side, or percent of the mean of the sides that are left; a negative number cuts off as much of the image. Default: 0."""

    unsharp: Sequence[float] | str | None
    """Unsharp mask of luma: adds `amount` times the difference to the image blurred by `sigma`, where it exceeds `threshold` (in 8-bit values)."""

    vibrance: float | None
    """Saturation of muted colours: grey and fully saturated colours stay. -100 removes most of the muted colour. Default: 0."""

    vignette: float | None
    """Vignette: darkens the corners, in percent. Default: 0."""

    warmth: float | None
    """White balance: makes colours warmer, or cooler below 0, at the same luminance of white. Each unit moves the white point by 1 mired (100: as if daylight of 6,500 K were taken for 3,940 K). Default: 0."""

    webp_preset: Literal["default", "picture", "photo", "drawing", "icon", "text"] | None
    """Content hint for the WebP encoder. Default: default."""

    width: int | str | None
    """Width of the box: pixels, or percent of the width of the image, or of its region cut out by `crop`. Default: follows from `height` and the aspect ratio. `auto`: the width at which the client shows the image, by client hints; without hints as by default."""

    zoom: float | str | None
    """Scale factor for the box or, without a box, for the image: `scale=0.5` and `scale=pct:50` halve it. Default: 1."""


class InfoParams(TypedDict, total=False):
    """The parameters of ``info``."""

    include: Literal["hash", "exif", "gps", "iptc", "xmp", "average", "palette", "blurhash", "thumbhash", "phash", "lqip"] | Sequence[Literal["hash", "exif", "gps", "iptc", "xmp", "average", "palette", "blurhash", "thumbhash", "phash", "lqip"]] | None
    """Information that `/info`, and `/resize` with `format=json`, return in addition to the header. From the file: `hash` (SHA-256), `exif`, `iptc`, `xmp` and `gps`; without `gps` nothing tells a place: no coordinates and no names of places. From the pixels: `average` colour, `palette`, `blurhash`, `thumbhash`, `phash` (64-bit perceptual hash, to find similar images) and `lqip` (a tiny WebP as a data URI)."""

    palette_colors: int | None
    """Maximum number of colours in `palette`. Default: 6."""


class SrcsetParams(TypedDict, total=False):
    """The parameters of ``srcset``."""

    alt: str | None
    """Alternative text: the HTML attribute `alt`."""

    animated: bool | None
    """Keeps animations animated if the output format supports it (GIF, WebP, APNG, AVIF), with their timing and number of loops; all operations apply to each frame. Otherwise the result is a still image. Default: true."""

    animated_formats: Literal["png", "webp", "avif", "gif"] | Sequence[Literal["png", "webp", "avif", "gif"]] | None
    """Only animations in these formats stay ones; others become a still image of their first frame."""

    aspect: float | str | None
    """Aspect ratio of the box. With one side it sets the other. Without sides the box is the largest in the image (with `fit=contain` the smallest around it). The image is cropped to it as with `fit=cover`, unless `fit` is `contain` or `fill`."""

    background: str | None
    """Background colour: for the padding of `fit=contain` and `padding`, the corners opened by `rotate`, and behind transparent images if the format has no transparency. Default: white; corners opened by `rotate` or `radius` stay transparent if the format supports it."""

    blur: float | None
    """Gaussian blur: sigma in pixels of the result. Default: 0."""

    blur_areas: str | None
    """Blurs these regions."""

    blur_faces: float | None
    """Blurs detected faces (needs `pixmill[faces]`): sigma in pixels of the result. Default: 0."""

    blur_space: Literal["linear", "srgb"] | None
    """What `blur` mixes: light (`linear`), in which bright areas spread as behind a lens, or sRGB values (`srgb`), as most other services and CSS do. Default: linear."""

    border: float | Sequence[float | str] | str | None
    """Draws a border inside the edges, the rounded corners or the mask shape; the size of the image stays the same. In pixels of the result; black if no colour is given."""

    brightness: float | None
    """Added to each channel, in percent of white. `brightness_factor` multiplies. Default: 0."""

    brightness_factor: float | None
    """Multiplies each channel, as CSS `brightness()`: 0 is black, 1 no change, 2 twice as bright. Default: 1."""

    canvas: Sequence[float] | str | None
    """Canvas around the fitted image, independent of `width` and `height`: its sides in pixels (times `dpr`) or in percent of the image, where 0 is the side of the image, or an aspect ratio that it is extended to. A canvas that is smaller than the image grows, unless `canvas_cut` is set. Instead of `fit=contain`."""

    canvas_cut: bool | None
    """Cuts the image where `canvas` is smaller, without scaling it, before a rotation by any angle; an aspect ratio becomes the largest in the image. Default: false."""

    canvas_gravity: str | None
    """Position of the image on the `canvas`, and of what `canvas_cut` leaves of it. Default: center."""

    clahe: float | Sequence[float] | str | None
    """Enhances local contrast: contrast-limited adaptive histogram equalisation (CLAHE) of luma. `slope` (default 3) is the contrast limit."""

    clamp: Literal["shape", "sides", "box", "original"] | None
    """What becomes of the box if the image may not be scaled to it. `shape`: with `fit=cover` and `fit=fill` both sides are reduced alike, keeping the shape. `sides`: each side is limited to that of the image, also with `fit=contain`: 300 × 50 from an image of 200 × 100 is 200 × 50. With `shrink=false` the box grows in the same way. `box`: the box itself is shrunk into the image, keeping its shape, before any fit: 2000 × 500 around an image of 1200 × 800 becomes 1200 × 300, and with `fit=inside` the result is 450 × 300. `original`: the same by the sides of the original before `rotate` and `crop`; the image is then enlarged to the box. Default: shape."""

    class_: str | None
    """CSS classes: the HTML attribute `class`."""

    color_matrix: Sequence[float] | str | None
    """Mixes the channels, on sRGB values: the weights of red, green and blue in the new red, then in the new green, then in the new blue; as sharp's `recomb`. Three times `.299,.587,.114` is the grey of most image editors. Default: 1,0,0,0,1,0,0,0,1."""

    colorize: str | None
    """Overlays this colour. The opacity of the colour is the strength."""

    colors: int | None
    """Maximum number of palette colours in PNG and ICO, rounded down to 256, 16, 4 or 2, and in GIF, rounded down to a power of two. An image that has no more colours than that keeps all of them exactly."""

    contrast: float | None
    """Contrast around mid-grey: -100 is all mid-grey, 100 is black and white. The slope is 259 (c + 255) / (255 (259 - c)) with c = 2.55 times the number: 1.5 at 20 and 3.0 at 50, where thumbor has 1.4 and 2.3. Default: 0."""

    convolution: Sequence[float] | str | None
    """Convolution: each value becomes the weighted sum of its neighbours plus the offset. The matrix is not mirrored; alpha is unchanged."""

    crop: Sequence[float] | str | None
    """Region to cut out before the resize, in the image as oriented, rotated, flipped and trimmed. `window`: its sides only, cut to those of the image; `crop_gravity` places it. `edges`: what is taken off the top, right, bottom and left; a negative number counts from the opposite edge."""

    crop_aspect: str | None
    """Aspect ratio of the window: the largest of it in `crop=window:…`, or in the image."""

    crop_aspect_rule: Literal["exact", "thumbor"] | None
    """How `crop_aspect` is rounded to whole pixels of the original: half up (`exact`), or as by thumbor: a width up, a height and the position half to even, and nothing is cut if the image has this ratio in two decimals. Default: exact."""

    crop_gravity: str | None
    """Place of the window that `crop` or `crop_aspect` cuts out, as for `gravity`; offsets are pixels of the original. `,zoom:2` halves the sides of the window. Default: center."""

    crop_overflow: Literal["clip", "move", "reset", "ignore", "refuse"] | None
    """What becomes of a `crop` that does not lie in the image. `clip`: cut at the edges, and an error if it begins outside. `move`: moved inside. `reset`: begins at 0 along an axis where it begins outside. `ignore`: no crop if it begins outside. `refuse`: an error. Default: clip."""

    curves: Sequence[float] | str | None
    """Smooth tone curve through these points, for all channels."""

    curves_blue: Sequence[float] | str | None
    """Tone curve for blue, applied after `curves`."""

    curves_green: Sequence[float] | str | None
    """Tone curve for green, applied after `curves`."""

    curves_red: Sequence[float] | str | None
    """Tone curve for red, applied after `curves`."""

    decode_scaling: Literal["auto", "none", "sharp", "pillow"] | None
    """How a JPEG or WebP is scaled while it is decoded: as `mode` says (`auto`), not at all (`none`), or a JPEG by the factors of `sharp`, or of `pillow` if it is not cropped, each to whole pixels as results of sharp and thumbor show them. Default: auto."""

    decoding: Literal["async", "sync", "auto"] | None
    """Whether the rest of the page may be painted before the image: the HTML attribute `decoding`. Default: async."""

    densities: Sequence[float] | str | None
    """In place of `widths`: candidates for an image that is shown `width` CSS pixels wide, by the device pixels per CSS pixel of a screen."""

    depth: Literal["8", "10", "12", 8, 10, 12] | None
    """Bits per channel in AVIF; more bits make smoother gradients. Default: 8."""

    deringing: bool | None
    """Reduces ringing near black and white edges in JPEG (overshoot deringing). Default: false."""

    dilate: int | None
    """Morphological dilation: light areas grow by this radius in pixels of the result. Default: 0."""

    dither: float | None
    """Strength of dithering in palette images. Images of mostly flat areas are not dithered. Default: 1."""

    dpi: int | None
    """Resolution of a PDF or SVG, in pixels per inch, where its own size counts. With `width` or `height` it is rendered at exactly that size in any case. Default: 96."""

    duotone: str | None
    """Maps luminance to shades from the dark to the light colour. Their opacity is the strength."""

    effort: int | None
    """Encoder effort, from 0 (fastest) to 9 (smallest file), for WebP, AVIF, PNG, GIF and JPEG XL. Default: set by `mode`."""

    equalize: bool | None
    """Equalises the histogram of each channel, so that all values are about equally frequent. Takes the place of `normalize`. Default: false."""

    erode: int | None
    """Morphological erosion: dark areas grow by this radius, after `dilate`. Default: 0."""

    exceeding: Literal["shrink", "error"] | None
    """What becomes of a result that would exceed `max_width`, `max_height` or `max_area`: it is downscaled, or the request fails with 400. Default: shrink."""

    exposure: float | None
    """Exposure in stops: 1 doubles the light, -1 halves it, in linear light. Default: 0."""

    extend: Literal["color", "blur", "edge", "mirror", "average", "colour"] | None
    """Fill of `padding`, `canvas` and the padding of `fit=contain`: `background` (`color`), a blurred copy of the image (`blur`), edge pixels repeated (`edge`), the image mirrored (`mirror`), or its average colour (`average`). Default: color."""

    fetchpriority: Literal["high", "low", "auto"] | None
    """Priority among the images of the page: `high` for the one that visitors see first. Default: auto."""

    fit: Literal["cover", "contain", "fill", "inside", "outside", "auto"] | None
    """How the image is fitted to `width` × `height`. `cover`: fill and crop. `contain`: fit and pad. `fill`: stretch. `inside`: fit, no padding. `outside`: cover without cropping. `auto`: `cover` if box and image are both landscape (or square) or both portrait, else `inside`. Default: inside."""

    flatten: str | None
    """Puts this colour behind the image, also if the format has transparency: after `radius`, `mask` and `opacity`, before padding."""

    flip: Literal["none", "horizontal", "vertical", "both", "h", "v", "hv"] | None
    """Mirrors the image: left to right (`horizontal`, `h`), top to bottom (`vertical`, `v`), or both (`both`, `hv`). Applied after a rotation by a multiple of 90 degrees and before one by another angle. Default: none."""

    formats: Literal["avif", "webp", "jpeg", "png", "gif"] | Sequence[Literal["avif", "webp", "jpeg", "png", "gif"]] | None
    """Formats of the candidates, best first: browsers use the first that they support; the last one is the fallback. Default: the formats of `format=auto`, then `png` if the image may be transparent, otherwise `jpeg`."""

    frame_delay: float | Sequence[float] | str | None
    """How long the frames of an animation are shown, in milliseconds or each with a unit, and in their order; the last delay is that of all further frames. Default: as in the original."""

    frame_step: int | None
    """Shows only every N-th frame of an animation, from the first, in the same time: a frame lasts as long as those that are left out after it. Default: 1."""

    gamma: float | None
    """Gamma correction: value ^ (1 / gamma). Above 1 it lightens the midtones, below 1 it darkens them. Default: 1."""

    gradient: Sequence[float | str] | str | None
    """Overlays a linear gradient between two colours in this direction."""

    gravity: str | None
    """Crop anchor for `fit=cover` and `aspect`: a compass direction, a focal point (`fp`), a share of the space that the box leaves (`pos`, as in CSS `background-position`), weighted focal regions (`fr`), points or regions in pixels of the original (`px`), `auto` (the subject: faces, if `pixmill[faces]` is installed, then what is sharp and stands out), `smart` (most salient region, libvips attention), `smart:entropy` (highest entropy) or `face` (needs `pixmill[faces]`; without a face as `auto`). With `fit=contain`, the position of the image: a direction or a point. Offsets in percent count in the sides of the scaled image, or of the box. `,zoom:2` shows half as much of the image along each side, in a result of the same size, `,close:1` as little as holds the regions or faces (`,close:0.5` half the way); without `enlarge` only as far as the image has pixels. Default: center."""

    grayscale: bool | None
    """Converts to greyscale: luminance, weighted in linear light. Default: false."""

    height: int | str | None
    """Height of the box, like `width`. Default: follows from `width` and the aspect ratio."""

    highlights: float | None
    """Lightens or, below 0, recovers the light tones; black, white and dark tones stay. Default: 0."""

    hue: float | None
    """Rotates all hues by degrees, as CSS `hue-rotate()`; -90 equals 270. Default: 0."""

    include: Literal["hash", "exif", "gps", "iptc", "xmp", "average", "palette", "blurhash", "thumbhash", "phash", "lqip"] | Sequence[Literal["hash", "exif", "gps", "iptc", "xmp", "average", "palette", "blurhash", "thumbhash", "phash", "lqip"]] | None
    """Information that `/info`, and `/resize` with `format=json`, return in addition to the header. From the file: `hash` (SHA-256), `exif`, `iptc`, `xmp` and `gps`; without `gps` nothing tells a place: no coordinates and no names of places. From the pixels: `average` colour, `palette`, `blurhash`, `thumbhash`, `phash` (64-bit perceptual hash, to find similar images) and `lqip` (a tiny WebP as a data URI)."""

    invert: bool | None
    """Inverts the colours; alpha is unchanged. Default: false."""

    kernel: Literal["lanczos3", "lanczos2", "cubic", "mitchell", "linear", "nearest"] | None
    """Resampling kernel. `lanczos3` is the sharpest and the fastest here; `nearest` keeps the blocks of pixel art. When upscaling, `lanczos2` and `mitchell` work like `cubic`. Default: lanczos3."""

    layout: Literal["constrained", "full", "none"] | None
    """Style of the element: `constrained` is as wide as `width` or the largest candidate, and no wider than its container; `full` is as wide as its container; `none` has no `style` attribute, and so no placeholder, for pages whose own CSS or security policy says so. Default: constrained."""

    levels: Sequence[float] | str | None
    """Maps one 8-bit value to black and another to white, with a gamma in between. If `white` is below `black`, the result is a negative. Default: 0,1,255."""

    light: Literal["auto", "linear", "gamma", "srgb"] | None
    """What resizing and rotations by any angle mix: light (`linear`), which keeps the brightness of fine detail, or sRGB values (`gamma` or `srgb`), as most other services and browsers do, which darkens it but keeps thin dark lines on white. `auto`: sRGB values for screenshots, text and drawings, light for everything else. Default: auto."""

    lightness: float | None
    """Added to L* of CIE Lab: lightens or darkens without changing the hue. Default: 0."""

    loading: Literal["lazy", "eager"] | None
    """When the browser loads the image: near the viewport, or at once. Default: `lazy`, with `fetchpriority=high` `eager`."""

    loop: int | None
    """How often an animation plays; 0 for ever. Default: as in the original."""

    lossless: bool | None
    """Lossless WebP, AVIF and JPEG XL; `quality` then has no effect. Default: false."""

    mask: str | None
    """Shows only what is inside a centred shape, or applies the alpha channel or the luminance of another image, stretched over this one, as a mask. `ellipse` fills the image; the other shapes fit in the largest circle, with one corner at the top."""

    max_area: int | None
    """Maximum number of pixels of the result, like `max_width`, but independent of `dpr`."""

    max_bytes: int | str | None
    """Maximum size of the result, in bytes or with a unit. The quality (in PNG, GIF and ICO the number of colours) is reduced until it fits, in at most seven encodings. If the limit cannot be met (or the output is an animation, lossless, TIFF or BMP over the limit) the request fails with 422 `result_too_large`, which reports the smallest size reached."""

    max_bytes_strict: bool | None
    """What happens if the result cannot be made as small as `max_bytes`: with `false` the smallest one is sent instead of an error. Default: true."""

    max_frames: int | None
    """Maximum number of frames of an animation: the first ones. 1 gives a still image."""

    median: int | None
    """Median filter (removes specks): radius in pixels of the result. Default: 0."""

    metadata: Literal["strip", "copyright", "keep", "all"] | None
    """EXIF, XMP and IPTC in the result: none (`strip`), author and copyright as EXIF (`copyright`), what tells no place (`keep`), or `all`. The orientation is applied in any case. Thumbnails, sizes, regions and the like describe the original and are never kept. GIF, BMP and ICO carry no metadata, TIFF no EXIF; IPTC is kept in JPEG and TIFF. Default: strip."""

    min_fitted_side: int | None
    """The shortest side of a result: if a side would become shorter, the image is left as it is."""

    mode: Literal["fast", "balanced", "best"] | None
    """Speed/quality trade-off. `fast`: smallest decode, fastest encoder. `balanced`: no visible loss. `best`: slowest, smallest files. The default is the operator's `PIXMILL_RENDER_MODE` (`balanced` unless set). `effort` and the other encoder options take precedence. Default: balanced."""

    modulate: Sequence[float] | str | None
    """Factors of lightness and chroma, and degrees added to the hue, of CIE LCh: as sharp's `modulate`. Default: 1,1,0."""

    monochrome: str | None
    """Maps luminance to shades from black to this colour. The opacity of the colour is the strength."""

    morphology: Literal["values", "bits"] | None
    """What `dilate` and `erode` look at: values, or each bit of them by itself (`bits`), as sharp does; in black and white both are the same. Default: values."""

    near_lossless: int | None
    """Near-lossless WebP: preprocesses pixels for smaller files. 100: no change, 60: hardly visible, 0: maximum."""

    noise: float | None
    """Adds film grain: standard deviation in percent of white. Equal requests get equal noise. Default: 0."""

    normalize: bool | None
    """Stretches contrast between the 1st and 99th percentile. Default: false."""

    opacity: float | None
    """Opacity of the image in percent, its border included: before padding and overlays. `background` shows through if the format has no transparency. Default: 100."""

    optimize_scans: bool | None
    """Splits the scans of a progressive JPEG where that saves bytes; implies `progressive`. Default: false."""

    orientation: Literal["auto", "none", "1", "2", "3", "4", "5", "6", "7", "8", 1, 2, 3, 4, 5, 6, 7, 8] | None
    """Orientation of the original: as recorded in it (`auto`), as stored (`none`), or one of the eight of EXIF, which replaces the recorded one. The rotation of HEIC and JPEG XL is part of the image, and stays. Default: auto."""

    original_formats: Literal["jpeg", "png", "webp", "avif", "gif", "jxl", "heic", "tiff", "bmp", "ico", "svg"] | Sequence[Literal["jpeg", "png", "webp", "avif", "gif", "jxl", "heic", "tiff", "bmp", "ico", "svg"]] | None
    """For `format=original`, and an order that ends with it: only originals in these formats keep theirs; others get the first of these that can hold their transparency and their frames. All are encoded again."""

    overlay: str | Sequence[str] | None
    """Draws images and texts over the result, in this order, after `padding`. Pixels are those of the result: `dpr` does not multiply them; use percent to scale with the result. Colours are blended in sRGB, as in browsers."""

    padding: float | Sequence[float] | str | None
    """Pixels added around the result, outside of the box: all sides; top and bottom, left and right; or top, right, bottom, left. In percent after `pct:`: of the height for top and bottom, of the width for left and right. Default: 0."""

    padding_inside: bool | None
    """Takes `padding` in pixels off the box, so that `width` and `height` are those of the result. Default: false."""

    page: int | None
    """Frame of an animation or page of a document, counted from 1; the result is a still image."""

    palette_colors: int | None
    """Maximum number of colours in `palette`. Default: 6."""

    passthrough: Literal["animation", "jpeg", "png", "webp", "avif", "gif", "jxl", "heic", "tiff", "bmp", "ico", "svg"] | Sequence[Literal["animation", "jpeg", "png", "webp", "avif", "gif", "jxl", "heic", "tiff", "bmp", "ico", "svg"]] | None
    """Delivers originals in these formats, and with `animation` those with several frames, at their own size and in their own format: all other parameters but `metadata` are ignored for them. An SVG is sanitised."""

    pixelate: int | None
    """Pixelates the image: block size in pixels of the result. Default: 0."""

    pixelate_areas: str | None
    """Pixelates these regions."""

    pixelate_faces: int | None
    """Pixelates detected faces (needs `pixmill[faces]`): block size in pixels of the result. Default: 0."""

    placeholder: Literal["lqip", "blurhash", "thumbhash", "color", "none", "colour"] | None
    """What is shown while the image loads: a tiny blurred image, the average colour, or nothing. `blurhash` and `thumbhash` show the colour and add the hash as a `data-` attribute for scripts. Images with transparency show none, as it would remain behind them. Default: lqip."""

    profile: Literal["srgb", "keep", "p3", "adobe", "rec2020", "prophoto"] | None
    """Colour space of the result: `srgb`, that of the original with its ICC profile (`keep`), or a wide gamut: Display P3 (`p3`), Adobe RGB 1998 (`adobe`), Rec. 2020 (`rec2020`) or ProPhoto (`prophoto`, which shows banding in 8 bits). `keep` writes a profile of what the original says in another way, and Rec. 2020 for HDR. Greyscale results have a profile with `keep` only. CMYK and Lab always become sRGB, as does everything in GIF, BMP, ICO, JPEG XL and placeholders. Colours in the request are sRGB, and overlays have the colours of their file; other operations treat the values as sRGB. Default: srgb."""

    progressive: bool | None
    """Progressive JPEG, interlaced PNG and GIF: a coarse image appears first while loading. Default: false."""

    progressive_blur: Sequence[float | str] | str | None
    """Blur that increases in this direction, from 0 to sigma in pixels of the result."""

    quality: int | str | None
    """Visual quality, 1–100, on the same scale for all lossy formats (80 looks the same in JPEG, WebP and AVIF). `auto` finds, in at most three encodings, the quality at which this image has the score (SSIMULACRA2) of photographs at 80, or at N with `auto:N`. For animations, `auto` means 80 and `auto:N` means N. Default: 80."""

    quality_scale: Literal["perceived", "jpeg"] | None
    """What `quality` is a number of: of how the result looks (`perceived`), for which less is needed where light is mixed, or of libjpeg, and what looks the same in other formats (`jpeg`). Default: perceived."""

    quant_table: int | None
    """JPEG quantisation table, numbered as in mozjpeg: 0 standard (Annex K), 1 flat, 2 MSSIM-tuned, 3 ImageMagick, 4 PSNR-HVS-M-tuned, 5 Klein, 6 Watson, 7 Ahumada, 8 Peterson. Default: 0."""

    radius: float | Sequence[float] | str | None
    """Rounds the corners, in pixels of the result; radii that are too large shrink together, as in CSS. The corners become transparent, or show `background` if the format has no transparency. Applied after the effects and before the padding of `fit=contain` and `padding`."""

    reject: Literal["jpeg", "png", "webp", "avif", "gif", "tiff", "bmp", "ico", "svg", "heic", "jxl", "jp2", "psd", "pdf", "raw", "video"] | Sequence[Literal["jpeg", "png", "webp", "avif", "gif", "tiff", "bmp", "ico", "svg", "heic", "jxl", "jp2", "psd", "pdf", "raw", "video"]] | None
    """Answers originals in these formats with 415."""

    reverse: bool | None
    """Plays an animation backwards. All frames of the result are in memory then: at most 128 MiB of pixels. Default: false."""

    rgb: Sequence[float] | str | None
    """Added to red, green and blue, in percent of white. Default: 0,0,0."""

    rotate: float | None
    """Clockwise rotation in degrees, applied after EXIF orientation. Multiples of 90 come before everything else and are lossless. Other angles come after the resize: the result grows to hold the corners, which show `background`, or are transparent if no background is given and the format supports it. Default: 0."""

    rounding: Literal["half_up", "half_even", "truncate", "double_truncate", "ceil", "reciprocal_half_up", "reciprocal_half_even", "completed_box"] | None
    """Rounding of computed sides, and of the canvas of a rotation by any angle. Default: sides half up, the canvas of a rotation up. `half_up` and `half_even` differ at exact halves; `truncate` drops the fraction. The others repeat the arithmetic of other services in double precision: `reciprocal_half_up` of imgproxy and `reciprocal_half_even` of sharp (a height of 900 at a width of 333 of 600 px is 499, not 499.5), `double_truncate` of Wagtail. `completed_box` of thumbor computes the free side half to even and fits into that box."""

    saturation: float | None
    """Saturation, as CSS `saturate()`: -100 removes all colour, 100 doubles the distance from grey. Default: 0."""

    sepia: float | None
    """Sepia tone in percent, as CSS `sepia()`. Default: 0."""

    shadows: float | None
    """Lightens or, below 0, deepens the dark tones; black, white and light tones stay. Default: 0."""

    sharpen: float | None
    """Sharpens by this amount: unsharp mask with a sigma of 1. Default: 0."""

    sharpen_lab: Sequence[float] | str | None
    """Sharpens L* of CIE Lab as libvips and sharp do: `flat` is the strength in smooth areas, `jagged` at edges, where the difference to the image blurred by `sigma` exceeds `threshold` (2). It becomes at most `max_lighten` (10) lighter and `max_darken` (20) darker."""

    sizes: str | None
    """Width of the image on the page: the HTML attribute `sizes`. `auto`, for images with `loading=lazy`, is the width that the browser has laid out; browsers that do not know it use what follows. Default: `auto` for lazy images, then the width of the element or `100vw`, whichever is less."""

    speed: float | None
    """Speed of an animation: 2 plays twice as fast. Default: 1."""

    subsampling: Literal["auto", "420", "422", "444", 420, 422, 444] | None
    """Chroma subsampling (JPEG, AVIF, HEIC): `420` keeps a quarter of the chroma samples, `422` half, `444` all. `auto` is `420`; for drawings in JPEG, and JPEG from `quality=90` on, `444`. With `trellis`, `deringing`, `optimize_scans` or `quant_table`, and in AVIF of more than 8 bits, `422` is written as `444`. Default: auto."""

    then: str | Sequence[StageParams] | None
    """Further stages, run in order after all other operations, each on the result of the one before it."""

    threshold: int | None
    """Black and white: pixels at least as light as this 8-bit grey become white, all others black. Default: 0."""

    tiff_compression: Literal["lzw", "deflate", "jpeg", "packbits", "none"] | None
    """TIFF compression. `jpeg` is lossy (see `quality`) and is replaced by `lzw` if the image has transparency. Default: lzw."""

    time: float | str | None
    """Timestamp of the video frame to use, in seconds or with a unit. Default: the most representative of several frames across the video."""

    tint: str | None
    """Tints the image: keeps its lightness and takes the hue of this colour. The opacity of the colour is the strength."""

    trellis: bool | None
    """Trellis quantisation for JPEG: about 15 % smaller, in nine times the time. Default: false."""

    trim: int | None
    """Cuts off borders of a single colour, after `rotate` and `flip` and before `crop`. The value is the tolerance: the maximum difference of each of red, green and blue from the border colour."""

    trim_color: str | None
    """Border colour for `trim`; `transparent` trims transparent borders. Default: the colour of the pixel at `trim_corner`."""

    trim_corner: Literal["top_left", "top_right", "bottom_left", "bottom_right"] | None
    """Corner of the image whose pixel has the border colour for `trim`. Default: top_left."""

    trim_equal: Literal["none", "horizontal", "vertical", "both"] | None
    """Makes `trim` cut the same amount from opposite sides, the smaller of the two: left and right (`horizontal`), top and bottom (`vertical`), or `both`. Default: none."""

    trim_padding: float | str | None
    """Pixels of the border that `trim` keeps on each side, or percent of the mean of the sides that are left; a negative number cuts off as much of the image. Default: 0."""

    unsharp: Sequence[float] | str | None
    """Unsharp mask of luma: adds `amount` times the difference to the image blurred by `sigma`, where it exceeds `threshold` (in 8-bit values)."""

    vibrance: float | None
    """Saturation of muted colours: grey and fully saturated colours stay. -100 removes most of the muted colour. Default: 0."""

    vignette: float | None
    """Vignette: darkens the corners, in percent. Default: 0."""

    warmth: float | None
    """White balance: makes colours warmer, or cooler below 0, at the same luminance of white. Each unit moves the white point by 1 mired (100: as if daylight of 6,500 K were taken for 3,940 K). Default: 0."""

    webp_preset: Literal["default", "picture", "photo", "drawing", "icon", "text"] | None
    """Content hint for the WebP encoder. Default: default."""

    width: int | str | None
    """Width of the box: pixels, or percent of the width of the image, or of its region cut out by `crop`. Default: follows from `height` and the aspect ratio. `auto`: the width at which the client shows the image, by client hints; without hints as by default."""

    widths: Sequence[float] | str | None
    """Widths of the candidates in pixels. Those larger than the original are replaced by the width of the original, unless it is an SVG or a PDF. With `width` the default is `width`, twice `width`, and those of the default below that are not close to either. Default: 256,384,640,750,828,1080,1200,1920,2048,2560,3840."""


class GpsInfo(TypedDict):
    """Where an image was taken: degrees, north and east positive; metres above sea level."""

    latitude: float
    longitude: float
    altitude: NotRequired[float]


class SwatchInfo(TypedDict):
    """A palette colour (``#rrggbb``) and its share of the image, 0 to 1."""

    colour: str
    share: float


class Info(TypedDict):
    """The response of ``/info``; width and height are as displayed, after orientation."""

    format: Literal["jpeg", "png", "webp", "avif", "gif", "tiff", "bmp", "ico", "svg", "heic", "jxl", "jp2", "psd", "pdf", "raw", "video", "blurhash", "thumbhash", "lqip", "json"]
    width: int
    height: int
    frames: int
    alpha: bool
    orientation: int
    colour_space: str
    profile: str
    bytes: int
    pages: NotRequired[int]
    exact_width: NotRequired[float]
    exact_height: NotRequired[float]
    hash: NotRequired[str]
    exif: NotRequired[dict[str, str | int | float | list[int | float]]]
    gps: NotRequired[GpsInfo]
    iptc: NotRequired[dict[str, list[str]]]
    xmp: NotRequired[str]
    average: NotRequired[str]
    palette: NotRequired[list[SwatchInfo]]
    blurhash: NotRequired[str]
    thumbhash: NotRequired[str]
    phash: NotRequired[str]
    lqip: NotRequired[str]
