"""Positions of overlays as text. Knows the spellings of thumbor and imagor, and placements."""

import re
from collections.abc import Mapping
from typing import Final

from pixmill.dialects.kit.numbers import leading_decimal, leading_integer
from pixmill.plan.overlays import ZERO_LENGTH, Blend, Length, Placement, Repeat

Axis = tuple[float, Length, bool]
"""Where an overlay stands along one axis: an edge or the centre, the distance from it, and whether it is repeated."""

_REPEATS: Final = {
    (False, False): Repeat.NONE,
    (True, False): Repeat.HORIZONTAL,
    (False, True): Repeat.VERTICAL,
    (True, True): Repeat.BOTH,
}
_MAX_DISTANCE: Final = 65_535
_CENTRE: Final = "center"
_REPEAT: Final = "repeat"


def _length(value: float, *, percent: bool = False) -> Length:
    bounded = float(min(max(value, -_MAX_DISTANCE), _MAX_DISTANCE))
    return Length(bounded, percent) if bounded else ZERO_LENGTH


def _placement(horizontal: Axis, vertical: Axis, opacity: float, blend: Blend) -> Placement:
    (x, offset_x, repeats_x), (y, offset_y, repeats_y) = horizontal, vertical
    return Placement(x, y, offset_x, offset_y, opacity=opacity, blend=blend, repeat=_REPEATS[repeats_x, repeats_y])


def thumbor_placement(x: str, y: str, opacity: float) -> Placement:
    """Return the placement for two positions: pixels or ``Np``, negative from the far edge, ``center``, ``repeat``."""
    return _placement(_thumbor_axis(x), _thumbor_axis(y), opacity, Blend.NORMAL)


def _thumbor_axis(text: str) -> Axis:
    if text == _CENTRE:
        return 0.5, ZERO_LENGTH, False
    if text == _REPEAT:
        return 0.0, ZERO_LENGTH, True
    value = float(text.removesuffix("p"))
    return float(text[0] == "-"), _length(value, percent=text[-1] == "p"), False


_OUTWARDS: Final = re.compile(r"(left|l|top|t|right|r|bottom|b)-(-?[0-9]{1,9})")
_FAR: Final = frozenset({"right", "r", "bottom", "b"})


def imagor_placement(x: str, y: str, opacity: float, blend: Blend = Blend.NORMAL) -> Placement:
    """Return the placement for two positions.

    Pixels, ``Np``, a share as ``0.5``: negative ones from the far edge. ``left-20``, ``right-20``: beyond that edge.
    ``center``, ``repeat``, an edge. Anything else is 0.
    """
    return _placement(
        _imagor_axis(x, {"left": 0.0, "right": 1.0}), _imagor_axis(y, {"top": 0.0, "bottom": 1.0}), opacity, blend
    )


def _imagor_axis(text: str, edges: Mapping[str, float]) -> Axis:
    if text == _CENTRE:
        return 0.5, ZERO_LENGTH, False
    if text == _REPEAT:
        return 0.0, ZERO_LENGTH, True
    if text in edges:
        return edges[text], ZERO_LENGTH, False
    if outwards := _OUTWARDS.fullmatch(text):
        is_far = outwards[1] in _FAR
        distance = float(outwards[2])
        return float(is_far), _length(distance if is_far else -distance), False
    if text.removeprefix("-").startswith("0."):
        value, percent = float(leading_decimal(text)) * 100, True
    elif text.endswith("p"):
        value, percent = float(leading_integer(text[:-1])), True
    else:
        value, percent = float(leading_integer(text)), False
    return float(value < 0), _length(round(value, 4), percent=percent), False
