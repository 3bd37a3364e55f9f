"""Facts in the forms of imgix: ``fm=json``, ``palette=json`` and ``palette=css``. Knows no URL but its values."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import hypot
from typing import Final

from msgspec import Struct, convert

from pixmill.dialects.imgix.options import Values
from pixmill.dialects.kit.colours import hex_colour
from pixmill.dialects.port import Text
from pixmill.media import MEDIA, Format
from pixmill.plan.colour import Colour
from pixmill.plan.facts import Fact, FactSelection

_DEFAULT_COLOURS: Final = 6
_MAX_COLOURS: Final = 16
_PREFIX: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
_RESOLUTION: Final = 72
_FORMATS: Final = {form.value: form for form in Format}


class _Swatch(Struct):
    colour: str
    share: float


class _Facts(Struct):
    """What is read of the facts about an original."""

    width: int
    height: int
    format: str = "jpeg"
    frames: int = 1
    alpha: bool = False
    orientation: int = 1
    colour_space: str = ""
    profile: str = ""
    bytes: int = 0
    exif: dict[str, object] | None = None
    iptc: dict[str, object] | None = None
    palette: list[_Swatch] | None = None


def selection_of(values: Values) -> FactSelection | None:
    """Return the facts that a URL asks for; None if it asks for an image."""
    if "palette" in values:
        return FactSelection((Fact.PALETTE,), min(max(values.value("colors", _DEFAULT_COLOURS), 1), _MAX_COLOURS))
    return FactSelection((Fact.EXIF, Fact.IPTC)) if values.value("fm", "") == "json" else None


def facts_text(facts: Mapping[str, object], values: Values) -> Text:
    """Return the answer."""
    found = convert(dict(facts), _Facts)
    if "palette" not in values:
        return _json(_metadata(found))
    count: int = values.value("colors", _DEFAULT_COLOURS)
    colours = [hex_colour(swatch.colour) for swatch in found.palette or ()]
    shares = [swatch.share for swatch in found.palette or ()]
    if values.value("palette", "") == "css":
        prefix = values.value("prefix", "image")
        return Text(_css(colours[:count], prefix if _PREFIX.fullmatch(prefix) else "image"), media_type="text/css")
    return _json(
        {
            "colors": [_colour(colour) for colour in colours[:count]],
            "average_luminance": round(sum(map(_weighted, map(_luminance, colours), shares)) / (sum(shares) or 1), 6),
            "dominant_colors": {name: _colour(colour) for name, colour in _dominant(colours).items()},
        }
    )


def _json(document: object) -> Text:
    return Text(json.dumps(document, separators=(",", ":")), media_type="application/json")


def _metadata(facts: _Facts) -> dict[str, object]:
    form = _FORMATS.get(facts.format)
    document: dict[str, object] = {
        "Content-Type": MEDIA[form].mime if form else "application/octet-stream",
        "Content-Length": str(facts.bytes),
        "ColorModel": "Gray" if facts.colour_space in ("b-w", "grey16") else "RGB",
        "DPIHeight": _RESOLUTION,
        "DPIWidth": _RESOLUTION,
        "Depth": 8,
        "FrameCount": facts.frames,
        "HasAlpha": facts.alpha,
        "Orientation": facts.orientation,
        "PixelHeight": facts.height,
        "PixelWidth": facts.width,
    }
    if facts.profile:
        document["ProfileName"] = facts.profile
    if facts.exif:
        document["Exif"] = facts.exif
    if facts.iptc:
        document["IPTC"] = facts.iptc
    return document


# Palettes


def _weighted(luminance: float, share: float) -> float:
    return luminance * share


def _luminance(colour: Colour) -> float:
    return (0.2126 * colour.red + 0.7152 * colour.green + 0.0722 * colour.blue) / 255


def _hex(colour: Colour) -> str:
    return f"#{colour.red:02x}{colour.green:02x}{colour.blue:02x}"


def _colour(colour: Colour) -> dict[str, object]:
    return {
        "red": round(colour.red / 255, 6),
        "hex": _hex(colour),
        "blue": round(colour.blue / 255, 6),
        "green": round(colour.green / 255, 6),
    }


def _css(colours: Sequence[Colour], prefix: str) -> str:
    named = [*((str(number), colour) for number, colour in enumerate(colours, 1)), *_dominant(colours).items()]
    lines = (
        f".{prefix}-{kind}-{name.replace('_', '-')} {{ {rule}:{_hex(colour)} !important; }}\n"
        for name, colour in named
        for kind, rule in (("fg", "color"), ("bg", "background-color"))
    )
    return "".join(lines)


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of dominant colours: the lightness and the saturation that it has, and the bounds of the lightness."""

    lightness: float
    saturation: float
    darkest: float
    lightest: float


_KINDS: Final = {
    "vibrant": _Kind(0.5, 1.0, 0.3, 0.7),
    "vibrant_light": _Kind(0.74, 1.0, 0.55, 1.0),
    "vibrant_dark": _Kind(0.26, 1.0, 0.0, 0.45),
    "muted": _Kind(0.5, 0.3, 0.3, 0.7),
    "muted_light": _Kind(0.74, 0.3, 0.55, 1.0),
    "muted_dark": _Kind(0.26, 0.3, 0.0, 0.45),
}
_LEAST_VIBRANT: Final = 0.35


def _dominant(colours: Sequence[Colour]) -> dict[str, Colour]:
    """Return for each kind the colour that is nearest to it, if one is of that kind."""
    found: dict[str, Colour] = {}
    for name, kind in _KINDS.items():
        is_vibrant = kind.saturation > _LEAST_VIBRANT
        near = [
            (hypot(lightness - kind.lightness, saturation - kind.saturation), number)
            for number, (lightness, saturation) in enumerate(map(_lightness_and_saturation, colours))
            if kind.darkest <= lightness <= kind.lightest and (saturation >= _LEAST_VIBRANT) is is_vibrant
        ]
        if near:
            found[name] = colours[min(near)[1]]
    return found


def _lightness_and_saturation(colour: Colour) -> tuple[float, float]:
    """Return L and S of HSL."""
    low, *_, high = sorted((colour.red / 255, colour.green / 255, colour.blue / 255))
    lightness, chroma = (high + low) / 2, high - low
    return lightness, chroma / (1 - abs(2 * lightness - 1)) if chroma else 0.0
