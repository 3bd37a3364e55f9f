"""Which of the modern formats does this client take? RFC 9110 §12.5.1.

A format counts only if it is named: ``image/*`` and ``*/*`` come from clients of any age and prove nothing. Among
those named our order decides. A 406 would help nobody: when none is named there is always a plain format.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from msgspec.structs import replace

from pixmill.media import MEDIA, NEGOTIABLE_FORMATS, Format
from pixmill.plan.request import ImageRequest

MAX_ACCEPT_CHARS = 2_048
"""Characters; browsers send about a hundred. A longer header counts as none."""

_BY_MIME = {MEDIA[form].mime: form for form in NEGOTIABLE_FORMATS}
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*+"?', re.DOTALL)  # never fails where it begins, so never starts over
_WEIGHT = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")


def negotiate(
    image_request: ImageRequest, accept: Iterable[str], preferred: tuple[Format, ...] = NEGOTIABLE_FORMATS
) -> ImageRequest:
    """The request with the formats, best first, that its client's ``Accept`` lines name; unchanged if it names its own."""
    if not image_request.plan.output.negotiated:
        return image_request
    accepted = accepted_formats(", ".join(accept))
    formats = tuple(form for form in preferred if form in accepted)
    output = replace(image_request.plan.output, formats=formats)
    return replace(image_request, plan=replace(image_request.plan, output=output))


@lru_cache(maxsize=256)
def accepted_formats(accept: str) -> frozenset[Format]:
    """The modern formats that the header names and does not forbid with ``q=0``."""
    if len(accept) > MAX_ACCEPT_CHARS:
        return frozenset()
    weights: dict[Format, list[float]] = {}
    for element in _QUOTED.sub("", accept).split(","):
        media, *parameters = element.split(";")
        form = _BY_MIME.get(media.strip(" \t").lower())
        if form is not None:
            weights.setdefault(form, []).append(_weight(parameters))
    return frozenset(form for form, asked in weights.items() if min(asked) > 0)


def _weight(parameters: list[str]) -> float:
    """The ``q`` of an element, 1 without one; one that cannot be read is taken for a no."""
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip(" \t").lower() == "q":
            weight = value.strip(" \t")
            return float(weight) if _WEIGHT.fullmatch(weight) else 0.0
    return 1.0
