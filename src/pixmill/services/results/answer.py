"""What a request is answered with, and where that came from.

Knows entries. Must never know HTTP.
"""

from collections.abc import Container
from dataclasses import dataclass, field, replace
from enum import StrEnum

from pixmill.ports.values import Entry
from pixmill.services.results.revalidation import EntryMetadata, metadata_of


class CacheOutcome(StrEnum):
    """Where an answer came from. The last three waited for the source because what the cache had could not be served as it was."""

    HIT = "hit"
    STALE = "stale"
    MISS = "miss"
    COALESCED = "coalesced"
    UNCACHED = "uncached"
    REVALIDATED = "renewed"
    REPLACED = "replaced"
    STALE_IF_ERROR = "saved"


@dataclass(frozen=True, slots=True)
class ResizeResult:
    """An entry and where it came from. ``seconds`` tells the duration of what was done for it, by stage.

    ``stored``: it was put into the cache just now. ``collapsed``: others had asked for it first, and waited with us.
    """

    entry: Entry | EntryMetadata
    outcome: CacheOutcome
    tier: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    stored: bool = False
    coalesced: bool = False

    def as_coalesced(self) -> "ResizeResult":
        """The same for who waited with others that had asked for it first."""
        outcome = CacheOutcome.COALESCED if self.outcome is CacheOutcome.MISS else self.outcome
        return replace(self, outcome=outcome, stored=False, coalesced=True)

    def without_known_body(self, known_etags: Container[str]) -> "ResizeResult":
        """Without the bytes if they are among those that the client has."""
        entry = self.entry
        return (
            replace(self, entry=metadata_of(entry)) if isinstance(entry, Entry) and entry.etag in known_etags else self
        )
