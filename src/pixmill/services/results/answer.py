"""The result of the service: an entry or its metadata, and where it came from.

Knows entries. Must never know HTTP.
"""

from collections.abc import Container
from dataclasses import dataclass, field, replace
from enum import StrEnum

from pixmill.ports.values import Entry, EntryMetadata


class CacheOutcome(StrEnum):
    """Where a result came from. The last three had a stale entry and waited for the source."""

    HIT = "hit"
    STALE = "stale"
    MISS = "miss"
    COALESCED = "coalesced"
    UNCACHED = "uncached"
    REVALIDATED = "revalidated"
    REPLACED = "replaced"
    STALE_IF_ERROR = "stale_if_error"


@dataclass(frozen=True, slots=True)
class ResizeResult:
    """Metadata, the entry unless the client has it already, and where it came from.

    ``seconds`` is the duration of each stage. ``stored``: it was put into the cache just now. ``coalesced``: it was
    made for an earlier request for the same result (single flight).
    """

    meta: EntryMetadata
    outcome: CacheOutcome
    entry: Entry | None = None
    tier: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    stored: bool = False
    coalesced: bool = False

    def as_coalesced(self) -> "ResizeResult":
        """Return the result for a request that joined an earlier one."""
        outcome = CacheOutcome.COALESCED if self.outcome is CacheOutcome.MISS else self.outcome
        return replace(self, outcome=outcome, stored=False, coalesced=True)

    def without_known_body(self, known_etags: Container[str]) -> "ResizeResult":
        """Return the result without its entry if the client has that."""
        return replace(self, entry=None) if self.meta.etag in known_etags else self
