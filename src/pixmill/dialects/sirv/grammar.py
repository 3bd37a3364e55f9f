"""Reads queries, and profiles in their form or as files of Sirv have them, into values. Knows texts; never an image.

Options of the URL come before those of its profile, and these before those of the default profile.
"""

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Final, NamedTuple, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from pixmill.dialects.kit.query import Pair, pairs
from pixmill.dialects.sirv.options import FIRST_NAMES, LAYER_TABLES, TABLE, AutoCrop, Frame, Row, Scale
from pixmill.dialects.sirv.values import Side, Start, decode
from pixmill.errors import InvalidParameter
from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.effects import ColourAdjustment
from pixmill.plan.ops import Aspect
from pixmill.plan.output import Subsampling
from pixmill.plan.overlays import Align

PROFILE: Final = "profile"
INFO: Final = "info"
MAX_LAYERS: Final = 16
_MAX_DEPTH: Final = 4

_LAYER: Final = re.compile(r"(text|watermark)(?:\.([0-9]{1,2}))?(?:\.([a-zA-Z0-9.]{1,32}))?")

Key = tuple[str, int, str]
"""Of a value: the layer (empty for the image), its number (-1 for that without one), the name of the option."""

Place = tuple[float, float]


class Values(Struct, frozen=True):
    """The options of the image; dots and hyphens of their names are underscores."""

    w: Side | None = None
    h: Side | None = None
    s: Side | None = None
    scale_option: Scale = Scale.FIT
    thumbnail: int = 0
    crop_x: Start | None = None
    crop_y: Start | None = None
    crop_width: Side | None = None
    crop_height: Side | None = None
    crop_aspectratio: Aspect | None = None
    crop_type: AutoCrop = AutoCrop.NONE
    autocrop: bool = False
    crop_pad_x: Side | None = None
    crop_pad_y: Side | None = None
    canvas_width: Side | None = None
    canvas_height: Side | None = None
    canvas_aspectratio: Aspect | None = None
    canvas_color: Colour | None = None
    canvas_opacity: Fraction = Fraction(100)
    canvas_position: Place = (0.5, 0.5)
    canvas_border_width: Side | None = None
    canvas_border_height: Side | None = None
    canvas_border_color: Colour | None = None
    canvas_border_opacity: Fraction = Fraction(100)
    rotate: Fraction = Fraction(0)
    flip: bool = False
    flop: bool = False
    opacity: Fraction = Fraction(100)
    brightness: Fraction = Fraction(0)
    contrast: Fraction = Fraction(0)
    saturation: Fraction = Fraction(0)
    lightness: Fraction = Fraction(0)
    shadows: Fraction = Fraction(0)
    highlights: Fraction = Fraction(0)
    exposure: Fraction = Fraction(0)
    hue: Fraction = Fraction(0)
    colorlevel_black: int = 0
    colorlevel_white: int = 255
    grayscale: bool = False
    blur: Fraction = Fraction(0)
    sharpen: Fraction = Fraction(0)
    colorize_color: Colour | None = None
    colorize_opacity: Fraction | None = None
    colortone: ColourAdjustment = ColourAdjustment()
    colortone_color: Colour | None = None
    colortone_level: Fraction = Fraction(100)
    colortone_mode: str = "solid"
    vignette_value: Fraction | None = None
    vignette_color: Colour | None = None
    frame_style: Frame = Frame.NONE
    frame_color: Colour = Colour()
    frame_width: Side = Side(Fraction(5, 100), is_share=True)
    frame_rim_color: Colour | None = None
    frame_rim_width: Side | None = None
    format: Format | str = ""
    webp_fallback: Format | None = None
    q: int | None = None
    progressive: bool = True
    subsampling: Subsampling = Subsampling.AUTO
    stripmetadata: bool = True
    page: int = 1
    dl: bool = False


class TextValues(Struct, frozen=True):
    """The options of a text."""

    text: str = ""
    text64: str = ""
    size: Fraction | None = None
    position: Place = (1.0, 1.0)
    position_gravity: Place | None = None
    position_x: Side = Side(Fraction(0))
    position_y: Side = Side(Fraction(0))
    align: Align = Align.CENTRE
    font_family: str = ""
    font_size: Side | None = None
    font_weight: int = 400
    font_style: bool = False
    color: Colour = Colour(128, 128, 128)
    opacity: Fraction = Fraction(100)
    outline_width: Side = Side(Fraction(0))
    outline_color: Colour = Colour(0, 0, 0)
    outline_opacity: Fraction = Fraction(100)
    background_color: Colour | None = None
    background_opacity: Fraction = Fraction(100)


class WatermarkValues(Struct, frozen=True):
    """The options of a watermark; ``position`` may be ``tile``."""

    image: str = ""
    scale_width: Side | None = None
    scale_height: Side | None = None
    scale_option: Scale = Scale.NOUP
    position: Place | str = (0.5, 0.5)
    position_gravity: Place | None = None
    position_x: Side = Side(Fraction(0))
    position_y: Side = Side(Fraction(0))
    crop_x: Start | None = None
    crop_y: Start | None = None
    crop_width: Side | None = None
    crop_height: Side | None = None
    canvas_width: Side | None = None
    canvas_height: Side | None = None
    canvas_color: Colour | None = None
    canvas_opacity: Fraction = Fraction(100)
    rotate: Fraction = Fraction(0)
    opacity: Fraction = Fraction(100)
    layer: bool = False


class Reading(NamedTuple):
    """What a URL says, with its profiles."""

    values: Values
    texts: tuple[TextValues, ...]
    watermarks: tuple[WatermarkValues, ...]
    is_info: bool


class _Names:
    """The names whose values are read; all others are left out, also if they cannot be decoded."""

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and (name in _KNOWN or _key(name) is not None)


_KNOWN: Final = frozenset((*TABLE, PROFILE, INFO))


def _key(name: str) -> Key | None:
    """Return the canonical name of an option; None for what is none."""
    if name in TABLE:
        return "", -1, TABLE[name].option.names[0]
    match = _LAYER.fullmatch(name)
    if match is None:
        return None
    layer, number, option = match[1], int(match[2]) if match[2] else -1, match[3] or FIRST_NAMES[match[1]]
    row = LAYER_TABLES[layer].get(option)
    return None if row is None else (layer, number, row.option.names[0])


class Grammar:
    """Reads the queries of one account."""

    def __init__(self, profiles: Mapping[str, str | dict[str, object]], default_profile: str = "") -> None:
        """Raises BadRequest for a profile that is not valid, KeyError for a default that is not there."""
        self._own = {name: _pairs(text) for name, text in profiles.items()}
        self._profiles = {name: self._profile(name) for name in profiles}
        for name in profiles:
            _read(self._profiles[name])
        self._default = self._profiles[default_profile] if default_profile else {}

    def _profile(self, name: str, depth: int = _MAX_DEPTH) -> dict[Key, str]:
        """Return the options of a profile, with those of the one that it names."""
        if name not in self._own:
            raise InvalidParameter(f"There is no profile {name[:64]}", param=PROFILE)
        if not depth:
            raise InvalidParameter(f"Profiles name each other more than {_MAX_DEPTH} times", param=PROFILE)
        found = self._own[name]
        parent = dict(found).get(PROFILE, "")
        return (self._profile(parent, depth - 1) if parent else {}) | _by_key(found)

    def read(self, query: bytes) -> Reading:
        """Read a query; of equal names the last counts. Raises BadRequest."""
        found = pairs(query, _Names(), decode=decode)
        given = dict(found)
        name = given.get(PROFILE, "")
        if name and name not in self._profiles:
            raise InvalidParameter(f"There is no profile {name[:64]}", param=PROFILE)
        merged = self._default | (self._profiles[name] if name else {}) | _by_key(found)
        return _read(merged, is_info=given.get(INFO, "false").lower() not in {"false", "0"})


def _by_key(found: list[Pair]) -> dict[Key, str]:
    return {key: text for name, text in found if (key := _key(name)) is not None}


def _pairs(profile: str | dict[str, object]) -> list[Pair]:
    """Return the options of a profile: a query, or the object of a profile's file."""
    if isinstance(profile, str):
        return pairs(profile.removeprefix("?").encode(), decode=decode)
    image = profile.get("image", profile)
    return list(_flat(image, "", _MAX_DEPTH)) if isinstance(image, dict) else []


def _flat(value: object, name: str, depth: int) -> list[Pair]:
    if isinstance(value, dict | list) and depth:
        items = value.items() if isinstance(value, dict) else enumerate(value)
        return [pair for key, item in items for pair in _flat(item, f"{name}.{key}".lstrip("."), depth - 1)]
    return [(name, str(value).lower() if isinstance(value, bool) else str(value))]


def _read(given: Mapping[Key, str], *, is_info: bool = False) -> Reading:
    found: dict[tuple[str, int], dict[str, object]] = {("", -1): {}}
    for (layer, number, name), text in given.items():
        table = LAYER_TABLES[layer] if layer else TABLE
        value = _value(table[name], layer, name, text)
        if value is not None:
            found.setdefault((layer, number), {})[name.replace(".", "_")] = value
    if len(found) > MAX_LAYERS + 1:
        raise InvalidParameter(f"There may be at most {MAX_LAYERS} texts and watermarks", param="watermark")
    layers = sorted(found)
    return Reading(
        _struct(Values, found["", -1]),
        tuple(_struct(TextValues, found[layer]) for layer in layers if layer[0] == "text"),
        tuple(_struct(WatermarkValues, found[layer]) for layer in layers if layer[0] == "watermark"),
        is_info,
    )


S = TypeVar("S", bound=Struct)


def _struct(kind: type[S], found: dict[str, object]) -> S:
    """Return the values that the structure has; others are of options that are ignored."""
    return replace(kind(), **{name: value for name, value in found.items() if name in kind.__struct_fields__})


def _value(row: Row, layer: str, name: str, text: str) -> object:
    """Return the value of an option; None for an empty one that means nothing. Raises InvalidParameter."""
    try:
        return row.read(text)
    except ValueError:
        if not text:
            return None
        shown = f"{layer}.{name}" if layer else name
        raise InvalidParameter(f"{shown} must be {row.read.expects}", param=shown) from None
