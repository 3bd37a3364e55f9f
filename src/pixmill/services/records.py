"""What each source said last: which version of its original there is, and for how long it vouches for that.

Knows durations, by a clock that nobody can put back. Must never know results: whoever has one that was made of a version asks here
before it asks the source, so that one answer of a source is good for every size of its picture.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pixmill.plan.freshness import Freshness, Vouched
from pixmill.plan.source import SourceRef
from pixmill.ports import Original, Seen

MAX_RECORDS: Final = 16_384
"""About half a kilobyte each; the source that was asked longest ago is forgotten, and simply asked again."""


@dataclass(frozen=True, slots=True)
class Record:
    """A version and the words of its source, said at ``checked_at`` (seconds of a monotonic clock)."""

    validator: str
    vouched: Vouched
    heeds: float
    modified: float
    checked_at: float


class Records:
    """The last word of each source, as many as ``MAX_RECORDS``."""

    def __init__(self, freshness: Freshness, clock: Callable[[], float] = time.monotonic) -> None:
        self._freshness = freshness
        self._clock = clock
        self._records: OrderedDict[SourceRef, Record] = OrderedDict()

    def __len__(self) -> int:
        return len(self._records)

    def note(self, ref: SourceRef, said: Original | Seen) -> None:
        """The source has just said so."""
        self._records.pop(ref, None)
        if said.vouched.may_keep:
            self._records[ref] = Record(said.validator, said.vouched, said.heeds, said.modified, self._clock())
        if len(self._records) > MAX_RECORDS:
            self._records.popitem(last=False)

    def last(self, ref: SourceRef) -> Seen | None:
        """What the source said last, however long ago."""
        record = self._records.get(ref)
        return None if record is None else Seen(record.validator, record.vouched, record.heeds, record.modified)

    def good(self, ref: SourceRef) -> Seen | None:
        """What the source said last if it still vouches for it, with what remains of its time."""
        record = self._records.get(ref)
        if record is None:
            return None
        age_s = self._clock() - record.checked_at
        if age_s >= self._freshness.ttl(record.vouched):
            return None
        vouched = self._freshness.remaining(record.vouched, age_s)
        return Seen(record.validator, vouched, record.heeds, record.modified)

    def forget(self, ref: SourceRef) -> None:
        """Ask the source next time."""
        self._records.pop(ref, None)
