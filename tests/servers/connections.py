"""The connections of an asyncio server, so that none is left when it stops.

A server of asyncio that is closed forgets connections that it has just accepted. Nobody closes them then, and the
warning of that fails whatever test comes next.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Final

_LAST_TURNS: Final = 5
"""Of the event loop: a connection that was accepted takes two to be known, and one to be closed."""

Converse = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Connections:
    """What ``asyncio.start_server`` is given: a task for each connection, which is closed when its task ends."""

    def __init__(self, converse: Converse) -> None:
        self._converse = converse
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self, server: asyncio.Server) -> None:
        """Accept no more, abort all connections, and close the server."""
        loop = asyncio.get_running_loop()
        for listening in server.sockets:
            loop.remove_reader(listening.fileno())
        for _ in range(_LAST_TURNS):
            tasks = list(self._tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for writer in self._writers:  # of tasks that had not begun, and of connections that have just come
                writer.transport.abort()
            await asyncio.sleep(0)
        server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._converse(reader, writer)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
            self._writers.discard(writer)
