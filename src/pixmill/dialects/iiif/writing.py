"""Writes a plan as the parameters of the IIIF Image API: region, size, rotation, quality and format.

The inverse of ``grammar.py``. Must never know whether what is written means the same.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from pixmill.dialects.iiif.options import FORMATS, Version
from pixmill.dialects.kit.writing import (
    Terms,
    is_box,
    number,
    percent_region,
    pixel_region,
    scaled,
    segment_of,
    terms_to_write,
    transposed,
)
from pixmill.media import Format
from pixmill.plan.ops import Aspect, CropWindow, Fit, Flip
from pixmill.plan.request import ImageRequest
from pixmill.plan.transforms import FreeRotation

_TURN: Final = 360
_HALF_TURN: Final = 180
_EXTENSIONS: Final[Mapping[Format, str]] = {form: name for name, form in reversed(list(FORMATS.items()))}
_SQUARE: Final = CropWindow(aspect=Aspect(1, 1))


def _region(crop: object) -> str:
    if region := pixel_region(crop):
        return ",".join(map(str, region))
    if shares := percent_region(crop):
        return f"pct:{','.join(shares)}"
    return "square" if crop == _SQUARE else "full"


def _size(terms: Terms, version: Version) -> str:
    """Write a size; in version 3 those that may enlarge have a mark."""
    mark = "^" if version is Version.V3 and terms.enlarge else ""
    sides = f"{terms.value('width', '')},{terms.value('height', '')}"
    if is_box(terms):
        return mark + (sides if terms.fit is Fit.FILL else f"!{sides}")
    if sides != ",":
        return mark + sides
    if "zoom" in terms:
        return f"{mark}pct:{scaled(100)(terms.value('zoom', 1.0))}"
    return "max" if version is Version.V3 else "full"


def _rotation(terms: Terms) -> str:
    """Write a mirror, which comes first here, and then the turn."""
    flip, degrees = terms.flip, terms.rotate
    free = terms.get("rotate_free")
    if isinstance(free, FreeRotation):
        return ("!" if flip is Flip.HORIZONTAL else "") + number(free.degrees)
    if flip in (Flip.VERTICAL, Flip.BOTH):
        degrees += _HALF_TURN
    if flip in (Flip.HORIZONTAL, Flip.VERTICAL):
        return f"!{-degrees % _TURN}"
    return str(degrees % _TURN)


def _quality(terms: Terms) -> str:
    if terms.value("threshold", 0):
        return "bitonal"
    return "gray" if terms.value("grayscale", False) else "default"


def _extension(form: object) -> str:
    return _EXTENSIONS.get(form, "jpg") if isinstance(form, Format) else "jpg"


def urls(request: ImageRequest, prefixes: Mapping[str, Version]) -> Iterator[str]:
    """Yield URLs of each version, the newest first. One has a format: JPEG where the request names none."""
    terms = transposed(terms_to_write(request.plan))
    last = f"{_quality(terms)}.{_extension(terms.form)}"
    for prefix, version in sorted(prefixes.items(), key=lambda item: -item[1]):
        path = (_region(terms.crop), _size(terms, version), _rotation(terms), last)
        yield f"{prefix}/{segment_of(request.source)}/{'/'.join(path)}"
