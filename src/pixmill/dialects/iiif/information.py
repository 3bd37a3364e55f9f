"""Image information (``info.json``) of both versions, and its media type. Knows JSON; must never know a route."""

import re
from typing import Final

import msgspec

from pixmill.dialects.iiif.options import QUALITIES, REQUIRED_FORMATS, IiifOptions, Maximum, Version

PROTOCOL: Final = "http://iiif.io/api/image"
CONTEXTS: Final = {version: f"{PROTOCOL}/{version:d}/context.json" for version in Version}
PROFILE_LINKS: Final = {version: f'<{PROTOCOL}/{version:d}/level2.json>;rel="profile"' for version in Version}
"""Without a space before the semicolon: the official validator finds no other form."""

_JSON: Final = "application/json"
_LD_JSON: Final = "application/ld+json"
_LD_JSON_TYPES: Final = {Version.V2: _LD_JSON, Version.V3: f'{_LD_JSON};profile="{CONTEXTS[Version.V3]}"'}

_FEATURES: Final = ("canonicalLinkHeader", "mirroring", "profileLinkHeader", "rotationArbitrary")
"""Beyond level 2 of both versions."""

MAX_ACCEPT_ITEMS: Final = 64

_WEIGHT: Final = re.compile(r"q=([01](?:\.[0-9]{0,3})?)")


def info_json(
    service_id: str, width: int, height: int, version: Version, options: IiifOptions, maximum: Maximum
) -> str:
    """Return the document of an image of this size."""
    shared = {"protocol": PROTOCOL, "width": width, "height": height} | _pyramid(width, height, options, maximum)
    limits = _limits(maximum)
    extra_formats = tuple(dict.fromkeys(name for name in options.extra_formats if name not in REQUIRED_FORMATS))
    if version is Version.V2:
        features = sorted((*_FEATURES, "regionSquare", *(["sizeAboveFull"] if options.upscaling else [])))
        capabilities = {"formats": [*REQUIRED_FORMATS, *extra_formats], "qualities": QUALITIES, "supports": features}
        document: dict[str, object] = {
            "@context": CONTEXTS[version],
            "@id": service_id,
            "@type": "iiif:Image",
            "profile": [f"{PROTOCOL}/2/level2.json", capabilities | limits],
            **shared,
        }
        rights = "license"
    else:
        document = {
            "@context": CONTEXTS[version],
            "id": service_id,
            "type": "ImageService3",
            "profile": "level2",
            **shared,
            **limits,
            "extraFormats": extra_formats,
            "extraQualities": QUALITIES[1:],
            "extraFeatures": sorted((*_FEATURES, *(["sizeUpscaling"] if options.upscaling else []))),
        }
        if options.preferred_formats:
            document["preferredFormats"] = options.preferred_formats
        rights = "rights"
    if options.rights:
        document[rights] = options.rights
    return msgspec.json.encode(document).decode()


def _limits(maximum: Maximum) -> dict[str, int]:
    """Return the maximums; that of the height only if it is not that of the width, which it is by default."""
    limits = {"maxWidth": maximum.width, "maxHeight": maximum.height, "maxArea": maximum.area}
    if maximum.height == maximum.width:
        del limits["maxHeight"]
    return limits


def _pyramid(width: int, height: int, options: IiifOptions, maximum: Maximum) -> dict[str, object]:
    """Return sizes and tiles, each half as large as the one before, down to one tile.

    Sides are rounded up, as in the arithmetic of tiles: the sides that a client computes are those listed.
    """
    tile = min(options.tile_size, maximum.width, maximum.height)
    while tile * tile > maximum.area:
        tile //= 2
    factors = [1]
    while max(width, height) > tile * factors[-1]:
        factors.append(factors[-1] * 2)
    sizes = [(-(-width // factor), -(-height // factor)) for factor in reversed(factors)]
    return {
        "sizes": [{"width": wide, "height": high} for wide, high in sizes if maximum.holds(wide, high)],
        "tiles": [{"width": tile, "height": tile, "scaleFactors": factors}],
    }


def media_type(accept: str, version: Version) -> str:
    """Return the media type for an Accept header, empty if there is none.

    Version 2 is JSON unless JSON-LD is asked for by name; version 3 the other way round.
    """
    json_weight, ld_weight, wildcard = 0.0, 0.0, 0.0
    for item in accept.split(",", MAX_ACCEPT_ITEMS)[:MAX_ACCEPT_ITEMS]:
        name, *params = (part.strip() for part in item.lower().split(";"))
        weight = next((_weight(param) for param in params if param.startswith("q=")), 1.0)
        if name == _JSON:
            json_weight = max(json_weight, weight)
        elif name == _LD_JSON:
            ld_weight = max(ld_weight, weight)
        elif name in ("*/*", "application/*"):
            wildcard = max(wildcard, weight)
    if version is Version.V2:
        is_linked = ld_weight > 0 and ld_weight >= json_weight
    else:
        is_linked = not json_weight or ld_weight >= json_weight or wildcard > json_weight
    return _LD_JSON_TYPES[version] if is_linked else _JSON


def _weight(param: str) -> float:
    """Return the weight of an item of Accept; 0 for one that is no number (RFC 9110 §12.4.2)."""
    match = _WEIGHT.fullmatch(param)
    return float(match[1]) if match else 0.0
