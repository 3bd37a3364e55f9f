"""The server process: runs Granian in this process's event loop, from start to graceful shutdown.

Knows signals and listeners. ``wiring.py`` builds what is served.
"""

import asyncio
import errno
import gc
import logging
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import structlog
from granian._granian import SocketHolder
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings, HTTP2Settings
from granian.server.embed import Server
from starlette.types import ASGIApp

from pixmill.api.config import MAX_PORT
from pixmill.api.context import ApiContext
from pixmill.ports.observe import Event
from pixmill.processes.channel import Channel
from pixmill.processes.metrics_archive import MetricsArchive
from pixmill.processes.share import share_of
from pixmill.processes.supervisor import LISTENING, ServerProcess, Supervisor
from pixmill.processes.this_process import SharedProcess
from pixmill.reloading import Reloader
from pixmill.runtime.allocator import limit_arenas, retain_heap, trim_heap
from pixmill.runtime.event_loop import ServerLoop
from pixmill.runtime.operating_system import raise_open_files_limit
from pixmill.runtime.os_errors import os_problem
from pixmill.runtime.send_rate import SendRateMonitor
from pixmill.runtime.shared_rate_limiter import SharedBuckets
from pixmill.runtime.systemd import notify
from pixmill.settings import Settings
from pixmill.telemetry.log_writer import stderr_writer
from pixmill.telemetry.logs import configure_logging
from pixmill.tracing import error_reports
from pixmill.wiring import build_services

HEADER_TIMEOUT_MS = 10_000
"""Time for a client to send request line and headers; after that the connection is closed."""

MAX_HEADER_BYTES = 64 * 1024
"""Maximum size of all headers of a request; Granian itself rejects larger ones."""

CONNECT_RETRY_S = 0.005

DEFAULT_PORT: Final = 8080

RESERVED_OPEN_FILES = 512
"""Open files other than client connections: originals, worker pipes, connections to sources and stores."""

ADMIN_MAX_CONNECTIONS = 128
"""Connections of the admin listener: monitors and operators are few."""

STOP_GRACE_S = 15.0
"""Time beyond the drain for a server process to close all its parts; then it is killed."""

FORCED_CLOSE_TIMEOUT_S = 2.0
"""Time to send the last bytes to clients whose requests were cut off."""

IDLE_CHECK_INTERVAL_S = 5.0
IDLE_CPU_SHARE = 0.02
"""Share of CPU time in ``IDLE_CHECK_INTERVAL_S`` below which the process counts as idle."""

UNSENT_BYTES = 128 * 1024
"""Bytes that the kernel takes for a client beyond those on their way (TCP_NOTSENT_LOWAT, tcp(7)).

Otherwise it takes up to 4 MB for each (``net.ipv4.tcp_wmem``), which also hides how slowly a client reads.
"""

GC_THRESHOLDS = 2_000, 25, 30
"""Thresholds of the three generations, as for ``gc.set_threshold``.

With 250 queued requests a full collection takes 40 ms. Neither a response nor a failure leaves anything to collect
(``release_frames`` in ``errors.py``), so it stays rare: none in 10,000 requests that fail (``benchmarks.failures``).
"""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Listeners:
    """Addresses and ports, which are known to be free. ``admin`` is None without a separate admin listener.

    ``inherited`` is a socket that listens on ``main`` already, and stays open when this server ends.
    """

    main: tuple[str, int]
    admin: tuple[str, int] | None
    inherited: socket.socket | None = None


def serve(
    settings: Settings,
    on_ready: Callable[[int], None],
    load: Callable[[], Settings] | None = None,
    inherited: socket.socket | None = None,
) -> None:
    """Run until SIGTERM or SIGINT; calls ``on_ready`` with the port once it accepts connections.

    ``load`` reads the settings again on SIGHUP, which is otherwise ignored. ``inherited`` is a socket that listens
    on host and port of the settings, and stays open. Raises OSError. To stop, readiness fails;
    after ``drain_delay_s`` the listener closes; requests in flight have ``drain_timeout_s`` to finish.
    """
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # which would end the process until the loop handles it
    limit_arenas()
    configure_logging(settings)
    logging.captureWarnings(capture=True)
    if raise_open_files_limit() < settings.max_connections + RESERVED_OPEN_FILES:
        log.warning("few files may be open", max_connections=settings.max_connections, see="ulimit -n")
    load = load or (lambda: settings)
    with error_reports():
        if settings.process_count() > 1:
            _serve_by_processes(settings, on_ready, load, inherited)
        else:
            with asyncio.Runner(loop_factory=ServerLoop) as runner:
                runner.run(_serve(settings, on_ready, load, _resolve_listeners(settings, inherited)))


def _serve_by_processes(
    settings: Settings,
    on_ready: Callable[[int], None],
    load: Callable[[], Settings],
    inherited: socket.socket | None,
) -> None:
    """Supervise the server processes; each of them returns from ``run`` and serves."""
    count = settings.process_count()
    stderr_writer().share_stream()
    with _reserved_listeners(settings, inherited) as listeners:
        rate_buckets = SharedBuckets()
        stop_timeout_s = settings.drain_delay_s + settings.drain_timeout_s + STOP_GRACE_S
        supervisor = Supervisor(
            count, MetricsArchive(), lambda: on_ready(listeners.main[1]), stop_timeout_s=stop_timeout_s
        )
        process = supervisor.run()
        if process is not None:
            share = partial(share_of, slot=process.slot, count=count)
            with asyncio.Runner(loop_factory=ServerLoop) as runner:
                runner.run(_serve_as(process, rate_buckets, listeners, share(settings), lambda: share(load())))


async def _serve_as(
    process: ServerProcess,
    rate_buckets: SharedBuckets,
    listeners: Listeners,
    settings: Settings,
    load: Callable[[], Settings],
) -> None:
    channel = Channel(process.channel, process.slot, process.count)
    shared = SharedProcess(channel, rate_buckets, process.is_replacement)
    await _serve(settings, lambda _port: channel.note(LISTENING), load, listeners, shared)


@contextmanager
def _reserved_listeners(settings: Settings, inherited: socket.socket | None) -> Iterator[Listeners]:
    """Yield the addresses that all processes listen on; sockets that do not listen keep others from them."""
    listeners = _resolve_listeners(settings, inherited)
    with ExitStack() as stack:
        for address, port in filter(None, (None if inherited else listeners.main, listeners.admin)):
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            reserved = stack.enter_context(socket.socket(family))
            reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            reserved.bind((address, port))
        yield listeners


def _resolve_listeners(settings: Settings, inherited: socket.socket | None) -> Listeners:
    main = _bound_to(inherited) if inherited else resolve_listen_address(settings.host, settings.port)
    admin = settings.admin_address()
    return Listeners(main, admin and resolve_listen_address(*admin, setting="PIXMILL_ADMIN_LISTEN"), inherited)


async def _serve(
    settings: Settings,
    on_ready: Callable[[int], None],
    load: Callable[[], Settings],
    listeners: Listeners,
    process: SharedProcess | None = None,
) -> None:
    """Serve in this process; ``process`` is given if it is one among several."""
    stop, reload_requested = asyncio.Event(), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reload_requested.set)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with build_services(settings, process=process) as services:
        address, port = listeners.main
        reloader = Reloader(settings, services, load)
        if process and process.is_replacement:
            reloader.reload()  # as the others have done since the start
        async with _admin_listener(reloader.admin_app, settings, listeners.admin) as admin_tasks:
            server = _make_server(
                reloader.public_app, address, port, settings.max_connections, settings, listeners.inherited
            )
            serving = asyncio.create_task(server.serve())
            ends = [asyncio.create_task(stop.wait())]
            if process:
                ends.append(asyncio.create_task(process.channel.closed.wait()))
            background = (
                reloader.run(reload_requested),
                _report_ready(on_ready, address, port),
                _maintain_memory(),
                _make_rate_monitor(services, port, settings).run(),
            )
            tasks = [*ends, *map(asyncio.create_task, background)]
            await asyncio.wait((serving, *ends, *admin_tasks), return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
            if not serving.done():
                await _drain(services, server, serving, reloader.settings)
            if serving.done():
                serving.result()


def _make_rate_monitor(services: ApiContext, port: int, settings: Settings) -> SendRateMonitor:
    observer = services.telemetry.observer
    return SendRateMonitor(
        frozenset({port}), settings.send_min_rate, lambda: observer.increment(Event.RESPONSE_ABORTED, reason="rate")
    )


@asynccontextmanager
async def _admin_listener(
    app: ASGIApp, settings: Settings, listen_address: tuple[str, int] | None
) -> AsyncIterator[list["asyncio.Task[None]"]]:
    """Run the admin listener, if configured: opens before and closes after the main listener."""
    if listen_address is None:
        yield []
        return
    address, port = listen_address
    server = _make_server(app, address, port, ADMIN_MAX_CONNECTIONS, settings)
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
    """Connect until the listener accepts, then call ``on_ready``: Granian does not report that it listens."""
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
    """Run a full GC and trim the heap when the process has been idle for ``IDLE_CHECK_INTERVAL_S``.

    A full collection stops the server for a millisecond or more per ten thousand objects. So objects of the start
    are frozen, and under load ``GC_THRESHOLDS`` keep full collections rare. Objects without cycles are freed at
    once anyway.
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


async def _drain(
    services: ApiContext, server: "SendTimeoutServer", serving: "asyncio.Task[None]", settings: Settings
) -> None:
    log.info("draining", delay_s=settings.drain_delay_s, limit_s=settings.drain_timeout_s)
    notify("STOPPING=1")
    services.lifecycle.health.drain()
    await asyncio.sleep(settings.drain_delay_s)
    if server.listener is None:  # else what is accepted is answered, and the rest waits for the next server
        services.lifecycle.draining.set()
    server.stop()  # type: ignore[no-untyped-call]  # granian leaves it without types
    _, unfinished = await asyncio.wait((serving,), timeout=settings.drain_timeout_s)
    if unfinished:
        log.warning(
            "requests cut off", after_s=settings.drain_timeout_s, requests=services.lifecycle.in_flight.cancel_all()
        )
        await asyncio.wait((serving,), timeout=FORCED_CLOSE_TIMEOUT_S)


def _bound_to(listener: socket.socket) -> tuple[str, int]:
    address, port, *_ = listener.getsockname()
    return address, port


def resolve_listen_address(host: str, port: int, *, setting: str = "") -> tuple[str, int]:
    """Resolve host and port, with a free port for 0, and check that they can be bound.

    Raises OSError with the reason; ``setting`` has both, by default they are of two settings. Granian does not resolve
    names, and would silently share a port with another Pixmill (SO_REUSEPORT).
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
        raise OSError(_listen_problem(error, host, port, setting)) from error


def _listen_problem(error: OSError, host: str, port: int, setting: str) -> str:
    """Say why an address cannot be listened on, and what to set instead."""
    shown = f"[{host}]" if ":" in host else host
    if error.errno in {errno.EADDRINUSE, errno.EACCES}:
        is_used = error.errno == errno.EADDRINUSE
        why = "another process listens there" if is_used else "ports below 1024 need privileges (CAP_NET_BIND_SERVICE)"
        other = port + 1 if is_used and port < MAX_PORT else DEFAULT_PORT
        given = f"{setting}={shown}:{port}" if setting else f"PIXMILL_PORT={port}"
        example = f"{setting}={shown}:{other}" if setting else f"--port {other}"
        return f"{given} on {host}: {why}; choose another port, for example {example}"
    given = f"{setting}={shown}:{port}" if setting else f"PIXMILL_HOST={host}"
    example = f"{setting}=127.0.0.1:{port}" if setting else "PIXMILL_HOST=127.0.0.1, or 0.0.0.0 for all addresses"
    return f"{given} {os_problem(error)}; for example {example}"


class SendTimeoutServer(Server):
    """Granian with a send timeout: closes connections whose client reads nothing for ``send_timeout_s``.

    Granian passes a whole body to its own threads and has no such timeout. The kernel has one (tcp(7),
    TCP_USER_TIMEOUT, also while the peer's window is closed). Connections inherit it from the listening socket, and
    ``UNSENT_BYTES`` as well.
    """

    send_timeout_s = 0.0
    listener: socket.socket | None = None
    """A socket that listens already, in place of one that is opened."""
    _hold: Any = SocketHolder
    """Takes descriptor, whether it is a Unix socket, and backlog."""

    def _init_shared_socket(self) -> None:
        if self.listener is None:
            super()._init_shared_socket()  # type: ignore[no-untyped-call]  # granian leaves it without types
        spec: Any = self._ssp
        holder: Any = None
        if self.listener is not None:
            holder = self._hold(os.dup(self.listener.fileno()), False, self.backlog)
        elif spec and hasattr(socket, "TCP_USER_TIMEOUT"):
            holder = spec.build()
        if holder:
            self._ssp, self._shd, self._sfd = None, holder, holder.get_fd()
            with socket.socket(fileno=os.dup(holder.get_fd())) as listener:
                listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(self.send_timeout_s * 1000))
                listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)


def _make_server(
    app: ASGIApp,
    address: str,
    port: int,
    max_connections: int,
    settings: Settings,
    listener: socket.socket | None = None,
) -> "SendTimeoutServer":
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
    server.send_timeout_s, server.listener = settings.send_timeout_s, listener
    return server
