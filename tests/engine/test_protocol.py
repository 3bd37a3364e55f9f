"""Messages arrive as they were sent, or as Garbled; descriptors arrive once and are closed."""

import contextlib
import mmap
import os
import socket
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixmill.engine import protocol
from pixmill.engine.pool.call import ResultFile
from pixmill.engine.sandbox.policy import SandboxMode
from pixmill.errors import ImageError, InternalError, InvalidParameter, PixmillError, error_classes_by_code
from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.facts import Fact, Facts, FactSelection, GpsLocation, Swatch
from pixmill.plan.gravity import Point, Smart
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Crop, CropUnit, Fit, Flip, Output, Plan, Resize
from pixmill.plan.output import Metadata
from pixmill.plan.transforms import FreeRotation
from pixmill.ports.pipeline import MAX_PLANS
from tests.engine.support import open_files

RICH = Plan(
    rotate=90,
    flip=Flip.BOTH,
    crop=Crop(1.5, 2, 30, 40.25, CropUnit.PERCENT),
    resize=Resize(300, 200, Fit.COVER, Smart(), enlarge=True),
    blur=2.5,
    grayscale=True,
    background=Colour(1, 2, 3, 4),
    output=Output((Format.AVIF, Format.WEBP), negotiated=True, quality=7, metadata=Metadata.KEEP),
)


FULL = Facts(
    *(Format.GIF, 1, 2, 3, True, 8, "srgb", "Display P3", 99),
    exif={"Make": "A", "FNumber": 2.8, "SubjectArea": (1, 2.5)},
    gps=GpsLocation(1.5, -2.25),
    iptc={"Keywords": ["one", "two"]},
    palette=(Swatch("#102030", 0.5),),
)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setblocking(False)
    with ours, theirs:
        yield ours, theirs


@pytest.mark.parametrize(
    "order",
    [
        protocol.Configure(12, 2**40, 1.5, SandboxMode.STRICT, Limits(max_pixels=5)),
        protocol.Render(2**50, 10, Plan()),
        protocol.Render(1, 10, RICH),
        protocol.Render(1, 10, Plan(resize=Resize(gravity=Point(0.1, 0.9)))),
        protocol.RenderAll(1, 10, (Plan(), RICH)),
        protocol.Inspect(3, 0),
        protocol.Inspect(3, 0, FactSelection((Fact.HASH, Fact.PALETTE), 16)),
        protocol.Cancel(4),
    ],
)
def test_an_order_arrives_as_it_was_sent(pair: tuple[socket.socket, socket.socket], order: protocol.Command) -> None:
    protocol.send(pair[0], order)
    assert protocol.receive_command(pair[1]) == (order, [])


@pytest.mark.parametrize(
    "reply",
    [
        protocol.Ready(),
        protocol.RenderedImage(1, 2, Format.WEBP, 3, 4, {"decode": 0.1}),
        protocol.RenderedBatch(
            1,
            2,
            (protocol.BatchItem(0, 5, Format.AVIF, 3, 4, {}), protocol.Failed(1, 0, "image_error", "é", None, "x")),
        ),
        protocol.Inspected(1, 2, Facts(Format.GIF, 1, 2, 3, True, 8, "srgb", "Display P3", 99)),
        protocol.Inspected(1, 2, FULL),
        protocol.Failed(1, 2, "image_error", "é", None, "x"),
        protocol.Cancelled(1, 2),
    ],
)
def test_a_reply_arrives_as_it_was_sent(pair: tuple[socket.socket, socket.socket], reply: protocol.Reply) -> None:
    protocol.send(pair[1], reply)
    assert protocol.receive_reply(pair[0]) == reply


def test_a_file_arrives_private_to_this_process_and_closes_when_dropped(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    fd = os.memfd_create("original")
    os.write(fd, b"pixels")
    protocol.send(pair[1], protocol.Inspect(1, 6), fd)
    os.close(fd)
    before = open_files()
    message = protocol.receive_command(pair[0])
    assert message
    (file,) = message[1]
    assert (os.pread(file.fd, 7, 0), os.get_inheritable(file.fd)) == (b"pixels", False)
    del message, file
    assert open_files() == before


def test_as_many_failures_as_one_job_can_have_fit_into_a_message() -> None:
    long = "\N{GRINNING FACE}" * 10_000
    failed = protocol.error_to_wire(2**40, 0, InternalError(long, param="background", detail=long), is_single=False)
    assert protocol.fits_in_message(protocol.RenderedBatch(2**40, 2**40, (failed,) * MAX_PLANS))
    assert not protocol.fits_in_message(protocol.Failed(1, 0, "internal", long, None, long))


def test_a_result_is_what_the_file_held_when_it_was_measured_or_garbled() -> None:
    file = ResultFile()
    os.write(file.fd, b"pixels")
    assert file.measure() == 6
    os.write(file.fd, b" and more")
    assert (file.read(6), file.read_range(0, 3), file.read_range(3, 3)) == (b"pixels", b"pix", b"els")
    with pytest.raises(protocol.ProtocolError):
        file.read(5)
    for at, size in ((0, 7), (6, 1), (4, 3), (-1, 2), (2, 0), (2, -1), (2**70, 1), (1, 2**70)):
        with pytest.raises(protocol.ProtocolError):
            file.read_range(at, size)
    os.ftruncate(file.fd, 2)
    with pytest.raises(protocol.ProtocolError):
        file.read(100)


def test_a_result_file_that_is_closed_holds_no_memory_whoever_keeps_it() -> None:
    file = ResultFile()
    os.write(file.fd, b"x" * 2**20)
    kept = os.dup(file.fd)
    mapped = mmap.mmap(kept, 2**20)
    file.close()
    file.close()
    assert (os.fstat(kept).st_size, os.fstat(kept).st_blocks) == (0, 0)
    for grow in (
        lambda: os.write(kept, b"x"),
        lambda: os.ftruncate(kept, 4096),
        lambda: os.posix_fallocate(kept, 0, 1),
    ):
        with pytest.raises(PermissionError):
            grow()
    mapped.close()
    os.close(kept)


@pytest.mark.parametrize("files", [(0,), (0, 1, 2)])
def test_a_reply_that_brings_files_is_garbled_and_they_are_closed(
    pair: tuple[socket.socket, socket.socket], files: tuple[int, ...]
) -> None:
    before = open_files()
    protocol.send(pair[1], protocol.Ready(), *files)
    with pytest.raises(protocol.ProtocolError):
        protocol.receive_reply(pair[0])
    assert open_files() == before


def test_a_message_that_is_too_long_is_garbled(pair: tuple[socket.socket, socket.socket]) -> None:
    pair[1].send(b"x" * (protocol.MAX_MESSAGE_BYTES + 1))
    with pytest.raises(protocol.ProtocolError):
        protocol.receive_reply(pair[0])


def test_silence_blocks_and_the_end_is_none(pair: tuple[socket.socket, socket.socket]) -> None:
    with pytest.raises(BlockingIOError):
        protocol.receive_reply(pair[0])
    pair[1].close()
    assert protocol.receive_reply(pair[0]) is None


def read(packet: bytes) -> object:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        theirs.send(packet)
        return protocol.receive_reply(ours)


@given(st.binary(min_size=1, max_size=300))
def test_any_bytes_at_all_are_a_message_or_garbled(packet: bytes) -> None:
    with contextlib.suppress(protocol.ProtocolError):
        read(packet)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)


@given(
    st.sampled_from(["ready", "rendered_image", "inspected", "failed", "cancelled", "render"]),
    st.dictionaries(
        st.sampled_from(["id", "rss_bytes", "format", "width", "height", "seconds", "facts", "code", "message", "x"]),
        _JSON,
    ),
)
def test_messages_with_fields_of_any_kind_are_messages_or_garbled(tag: str, fields: dict[str, object]) -> None:
    with contextlib.suppress(protocol.ProtocolError):
        read(msgspec.msgpack.encode({"type": tag, **fields}))


def test_values_of_another_type_or_fields_too_many_are_garbled() -> None:
    for wrong in (
        {"id": "1", "rss_bytes": 1},
        {"id": 1, "rss_bytes": 1, "extra": 1},
        {"id": 1},
        {"id": 1.5, "rss_bytes": 1},
    ):
        with pytest.raises(protocol.ProtocolError):
            read(msgspec.msgpack.encode({"type": "cancelled", **wrong}))


def test_deep_nesting_is_garbled() -> None:
    with pytest.raises(protocol.ProtocolError):
        read(b"\x91" * 60_000)


@pytest.mark.parametrize(("code", "kind"), sorted(error_classes_by_code().items()))
def test_a_failure_survives_the_crossing_if_it_is_one_of_images(code: str, kind: type[PixmillError]) -> None:
    revived = protocol.error_from_wire(protocol.error_to_wire(1, 2, kind("public", param="p", detail="private")))
    if issubclass(kind, ImageError | InvalidParameter | InternalError):
        assert (type(revived), revived.code) == (kind, code)
        assert (revived.message, revived.param, revived.detail) == ("public", "p", "private")
    else:
        assert (type(revived), revived.message) == (InternalError, "Internal error")
        assert revived.detail == f"{code}: public\nprivate"


def test_an_unknown_code_is_internal() -> None:
    assert type(protocol.error_from_wire(protocol.Failed(1, 2, "no_such_code", "m", None, "d"))) is InternalError


def test_long_texts_are_cut_so_that_a_failure_always_fits() -> None:
    failed = protocol.error_to_wire(
        1, 2, InvalidParameter("\U0001f600" * 10**6, detail="\U0001f600" * 10**6 + "the end")
    )
    assert failed.detail.endswith("the end")
    assert len(msgspec.msgpack.encode(failed)) < protocol.MAX_MESSAGE_BYTES


def test_a_plan_with_a_value_beyond_its_bounds_is_refused_before_it_is_sent() -> None:
    protocol.check_plan(Plan(rotate_free=FreeRotation(0.5)))
    for plan in (Plan(rotate_free=FreeRotation(360.0)), Plan(resize=Resize(zoom=0.0)), Plan(blur=251.0)):
        with pytest.raises(InvalidParameter, match="out of bounds"):
            protocol.check_plan(plan)
