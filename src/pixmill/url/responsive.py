"""Widths and descriptors of ``srcset``, and the size of the element, by the rules of the server's ``/srcset``.

Knows numbers and parameters; must never know a URL's spelling.
"""

from __future__ import annotations

from .errors import ConflictingParameters, InvalidParameter, MissingParameter
from .parameters import DEFAULT_WIDTHS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import TypeVar

    T = TypeVar("T")
    Size = tuple[int, int]
    Candidate = tuple[int, "int | None", str]

DEFAULT_FORMATS = ("avif", "webp")
MAX_SIDE = 16_383
_SIDES = 2
_MAX_DENSITY = 2
_DENSITIES = (1, 4)
TINY_WIDTH = 24
_SHOWN = frozenset(
    (
        *("aspect", "background", "crop", "crop_aspect", "crop_gravity", "crop_overflow", "fit", "flip", "grayscale"),
        *("gravity", "orientation", "page", "rotate", "time", "trim", "trim_color", "v"),
    )
)
"""What a tiny copy has in common with its image."""
_SAME_WIDTH = 0.1
_MAX_DEFAULT_WIDTH = 1_080
_OTHER_SHAPES = frozenset(
    (
        *("aspect", "canvas", "crop", "crop_aspect", "enlarge", "max_area", "max_height", "max_side", "max_width"),
        *("min_height", "min_width", "orientation", "padding", "page", "preset", "rotate", "then", "trim", "zoom"),
    )
)
"""With any of them the size of the original says little about that of the result."""
_NOTHING = (None, False, "", "false", 0, "0", "auto")
"""Values with which they change no shape."""
_CUT_TO_SIZE = ("cover", "contain", "fill")


class Candidates(list):  # type: ignore[type-arg]
    """The images of a set, smallest first, each as URL, width and descriptor."""

    @property
    def srcset(self) -> str:
        """The value of ``srcset``."""
        return ", ".join([f"{url} {descriptor}" for url, _, descriptor in self])

    def src(self, width: int) -> str:
        """Return the URL of the image nearest to a width, for browsers without ``srcset``."""
        wanted = min(width, _MAX_DEFAULT_WIDTH)
        return str(min(self, key=lambda one: (abs(one[1] - wanted), one[1]))[0])


def candidate_widths(
    params: Mapping[str, object],
    widths: Iterable[int] | None,
    densities: Iterable[float] | None,
    size: Size | None,
) -> Iterator[Candidate]:
    """Yield width, height and descriptor of each image, smallest first; the height is None unless one was given.

    Raises UrlError.
    """
    width, height = pixels(params, "width"), pixels(params, "height")
    if height and not width:
        raise ConflictingParameters("height needs width here: together they are the shape of all widths", "height")
    most = MAX_SIDE if not (height and width) else max(1, min(MAX_SIDE, MAX_SIDE * width // height))
    most = min(most, _natural_width(params, width, height, size))
    wanted = _widths(width, widths, densities)
    for one in sorted({min(one, most) for one in wanted}):
        own = None if not (height and width) else max(1, _rounded(one * height, width))
        yield one, own, f"{one}w" if densities is None else f"{round(one / (width or one), 4):g}x"


def element_size(params: Mapping[str, object], candidates: Candidates, size: Size | None) -> tuple[int, int | None]:
    """Return width and height of the element in CSS pixels; the height is None if it is not known."""
    width, height = pixels(params, "width"), pixels(params, "height")
    size = _size_before(params, size)
    largest = candidates[-1][1]
    own = min(width or largest, largest)
    if width and height and params.get("fit") in _CUT_TO_SIZE:
        return own, max(1, _rounded(own * height, width))
    if size is None:
        return own, None
    if (
        width
        and height
        and params.get("fit", "inside") == "inside"
        and size[1] * own > size[0] * _rounded(own * height, width)
    ):
        box_height = _rounded(own * height, width)
        return max(1, _rounded(box_height * size[0], size[1])), box_height
    if height and params.get("fit", "inside") != "inside":
        return own, None
    return own, max(1, _rounded(own * size[1], size[0]))


def tiny_params(params: Mapping[str, object], most: int) -> dict[str, object]:
    """Return the parameters of a tiny copy that shows the same part in the same shape."""
    width, height = pixels(params, "width"), pixels(params, "height")
    tiny = min(width or most, most)
    own = {name: value for name, value in params.items() if name in _SHOWN}
    if width and height:
        own["height"] = max(1, _rounded(tiny * height, width))
    return {**own, "width": tiny, "blur": 1, "animated": False, "format": "webp", "quality": 40}


def listed(name: str, values: Iterable[T] | None) -> list[T] | None:
    """Return several values as a list. Raises InvalidParameter."""
    if values is None:
        return None
    try:
        return list(values)
    except TypeError:
        raise InvalidParameter(f"{name} must be several values, such as a list, not {values!r}", name) from None


def check_size(size: Size | None) -> None:
    """Raise InvalidParameter unless this is the size of an original, or None."""
    if size is None:
        return
    sides = size if isinstance(size, (tuple, list)) else ()
    if len(sides) != _SIDES or not all(type(side) is int and side > 0 for side in sides):
        raise InvalidParameter(f"size must be width and height of the original in pixels, not {size!r}", "size")


def sizes_for(width: int) -> str:
    """Return ``sizes`` of an image that is this wide where there is room, and fills the window where there is not."""
    return f"(min-width: {width}px) {width}px, 100vw"


def _widths(width: int | None, widths: Iterable[int] | None, densities: Iterable[float] | None) -> set[int]:
    if densities is not None:
        return _widths_of_densities(width, widths, densities)
    if widths is not None:
        given = list(widths)
        if not given or not all(_is_width(one) for one in given):
            raise InvalidParameter(f"widths must be whole numbers from 1 to {MAX_SIDE}, not {given!r}", "widths")
        return {*given, *((width,) if width else ())}
    if width is None:
        return set(DEFAULT_WIDTHS)
    own = (width, min(MAX_SIDE, _MAX_DENSITY * width))
    between = [one for one in DEFAULT_WIDTHS if one < own[1]]
    return {*own, *(one for one in between if all(abs(one - other) > other * _SAME_WIDTH for other in own))}


def _widths_of_densities(width: int | None, widths: Iterable[int] | None, densities: Iterable[float]) -> set[int]:
    if widths is not None:
        raise ConflictingParameters("densities takes the place of widths", "densities")
    if width is None:
        raise MissingParameter("densities needs width: the width of the image on the page", "width")
    given = list(densities)
    low, high = _DENSITIES
    if not given or not all(isinstance(one, (int, float)) and low <= one <= high for one in given):
        raise InvalidParameter(f"densities must be numbers from {low} to {high}, not {given!r}", "densities")
    return {min(MAX_SIDE, int(width * one + 0.5)) for one in given}


def _natural_width(params: Mapping[str, object], width: int | None, height: int | None, size: Size | None) -> int:
    """Return the width at which the image is neither reduced nor enlarged."""
    size = _size_before(params, size)
    if size is None:
        return MAX_SIDE
    own_width, own_height = size
    if not (width and height):
        return max(1, own_width)
    choose = max if params.get("fit", "inside") in ("inside", "contain") else min
    return max(1, choose(own_width, _rounded(own_height * width, height)))


def _size_before(params: Mapping[str, object], size: Size | None) -> Size | None:
    """Return the size, at most, of what is resized: of the original, or of what is cropped; None if it is not known."""
    changed = {name for name in _OTHER_SHAPES if params.get(name) not in _NOTHING}
    if changed == {"crop"}:
        return _cropped(params["crop"], size)
    return None if changed else size


def _cropped(crop: object, size: Size | None) -> Size | None:
    """Return the size of a region in pixels, within the original if that is known; None for other regions."""
    parts = crop.split(",") if isinstance(crop, str) else crop
    try:
        left, top, width, height = [int(part) for part in parts]  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        return None
    if size is not None:
        width, height = min(width, size[0] - left), min(height, size[1] - top)
    return (width, height) if width > 0 and height > 0 else None


def pixels(params: Mapping[str, object], name: str) -> int | None:
    """Return a side of the element in pixels. Raises ConflictingParameters."""
    side = params.get(name)
    if side is None:
        return None
    if isinstance(side, str) and side.isdecimal():
        side = int(side)
    if not _is_width(side):
        raise ConflictingParameters(f"{name} must be a number of pixels here: widths are in pixels", name)
    return side  # type: ignore[return-value]


def _is_width(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_SIDE


def _rounded(numerator: int, denominator: int) -> int:
    """Divide, and round half up."""
    return (2 * numerator + denominator) // (2 * denominator)
