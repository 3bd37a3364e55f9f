"""Which bytes of a file something refers to.

Knows no formats.
"""

from itertools import pairwise


class CoveredBytes:
    """Collects ranges in any order."""

    def __init__(self) -> None:
        self._ranges: list[tuple[int, int]] = []

    def add(self, start: int, length: int) -> None:
        """Add a range."""
        self._ranges.append((start, start + length))

    def gap_bytes(self, source: memoryview, start: int, end: int, ignored: tuple[bytes, ...] = ()) -> int:
        """Count the bytes from ``start`` to ``end`` in no range, without gaps of zeros and of ``ignored`` bytes."""
        edges, covered_to = [(start, start)], start
        for first, last in sorted(self._ranges):
            if covered_to < end and last > covered_to:
                edges.append((max(first, covered_to), min(last, end)))
                covered_to = max(covered_to, last)
        edges.append((end, end))
        gaps = ((before, after) for (_, before), (after, _) in pairwise(edges) if after > before)
        return sum(
            after - before for before, after in gaps if bytes(source[before:after]).strip(b"\0") not in (b"", *ignored)
        )
