"""What the server and a worker say to each other, and how it travels.

Knows messages, their encoding, and descriptors that travel with them. Must never know queues, processes or pixels.
A message is one packet of a Unix socket; pictures never pass through it, only descriptors of memory files do.
What a worker sends may be anything at all: reading it gives a message or ``Garbled``.
"""

import array
import os
import socket
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from pixmill.engine.confinement import Confinement
from pixmill.errors import Internal, PixmillError, leaves
from pixmill.media import Format
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Plan
from pixmill.plan.question import NOTHING_MORE, Question
from pixmill.plan.references import MAX_PICTURES
from pixmill.ports import Facts

MAX_MESSAGE_BYTES: Final = 64 * 2**10
_MAX_DETAIL_CHARACTERS: Final = 8_000
_MAX_MESSAGE_CHARACTERS: Final = 1_000
_MAX_AMONG: Final = (250, 500)
"""The same for one of ``MAX_PLANS`` failures in one message: 48,000 bytes if every character takes four."""
MAX_EXTRAS: Final = MAX_PICTURES
"""Pictures beside the original of one job: two such jobs leave a worker files enough (``confinement.py``)."""
_FD_BYTES: Final = array.array("i").itemsize
_RIGHTS: Final = (socket.SOL_SOCKET, socket.SCM_RIGHTS)
M = TypeVar("M")

# ---------------------------------------------------------------- from the server


class Setup(Struct, frozen=True, forbid_unknown_fields=True, tag="setup"):
    """The first message: who the server is, and what holds for every job.

    ``memory_bytes`` of 0 is no bound; ``cpu_s`` is the time that all threads of a worker may work on one job together.
    """

    parent: int
    memory_bytes: int
    cpu_s: float
    confinement: Confinement
    limits: Limits


class Render(Struct, frozen=True, forbid_unknown_fields=True, tag="render"):
    """Make this of the original that comes along as a file of ``size`` bytes.

    The other pictures that the plan refers to come along too, after it, in their order; ``extras`` are their sizes.
    """

    id: int
    size: int
    plan: Plan
    extras: tuple[int, ...] = ()

    @property
    def all_plans(self) -> tuple[Plan, ...]:
        return (self.plan,)


class RenderAll(Struct, frozen=True, forbid_unknown_fields=True, tag="render_all"):
    """Make each of these, at most ``MAX_PLANS``, of the one original that comes along as a file of ``size`` bytes."""

    id: int
    size: int
    plans: tuple[Plan, ...]
    extras: tuple[int, ...] = ()

    @property
    def all_plans(self) -> tuple[Plan, ...]:
        return self.plans


class Inspect(Struct, frozen=True, forbid_unknown_fields=True, tag="inspect"):
    """Tell the facts of the original that comes along as a file of ``size`` bytes."""

    id: int
    size: int
    question: Question = NOTHING_MORE


class Withdraw(Struct, frozen=True, forbid_unknown_fields=True, tag="withdraw"):
    """Skip this job if it has not begun."""

    id: int


Job = Render | RenderAll | Inspect
Order = Setup | Render | RenderAll | Inspect | Withdraw

# ---------------------------------------------------------------- from a worker: one reply for each job, in order


class Ready(Struct, frozen=True, forbid_unknown_fields=True, tag="ready"):
    """All is loaded; the next job begins at once."""


class Picture(Struct, frozen=True, forbid_unknown_fields=True, tag="picture"):
    """A result; its bytes come along as a file."""

    id: int
    rss: int
    format: Format
    width: int
    height: int
    seconds: dict[str, float]


class Failed(Struct, frozen=True, forbid_unknown_fields=True, tag="failed"):
    """A PixmillError as data."""

    id: int
    rss: int
    code: str
    message: str
    param: str | None
    detail: str


class Made(Struct, frozen=True, forbid_unknown_fields=True, tag="made"):
    """One of several results: so many ``bytes`` of the file, from ``at`` on."""

    at: int
    bytes: int
    format: Format
    width: int
    height: int
    seconds: dict[str, float]


class Pictures(Struct, frozen=True, forbid_unknown_fields=True, tag="pictures"):
    """What became of each plan, in the order of the plans. The bytes of all results come along as one file; there is none
    when there is no result.
    """

    id: int
    rss: int
    results: tuple[Made | Failed, ...]


class Found(Struct, frozen=True, forbid_unknown_fields=True, tag="found"):
    id: int
    rss: int
    facts: Facts


class Skipped(Struct, frozen=True, forbid_unknown_fields=True, tag="skipped"):
    """The job was withdrawn in time."""

    id: int
    rss: int


Outcome = Picture | Pictures | Found | Failed | Skipped
Reply = Ready | Picture | Pictures | Found | Failed | Skipped

_ENCODER: Final = msgspec.msgpack.Encoder()
_ORDERS: Final[msgspec.msgpack.Decoder[Order]] = msgspec.msgpack.Decoder(Order)
_REPLIES: Final[msgspec.msgpack.Decoder[Reply]] = msgspec.msgpack.Decoder(Reply)


class Garbled(Exception):
    """The other side does not keep to the protocol; there is nothing more to say to it."""


class File:
    """A descriptor that came with a message; whoever drops it last closes it."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def __del__(self) -> None:
        os.close(self.fd)

    def read(self, max_bytes: int) -> bytes:
        """The whole content; Garbled when it is more than ``max_bytes`` or no file at all."""
        try:
            size = os.fstat(self.fd).st_size
            body = os.pread(self.fd, size, 0) if size <= max_bytes else b""
        except OSError as error:
            raise Garbled("A result cannot be read") from error
        if len(body) != size:
            raise Garbled(f"A result of {size} bytes")
        return body

    def part(self, at: int, size: int) -> bytes:
        """So many bytes of it; Garbled when it has less."""
        if not 0 <= at < at + size <= self.size:
            raise Garbled(f"A result of {size} bytes from {at} on")
        body = os.pread(self.fd, size, at)
        if len(body) != size:
            raise Garbled(f"A result of {size} bytes")
        return body

    @property
    def size(self) -> int:
        return os.fstat(self.fd).st_size


def send(channel: socket.socket, message: Order | Reply, *fds: int) -> None:
    """One packet, with descriptors that the receiver gets its own copies of. Raises OSError."""
    socket.send_fds(channel, [_ENCODER.encode(message)], fds)


def fits(message: Order | Reply) -> bool:
    """Whether it is short enough to be sent."""
    return len(_ENCODER.encode(message)) <= MAX_MESSAGE_BYTES


def receive_order(channel: socket.socket, flags: int = 0) -> tuple[Order, list[File]] | None:
    """What the server says next; None when it is gone. Raises OSError, Garbled."""
    packet, files = _receive(channel, flags, 1 + MAX_EXTRAS)
    return (_decode(_ORDERS, packet), files) if packet else None


def receive_reply(channel: socket.socket) -> tuple[Reply, File | None] | None:
    """What a worker says next; None when it is gone. Raises BlockingIOError when it says nothing, OSError, Garbled."""
    packet, files = _receive(channel, 0, 1)
    return (_decode(_REPLIES, packet), files[0] if files else None) if packet else None


def _receive(channel: socket.socket, flags: int, most: int) -> tuple[bytes, list[File]]:
    # not socket.recv_fds: it drops its flags in Python 3.11
    room = socket.CMSG_LEN(most * _FD_BYTES)
    packet, extras, flags, _ = channel.recvmsg(MAX_MESSAGE_BYTES, room, flags | socket.MSG_CMSG_CLOEXEC)
    files = [File(fd) for level, kind, data in extras if (level, kind) == _RIGHTS for fd in _fds(data)]
    if flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC) or len(files) > most:
        raise Garbled("A message that is too long")
    return packet, files


def _fds(data: bytes) -> list[int]:
    fds = array.array("i")
    fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
    return fds.tolist()


def _decode(decoder: "msgspec.msgpack.Decoder[M]", packet: bytes) -> M:
    try:
        return decoder.decode(packet)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Garbled("A message that is none of ours") from error


# ---------------------------------------------------------------- failures as data


def failure(id_: int, rss: int, error: PixmillError, *, alone: bool = True) -> Failed:
    """A failure as it travels; long texts are cut, and shorter where it is not ``alone`` in a message."""
    message, detail = (_MAX_MESSAGE_CHARACTERS, _MAX_DETAIL_CHARACTERS) if alone else _MAX_AMONG
    return Failed(id_, rss, error.code, error.message[:message], error.param, error.detail[-detail:])


def revive(failed: Failed) -> PixmillError:
    """The failure as the class that its code names."""
    kind = _LEAVES.get(failed.code, Internal)
    return kind(failed.message, param=failed.param, detail=failed.detail)


_LEAVES: Final = leaves()
