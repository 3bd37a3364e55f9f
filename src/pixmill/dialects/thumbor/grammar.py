"""The options in a path, in their fixed order: ``meta/trim/10x10:200x200/fit-in/300x200/left/top/smart/filters:…/…``.

Each option is a segment. One that stands in another place, or that nothing follows, is part of the image's name. Reads
each byte once or twice. Knows nothing of images, nor what an option means for one.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pixmill.errors import InvalidParameter

ORIGINAL: Final = -1
"""A side as long as that of the original."""

MAX_SIDE: Final = 65_535
"""Longer sides are cut to this: no image has them, so that they ask for the same."""

_MAX_DIGITS: Final = 9
_FILTERS: Final = b"filters:"


class Flavour(StrEnum):
    """Whose rules decide where programs with this grammar differ."""

    THUMBOR = "thumbor"
    IMAGOR = "imagor"


class Corner(StrEnum):
    """The pixel whose colour is trimmed."""

    TOP_LEFT = "top-left"
    BOTTOM_RIGHT = "bottom-right"


@dataclass(frozen=True, slots=True)
class TrimOption:
    """``tolerance`` is a distance between two colours."""

    corner: Corner = Corner.TOP_LEFT
    tolerance: int = 0


@dataclass(frozen=True, slots=True)
class CropOption:
    """The edges of a region, in pixels, or as shares of the sides if ``is_share``."""

    left: float
    top: float
    right: float
    bottom: float
    is_share: bool = False

    @property
    def is_empty(self) -> bool:
        return self.left >= self.right or self.top >= self.bottom


@dataclass(frozen=True, slots=True, kw_only=True)
class PathOptions:
    """The options of one path. A side of 0 is free. ``filters`` and ``image`` are as they were sent."""

    is_debug: bool = False
    is_meta: bool = False
    trim: TrimOption | None = None
    crop: CropOption | None = None
    is_fit_in: bool = False
    is_full: bool = False
    is_adaptive: bool = False
    is_stretched: bool = False
    width: int = 0
    height: int = 0
    is_flipped_horizontally: bool = False
    is_flipped_vertically: bool = False
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    """Left, top, right, bottom."""
    halign: str = ""
    valign: str = ""
    is_smart: bool = False
    filters: bytes = b""
    image: bytes = b""


# Possessive, so that no text is read twice. The numbers of a crop are pixels, or shares with a decimal point.
_TRIM_THUMBOR: Final = re.compile(rb"trim(?::(top-left|bottom-right))?+(?:::?+([0-9]++))?+")
_TRIM_IMAGOR: Final = re.compile(rb"trim(?::(top-left|bottom-right))?+(?::([0-9]++))?+")
_CROP_THUMBOR: Final = re.compile(rb"([0-9]++)x([0-9]++):([0-9]++)x([0-9]++)")
_SHARE: Final = rb"((?:[01]?+\.)?+[0-9]++)"
_CROP_IMAGOR: Final = re.compile(_SHARE + rb"x" + _SHARE + rb":" + _SHARE + rb"x" + _SHARE)
_SIZE_THUMBOR: Final = re.compile(rb"(-?+)([0-9]*+|orig)x(-?+)([0-9]*+|orig)")
_SIZE_IMAGOR: Final = re.compile(rb"(-?+)([0-9]*+)x(-?+)([0-9]*+)")
_PADDING: Final = re.compile(rb"([0-9]++)x([0-9]++)(?::([0-9]++)x([0-9]++))?+")
_FIT: Final = frozenset({b"fit-in", b"full-fit-in", b"adaptive-fit-in", b"adaptive-full-fit-in"})
_HALIGN: Final = frozenset({b"left", b"right", b"center"})
_VALIGN: Final = frozenset({b"top", b"bottom", b"middle"})


class _Cursor:
    """The rest of a path, read segment by segment."""

    def __init__(self, path: bytes, *, needs_image: bool) -> None:
        self._path = path
        self._needs_image = needs_image
        self._position = 0
        self._segment: bytes | None = None
        self._end = 0
        self._look()

    def _look(self) -> None:
        """Find the next segment; None if it may only be the image."""
        slash = self._path.find(b"/", self._position)
        is_last = slash + 1 == len(self._path)
        self._segment = None if slash < 0 or (is_last and self._needs_image) else self._path[self._position : slash]
        self._end = slash + 1

    def take(self, *, pattern: re.Pattern[bytes]) -> re.Match[bytes] | None:
        """Consume the next segment if it matches."""
        match = None if self._segment is None else pattern.fullmatch(self._segment)
        if match is not None:
            self._advance()
        return match

    def take_word(self, words: frozenset[bytes]) -> str:
        """Consume the next segment if it is one of these words, and return it; else nothing."""
        if self._segment is None or self._segment not in words:
            return ""
        word = self._segment.decode()
        self._advance()
        return word

    def _advance(self) -> None:
        self._position = self._end
        self._look()

    @property
    def rest(self) -> bytes:
        return self._path[self._position :]


def read_options(path: bytes, flavour: Flavour) -> PathOptions:
    """Read the options of a path behind its signature. Raises InvalidParameter for numbers that are too long."""
    is_imagor = flavour is Flavour.IMAGOR
    cursor = _Cursor(path, needs_image=not is_imagor)
    is_debug = not is_imagor and bool(cursor.take_word(frozenset({b"debug"})))
    is_meta = bool(cursor.take_word(frozenset({b"meta"})))
    trim = _trim_option(cursor.take(pattern=_TRIM_IMAGOR if is_imagor else _TRIM_THUMBOR), flavour)
    crop = _crop_option(cursor.take(pattern=_CROP_IMAGOR if is_imagor else _CROP_THUMBOR), takes_shares=is_imagor)
    fit = cursor.take_word(_FIT)
    is_stretched = is_imagor and bool(cursor.take_word(frozenset({b"stretch"})))
    size = cursor.take(pattern=_SIZE_IMAGOR if is_imagor else _SIZE_THUMBOR)
    padding = cursor.take(pattern=_PADDING) if is_imagor else None
    halign, valign = cursor.take_word(_HALIGN), cursor.take_word(_VALIGN)
    is_smart = bool(cursor.take_word(frozenset({b"smart"})))
    filters, image = (_split_nested if is_imagor else _split_flat)(cursor.rest)
    return PathOptions(
        is_debug=is_debug,
        is_meta=is_meta,
        trim=trim,
        crop=crop,
        is_fit_in=bool(fit),
        is_full="full-" in fit,
        is_adaptive=fit.startswith("adaptive-"),
        is_stretched=is_stretched,
        width=_side(size[2], "width") if size else 0,
        height=_side(size[4], "height") if size else 0,
        is_flipped_horizontally=bool(size and size[1]),
        is_flipped_vertically=bool(size and size[3]),
        padding=_padding_option(padding),
        halign=halign,
        valign=valign,
        is_smart=is_smart,
        filters=filters,
        image=image,
    )


def _trim_option(match: re.Match[bytes] | None, flavour: Flavour) -> TrimOption | None:
    if match is None:
        return None
    tolerance = whole_number(match[2] or b"0", "trim")
    if match[1] is None and match[2] is not None and flavour is Flavour.THUMBOR and b"::" not in match[0]:
        # thumbor takes the number for the name of a corner, which is then not the top left one.
        return TrimOption(Corner.BOTTOM_RIGHT)
    return TrimOption(Corner((match[1] or b"top-left").decode()), tolerance)


def _crop_option(match: re.Match[bytes] | None, *, takes_shares: bool) -> CropOption | None:
    """Return the region; None for one that begins and ends at 0, which stands for the whole image."""
    if match is None:
        return None
    left, top, right, bottom = (_share(text) for text in match.groups())
    if not any((left, top, right, bottom)):
        return None
    is_share = takes_shares and left < 1 and top < 1 and right <= 1 and bottom <= 1
    if takes_shares:  # an edge at 0 is then that of the image
        end = 1.0 if is_share else float(10**_MAX_DIGITS)
        right, bottom = right or end, bottom or end
    return CropOption(left, top, right, bottom, is_share)


def _padding_option(match: re.Match[bytes] | None) -> tuple[int, int, int, int]:
    if match is None:
        return (0, 0, 0, 0)
    left, top = whole_number(match[1], "padding"), whole_number(match[2], "padding")
    if match[3] is None:
        return (left, top, left, top)
    return (left, top, whole_number(match[3], "padding"), whole_number(match[4], "padding"))


def _side(text: bytes, name: str) -> int:
    return ORIGINAL if text == b"orig" else min(whole_number(text or b"0", name), MAX_SIDE)


def _share(text: bytes) -> float:
    if len(text) > _MAX_DIGITS:
        raise InvalidParameter(f"A number of the crop may have at most {_MAX_DIGITS} digits", param="crop")
    return float(text)


def whole_number(digits: bytes, name: str) -> int:
    """Return the value of ASCII digits. Raises InvalidParameter if there are too many."""
    if len(digits) > _MAX_DIGITS:
        raise InvalidParameter(f"{name} may have at most {_MAX_DIGITS} digits", param=name)
    return int(digits)


def _split_flat(rest: bytes) -> tuple[bytes, bytes]:
    """Split filters from the image: they end at the first parenthesis before a slash."""
    if not rest.startswith(_FILTERS):
        return b"", rest
    end = rest.find(b")/", len(_FILTERS) + 1)
    if end < 0 or end + 2 == len(rest):
        return b"", rest
    return rest[len(_FILTERS) : end + 1], rest[end + 2 :]


def _split_nested(rest: bytes) -> tuple[bytes, bytes]:
    """Split filters from the image: they end at the first slash outside of parentheses."""
    if not rest.startswith(_FILTERS):
        return b"", rest
    depth = 0
    for match in _NESTING.finditer(rest, len(_FILTERS)):
        if match[0] == b"(":
            depth += 1
        elif match[0] == b")":
            depth -= 1
        elif depth == 0:
            return rest[len(_FILTERS) : match.start()], rest[match.end() :]
    return rest[len(_FILTERS) :], b""


_NESTING: Final = re.compile(rb"[()/]")
