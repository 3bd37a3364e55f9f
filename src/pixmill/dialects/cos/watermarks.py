"""Watermarks of COS and Qiniu: another object, or a text. Knows values of operations and overlays."""

import re
from collections.abc import Mapping
from fractions import Fraction
from html import escape
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

from pixmill.dialects.cos.operations import read_values
from pixmill.dialects.cos.options import WATERMARK_TABLE
from pixmill.dialects.cos.pipelines import WATERMARK, Operation
from pixmill.errors import InvalidParameter
from pixmill.plan.colour import Colour
from pixmill.plan.gravity import Point
from pixmill.plan.ops import ImageOverlay, Overlay
from pixmill.plan.overlays import MAX_TEXT_CHARACTERS, Length, Placement, Repeat, Shadow, TextOverlay
from pixmill.plan.source import SourceRef, parse_source

_UNPRINTABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]")
_TEXT: Final = 2
_MIN_SIZE: Final = 4.0
_MAX_SIZE: Final = 1_000.0
_SHADOW_OFFSET: Final = 2
_FULL_TURN: Final = 360
_SOUTH_EAST: Final = Point(1, 1)


class WatermarkRules(Struct, frozen=True):
    """What a service does without a value, and how it reads some.

    ``distance``: from the edges. ``font_size`` of texts, in units of ``size_unit`` pixels. ``same_bucket``: of the URL
    of an image only the path counts.
    """

    distance: int
    font_size: int
    size_unit: Fraction
    same_bucket: bool


def watermark(operation: Operation, rules: WatermarkRules) -> Overlay:
    """Return a watermark. Raises InvalidParameter."""
    values = dict(read_values(operation, WATERMARK_TABLE))
    placement = _placement(values, rules)
    if values.get("kind") == _TEXT:
        return _text(values, placement, rules)
    image = values.get("image")
    if not isinstance(image, str):
        raise InvalidParameter(f"{WATERMARK}/1 needs image", param=WATERMARK)
    side = _share(values)
    return ImageOverlay(_source(image, rules), side, side, placement=placement)


def _integer(values: Mapping[str, object], name: str, default: int) -> int:
    value = values.get(name)
    return value if isinstance(value, int) else default


def _placement(values: Mapping[str, object], rules: WatermarkRules) -> Placement:
    gravity = values.get("gravity")
    point = gravity if isinstance(gravity, Point) else _SOUTH_EAST
    opacity = float(_integer(values, "dissolve", 100))
    if values.get("batch") is True:
        degrees = float(_integer(values, "degree", 0) % _FULL_TURN)
        return Placement(0.0, 0.0, degrees=degrees, opacity=opacity, repeat=Repeat.BOTH)
    across, down = _integer(values, "dx", rules.distance), _integer(values, "dy", rules.distance)
    return Placement(
        point.x,
        point.y,
        Length(_inwards(point.x, across)),
        Length(_inwards(point.y, down)),
        degrees=float(_integer(values, "degree", 0) % _FULL_TURN) if values.get("kind") == _TEXT else 0.0,
        opacity=opacity,
        shadow=_shadow(values),
    )


def _inwards(anchor: float, distance: int) -> float:
    return float(-distance if anchor == 1 else distance)


def _shadow(values: Mapping[str, object]) -> Shadow | None:
    strength = _integer(values, "shadow", 0)
    return Shadow(Colour(0, 0, 0, round(strength * 2.55)), _SHADOW_OFFSET, _SHADOW_OFFSET) if strength else None


def _text(values: Mapping[str, object], placement: Placement, rules: WatermarkRules) -> TextOverlay:
    text = values.get("text")
    shown = _UNPRINTABLE.sub("", text if isinstance(text, str) else "")
    if not shown.strip() or len(shown) > MAX_TEXT_CHARACTERS:
        raise InvalidParameter(f"{WATERMARK}/2 needs a text of characters that can be shown", param=WATERMARK)
    size = float(_integer(values, "fontsize", rules.font_size) * rules.size_unit)
    fill = values.get("fill")
    return TextOverlay(
        escape(shown, quote=False),
        size=min(max(size, _MIN_SIZE), _MAX_SIZE),
        colour=fill if isinstance(fill, Colour) else Colour(0, 0, 0),
        placement=placement,
    )


def _share(values: Mapping[str, object]) -> Length | None:
    """Return the side of the box of an image, as a share of the result."""
    share, thousandths = values.get("ws"), values.get("spcent")
    if isinstance(share, Fraction) and share:
        return Length(float(share * 100), percent=True)
    return Length(thousandths / 10, percent=True) if isinstance(thousandths, int) else None


def _source(text: str, rules: WatermarkRules) -> SourceRef:
    """Return the object that a URL or a key names. Raises InvalidParameter."""
    if "://" in text and not rules.same_bucket:
        return parse_source(text)
    try:
        path = urlsplit(text).path if "://" in text else text
    except ValueError:
        raise InvalidParameter(f"{WATERMARK}: image must be a URL", param=WATERMARK) from None
    return parse_source("/" + path.lstrip("/"))
