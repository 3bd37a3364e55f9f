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
class RequestStats:
    """All requests with the same labels; ``buckets`` are not cumulative, and one longer than the bounds."""

    buckets: list[int]
    count: int = 0
    sent_bytes: int = 0
    total_seconds: float = 0.0


class RequestCollector(Collector):
    """``admit`` is told the name of a label and a value, and gives the value to count it under."""

    def __init__(
        self,
        names: tuple[str, str, str],
        documentations: tuple[str, str, str],
        bucket_bounds: tuple[float, ...],
        label_guard: Callable[[str, str], str],
    ) -> None:
        """``names`` and ``meanings`` of the three metrics: requests, their seconds, the bytes sent."""
        self._names, self._documentations, self._bucket_bounds, self._label_guard = (
            names,
            documentations,
            bucket_bounds,
            label_guard,
        )
        self._by_request: dict[tuple[str, int, str], RequestStats] = {}
        self._by_labels: dict[Labels, RequestStats] = {}

    def add(self, route: str, status: int, media: str, sent: int, seconds: Sequence[float]) -> None:
        """Count as many requests as took these ``seconds``; in each the same bytes were ``sent``."""
        stats = self._by_request.get((route, status, media)) or self._stats_for(route, status, media)
        stats.count += len(seconds)
        stats.sent_bytes += sent * len(seconds)
        stats.total_seconds += sum(seconds)
        bounds, buckets = self._bucket_bounds, stats.buckets
        for each in seconds:
            buckets[bisect_left(bounds, each)] += 1

    def collect(self) -> Iterator[CounterMetricFamily | HistogramMetricFamily]:
        by_route: dict[str, RequestStats] = {}
        requests = CounterMetricFamily(self._names[0], self._documentations[0], labels=("route", "status", "format"))
        for labels, stats in self._by_labels.items():
            requests.add_metric(labels, stats.count)
            total = by_route.setdefault(labels[0], RequestStats([0] * len(stats.buckets)))
            total.sent_bytes += stats.sent_bytes
            total.total_seconds += stats.total_seconds
            total.buckets = [one + other for one, other in zip(total.buckets, stats.buckets, strict=True)]
        seconds = HistogramMetricFamily(self._names[1], self._documentations[1], labels=("route",))
        sent = CounterMetricFamily(self._names[2], self._documentations[2], labels=("route",))
        for route, stats in by_route.items():
            seconds.add_metric((route,), self._cumulative(stats), stats.total_seconds)
            sent.add_metric((route,), stats.sent_bytes)
        yield from (requests, seconds, sent)

    def _stats_for(self, route: str, status: int, media: str) -> RequestStats:
        """Made when it is first counted; under labels that are not admitted it is found each time anew."""
        values = (route, str(status), media)
        labels = (
            self._label_guard("route", values[0]),
            self._label_guard("status", values[1]),
            self._label_guard("format", values[2]),
        )
        stats = self._by_labels.setdefault(labels, RequestStats([0] * (len(self._bucket_bounds) + 1)))
        if labels == values:
            self._by_request[route, status, media] = stats
        return stats

    def _cumulative(self, stats: RequestStats) -> list[tuple[str, float]]:
        format_bound: Callable[[float], str] = floatToGoString
        total, buckets = 0, []
        for bound, count in zip((*self._bucket_bounds, float("inf")), stats.buckets, strict=True):
            total += count
            buckets.append((format_bound(bound), float(total)))
        return buckets
