"""Layers, ``l_`` and ``u_``: which components belong to them, and the overlays that they become.

A layer ends with the component that has ``fl_layer_apply``, which places it; without one its own component does.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from pixmill.dialects.cloudinary.layer_placement import PLACING_KEYS, blend_of, flags_of, placement_of
from pixmill.dialects.cloudinary.options import Component, invalid
from pixmill.dialects.cloudinary.texts import text_overlay
from pixmill.dialects.cloudinary.values import Side
from pixmill.dialects.kit.encodings import base64url_text
from pixmill.errors import InvalidParameter
from pixmill.plan.ops import MAX_OVERLAY_STAGES, ImageOverlay, Overlay, Stage
from pixmill.plan.overlays import Length, OverlayFit
from pixmill.plan.source import SourceRef

MAX_DEPTH: Final = 3
_APPLY: Final = "layer_apply"
_TEXT: Final = "text:"
_FETCH: Final = "fetch:"
_REFUSED: Final = ("video:", "subtitles:", "lut:", "private:", "authenticated:", "audio:", "3d:", "animated:")
_SIZE_KEYS: Final = frozenset({"c", "w", "h", "ar"})
_FITS: Final[Mapping[str, OverlayFit]] = {
    "scale": OverlayFit.FILL,
    "fit": OverlayFit.INSIDE,
    "limit": OverlayFit.INSIDE,
    "fill": OverlayFit.COVER,
    "lfill": OverlayFit.COVER,
    "thumb": OverlayFit.COVER,
}


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer: what is named, the components that process it, and the one that places it."""

    name: str
    is_under: bool
    components: tuple[Component, ...]
    place: Component
    is_closed: bool = True


Stages = Callable[[Sequence[Component]], tuple[Stage, ...]]
"""From components to stages. Raises BadRequest."""

Steps = Iterator[Component | Layer]


def layers_and_components(components: Sequence[Component]) -> Steps:
    """Yield components and whole layers, in order. Raises InvalidParameter."""
    ends = _ends(components)
    at = 0
    while at < len(components):
        component = components[at]
        key = _key(component)
        if not key:
            yield component
            at += 1
            continue
        end = ends.get(at)
        rest = {name: value for name, value in component.items() if name not in ("l", "u")}
        name, is_under = str(component[key]), key == "u"
        if end is None:
            own = {name: value for name, value in rest.items() if name not in PLACING_KEYS}
            if "e" in rest and blend_of(rest) is None:
                own["e"] = rest["e"]
            if flags_of(rest) & {"relative"}:
                own["fl"] = ("relative",)
            yield Layer(name, is_under, (own,), rest, is_closed=False)
            at += 1
        else:
            yield Layer(name, is_under, (rest, *components[at + 1 : end]), components[end])
            at = end + 1


def _key(component: Component) -> str:
    return "l" if "l" in component else "u" if "u" in component else ""


def _ends(components: Sequence[Component]) -> dict[int, int]:
    """Return where each layer is applied, by where it begins: each end belongs to the last open layer."""
    ends: dict[int, int] = {}
    open_layers: list[int] = []
    for at, component in enumerate(components):
        has_end = _APPLY in flags_of(component)
        if _key(component):
            if not has_end:
                open_layers.append(at)
        elif has_end:
            if not open_layers:
                raise InvalidParameter("fl_layer_apply: there is no layer to apply", param="fl")
            ends[open_layers.pop()] = at
    return ends


def overlay_of(
    layer: Layer,
    stages: Stages,
    source_of: Callable[[str], SourceRef],
    url_of: Callable[[str], SourceRef],
    dpr: Fraction,
) -> Overlay:
    """Return the overlay that a layer is. Raises BadRequest."""
    blend = blend_of(layer.place) or next(filter(None, map(blend_of, layer.components[:1])), None)
    placement = placement_of(layer.place, dpr, is_under=layer.is_under, is_end=layer.is_closed, blend=blend)
    if layer.name.startswith(_TEXT):
        merged: dict[str, object] = {}
        for component in layer.components:
            merged |= component
        if any(isinstance(one, Layer) for one in layers_and_components(layer.components)):
            raise InvalidParameter("A text cannot have layers of its own", param="l")
        return text_overlay(layer.name.removeprefix(_TEXT), merged, placement, dpr)
    before, box, after = _relative(layer.components)
    return ImageOverlay(
        _source(layer.name, source_of, url_of),
        box.width,
        box.height,
        box.fit,
        placement,
        _few(stages(before)),
        _few(stages(after)),
    )


def _few(stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    if stages == (Stage(),):
        return ()
    if len(stages) > MAX_OVERLAY_STAGES:
        raise InvalidParameter(f"A layer may need at most {MAX_OVERLAY_STAGES} stages of its own", param="l")
    return stages


def _source(name: str, source_of: Callable[[str], SourceRef], url_of: Callable[[str], SourceRef]) -> SourceRef:
    if name.startswith(_REFUSED):
        raise invalid("l", name, "this kind of layer is not supported")
    if not name.startswith(_FETCH):
        return source_of(name.replace(":", "/"))
    try:
        return url_of(base64url_text(name.removeprefix(_FETCH)))
    except ValueError:
        raise invalid("l", name, "a URL in base64") from None


@dataclass(frozen=True, slots=True)
class _Box:
    width: Length | None = None
    height: Length | None = None
    fit: OverlayFit = OverlayFit.INSIDE


def _relative(components: tuple[Component, ...]) -> tuple[tuple[Component, ...], _Box, tuple[Component, ...]]:
    """Divide components at the one whose sides are shares of the image below. Raises InvalidParameter."""
    for at, component in enumerate(components):
        width, height = component.get("w"), component.get("h")
        shares = [one for one in (width, height) if isinstance(one, Side) and one.is_share]
        if not shares or "relative" not in flags_of(component):
            continue
        mode = str(component.get("c", "scale"))
        if mode not in _FITS or "ar" in component:
            raise invalid("c", mode, "fl_relative needs scale, fit, limit or fill")
        fit = _FITS[mode] if width and height else OverlayFit.INSIDE
        rest = {name: value for name, value in component.items() if name not in _SIZE_KEYS}
        return components[:at], _Box(_length(width), _length(height), fit), (rest, *components[at + 1 :])
    return components, _Box(), ()


def _length(side: object) -> Length | None:
    if not isinstance(side, Side):
        return None
    return Length(float(side.value * 100), percent=True) if side.is_share else Length(float(side.value))
