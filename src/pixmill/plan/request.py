"""A parsed request: the original, the plan, and what the response says besides. Knows no HTTP."""

from msgspec import Struct

from pixmill.plan.ops import Plan
from pixmill.plan.source import SourceRef

Headers = tuple[tuple[str, str], ...]
"""Names and values of response headers, in ASCII."""


class ImageRequest(Struct, frozen=True):
    """The result of parsing a URL. ``filename`` (no path, may be empty) requests a download of that name.

    ``tags`` are the surrogate keys by which the result can be purged. ``inline``: the file name is that of an image in
    a page, not of a download. ``max_age_s``: how long clients may keep this answer, instead of the lifetime of the
    result; the server limits it. ``headers`` are sent besides the standard ones.

    The server sets the last two: ``vary`` are the request headers that the plan was chosen by, ``alternatives`` the
    plans of further formats that the client shows.
    """

    source: SourceRef
    plan: Plan
    filename: str = ""
    tags: tuple[str, ...] = ()
    inline: bool = False
    max_age_s: int | None = None
    headers: Headers = ()
    vary: tuple[str, ...] = ()
    alternatives: tuple[Plan, ...] = ()
