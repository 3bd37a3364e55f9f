"""Widths and descriptors of ``srcset``, and the size of the element, by the rules of the server's ``/srcset``.

Knows numbers and parameters; must never know a URL's spelling.
"""

from __future__ import annotations

from .errors import ConflictingParameters, InvalidParameter, MissingParameter
from .parameters import DEFAULT_WIDTHS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    Size = tuple[int, int]
    Candidate = tuple[int, "int | None", str]

DEFAULT_FORMATS = ("avif", "webp")
MAX_SIDE = 16_383
_MAX_DENSITY = 2
_DENSITIES = (1, 4)
_SAME_WIDTH = 0.1
_MAX_DEFAULT_WIDTH = 1_080
_OTHER_SHAPES = frozenset(
    (
        *("aspect", "canvas", "crop", "crop_aspect", "enlarge", "padding", "page", "preset", "rotate", "then", "trim"),
        "zoom",
    )
)
"""With any of them the size of the original says little about that of the result."""
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
    width, height = _pixels(params, "width"), _pixels(params, "height")
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
    width, height = _pixels(params, "width"), _pixels(params, "height")
    largest = candidates[-1][1]
    own = min(width or largest, largest)
    if width and height and params.get("fit") in _CUT_TO_SIZE:
        return own, max(1, _rounded(own * height, width))
    if size is None or not _OTHER_SHAPES.isdisjoint(params):
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
    if size is None or not _OTHER_SHAPES.isdisjoint([name for name, value in params.items() if value]):
        return MAX_SIDE
    own_width, own_height = size
    if not (width and height):
        return max(1, own_width)
    choose = max if params.get("fit", "inside") in ("inside", "contain") else min
    return max(1, choose(own_width, _rounded(own_height * width, height)))


def _pixels(params: Mapping[str, object], name: str) -> int | None:
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
