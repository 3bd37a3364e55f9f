"""A server process's half of the channel: asks the other processes of this machine, and answers them.

Knows asyncio and the supervisor's socket. Must never know what is asked.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import msgspec

from pixmill.processes.messages import LENGTH, Answers, Message, encode
from pixmill.runtime.event_log import EventLog

REPLY_GRACE_S: Final = 2.0
"""Beyond the timeout of a question, which the supervisor keeps: it answers with what it has."""

Handler = Callable[[bytes], Awaitable[bytes]]
"""Takes the body of a question and returns that of the answer, which is not empty."""

_DECODER: Final[msgspec.msgpack.Decoder[Message]] = msgspec.msgpack.Decoder(Message)
_ANSWERS: Final[msgspec.msgpack.Decoder[Answers]] = msgspec.msgpack.Decoder(Answers)


class Channel:
    """``slot`` counts from 0; ``count`` is the number of processes that there should be."""

    def __init__(self, channel: socket.socket, slot: int, count: int) -> None:
        self.slot = slot
        self.count = count
        self.closed = asyncio.Event()
        self._socket = channel
        self._handlers: dict[str, Handler] = {}
        self._questions: dict[int, asyncio.Future[Answers]] = {}
        self._last_number = 0
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._answering: set[asyncio.Task[None]] = set()
        self._log = EventLog("processes")

    def handle(self, kind: str, handler: Handler) -> None:
        """Answer questions of this kind from now on; call it before ``open``."""
        self._handlers[kind] = handler

    async def open(self) -> None:
        """Answer the others from now on, also questions that were asked before."""
        reader, self._writer = await asyncio.open_unix_connection(sock=self._socket)
        self._reading = asyncio.create_task(self._read(reader), name="processes-channel")

    async def close(self) -> None:
        """Answer no more; what was sent arrives all the same."""
        tasks = [task for task in (self._reading, *self._answering) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._writer:
            self._writer.close()
            with suppress(OSError):
                await self._writer.wait_closed()

    def note(self, kind: str, body: bytes = b"") -> None:
        """Tell the supervisor something."""
        self._send(Message(0, kind, body))

    async def ask(self, kind: str, body: bytes = b"", *, timeout_s: float, to_starting: bool = False) -> Answers:
        """Ask all other processes, also those ``to_starting`` that do not serve yet.

        A supervisor that does not answer counts as all others missing.
        """
        self._last_number += 1
        number = self._last_number
        reply = self._questions[number] = asyncio.get_running_loop().create_future()
        try:
            self._send(Message(number, kind, body, timeout_s=timeout_s, to_starting=to_starting))
            async with asyncio.timeout(timeout_s + REPLY_GRACE_S):
                answers: Answers = await reply
                return answers
        except TimeoutError:
            return Answers(missing=self.count - 1)
        finally:
            del self._questions[number]

    def _send(self, message: Message) -> None:
        if self._writer is not None and not self.closed.is_set():
            self._writer.write(encode(message))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while True:
                (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
                self._receive(_DECODER.decode(await reader.readexactly(length)))
        except (asyncio.IncompleteReadError, OSError):
            self._log.warning("supervisor_gone")
        finally:
            self.closed.set()

    def _receive(self, message: Message) -> None:
        if not message.is_answer:
            task = asyncio.create_task(self._answer(message))
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)
        elif (reply := self._questions.get(message.number)) and not reply.done():
            reply.set_result(_ANSWERS.decode(message.body))

    async def _answer(self, message: Message) -> None:
        body = b""
        try:
            if handler := self._handlers.get(message.kind):
                body = await handler(message.body)
        except Exception:  # noqa: BLE001 - the one that asks counts this process as missing
            self._log.exception("question_failed", kind=message.kind)
        self._send(Message(message.number, message.kind, body, is_answer=True))
