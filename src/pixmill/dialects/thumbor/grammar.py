"""The options in a path, in their fixed order: ``meta/trim/10x10:200x200/fit-in/300x200/left/top/smart/filters:…/…``.

Each option is a segment. One that stands in another place, or that nothing follows, is part of the image's name. Reads
each byte once or twice. Knows nothing of images, nor what an option means for one.
"""

import re
from enum import StrEnum
from typing import Final

from msgspec import Struct, structs

from pixmill.errors import InvalidParameter
from pixmill.plan.ops import MAX_SIDE

ORIGINAL: Final = -1
"""A side as long as that of the original."""


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


class TrimOption(Struct, frozen=True):
    """``tolerance`` is a distance between two colours."""

    corner: Corner = Corner.TOP_LEFT
    tolerance: int = 0


class CropOption(Struct, frozen=True):
    """The edges of a region, in pixels, or as shares of the sides if ``is_share``."""

    left: float
    top: float
    right: float
    bottom: float
    is_share: bool = False

    @property
    def is_empty(self) -> bool:
        return self.left >= self.right or self.top >= self.bottom


class PathOptions(Struct, frozen=True, kw_only=True):
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
_TRIM, _CROP, _SIZE, _PAD = 2, 3, 6, 7
"""The places of options with numbers in the order."""

_PATTERNS: Final = (
    {_TRIM: _TRIM_THUMBOR, _CROP: _CROP_THUMBOR, _SIZE: _SIZE_THUMBOR},
    {_TRIM: _TRIM_IMAGOR, _CROP: _CROP_IMAGOR, _SIZE: _SIZE_IMAGOR, _PAD: _PADDING},
)
"""By whether they are imagor's."""

_FIT: Final = frozenset({b"fit-in", b"full-fit-in", b"adaptive-fit-in", b"adaptive-full-fit-in"})
_HALIGN: Final = frozenset({b"left", b"right", b"center"})
_VALIGN: Final = frozenset({b"top", b"bottom", b"middle"})


_WORDS: Final[dict[bytes, tuple[int, str, bool | str]]] = {
    b"debug": (0, "is_debug", True),
    b"meta": (1, "is_meta", True),
    **dict.fromkeys(_FIT, (4, "fit", True)),
    b"stretch": (5, "is_stretched", True),
    **{word: (8, "halign", word.decode()) for word in _HALIGN},
    **{word: (9, "valign", word.decode()) for word in _VALIGN},
    b"smart": (10, "is_smart", True),
}
"""Words by their place in the order, with the field that they set."""

_IMAGOR_WORDS: Final = frozenset({b"stretch"})
_THUMBOR_WORDS: Final = frozenset({b"debug"})
_NUMBERS: Final = frozenset(b"0123456789-.xo")
"""How a crop, a size or a padding begins."""


def read_options(path: bytes, flavour: Flavour) -> PathOptions:
    """Read the options of a path behind its signature. Raises InvalidParameter for numbers that are too long."""
    is_imagor = flavour is Flavour.IMAGOR
    other_words = _THUMBOR_WORDS if is_imagor else _IMAGOR_WORDS
    values: dict[str, object] = {}
    last, position = -1, 0
    while True:
        slash = path.find(b"/", position)
        if slash < 0 or (slash + 1 == len(path) and not is_imagor):
            break  # what nothing follows is the image
        segment = path[position:slash]
        word = _WORDS.get(segment)
        if word is not None:
            place, name, value = word
            if place <= last or segment in other_words:
                break
            if name == "fit":
                values |= _fit_fields(segment)
            else:
                values[name] = value
        else:
            place = _number_place(segment, last, is_imagor=is_imagor)
            if place <= last or not _read_numbers(place, segment, values, is_imagor=is_imagor):
                break
        last, position = place, slash + 1
    rest = path[position:]
    filters, image = (_split_nested if is_imagor else _split_flat)(rest) if rest.startswith(_FILTERS) else (b"", rest)
    return structs.replace(_NO_OPTIONS, filters=filters, image=image, **values)


_NO_OPTIONS: Final = PathOptions()


def _fit_fields(word: bytes) -> dict[str, object]:
    return {"is_fit_in": True, "is_full": b"full-" in word, "is_adaptive": word.startswith(b"adaptive-")}


def _number_place(segment: bytes, last: int, *, is_imagor: bool) -> int:
    """Return the place of an option with numbers, by its form and by the place of the last option."""
    if segment.startswith(b"trim"):
        return _TRIM
    if not segment or segment[0] not in _NUMBERS:
        return -1
    if b":" in segment:
        return _PAD if is_imagor and last >= _CROP else _CROP
    return _PAD if is_imagor and last >= _SIZE else _SIZE


def _read_numbers(place: int, segment: bytes, values: dict[str, object], *, is_imagor: bool) -> bool:
    """Set the fields of an option with numbers; return whether it is one."""
    match = _PATTERNS[is_imagor][place].fullmatch(segment)
    if match is None:
        return False
    if place == _TRIM:
        values["trim"] = _trim_option(match, is_imagor=is_imagor)
    elif place == _CROP:
        values["crop"] = _crop_option(match, takes_shares=is_imagor)
    elif place == _PAD:
        values["padding"] = _padding_option(match)
    else:
        flip_x, width, flip_y, height = match.groups()
        values["width"], values["height"] = _side(width, "width"), _side(height, "height")
        values["is_flipped_horizontally"], values["is_flipped_vertically"] = bool(flip_x), bool(flip_y)
    return True


def _trim_option(match: re.Match[bytes], *, is_imagor: bool) -> TrimOption:
    tolerance = whole_number(match[2] or b"0", "trim")
    if match[1] is None and match[2] is not None and not is_imagor and b"::" not in match[0]:
        # thumbor takes the number for the name of a corner, which is then not the top left one.
        return TrimOption(Corner.BOTTOM_RIGHT)
    return TrimOption(Corner((match[1] or b"top-left").decode()), tolerance)


def _crop_option(match: re.Match[bytes], *, takes_shares: bool) -> CropOption | None:
    """Return the region; None for one that begins and ends at 0, which stands for the whole image."""
    left, top, right, bottom = (_share(text) for text in match.groups())
    if not any((left, top, right, bottom)):
        return None
    is_share = takes_shares and left < 1 and top < 1 and right <= 1 and bottom <= 1
    if takes_shares:  # an edge at 0 is then that of the image
        end = 1.0 if is_share else float(10**_MAX_DIGITS)
        right, bottom = right or end, bottom or end
    return CropOption(left, top, right, bottom, is_share)


def _padding_option(match: re.Match[bytes]) -> tuple[int, int, int, int]:
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
    end = rest.find(b")/", len(_FILTERS) + 1)
    if end < 0 or end + 2 == len(rest):
        return b"", rest
    return rest[len(_FILTERS) : end + 1], rest[end + 2 :]


def _split_nested(rest: bytes) -> tuple[bytes, bytes]:
    """Split filters from the image: they end at the first slash outside of parentheses."""
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
