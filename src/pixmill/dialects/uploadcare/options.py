"""The operations of Uploadcare's URLs as one table: names, meanings, what each adds to a recipe.

An operation gets its arguments, decoded, and raises ValueError, KeyError or InvalidParameter for wrong ones.
"""

from collections.abc import Callable, Iterable
from typing import Final

from pixmill.dialects.kit.colours import hex_colour
from pixmill.dialects.kit.effects import blur_sigma, contrast_of_slope
from pixmill.dialects.kit.numbers import Integer, Reader, Words
from pixmill.dialects.kit.options import Option, OptionRow, Status, by_name, options_of
from pixmill.dialects.kit.plan_values import aspect
from pixmill.dialects.uploadcare.recipe import Recipe
from pixmill.dialects.uploadcare.values import (
    CENTRE,
    TOP_LEFT,
    Alignment,
    alignment,
    dimensions,
    is_size,
    measure,
    pixels,
    radii,
)
from pixmill.plan.effects import RedactionBox, RegionBlur, UnsharpMask
from pixmill.plan.gravity import Faces, Gravity, Smart
from pixmill.plan.ops import Aspect, CropWindow, Flip
from pixmill.plan.output import Metadata, Profile
from pixmill.plan.overlays import Placement
from pixmill.plan.shapes import CornerRadii, Ellipse, Shape
from pixmill.plan.transforms import Trim

Arguments = list[str]
Apply = Callable[[Recipe, Arguments], None]
Row = OptionRow[Apply]

JSON: Final = "json"
COLOURS: Final = "main_colors"
SELF: Final = "self"
IMAGE_OVERLAY: Final = "overlay"
TEXT: Final = "text"
DEFAULT_COLOURS: Final = 4
MAX_COLOURS: Final = 256

_SQUARE: Final = Aspect(1, 1)
_YES: Final = Words({"yes": True, "no": False})
_SIGNED: Final = Integer(-100, 100)
_STRONG: Final = Integer(-100, 500)
_MAX_OPACITY: Final = 100
_SMART: Final = frozenset(
    ("smart", *(f"smart_{rest}" for rest in (
        "faces_objects_points", "faces_objects", "faces_points", "faces", "objects_faces_points", "objects_faces",
        "objects_points", "objects", "points",
    )))
)  # fmt: skip
_OBJECTS: Final[dict[str, Gravity]] = {"face": Faces(), "image": Smart()}


def _at_most(arguments: Arguments, count: int) -> None:
    if len(arguments) > count:
        raise ValueError("too many arguments")


def _value(read: Reader[int], arguments: Arguments, default: int | None = None) -> int:
    """Read the only argument."""
    _at_most(arguments, 1)
    if not arguments and default is not None:
        return default
    return read(arguments[0])


# Sizes


def _preview(recipe: Recipe, arguments: Arguments) -> None:
    _at_most(arguments, 1)
    recipe.preview(*(pixels(arguments[0]) if arguments else (2_048, 2_048)))


def _resize(recipe: Recipe, arguments: Arguments) -> None:
    _at_most(arguments, 1)
    recipe.resize_to(*pixels(arguments[0]))


def _scale_crop(recipe: Recipe, arguments: Arguments) -> None:
    size, *rest = arguments
    gravity: Gravity = TOP_LEFT.point
    if rest and rest[0] in _SMART:
        gravity = Faces() if rest.pop(0).startswith("smart_faces") else Smart()
        for text in rest:
            alignment(text)  # for images without anything to be found, where it is the most salient region
    elif rest:
        gravity = alignment(rest[0]).point
    _at_most(rest, 1)
    dimensions(size)  # both sides are needed
    width, height = pixels(size)
    recipe.scale_crop(width, height, gravity)


def _crop(recipe: Recipe, arguments: Arguments) -> None:
    first, *rest = arguments
    if first in _OBJECTS:
        _crop_object(recipe, _OBJECTS[first], rest)
        return
    _at_most(rest, 1)
    if ":" in first:
        align = alignment(rest[0]) if rest else CENTRE
        recipe.crop_window(CropWindow(gravity=align.point, aspect=aspect(first)))
    else:
        recipe.crop_size(dimensions(first), alignment(rest[0]) if rest else TOP_LEFT)


def _crop_object(recipe: Recipe, gravity: Gravity, rest: Arguments) -> None:
    """Cut out a window around what is found; sizes in percent of it are not known before."""
    _at_most(rest, 2)
    ratio, width, height = _SQUARE, 0, 0
    for number, text in enumerate(rest):
        if number == 0 and ":" in text:
            ratio = aspect(text)
        elif number == 0 and is_size(text):
            size = dimensions(text)
            if size.units == {False}:
                width, height = pixels(text)
            elif size.units == {True}:
                share = size.width.value / size.height.value
                ratio = aspect(f"{share.numerator}:{share.denominator}")
        else:
            alignment(text)
    window = CropWindow(width, height, gravity) if width else CropWindow(gravity=gravity, aspect=ratio)
    recipe.crop_window(window)


def _stretch(recipe: Recipe, arguments: Arguments) -> None:
    _at_most(arguments, 1)
    recipe.stretch = Words({word: word for word in ("on", "off", "fill")})(arguments[0])


def _setfill(recipe: Recipe, arguments: Arguments) -> None:
    _at_most(arguments, 1)
    recipe.fill = hex_colour(arguments[0])


def _trim(recipe: Recipe, arguments: Arguments) -> None:
    _at_most(arguments, 2)
    tolerance = Integer(0, 100)(arguments[0].rstrip("p%")) if arguments else 4
    padding = int(measure(arguments[1]).value) if len(arguments) > 1 else 0
    recipe.sequence.put(("trim",), Trim(tolerance=round(tolerance * 2.55), padding=padding))


def _border_radius(recipe: Recipe, arguments: Arguments) -> None:
    first, *rest = arguments
    _at_most(rest, 1)
    corners = radii(first)
    if rest and radii(rest[0]) != corners:
        raise ValueError("must have equal horizontal and vertical radii")
    is_round = corners.percent and min(corners.top_left, corners.top_right, corners.bottom_right, corners.bottom_left)
    is_ellipse = bool(is_round and is_round >= 50)  # noqa: PLR2004 - percent: corners meet
    recipe.sequence.put(("shape",), Shape(mask=Ellipse()) if is_ellipse else Shape(_bounded(corners)))


def _bounded(corners: CornerRadii) -> CornerRadii | None:
    return corners if any((corners.top_left, corners.top_right, corners.bottom_right, corners.bottom_left)) else None


def _autorotate(recipe: Recipe, arguments: Arguments) -> None:
    _at_most(arguments, 1)
    recipe.orientation = 0 if _YES(arguments[0]) else 1


def _rotate(recipe: Recipe, arguments: Arguments) -> None:
    angle = _value(Integer(-36_000, 36_000), arguments)
    if angle % 90:
        raise ValueError("must be a right angle")
    recipe.sequence.put(("rotate",), -angle % 360)


def _flip(kind: Flip) -> Apply:
    def apply(recipe: Recipe, arguments: Arguments) -> None:
        _at_most(arguments, 0)
        recipe.sequence.put(("flip",), kind)

    return apply


# Colours and effects


def _tone(name: str, read: Reader[int], change: Callable[[int], float]) -> Apply:
    def apply(recipe: Recipe, arguments: Arguments) -> None:
        recipe.sequence.put(("adjust", "tone", name), change(_value(read, arguments)))

    return apply


def _colour(name: str) -> Apply:
    def apply(recipe: Recipe, arguments: Arguments) -> None:
        recipe.sequence.put(("adjust", "colour", name), float(_value(_STRONG, arguments)))

    return apply


def _gamma(value: int) -> float:
    """Return the exponent's inverse: 200 darkens, 50 lightens."""
    return round(min(max(100 / value, 0.1), 10.0), 4) if value else 10.0


def _contrast(value: int) -> float:
    return round(contrast_of_slope(1 + value / 100), 4)


def _enhance(recipe: Recipe, arguments: Arguments) -> None:
    strength = _value(Integer(0, 100), arguments, 50)
    if strength:
        recipe.sequence.put(("adjust", "tone", "normalise"), True)
        recipe.sequence.put(("adjust", "colour", "saturation"), strength / 5)


def _grayscale(recipe: Recipe, arguments: Arguments) -> None:
    _at_most(arguments, 0)
    recipe.sequence.put(("grayscale",), True)


def _invert(recipe: Recipe, arguments: Arguments) -> None:
    _at_most(arguments, 0)
    recipe.sequence.put(("adjust", "tone", "invert"), True)


_STRENGTH: Final = Integer(0, 5_000)


def _blur(recipe: Recipe, arguments: Arguments) -> None:
    _at_most(arguments, 2)
    strength = _STRENGTH(arguments[0]) if arguments else 10
    amount = Integer(-200, 100)(arguments[1]) if len(arguments) > 1 else 100
    if amount < 0 and strength:
        mask = UnsharpMask(min(max(strength / 10, 0.3), 10.0), -amount / 100)
        recipe.sequence.put(("effects", "sharpen"), mask)
    elif sigma := blur_sigma(strength / 10 * max(amount, 0) / 100):
        recipe.sequence.blur(sigma)


def _blur_region(recipe: Recipe, arguments: Arguments) -> None:
    first, *rest = arguments
    if first == "faces":
        _at_most(rest, 1)
        sigma = blur_sigma((_STRENGTH(rest[0]) if rest else 200) / 10)
        recipe.sequence.put(("effects", "blur_faces"), sigma)
        return
    _at_most(rest, 2)
    size, start = dimensions(first), alignment(rest[0])
    lengths = [start.x, start.y, size.width, size.height]
    if len({one.is_share for one in lengths if one.value}) > 1 or min(one.value for one in lengths) < 0:
        raise ValueError("must have one unit, and no negative numbers")
    left, top, width, height = (one.number for one in lengths)
    box = RedactionBox(left, top, width, height, size.width.is_share)
    strength = _STRENGTH(rest[1]) if len(rest) > 1 else 200
    if sigma := blur_sigma(strength / 10):
        recipe.sequence.put(("effects", "blur_areas"), RegionBlur(sigma, (box,)))


def _sharp(recipe: Recipe, arguments: Arguments) -> None:
    strength = _value(Integer(0, 20), arguments, 5)
    if strength:
        recipe.sequence.put(("effects", "sharpen"), UnsharpMask(1.0, strength / 10))


# Overlays


def overlay_arguments(arguments: Arguments) -> tuple[str, Placement]:
    """Return the text of a size, empty without one, and the placement. Each argument may be left out."""
    _at_most(arguments, 3)
    rest = list(arguments)
    size = rest.pop(0) if rest and is_size(rest[0]) else ""
    opacity: float = _MAX_OPACITY
    align = TOP_LEFT
    if rest and not _is_share(rest[0]):
        align = alignment(rest.pop(0))
    if rest and _is_share(rest[0]):
        opacity = min(measure(rest.pop(0)).number, _MAX_OPACITY)
    _at_most(rest, 0)
    x_y = align.placement
    return size, Placement(x_y.x, x_y.y, x_y.offset_x, x_y.offset_y, opacity=opacity)


def _is_share(text: str) -> bool:
    return "," not in text and text[-1:] in ("p", "%") and text[:1].isdigit()


def _rect(recipe: Recipe, arguments: Arguments) -> None:
    colour, size, *rest = arguments
    _at_most(rest, 1)
    recipe.rect(hex_colour(colour), dimensions(size), (_position(rest)).placement)


def _position(rest: Arguments) -> Alignment:
    return alignment(rest[0]) if rest else TOP_LEFT


def _text(recipe: Recipe, arguments: Arguments) -> None:
    size, position, text = arguments
    if len(text) > _MAX_TEXT:
        raise ValueError(f"must have at most {_MAX_TEXT} characters")
    recipe.text(_unescaped(text), dimensions(size), alignment(position))


_MAX_TEXT: Final = 1_000
_ESCAPES: Final = {"s": "/", "n": "\n", "~": "~"}


def _unescaped(text: str) -> str:
    first, *pieces = text.replace("~~", "~\0").split("~")
    decoded = [first]
    for piece in pieces:
        mark = "~" if piece[:1] == "\0" else piece[:1]
        decoded.append(_ESCAPES.get(mark, "~" + mark) + piece[1:])
    return "".join(decoded)


def _text_align(recipe: Recipe, arguments: Arguments) -> None:
    horizontal, vertical = arguments
    if horizontal not in ("left", "center", "right") or vertical not in ("top", "center", "bottom"):
        raise ValueError("must be two words")
    recipe.text_align = (horizontal, vertical)


def _font(recipe: Recipe, arguments: Arguments) -> None:
    size, *rest = arguments
    recipe.font_size = Integer(1, 1_000)(size)
    for text in rest[:1]:
        recipe.font_colour = hex_colour(text)


def _text_box(recipe: Recipe, arguments: Arguments) -> None:
    mode, *rest = arguments
    _at_most(rest, 2)
    recipe.text_box = Words({word: word for word in ("none", "fit", "line", "fill")})(mode)
    if rest:
        recipe.box_colour = hex_colour(rest[0])
    if len(rest) > 1:
        recipe.box_padding = Integer(0, 500)(rest[1])


# Output


def _word(name: str, words: Iterable[str]) -> Apply:
    read = Words({word: word for word in words})

    def apply(recipe: Recipe, arguments: Arguments) -> None:
        _at_most(arguments, 1)
        setattr(recipe, name, read(arguments[0]))

    return apply


def _flag(name: str) -> Apply:
    def apply(recipe: Recipe, arguments: Arguments) -> None:
        _at_most(arguments, 1)
        setattr(recipe, name, _YES(arguments[0]) if arguments else True)

    return apply


def _strip_meta(recipe: Recipe, arguments: Arguments) -> None:
    _at_most(arguments, 1)
    words = Words({"all": Metadata.STRIP, "none": Metadata.ALL, "sensitive": Metadata.KEEP})
    recipe.metadata = words(arguments[0])


def _srgb(recipe: Recipe, arguments: Arguments) -> None:
    _at_most(arguments, 1)
    words = Words({"fast": Profile.SRGB, "icc": Profile.SRGB, "keep_profile": Profile.KEEP})
    recipe.profile = words(arguments[0])


def _ignore(recipe: Recipe, arguments: Arguments) -> None:
    del recipe, arguments


def _refuse(recipe: Recipe, arguments: Arguments) -> None:
    del recipe, arguments
    raise ValueError("is not supported")


def _row(name: str, meaning: str, native: str, apply: Apply, note: str = "", status: Status = Status.SUPPORTED) -> Row:
    if note and status is Status.SUPPORTED:
        status = Status.DIFFERS
    return OptionRow(Option((name,), meaning, native, note, status), apply)


ROWS: Final[tuple[Row, ...]] = (
    _row("preview", "Lies inside `WxH`, 2048x2048 by default; never enlarges.", "`width`, `height`", _preview),
    _row("resize", "`WxH`, `Wx` or `xH`; both sides distort.", "`fit=fill`, `enlarge`", _resize),
    _row("stretch", "`on`, `off` or `fill`: whether the next `resize` or `scale_crop` enlarges, or fills what is left.",
         "`enlarge`, `canvas`", _stretch),
    _row("scale_crop", "Covers `WxH`. `center` and other words, `50p,50p`: where; top left by default. `smart…`: what "
         "matters.", "`fit=cover`, `gravity`", _scale_crop,
         "`smart_faces…` finds faces, all others the most salient region."),
    _row("crop", "`WxH`, in pixels or percent, or a ratio `16:9`; then where. What lies outside is filled. `face` or "
         "`image`, then a size or a ratio: around what is found.", "`crop`, `crop_gravity`, `canvas`", _crop,
         "Of sizes in percent of a face only the ratio counts."),
    _row("setfill", "Fill of a canvas, and behind a JPEG: 3, 6 or 8 digits; the last counts.", "`background`",
         _setfill),
    _row("trim", "Cuts a solid border off: tolerance, padding.", "`trim`", _trim, "The scale of the tolerance."),
    _row("border_radius", "Rounded corners: one to four radii, pixels or percent; 50p is an ellipse.", "`radius`",
         _border_radius, "Percent of the shorter side; no other vertical radii."),
    _row("autorotate", "`no`: the EXIF orientation is ignored.", "`orientation=none`", _autorotate),
    _row("rotate", "Right angles counter-clockwise.", "`rotate`", _rotate),
    _row("flip", "Mirrors vertically.", "`flip=v`", _flip(Flip.VERTICAL)),
    _row("mirror", "Mirrors horizontally.", "`flip=h`", _flip(Flip.HORIZONTAL)),
    _row("brightness", "-100 to 100.", "`brightness`", _tone("brightness", _SIGNED, float)),
    _row("exposure", "-500 to 500, hundredths of a stop.", "`exposure`",
         _tone("exposure", Integer(-500, 500), lambda value: value / 100), "The unit."),
    _row("gamma", "0 to 1000; 100 changes nothing, more darkens.", "`gamma`",
         _tone("gamma", Integer(0, 1_000), _gamma)),
    _row("contrast", "-100 to 500.", "`contrast`", _tone("contrast", _STRONG, _contrast)),
    _row("saturation", "-100 to 500.", "`saturation`", _colour("saturation")),
    _row("vibrance", "-100 to 500.", "`vibrance`", _colour("vibrance")),
    _row("warmth", "-100 to 100.", "`warmth`", _tone("warmth", _SIGNED, float)),
    _row("enhance", "0 to 100, 50 by default.", "`normalize`, `saturation`", _enhance, "Any strength stretches all."),
    _row("grayscale", "Grayscale.", "`grayscale`", _grayscale),
    _row("invert", "Negative.", "`invert`", _invert),
    _row("blur", "Strength, ten times the sigma, 10 by default; amount, -200 to 100: below 0 an unsharp mask.",
         "`blur`", _blur, "An amount below 100 is a smaller sigma."),
    _row("blur_region", "`WxH/x,y` in pixels or percent, or `faces`; strength.", "`blur_areas`, `blur_faces`",
         _blur_region, "200 by default; one unit for all numbers."),
    _row("sharp", "0 to 20, 5 by default.", "`unsharp`", _sharp, "An unsharp mask of a tenth."),
    _row(IMAGE_OVERLAY, "UUID or `self`, then each optional: `WxH`, position, opacity `40p`.", "`overlay`", _ignore),
    _row("rect", "Rectangle: colour, `WxH`, position.", "`overlay`", _rect),
    _row(TEXT, "Text in a box: `WxH`, position, text with `~s`, `~n`, `~~`.", "`overlay=text:`", _text,
         "One font."),
    _row("text_align", "Of the next texts: `left`, `center` or `right`, then `top`, `center` or `bottom`.", "`overlay`",
         _text_align),
    _row("font", "Of the next texts: size in pixels, colour.", "`overlay`", _font, "No weight, style or family."),
    _row("text_box", "Behind the next texts: `none`, `fit`, `line` or `fill`, colour, padding.", "`overlay`", _text_box,
         "`line` as `fit`."),
    _row("format", "`auto`, `jpeg`, `png`, `webp` or `preserve`.", "`format`",
         _word("format", ("auto", "jpeg", "png", "webp", "preserve"))),
    _row("quality", "`lightest`, `lighter`, `normal`, `better`, `best`, `smart` or `smart_retina`.", "`quality`",
         _word("quality", ("normal", "better", "best", "lighter", "lightest", "smart", "smart_retina")),
         "One scale of perceived quality for all formats."),
    _row("progressive", "`yes`: progressive.", "`progressive`", _flag("progressive")),
    _row("strip_meta", "`all`, `none` or `sensitive`.", "`metadata`", _strip_meta),
    _row("srgb", "`keep_profile`: the profile of the original.", "`profile`", _srgb),
    _row("inline", "`no`: a download.", "`filename`", _flag("inline")),
    _row("rasterize", "For SVG.", "", _ignore, "An SVG that is only resized stays one.", Status.IGNORED),
    _row("max_icc_size", "", "", _ignore, "Profiles are kept or converted.", Status.IGNORED),
    _row("filter", "Photo filters.", "", _refuse, "400, or ignored.", Status.REFUSED),
    _row("zoom_objects", "Zoom by recognised objects.", "", _refuse, "400, or ignored.", Status.REFUSED),
    _row("smart_resize", "Seam carving.", "", _refuse, "400.", Status.REFUSED),
    _row("gif2video", "Videos.", "", _refuse, "400.", Status.REFUSED),
    _row("detect_faces", "Positions of faces.", "", _refuse, "400.", Status.REFUSED),
    _row(JSON, "Information about the image.", "`/info`", _ignore),
    _row(COLOURS, "Its colours, 4 by default.", "`include=palette`", _ignore, "At most 16."),
)  # fmt: skip

TABLE: Final = by_name(ROWS)
OPTIONS: Final = options_of(ROWS)
UNSUPPORTED_EFFECTS: Final = frozenset(("filter", "zoom_objects"))
