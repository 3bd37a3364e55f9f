"""Overlays as the parameter ``overlay`` writes them: the inverse of ``grammars/overlays.py``."""

import re
from collections.abc import Callable, Iterable
from html import unescape
from typing import Final

from pixmill.dialects.native.spelling_values import Pair, overlay_length, source_text, text_of
from pixmill.errors import InvalidParameter
from pixmill.plan.ops import ImageOverlay, Overlay, Stage
from pixmill.plan.overlays import CENTRED_PLACEMENT, OverlayFit, Placement, Shadow, TextOverlay

_EDGES: Final = {0.0: ("west", "north"), 0.5: ("", ""), 1.0: ("east", "south")}
_MARKUP: Final = re.compile("<[^>]*>|[^<]+")
_DEFAULT_TEXT: Final = TextOverlay(" ")

StagesText = Callable[[tuple[Stage, ...]], str]


def overlay_text(overlay: Overlay, stages_text: StagesText) -> str:
    """Return the options of an overlay; ``stages_text`` writes those of its image."""
    kind = _image(overlay, stages_text) if isinstance(overlay, ImageOverlay) else _text(overlay)
    options = (*kind, *_placement(overlay.placement))
    return ",".join(f"{name}:{text.replace(',', ',,').replace(';', ';;')}" for name, text in options)


def _image(overlay: ImageOverlay, stages_text: StagesText) -> Iterable[Pair]:
    yield "url", source_text(overlay.source)
    if overlay.width is not None:
        yield "width", overlay_length(overlay.width)
    if overlay.height is not None:
        yield "height", overlay_length(overlay.height)
    if overlay.fit is not OverlayFit.INSIDE:
        yield "fit", text_of(overlay.fit)
    if overlay.prepare:
        yield "prepare", stages_text(overlay.prepare)
    if overlay.stages:
        yield "then", stages_text(overlay.stages)


def _text(overlay: TextOverlay) -> Iterable[Pair]:
    if set("<&") & set(overlay.markup) or "\n" in overlay.markup:
        yield "text", "".join(map(_plain, _MARKUP.findall(overlay.markup)))
        yield "markup", "true"
    else:
        yield "text", overlay.markup
    for name, value, default in (
        ("font", overlay.font, _DEFAULT_TEXT.font),
        ("size", overlay.size, _DEFAULT_TEXT.size),
        ("color", overlay.colour, _DEFAULT_TEXT.colour),
        ("align", overlay.align, _DEFAULT_TEXT.align),
        ("background", overlay.background, None),
        ("padding", overlay.padding, 0),
    ):
        if value != default:
            yield name, text_of(value)
    if overlay.width is not None:
        yield "width", overlay_length(overlay.width)
    if overlay.stroke is not None:
        yield "outline", text_of(overlay.stroke.colour)
        yield "outline_width", text_of(overlay.stroke.width)


def _plain(token: str) -> str:
    """Return an element as it is, and characters as the option takes them."""
    return token if token[0] == "<" else unescape(token).replace("<", "<<").replace("\n", "<br>")


def _placement(placement: Placement) -> Iterable[Pair]:
    if placement.x not in _EDGES or placement.y not in _EDGES:
        raise InvalidParameter("No native URL places an overlay by a share of the space that is left")
    vertical, horizontal = _EDGES[placement.y][1], _EDGES[placement.x][0]
    if vertical or horizontal:
        yield "gravity", vertical + horizontal
    for name, length, edge in (("x", placement.offset_x, placement.x), ("y", placement.offset_y, placement.y)):
        if length.value:
            yield name, overlay_length(type(length)(-length.value, length.percent) if edge == 1 else length)
    for name, value, default in (
        ("rotate", placement.degrees, CENTRED_PLACEMENT.degrees),
        ("opacity", placement.opacity, CENTRED_PLACEMENT.opacity),
        ("blend", placement.blend, CENTRED_PLACEMENT.blend),
        ("repeat", placement.repeat, CENTRED_PLACEMENT.repeat),
        ("gap", placement.gap, CENTRED_PLACEMENT.gap),
        ("expand", placement.expand, CENTRED_PLACEMENT.expand),
    ):
        if value != default:
            yield name, text_of(value)
    if placement.shadow is not None:
        yield from _shadow(placement.shadow)


def _shadow(shadow: Shadow) -> Iterable[Pair]:
    yield "shadow", text_of(shadow.colour)
    yield "shadow_x", text_of(shadow.offset_x)
    yield "shadow_y", text_of(shadow.offset_y)
    yield "shadow_blur", text_of(shadow.blur)
