"""Cancels work when its client disconnects.

Knows ASGI messages and tasks; must never know what the work is.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

from starlette.requests import ClientDisconnect
from starlette.types import Receive

T = TypeVar("T")

DISCONNECT_CHECK_DELAY_S: Final = 0.05
"""Shorter work is finished without listening for a disconnect, which costs a quarter of a millisecond."""


async def cancel_on_disconnect(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """Await ``work``; cancel it and raise ClientDisconnect if the client disconnects meanwhile."""
    task = asyncio.ensure_future(work)
    listener = DisconnectListener(receive, task.cancel, DISCONNECT_CHECK_DELAY_S)
    try:
        return await task
    except asyncio.CancelledError:
        if listener.disconnected:
            raise ClientDisconnect from None
        raise
    finally:
        listener.close()


class DisconnectListener:
    """Calls back once when the client disconnects; begins to listen after ``delay_s``."""

    def __init__(self, receive: Receive, on_disconnect: Callable[[], object], delay_s: float) -> None:
        self.disconnected = False
        self._receive = receive
        self._callback = on_disconnect
        self._listening: asyncio.Future[None] | None = None
        self._timer = asyncio.get_running_loop().call_later(delay_s, self.start)

    def close(self) -> None:
        """End listening."""
        self._timer.cancel()
        if self._listening:
            self._listening.cancel()

    def start(self) -> None:
        """Listen from now on."""
        if self._listening is None:
            self._listening = asyncio.ensure_future(wait_disconnect(self._receive))
            self._listening.add_done_callback(self._on_disconnect)

    def _on_disconnect(self, listening: "asyncio.Future[None]") -> None:
        """Call back, also when listening has failed."""
        if not listening.cancelled():
            listening.exception()  # retrieved
            self.disconnected = True
            self._callback()


async def wait_disconnect(receive: Receive) -> None:
    """Return when the client disconnects; the rest of the request is discarded."""
    while (await receive())["type"] != "http.disconnect":
        pass
