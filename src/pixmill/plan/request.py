"""One parsed request: which picture, what of it, and how the answer is labelled."""

from msgspec import Struct

from pixmill.plan.ops import Plan
from pixmill.plan.source import SourceRef


class ImageRequest(Struct, frozen=True):
    """What a dialect makes of a URL. ``filename`` (no path, may be empty) asks for a download of that name.

    ``tags`` are names by which the result can be purged later.
    """

    source: SourceRef
    plan: Plan
    filename: str = ""
    tags: tuple[str, ...] = ()
