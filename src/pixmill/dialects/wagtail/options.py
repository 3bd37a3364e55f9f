"""The operations of Wagtail's filter specs as one table: names, meanings, readers. Knows texts and values only."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from pixmill.dialects.kit.colours import Alpha, hex_colour
from pixmill.dialects.kit.numbers import Integer, decimal
from pixmill.dialects.kit.options import Option, OptionRow, Status, by_name, options_of
from pixmill.media import Format
from pixmill.plan.colour import Colour

MAX_SIDE: Final = 65_535
MAX_SCALE: Final = 100
FORMATS: Final = {
    form.value: form
    for form in (Format.JPEG, Format.PNG, Format.GIF, Format.WEBP, Format.AVIF, Format.ICO, Format.HEIC)
}


@dataclass(frozen=True, slots=True)
class Box:
    """The sides of ``fill``, ``min`` and ``max``; a free side of ``width`` and ``height`` is 0.

    ``closeness``: 0 to 1, how close ``fill`` cuts around the focal point.
    """

    width: int
    height: int
    closeness: float = 0.0


@dataclass(frozen=True, slots=True)
class TargetFormat:
    """The format of the result, and whether it loses nothing."""

    format: Format
    lossless: bool


Value = Box | TargetFormat | Colour | Fraction | int | None
Read = Callable[[list[str]], Value]
Row = OptionRow[Read]

_NATURAL: Final = Integer(0, 10**9, clamps=True)


def _side(text: str) -> int:
    """Read a side; one of 0 is a pixel, as is every side that is rounded to nothing."""
    value = Integer(0, 10**9)(text)
    return min(max(value, 1), MAX_SIDE)


def _one(parts: list[str]) -> str:
    if len(parts) != 1:
        raise ValueError("wrong number of values")
    return parts[0]


def _box(parts: list[str]) -> Box:
    width, height = _one(parts).split("x")
    return Box(_side(width), _side(height))


def _fill(parts: list[str]) -> Box:
    size, *extras = parts
    closeness = 0
    for extra in extras:
        if not extra.startswith("c"):
            raise ValueError("unknown part")
        closeness = _NATURAL(extra[1:])
    width, height = (Integer(1, 10**9)(side) for side in size.split("x"))
    return Box(min(width, MAX_SIDE), min(height, MAX_SIDE), min(closeness, 100) / 100)


def _width(parts: list[str]) -> Box:
    return Box(_side(_one(parts)), 0)


def _height(parts: list[str]) -> Box:
    return Box(0, _side(_one(parts)))


def _scale(parts: list[str]) -> Fraction:
    value = decimal(_one(parts)) / 100
    if not 0 <= value <= MAX_SCALE:
        raise ValueError("out of bounds")
    return value


def _quality(parts: list[str]) -> int:
    return max(Integer(0, 100)(_one(parts)), 1)


def _format(parts: list[str]) -> TargetFormat:
    name, *options = parts
    return TargetFormat(FORMATS[name], "lossless" in options)


def _colour(parts: list[str]) -> Colour:
    text = _one(parts)
    if text.startswith("#"):
        raise ValueError("not hexadecimal digits")
    return hex_colour(text, Alpha.NONE)


def _nothing(parts: list[str]) -> None:
    if parts:
        raise ValueError("takes no value")


def _row(name: str, meaning: str, native: str, read: Read, note: str = "", status: Status = Status.SUPPORTED) -> Row:
    return OptionRow(Option((name,), meaning, native, note, status), read)


ROWS: Final[tuple[Row, ...]] = (
    _row("original", "No operation.", "", _nothing),
    _row("fill", "`fill-300x200`: the largest region of this shape around the focal point, else in the middle; shrunk "
         "to this size. `-c50`: closer to the focal point, in percent.", "`fit=cover`, `gravity`", _fill),
    _row("min", "`min-300x200`: at least this size on both sides.", "`fit=outside`", _box),
    _row("max", "`max-300x200`: lies inside.", "`fit=inside`", _box),
    _row("width", "`width-300`: at most this wide.", "`width`", _width),
    _row("height", "`height-300`: at most this high.", "`height`", _height),
    _row("scale", "`scale-50`: percent; may enlarge.", "`zoom`, `enlarge`", _scale),
    _row("jpegquality", "`jpegquality-60`: quality of a JPEG.", "`quality`", _quality,
         "One scale of perceived quality for all formats.", Status.DIFFERS),
    _row("webpquality", "Quality of a WebP.", "`quality`", _quality, "As `jpegquality`.", Status.DIFFERS),
    _row("avifquality", "Quality of an AVIF.", "`quality`", _quality, "As `jpegquality`.", Status.DIFFERS),
    _row("format", "`format-webp`: `jpeg`, `png`, `gif`, `webp`, `avif`, `ico` or `heic`. `-lossless`: WebP and AVIF "
         "lose nothing.", "`format`, `lossless`", _format),
    _row("bgcolor", "`bgcolor-ff0000`: put behind transparency; 3 or 6 digits.", "`flatten`", _colour),
    _row("preserve", "`preserve-svg`: an SVG stays one, whatever format is named.", "`format=original`",
         lambda parts: None if parts == ["svg"] else _nothing(["x"])),
)  # fmt: skip

TABLE: Final = by_name(ROWS)
OPTIONS: Final = options_of(ROWS)
