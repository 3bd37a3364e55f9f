"""Headers that an operator adds to requests to origins, such as Authorization: ``PIXMILL_SOURCE_HEADERS``.

Knows which origin each header is for. Must never show a value, nor let one go to another origin: the headers are chosen
again for every redirect, by scheme, host, port and folder.
"""

import re
from collections.abc import Mapping
from typing import Final, Self

import msgspec

from pixmill.plan.source import SourceRef
from pixmill.runtime.json_errors import json_problem
from pixmill.sources.allowlist import AllowList

MAX_PATTERNS: Final = 256
MAX_HEADERS: Final = 16
"""Of one pattern."""

MAX_VALUE_CHARACTERS: Final = 4_096

_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
_VALUE: Final = re.compile(rf"[!-~]([ -~]{{0,{MAX_VALUE_CHARACTERS - 2}}}[!-~])?")
_OWN_NAMES: Final = frozenset(
    {
        *("host", "connection", "content-length", "transfer-encoding", "te", "trailer", "upgrade", "expect"),
        *("keep-alive", "proxy-connection", "accept-encoding", "range", "if-none-match", "if-modified-since"),
        *("if-match", "if-unmodified-since", "if-range", "via", "cdn-loop", "traceparent", "tracestate"),
    }
)
"""Names that belong to the connection, to revalidation or to loop detection."""


class RequestHeaders:
    """Headers by pattern; the first pattern that matches a source counts, and no other one."""

    def __init__(self, rules: tuple[tuple[AllowList, Mapping[str, str]], ...] = ()) -> None:
        self._rules = rules

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse the setting, a JSON object of objects of headers by pattern. Raises ValueError."""
        try:
            table = msgspec.json.decode(text or "{}", type=dict[str, dict[str, str]])
        except msgspec.MsgspecError as error:
            raise ValueError(
                f"must be a JSON object of headers by source pattern: it {json_problem(error, text)}"
            ) from None
        if len(table) > MAX_PATTERNS:
            raise ValueError(f"must have at most {MAX_PATTERNS} patterns")
        return cls(tuple((_parse_pattern(pattern), _checked(pattern, each)) for pattern, each in table.items()))

    def of(self, ref: SourceRef) -> Mapping[str, str]:
        """Return the headers for a request to this URL."""
        return next((headers for pattern, headers in self._rules if pattern.allows(ref)), {})


def _parse_pattern(text: str) -> AllowList:
    if "," in text or not text.startswith(("http://", "https://")):
        raise ValueError(f"pattern {text[:64]!r} must be one URL prefix of a web origin, such as https://example.com/")
    return AllowList.parse(text)


def _checked(pattern: str, headers: Mapping[str, str]) -> Mapping[str, str]:
    if len(headers) > MAX_HEADERS:
        raise ValueError(f"pattern {pattern[:64]!r} must have at most {MAX_HEADERS} headers")
    for name, value in headers.items():
        if not _NAME.fullmatch(name) or name.lower() in _OWN_NAMES:
            raise ValueError(f"pattern {pattern[:64]!r}: {name[:64]!r} is no header that can be set")
        if not _VALUE.fullmatch(value):
            raise ValueError(
                f"pattern {pattern[:64]!r}: the value of {name[:64]} must have 1 to {MAX_VALUE_CHARACTERS:,} "
                "printable ASCII characters, without white space around them"
            )
    return headers
