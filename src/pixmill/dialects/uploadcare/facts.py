"""Information about an image in Uploadcare's form: ``/-/json/`` and ``/-/main_colors/``. Knows no URL."""

import json
import re
from collections.abc import Mapping
from typing import Final

from msgspec import Struct, convert

from pixmill.dialects.kit.colours import hex_colour
from pixmill.dialects.port import Text

_DATE: Final = re.compile(r"([0-9]{4}):([0-9]{2}):([0-9]{2}) ([0-9]{2}:[0-9]{2}:[0-9]{2})")


class _Swatch(Struct):
    colour: str


class _Place(Struct):
    latitude: float
    longitude: float


class _Facts(Struct):
    """What is read of the facts about an original."""

    width: int
    height: int
    format: str = "jpeg"
    frames: int = 1
    alpha: bool = False
    orientation: int = 1
    colour_space: str = ""
    exif: dict[str, object] | None = None
    gps: _Place | None = None
    phash: str | None = None
    palette: list[_Swatch] | None = None


def information(facts: Mapping[str, object], uuid: str, colours: int) -> Text:
    """Return the document; ``colours``: how many colours it lists, 0 for none."""
    found = convert(dict(facts), _Facts)
    document: dict[str, object] = {
        "id": uuid,
        "dpi": None,
        "width": found.width,
        "format": found.format.upper(),
        "height": found.height,
        "sequence": found.frames > 1,
        "color_mode": _mode(found),
        "orientation": found.orientation if found.orientation > 1 else None,
        "geo_location": {"latitude": found.gps.latitude, "longitude": found.gps.longitude} if found.gps else None,
        "datetime_original": _date((found.exif or {}).get("DateTimeOriginal")),
        "hash": found.phash,
    }
    if colours:
        palette = [hex_colour(one.colour) for one in found.palette or ()][:colours]
        document["main_colors"] = [[colour.red, colour.green, colour.blue] for colour in palette]
    return Text(json.dumps(document, separators=(",", ":")), media_type="application/json")


def _mode(facts: _Facts) -> str:
    if facts.colour_space == "cmyk":
        return "CMYK"
    is_grey = facts.colour_space in ("grey", "grey16", "b-w")
    return ("L" if is_grey else "RGB") + ("A" if facts.alpha else "")


def _date(value: object) -> str | None:
    match = _DATE.fullmatch(value) if isinstance(value, str) else None
    return f"{match[1]}-{match[2]}-{match[3]}T{match[4]}" if match else None
