"""Watermarks: a text, or another object, which may be processed before. Knows values of actions and overlays."""

import re
from html import escape
from typing import Final

from msgspec import structs

from pixmill.dialects.aliyun.actions import Chain, Values
from pixmill.dialects.aliyun.chain import IMAGE, Action, parse_actions
from pixmill.errors import InvalidParameter
from pixmill.plan.colour import Colour
from pixmill.plan.gravity import Point
from pixmill.plan.ops import MAX_OVERLAY_STAGES, ImageOverlay, Overlay, Stage
from pixmill.plan.overlays import MAX_TEXT_CHARACTERS, Length, Placement, Repeat, Shadow, TextOverlay
from pixmill.plan.source import parse_source

_UNPRINTABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]")
_DEFAULT_SIZE: Final = 40
_MIN_SIZE: Final = 4
_DEFAULT_OFFSET: Final = 10
_SHADOW_OFFSET: Final = 2
_MAX_GAP: Final = 1_000


def watermark(values: Values, param: str) -> Overlay:
    """Return a watermark. Raises InvalidParameter."""
    text, image = values.get("text", ""), values.get("image", "")
    if bool(text) == bool(image):
        raise InvalidParameter(f"{param}: watermark needs text or image", param=param)
    placement = _placement(values)
    return _text(values, text, placement, param) if text else _image(image, placement, param)


def _placement(values: Values) -> Placement:
    point = values.get("g", Point(1, 1))
    across, down = values.get("x", _DEFAULT_OFFSET), values.get("y", _DEFAULT_OFFSET)
    centred = float(values.get("voffset", 0))
    tiles = values.get("fill", False)
    opacity = float(values.get("t", 100))
    if tiles:
        return Placement(0.0, 0.0, opacity=opacity, repeat=Repeat.BOTH, gap=min(values.get("padx", 0), _MAX_GAP))
    return Placement(
        point.x,
        point.y,
        Length(_inwards(point.x, across, 0.0)),
        Length(_inwards(point.y, down, centred)),
        opacity=opacity,
    )


def _inwards(anchor: float, distance: int, centred: float) -> float:
    """Return the offset of what lies this far from its edge; ``centred``: that of what is in the middle."""
    if 0 < anchor < 1:
        return centred
    return float(-distance if anchor else distance)


def _text(values: Values, text: str, placement: Placement, param: str) -> TextOverlay:
    shown = _UNPRINTABLE.sub("", text)
    if not shown.strip() or len(shown) > MAX_TEXT_CHARACTERS:
        raise InvalidParameter(f"{param}: watermark: text must have characters that can be shown", param=param)
    shadow = values.get("shadow", 0)
    drop = Shadow(Colour(0, 0, 0, round(shadow * 2.55)), _SHADOW_OFFSET, _SHADOW_OFFSET) if shadow else None
    return TextOverlay(
        escape(shown, quote=False),
        size=float(max(values.get("size", _DEFAULT_SIZE), _MIN_SIZE)),
        colour=values.get("color", Colour(0, 0, 0)),
        placement=structs.replace(placement, degrees=float(values.get("rotate", 0) % 360), shadow=drop),
    )


def _image(text: str, placement: Placement, param: str) -> ImageOverlay:
    """Return another object; ``?…=image/…`` behind its name are actions on it."""
    name, _, query = text.partition("?")
    source = parse_source("/" + name.lstrip("/"))
    chain = query.partition("=")[2]
    if not chain:
        return ImageOverlay(source, placement=placement)
    if not chain.startswith(IMAGE):
        raise InvalidParameter(f"{param}: the actions of a watermark begin with {IMAGE}", param=param)
    share, actions = _without_share(parse_actions(chain.removeprefix(IMAGE), param), param)
    inner = Chain(param, _refuse)
    inner.run(actions)
    prepared = tuple(stage for stage in inner.stages.stages if stage != Stage())
    if len(prepared) > MAX_OVERLAY_STAGES:
        raise InvalidParameter(f"{param}: a watermark may have at most {MAX_OVERLAY_STAGES} steps", param=param)
    side = Length(float(share), percent=True) if share else None
    return ImageOverlay(source, side, side, placement=placement, prepare=prepared)


def _refuse(values: Values, param: str) -> Overlay:
    del values
    raise InvalidParameter(f"{param}: a watermark has no watermark", param=param)


def _without_share(actions: list[Action], param: str) -> tuple[int, list[Action]]:
    """Take ``P``, percent of the image below, out of the actions. Raises InvalidParameter."""
    share = 0
    others: list[Action] = []
    for action in actions:
        percent = action.values.get("P") if action.name == "resize" else None
        if percent is None:
            others.append(action)
            continue
        if not (percent.isascii() and percent.isdecimal() and len(percent) <= 3 and 1 <= int(percent) <= 100):  # noqa: PLR2004
            raise InvalidParameter(f"{param}: watermark: P must be a whole number from 1 to 100", param=param)
        share = int(percent)
    return share, others
