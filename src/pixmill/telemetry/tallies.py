"""Requests by route, status and format: counted in plain numbers, made into metrics when the page is read.

Knows prometheus_client's families. On a cached answer its own counters and histograms, each with a lock, would cost four times as much.
Belongs to one thread, the event loop's, which also renders the page.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

Labels = tuple[str, str, str]


@dataclass(slots=True)
class Tally:
    """All requests with the same labels; ``buckets`` are not cumulative, and one longer than the bounds."""

    buckets: list[int]
    count: int = 0
    sent: int = 0
    seconds: float = 0.0


class Tallies(Collector):
    """``admit`` is told the name of a label and a value, and gives the value to count it under."""

    def __init__(
        self,
        names: tuple[str, str, str],
        meanings: tuple[str, str, str],
        bounds: tuple[float, ...],
        admit: Callable[[str, str], str],
    ) -> None:
        """``names`` and ``meanings`` of the three metrics: requests, their seconds, the bytes sent."""
        self._names, self._meanings, self._bounds, self._admit = names, meanings, bounds, admit
        self._by_call: dict[tuple[str, int, str], Tally] = {}
        self._by_labels: dict[Labels, Tally] = {}

    def add(self, route: str, status: int, media: str, sent: int, seconds: Sequence[float]) -> None:
        """Count as many requests as took these ``seconds``; in each the same bytes were ``sent``."""
        tally = self._by_call.get((route, status, media)) or self._tally(route, status, media)
        tally.count += len(seconds)
        tally.sent += sent * len(seconds)
        tally.seconds += sum(seconds)
        bounds, buckets = self._bounds, tally.buckets
        for each in seconds:
            buckets[bisect_left(bounds, each)] += 1

    def collect(self) -> Iterator[CounterMetricFamily | HistogramMetricFamily]:
        by_route: dict[str, Tally] = {}
        requests = CounterMetricFamily(self._names[0], self._meanings[0], labels=("route", "status", "format"))
        for labels, tally in self._by_labels.items():
            requests.add_metric(labels, tally.count)
            whole = by_route.setdefault(labels[0], Tally([0] * len(tally.buckets)))
            whole.sent += tally.sent
            whole.seconds += tally.seconds
            whole.buckets = [one + other for one, other in zip(whole.buckets, tally.buckets, strict=True)]
        seconds = HistogramMetricFamily(self._names[1], self._meanings[1], labels=("route",))
        sent = CounterMetricFamily(self._names[2], self._meanings[2], labels=("route",))
        for route, tally in by_route.items():
            seconds.add_metric((route,), self._cumulated(tally), tally.seconds)
            sent.add_metric((route,), tally.sent)
        yield from (requests, seconds, sent)

    def _tally(self, route: str, status: int, media: str) -> Tally:
        """Made when it is first counted; under labels that are not admitted it is found each time anew."""
        given = (route, str(status), media)
        labels = (self._admit("route", given[0]), self._admit("status", given[1]), self._admit("format", given[2]))
        tally = self._by_labels.setdefault(labels, Tally([0] * (len(self._bounds) + 1)))
        if labels == given:
            self._by_call[route, status, media] = tally
        return tally

    def _cumulated(self, tally: Tally) -> list[tuple[str, float]]:
        spell: Callable[[float], str] = floatToGoString
        total, buckets = 0, []
        for bound, count in zip((*self._bounds, float("inf")), tally.buckets, strict=True):
            total += count
            buckets.append((spell(bound), float(total)))
        return buckets
