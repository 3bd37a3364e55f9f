"""What sources have refused lately, so that one which has nothing, or is down, is not asked for every request.

Knows failures of sources and durations, by a clock that nobody can put back. Failures of our own are never remembered.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pixmill.errors import SourceDenied, SourceError, SourceNotFound, SourceTooLarge
from pixmill.plan.freshness import NO_PATIENCE, Patience
from pixmill.plan.source import SourceRef
from pixmill.ports import Event, Observer, Unobserved

MAX_REFUSALS: Final = 8_192
"""About half a kilobyte each; the oldest goes."""

_FACTS: Final = (SourceNotFound, SourceDenied, SourceTooLarge)


@dataclass(frozen=True, slots=True)
class _Refusal:
    error: SourceError
    until: float
    heeds: float


class Refusals:
    """Failures by source, each for a short while."""

    def __init__(
        self, patience: Patience, clock: Callable[[], float] = time.monotonic, observer: Observer | None = None
    ) -> None:
        self._patience = patience
        self._clock = clock
        self._observer = observer or Unobserved()
        self._refusals: OrderedDict[SourceRef, _Refusal] = OrderedDict()

    def __len__(self) -> int:
        return len(self._refusals)

    def check(self, ref: SourceRef, newest_purge: float) -> None:
        """Raises what the source refused with a moment ago, unless something was purged since."""
        refusal = self._refusals.get(ref)
        if refusal is None:
            return
        left_s = refusal.until - self._clock()
        if left_s <= 0 or refusal.heeds < newest_purge:
            del self._refusals[ref]
            return
        self._observer.counted(Event.REMEMBERED, outcome=refusal.error.code)
        raise refusal.error.again(left_s)

    def note(self, ref: SourceRef, error: SourceError, heeds: float) -> None:
        """The source has just refused."""
        self._refusals.pop(ref, None)
        pause_s = self._patience.refused_s if isinstance(error, _FACTS) else self._patience.failed_s
        error.good_for_s = pause_s
        if pause_s:
            self._refusals[ref] = _Refusal(error, self._clock() + pause_s, heeds)
        if len(self._refusals) > MAX_REFUSALS:
            self._refusals.popitem(last=False)


UNREMEMBERED: Final = Refusals(NO_PATIENCE)
"""Remembers nothing."""
