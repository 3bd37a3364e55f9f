"""A purge as servers keep it and tell it to each other: a few bytes for the target, and a time.

Knows the bytes; must never know where rules are stored. A source or a tag is a digest, so that a million rules fit into
16 MB of memory; a collision would purge one image too many, once in 10^13 lookups beside a million rules. A prefix is
its text, since it is compared with the beginning of sources.

    code 1 · digest 8          a source or a tag
    code 1 · text in UTF-8     a prefix
    code 1                     everything
"""

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from pixmill.plan.purge import PurgeScope, PurgeTarget

DIGEST_BYTES: Final = 8
TIMES_PER_S: Final = 1_000_000

_SCOPES: Final = (PurgeScope.ALL, PurgeScope.SOURCE, PurgeScope.TAG, PurgeScope.PREFIX)
_DIGEST_ID_BYTES: Final = 1 + DIGEST_BYTES


@dataclass(frozen=True, slots=True)
class PurgeRule:
    """A purge in force: the bytes of its target, its time, and the target itself where this server knows it."""

    id: bytes
    at: float
    target: PurgeTarget | None = field(default=None, compare=False)

    @property
    def scope(self) -> PurgeScope:
        return _SCOPES[self.id[0] >> 1]

    @property
    def hard(self) -> bool:
        return not self.id[0] & 1

    @property
    def value(self) -> str:
        """The source, tag or prefix; empty if only its digest is known here."""
        if self.target is not None:
            return self.target.value
        return self.id[1:].decode() if self.scope is PurgeScope.PREFIX else ""

    @property
    def digest(self) -> str:
        """The digest of a source or tag in hexadecimal digits; empty for other scopes."""
        return self.id[1:].hex() if self.scope in {PurgeScope.SOURCE, PurgeScope.TAG} else ""


def rule_of(target: PurgeTarget, at: float) -> PurgeRule:
    """Return the rule of a target, at the first time from ``at`` on that a log can hold exactly."""
    ticks = to_ticks(at)
    exact = from_ticks(ticks + (from_ticks(ticks) < at))
    return PurgeRule(rule_id(target.scope, _rest_of(target), hard=target.hard), exact, target)


def rule_id(scope: PurgeScope, rest: bytes = b"", *, hard: bool) -> bytes:
    """Return the bytes that stand for a target; ``rest`` is its digest or its prefix."""
    return bytes([_SCOPES.index(scope) << 1 | (not hard)]) + rest


def is_rule_id(data: bytes) -> bool:
    """Check that these bytes stand for a target."""
    if not data or data[0] >> 1 >= len(_SCOPES):
        return False
    scope = _SCOPES[data[0] >> 1]
    if scope is PurgeScope.ALL:
        return len(data) == 1
    return _is_text(data[1:]) if scope is PurgeScope.PREFIX else len(data) == _DIGEST_ID_BYTES


def text_digest(text: str) -> bytes:
    """Return the digest of a source or a tag. The keys of results begin with that of their source."""
    return sha256(text.encode(errors="surrogatepass")).digest()[:DIGEST_BYTES]


def to_ticks(at: float) -> int:
    """Return the time in microseconds since the epoch, as logs hold it."""
    return round(at * TIMES_PER_S)


def from_ticks(ticks: int) -> float:
    """Undo ``to_ticks``."""
    return ticks / TIMES_PER_S


def _is_text(data: bytes) -> bool:
    try:
        return bool(data.decode())
    except UnicodeDecodeError:
        return False


def _rest_of(target: PurgeTarget) -> bytes:
    if target.scope is PurgeScope.ALL:
        return b""
    return target.value.encode() if target.scope is PurgeScope.PREFIX else text_digest(target.value)
