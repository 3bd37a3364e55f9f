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

from pixmill.api.app import create_admin_app, create_app
from pixmill.api.context import ApiContext
from pixmill.runtime.allocator import limit_arenas, retain_heap, trim_heap
from pixmill.settings import Settings
from pixmill.telemetry.logs import configure_logging
from pixmill.wiring import build_services

HEADER_TIMEOUT_MS = 10_000
"""How long a client may take to send its request line and headers; beyond, the connection is closed."""

MAX_HEADER_BYTES = 64 * 1024
"""All headers of a request together; a longer request is refused by the server itself."""

CONNECT_RETRY_S = 0.005

RESERVED_OPEN_FILES = 512
"""Open files that are no connections of clients: originals, those of workers, connections to sources and stores."""

ADMIN_MAX_CONNECTIONS = 128
"""On a listener of their own: of monitors and people there are few."""

FORCED_CLOSE_TIMEOUT_S = 2.0
"""How long it may take to tell those who are cut off."""

IDLE_CHECK_INTERVAL_S = 5.0
IDLE_CPU_SHARE = 0.02
"""Whoever needs less than this part of ``REST_S`` of processor time has nothing to do."""

GC_THRESHOLDS = 2_000, 25, 30
"""Objects from one collection of the youngest to the next, and how many of each generation come before one of the next older. With 250 requests
in the line a full one takes 40 ms. An answer leaves nothing to collect; a failure leaves about 130 objects, which the younger generations find
unless it waits in the line meanwhile: at ten times the capacity some 4 MB of those in 20 seconds.
"""

log = structlog.get_logger()


def serve(settings: Settings, on_ready: Callable[[int], None]) -> None:
    """Run until SIGTERM or SIGINT; ``ready`` is told the port once requests are answered. Raises OSError if that cannot be had.

    On a signal: readiness goes off, after ``drain_delay_s`` the listener closes, requests in flight have ``drain_timeout_s`` to finish.
    """
    limit_arenas()
    configure_logging(settings)
    if raise_open_files_limit() < settings.max_connections + RESERVED_OPEN_FILES:
        log.warning("few files may be open", max_connections=settings.max_connections, see="ulimit -n")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, on_ready))


async def _serve(settings: Settings, on_ready: Callable[[int], None]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with build_services(settings) as services:
        address, port = resolve_listen_address(settings.host, settings.port)
        async with _admin_listener(services, settings) as admin_tasks:
            server = _make_server(create_app(services), address, port, settings.max_connections, settings)
            serving = asyncio.create_task(server.serve())
            stopping = asyncio.create_task(stop.wait())
            readiness_probe = asyncio.create_task(_report_ready(on_ready, address, port))
            memory_maintenance = asyncio.create_task(_maintain_memory())
            await asyncio.wait((serving, stopping, *admin_tasks), return_when=asyncio.FIRST_COMPLETED)
            readiness_probe.cancel()
            stopping.cancel()
            memory_maintenance.cancel()
            if not serving.done():
                await _drain(services, server, serving, settings)
            if serving.done():
                serving.result()


@asynccontextmanager
async def _admin_listener(services: ApiContext, settings: Settings) -> AsyncIterator[list["asyncio.Task[None]"]]:
    """The listener of operators, where it is an own one: from before the first picture until after the last."""
    listen_address = settings.admin_address()
    if listen_address is None:
        yield []
        return
    address, port = resolve_listen_address(*listen_address)
    server = _make_server(create_admin_app(services), address, port, ADMIN_MAX_CONNECTIONS, settings)
    serving = asyncio.create_task(server.serve())
    log.info("listening for operators", address=address, port=port)
    try:
        yield [serving]
    finally:
        server.stop()  # type: ignore[no-untyped-call]  # granian leaves it without types
        await asyncio.wait((serving,), timeout=FORCED_CLOSE_TIMEOUT_S)
    if serving.done():
        serving.result()


async def _report_ready(on_ready: Callable[[int], None], address: str, port: int) -> None:
    """Granian does not say when it listens: it is asked."""
    while True:
        try:
            _, writer = await asyncio.open_connection(address, port)
        except OSError:
            await asyncio.sleep(CONNECT_RETRY_S)
        else:
            writer.close()
            on_ready(port)
            return


async def _maintain_memory() -> None:
    """Memory is in reserve and garbage lies about while there is work; when nothing has been done for a while, both go.

    A full collection stops the server for a millisecond per ten thousand objects and more: what the start has left is never looked at again, and while
    there is work ``COLLECTIONS`` keeps two of them far apart. What has no cycles is freed at once in any case.
    """
    _collect_and_trim()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    retain_heap()
    cpu_s, is_trimmed = time.process_time(), True
    while True:
        await asyncio.sleep(IDLE_CHECK_INTERVAL_S)
        previous_cpu_s, cpu_s = cpu_s, time.process_time()
        is_idle = cpu_s - previous_cpu_s < IDLE_CHECK_INTERVAL_S * IDLE_CPU_SHARE
        if is_idle and not is_trimmed:
            _collect_and_trim()
        is_trimmed = is_idle


def _collect_and_trim() -> None:
    gc.collect()
    trim_heap()


def raise_open_files_limit() -> int:
    """Raise the limit of open files, often 1,024 by default, to what the system allows; how many that are."""
    _, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard_limit, hard_limit))
    return hard_limit


async def _drain(services: ApiContext, server: Server, serving: "asyncio.Task[None]", settings: Settings) -> None:
    log.info("draining", delay_s=settings.drain_delay_s, limit_s=settings.drain_timeout_s)
    services.lifecycle.health.drain()
    await asyncio.sleep(settings.drain_delay_s)
    services.lifecycle.draining.set()
    server.stop()  # type: ignore[no-untyped-call]  # granian leaves it without types
    _, unfinished = await asyncio.wait((serving,), timeout=settings.drain_timeout_s)
    if unfinished:
        log.warning(
            "requests cut off", after_s=settings.drain_timeout_s, requests=services.lifecycle.in_flight.cancel_all()
        )
        await asyncio.wait((serving,), timeout=FORCED_CLOSE_TIMEOUT_S)


def resolve_listen_address(host: str, port: int) -> tuple[str, int]:
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
            bound, free_port, *_ = probe.getsockname()
            return bound, free_port
    except OSError as error:
        raise OSError(f"cannot listen on {host}, port {port}: {error.strerror}") from error


class SendTimeoutServer(Server):
    """Granian, whose connections end when the client takes nothing of an answer for ``stall_s``.

    Granian hands a whole body to its own threads and cannot be told how long to try. The kernel can (tcp(7), TCP_USER_TIMEOUT: also
    while the peer's window is closed), and connections inherit it from the listener, which Granian has no option for but does let one see.
    """

    send_timeout_s = 0.0

    def _init_shared_socket(self) -> None:
        super()._init_shared_socket()  # type: ignore[no-untyped-call]  # granian leaves it without types
        spec: Any = self._ssp
        if spec and hasattr(socket, "TCP_USER_TIMEOUT"):
            holder: Any = spec.build()
            self._ssp, self._shd, self._sfd = None, holder, holder.get_fd()
            with socket.socket(fileno=os.dup(holder.get_fd())) as listener:
                listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(self.send_timeout_s * 1000))


def _make_server(app: ASGIApp, address: str, port: int, max_connections: int, settings: Settings) -> Server:
    server = SendTimeoutServer(
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
    server.send_timeout_s = settings.send_timeout_s
    return server
