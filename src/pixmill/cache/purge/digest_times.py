"""The time of the latest purge of each digest, in 16 bytes a digest.

4,096 buckets by the first bits of the digest, each a sorted array: with a million digests a lookup takes 8 steps in one
bucket (0.5 µs), an insertion moves 2 KB. A dictionary would take 140 bytes a digest, and half a second to grow.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from math import inf
from typing import Final

_BUCKET_SHIFT: Final = 52
"""A digest has 64 bits, the first 12 select its bucket."""


class DigestTimes:
    """Times in seconds by digests of 64 bits."""

    __slots__ = ("_buckets", "_count")

    def __init__(self) -> None:
        self._buckets: dict[int, tuple[array[int], array[float]]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def get(self, digest: int) -> float:
        """Return the time of the digest, 0 if there is none."""
        bucket = self._buckets.get(digest >> _BUCKET_SHIFT)
        if bucket is None:
            return 0.0
        digests, times = bucket
        position = bisect_left(digests, digest)
        return times[position] if position < len(digests) and digests[position] == digest else 0.0

    def set(self, digest: int, at: float) -> None:
        bucket = self._buckets.get(digest >> _BUCKET_SHIFT)
        if bucket is None:
            bucket = self._buckets[digest >> _BUCKET_SHIFT] = array("Q"), array("d")
        digests, times = bucket
        position = bisect_left(digests, digest)
        if position < len(digests) and digests[position] == digest:
            times[position] = at
        else:
            digests.insert(position, digest)
            times.insert(position, at)
            self._count += 1

    def discard(self, digest: int) -> None:
        """Remove the digest, if it is there."""
        bucket = self._buckets.get(digest >> _BUCKET_SHIFT)
        if bucket is None:
            return
        digests, times = bucket
        position = bisect_left(digests, digest)
        if position < len(digests) and digests[position] == digest:
            del digests[position], times[position]
            self._count -= 1

    def drop(self, up_to: float) -> None:
        """Remove what is no later than ``up_to``."""
        for number, (digests, times) in list(self._buckets.items()):
            if min(times, default=0.0) <= up_to:
                kept = [(digest, at) for digest, at in zip(digests, times, strict=True) if at > up_to]
                self._count -= len(digests) - len(kept)
                self._buckets[number] = array("Q", [one for one, _ in kept]), array("d", [at for _, at in kept])

    def latest_until(self, up_to: float) -> float:
        """Return the latest time that is no later than ``up_to``, 0 if there is none."""
        old = (times for _, times in self._buckets.values() if min(times, default=inf) <= up_to)
        return max((at for times in old for at in times if at <= up_to), default=0.0)

    def sample(self, divisor: int) -> list[float]:
        """Return about one in ``divisor`` times."""
        return [at for number, (_, times) in self._buckets.items() for at in times[number % divisor :: divisor]]

    def items(self) -> Iterator[tuple[int, float]]:
        """Yield every digest and its time. What changes meanwhile may be missed, or come with either time."""
        for number in list(self._buckets):
            digests, times = self._buckets[number]
            yield from zip(digests.tolist(), times.tolist(), strict=True)
