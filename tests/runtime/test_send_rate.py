"""Connections that are too slow are told from those that are not, by what the kernel says of them."""

import resource
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import pytest

from pixmill.runtime.send_rate import MAX_CREDIT_S, SendRateMonitor
from pixmill.runtime.tcp import Endpoints, accepted_connections, reset_connections
from tests.e2e.scenes import until

SENT = 100_000


class Pairs:
    """Connections to a port of ours: both ends are here."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        self.port: int = self._listener.getsockname()[1]

    def open(self, buffer_bytes: int = 2_048) -> tuple[socket.socket, socket.socket]:
        client = self._stack.enter_context(socket.socket())
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
        client.connect(self._listener.getsockname())
        return client, self._stack.enter_context(self._listener.accept()[0])


@pytest.fixture
def pairs() -> Iterator[Pairs]:
    with ExitStack() as stack:
        yield Pairs(stack)


def read(client: socket.socket, size: int) -> None:
    while size:
        size -= len(client.recv(size))


def acked(pairs: Pairs) -> list[int]:
    return sorted(progress.acked_bytes for _, _, progress in accepted_connections(frozenset({pairs.port})))


def pending(pairs: Pairs) -> list[bool]:
    return [progress.is_pending for _, _, progress in accepted_connections(frozenset({pairs.port}))]


def send_until_pending(server: socket.socket, pairs: Pairs) -> int:
    """Send a little more than fits the client's window, which the kernel may change; return how much it was."""
    server.sendall(bytes(2_000))
    sent, end = 2_000, time.monotonic() + 60
    while pending(pairs) != [True]:
        assert time.monotonic() < end, "all fits the client's window"
        server.sendall(bytes(50))
        sent += 50
        time.sleep(0.01)
    return sent


def is_reset(client: socket.socket) -> bool:
    try:
        while client.recv(65_536):
            pass
    except OSError:
        pass
    return True


def test_only_who_reads_too_slowly_is_reset(pairs: Pairs) -> None:
    slow, to_slow = pairs.open()
    steady, to_steady = pairs.open()
    idle, to_idle = pairs.open()
    for server in (to_slow, to_steady):
        server.sendall(bytes(SENT))
    monitor = SendRateMonitor(frozenset({pairs.port}), 500, lambda: None, grace_s=10)
    assert [monitor.check(now) for now in (0, 5, 10)] == [0, 0, 0], "within the grace period nobody is judged"
    read(steady, 50_000)
    until(lambda: acked(pairs)[-1] >= 50_000, 60, "the kernel knows that it was read")
    assert monitor.check(30) == 1
    to_slow.close()
    assert is_reset(slow)
    to_idle.sendall(b"hello")
    assert idle.recv(5) == b"hello"
    read(steady, 50_000)


def test_what_was_read_fast_buys_no_pause_of_hours(pairs: Pairs) -> None:
    client, server = pairs.open()
    server.sendall(bytes(SENT))
    monitor = SendRateMonitor(frozenset({pairs.port}), 500, lambda: None, grace_s=10)
    assert monitor.check(0) == 0
    read(client, 90_000)
    until(lambda: acked(pairs)[-1] >= 90_000, 60, "the kernel knows that it was read")
    assert [monitor.check(now) for now in (30, MAX_CREDIT_S, MAX_CREDIT_S + 9)] == [0, 0, 0]
    assert monitor.check(MAX_CREDIT_S + 60) == 1, "it would have been fast enough until three minutes had passed"


def test_a_client_with_a_large_buffer_that_reads_steadily_is_not_reset(pairs: Pairs) -> None:
    """It opens its window seldom and by much: the kernel hears nothing of it for 20 seconds."""
    client, server = pairs.open(buffer_bytes=65_536)
    monitor = SendRateMonitor(frozenset({pairs.port}), 500, lambda: None, grace_s=10)
    with ThreadPoolExecutor(1) as sender, client:
        sender.submit(server.sendall, bytes(2_000_000))
        until(lambda: acked(pairs)[-1] >= 50_000, 60, "its buffer is full")
        for now in range(0, 300, 5):
            assert monitor.check(now) == 0, f"after {now} s at four times the minimum rate"
            read(client, 5 * 2_000)


@contextmanager
def no_descriptor_free() -> Iterator[None]:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_a_check_that_finds_no_descriptor_free_neither_fails_nor_forgets(pairs: Pairs) -> None:
    client, server = pairs.open()
    server.sendall(bytes(SENT))
    monitor = SendRateMonitor(frozenset({pairs.port}), 500, lambda: None, grace_s=10)
    assert monitor.check(0) == 0
    with no_descriptor_free():
        assert monitor.check(5) == 0
    assert monitor.check(30) == 1, "its time counts from the first check on"
    server.close()
    assert is_reset(client)


def test_who_reads_all_that_there_is_at_once_is_not_slow_however_little_that_is(pairs: Pairs) -> None:
    """Such as a proxy far away that asks for small responses all the time: something is always on its way."""
    client, server = pairs.open()
    monitor = SendRateMonitor(frozenset({pairs.port}), 500, lambda: None, grace_s=10)
    for now in range(0, 240, 5):
        sent = send_until_pending(server, pairs)
        assert monitor.check(now) == 0
        read(client, sent)
        until(lambda: pending(pairs) == [False], 60, "it was read")


def test_connections_are_reset_by_their_addresses(pairs: Pairs) -> None:
    opened = [pairs.open() for _ in range(3)]
    host, port = opened[1][0].getsockname()
    assert (
        reset_connections({Endpoints.of(str(pairs.port), f"::ffff:{host}", str(port)), Endpoints(1, host, port)}) == 1
    )
    opened[1][1].close()
    assert is_reset(opened[1][0])
    for client, server in (opened[0], opened[2]):
        server.sendall(b"hello")
        assert client.recv(5) == b"hello"
