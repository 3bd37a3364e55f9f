"""The server process: Granian in this process's event loop, from the first signal to the last answer.

Knows signals and the listeners. What is served was put together in ``wiring.py``.
"""

import asyncio
import gc
import os
import resource
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import structlog
import uvloop
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings, HTTP2Settings
from granian.server.embed import Server
from starlette.types import ASGIApp

from pixmill.allocator import give_back, keep_reserve, share_heap
from pixmill.api.app import create_app, create_operators_app
from pixmill.api.services import ApiServices
from pixmill.settings import Settings
from pixmill.telemetry.logs import configure
from pixmill.wiring import opened

HEADER_TIMEOUT_MS = 10_000
"""How long a client may take to send its request line and headers; beyond, the connection is closed."""

MAX_HEADER_BYTES = 64 * 1024
"""All headers of a request together; a longer request is refused by the server itself."""

CONNECT_PAUSE_S = 0.005

FILES_BESIDE = 512
"""Open files that are no connections of clients: originals, those of workers, connections to sources and stores."""

OPERATORS_CONNECTIONS = 128
"""On a listener of their own: of monitors and people there are few."""

LAST_CHANCE_S = 2.0
"""How long it may take to tell those who are cut off."""

REST_S = 5.0
RESTING_SHARE = 0.02
"""Whoever needs less than this part of ``REST_S`` of processor time has nothing to do."""

COLLECTIONS = 2_000, 25, 30
"""Objects from one collection of the youngest to the next, and how many of each generation come before one of the next older. With 250 requests
in the line a full one takes 40 ms. An answer leaves nothing to collect; a failure leaves about 130 objects, which the younger generations find
unless it waits in the line meanwhile: at ten times the capacity some 4 MB of those in 20 seconds.
"""

log = structlog.get_logger()


def serve(settings: Settings, ready: Callable[[int], None]) -> None:
    """Run until SIGTERM or SIGINT; ``ready`` is told the port once requests are answered. Raises OSError if that cannot be had.

    On a signal: readiness goes off, after ``drain_delay_s`` the listener closes, requests in flight have ``drain_s`` to finish.
    """
    share_heap()
    configure(settings)
    if allow_files() < settings.max_connections + FILES_BESIDE:
        log.warning("few files may be open", max_connections=settings.max_connections, see="ulimit -n")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, ready))


async def _serve(settings: Settings, ready: Callable[[int], None]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with opened(settings) as services:
        address, port = free_address(settings.host, settings.port)
        async with _operators_served(services, settings) as operated:
            server = _server(create_app(services), address, port, settings.max_connections, settings)
            serving = asyncio.create_task(server.serve())
            stopping = asyncio.create_task(stop.wait())
            telling = asyncio.create_task(_tell(ready, address, port))
            resting = asyncio.create_task(_keep_house())
            await asyncio.wait((serving, stopping, *operated), return_when=asyncio.FIRST_COMPLETED)
            telling.cancel()
            stopping.cancel()
            resting.cancel()
            if not serving.done():
                await _drain(services, server, serving, settings)
            if serving.done():
                serving.result()


@asynccontextmanager
async def _operators_served(services: ApiServices, settings: Settings) -> AsyncIterator[list["asyncio.Task[None]"]]:
    """The listener of operators, where it is an own one: from before the first picture until after the last."""
    wanted = settings.operators_address()
    if wanted is None:
        yield []
        return
    address, port = free_address(*wanted)
    server = _server(create_operators_app(services), address, port, OPERATORS_CONNECTIONS, settings)
    serving = asyncio.create_task(server.serve())
    log.info("listening for operators", address=address, port=port)
    try:
        yield [serving]
    finally:
        server.stop()  # type: ignore[no-untyped-call]  # granian leaves it without types
        await asyncio.wait((serving,), timeout=LAST_CHANCE_S)
    if serving.done():
        serving.result()


async def _tell(ready: Callable[[int], None], address: str, port: int) -> None:
    """Granian does not say when it listens: it is asked."""
    while True:
        try:
            _, writer = await asyncio.open_connection(address, port)
        except OSError:
            await asyncio.sleep(CONNECT_PAUSE_S)
        else:
            writer.close()
            ready(port)
            return


async def _keep_house() -> None:
    """Memory is in reserve and garbage lies about while there is work; when nothing has been done for a while, both go.

    A full collection stops the server for a millisecond per ten thousand objects and more: what the start has left is never looked at again, and while
    there is work ``COLLECTIONS`` keeps two of them far apart. What has no cycles is freed at once in any case.
    """
    _tidy()
    gc.freeze()
    gc.set_threshold(*COLLECTIONS)
    keep_reserve()
    spent, tidied = time.process_time(), True
    while True:
        await asyncio.sleep(REST_S)
        before, spent = spent, time.process_time()
        rests = spent - before < REST_S * RESTING_SHARE
        if rests and not tidied:
            _tidy()
        tidied = rests


def _tidy() -> None:
    gc.collect()
    give_back()


def allow_files() -> int:
    """Raise the limit of open files, often 1,024 by default, to what the system allows; how many that are."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


async def _drain(services: ApiServices, server: Server, serving: "asyncio.Task[None]", settings: Settings) -> None:
    log.info("draining", delay_s=settings.drain_delay_s, limit_s=settings.drain_s)
    services.health.drain()
    await asyncio.sleep(settings.drain_delay_s)
    services.closing.set()
    server.stop()  # type: ignore[no-untyped-call]  # granian leaves it without types
    _, late = await asyncio.wait((serving,), timeout=settings.drain_s)
    if late:
        log.warning("requests cut off", after_s=settings.drain_s, requests=services.under_way.end())
        await asyncio.wait((serving,), timeout=LAST_CHANCE_S)


def free_address(host: str, port: int) -> tuple[str, int]:
    """What to listen on: the name resolved, a free port for 0. Raises OSError, which says why, if it cannot be had.

    Granian itself knows no names, and would share a port with another server of ours (SO_REUSEPORT), silently.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[
            0
        ]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            bound, free, *_ = probe.getsockname()
            return bound, free
    except OSError as error:
        raise OSError(f"cannot listen on {host}, port {port}: {error.strerror}") from error


class Listening(Server):
    """Granian, whose connections end when the client takes nothing of an answer for ``stall_s``.

    Granian hands a whole body to its own threads and cannot be told how long to try. The kernel can (tcp(7), TCP_USER_TIMEOUT: also
    while the peer's window is closed), and connections inherit it from the listener, which Granian has no option for but does let one see.
    """

    stall_s = 0.0

    def _init_shared_socket(self) -> None:
        super()._init_shared_socket()  # type: ignore[no-untyped-call]  # granian leaves it without types
        spec: Any = self._ssp
        if spec and hasattr(socket, "TCP_USER_TIMEOUT"):
            holder: Any = spec.build()
            self._ssp, self._shd, self._sfd = None, holder, holder.get_fd()
            with socket.socket(fileno=os.dup(holder.get_fd())) as listener:
                listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(self.stall_s * 1000))


def _server(app: ASGIApp, address: str, port: int, max_connections: int, settings: Settings) -> Server:
    server = Listening(
        app,
        address=address,
        port=port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.auto if settings.http2 else HTTPModes.http1,
        websockets=False,
        backlog=max(128, max_connections // 4),
        backpressure=max_connections,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_TIMEOUT_MS, max_buffer_size=MAX_HEADER_BYTES),
        http2_settings=HTTP2Settings(max_headers_size=MAX_HEADER_BYTES),
        log_enabled=False,
    )
    server.stall_s = settings.send_stall_s
    return server
