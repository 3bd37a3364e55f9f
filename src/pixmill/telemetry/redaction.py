"""Redacts secrets in text that goes to the log.

Knows how secrets look in URLs, headers and settings, also in a URL inside the query of another one. Must never know who
logs. Its input comes from clients, so every expression runs in linear time: each repetition is bounded, ends where the
next match could begin, or cannot fail.
"""

import re
from functools import lru_cache
from typing import Final

REDACTED: Final = "[redacted]"

SECRET_FIELDS: Final = frozenset({
    "api_key", "authorization", "cookie", "keys", "password", "secret", "secret_access_key", "sig", "signature",
    "token",
})  # fmt: skip
"""Fields of a log record whose whole value is secret."""

_STEMS = ("sig", "token", "secret", "passw", "cred", "key", "auth")

# A URL in the query of another has its delimiters escaped, %2F, and one level deeper %252F. The group `deep` captures
# the depth, so that only delimiters of the same depth end the match; without escapes the group is unset, and matches
# nothing.
_ESCAPE_DEPTH = "%(?P<deep>(?:25)*)"
_SAME_DEPTH = "(?P=deep)"

# Messages about settings name PIXMILL_UNSIGNED=allow, and $(openssl …) as an example of keys: neither is a secret.
# Names are listed in three spellings instead of re.I, which makes the search three times slower.
_SECRET_PARAMETER = re.compile(
    rf"((?<!PIXMILL_UN)(?:{'|'.join(name for stem in _STEMS for name in (stem, stem.capitalize(), stem.upper()))})"
    rf"[\w-]{{0,32}}(?:=(?!\$\()|{_ESCAPE_DEPTH}3[Dd]))"
    rf"[^&\s\"%]*(?:%(?!{_SAME_DEPTH}26)[^&\s\"%]*)*"
)
_USERINFO = re.compile(
    rf"((?::|%(?:25)*3a)(?:/|{_ESCAPE_DEPTH}2f){{2}})"
    rf"[^/?#&\s%]*(?:%(?!{_SAME_DEPTH}(?:2f|3f|23|26))[^/?#&\s%]*)*(?:@|%(?:25)*40)",
    re.IGNORECASE,
)
_AUTHORIZATION = re.compile(r"([bB]earer |[bB]asic |AWS4-HMAC-SHA256 )[\w.~+/=-]{8,}")
_MAX_CACHED_CHARACTERS = 512
_UNRESERVED = re.compile(r"%(2[DE]|4[1-9A-F]|5[0-9AF]|6[1-9A-F]|7[0-9AE])", re.IGNORECASE)
"""Escapes of unreserved characters, which RFC 3986 §6.2.2.2 decodes: ``s%69g`` is ``sig``."""


def redact(text: str) -> str:
    """Returns the text without the values of secret parameters, the userinfo of URLs, and Authorization credentials."""
    return _redact_cached(text) if len(text) <= _MAX_CACHED_CHARACTERS else _redact(text)


def _redact(text: str) -> str:
    if "%" in text:
        text = _UNRESERVED.sub(_unescape, text)
    if "@" in text or "%40" in text or "2540" in text:
        text = _USERINFO.sub(_mask_userinfo, text)
    if " " in text:
        text = _AUTHORIZATION.sub(_mask_value, text)
    if "=" in text or "%" in text:
        text = _SECRET_PARAMETER.sub(_mask_value, text)
    return text


_redact_cached = lru_cache(maxsize=1_024)(_redact)
"""The URL of a popular image is logged many times; 1,024 texts of ``_MAX_CACHED_CHARACTERS`` stay below 2 MB."""


# Functions: a template such as r"\1…" is three times slower.
def _unescape(escape: re.Match[str]) -> str:
    return chr(int(escape[1], 16))


def _mask_userinfo(found: re.Match[str]) -> str:
    return f"{found[1]}{REDACTED}@"


def _mask_value(found: re.Match[str]) -> str:
    return f"{found[1]}{REDACTED}"


def printable(text: str) -> str:
    """Escape control characters, and whatever else a terminal would obey: names and URLs may contain it."""
    return text if text.isprintable() else "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)
