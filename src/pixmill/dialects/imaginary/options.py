"""imaginary's parameters as one table: names, meanings, readers. Knows names and values; must never know an operation.

A parameter of the wrong kind is an error that names it, in the words of the service; unknown ones are ignored.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from pixmill.dialects.imaginary import values
from pixmill.dialects.imaginary.values import Value
from pixmill.dialects.kit.options import Option, OptionRow, Status, by_name, options_of
from pixmill.errors import InvalidParameter
from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.gravity import Gravity, Point

Read = Callable[[Value], object]

AUTO: Final = "auto"
FORMATS: Final[Mapping[str, Format]] = {
    "jpeg": Format.JPEG,
    "png": Format.PNG,
    "webp": Format.WEBP,
    "tiff": Format.TIFF,
    "gif": Format.GIF,
    "avif": Format.AVIF,
}
UNWRITABLE: Final = frozenset(("svg", "pdf", "heif"))
"""Types that there are, but that cannot be written."""

_SHOWN_CHARS: Final = 64


class Params(Struct, frozen=True):
    """The parameters of one operation; sides are 0 where they are not given."""

    width: int = 0
    height: int = 0
    areawidth: int = 0
    areaheight: int = 0
    top: int = 0
    left: int = 0
    quality: int = 0
    compression: int = 0
    rotate: int = 0
    factor: int = 0
    margin: int = 0
    dpi: int = 0
    textwidth: int = 0
    opacity: Fraction = Fraction(0)
    flip: bool = False
    flop: bool = False
    force: bool = False
    embed: bool = False
    nocrop: bool | None = None
    noreplicate: bool = False
    norotation: bool = False
    noprofile: bool = False
    stripmeta: bool = False
    interlace: bool = False
    palette: bool = False
    speed: int = 0
    text: str = ""
    font: str = ""
    color: Colour | None = None
    image: str = ""
    type: str = ""
    gravity: Gravity = Point()
    colorspace: bool = False
    extend: str = values.COPY
    background: Colour | None = None
    sigma: Fraction = Fraction(0)
    minampl: Fraction = Fraction(0)
    aspectratio: tuple[int, int] | None = None
    operations: str = ""


def _row(
    names: str, meaning: str, native: str, read: Read, note: str = "", status: Status = Status.SUPPORTED
) -> OptionRow[Read]:
    return OptionRow(Option(tuple(names.split()), meaning, native, note, status), read)


_IN_THE_DIALECT: Final = ""

ROWS: Final[tuple[OptionRow[Read], ...]] = (
    _row("url", "Source: an http or https URL.", "`url`", values.text),
    _row("file", "Source: a path below `source` of the entry.", "`url`", values.text),
    _row("sign", "Signature, with `keys`.", "`sig`", values.text),
    _row("key", "API key, with `api_key`.", _IN_THE_DIALECT, values.text, "No `API-Key` header.", Status.DIFFERS),
    _row("width height", "Sides in pixels; rounded, and without their sign.", "`width`, `height`", values.whole),
    _row("areawidth areaheight", "Sides of the region of `extract` and `zoom`.", "`crop`", values.whole),
    _row("top left", "Corner of the region, or of the image of `watermarkimage`.", "`crop`, `overlay`", values.whole),
    _row("gravity", "`north`, `south`, `west`, `east`, `smart`; else the centre.", "`gravity`", values.gravity),
    _row("force", "Distorts to both sides, and enlarges.", "`fit=fill`, `enlarge=true`", values.boolean),
    _row("nocrop", "`false`: `resize` cuts; `true`: `enlarge` does not.", "`fit`", values.boolean),
    _row("embed", "Adds a canvas of both sides.", "`fit=contain`", values.boolean),
    _row("extend", "Its filling: `copy` (default), `black`, `white`, `background`, `lastpixel`; else mirrored.",
         "`extend`", values.extend, "`lastpixel` is as `background`, as in imaginary.", Status.DIFFERS),
    _row("background", "`r,g,b` behind transparency, and for `extend=background`.", "`background`, `flatten`",
         values.colour, "Fewer than three numbers are 400.", Status.DIFFERS),
    _row("aspectratio", "With one side: the other one, `16:9`.", "`aspect`", values.ratio),
    _row("rotate", "Degrees clockwise; rounded down to a right angle, at most 270. In place of the EXIF orientation.",
         "`rotate`, `orientation=none`", values.whole),
    _row("flip", "Mirrors left and right.", "`flip=h`", values.boolean),
    _row("flop", "Mirrors top and bottom.", "`flip=v`", values.boolean),
    _row("norotation", "Ignores the EXIF orientation.", "`orientation=none`", values.boolean),
    _row("factor", "Of `zoom`: each pixel becomes `factor` + 1 along each side; at most 99.",
         "`zoom`, `kernel=nearest`", values.whole),
    _row("sigma", "Blur.", "`blur`, `blur_space=srgb`", values.real),
    _row("minampl", "Where the kernel of the blur ends: 0.2 by default.", "`blur`", values.real,
         "A smaller sigma, instead of a cut-off kernel.", Status.DIFFERS),
    _row("colorspace", "`bw`: grey.", "`grayscale`", values.colourspace),
    _row("text", "Text of `watermark`.", "`overlay=text:`", values.text, "No markup.", Status.DIFFERS),
    _row("font", "Its font, `sans bold 12`, in points.", "`overlay`", values.text),
    _row("color", "Its colour, `r,g,b`; black by default.", "`overlay`", values.colour),
    _row("dpi", "Its resolution; 150 by default.", "`overlay`", values.whole),
    _row("textwidth", "Width at which it is wrapped; a sixth of the image.", "`overlay`", values.whole),
    _row("margin", "Distance between repeated texts; `textwidth` by default.", "`overlay`", values.whole,
         "100 pixels if `textwidth` is missing too.", Status.DIFFERS),
    _row("noreplicate", "The text once, at 100,100.", "`repeat:none`", values.boolean),
    _row("opacity", "Of the text, 0.25 by default, or of the image, 1 by default.", "`overlay`", values.real),
    _row("image", "Image of `watermarkimage`: a URL.", "`overlay=url:`", values.text),
    _row("operations", 'Of `pipeline`: JSON, up to 10 of `{"operation", "params", "ignore_failure"}`.', "`then`",
         values.text, "They need at most 9 passes.", Status.DIFFERS),
    _row("type", "`jpeg`, `png`, `webp`, `tiff`, `gif`, `avif` or `auto`; else the original's.", "`format`",
         values.text, "No `svg`, `pdf` and `heif`; `auto` is WebP by `Accept`, else the original's.", Status.DIFFERS),
    _row("quality", "1 to 100; 75 by default.", "`quality`", values.whole,
         "One scale of perceived quality for all formats.", Status.DIFFERS),
    _row("compression", "Of PNG, 0 to 9.", "`effort`", values.whole),
    _row("speed", "Of AVIF and PNG, 0 to 9.", "`effort`", values.whole),
    _row("palette", "PNG with a palette.", "`colors=256`", values.boolean),
    _row("interlace", "Progressive.", "`progressive`", values.boolean),
    _row("noprofile", "Without a colour profile.", "`profile=srgb`", values.boolean, "Converted to sRGB.",
         Status.DIFFERS),
    _row("stripmeta", "Without metadata.", "`metadata=strip`", values.boolean, "The location is never kept.",
         Status.DIFFERS),
    _row("field", "Form field of an upload.", "", values.text, "Any file of a form.", Status.IGNORED),
)  # fmt: skip
TABLE: Final = by_name(ROWS)
OPTIONS: Final = options_of(ROWS)

_FIELDS: Final = frozenset(Params.__struct_fields__)


def read_params(given: Mapping[str, Value]) -> Params:
    """Read the parameters of an operation. Raises InvalidParameter in the words of the service."""
    found: dict[str, object] = {}
    for name, value in given.items():
        if name not in _FIELDS:
            continue
        try:
            found[name] = TABLE[name].read(value)
        except ValueError as error:
            shown = str(value)[:_SHOWN_CHARS]
            reason = str(error)[: 2 * _SHOWN_CHARS]
            message = f'error while processing parameter "{name}" with value "{shown}", error: {reason}'
            raise InvalidParameter(message, param=name) from None
    return replace(Params(), **found)
