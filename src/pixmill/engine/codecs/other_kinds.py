"""Names what is no image: the page or the error message that a source sends in its place."""

import re
from typing import Final

_PREFIX_BYTES: Final = 512
_PAGE: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<!--.{0,200}?-->\s*)?<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
_JSON: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:\{\s*[\"}]|\[\s*[\[{\"\]0-9])")
_XML: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*<\?xml\b")


def other_kind(source: memoryview) -> str:
    """Return what a file that is no image is, with its article; empty if that is not known."""
    if not len(source):
        return "an empty file"
    start = bytes(source[:_PREFIX_BYTES])
    named = ((_PAGE, "an HTML page"), (_JSON, "a JSON document"), (_XML, "an XML document"))
    return next((name for pattern, name in named if pattern.match(start)), "")
