"""The protocol between the server and a worker: messages and their encoding.

A message is one packet of a Unix socket. Images never pass through it, only descriptors of memory files do, and only
to the worker. A worker may have been taken over: whatever it sends becomes a message or ``ProtocolError``. Must never
know queues, processes or pixels.
"""

import array
import os
import socket
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from pixmill.engine.sandbox.policy import SandboxMode
from pixmill.errors import ImageError, InternalError, InvalidParameter, PixmillError, error_classes_by_code
from pixmill.media import Format
from pixmill.plan.facts import HEADER_FACTS_ONLY, Facts, FactSelection
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Plan
from pixmill.plan.references import MAX_REFERENCES

MAX_MESSAGE_BYTES: Final = 64 * 2**10
MAX_DETAIL_CHARACTERS: Final = 8_000
MAX_MESSAGE_CHARACTERS: Final = 1_000
WORKER_STAGES: Final = frozenset(("decode", "process", "encode"))
"""The stages whose durations a worker reports."""
MAX_COST_S: Final = 1e9
"""Far above any estimate: a worker may have been taken over, and its numbers must stay finite."""
_MAX_BATCH_CHARACTERS: Final = (250, 500)
"""The maximum of message and detail for one of ``MAX_PLANS`` failures in one packet: 48,000 bytes if every character
takes four."""
MAX_EXTRAS: Final = MAX_REFERENCES
"""Referenced images of one job: two such jobs stay within a worker's limit of open files (``sandbox/policy.py``)."""
MAX_FILES: Final = 1 + MAX_EXTRAS + 1 + 1
"""Of one job: the original, the images that its plan refers to, decoded pixels, and the result."""
_FD_BYTES: Final = array.array("i").itemsize
_RIGHTS: Final = (socket.SOL_SOCKET, socket.SCM_RIGHTS)
_CLOSE_ON_EXEC: Final = getattr(socket, "MSG_CMSG_CLOEXEC", 0)
"""For the descriptors of a message. Only on Linux; a worker executes nothing."""
M = TypeVar("M")

# ---------------------------------------------------------------- from the server


class Configure(Struct, frozen=True, forbid_unknown_fields=True, tag="configure"):
    """The first message: the server's process id, and the limits of every job.

    ``memory_bytes`` of 0 is no limit; ``cpu_s`` is the CPU time of all threads of a worker for one job;
    ``max_raster_bytes`` the maximum of a file with decoded pixels.
    """

    parent_pid: int
    memory_bytes: int
    cpu_s: float
    sandbox_mode: SandboxMode
    limits: Limits
    max_raster_bytes: int = 0


class RasterUse(Struct, frozen=True, forbid_unknown_fields=True):
    """A file of ``size_bytes`` with decoded pixels, or an empty one that takes them if they have ``max_bytes``."""

    size_bytes: int = 0
    max_bytes: int = 0


class Render(Struct, frozen=True, forbid_unknown_fields=True, tag="render"):
    """Render the attached original, a file of ``size_bytes``.

    The images that the plan refers to are attached after it, in their order; ``extra_sizes_bytes`` are their sizes.
    The last file attached is empty: the result goes there. Before it is the file of the decoded pixels of the original,
    if ``raster`` is not None.
    ``may_defer``: reply Deferred if the render is estimated to take long.
    """

    id: int
    size_bytes: int
    plan: Plan
    extra_sizes_bytes: tuple[int, ...] = ()
    may_defer: bool = False
    raster: RasterUse | None = None

    @property
    def all_plans(self) -> tuple[Plan, ...]:
        return (self.plan,)


class RenderAll(Struct, frozen=True, forbid_unknown_fields=True, tag="render_all"):
    """Render each of at most ``MAX_PLANS`` plans from the attached original, a file of ``size_bytes``.

    The last file attached is empty: all results go there.
    """

    id: int
    size_bytes: int
    plans: tuple[Plan, ...]
    extra_sizes_bytes: tuple[int, ...] = ()

    @property
    def all_plans(self) -> tuple[Plan, ...]:
        return self.plans


class Inspect(Struct, frozen=True, forbid_unknown_fields=True, tag="inspect"):
    """Read the facts of the attached original, a file of ``size_bytes``."""

    id: int
    size_bytes: int
    fact_selection: FactSelection = HEADER_FACTS_ONLY


class Cancel(Struct, frozen=True, forbid_unknown_fields=True, tag="cancel"):
    """Skip this job if it has not started."""

    id: int


class UnreadableJob(Struct, frozen=True):
    """A job that cannot be decoded, or whose plan has a value out of bounds. Never sent: what a worker makes of one."""

    id: int
    reason: str


WorkerJob = Render | RenderAll | Inspect
Command = Configure | Render | RenderAll | Inspect | Cancel

# ---------------------------------------------------------------- from a worker: one reply per job, in order


class Ready(Struct, frozen=True, forbid_unknown_fields=True, tag="ready"):
    """The worker has loaded everything, and waits for jobs."""


class RenderedImage(Struct, frozen=True, forbid_unknown_fields=True, tag="rendered_image"):
    """A result; its bytes are in the file that came with the job."""

    id: int
    rss_bytes: int
    format: Format
    width: int
    height: int
    seconds: dict[str, float]
    truncated: bool = False
    source_size: tuple[int, int] = (0, 0)


class Failed(Struct, frozen=True, forbid_unknown_fields=True, tag="failed"):
    """A PixmillError as data."""

    id: int
    rss_bytes: int
    code: str
    message: str
    param: str | None
    detail: str


class BatchItem(Struct, frozen=True, forbid_unknown_fields=True, tag="batch_item"):
    """One result of a batch: ``size_bytes`` of the file, from ``offset`` on."""

    offset: int
    size_bytes: int
    format: Format
    width: int
    height: int
    seconds: dict[str, float]
    truncated: bool = False
    source_size: tuple[int, int] = (0, 0)


class RenderedBatch(Struct, frozen=True, forbid_unknown_fields=True, tag="rendered_batch"):
    """The outcome of each plan, in their order. All results are in the file that came with the job."""

    id: int
    rss_bytes: int
    results: tuple[BatchItem | Failed, ...]


class Deferred(Struct, frozen=True, forbid_unknown_fields=True, tag="deferred"):
    """The render has not begun, because it is estimated to take this long."""

    id: int
    rss_bytes: int
    cost_s: float


class Inspected(Struct, frozen=True, forbid_unknown_fields=True, tag="inspected"):
    id: int
    rss_bytes: int
    facts: Facts


class Cancelled(Struct, frozen=True, forbid_unknown_fields=True, tag="cancelled"):
    """The job was cancelled before it started."""

    id: int
    rss_bytes: int


Outcome = RenderedImage | RenderedBatch | Inspected | Deferred | Failed | Cancelled
Reply = Ready | RenderedImage | RenderedBatch | Inspected | Deferred | Failed | Cancelled


class _JobId(Struct, frozen=True):
    """What remains of a job that cannot be decoded; other fields are skipped."""

    id: int


_ENCODER: Final = msgspec.msgpack.Encoder()
_COMMAND_DECODER: Final[msgspec.msgpack.Decoder[Command]] = msgspec.msgpack.Decoder(Command)
_ID_DECODER: Final[msgspec.msgpack.Decoder[_JobId]] = msgspec.msgpack.Decoder(_JobId)
_PLAN_DECODER: Final[msgspec.msgpack.Decoder[Plan]] = msgspec.msgpack.Decoder(Plan)
_REPLY_DECODER: Final[msgspec.msgpack.Decoder[Reply]] = msgspec.msgpack.Decoder(Reply)


class ProtocolError(Exception):
    """The peer violates the protocol; the connection cannot be used any more."""


class OwnedFd:
    """A descriptor that is closed with the last reference."""

    __slots__ = ("fd",)

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def __del__(self) -> None:
        os.close(self.fd)


def send(channel: socket.socket, message: Command | Reply, *fds: int) -> None:
    """Send one packet, with descriptors, of which the receiver gets copies. Raises OSError."""
    packet = _ENCODER.encode(message)
    if fds:
        socket.send_fds(channel, [packet], fds)
    else:
        channel.send(packet)  # a worker may not call sendmsg


def fits_in_message(message: Command | Reply) -> bool:
    """Whether the message is short enough for one packet."""
    return len(_ENCODER.encode(message)) <= MAX_MESSAGE_BYTES


def check_plan(plan: Plan) -> None:
    """Raise InvalidParameter for a plan with a value beyond its bounds, which a worker could not decode."""
    try:
        _PLAN_DECODER.decode(_ENCODER.encode(plan))
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise InvalidParameter("A value of the request is out of bounds", detail=str(error)) from None


def receive_command(channel: socket.socket, flags: int = 0) -> tuple[Command | UnreadableJob, list[OwnedFd]] | None:
    """Return the next command; None when the server is gone. Raises OSError, ProtocolError."""
    packet, files = _receive(channel, flags, MAX_FILES)
    return (_decode_command(packet), files) if packet else None


def _decode_command(packet: bytes) -> Command | UnreadableJob:
    """Return the command, or its id at least, so that one bad job costs no worker. Raises ProtocolError."""
    try:
        return _decode(_COMMAND_DECODER, packet)
    except ProtocolError as error:
        return UnreadableJob(_decode(_ID_DECODER, packet).id, str(error.__cause__))


def receive_reply(channel: socket.socket) -> Reply | None:
    """Return the next reply, which brings no descriptors; None when the worker is gone.

    Raises BlockingIOError without one, OSError, ProtocolError.
    """
    packet, _ = _receive(channel, 0, 0)
    return decode_reply(packet) if packet else None


def decode_reply(packet: bytes) -> Reply:
    """Return the reply. Raises ProtocolError."""
    return _decode(_REPLY_DECODER, packet)


def _receive(channel: socket.socket, flags: int, max_fds: int) -> tuple[bytes, list[OwnedFd]]:
    # not socket.recv_fds: it drops its flags in Python 3.11
    ancillary_bytes = socket.CMSG_LEN(max_fds * _FD_BYTES) if max_fds else 0
    packet, ancillary, flags, _ = channel.recvmsg(MAX_MESSAGE_BYTES, ancillary_bytes, flags | _CLOSE_ON_EXEC)
    files = [OwnedFd(fd) for level, kind, data in ancillary if (level, kind) == _RIGHTS for fd in _parse_fds(data)]
    if flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC) or len(files) > max_fds:
        raise ProtocolError("A message is too long")
    return packet, files


def _parse_fds(data: bytes) -> list[int]:
    fds = array.array("i")
    fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
    return fds.tolist()


def _decode(decoder: "msgspec.msgpack.Decoder[M]", packet: bytes) -> M:
    try:
        return decoder.decode(packet)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise ProtocolError("A message cannot be decoded") from error


# ---------------------------------------------------------------- failures as data


def error_to_wire(id_: int, rss_bytes: int, error: PixmillError, *, is_single: bool = True) -> Failed:
    """Return the message for a failure. Long texts are cut, to less in a batch.

    An error that is not a worker's to report is a defect.
    """
    if error.code not in WORKER_ERROR_CODES:
        error = InternalError(detail=f"{error.code}: {error.message}\n{error.detail}")
    message, detail = (MAX_MESSAGE_CHARACTERS, MAX_DETAIL_CHARACTERS) if is_single else _MAX_BATCH_CHARACTERS
    return Failed(id_, rss_bytes, error.code, error.message[:message], error.param, error.detail[-detail:])


def error_from_wire(failed: Failed) -> PixmillError:
    """Return the error of the class that the code names."""
    error_class = _ERROR_CLASSES.get(failed.code, InternalError)
    return error_class(failed.message, param=failed.param, detail=failed.detail)


_ERROR_CLASSES: Final[dict[str, type[PixmillError]]] = {
    kind.code: kind for kind in (ImageError, InvalidParameter, InternalError)
} | error_classes_by_code(ImageError)
WORKER_ERROR_CODES: Final = frozenset(_ERROR_CLASSES)
"""What a worker may report: that the image cannot be used, that a parameter does not fit the image, and a defect."""
