"""Content negotiation by Accept (RFC 9110 §12.5.1).

A modern format counts only if it is named: clients of any age send ``image/*`` and ``*/*``. Of the formats named, those
with the highest ``q`` are offered, and among them the server's order, or the content, decides. Never 406: if none is
named there is a universally supported format.

A format with a lower ``q`` is left out rather than put behind the others, so that the formats are a set, not an order:
all clients together have at most eight of them (AVIF, WebP, JPEG XL, each or not), and so has the cache.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from msgspec.structs import replace

from pixmill.media import MEDIA, MODERN_FORMATS, NEGOTIABLE_FORMATS, Format
from pixmill.plan.negotiation import ordered_plans
from pixmill.plan.request import ImageRequest

MAX_ACCEPT_CHARS = 2_048
"""Browsers send about a hundred. A longer header is ignored."""

_UNIVERSAL_FORMATS = (Format.JPEG, Format.PNG, Format.GIF)
_BY_MIME = {MEDIA[form].mime: form for form in (*MODERN_FORMATS, *_UNIVERSAL_FORMATS)}
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*+"?', re.DOTALL)  # possessive: never backtracks
_WEIGHT = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")


def negotiate(
    image_request: ImageRequest, accept: Iterable[str], preferred: tuple[Format, ...] = NEGOTIABLE_FORMATS
) -> ImageRequest:
    """Fill in the formats, best first, that the client's Accept names; where they have an order, take the first.

    ``preferred`` are the operator's, for requests without an order of their own. A request for a specific format is
    returned unchanged.
    """
    if not image_request.plan.output.negotiated:
        return image_request
    accepted = accepted_formats(", ".join(accept))
    image_request = replace(image_request, vary=("Accept", *image_request.vary))
    if image_request.plan.output.ordered:
        plan, *alternatives = ordered_plans(image_request.plan, accepted)
        return replace(image_request, plan=plan, alternatives=tuple(alternatives))
    formats = tuple(form for form in preferred if form in accepted)
    output = replace(image_request.plan.output, formats=formats)
    return replace(image_request, plan=replace(image_request.plan, output=output))


@lru_cache(maxsize=256)
def accepted_formats(accept: str) -> frozenset[Format]:
    """Return the modern formats that the header names with its highest ``q``, which is not 0.

    A universal format that it names counts: ``image/jpeg,image/webp;q=0.5`` prefers JPEG. A wildcard does not.
    """
    if len(accept) > MAX_ACCEPT_CHARS:
        return frozenset()
    weights: dict[Format, list[float]] = {}
    for element in _QUOTED.sub("", accept).split(","):
        media, *parameters = element.split(";")
        form = _BY_MIME.get(media.strip(" \t").lower())
        if form is not None:
            weights.setdefault(form, []).append(weight_of(parameters))
    lowest = {form: min(values) for form, values in weights.items()}
    highest = max(lowest.values(), default=0.0)
    return frozenset(form for form in MODERN_FORMATS if 0 < lowest.get(form, 0.0) >= highest)


def weight_of(parameters: list[str]) -> float:
    """Return the ``q`` of an element, 1 if absent, 0 if malformed."""
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip(" \t").lower() == "q":
            weight = value.strip(" \t")
            return float(weight) if _WEIGHT.fullmatch(weight) else 0.0
    return 1.0
