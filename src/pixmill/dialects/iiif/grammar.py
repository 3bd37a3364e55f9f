"""Reads the four parameters of an IIIF image URL: region, size, rotation, quality and format.

Knows texts and numbers. Must never know a plan, nor a path. Readers take decoded segments and raise InvalidParameter,
in time linear in their length.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Final

from pixmill.dialects.iiif.options import QUALITIES, Version
from pixmill.dialects.kit.numbers import angle
from pixmill.errors import InvalidParameter

MAX_DEGREES: Final = 360

_INTEGER: Final = "[0-9]{1,10}"
_FLOAT: Final = r"(?:[0-9]{1,9}(?:\.[0-9]{1,18})?|\.[0-9]{1,18})"
_PIXELS: Final = re.compile(",".join([f"({_INTEGER})"] * 4))
_PERCENT: Final = re.compile("pct:" + ",".join([f"({_FLOAT})"] * 4))
_SIZE_BOX: Final = re.compile(f"(!?)({_INTEGER})?,({_INTEGER})?")
_SIZE_PERCENT: Final = re.compile(f"pct:({_FLOAT})")
_ROTATION: Final = re.compile(f"(!?)({_FLOAT})")


class RegionKind(StrEnum):
    """The forms of a region."""

    FULL = "full"
    SQUARE = "square"
    PIXELS = "px"
    PERCENT = "pct"


@dataclass(frozen=True, slots=True)
class Region:
    """A region; ``left`` to ``height`` are of those in pixels and in percent."""

    kind: RegionKind
    left: Fraction = Fraction(0)
    top: Fraction = Fraction(0)
    width: Fraction = Fraction(0)
    height: Fraction = Fraction(0)


class SizeKind(StrEnum):
    """The forms of a size."""

    MAX = "max"
    BOX = "box"
    CONFINED = "confined"
    PERCENT = "pct"


@dataclass(frozen=True, slots=True)
class SizeForm:
    """A size. A side of 0 is free. ``upscales``: it is marked as one that may be larger than the region."""

    kind: SizeKind
    width: int = 0
    height: int = 0
    percent: Fraction = Fraction(100)
    upscales: bool = False


@dataclass(frozen=True, slots=True)
class Rotation:
    """A rotation in degrees, below 360, after a mirroring."""

    degrees: Fraction
    is_mirrored: bool


@dataclass(frozen=True, slots=True)
class ImageParams:
    """What an image URL asks for, besides the original; ``extension`` is that of the format."""

    region: Region
    size: SizeForm
    rotation: Rotation
    quality: str
    extension: str


def read_params(segments: list[str], version: Version) -> ImageParams:
    """Read region, size, rotation, and quality with format. Raises InvalidParameter that names the parameter."""
    region, size, rotation, last = segments
    quality, dot, extension = last.rpartition(".")
    if quality not in QUALITIES:
        raise _invalid("quality", last, f"must be {', '.join(QUALITIES[:-1])} or {QUALITIES[-1]}, and a format")
    if not dot or not extension:
        raise _invalid("format", last, "is missing")
    return ImageParams(read_region(region), read_size(size, version), read_rotation(rotation), quality, extension)


def read_region(text: str) -> Region:
    if text in (RegionKind.FULL, RegionKind.SQUARE):
        return Region(RegionKind(text))
    for pattern, kind in ((_PIXELS, RegionKind.PIXELS), (_PERCENT, RegionKind.PERCENT)):
        if match := pattern.fullmatch(text):
            region = Region(kind, *map(_fraction, match.groups()))
            if not region.width or not region.height:
                raise _invalid("region", text, "has a side of 0")
            return region
    raise _invalid("region", text, "must be full, square, x,y,w,h or pct:x,y,w,h")


def read_size(text: str, version: Version) -> SizeForm:
    """Read a size; version 2 has ``full``, and no mark of upscaling: sizes that name one may be upscaled."""
    is_marked = version is Version.V3 and text.startswith("^")
    form = text.removeprefix("^") if is_marked else text
    if form == "max" or (form == "full" and version is Version.V2):
        return SizeForm(SizeKind.MAX, upscales=is_marked)
    upscales = is_marked or version is Version.V2
    if match := _SIZE_PERCENT.fullmatch(form):
        percent = _fraction(match[1])
        if not percent:
            raise _invalid("size", text, "is 0")
        return SizeForm(SizeKind.PERCENT, percent=percent, upscales=upscales)
    match = _SIZE_BOX.fullmatch(form)
    if not match or form == "," or (match[1] and not (match[2] and match[3])):
        raise _invalid("size", text, f"must be {_SIZES[version]}")
    width, height = (None if side is None else int(side) for side in match.group(2, 3))
    if width == 0 or height == 0:
        raise _invalid("size", text, "has a side of 0")
    if match[1]:
        return SizeForm(SizeKind.CONFINED, width or 0, height or 0, upscales=is_marked)
    return SizeForm(SizeKind.BOX, width or 0, height or 0, upscales=upscales)


_SIZES: Final = {
    Version.V2: "full, max, w, or ,h or pct:n or w,h or !w,h",
    Version.V3: "max, w, or ,h or pct:n or w,h or !w,h, each also after ^",
}


def read_rotation(text: str) -> Rotation:
    match = _ROTATION.fullmatch(text)
    degrees = _fraction(match[2]) if match else Fraction(-1)
    if match is None or degrees > MAX_DEGREES:
        raise _invalid("rotation", text, f"must be 0 to {MAX_DEGREES}, also after !")
    return Rotation(angle(degrees), bool(match[1]))


def _fraction(digits: str) -> Fraction:
    """Return the exact value of at most 27 digits with at most one point."""
    return Fraction(digits)


_MAX_SHOWN: Final = 40


def _invalid(param: str, text: str, reason: str) -> InvalidParameter:
    return InvalidParameter(f"The {param} {text[:_MAX_SHOWN]!r} {reason}", param=param)
