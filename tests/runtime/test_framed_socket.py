"""Messages on a stream keep their bounds and their descriptors, as on the sockets that Linux has for them."""

import array
import os
import socket
import threading
from collections.abc import Iterator

import pytest

from pixmill.runtime.framed_socket import FramedSocket

Pair = tuple[FramedSocket, FramedSocket]
LARGE = 64 * 2**10


@pytest.fixture
def pair() -> Iterator[Pair]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with FramedSocket(ours.detach()) as left, FramedSocket(theirs.detach()) as right:
        yield left, right


def test_messages_that_wait_together_are_received_one_by_one(pair: Pair) -> None:
    for message in (b"a", b"bc" * 1000, b"d"):
        pair[0].send(message)
    assert [pair[1].recvmsg(LARGE)[0] for _ in range(3)] == [b"a", b"bc" * 1000, b"d"]


def test_descriptors_come_with_their_own_message(pair: Pair) -> None:
    reading, writing = os.pipe()
    pair[0].send(b"none")
    socket.send_fds(pair[0], [b"one"], [writing])
    pair[0].send(b"none")
    received = [pair[1].recvmsg(LARGE, socket.CMSG_LEN(4)) for _ in range(3)]
    assert [(message, len(ancillary)) for message, ancillary, _, _ in received] == [
        (b"none", 0),
        (b"one", 1),
        (b"none", 0),
    ]
    copy = array.array("i", received[1][1][0][2])[0]
    os.write(copy, b"x")
    assert os.read(reading, 1) == b"x"
    for fd in (reading, writing, copy):
        os.close(fd)


def test_an_incomplete_message_blocks_until_the_rest_is_there(pair: Pair) -> None:
    frame = (5).to_bytes(4, "little") + b"hello"
    pair[1].setblocking(False)
    for part in (frame[:2], frame[2:6], frame[6:8]):
        socket.socket.sendall(pair[0], part)
        with pytest.raises(BlockingIOError):
            pair[1].recvmsg(LARGE)
    socket.socket.sendall(pair[0], frame[8:])
    assert pair[1].recvmsg(LARGE)[0] == b"hello"


def test_a_message_beyond_the_maximum_is_marked_as_cut_off(pair: Pair) -> None:
    pair[0].send(b"x" * 100)
    message, _, flags, _ = pair[1].recvmsg(99)
    assert (message, flags) == (b"", socket.MSG_TRUNC)


def test_the_end_is_an_empty_message(pair: Pair) -> None:
    pair[0].close()
    assert pair[1].recvmsg(LARGE)[0] == b""


def test_many_large_messages_arrive_while_the_receiver_is_slower(pair: Pair) -> None:
    messages = [bytes([number]) * LARGE for number in range(60)]
    sender = threading.Thread(target=lambda: [pair[0].send(message) for message in messages])
    sender.start()
    assert [pair[1].recvmsg(LARGE + 4)[0] for _ in messages] == messages
    sender.join()


def test_a_sender_that_must_not_block_gives_up_on_a_peer_that_does_not_read(pair: Pair) -> None:
    pair[0].setblocking(False)
    messages = iter([b"x" * LARGE] * 100)
    with pytest.raises((BlockingIOError, TimeoutError)):
        list(map(pair[0].send, messages))
    assert next(messages), "it gave up before the last one"
