"""A queue of coroutines that wait to be granted something, each for a limited time.

Knows order, timeouts and the cancellation race. Must never know what is granted, nor decide when.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class _Waiter(NamedTuple, Generic[T]):
    request: T
    granted: "asyncio.Future[None]"


class WaitQueue(deque[_Waiter[T]]):
    """Waiters in the order of their arrival. The owner calls ``grant_first`` when there is something to grant."""

    @property
    def first(self) -> T:
        """The request that waits the longest. Raises IndexError when none waits."""
        return self[0].request

    async def wait(
        self,
        request: T,
        timeout_s: float,
        *,
        give_back: Callable[[T], None],
        withdrawn: Callable[[T], None] = lambda _request: None,
        ahead: bool = False,
    ) -> bool:
        """Wait for a grant; return False on timeout. ``ahead`` puts the request before all others.

        ``give_back(request)`` is called when the waiter is cancelled after it was granted, before it resumed.
        ``withdrawn(request)`` is called when it has left without a grant, cancelled or timed out.
        Raises the error that ``fail_all`` makes.
        """
        waiter = _Waiter(request, asyncio.get_running_loop().create_future())
        (self.appendleft if ahead else self.append)(waiter)
        try:
            await asyncio.wait((waiter.granted,), timeout=timeout_s)
        except asyncio.CancelledError:
            if not waiter.granted.done():
                self._withdraw(waiter, withdrawn)
            elif waiter.granted.exception() is None:
                give_back(request)
            raise
        if not waiter.granted.done():
            self._withdraw(waiter, withdrawn)
            return False
        waiter.granted.result()
        return True

    def grant_first(self) -> T:
        """Resume the first waiter and return its request. The owner does the accounting in the same step."""
        waiter = self.popleft()
        waiter.granted.set_result(None)
        return waiter.request

    def fail_all(self, make_error: Callable[[], Exception]) -> None:
        """Resume all waiters with an error each."""
        while self:
            self.popleft().granted.set_exception(make_error())

    def _withdraw(self, waiter: _Waiter[T], withdrawn: Callable[[T], None]) -> None:
        self.remove(waiter)
        withdrawn(waiter.request)
