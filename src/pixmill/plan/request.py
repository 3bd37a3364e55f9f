"""One parsed request: which picture, what of it, and how the answer is labelled."""

from msgspec import Struct

from pixmill.plan.ops import Plan
from pixmill.plan.source import SourceRef


class ImageRequest(Struct, frozen=True):
    """What a dialect makes of a URL. ``filename`` (no path, may be empty) asks for a download of that name."""

    source: SourceRef
    plan: Plan
    filename: str = ""
