"""The examples of the reference: for each parameter requests on the sample photos, and what their results show.

``docs/gallery.py`` renders them, ``docs/generate.py`` writes the pages. A parameter that changes pixels needs an example;
``tests/test_examples.py`` says which one has none.
"""

from dataclasses import dataclass
from urllib.parse import quote

BOWL = "url=fig.jpg&width=240"
DOGS = "url=friends.jpg&width=160&height=160&fit=cover"
FIELD = "url=seeding.jpg&width=240"
HILLS = "url=sunset.jpg&width=240"
MILL = "url=mill.png&width=160"
BOX = "url=seeding.jpg&width=160&height=160"
YELLOW = "url=seeding.jpg&width=200&background=ffcc66"


@dataclass(frozen=True)
class Example:
    """``base`` is the request without the parameter, ``caption`` a sentence about the result."""

    base: str
    value: str
    caption: str

    def query(self, name: str) -> str:
        """Return the query as a client writes it."""
        return f"{self.base}&{name}={quote(self.value, safe=',:;|/')}"

    @property
    def photo(self) -> str:
        return self.base.removeprefix("url=").partition("&")[0] if self.base.startswith("url=") else self.value


def _each(base: str, *pairs: tuple[str, str]) -> tuple[Example, ...]:
    return tuple(Example(base, value, caption) for value, caption in pairs)


SIZE = {
    "width": _each("url=fig.jpg", ("240", "240 px wide; the height follows from the aspect ratio."), ("pct:8", "8 % of the width of the original.")),
    "height": _each("url=fig.jpg", ("120", "120 px high; the width follows.")),
    "aspect": _each("url=fig.jpg&width=240", ("16:9", "The whole width, cut at the top and bottom to 16:9."), ("1", "A square, cut at the sides.")),
    "fit": _each(
        BOX,
        ("inside", "Fits into 160 × 160, without padding: the result is 160 × 90."),
        ("cover", "Fills the square, and cuts off the sides."),
        ("contain", "Fits into the square, and pads it: white above and below."),
        ("fill", "Stretched to the square; flowers become narrow."),
        ("outside", "Covers the square without cropping: 160 px high, and wider."),
    ),
    "gravity": _each(
        "url=friends.jpg&width=200&height=110&fit=cover",
        ("north", "The top of the photo stays: the curtain, and half of a dog."),
        ("south", "The bottom stays: the fence."),
        ("auto", "The subject stays: both heads."),
        ("smart", "The most salient region stays: the head of the upper dog."),
        ("smart:entropy", "The region with most detail stays: boards, and the lower dog."),
        ("fp:0.5,0.3", "The point at 50 % of the width and 30 % of the height is in the centre: the upper dog."),
        ("fp:0.4,0.32,zoom:2", "The same point, at twice the scale: one dog fills the result."),
        ("fr:0.3,0.4,0.4,0.25", "The region around the lower dog is in the centre."),
        ("px:1150,1550", "The pixel 1150, 1550 of the original is in the centre: the lower dog."),
        ("n:0,50", "The top, moved down by 50 px: the whole dog comes into view."),
    ),
    "zoom": _each(BOWL, ("0.5", "Half of the size that is requested: 120 px wide."), ("pct:75", "Three quarters of it.")),
    "dpr": _each("url=fig.jpg&width=120", ("2", "For a display with two pixels for each CSS pixel: `width=120` gives 240 px."), ("1.5", "180 px.")),
    "dpr_rule": _each("url=mill.png&width=300&padding=10&background=ffcc66&dpr=4", ("capped", "The drawing has 800 px: `dpr` is reduced from 4 to 800 / 300, and so is the padding.")),
    "dpr_max_side": _each("url=wine.jpg&width=140&dpr=4&dpr_rule=dropped", ("500", "560 px would exceed the limit of 500: `dpr` counts as 1.")),
    "enlarge": _each("url=mill.png&width=900", ("true", "The drawing has 800 px, the result 900.")),
    "shrink": _each("url=mill.png&width=280&height=280&fit=contain&background=ffcc66", ("false", "Not reduced to the box: the result has the 800 px of the original.")),
    "clamp": _each("url=mill.png&width=900&height=200&fit=cover", ("sides", "The width is limited to the 800 px of the original, the height stays 200. Without it the box would shrink in its shape, to 800 × 178.")),
    "skip_smaller": _each("url=mill.png&width=900&height=900&fit=cover&enlarge=true", ("both", "Smaller than the box on both sides, so it is not resized.")),
    "max_enlarged_side": _each("url=mill.png&width=2500&enlarge=true", ("1000", "2500 px are requested, more than 1000: the drawing is left at its 800 px.")),
    "min_fitted_side": _each("url=mill.png&width=20", ("60", "20 px are requested, less than 60: the drawing is left at its 800 px.")),
    "min_width": _each("url=wine.jpg&width=50", ("120", "50 px are requested, 120 is the minimum.")),
    "min_height": _each("url=seeding.jpg&height=40", ("100", "40 px are requested, 100 is the minimum.")),
    "max_width": _each("url=fig.jpg&width=400", ("240", "400 px are requested, 240 is the maximum.")),
    "max_height": _each("url=fig.jpg&width=400", ("120", "Reduced until the height is 120.")),
    "max_area": _each("url=fig.jpg&width=400", ("30000", "Reduced to 30,000 pixels in all: about 210 × 142.")),
    "exceeding": _each("url=fig.jpg&width=240&max_width=300", ("error", "240 px are below the maximum of 300; 400 would be an error instead of being reduced.")),
    "max_side": _each("url=seeding.jpg&width=300&background=ffcc66&padding=40", ("240", "Photo and padding together are 380 px wide, and are reduced to 240.")),
    "adaptive": _each("url=umang.jpg&width=120&height=200", ("true", "The box is turned for an image in landscape: 200 × 120 instead of 120 × 200.")),
    "kernel": _each("url=fig.jpg&crop=1250,820,60,40&width=240&enlarge=true", ("nearest", "Enlarged four times by repeating pixels: hard edges."), ("cubic", "The same, interpolated.")),
    "light": _each("url=friends.jpg&width=100", ("gamma", "Averaged as the file's numbers are: fine bright lines turn out darker than in linear light, which photos have by default.")),
    "rounding": _each("url=umang.jpg&width=200", ("half_even", "The height is exactly 112.5, and rounded to the even number; without it, to 113.")),
    "canvas": _each(YELLOW, ("240,160", "A canvas of 240 × 160, with the photo in its centre."), ("pct:120,120", "A fifth wider and higher than the photo."), ("1:1", "The smallest square around the photo.")),
    "canvas_cut": _each(f"{YELLOW}&canvas=240,80", ("true", "The canvas is lower than the photo, which is cut off.")),
    "canvas_gravity": _each(f"{YELLOW}&canvas=240,160", ("north", "At the top of the canvas."), ("se:10,20", "10 px from the right, 20 px from the bottom.")),
    "padding": _each(YELLOW, ("10", "10 px on every side."), ("10,30", "10 px above and below, 30 px left and right."), ("0,10,20,30", "Top, right, bottom and left, as in CSS."), ("pct:5,10", "Shares of the sides.")),
    "padding_inside": _each(f"{YELLOW}&padding=20", ("true", "The padding is part of the 200 px: the photo has 160.")),
    "extend": _each(
        f"{BOX}&fit=contain",
        ("color", "The box is filled with `background`, white by default."),
        ("blur", "Filled with a blurred copy."),
        ("edge", "The pixels of the edge are repeated."),
        ("mirror", "The photo is mirrored at its edges."),
    ),
}  # fmt: skip

TRANSFORM = {
    "rotate": _each(BOWL, ("90", "A quarter turn, clockwise."), ("-12.5", "12.5 degrees anticlockwise; the corners are transparent, in a JPEG white.")),
    "flip": _each(BOWL, ("horizontal", "Mirrored: left becomes right."), ("vertical", "Upside down."), ("both", "Both: the same as half a turn.")),
    "trim": _each("url=mill.png&width=160&background=white", ("10", "The empty border around the mill is gone.")),
    "trim_color": _each("url=mill.png&width=160&trim=10", ("transparent", "What is transparent counts as border.")),
    "trim_equal": _each("url=mill.png&width=160&trim=10", ("horizontal", "The same amount is cut off left and right, so the mill stays in the centre.")),
    "trim_corner": _each("url=mill.png&width=160&trim=10", ("bottom_right", "The colour of the border is that of the lower right corner.")),
    "trim_padding": _each("url=mill.png&width=160&trim=10", ("40", "40 px of the border are left."), ("-40", "40 px more are cut off.")),
    "crop": _each("url=fig.jpg&width=240", ("900,400,1000,800", "A region of the original: left, top, width and height in pixels."), ("pct:30,20,45,60", "Shares of the sides: the fig.")),
    "crop_gravity": _each("url=friends.jpg&crop=window:1000,700&width=200", ("north", "1000 × 700 px of the top."), ("smart", "1000 × 700 px of the most salient region: the dogs."), ("px:1150,1550", "1000 × 700 px around a point: the lower dog.")),
    "crop_aspect": _each("url=fig.jpg&width=160", ("1:1", "The largest square in the photo."), ("3:4", "The largest region in the shape 3:4.")),
    "crop_aspect_rule": _each("url=wine.jpg&width=160&crop_aspect=300:451", ("thumbor", "Sides are rounded as thumbor does, so that its URLs give the same size.")),
    "crop_overflow": _each("url=fig.jpg&width=240&crop=2000,1200,1000,800", ("move", "The region reaches beyond the photo, and is moved into it: it keeps its size.")),
    "radius": _each(FIELD, ("20", "Corners with a radius of 20 px."), ("0,0,40,40", "Upper left, upper right, lower right, lower left."), ("pct:50", "An ellipse.")),
    "mask": _each(
        "url=seeding.jpg&width=160&height=160&fit=cover",
        ("circle", "A circle."),
        ("star", "A star of five points."),
        ("polygon:8", "An octagon."),
        ("alpha:mill.png", "Visible where the drawing of the mill is opaque."),
    ) + _each(FIELD, ("ellipse", "An ellipse in the shape of the photo.")),
    "border": _each(FIELD, ("4", "Black, 4 px, within the size."), ("10,ffcc00", "Yellow, 10 px.")),
    "opacity": _each(BOWL, ("40", "40 % opaque: what is behind the image shows through.")),
    "flatten": _each("url=mill.png&width=160", ("ffcc00", "Transparent areas become yellow.")),
    "background": _each("url=mill.png&width=200&height=120&fit=contain", ("ffcc00", "Yellow behind the drawing and in the padding."), ("transparent", "The padding is transparent."), ("00000080", "Black, half transparent.")),
}  # fmt: skip

COLOUR = {
    "grayscale": _each(BOWL, ("true", "No colour; brightness stays.")),
    "clahe": _each(HILLS, ("32", "Contrast is raised region by region: structure appears in the dark ground."), ("24,5", "Stronger: the slope may be steeper.")),
    "normalize": _each(HILLS, ("true", "The darkest parts become black, the brightest white.")),
    "equalize": _each(HILLS, ("true", "All levels become equally frequent: the strongest contrast.")),
    "levels": _each(BOWL, ("40,1.2,215", "Below 40 is black, above 215 white, and the middle is brighter.")),
    "curves": _each(BOWL, ("0,0,64,40,192,215,255,255", "An S: shadows darker, lights brighter.")),
    "curves_red": _each(BOWL, ("0,0,128,170,255,255", "More red in the middle tones: the grey floor turns pink.")),
    "curves_green": _each(BOWL, ("0,0,128,100,255,255", "Less green: the floor turns purple.")),
    "curves_blue": _each(BOWL, ("0,40,255,225", "Blue in the shadows, less of it in the lights.")),
    "gamma": _each(BOWL, ("1.6", "Middle tones are brighter; black and white stay.")),
    "warmth": _each(FIELD, ("60", "Warmer: more red, less blue."), ("-60", "Cooler.")),
    "exposure": _each(HILLS, ("0.9", "Nearly one stop brighter: the ground becomes visible, the sky burns out."), ("-1", "One stop darker.")),
    "highlights": _each(HILLS, ("-80", "The bright sky is darker, the ground stays.")),
    "shadows": _each(HILLS, ("80", "The dark ground is brighter, the sky stays.")),
    "brightness_factor": _each(BOWL, ("1.4", "Each value is multiplied by 1.4.")),
    "brightness": _each(BOWL, ("25", "Brighter."), ("-25", "Darker.")),
    "contrast": _each(BOWL, ("40", "More contrast."), ("-40", "Less.")),
    "rgb": _each(BOWL, ("20,0,-20", "More red and less blue: the floor is orange.")),
    "invert": _each(BOWL, ("true", "A negative: the red bowl is cyan.")),
    "lightness": _each(BOWL, ("15", "Lighter in CIELAB; hues stay.")),
    "modulate": _each(BOWL, ("1.1,1.4,0", "A tenth brighter, with stronger colours."), ("1,1,120", "Hues turned by 120 degrees: the bowl is green.")),
    "vibrance": _each(FIELD, ("80", "Weak colours become stronger, strong ones hardly change."), ("-80", "Weak colours fade.")),
    "color_matrix": _each(BOWL, ("0.299,0.587,0.114,0.299,0.587,0.114,0.299,0.587,0.114", "Each channel is the brightness: grey."), ("0,1,0,1,0,0,0,0,1", "Red and green are exchanged: a green bowl.")),
    "saturation": _each(BOWL, ("60", "Stronger colours."), ("-60", "Weaker colours.")),
    "hue": _each(BOWL, ("90", "Hues turned by 90 degrees: a green bowl."), ("240", "By 240 degrees: a blue one.")),
    "sepia": _each(BOWL, ("80", "Brown, like an old print.")),
    "tint": _each(BOWL, ("704214", "Coloured brown."), ("0046dc80", "Coloured blue, by half.")),
    "monochrome": _each(BOWL, ("b3b3b3", "Shades of one grey.")),
    "duotone": _each(BOWL, ("28145a,fadc5a", "Shadows violet, lights yellow.")),
    "colorize": _each(BOWL, ("0044ff60", "A blue layer on top.")),
    "threshold": _each(BOWL, ("128", "Black and white: what is brighter than 128 is white.")),
}  # fmt: skip

EFFECT = {
    "blur": _each(BOWL, ("2.5", "A Gaussian blur with a sigma of 2.5 px."), ("8", "Sigma 8.")),
    "blur_space": _each("url=sunset.jpg&width=240&blur=6", ("srgb", "Blurred as the file's numbers are: the sun loses its light. In linear light, the default, it stays bright.")),
    "progressive_blur": _each(FIELD, ("down,12", "From sharp at the top to blurred at the bottom."), ("45,8,30,90", "Along 45 degrees, from 30 to 90 % of the way.")),
    "median": _each(FIELD, ("3", "Each pixel is the median of its neighbours: fine detail goes, edges stay.")),
    "dilate": _each(FIELD, ("2", "Bright parts grow.")),
    "erode": _each(FIELD, ("2", "Dark parts grow.")),
    "morphology": _each("url=sunset.jpg&width=240&dilate=2", ("bits", "Bits are combined instead of values, as sharp does: false colours.")),
    "sharpen": _each(FIELD, ("2", "Edges are sharper.")),
    "unsharp": _each(FIELD, ("2,1.5", "Radius 2, strength 1.5."), ("2,1.5,12", "Differences below 12 are left alone: smooth areas stay smooth.")),
    "sharpen_lab": _each(FIELD, ("1,1,2", "Only lightness is sharpened: no coloured fringes."), ("1.5,0,4,2,10,20", "Only edges, not smooth areas.")),
    "convolution": _each(BOWL, ("0,-1,0,-1,5,-1,0,-1,0", "A kernel that sharpens."), ("-1,-1,-1,-1,8,-1,-1,-1,-1;1;128", "A kernel that finds edges, on grey.")),
    "pixelate": _each(BOWL, ("12", "Blocks of 12 px.")),
    "blur_areas": _each(BOWL, ("8;100,40,90,80", "The region 100, 40 with 90 × 80 px is blurred: the fig."), ("12;pct:50,0,50,100", "The right half is blurred.")),
    "pixelate_areas": _each(BOWL, ("10;pct:35,25,40,50", "The fig is pixelated.")),
    "gradient": _each(FIELD, ("down,00000000,000000cc", "Dark at the bottom: a place for text."), ("30,ff000080,transparent,20,60", "Red, along 30 degrees, from 20 to 60 % of the way.")),
    "vignette": _each(BOWL, ("60", "Dark corners.")),
    "noise": _each(BOWL, ("6", "Grain; the same request always has the same grain.")),
}  # fmt: skip

OVERLAY = {
    "overlay": _each(
        FIELD,
        ("url:mill.png,width:pct:30,gravity:southeast,x:10,y:10", "A watermark: 30 % of the width, 10 px from the lower right corner."),
        ("text:Hello,, world!,size:32,color:white,shadow:black", "A text of 32 px in the centre, with a shadow."),
        ("url:mill.png,width:60,rotate:-30,opacity:30,repeat:both,gap:20;text:Draft,gravity:n,size:28", "Two overlays: the drawing tiled at 30 % opacity, and a text at the top."),
        ("url:friends.jpg,prepare:crop=pct:10,,0,,80,,60,width:110,then:grayscale=true&radius=pct:50", "The overlay is cropped, turned grey and rounded by stages of its own."),
        ("url:umang.jpg,width:pct:100,blend:color", "The colours of a gradient, the brightness of the photo."),
        ("url:mill.png,width:pct:60,blend:mask", "The photo stays only where the drawing is."),
        ("url:mill.png,width:100,gravity:northwest,x:-50,y:-30,expand:true", "The overlay stands out, and the image grows by that."),
    ),
}  # fmt: skip

STAGE = {
    "then": _each(
        FIELD,
        ("rotate=-12|crop=pct:14,14,72,72|radius=24", "Rotated, then cropped without the corners, then rounded."),
        ("fit=contain&width=240&height=240&extend=blur|width=120", "A square with a blurred margin, then reduced as a whole."),
    ),
}  # fmt: skip

OUTPUT = {
    "format": _each(BOWL, ("webp", "WebP."), ("jpeg", "JPEG."), ("png", "PNG: lossless, and many times larger.")),
    "quality": _each(f"{BOWL}&format=jpeg", ("80", "The default: no difference at arm's length."), ("30", "A fraction of the bytes, with visible blocks."), ("auto", "The quality that this image needs to look the same: here more than the default.")),
    "max_bytes": _each(f"{BOWL}&format=jpeg", ("5000", "The best quality that fits into 5,000 bytes.")),
    "quality_scale": _each(f"{BOWL}&format=jpeg&quality=60", ("jpeg", "60 as libjpeg counts.")),
    "subsampling": _each("url=fig.jpg&crop=480,780,240,160&format=jpeg&quality=60", ("444", "Colour in full resolution: red edges stay sharp.")),
    "lossless": _each(f"{MILL}&format=webp", ("true", "Every pixel is exact.")),
    "near_lossless": _each(f"{MILL}&format=webp", ("60", "Small differences are allowed, for fewer bytes.")),
    "colors": _each(f"{BOWL}&format=png", ("16", "A palette of 16 colours, with dithering."), ("4", "Four colours.")),
    "dither": _each(f"{BOWL}&format=png&colors=8", ("0", "Eight colours without dithering: flat areas with edges.")),
    "profile": _each(f"{BOWL}&format=jpeg", ("p3", "Display P3: looks the same, and holds colours that sRGB has not.")),
    "progressive": _each(f"{BOWL}&format=jpeg", ("true", "Looks the same; a browser shows a coarse version early.")),
    "effort": _each(f"{BOWL}&format=webp", ("6", "More time for the encoder, fewer bytes.")),
    "mode": _each(f"{BOWL}&format=webp", ("best", "More time for the encoder; this image has no bytes to spare.")),
}  # fmt: skip

SOURCE = {
    "url": (Example("width=240", "fig.jpg", "A file below the image root."),),
    "orientation": _each(BOWL, ("6", "Treated as if EXIF said 6: turned by a quarter.")),
}

EXAMPLES: dict[str, tuple[Example, ...]] = SIZE | TRANSFORM | COLOUR | EFFECT | OVERLAY | STAGE | OUTPUT | SOURCE

WITHOUT_IMAGE = {
    "blur_faces": "no sample photo shows people",
    "pixelate_faces": "no sample photo shows people",
}
"""Parameters that change pixels, and have no example: why."""
