"""Messages between the server processes of one machine and their supervisor: length and MessagePack on a Unix socket.

Knows the form only; must never know what is asked.
"""

import struct
from collections.abc import Iterator
from typing import Final

import msgspec

MAX_MESSAGE_BYTES: Final = 16 * 2**20
"""A page of metrics has 200 KB; 1,000 purges of long URLs 8 MB."""

LENGTH: Final = struct.Struct("=I")


class Message(msgspec.Struct, array_like=True, frozen=True):
    """A question to all other processes, an answer to one, or a note to the supervisor (``number`` 0).

    ``timeout_s`` is how long the supervisor waits for the answers to a question, and ``to_starting`` whether processes
    are asked that do not serve yet, and answer when they do. An answer without a body is a failure.
    """

    number: int
    kind: str
    body: bytes = b""
    is_answer: bool = False
    timeout_s: float = 0.0
    to_starting: bool = False


class Answers(msgspec.Struct, array_like=True, frozen=True):
    """The answers of other processes; ``missing`` counts those that run and did not answer.

    ``supplement`` is what the supervisor adds.
    """

    bodies: list[bytes] = []
    missing: int = 0
    supplement: bytes = b""


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(Message)


def encode(message: Message) -> bytes:
    """Return the message as it is sent."""
    body = _ENCODER.encode(message)
    return LENGTH.pack(len(body)) + body


class MessageBuffer:
    """Bytes as they arrive, as messages."""

    def __init__(self) -> None:
        self._received = bytearray()

    def feed(self, data: bytes) -> Iterator[Message]:
        """Yield the messages that are complete now. Raises ValueError for one that is too long or invalid."""
        self._received += data
        while len(self._received) >= LENGTH.size:
            (length,) = LENGTH.unpack_from(self._received)
            if length > MAX_MESSAGE_BYTES:
                raise ValueError(f"a message of {length} bytes")
            end = LENGTH.size + length
            if len(self._received) < end:
                return
            message = _DECODER.decode(memoryview(self._received)[LENGTH.size : end])
            del self._received[:end]
            yield message
