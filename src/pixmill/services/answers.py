"""What a request is answered with, and where that came from.

Knows entries. Must never know HTTP.
"""

from collections.abc import Container
from dataclasses import dataclass, field, replace
from enum import StrEnum

from pixmill.ports import Entry
from pixmill.services.renewal import Unchanged, unchanged_of


class Outcome(StrEnum):
    """Where an answer came from. The last three waited for the source because what the cache had could not be served as it was."""

    HIT = "hit"
    STALE = "stale"
    MISS = "miss"
    SHARED = "shared"
    UNCACHED = "uncached"
    RENEWED = "renewed"
    REPLACED = "replaced"
    SAVED = "saved"


@dataclass(frozen=True, slots=True)
class Answer:
    """An entry and where it came from. ``seconds`` tells the duration of what was done for it, by stage.

    ``stored``: it was put into the cache just now. ``collapsed``: others had asked for it first, and waited with us.
    """

    entry: Entry | Unchanged
    outcome: Outcome
    tier: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    stored: bool = False
    collapsed: bool = False

    def shared(self) -> "Answer":
        """The same for who waited with others that had asked for it first."""
        outcome = Outcome.SHARED if self.outcome is Outcome.MISS else self.outcome
        return replace(self, outcome=outcome, stored=False, collapsed=True)

    def spared(self, known: Container[str]) -> "Answer":
        """Without the bytes if they are among those that the client has."""
        entry = self.entry
        return replace(self, entry=unchanged_of(entry)) if isinstance(entry, Entry) and entry.etag in known else self
