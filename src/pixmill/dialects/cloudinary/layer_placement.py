"""Where a layer stands, and how it is mixed. Knows placements."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Final

from msgspec import structs

from pixmill.dialects.cloudinary.options import Component, invalid
from pixmill.dialects.cloudinary.values import DIRECTIONS, Side
from pixmill.dialects.kit.numbers import angle
from pixmill.plan.ops import MAX_SIDE
from pixmill.plan.overlays import ZERO_LENGTH, Blend, Length, Placement, Repeat

PLACING_KEYS: Final = frozenset({"g", "x", "y", "fl", "e", "o"})
"""What belongs to the place of a layer where it is not processed further."""

_CLOSING_KEYS: Final = PLACING_KEYS | {"f", "q", "dpr"}

BLENDS: Final[Mapping[str, Blend]] = {
    "screen": Blend.SCREEN,
    "multiply": Blend.MULTIPLY,
    "overlay": Blend.OVERLAY,
    "mask": Blend.MASK,
    "cut_out": Blend.ERASE,
}


def flags_of(component: Component) -> frozenset[str]:
    """Return the flags of a component, without what stands behind a colon."""
    flags = component.get("fl", ())
    return frozenset(str(flag).partition(":")[0] for flag in flags) if isinstance(flags, tuple) else frozenset()


def blend_of(component: Component) -> Blend | None:
    """Return the blend mode that a component names."""
    return BLENDS.get(str(component.get("e", "")).partition(":")[0])


def placement_of(
    component: Component, dpr: Fraction, *, is_under: bool, is_end: bool, blend: Blend | None
) -> Placement:
    """Return the placement that a component describes. Raises InvalidParameter.

    ``is_end``: it does nothing else.
    """
    name = str(component.get("e", "")).partition(":")[0]
    other = next((key for key in component if key not in _CLOSING_KEYS), "e" if name and name not in BLENDS else "")
    if is_end and other:
        raise invalid(other, "fl_layer_apply", "it must stand in a component before")
    word = str(component.get("g", "center"))
    if word not in DIRECTIONS:
        raise invalid("g", word, "a layer is placed by a direction")
    x, y = DIRECTIONS[word]
    flags = flags_of(component)
    if is_under:
        blend = Blend.BEHIND
    elif "cutter" in flags:
        blend = Blend.MASK
    opacity = component.get("o", 100.0)
    return Placement(
        *(x, y),
        _length(component.get("x"), dpr, is_far=x == 1),
        _length(component.get("y"), dpr, is_far=y == 1),
        opacity=opacity if isinstance(opacity, float) else 100.0,
        blend=blend or blend_of(component) or Blend.NORMAL,
        repeat=Repeat.BOTH if "tiled" in flags else Repeat.NONE,
        expand="no_overflow" not in flags and "tiled" not in flags,
    )


def _length(value: object, dpr: Fraction, *, is_far: bool) -> Length:
    """Return a distance that leads inside from an edge."""
    if not isinstance(value, Side) or not value.value:
        return ZERO_LENGTH
    number = float(value.value * 100) if value.is_share else float(value.scaled(dpr).pixels)
    number = max(-float(MAX_SIDE), min(float(MAX_SIDE), -number if is_far else number))
    return Length(number, percent=value.is_share)


def rotated(placement: Placement, degrees: float) -> Placement:
    """Return the placement of a layer that is turned."""
    return structs.replace(placement, degrees=float(angle(degrees)))
