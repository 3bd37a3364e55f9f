"""Where each dialect's URLs name the original: what a load balancer hashes, so that one server gets all of its sizes.

A table of regular expressions on path and query. Knows texts only; must never import a dialect. They are for balancers:
RE2 (Envoy) and PCRE (nginx, haproxy) read them alike.
"""

import re
from typing import Final

PATH: Final = r"^([^?]+)"
"""The path: of dialects that have all options in the query."""

_QUERY_OF: Final = r"[?&]{}=([^&]+)"
_AFTER_FIRST: Final = r"^/[^/?]+/([^?]+)"
_THUMBOR: Final = (
    r"^/(?:unsafe/|[A-Za-z0-9_-]{27}=/)?"
    r"(?:(?:meta|trim[^/?]*|(?:adaptive-|full-)*fit-in|stretch|smart|left|right|center|top|bottom|middle|"
    r"-?[0-9]*x-?[0-9]*|[0-9]+x[0-9]+:[0-9]+x[0-9]+|filters:[^/?]*)/)*([^?]+)"
)

SOURCE_PATTERNS: Final[dict[str, str]] = {
    **dict.fromkeys(("native", "nextjs", "vercel", "amplify", "netlify", "weserv", "emgr"), _QUERY_OF.format("url")),
    "astro": _QUERY_OF.format("href"),
    "imaginary": r"[?&]url=([^&]+)|[?&]file=([^&]+)",
    "imgproxy": r"(?:/plain/([^?@]+)|([^/?.]+)(?:\.[a-z0-9]+)?$)",
    "ipx": r"/_ipx/[^/]+/([^?]+)",
    **dict.fromkeys(("thumbor", "imagor", "aws"), _THUMBOR),
    "storyblok": r"^(/f/[0-9]+/[^/]+/[^/]+/[^/?]+)",
    "iiif": r"/iiif/[23]/([^/?]+)",
    "cloudflare": r"/cdn-cgi/image/[^/]+/([^?]+)",
    "imagedelivery": r"^/[^/]+/([^/?]+)",
    "cloudinary": r"/(?:upload|fetch)/(?:[a-z]{1,4}_[^/]+/)*([^?]+)",
    "imagekit": r"^(?:/tr:[^/]+)?/([^?]+)",
    "shopify": r"^([^?]+?)(?:_[0-9]*x[0-9]*[^/?]*)?(?:\.[a-z]+)?(?:\?.*)?$",
    "uploadcare": r"^/([^/?]+)",
    "hygraph": r"/([^/?]+)$",
    "wagtail": r"/([0-9]+)/[^/?]+/?(?:[^/?]*)$",
    "flyimg": r"^/upload/[^/?]+/([^?]+)",
    "prepr": _AFTER_FIRST,
}
"""Group 1 is the original, or the group that matches. Dialects that are not here: ``PATH``. For paths of a mount, write
the mount behind ``^``."""


def source_key(dialect: str, target: str) -> str:
    """Return what a balancer hashes of a URL of this dialect; all of it if the pattern does not match."""
    match = re.search(SOURCE_PATTERNS.get(dialect, PATH), target)
    return next(filter(None, match.groups()), target) if match else target
