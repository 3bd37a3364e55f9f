"""The filters of imagor, as one table. Arguments that cannot be read count as 0 or as missing, as in imagor.

Knows filters and plans; must never know how a URL is split.
"""

from fractions import Fraction
from typing import Final

from pixmill.dialects.kit.colours import hex_colour, named_colour
from pixmill.dialects.kit.effects import vips_blur_sigma
from pixmill.dialects.kit.numbers import angle, leading_decimal, leading_integer
from pixmill.dialects.kit.options import Option, Status, by_name, options_of
from pixmill.dialects.thumbor.filter_rows import Change, FilterRow, flag, ignore, percent
from pixmill.dialects.thumbor.grammar import Corner, Flavour, TrimOption
from pixmill.dialects.thumbor.overlay_positions import imagor_placement
from pixmill.dialects.thumbor.recipe import UNKNOWN, Focus, Recipe
from pixmill.dialects.thumbor.resizing import trim_of
from pixmill.dialects.thumbor.texts import bounded_size, decode_arg, decode_base64, font_of, markup_of, width_of
from pixmill.media import Format
from pixmill.plan.colour import TRANSPARENT, Colour
from pixmill.plan.effects import LabSharpen, Modulate
from pixmill.plan.ops import Crop, CropOverflow, CropUnit, ImageOverlay
from pixmill.plan.overlays import Align, Blend, Length, OverlayFit, TextOverlay
from pixmill.plan.shapes import CornerRadii, Shape
from pixmill.plan.transforms import Fill

_BLACK: Final = Colour(0, 0, 0)
_ANY: Final = (str,) * 16
"""As many arguments as any filter has."""

_MAX_BLUR: Final = 250.0
_MIN_BLUR: Final = 0.1
_WHITE: Final = 255


def _number(args: tuple[str, ...], position: int = 0) -> Fraction:
    """Return an argument as a number; 0 if it is none, or missing."""
    return leading_decimal(args[position]) if position < len(args) else Fraction(0)


def _whole(args: tuple[str, ...], position: int = 0) -> int:
    return leading_integer(args[position]) if position < len(args) else 0


def _colour(text: str) -> Colour:
    """Read a colour; black if it is none."""
    return canvas_colour(text.partition(",")[0]) or _BLACK


def canvas_colour(text: str) -> Colour | None:
    """Read the colour of an image of one colour; None if it is none, and so the name of a file."""
    name = text.strip().lower().removeprefix("#")
    if name in _TRANSPARENT_NAMES:
        return TRANSPARENT
    for read in (named_colour, hex_colour):
        try:
            return read(name)
        except ValueError:
            continue
    return None


_TRANSPARENT_NAMES: Final = frozenset({"none", "transparent"})
_AUTO: Final = "auto"


def _brightness(recipe: Recipe, *args: str) -> None:
    recipe.sequence.put(("adjust", "tone", "brightness"), percent(_number(args)))


def _contrast(recipe: Recipe, *args: str) -> None:
    recipe.sequence.put(("adjust", "tone", "contrast"), percent(_number(args)))


def _rgb(recipe: Recipe, *args: str) -> None:
    if len(args) == 3:  # noqa: PLR2004 - red, green and blue
        for position, name in enumerate(("red", "green", "blue")):
            recipe.sequence.put(("adjust", "tone", name), percent(_number(args, position)))


def _modulation(lightness: Fraction, chroma: Fraction, hue: Fraction) -> Modulate:
    return Modulate(_factor(lightness), _factor(chroma), float(angle(hue)))


def _factor(percentage: Fraction) -> float:
    return round(float(min(max(1 + percentage / 100, Fraction(0)), Fraction(10))), 6)


def _hue(recipe: Recipe, *args: str) -> None:
    _put_modulation(recipe, _modulation(Fraction(0), Fraction(0), _number(args)))


def _saturation(recipe: Recipe, *args: str) -> None:
    _put_modulation(recipe, _modulation(Fraction(0), _number(args), Fraction(0)))


def _modulate(recipe: Recipe, *args: str) -> None:
    if len(args) == 3:  # noqa: PLR2004 - brightness, saturation and hue
        _put_modulation(recipe, _modulation(_number(args), _number(args, 1), _number(args, 2)))


def _put_modulation(recipe: Recipe, modulation: Modulate) -> None:
    if modulation != Modulate():
        recipe.sequence.put(("adjust", "colour", "modulate"), modulation)


def _grayscale(recipe: Recipe, *_args: str) -> None:
    recipe.sequence.put(("grayscale",), value=True)


def _invert(recipe: Recipe, *_args: str) -> None:
    recipe.sequence.put(("adjust", "tone", "invert"), value=True)


def _blur(recipe: Recipe, *args: str) -> None:
    sigma = float({1: _number(args) / 2, 2: _number(args, 1)}.get(len(args), Fraction(0)))
    if sigma >= _MIN_BLUR:
        recipe.sequence.blur(round(vips_blur_sigma(sigma), 4))


def _sharpen(recipe: Recipe, *args: str) -> None:
    if len(args) in (1, 2, 3):
        sigma = float(1 + 2 * _number(args, 0 if len(args) == 1 else 1))
        if sigma >= _MIN_BLUR:
            bounded = round(min(sigma, _MAX_SHARPENING), 4)
            recipe.sequence.put(("effects", "sharpen_lab"), LabSharpen(bounded, flat=0.0, jagged=2.0, threshold=1.0))


_MAX_SHARPENING: Final = 10.0


def _pixelate(recipe: Recipe, *args: str) -> None:
    block = _whole(args) or _DEFAULT_BLOCK
    if block > 1:
        recipe.sequence.put(("effects", "pixelate"), min(block, _MAX_BLOCK))


_DEFAULT_BLOCK: Final = 10
_MAX_BLOCK: Final = 1_000


def _redact(recipe: Recipe, *args: str) -> None:
    mode, strength = (args[0] if args else "blur"), _whole(args, 1)
    if mode == "pixelate":
        block = min(max(strength or _DEFAULT_BLOCK, 2), _MAX_BLOCK)
        recipe.sequence.put(("effects", "pixelate_faces"), block)
    else:
        sigma = float(strength) if strength > 0 and mode == "blur" else _REDACTION_SIGMA
        recipe.sequence.put(("effects", "blur_faces"), min(sigma, _MAX_BLUR))


_REDACTION_SIGMA: Final = 15.0


def _round_corner(recipe: Recipe, *args: str) -> None:
    if not args:
        return
    colour = args[2] if len(args) == 3 else None  # noqa: PLR2004 - the third is the colour
    radius_x = leading_integer(decode_arg(args[0]))
    radius_y = _whole(args, 1) if len(args) > 1 else radius_x
    radius = float(min(max(min(radius_x, radius_y), 0), 65_535))
    if radius:
        recipe.sequence.put(("shape",), Shape(corner_radii=CornerRadii(radius, radius, radius, radius)))
    if colour is not None:
        recipe.flatten(_colour(colour))


def _rotate(recipe: Recipe, *args: str) -> None:
    angle = _whole(args)
    if angle in _RIGHT_ANGLES:
        recipe.sequence.put(("rotate",), 360 - angle)
        if angle != _HALF_TURN:
            recipe.transpose_canvas()


_RIGHT_ANGLES: Final = frozenset({90, 180, 270})
_HALF_TURN: Final = 180


def _orient(recipe: Recipe, *args: str) -> None:
    angle = _whole(args)
    if angle > 0:
        recipe.ignores_orientation = True
    if angle in _RIGHT_ANGLES:
        recipe.orient = 360 - angle


def _proportion(recipe: Recipe, *args: str) -> None:
    scale = min(_number(args), Fraction(100))
    if scale > 1:
        scale /= 100
    if 0 < scale < 1:
        recipe.scale(scale)


def _crop(recipe: Recipe, *args: str) -> None:
    if len(args) < 4:  # noqa: PLR2004 - left, top, width, height
        return
    left, top, width, height = (_number(args, position) for position in range(4))
    if width <= 0 or height <= 0:
        return
    horizontal, vertical = _is_share(left, width), _is_share(top, height)
    crop = Crop(
        _crop_length(left, is_share=horizontal),
        _crop_length(top, is_share=vertical),
        _crop_length(width, is_share=horizontal),
        _crop_length(height, is_share=vertical),
        CropUnit.of_axes(is_percent_x=horizontal, is_percent_y=vertical),
        CropOverflow.IGNORE,
    )
    if crop.width and crop.height:
        recipe.sequence.put(("crop",), crop)
        recipe.shape = UNKNOWN


def _crop_length(length: Fraction, *, is_share: bool) -> float:
    bounded = max(length, Fraction(0))
    return round(float(bounded * 100), 6) if is_share else float(int(bounded))


def _is_share(start: Fraction, length: Fraction) -> bool:
    """Return whether both are shares; imagor also takes one of them for pixels."""
    return 0 < length < 1 and start < 1


def _fill(recipe: Recipe, *args: str) -> None:
    name = args[0] if args else ""
    if name == "blur":
        recipe.fill_canvas(TRANSPARENT, Fill.BLUR)
    elif name == _AUTO:
        recipe.fill_canvas(_BLACK, Fill.AVERAGE)
    else:
        colour = _colour(name)
        recipe.flatten(colour)
        recipe.fill_canvas(colour)


def _padding(recipe: Recipe, *args: str) -> None:
    if len(args) < 2:  # noqa: PLR2004 - a colour and a width
        return
    left = _whole(args, 1)
    top = _whole(args, 2) if len(args) > 2 else left  # noqa: PLR2004
    right, bottom = (_whole(args, 3), _whole(args, 4)) if len(args) > 4 else (left, top)  # noqa: PLR2004
    left, top, right, bottom = (min(max(side, 0), _MAX_PADDING) for side in (left, top, right, bottom))
    colour = _colour(args[0])
    recipe.flatten(colour)
    recipe.pad(colour, (left, top, right, bottom))


_MAX_PADDING: Final = 65_535


def _background_color(recipe: Recipe, *args: str) -> None:
    if args and args[0] != _AUTO:
        recipe.flatten(_colour(args[0]))


def _trim(recipe: Recipe, *args: str) -> None:
    is_bottom_right = len(args) > 1 and args[1] == Corner.BOTTOM_RIGHT
    corner = Corner.BOTTOM_RIGHT if is_bottom_right else Corner.TOP_LEFT
    recipe.trim(trim_of(TrimOption(corner, _whole(args)), Flavour.IMAGOR))


def _watermark(recipe: Recipe, *args: str) -> None:
    if not args:
        return
    x, y = args[1:3] if len(args) > 2 else ("", "")  # noqa: PLR2004 - both or none
    opacity = _opacity(args, 3)
    width = height = None
    if len(args) > 5:  # noqa: PLR2004 - width and height in percent, both or none
        width, height = (
            Length(100.0 if text == "none" else float(max(leading_integer(text), 1)), percent=True)
            for text in args[4:6]
        )
    if opacity:
        recipe.sequence.add_overlay(
            ImageOverlay(
                recipe.find_source(decode_base64(decode_arg(args[0]))),
                width,
                height,
                OverlayFit.INSIDE,
                imagor_placement(x, y, opacity),
            )
        )


def _opacity(args: tuple[str, ...], position: int) -> float:
    alpha = min(max(_number(args, position), Fraction(0)), Fraction(100))
    return round(float(100 - alpha), 4)


_BLENDS: Final = {blend.value: blend for blend in Blend}


def _blend(args: tuple[str, ...], position: int) -> Blend:
    return _BLENDS.get(args[position].lower(), Blend.NORMAL) if position < len(args) else Blend.NORMAL


def _image(recipe: Recipe, *args: str) -> None:
    if not args:
        return
    x, y = (*args[1:3], "", "")[:2]
    opacity = _opacity(args, 3)
    if opacity:
        recipe.add_nested_image(recipe, decode_arg(args[0]), imagor_placement(x, y, opacity, _blend(args, 4)))


_ALIGNS: Final = {
    "centre": Align.CENTRE,
    "center": Align.CENTRE,
    "high": Align.RIGHT,
    "right": Align.RIGHT,
}


def _text(recipe: Recipe, *args: str) -> None:
    texts = (*args, *("",) * 13)[:13]
    content, x, y, font, colour, _, _, width, align, justify, _, _, dpi = texts
    family, style, size = font_of(font)
    markup = markup_of(content, style)
    opacity = _opacity(args, 5)
    if not markup or not opacity:
        return
    scale = leading_integer(dpi) / _DEFAULT_DPI if leading_integer(dpi) > 0 else 1.0
    recipe.sequence.add_overlay(
        TextOverlay(
            markup,
            family,
            bounded_size(round((size or _DEFAULT_TEXT_SIZE) * scale, 2)),
            _colour(colour) if colour else _BLACK,
            width_of(width),
            Align.JUSTIFY if justify in _TRUE else _ALIGNS.get(align.lower(), Align.LEFT),
            placement=imagor_placement(x, y, opacity, _blend(args, 6)),
        )
    )


_DEFAULT_TEXT_SIZE: Final = 20.0
_DEFAULT_DPI: Final = 72
_TRUE: Final = frozenset({"true", "1"})


def _label(recipe: Recipe, *args: str) -> None:
    content, x, y, size, colour, _, font = (*args, *("",) * 7)[:7]
    family, style, _ = font_of(font)
    markup = markup_of(content, style)
    opacity = _opacity(args, 5)
    if markup and opacity:
        recipe.sequence.add_overlay(
            TextOverlay(
                markup,
                family,
                bounded_size(float(leading_integer(size, 20))),
                _colour(colour) if colour else _BLACK,
                placement=imagor_placement(x, y, opacity),
            )
        )


def _focal(recipe: Recipe, *args: str) -> None:
    pieces = [piece for arg in args for piece in arg.replace("x", ":").split(":") if piece]
    values = [float(leading_decimal(piece)) for piece in pieces]
    if len(values) == 4:  # noqa: PLR2004 - a region
        left, top, right, bottom = values
        is_share = left < 1 and top < 1 and right <= 1 and bottom <= 1
        if right > left and bottom > top:
            weight = (right - left) * (bottom - top)
            recipe.focus.append(Focus((left + right) / 2, (top + bottom) / 2, weight, is_share))
    elif len(values) == 2:  # noqa: PLR2004 - a point
        recipe.focus.append(Focus(values[0], values[1], 1.0, values[0] < 1 and values[1] < 1))


_FORMATS: Final = {
    "gif": Format.GIF,
    "jpeg": Format.JPEG,
    "jpg": Format.JPEG,
    "pdf": Format.JPEG,
    "png": Format.PNG,
    "svg": Format.JPEG,
    "tiff": Format.TIFF,
    "webp": Format.WEBP,
    "heif": Format.HEIC,
    "bmp": Format.JPEG,
    "avif": Format.AVIF,
    "jxl": Format.JXL,
}
"""Formats that imagor does not write become JPEG."""


def _format(recipe: Recipe, *args: str) -> None:
    if args:
        recipe.output_format = _FORMATS.get(args[0], recipe.output_format)


def _natural_setter(name: str, high: int) -> Change:
    def change(recipe: Recipe, *args: str) -> None:
        value = _whole(args)
        if value > 0:
            setattr(recipe, name, min(value, high))

    return change


def _to_colorspace(recipe: Recipe, *args: str) -> None:
    recipe.profile_name = args[0].lower() if args else "srgb"


def _attachment(recipe: Recipe, *args: str) -> None:
    recipe.filename = decode_arg(args[0]) if args else ""


def _expire(recipe: Recipe, *args: str) -> None:
    if args and args[0].isascii() and args[0].isdigit():
        recipe.expires_s = float(leading_decimal(args[0])) / 1000


def _bitdepth(recipe: Recipe, *args: str) -> None:
    depth = _whole(args)
    if 0 < depth < _FULL_DEPTH:
        recipe.colours = 2**depth


_FULL_DEPTH: Final = 8


def _palette(recipe: Recipe, *_args: str) -> None:
    recipe.colours = recipe.colours or 256


def _compression(recipe: Recipe, *args: str) -> None:
    level = _whole(args)
    if level > 0:
        recipe.effort = min(level, 9)


def _fact(name: str) -> Change:
    def change(recipe: Recipe, *_args: str) -> None:
        recipe.facts = (*recipe.facts, name)

    return change


def _row(option: Option, change: Change, *, is_early: bool = False) -> FilterRow:
    return FilterRow(option, change, _ANY, 0, is_early)


def _option(name: str, meaning: str, native: str = "", note: str = "", status: Status = Status.SUPPORTED) -> Option:
    return Option((name,), meaning, native, note, status)


_ROWS: Final = (
    _row(
        _option(
            "format",
            "Format of the result: jpeg, jpg, png, gif, webp, avif, heif, tiff, jxl",
            "`format`",
            "jp2 is ignored",
        ),
        _format,
    ),
    _row(_option("quality", "Quality of the encoder", "`quality`"), _natural_setter("quality", 100)),
    _row(
        _option(
            "max_bytes",
            "Maximum size of the result, if it can be reached",
            "`max_bytes`, `max_bytes_strict=false`",
        ),
        _natural_setter("max_bytes", 2**31 - 1),
    ),
    _row(_option("lossless", "Lossless WebP, AVIF and JPEG XL", "`lossless=true`"), flag("is_lossless")),
    _row(_option("palette", "PNG with a palette", "`colors=256`"), _palette),
    _row(_option("bitdepth", "PNG with a palette of this depth", "`colors`"), _bitdepth),
    _row(_option("compression", "Compression of PNG, 1 to 9", "`effort`"), _compression),
    _row(_option("autojpg", "JPEG", "`format=jpeg`"), lambda recipe, *_: setattr(recipe, "output_format", Format.JPEG)),
    _row(_option("strip_exif", "Drops EXIF", "`metadata=strip`"), flag("keeps_metadata", value=False)),
    _row(
        _option("strip_metadata", "Drops EXIF and the colour profile", "`metadata=strip&profile=srgb`"),
        lambda recipe, *_: recipe.strip_metadata(),
    ),
    _row(_option("strip_icc", "Converts to sRGB", "`profile=srgb`"), flag("keeps_profile", value=False)),
    _row(
        _option(
            "to_colorspace",
            "Converts to srgb or p3",
            "`profile`",
            "cmyk is ignored: no format here has it",
            Status.DIFFERS,
        ),
        _to_colorspace,
    ),
    _row(_option("page", "Page or frame", "`page`"), _natural_setter("page", 65_535), is_early=True),
    _row(_option("dpi", "Resolution of a PDF or SVG", "`dpi`"), _natural_setter("dpi", 1_200), is_early=True),
    _row(
        _option("max_frames", "Number of frames", "`max_frames`"), _natural_setter("max_frames", 65_535), is_early=True
    ),
    _row(_option("upscale", "Lets `fit-in` enlarge", "`enlarge=true`"), flag("may_upscale"), is_early=True),
    _row(
        _option("no_upscale", "No side becomes longer than that of the original", "`clamp=sides`"),
        flag("may_upscale", value=False),
        is_early=True,
    ),
    _row(_option("stretch", "Distorts the image to the size", "`fit=fill`"), flag("is_stretched"), is_early=True),
    _row(
        _option("focal", "Region or point to keep, in pixels or shares of the original", "`gravity`"),
        _focal,
        is_early=True,
    ),
    _row(
        _option("orient", "Turns by 90, 180 or 270 degrees before the resize, counter-clockwise", "`rotate`"),
        _orient,
        is_early=True,
    ),
    _row(_option("rotate", "Turns by 90, 180 or 270 degrees, counter-clockwise", "`then=rotate=270` for 90"), _rotate),
    _row(_option("proportion", "Scales the result: percent, or a factor up to 1", "`zoom`"), _proportion),
    _row(_option("crop", "Region of the result, in pixels or shares", "`then=crop=`"), _crop),
    _row(_option("trim", "Trims the result: tolerance, corner", "`trim`"), _trim),
    _row(
        _option("fill", "Pads to the whole box with a colour, `blur`, `auto` or `none`", "`fit=contain`, `padding`"),
        _fill,
    ),
    _row(_option("padding", "Pads: colour, left, top, right, bottom", "`then=padding=`"), _padding),
    _row(
        _option("background_color", "Puts a colour behind the image", "`flatten`", "`auto` is ignored"),
        _background_color,
    ),
    _row(_option("brightness", "Adds percent of white", "`brightness`"), _brightness),
    _row(_option("contrast", "Contrast around mid-grey", "`contrast`"), _contrast),
    _row(_option("rgb", "Adds percent of white to each channel", "`rgb`"), _rgb),
    _row(_option("hue", "Turns hues, in CIE LCh", "`modulate`"), _hue),
    _row(_option("saturation", "Saturation in percent, in CIE LCh", "`modulate`"), _saturation),
    _row(_option("modulate", "Brightness, saturation and hue, in CIE LCh", "`modulate`"), _modulate),
    _row(_option("grayscale", "Removes colour", "`grayscale`"), _grayscale),
    _row(_option("invert", "Inverts the colours", "`invert`"), _invert),
    _row(_option("blur", "Blurs: sigma is half of one argument, or the second of two", "`blur`"), _blur),
    _row(
        _option("sharpen", "Sharpens L*: sigma is 1 more than twice one argument, or the second", "`sharpen_lab`"),
        _sharpen,
    ),
    _row(
        _option(
            "pixelate",
            "Pixelates: block size",
            "`pixelate`",
            "the result keeps its size, which imagor rounds to blocks",
        ),
        _pixelate,
    ),
    _row(
        _option(
            "redact",
            "Makes faces unrecognisable: blur or pixelate, strength",
            "`blur_faces`, `pixelate_faces`",
            "a colour becomes a blur",
            Status.DIFFERS,
        ),
        _redact,
    ),
    _row(
        _option(
            "redact_oval", "As `redact`", "`blur_faces`, `pixelate_faces`", "the areas are rectangles", Status.DIFFERS
        ),
        _redact,
    ),
    _row(
        _option(
            "round_corner",
            "Rounds the corners: radii, colour",
            "`radius`",
            "of two radii the smaller one",
            Status.DIFFERS,
        ),
        _round_corner,
    ),
    _row(
        _option("watermark", "Draws another image: URL, x, y, transparency, width and height in percent", "`overlay`"),
        _watermark,
    ),
    _row(
        _option(
            "image",
            "Draws another image with options and filters of its own: path, x, y, transparency, blend mode",
            "`overlay`",
        ),
        _image,
    ),
    _row(
        _option(
            "text",
            "Draws a text: text, x, y, font, colour, transparency, blend mode, width, align, justify, wrap, spacing, "
            "dpi",
            "`overlay`",
            "markup is shown as it is; wrap and spacing are ignored",
            Status.DIFFERS,
        ),
        _text,
    ),
    _row(
        _option(
            "label",
            "Draws a text: text, x, y, size, colour, transparency, font",
            "`overlay`",
            "measured by its ink",
            Status.DIFFERS,
        ),
        _label,
    ),
    _row(_option("attachment", "Sends the image as a download with this name", "`filename`"), _attachment),
    _row(
        _option("expire", "Time in milliseconds since the epoch from which on the answer is 410", "`expires`"), _expire
    ),
    _row(
        _option("max_age", "Lifetime of this answer in seconds", note="no longer than the operator allows"),
        _natural_setter("max_age_s", 2**31 - 1),
    ),
    _row(_option("raw", "Sends the original as it is", "`format=original&metadata=all`"), flag("is_raw")),
    _row(
        _option("blurhash", "In `meta/`: BlurHash", "`include=blurhash`", "4 × 3 components", Status.DIFFERS),
        _fact("blurhash"),
    ),
    _row(_option("thumbhash", "In `meta/`: ThumbHash", "`include=thumbhash`"), _fact("thumbhash")),
    _row(_option("avgcolor", "In `meta/`: average colour", "`include=average`"), _fact("average")),
    _row(_option("preview", "Caches the original in memory", note="nothing to do", status=Status.IGNORED), ignore),
    _row(
        _option("fallback_format", "Format for animations that the other one cannot hold", status=Status.IGNORED),
        ignore,
    ),
    _row(_option("draw_detections", "Draws boxes around faces", status=Status.IGNORED), ignore),
)
FILTERS: Final = by_name(_ROWS)
OPTIONS: Final = options_of(_ROWS)
