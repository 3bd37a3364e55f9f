"""CDN-Cache-Control: what an origin says to shared caches near to clients, and to nobody else (RFC 9213).

Knows the grammar of a dictionary of RFC 9651, but for lists in it, which no directive has. Reads what strangers send, in linear time: any text
gives directives or nothing, and what is not well formed counts as not sent (RFC 9213 §2.1).
"""

import re
from typing import Final

MAX_CHARACTERS: Final = 1_024
"""Many times what all directives together take."""

_VALUE = (
    r"""-?[0-9]{1,15}(?:\.[0-9]{1,3})?|"(?:[ !#-\[\]-~]|\\["\\])*"|[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*|\?[01]"""
)
_KEY = r"[a-z*][a-z0-9_\-.*]*"
_MEMBER = re.compile(rf"({_KEY})(?:=({_VALUE}))?(?:; *{_KEY}(?:=(?:{_VALUE}))?)*[ \t]*(?:,[ \t]*(?=.)|\Z)")
_FALSE: Final = "?0"


def parse_cdn_cache_control(text: str) -> dict[str, str]:
    """The directives with their arguments, the last of each; none for what is empty or not well formed."""
    text = text.strip(" ")
    found: dict[str, str] = {}
    position = 0
    while position < len(text) <= MAX_CHARACTERS:
        member = _MEMBER.match(text, position)
        if member is None:
            return {}
        found[member[1]] = member[2] or ""
        position = member.end()
    return {name: value for name, value in found.items() if value != _FALSE}
