"""A queue that is fair to clients: each gets an equal share of the work, as long as it has something queued.

Start-time fair queueing (Goyal, Vin, Cheng, SIGCOMM 1996): served next is the client with the lowest virtual time,
which advances by the work that it is given. Knows clients and seconds of work. Must never know what the items are.
"""

from collections import deque
from collections.abc import Callable, Hashable, Iterator
from typing import Final, Generic, TypeVar

T = TypeVar("T")

_MIN_WORK_S: Final = 0.001
"""Work counts as at least this, so that clients take turns also before any duration is known."""

_MAX_REMEMBERED: Final = 1_024
"""Clients without items; when there are more, all of them are forgotten."""


class FairQueue(Generic[T]):
    """Items by client; in their order for each client, and first of all those that were put back.

    ``count`` is their number.
    """

    def __init__(self, client_of: Callable[[T], Hashable], work_s: Callable[[T], float]) -> None:
        self._client_of = client_of
        self._work_s = work_s
        self._returned: deque[T] = deque()
        self._queues: dict[Hashable, deque[T]] = {}
        self._virtual_times: dict[Hashable, float] = {}
        self._virtual_time = 0.0
        self.count = 0

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[T]:
        yield from self._returned
        for queue in self._queues.values():
            yield from queue

    def append(self, item: T) -> None:
        client = self._client_of(item)
        if client not in self._queues:
            self._queues[client] = deque()
            self._virtual_times[client] = max(self._virtual_time, self._virtual_times.get(client, 0.0))
        self._queues[client].append(item)
        self.count += 1

    def put_back(self, item: T) -> None:
        """Put an item before all others: it was taken, and could not be served."""
        self._returned.appendleft(item)
        self.count += 1

    def pop(self) -> T:
        """Remove and return the next item. Raises IndexError."""
        if not self.count:
            raise IndexError
        self.count -= 1
        if self._returned:
            return self._returned.popleft()
        client = min(self._queues, key=self._virtual_times.__getitem__)
        item = self._queues[client].popleft()
        self._virtual_time = self._virtual_times[client]
        self._virtual_times[client] += max(_MIN_WORK_S, self._work_s(item))
        self._drop_if_empty(client)
        return item

    def remove(self, item: T) -> None:
        """Remove an item. Raises ValueError if it is not there."""
        if item in self._returned:
            self._returned.remove(item)
            self.count -= 1
            return
        client = self._client_of(item)
        if client not in self._queues:
            raise ValueError("not queued")
        self._queues[client].remove(item)
        self.count -= 1
        self._drop_if_empty(client)

    def clear(self) -> None:
        self._returned.clear()
        self._queues.clear()
        self._virtual_times.clear()
        self.count = 0

    def _drop_if_empty(self, client: Hashable) -> None:
        """Forget a client without items, but not while it is ahead of others: it may come back with the next one."""
        if self._queues[client]:
            return
        del self._queues[client]
        if not self._queues:
            self._virtual_times.clear()
            self._virtual_time = 0.0
        elif len(self._virtual_times) > len(self._queues) + _MAX_REMEMBERED:
            self._virtual_times = {client: self._virtual_times[client] for client in self._queues}
