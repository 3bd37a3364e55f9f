"""The suffixes of Shopify's file names: ``a_300x200_crop_center@2x.progressive.jpg``. Knows texts and values only."""

import re
from dataclasses import dataclass
from typing import Final

from pixmill.dialects.shopify.options import FORMATS, MAX_SIDE, POSITIONS
from pixmill.media import Format
from pixmill.plan.gravity import Point

NAMED_SIZES: Final = {
    "pico": 16,
    "icon": 32,
    "thumb": 50,
    "small": 100,
    "compact": 160,
    "medium": 240,
    "large": 480,
    "grande": 600,
    "original": 0,
    "master": 0,
}
"""Both sides of each; 0 for those of the original."""

_EXTENSIONS: Final = frozenset(FORMATS) | {"bmp", "heic", "svg", "tif", "tiff"}
_MAX_SUFFIX_CHARS: Final = 64
_POSITION: Final = "|".join(POSITIONS)
_SUFFIX: Final = re.compile(
    rf"(?:_({'|'.join(NAMED_SIZES)}|[0-9]{{0,5}}x[0-9]{{0,5}})(?:_(?:crop_)?({_POSITION}))?(?:@([1-3])x)?)?"
    r"(?:\.(progressive))?\Z"
)


@dataclass(frozen=True, slots=True)
class FileName:
    """The path of an original, and what the suffixes of its name ask for. A side of 0 is free.

    ``format``: None for that of the original, ``progressive`` if the suffix says so.
    """

    path: str
    width: int = 0
    height: int = 0
    scale: int = 1
    crop: Point | None = None
    format: Format | None = None
    progressive: bool = False


def parse_name(path: str) -> FileName:
    """Split the suffixes from a decoded path; what is not a valid suffix is a part of the name."""
    folder, slash, name = path.rpartition("/")
    stem, _, extension = name.rpartition(".")
    if not stem:
        return FileName(path)
    inner, _, inner_extension = stem.rpartition(".")
    if extension.lower() in FORMATS and inner_extension.lower() in _EXTENSIONS:
        converted = _split(inner)
        if converted:
            return _file_name(f"{folder}{slash}", *converted, inner_extension, FORMATS[extension.lower()])
    plain = _split(stem)
    return _file_name(f"{folder}{slash}", *plain, extension, None) if plain else FileName(path)


def _split(stem: str) -> tuple[str, re.Match[str]] | None:
    """Return a stem without its suffixes, and these; None if it has none."""
    tail = stem[-_MAX_SUFFIX_CHARS:]
    match = _SUFFIX.search(tail)
    rest = stem[: len(stem) - len(match[0])] if match else ""
    if not match or not match[0] or not rest or match[1] == "x":
        return None
    if match[1] and max(_sides(match[1])) > MAX_SIDE:
        return None
    return rest, match


def _sides(size: str) -> tuple[int, int]:
    if size in NAMED_SIZES:
        return NAMED_SIZES[size], NAMED_SIZES[size]
    width, _, height = size.partition("x")
    return int(width or 0), int(height or 0)


def _file_name(folder: str, rest: str, match: re.Match[str], extension: str, converted: Format | None) -> FileName:
    size, position, scale, progressive = match.groups()
    width, height = _sides(size) if size else (0, 0)
    written = converted or FORMATS.get(extension.lower())
    is_progressive = bool(progressive) and written is Format.JPEG
    return FileName(
        f"{folder}{rest}.{extension}",
        width,
        height,
        int(scale or 1),
        POSITIONS[position] if position else None,
        Format.JPEG if is_progressive else converted,
        is_progressive,
    )
