"""Parameters of the response around the image: its name, its lifetime, and what is sent instead of an error."""

from functools import partial
from typing import Final

from pixmill.dialects.native.grammars.quantities import WholeSeconds
from pixmill.dialects.native.grammars.scalars import Choice, Location
from pixmill.dialects.native.param import Group, group_param
from pixmill.dialects.native.param_values import ParamValues
from pixmill.plan.request import OF_ERROR, Fallback

_OK: Final = 200

_param = partial(group_param, Group.RESPONSE)

PARAMS = (
    _param(
        "disposition",
        Choice({"attachment": False, "inline": True}),
        "Whether the result with a `filename` is downloaded, or shown and only saved under that name.",
        "inline",
        default="attachment",
        is_advanced=True,
    ),
    _param(
        "max_age",
        WholeSeconds(),
        "How long caches may keep this response, in seconds or with a unit, instead of as long as the result is "
        "fresh. Limited by `PIXMILL_CACHE_MIN_TTL_S`, `PIXMILL_CACHE_MAX_TTL_S` and the expiry of a signed URL; never "
        "longer than the result is fresh if the source wants it revalidated. It affects neither the image "
        "nor the server's cache.",
        "86400",
        "12h",
        unit="s",
        is_advanced=True,
    ),
    _param(
        "fallback",
        Location(),
        "Image to return if the original cannot be fetched or decoded, with the same parameters. It is a URL or path "
        "as for `url`. The response may be cached only for as long as the failure.",
        "placeholders/missing.png",
        "https://example.com/missing.png",
        is_advanced=True,
    ),
    _param(
        "fallback_status",
        Choice({"200": _OK, "error": OF_ERROR}),
        "Status of a response with the `fallback`: 200, or that of the error.",
        "error",
        default="200",
        is_advanced=True,
    ),
)


def fallback_of(values: ParamValues) -> Fallback | None:
    """Return what is sent instead of an error, if anything is."""
    source = values.get("fallback")
    return None if source is None else Fallback(source, status=values.get("fallback_status", _OK))
