"""The supervisor's half of the channel: passes questions of a server process on to all others, and the answers back.

Knows sockets and who waits for whom. Must never block, nor know what is asked. A process that has ended is no longer
waited for: it serves nothing. One that has just been started finds the questions when its event loop runs.
"""

import selectors
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Final, Protocol

import msgspec

from pixmill.processes.messages import Answers, Message, MessageBuffer, encode

MAX_UNSENT_BYTES: Final = 64 * 2**20
"""Of a process that does not read: more than four of the largest messages."""

_READ_BYTES: Final = 2**18

Listener = Callable[[int, Message], None]
"""Takes a process and what it has sent: notes, answers and questions alike."""


class MessageObserver(Protocol):
    """Sees all that passes, and adds to answers what the processes cannot know."""

    def observe(self, slot: int, message: Message) -> None: ...

    def ended(self, slot: int) -> None:
        """A process has ended."""

    def supplement(self, kind: str, silent: frozenset[int]) -> bytes:
        """Return what to add to the answers to a question of this kind, which ``silent`` processes did not answer."""


@dataclass(slots=True)
class _Member:
    """A process: ``unsent`` are bytes that its socket does not take yet; ``serves``: it accepts connections."""

    socket: socket.socket
    received: MessageBuffer = field(default_factory=MessageBuffer)
    unsent: bytearray = field(default_factory=bytearray)
    serves: bool = False


@dataclass(slots=True)
class _Query:
    """A question under way: ``number`` is the caller's own."""

    caller: int
    number: int
    kind: str
    deadline: float
    waiting: set[int]
    failed: set[int] = field(default_factory=set)
    bodies: list[bytes] = field(default_factory=list)


class Hub:
    """The processes by their slots; sockets are watched by ``selector``, with the slot as their data."""

    def __init__(self, selector: selectors.BaseSelector, listener: Listener, observer: MessageObserver) -> None:
        self._selector = selector
        self._listener = listener
        self._observer = observer
        self._members: dict[int, _Member] = {}
        self._questions: dict[int, _Query] = {}
        self._last_number = 0

    def add(self, slot: int, channel: socket.socket) -> None:
        channel.setblocking(False)
        self._members[slot] = _Member(channel)
        self._selector.register(channel, selectors.EVENT_READ, slot)

    def mark_serving(self, slot: int) -> None:
        """Note that a process accepts connections."""
        self._members[slot].serves = True

    def remove(self, slot: int) -> None:
        """Forget a process that has ended, after what it has still sent."""
        if slot not in self._members:
            return
        self.receive(slot)
        if member := self._members.pop(slot, None):
            with suppress(KeyError):  # it was cut off
                self._selector.unregister(member.socket)
            member.socket.close()
        for number, question in list(self._questions.items()):
            question.waiting.discard(slot)
            self._answer_if_complete(number, question)

    def close(self) -> None:
        """Close all sockets, as a forked process does with those that are not its own."""
        for member in self._members.values():
            member.socket.close()
        self._members.clear()

    def handle(self, slot: int, events: int) -> None:
        """Read or write, as the selector says."""
        if events & selectors.EVENT_READ:
            self.receive(slot)
        if events & selectors.EVENT_WRITE and slot in self._members:
            self._flush(slot)

    def receive(self, slot: int) -> None:
        """Read what a process has sent. One that sends what is no message is cut off, at which it ends."""
        member = self._members[slot]
        try:
            while data := member.socket.recv(_READ_BYTES):
                for message in member.received.feed(data):
                    self._listener(slot, message)
                    self._route(slot, message)
            self._cut_off(slot)
        except BlockingIOError:
            pass
        except (OSError, ValueError, msgspec.MsgspecError):
            self._cut_off(slot)

    def next_deadline(self) -> float | None:
        """Return when ``expire`` has something to do."""
        return min((question.deadline for question in self._questions.values()), default=None)

    def expire(self) -> None:
        """Answer questions whose time is over."""
        now = monotonic()
        for number, question in list(self._questions.items()):
            if question.deadline <= now:
                question.failed |= question.waiting
                question.waiting.clear()
                self._answer_if_complete(number, question)

    def _route(self, slot: int, message: Message) -> None:
        if message.is_answer:
            self._collect(slot, message)
        elif message.number:
            self._last_number += 1
            receivers = {other for other, each in self._members.items() if each.serves or message.to_starting}
            others = receivers - {slot}
            question = _Query(slot, message.number, message.kind, monotonic() + message.timeout_s, set(others))
            self._questions[self._last_number] = question
            for other in others:
                self._send(other, msgspec.structs.replace(message, number=self._last_number))
            self._answer_if_complete(self._last_number, question)

    def _collect(self, slot: int, message: Message) -> None:
        question = self._questions.get(message.number)
        if question is None or slot not in question.waiting:
            return
        question.waiting.discard(slot)
        if message.body:
            question.bodies.append(message.body)
        else:
            question.failed.add(slot)
        self._answer_if_complete(message.number, question)

    def _answer_if_complete(self, number: int, question: _Query) -> None:
        if question.waiting:
            return
        del self._questions[number]
        supplement = self._observer.supplement(question.kind, frozenset(question.failed))
        answers = msgspec.msgpack.encode(Answers(question.bodies, len(question.failed), supplement))
        self._send(question.caller, Message(question.number, question.kind, answers, is_answer=True))

    def _send(self, slot: int, message: Message) -> None:
        member = self._members.get(slot)
        if member is None:
            return
        member.unsent += encode(message)
        if len(member.unsent) > MAX_UNSENT_BYTES:
            self._cut_off(slot)
        else:
            self._flush(slot)

    def _flush(self, slot: int) -> None:
        member = self._members[slot]
        with suppress(OSError):  # it does not read, or has ended: that is handled when it is reaped
            while member.unsent:
                del member.unsent[: member.socket.send(memoryview(member.unsent)[:_READ_BYTES])]
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if member.unsent else 0)
        with suppress(KeyError):
            self._selector.modify(member.socket, events, slot)

    def _cut_off(self, slot: int) -> None:
        """Read and write no more: the process sees the end of its channel and drains."""
        member = self._members[slot]
        with suppress(KeyError):
            self._selector.unregister(member.socket)
        with suppress(OSError):
            member.socket.shutdown(socket.SHUT_RDWR)
