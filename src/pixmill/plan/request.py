"""A parsed request: the original, the plan, and the labels of the response. Knows no HTTP."""

from msgspec import Struct

from pixmill.plan.ops import Plan
from pixmill.plan.source import SourceRef


class ImageRequest(Struct, frozen=True):
    """The result of parsing a URL. ``filename`` (no path, may be empty) requests a download of that name.

    ``tags`` are the surrogate keys by which the result can be purged.
    """

    source: SourceRef
    plan: Plan
    filename: str = ""
    tags: tuple[str, ...] = ()
