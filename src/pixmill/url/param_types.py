"""The types of keywords, for editors and type checkers; not imported at run time. Written by ``make docs`` from the parameters of the server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Literal, TypedDict

Number = int | float | Decimal | Fraction
Values = str | Number | Sequence[str | Number]
Texts = str | Sequence[str]
Part = Mapping[str, object]


class ImageParams(TypedDict, total=False):
    """What makes an image."""

    v: str
    """Cache-busting version of the source: another version is fetched again."""
    preset: Texts
    """Presets of this server (PIXMILL_PRESETS), applied from left to right."""
    rotate: Number | str
    """Clockwise rotation in degrees, applied after EXIF orientation."""
    flip: Literal["none", "horizontal", "vertical", "both"]
    """Mirrors the image: left to right (horizontal, h), top to bottom (vertical, v), or both (both, hv)."""
    trim: int
    """Cuts off borders of a single colour, after rotate and flip and before crop."""
    trim_color: str
    """Border colour for trim; transparent trims transparent borders."""
    trim_equal: Literal["none", "horizontal", "vertical", "both"]
    """Makes trim cut the same amount from opposite sides, the smaller of the two: left and right (horizontal), top and bottom (vertical), or both."""
    trim_corner: Literal["top_left", "top_right", "bottom_left", "bottom_right"]
    """Corner of the image whose pixel has the border colour for trim."""
    trim_padding: int | str
    """Pixels of the border that trim keeps on each side, or percent of the mean of the sides that are left; a negative number cuts off as much of the image."""
    crop: Values
    """Region to cut out before the resize, in the image as oriented, rotated, flipped and trimmed."""
    crop_aspect: Values
    """Aspect ratio of the window: the largest of it in crop=window:…, or in the image."""
    crop_gravity: str
    """Place of the window that crop or crop_aspect cuts out, as for gravity; offsets are pixels of the original."""
    crop_overflow: Literal["clip", "move", "reset", "ignore", "refuse"]
    """What becomes of a crop that does not lie in the image."""
    width: int | str
    """Width of the box: pixels, or percent of the width of the image, or of its region cut out by crop."""
    dpr: Number | str
    """Device pixel ratio (auto: that of the client, by client hints): multiplies width, height, min_*, max_width, max_height, canvas, padding and the pixel offsets of gravity."""
    dpr_rule: Literal["full", "capped", "stepped", "dropped"]
    """What becomes of dpr if the image is too small for it."""
    padding_inside: bool
    """Takes padding in pixels off the box, so that width and height are those of the result."""
    height: int | str
    """Height of the box, like width."""
    aspect: Values
    """Aspect ratio of the box."""
    fit: Literal["cover", "contain", "fill", "inside", "outside", "auto"]
    """How the image is fitted to width × height."""
    gravity: str
    """Crop anchor for fit=cover and aspect: a compass direction, a focal point (fp), a share of the space that the box leaves (pos, as in CSS background-position), weighted focal regions (fr), points or regions in pixels of the original (px), auto (the subject: faces, if pixmill[faces] is installed, then what is sharp and stands out), smart (most salient region, libvips attention), smart:entropy (highest entropy) or face (needs pixmill[faces]; without a face as auto)."""
    enlarge: bool | Literal["error", "never"]
    """Allows upscaling of images that are smaller than the box."""
    shrink: bool
    """Allows downscaling of images that are larger than the box."""
    zoom: Number | str
    """Scale factor for the box or, without a box, for the image: scale=0.5 and scale=pct:50 halve it."""
    adaptive: bool
    """Swaps the width and height of the box to match the orientation of the image (portrait or landscape)."""
    min_width: int
    """Minimum width of the result: upscales it, keeping the aspect ratio, even if enlarge is false."""
    min_height: int
    """Minimum height of the result, like min_width."""
    max_width: int
    """Maximum width of the result, after fit, aspect and zoom: downscales it, keeping the aspect ratio."""
    max_height: int
    """Maximum height of the result, like max_width."""
    kernel: Literal["lanczos3", "lanczos2", "cubic", "mitchell", "linear", "nearest"]
    """Resampling kernel."""
    rounding: Literal[
        "half_up",
        "half_even",
        "truncate",
        "double_truncate",
        "ceil",
        "reciprocal_half_up",
        "reciprocal_half_even",
        "completed_box",
    ]
    """Rounding of computed sides, and of the canvas of a rotation by any angle."""
    skip_smaller: Literal["never", "both", "below", "either"]
    """Images that are left as they are, without a crop or padding: both, those that exceed the box with neither side; below, those with both sides below those of the box; either, those with one."""
    max_enlarged_side: int
    """The longest side to which an image is enlarged: if a side would become longer than this and than that of the image, the image is left as it is."""
    min_fitted_side: int
    """The shortest side of a result: if a side would become shorter, the image is left as it is."""
    max_side: int
    """Longest side of the result with its canvas and padding, all of which shrink alike."""
    max_area: int
    """Maximum number of pixels of the result, like max_width, but independent of dpr."""
    light: Literal["auto", "linear", "gamma"]
    """What resizing and rotations by any angle mix: light (linear), which keeps the brightness of fine detail, or sRGB values (gamma or srgb), as most other services and browsers do, which darkens it but keeps thin dark lines on white."""
    grayscale: bool
    """Converts to greyscale: luminance, weighted in linear light."""
    clahe: Values
    """Enhances local contrast: contrast-limited adaptive histogram equalisation (CLAHE) of luma."""
    normalize: bool
    """Stretches contrast between the 1st and 99th percentile."""
    equalize: bool
    """Equalises the histogram of each channel, so that all values are about equally frequent."""
    levels: Values
    """Maps one 8-bit value to black and another to white, with a gamma in between."""
    curves: Values
    """Smooth tone curve through these points, for all channels."""
    curves_red: Values
    """Tone curve for red, applied after curves."""
    curves_green: Values
    """Tone curve for green, applied after curves."""
    curves_blue: Values
    """Tone curve for blue, applied after curves."""
    gamma: Number
    """Gamma correction: value ^ (1 / gamma)."""
    warmth: Number | str
    """White balance: makes colours warmer, or cooler below 0, at the same luminance of white."""
    exposure: Number | str
    """Exposure in stops: 1 doubles the light, -1 halves it, in linear light."""
    highlights: Number | str
    """Lightens or, below 0, recovers the light tones; black, white and dark tones stay."""
    shadows: Number | str
    """Lightens or, below 0, deepens the dark tones; black, white and light tones stay."""
    brightness_factor: Number
    """Multiplies each channel, as CSS brightness(): 0 is black, 1 no change, 2 twice as bright."""
    brightness: Number | str
    """Added to each channel, in percent of white."""
    contrast: Number | str
    """Contrast around mid-grey: -100 is all mid-grey, 100 is black and white."""
    rgb: Values
    """Added to red, green and blue, in percent of white."""
    invert: bool
    """Inverts the colours; alpha is unchanged."""
    lightness: Number | str
    """Added to L* of CIE Lab: lightens or darkens without changing the hue."""
    modulate: Values
    """Factors of lightness and chroma, and degrees added to the hue, of CIE LCh: as sharp's modulate."""
    vibrance: Number | str
    """Saturation of muted colours: grey and fully saturated colours stay."""
    color_matrix: Values
    """Mixes the channels, on sRGB values: the weights of red, green and blue in the new red, then in the new green, then in the new blue; as sharp's recomb."""
    saturation: Number | str
    """Saturation, as CSS saturate(): -100 removes all colour, 100 doubles the distance from grey."""
    hue: Number | str
    """Rotates all hues by degrees, as CSS hue-rotate(); -90 equals 270."""
    sepia: Number
    """Sepia tone in percent, as CSS sepia()."""
    tint: str
    """Tints the image: keeps its lightness and takes the hue of this colour."""
    monochrome: str
    """Maps luminance to shades from black to this colour."""
    duotone: Values
    """Maps luminance to shades from the dark to the light colour."""
    colorize: str
    """Overlays this colour."""
    threshold: int
    """Black and white: pixels at least as light as this 8-bit grey become white, all others black."""
    blur: Number
    """Gaussian blur: sigma in pixels of the result."""
    blur_space: Literal["linear", "srgb"]
    """What blur mixes: light (linear), in which bright areas spread as behind a lens, or sRGB values (srgb), as most other services and CSS do."""
    progressive_blur: Values
    """Blur that increases in this direction, from 0 to sigma in pixels of the result."""
    median: int
    """Median filter (removes specks): radius in pixels of the result."""
    dilate: int
    """Morphological dilation: light areas grow by this radius in pixels of the result."""
    erode: int
    """Morphological erosion: dark areas grow by this radius, after dilate."""
    morphology: Literal["values", "bits"]
    """What dilate and erode look at: values, or each bit of them by itself (bits), as sharp does; in black and white both are the same."""
    sharpen: Number
    """Sharpens by this amount: unsharp mask with a sigma of 1."""
    unsharp: Values
    """Unsharp mask of luma: adds amount times the difference to the image blurred by sigma, where it exceeds threshold (in 8-bit values)."""
    sharpen_lab: Values
    """Sharpens L* of CIE Lab as libvips and sharp do: flat is the strength in smooth areas, jagged at edges, where the difference to the image blurred by sigma exceeds threshold (2)."""
    convolution: Values
    """Convolution: each value becomes the weighted sum of its neighbours plus the offset."""
    pixelate: int
    """Pixelates the image: block size in pixels of the result."""
    blur_areas: Values
    """Blurs these regions."""
    pixelate_areas: Values
    """Pixelates these regions."""
    blur_faces: Number
    """Blurs detected faces (needs pixmill[faces]): sigma in pixels of the result."""
    pixelate_faces: int
    """Pixelates detected faces (needs pixmill[faces]): block size in pixels of the result."""
    gradient: Values
    """Overlays a linear gradient between two colours in this direction."""
    vignette: Number
    """Vignette: darkens the corners, in percent."""
    noise: Number
    """Adds film grain: standard deviation in percent of white."""
    radius: Values
    """Rounds the corners, in pixels of the result; radii that are too large shrink together, as in CSS."""
    mask: Values
    """Shows only what is inside a centred shape, or applies the alpha channel or the luminance of another image, stretched over this one, as a mask."""
    border: Values
    """Draws a border inside the edges, the rounded corners or the mask shape; the size of the image stays the same."""
    opacity: Number
    """Opacity of the image in percent, its border included: before padding and overlays."""
    flatten: str
    """Puts this colour behind the image, also if the format has transparency: after radius, mask and opacity, before padding."""
    canvas: Values
    """Canvas around the fitted image, independent of width and height: its sides in pixels (times dpr) or in percent of the image, where 0 is the side of the image, or an aspect ratio that it is extended to."""
    canvas_gravity: str
    """Position of the image on the canvas, and of what canvas_cut leaves of it."""
    canvas_cut: bool
    """Cuts the image where canvas is smaller, without scaling it, before a rotation by any angle; an aspect ratio becomes the largest in the image."""
    extend: Literal["color", "blur", "edge", "mirror", "average"]
    """Fill of padding, canvas and the padding of fit=contain: background (color), a blurred copy of the image (blur), edge pixels repeated (edge), the image mirrored (mirror), or its average colour (average)."""
    padding: Values
    """Pixels added around the result, outside of the box: all sides; top and bottom, left and right; or top, right, bottom, left."""
    overlay: str | Part | Sequence[Part]
    """Draws images and texts over the result, in this order, after padding."""
    background: str
    """Background colour: for the padding of fit=contain and padding, the corners opened by rotate, and behind transparent images if the format has no transparency."""
    animated: bool
    """Keeps animations animated if the output format supports it (GIF, WebP, APNG, AVIF), with their timing and number of loops; all operations apply to each frame."""
    page: int
    """Frame of an animation or page of a document, counted from 1; the result is a still image."""
    dpi: int
    """Resolution of a PDF or SVG, in pixels per inch, where its own size counts."""
    time: Number | str | timedelta
    """Timestamp of the video frame to use, in seconds or with a unit."""
    orientation: Literal["auto", "none", "2", 2, "3", 3, "4", 4, "5", 5, "6", 6, "7", 7, "8", 8]
    """Orientation of the original: as recorded in it (auto), as stored (none), or one of the eight of EXIF, which replaces the recorded one."""
    reject: (
        str
        | Sequence[
            Literal[
                "jpeg",
                "png",
                "webp",
                "avif",
                "gif",
                "tiff",
                "bmp",
                "ico",
                "svg",
                "heic",
                "jxl",
                "jp2",
                "psd",
                "pdf",
                "raw",
                "video",
            ]
        ]
    )
    """Answers originals in these formats with 415."""
    max_frames: int
    """Maximum number of frames of an animation: the first ones."""
    frame_step: int
    """Shows only every N-th frame of an animation, from the first, in the same time: a frame lasts as long as those that are left out after it."""
    animated_formats: str | Sequence[Literal["png", "webp", "avif", "gif"]]
    """Only animations in these formats stay ones; others become a still image of their first frame."""
    decode_scaling: Literal["auto", "none", "sharp", "pillow"]
    """How a JPEG or WebP is scaled while it is decoded: as mode says (auto), not at all (none), or a JPEG by the factors of sharp, or of pillow if it is not cropped, each to whole pixels as results of sharp and thumbor show them."""
    then: str | Part | Sequence[Part]
    """Further stages, run in order after all other operations, each on the result of the one before it."""
    format: (
        Literal[
            "auto",
            "best",
            "jpeg",
            "png",
            "webp",
            "avif",
            "gif",
            "jxl",
            "heic",
            "tiff",
            "bmp",
            "ico",
            "svg",
            "blurhash",
            "thumbhash",
            "lqip",
            "json",
            "original",
        ]
        | str
    )
    """Output format."""
    quality: int | str
    """Visual quality, 1–100, on the same scale for all lossy formats (80 looks the same in JPEG, WebP and AVIF)."""
    metadata: Literal["strip", "copyright", "keep", "all"]
    """EXIF, XMP and IPTC in the result: none (strip), author and copyright as EXIF (copyright), what tells no place (keep), or all."""
    profile: Literal["srgb", "keep", "p3", "adobe", "rec2020", "prophoto"]
    """Colour space of the result: srgb, that of the original with its ICC profile (keep), or a wide gamut: Display P3 (p3), Adobe RGB 1998 (adobe), Rec."""
    mode: Literal["fast", "balanced", "best"]
    """Speed/quality trade-off."""
    quality_scale: Literal["perceived", "jpeg"]
    """What quality is a number of: of how the result looks (perceived), for which less is needed where light is mixed, or of libjpeg, and what looks the same in other formats (jpeg)."""
    effort: int
    """Encoder effort, from 0 (fastest) to 9 (smallest file), for WebP, AVIF, PNG, GIF and JPEG XL."""
    progressive: bool
    """Progressive JPEG, interlaced PNG and GIF: a coarse image appears first while loading."""
    subsampling: Literal["auto", "420", 420, "422", 422, "444", 444]
    """Chroma subsampling (JPEG, AVIF, HEIC): 420 keeps a quarter of the chroma samples, 422 half, 444 all."""
    trellis: bool
    """Trellis quantisation for JPEG: about 15 % smaller, in nine times the time."""
    deringing: bool
    """Reduces ringing near black and white edges in JPEG (overshoot deringing)."""
    optimize_scans: bool
    """Splits the scans of a progressive JPEG where that saves bytes; implies progressive."""
    quant_table: int
    """JPEG quantisation table, numbered as in mozjpeg: 0 standard (Annex K), 1 flat, 2 MSSIM-tuned, 3 ImageMagick, 4 PSNR-HVS-M-tuned, 5 Klein, 6 Watson, 7 Ahumada, 8 Peterson."""
    lossless: bool
    """Lossless WebP, AVIF and JPEG XL; quality then has no effect."""
    near_lossless: int
    """Near-lossless WebP: preprocesses pixels for smaller files."""
    webp_preset: Literal["default", "picture", "photo", "drawing", "icon", "text"]
    """Content hint for the WebP encoder."""
    depth: Literal["8", 8, "10", 10, "12", 12]
    """Bits per channel in AVIF; more bits make smoother gradients."""
    colors: int
    """Maximum number of palette colours in PNG and ICO, rounded down to 256, 16, 4 or 2, and in GIF, rounded down to a power of two."""
    dither: Number
    """Strength of dithering in palette images."""
    tiff_compression: Literal["lzw", "deflate", "jpeg", "packbits", "none"]
    """TIFF compression."""
    max_bytes: int | str
    """Maximum size of the result, in bytes or with a unit."""
    max_bytes_strict: bool
    """What happens if the result cannot be made as small as max_bytes: with false the smallest one is sent instead of an error."""
    passthrough: (
        str
        | Sequence[
            Literal["animation", "jpeg", "png", "webp", "avif", "gif", "jxl", "heic", "tiff", "bmp", "ico", "svg"]
        ]
    )
    """Delivers originals in these formats, and with animation those with several frames, at their own size and in their own format: all other parameters but metadata are ignored for them."""
    frame_delay: int | str
    """How long the frames of an animation are shown, in milliseconds or each with a unit, and in their order; the last delay is that of all further frames."""
    loop: int
    """How often an animation plays; 0 for ever."""
    speed: Number
    """Speed of an animation: 2 plays twice as fast."""
    reverse: bool
    """Plays an animation backwards."""
    dpr_max_side: int
    """With dpr_rule=dropped: the longest side of a result that dpr may multiply."""
    clamp: Literal["shape", "sides", "box", "original"]
    """What becomes of the box if the image may not be scaled to it."""
    exceeding: Literal["shrink", "error"]
    """What becomes of a result that would exceed max_width, max_height or max_area: it is downscaled, or the request fails with 400."""
    crop_aspect_rule: Literal["exact", "thumbor"]
    """How crop_aspect is rounded to whole pixels of the original: half up (exact), or as by thumbor: a width up, a height and the position half to even, and nothing is cut if the image has this ratio in two decimals."""
    original_formats: (
        str | Sequence[Literal["jpeg", "png", "webp", "avif", "gif", "jxl", "heic", "tiff", "bmp", "ico", "svg"]]
    )
    """For format=original, and an order that ends with it: only originals in these formats keep theirs; others get the first of these that can hold their transparency and their frames."""
    include: (
        str
        | Sequence[
            Literal[
                "hash", "exif", "gps", "iptc", "xmp", "average", "palette", "blurhash", "thumbhash", "phash", "lqip"
            ]
        ]
    )
    """Information that /info, and /resize with format=json, return in addition to the header."""
    palette_colors: int
    """Maximum number of colours in palette."""
    filename: str
    """Sends the result as a download with this name; its extension is replaced by that of the format."""
    disposition: Literal["attachment", "inline"]
    """Whether the result with a filename is downloaded, or shown and only saved under that name."""
    tags: Texts
    """Surrogate keys (cache tags) by which the operator can purge the result."""
    max_age: Number | str | timedelta
    """How long caches may keep this response, in seconds or with a unit, instead of as long as the result is fresh."""
    fallback: str
    """Image to return if the original cannot be fetched or decoded, with the same parameters."""
    fallback_status: Literal["200", 200, "error"]
    """Status of a response with the fallback: 200, or that of the error."""


class InfoParams(TypedDict, total=False):
    """What is asked about an original."""

    v: str
    """Cache-busting version of the source: another version is fetched again."""
    include: (
        str
        | Sequence[
            Literal[
                "hash", "exif", "gps", "iptc", "xmp", "average", "palette", "blurhash", "thumbhash", "phash", "lqip"
            ]
        ]
    )
    """Information that /info, and /resize with format=json, return in addition to the header."""
    palette_colors: int
    """Maximum number of colours in palette."""
