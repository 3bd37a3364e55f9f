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

from pixmill.engine.sandbox.policy import SandboxMode
from pixmill.errors import InternalError, PixmillError, error_classes_by_code
from pixmill.media import Format
from pixmill.plan.facts import HEADER_FACTS_ONLY, Facts, FactSelection
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Plan
from pixmill.plan.references import MAX_REFERENCES

MAX_MESSAGE_BYTES: Final = 64 * 2**10
_MAX_DETAIL_CHARACTERS: Final = 8_000
_MAX_MESSAGE_CHARACTERS: Final = 1_000
_MAX_BATCH_CHARACTERS: Final = (250, 500)
"""The same for one of ``MAX_PLANS`` failures in one message: 48,000 bytes if every character takes four."""
MAX_EXTRAS: Final = MAX_REFERENCES
"""Pictures beside the original of one job: two such jobs leave a worker files enough (``sandbox/policy.py``)."""
_FD_BYTES: Final = array.array("i").itemsize
_RIGHTS: Final = (socket.SOL_SOCKET, socket.SCM_RIGHTS)
M = TypeVar("M")

# ---------------------------------------------------------------- from the server


class Configure(Struct, frozen=True, forbid_unknown_fields=True, tag="configure"):
    """The first message: who the server is, and what holds for every job.

    ``memory_bytes`` of 0 is no bound; ``cpu_s`` is the time that all threads of a worker may work on one job together.
    """

    parent_pid: int
    memory_bytes: int
    cpu_s: float
    sandbox_mode: SandboxMode
    limits: Limits


class Render(Struct, frozen=True, forbid_unknown_fields=True, tag="render"):
    """Make this of the original that comes along as a file of ``size`` bytes.

    The other pictures that the plan refers to come along too, after it, in their order; ``extras`` are their sizes.
    """

    id: int
    size_bytes: int
    plan: Plan
    extra_sizes_bytes: tuple[int, ...] = ()

    @property
    def all_plans(self) -> tuple[Plan, ...]:
        return (self.plan,)


class RenderAll(Struct, frozen=True, forbid_unknown_fields=True, tag="render_all"):
    """Make each of these, at most ``MAX_PLANS``, of the one original that comes along as a file of ``size`` bytes."""

    id: int
    size_bytes: int
    plans: tuple[Plan, ...]
    extra_sizes_bytes: tuple[int, ...] = ()

    @property
    def all_plans(self) -> tuple[Plan, ...]:
        return self.plans


class Inspect(Struct, frozen=True, forbid_unknown_fields=True, tag="inspect"):
    """Tell the facts of the original that comes along as a file of ``size`` bytes."""

    id: int
    size_bytes: int
    fact_selection: FactSelection = HEADER_FACTS_ONLY


class Cancel(Struct, frozen=True, forbid_unknown_fields=True, tag="cancel"):
    """Skip this job if it has not begun."""

    id: int


WorkerJob = Render | RenderAll | Inspect
Command = Configure | Render | RenderAll | Inspect | Cancel

# ---------------------------------------------------------------- from a worker: one reply for each job, in order


class Ready(Struct, frozen=True, forbid_unknown_fields=True, tag="ready"):
    """All is loaded; the next job begins at once."""


class RenderedImage(Struct, frozen=True, forbid_unknown_fields=True, tag="picture"):
    """A result; its bytes come along as a file."""

    id: int
    rss_bytes: int
    format: Format
    width: int
    height: int
    seconds: dict[str, float]


class Failed(Struct, frozen=True, forbid_unknown_fields=True, tag="failed"):
    """A PixmillError as data."""

    id: int
    rss_bytes: int
    code: str
    message: str
    param: str | None
    detail: str


class BatchItem(Struct, frozen=True, forbid_unknown_fields=True, tag="made"):
    """One of several results: so many ``bytes`` of the file, from ``at`` on."""

    offset: int
    size_bytes: int
    format: Format
    width: int
    height: int
    seconds: dict[str, float]


class RenderedBatch(Struct, frozen=True, forbid_unknown_fields=True, tag="rendered_batch"):
    """What became of each plan, in the order of the plans. The bytes of all results come along as one file; there is none
    when there is no result.
    """

    id: int
    rss_bytes: int
    results: tuple[BatchItem | Failed, ...]


class Inspected(Struct, frozen=True, forbid_unknown_fields=True, tag="inspected"):
    id: int
    rss_bytes: int
    facts: Facts


class Cancelled(Struct, frozen=True, forbid_unknown_fields=True, tag="cancelled"):
    """The job was withdrawn in time."""

    id: int
    rss_bytes: int


Outcome = RenderedImage | RenderedBatch | Inspected | Failed | Cancelled
Reply = Ready | RenderedImage | RenderedBatch | Inspected | Failed | Cancelled

_ENCODER: Final = msgspec.msgpack.Encoder()
_COMMAND_DECODER: Final[msgspec.msgpack.Decoder[Command]] = msgspec.msgpack.Decoder(Command)
_REPLY_DECODER: Final[msgspec.msgpack.Decoder[Reply]] = msgspec.msgpack.Decoder(Reply)


class ProtocolError(Exception):
    """The other side does not keep to the protocol; there is nothing more to say to it."""


class OwnedFd:
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
            raise ProtocolError("A result cannot be read") from error
        if len(body) != size:
            raise ProtocolError(f"A result of {size} bytes")
        return body

    def read_range(self, offset: int, size: int) -> bytes:
        """So many bytes of it; Garbled when it has less."""
        if not 0 <= offset < offset + size <= self.size:
            raise ProtocolError(f"A result of {size} bytes from {offset} on")
        body = os.pread(self.fd, size, offset)
        if len(body) != size:
            raise ProtocolError(f"A result of {size} bytes")
        return body

    @property
    def size(self) -> int:
        return os.fstat(self.fd).st_size


def send(channel: socket.socket, message: Command | Reply, *fds: int) -> None:
    """One packet, with descriptors that the receiver gets its own copies of. Raises OSError."""
    socket.send_fds(channel, [_ENCODER.encode(message)], fds)


def fits_in_message(message: Command | Reply) -> bool:
    """Whether it is short enough to be sent."""
    return len(_ENCODER.encode(message)) <= MAX_MESSAGE_BYTES


def receive_command(channel: socket.socket, flags: int = 0) -> tuple[Command, list[OwnedFd]] | None:
    """What the server says next; None when it is gone. Raises OSError, Garbled."""
    packet, files = _receive(channel, flags, 1 + MAX_EXTRAS)
    return (_decode(_COMMAND_DECODER, packet), files) if packet else None


def receive_reply(channel: socket.socket) -> tuple[Reply, OwnedFd | None] | None:
    """What a worker says next; None when it is gone. Raises BlockingIOError when it says nothing, OSError, Garbled."""
    packet, files = _receive(channel, 0, 1)
    return (_decode(_REPLY_DECODER, packet), files[0] if files else None) if packet else None


def _receive(channel: socket.socket, flags: int, max_fds: int) -> tuple[bytes, list[OwnedFd]]:
    # not socket.recv_fds: it drops its flags in Python 3.11
    ancillary_bytes = socket.CMSG_LEN(max_fds * _FD_BYTES)
    packet, ancillary, flags, _ = channel.recvmsg(MAX_MESSAGE_BYTES, ancillary_bytes, flags | socket.MSG_CMSG_CLOEXEC)
    files = [OwnedFd(fd) for level, kind, data in ancillary if (level, kind) == _RIGHTS for fd in _parse_fds(data)]
    if flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC) or len(files) > max_fds:
        raise ProtocolError("A message that is too long")
    return packet, files


def _parse_fds(data: bytes) -> list[int]:
    fds = array.array("i")
    fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
    return fds.tolist()


def _decode(decoder: "msgspec.msgpack.Decoder[M]", packet: bytes) -> M:
    try:
        return decoder.decode(packet)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise ProtocolError("A message that is none of ours") from error


# ---------------------------------------------------------------- failures as data


def error_to_wire(id_: int, rss_bytes: int, error: PixmillError, *, is_single: bool = True) -> Failed:
    """A failure as it travels; long texts are cut, and shorter where it is not ``alone`` in a message."""
    message, detail = (_MAX_MESSAGE_CHARACTERS, _MAX_DETAIL_CHARACTERS) if is_single else _MAX_BATCH_CHARACTERS
    return Failed(id_, rss_bytes, error.code, error.message[:message], error.param, error.detail[-detail:])


def error_from_wire(failed: Failed) -> PixmillError:
    """The failure as the class that its code names."""
    error_class = _ERROR_CLASSES.get(failed.code, InternalError)
    return error_class(failed.message, param=failed.param, detail=failed.detail)


_ERROR_CLASSES: Final = error_classes_by_code()
