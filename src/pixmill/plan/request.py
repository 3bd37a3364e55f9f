"""A parsed request: the original, the plan, and what the response says besides. Knows no HTTP."""

from typing import Final

from msgspec import Struct

from pixmill.media import Format
from pixmill.plan.hints import Hints
from pixmill.plan.ops import Plan
from pixmill.plan.source import SourceRef

Headers = tuple[tuple[str, str], ...]
"""Names and values of response headers, in ASCII."""


OF_ERROR: Final = 0
"""As the status of a fallback: that of the error."""


class Fallback(Struct, frozen=True):
    """What is sent if the original cannot be fetched or decoded: another image, or a redirect.

    ``source`` is rendered with the same plan, and sent with ``status``. If that is a redirect's, 3xx, the location is
    ``redirect``, or without it the URL of ``source``. The location must be trusted: one slash and a path below the
    mount, or an http(s) URL that is signed or on an allow-list. Else the error is sent. ``is_default``: it is that of
    the server, which a redirect of the dialect's own comes before.
    """

    source: SourceRef | None = None
    redirect: str = ""
    status: int = 200
    is_default: bool = False

    @property
    def is_redirect(self) -> bool:
        return 300 <= self.status < 400  # noqa: PLR2004 - the class of the status


class ImageRequest(Struct, frozen=True):
    """The result of parsing a URL. ``filename`` (no path, may be empty) requests a download of that name.

    ``tags`` are the surrogate keys by which the result can be purged. ``inline``: the file name is that of an image in
    a page, not of a download. ``max_age_s``: how long clients may keep this answer, instead of the lifetime of the
    result; ``min_age_s``: at least how long, if that is longer; ``default_age_s``: if the source says nothing. The
    server limits them. ``headers`` are sent besides the standard ones. ``fallback`` replaces an error. ``extensions``
    of file names replace the usual ones of formats. ``hints`` are the values that the URL leaves to the client; the
    plan is that for a client that says nothing.

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
    fallback: Fallback | None = None
    min_age_s: int = 0
    default_age_s: int | None = None
    extensions: tuple[tuple[Format, str], ...] = ()
    hints: Hints | None = None
    vary: tuple[str, ...] = ()
    alternatives: tuple[Plan, ...] = ()
