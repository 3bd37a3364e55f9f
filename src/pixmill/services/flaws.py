"""Which originals are of no use, so that one which cannot be rendered is not given to a worker for every request.

Knows versions of originals and durations, by a clock that nobody can put back. A flaw is one of a version: another one is tried at
once. Unless it is one of the original whatever is asked of it, it is remembered under the key of the result that could not be made.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from pixmill.errors import ImageError, PixmillError, RenderCrashed, UnsupportedImage
from pixmill.plan.freshness import Freshness
from pixmill.plan.key import Key
from pixmill.plan.source import SourceRef
from pixmill.ports import Event, Observer, Original, Seen, Unobserved

MAX_FLAWS: Final = 8_192
"""About half a kilobyte each; the oldest goes."""

LASTING: Final = (ImageError, RenderCrashed)
"""What a worker says of the bytes and would say again. A render that took too long may have had bad luck."""


@dataclass(frozen=True, slots=True)
class _Flaw:
    validator: str
    error: PixmillError
    until: float


class Flaws:
    """Failures by source or key, each for ``remembered_s`` unless its original changes."""

    def __init__(
        self,
        remembered_s: float,
        freshness: Freshness,
        observer: Observer | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._remembered_s = remembered_s
        self._freshness = freshness
        self._observer = observer or Unobserved()
        self._clock = clock
        self._flaws: OrderedDict[SourceRef | Key, _Flaw] = OrderedDict()

    def __len__(self) -> int:
        return len(self._flaws)

    def check(self, ref: SourceRef, key: Key | None, found: Original | Seen) -> None:
        """Raises what this version failed with."""
        for name in (ref, key):
            flaw = self._flaws.get(name) if name else None
            if flaw and flaw.validator == found.validator and self._clock() < flaw.until:
                self._observer.counted(Event.REMEMBERED, outcome=flaw.error.code)
                raise flaw.error.again(self._good_for_s(flaw, found))

    @contextmanager
    def heeded(self, ref: SourceRef, key: Key | None, found: Original) -> Iterator[None]:
        """What fails in here is remembered; what has failed is not tried. Without a key only what does not depend on the plan counts."""
        self.check(ref, key, found)
        try:
            yield
        except LASTING as error:
            name = ref if _is_of_all(error, found) else key
            if name:
                self._note(name, error, found)
            raise

    def _note(self, name: SourceRef | Key, error: PixmillError, found: Original) -> None:
        flaw = _Flaw(found.validator, error, self._clock() + self._remembered_s)
        error.good_for_s = self._good_for_s(flaw, found)
        self._flaws.pop(name, None)
        if self._remembered_s:
            self._flaws[name] = flaw
        if len(self._flaws) > MAX_FLAWS:
            self._flaws.popitem(last=False)

    def _good_for_s(self, flaw: _Flaw, found: Original | Seen) -> float:
        """No longer than the source vouches for the version."""
        return max(0.0, min(flaw.until - self._clock(), self._freshness.ttl(found.vouched)))


def _is_of_all(error: PixmillError, found: Original) -> bool:
    """Whether it says something of the original itself, and not of a page, a size or another picture."""
    return isinstance(error, UnsupportedImage) and error.param is None and not found.extras
