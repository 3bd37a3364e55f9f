"""The options of flyimg as one table: names, meanings, readers. Knows texts and values only."""

import re
from collections.abc import Callable
from typing import Final

from pixmill.dialects.kit.colours import css_colour
from pixmill.dialects.kit.effects import blur_sigma, truncated_gaussian_sigma
from pixmill.dialects.kit.numbers import Decimal, Integer, Reader, Reading, Words, decimal
from pixmill.dialects.kit.options import Option, OptionRow, Status, by_name, options_of
from pixmill.media import Format
from pixmill.plan.effects import UnsharpMask
from pixmill.plan.gravity import Point
from pixmill.plan.ops import MAX_DPI, MAX_PAGE, MAX_SIDE, MAX_TIME_S, Kernel
from pixmill.plan.overlays import MAX_TEXT_CHARACTERS

AUTO: Final = "auto"
INPUT: Final = "input"
FORMATS: Final[dict[str, Format | str]] = {
    AUTO: AUTO,
    INPUT: INPUT,
    "png": Format.PNG,
    "webp": Format.WEBP,
    "avif": Format.AVIF,
    "jxl": Format.JXL,
    "jpeg": Format.JPEG,
    "jpg": Format.JPEG,
    "gif": Format.GIF,
}
_GRAVITIES: Final = {
    "northwest": Point(0, 0),
    "north": Point(0.5, 0),
    "northeast": Point(1, 0),
    "west": Point(0, 0.5),
    "center": Point(),
    "east": Point(1, 0.5),
    "southwest": Point(0, 1),
    "south": Point(0.5, 1),
    "southeast": Point(1, 1),
}
_KERNELS: Final = {
    "lanczos": Kernel.LANCZOS3,
    "lanczos2": Kernel.LANCZOS2,
    "triangle": Kernel.LINEAR,
    "catrom": Kernel.CUBIC,
    "cubic": Kernel.CUBIC,
    "mitchell": Kernel.MITCHELL,
    "point": Kernel.NEAREST,
}
_GREY: Final = frozenset({"gray", "grey", "lineargray", "lineargrey"})
_GEOMETRY: Final = re.compile(r"([0-9.]{1,16})(?:x([0-9.]{1,16}))?(?:\+([0-9.]{1,16}))?(?:\+([0-9.]{1,16}))?", re.ASCII)
_TIME: Final = re.compile(r"(?:([0-9]{1,2}):([0-9]{1,2}):)?([0-9]{1,5}(?:\.[0-9]{1,6})?)", re.ASCII)
_FULL_SCALE: Final = 255

Row = OptionRow[Reader[object]]


def _switch(text: str) -> bool:
    """Read a switch as PHP's ``empty`` does."""
    return text not in {"", "0"}


def _geometry(text: str) -> tuple[float, ...]:
    """Read ``RADIUSxSIGMA+GAIN+THRESHOLD``; what is missing is -1."""
    match = _GEOMETRY.fullmatch(text)
    if match is None:
        raise ValueError("not a geometry")
    return tuple(float(decimal(part)) if part else -1.0 for part in match.groups())


def _sigma(radius: float, sigma: float) -> float:
    """Return the standard deviation of ImageMagick's kernel: whole for a radius of 0, of sigma 1 without one."""
    sigma = 1.0 if sigma < 0 else sigma
    return truncated_gaussian_sigma(radius, sigma) if radius >= 1 else blur_sigma(sigma)


def _blur(text: str) -> float:
    radius, sigma, *_ = _geometry(text)
    return _sigma(radius, sigma)


def _sharpening(text: str) -> UnsharpMask | None:
    radius, sigma, gain, threshold = _geometry(text)
    amount = 1.0 if gain < 0 else min(gain, 10.0)
    if not amount:
        return None
    limit = min(round(max(threshold, 0.0) * _FULL_SCALE), _FULL_SCALE)
    return UnsharpMask(min(max(_sigma(radius, sigma), 0.3), 10.0), amount, limit)


def _is_grey(text: str) -> bool:
    return text.lower() in _GREY


def _time(text: str) -> float:
    """Read ``HH:MM:SS`` or seconds."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError("not a time")
    seconds = int(match[1] or 0) * 3_600 + int(match[2] or 0) * 60 + float(match[3])
    if seconds > MAX_TIME_S:
        raise ValueError("out of bounds")
    return seconds


def _gravity(text: str) -> Point:
    return _GRAVITIES[text.lower()]


def _kernel(text: str) -> Kernel:
    return _KERNELS.get(text.lower(), Kernel.LANCZOS3)


def _text(text: str) -> str:
    return text[:MAX_TEXT_CHARACTERS]


def _row(
    names: str,
    meaning: str,
    native: str,
    read: Reader[object] | Callable[[str], object],
    expects: str = "",
    note: str = "",
    status: Status | None = None,
) -> Row:
    support = status or (Status.DIFFERS if note else Status.SUPPORTED)
    reader: Reader[object] = Reading(read, expects) if expects else read  # type: ignore[assignment]
    return OptionRow(Option(tuple(names.split()), meaning, native, note, support), reader)


_SIDE: Final = Integer(0, MAX_SIDE)
_SWITCH: Final = "0 or 1"

ROWS: Final[tuple[Row, ...]] = (
    _row("w", "Width in pixels.", "`width`", _SIDE),
    _row("h", "Height in pixels; with both sides the image lies inside.", "`height`", _SIDE),
    _row("c", "`1`: with both sides the image is cut to them; each side is at most that of the original.",
         "`fit=cover`, `clamp=sides`", _switch, _SWITCH),
    _row("g", "Which part `c` keeps, and where a text is: `NorthWest`, `North` … `Center`.", "`gravity`", _gravity,
         "NorthWest, North, NorthEast, West, Center, East, SouthWest, South or SouthEast"),
    _row("par", "`0`: distorts to both sides.", "`fit=fill`", _switch, _SWITCH),
    _row("pns", "`0`: enlarges.", "`enlarge`", _switch, _SWITCH),
    _row("r", "Degrees clockwise, from -360 to 360.", "`rotate`", Decimal(-360, 360)),
    _row("bg", "A colour behind what is transparent, and of corners: a name, `%23ff4455` or `rgb(255,120,100)`.",
         "`flatten`, `background`", css_colour, "a colour"),
    _row("e", "`1`: cuts out the region between two points of the original.", "`crop`", _switch, _SWITCH),
    _row("p1x", "Its left edge.", "`crop`", _SIDE),
    _row("p1y", "Its upper edge.", "`crop`", _SIDE),
    _row("p2x", "Its right edge.", "`crop`", _SIDE),
    _row("p2y", "Its lower edge.", "`crop`", _SIDE),
    _row("fc", "`1`: `c` keeps faces.", "`gravity=face`", _switch, _SWITCH, "Without `c` and both sides no effect."),
    _row("smc", "`1`: `c` keeps what is salient.", "`gravity=smart`", _switch, _SWITCH,
         "Without `c` and both sides no effect."),
    _row("fb", "`1`: blurs faces.", "`blur_faces`", _switch, _SWITCH, "Of one strength."),
    _row("f", "Resampling: `Lanczos`, `Triangle`, `Mitchell`, `Catrom`, `Point`; others are as `Lanczos`.", "`kernel`",
         _kernel, "a filter"),
    _row("unsh", "Unsharp mask: `RADIUSxSIGMA+GAIN+THRESHOLD`.", "`unsharp`", _sharpening, "a geometry such as 0x6",
         "A sigma of 10 at most."),
    _row("sh", "Sharpens: `RADIUSxSIGMA`.", "`unsharp`", _sharpening, "a geometry such as 0x5", "An unsharp mask."),
    _row("blr", "Blurs: `RADIUSxSIGMA`.", "`blur`, `blur_space=srgb`", _blur, "a geometry such as 1x2"),
    _row("clsp", "`Gray`: grey; others have no effect.", "`grayscale`", _is_grey, "a colour space"),
    _row("mnchr", "`1`: black and white.", "`threshold`", _switch, _SWITCH, "Without dithering."),
    _row("t", "A text on the image.", "`overlay`", _text, "a text", "In a font of the server."),
    _row("tc", "Its colour, white by default.", "`overlay`", css_colour, "a colour"),
    _row("ts", "Its size in pixels, 4 to 1000; 14 by default.", "`overlay`", Integer(4, 1_000, clamps=True)),
    _row("tbg", "The colour behind it.", "`overlay`", css_colour, "a colour"),
    _row("o", "`auto` (default): AVIF or WebP by `Accept`, else as `input`; `input`: that of the original, or JPEG; "
         "`png`, `webp`, `avif`, `jxl`, `jpeg`, `jpg`, `gif`.", "`format`", Words(FORMATS)),
    _row("q", "Quality, 0 to 100; 90 by default.", "`quality`", Integer(0, 100, clamps=True),
         note="One scale of perceived quality for all formats."),
    _row("webpl", "`1`: lossless WebP.", "`lossless`", _switch, _SWITCH),
    _row("webpm", "Effort of WebP, 0 to 6.", "`effort`", Integer(0, 6, clamps=True)),
    _row("jxlef", "Effort of JPEG XL, 1 to 9.", "`effort`", Integer(1, 9, clamps=True)),
    _row("st", "`0`: keeps metadata.", "`metadata=all`", _switch, _SWITCH),
    _row("ao", "`1`: turned as EXIF says; else as stored.", "`orientation`", _switch, _SWITCH,
         "Turned before it is resized."),
    _row("pdfp", "Page of a PDF, from 1.", "`page`", Integer(1, MAX_PAGE)),
    _row("dnst", "Resolution of a PDF.", "`dpi`", Integer(1, MAX_DPI)),
    _row("tm", "Position in a video: seconds, or `HH:MM:SS`.", "`time`", _time, "seconds or HH:MM:SS",
         "Without it the most representative frame."),
    _row("moz rz sc sf ett rf v gf fcp jxlds", "Encoders, other ways of resizing, frames, caching, versions.", "",
         _text, "anything", "Nothing here depends on them.", Status.IGNORED),
)  # fmt: skip
TABLE: Final = by_name(ROWS)
OPTIONS: Final = options_of(ROWS)
