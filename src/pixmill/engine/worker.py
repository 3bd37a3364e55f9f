"""A worker process: runs jobs from a socket, one at a time, and replies to each.

Knows the protocol and its handlers. Must never know the network, the settings or where images come from: it receives
every byte it needs.

    python -m pixmill.engine.worker FD [HANDLERS]

FD is an open socket to the server. HANDLERS is a module whose ``render``, ``render_all`` and ``inspect`` replace the
real ones.
"""

import contextlib
import importlib
import mmap
import os
import select
import socket
import sys
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import msgspec

from pixmill.engine import protocol
from pixmill.engine.raster.file_access import NO_RASTER, RasterAccess
from pixmill.engine.sandbox.policy import (
    die_with_parent,
    enter_sandbox,
    lower_priority,
    resident_bytes,
    set_cpu_limit,
    set_rlimits,
)
from pixmill.engine.self_test import SELF_TEST_IMAGE, SELF_TEST_PLAN
from pixmill.errors import ImageTooLarge, InternalError, InvalidParameter, PixmillError, ResultTooLarge
from pixmill.plan.cost import DEFERRED_ABOVE_S, RenderDeferred
from pixmill.plan.facts import Facts, FactSelection
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Plan
from pixmill.plan.references import NO_EXTRAS, Extras, references
from pixmill.ports.values import Rendered
from pixmill.runtime.allocator import trim_heap
from pixmill.runtime.framed_socket import open_socket
from pixmill.runtime.operating_system import MAP_POPULATE

IDLE_TRIM_MS: Final = 1_000
"""After this time without a job, free heap memory is returned to the system."""


@dataclass(frozen=True, slots=True)
class Handlers:
    """The operations on an image."""

    render: Callable[[memoryview, Plan, Limits, Extras, RasterAccess], Rendered]
    render_all: Callable[[memoryview, Sequence[Plan], Limits, Extras], Iterator[tuple[int, Rendered | PixmillError]]]
    inspect: Callable[[memoryview, Limits, FactSelection], Facts]


class ServerGone(Exception):
    """The server has closed the socket."""


class Worker:
    """Runs jobs in order, and replies to cancelled ones with Cancelled."""

    def __init__(self, channel: socket.socket, handlers: Handlers, limits: Limits, cpu_s: float) -> None:
        self._channel = channel
        self._handlers = handlers
        self._limits = limits
        self._deferring_limits = msgspec.structs.replace(limits, defer_above_s=DEFERRED_ABOVE_S)
        self._cpu_s = cpu_s
        self._jobs: deque[tuple[protocol.WorkerJob | protocol.UnreadableJob, list[protocol.OwnedFd]]] = deque()
        self._cancelled: set[int] = set()

    def run(self) -> None:
        """Run jobs until the server is gone."""
        protocol.send(self._channel, protocol.Ready())
        while True:
            self._receive_commands()
            self._process_job(*self._jobs.popleft())

    def _receive_commands(self) -> None:
        """Read all pending commands, or wait for a job: a cancellation must be seen before its job starts."""
        while True:
            try:
                self._handle_command(protocol.receive_command(self._channel, socket.MSG_DONTWAIT))
            except BlockingIOError:
                if self._jobs:
                    return
                self._wait_readable()

    def _wait_readable(self) -> None:
        poll = select.poll()
        poll.register(self._channel, select.POLLIN)
        if not poll.poll(IDLE_TRIM_MS):
            trim_heap()
            poll.poll()

    def _handle_command(
        self, command: tuple[protocol.Command | protocol.UnreadableJob, list[protocol.OwnedFd]] | None
    ) -> None:
        match command:
            case (protocol.Render() | protocol.RenderAll() as job, [_, *_, _] as files) if len(files) == _file_count(
                job
            ):
                self._jobs.append((job, files))
            case (protocol.Inspect() as job, [_] as files):
                self._jobs.append((job, files))
            case (protocol.UnreadableJob() as job, files):
                self._jobs.append((job, files))
            case (protocol.Cancel(id=id_), []):
                if any(job.id == id_ for job, _ in self._jobs):
                    self._cancelled.add(id_)
            case None:
                raise ServerGone
            case _:
                raise protocol.ProtocolError("Unexpected command")

    def _process_job(self, job: protocol.WorkerJob | protocol.UnreadableJob, files: list[protocol.OwnedFd]) -> None:
        if job.id in self._cancelled:
            self._cancelled.remove(job.id)
            protocol.send(self._channel, protocol.Cancelled(job.id, resident_bytes()))
            return
        set_cpu_limit(self._cpu_s)
        try:
            reply = self._reply_to(job, files)
        except PixmillError as error:
            reply = protocol.error_to_wire(job.id, resident_bytes(), error)
        protocol.send(self._channel, reply)

    def _reply_to(
        self, job: protocol.WorkerJob | protocol.UnreadableJob, files: list[protocol.OwnedFd]
    ) -> protocol.Outcome:
        if isinstance(job, protocol.UnreadableJob):
            raise InvalidParameter("A value of the request is out of bounds", detail=job.reason)
        return self._inspect(job, *files) if isinstance(job, protocol.Inspect) else self._render(job, *files)

    def _inspect(self, job: protocol.Inspect, file: protocol.OwnedFd) -> protocol.Outcome:
        with _translate_errors(), _map_file(file, job.size_bytes) as source:
            facts = self._handlers.inspect(source, self._limits, job.fact_selection)
        return protocol.Inspected(job.id, resident_bytes(), facts)

    def _render(
        self, job: protocol.Render | protocol.RenderAll, file: protocol.OwnedFd, *other_files: protocol.OwnedFd
    ) -> protocol.Outcome:
        *extra_files, result_file = other_files
        use = job.raster if isinstance(job, protocol.Render) else None
        raster_file = extra_files.pop() if use else None
        with (
            _translate_errors(),
            _map_file(file, job.size_bytes) as source,
            _map_extras(job, extra_files) as extras,
            _open_raster(raster_file, use) as raster,
        ):
            if isinstance(job, protocol.RenderAll):
                return self._render_batch(job, source, extras, result_file)
            limits = self._deferring_limits if job.may_defer else self._limits
            try:
                rendered = self._handlers.render(source, job.plan, limits, extras, raster)
            except RenderDeferred as deferral:
                return protocol.Deferred(job.id, resident_bytes(), min(deferral.cost_s, protocol.MAX_COST_S))
        self._check_result_size(len(rendered.body))
        _write(result_file, rendered.body)
        return protocol.RenderedImage(
            job.id,
            resident_bytes(),
            rendered.format,
            rendered.width,
            rendered.height,
            _stage_seconds(rendered),
            rendered.truncated,
            rendered.source_size,
        )

    def _render_batch(
        self, job: protocol.RenderAll, source: memoryview, extras: Extras, result_file: protocol.OwnedFd
    ) -> protocol.Outcome:
        """Write all results into one file, which is limited to the maximum size of a single result."""
        results: dict[int, protocol.BatchItem | protocol.Failed] = {}
        offset = 0
        for number, result in self._handlers.render_all(source, job.plans, self._limits, extras):
            results[number] = item = self._append_result(job, result, result_file, offset)
            offset += item.size_bytes if isinstance(item, protocol.BatchItem) else 0
        return protocol.RenderedBatch(
            job.id, resident_bytes(), tuple(results[number] for number in range(len(job.plans)))
        )

    def _append_result(
        self, job: protocol.RenderAll, result: Rendered | PixmillError, file: protocol.OwnedFd, offset: int
    ) -> protocol.BatchItem | protocol.Failed:
        try:
            if isinstance(result, PixmillError):
                raise result
            self._check_result_size(offset + len(result.body))
        except PixmillError as error:
            return protocol.error_to_wire(job.id, 0, error, is_single=False)
        _write(file, result.body)
        return protocol.BatchItem(
            offset,
            len(result.body),
            result.format,
            result.width,
            result.height,
            _stage_seconds(result),
            result.truncated,
            result.source_size,
        )

    def _check_result_size(self, size: int) -> None:
        if size > self._limits.max_result_bytes:
            raise ResultTooLarge(f"The result exceeds the maximum of {self._limits.max_result_bytes} bytes")


def _file_count(job: protocol.Render | protocol.RenderAll) -> int:
    has_raster = isinstance(job, protocol.Render) and job.raster is not None
    return 1 + len(job.extra_sizes_bytes) + has_raster + 1


@contextlib.contextmanager
def _translate_errors() -> Iterator[None]:
    """Translate other errors to ours: out of memory is the image's fault, anything else is a defect."""
    try:
        yield
    except PixmillError:
        raise
    except MemoryError as error:
        raise ImageTooLarge("The original needs more memory than a render may use") from error
    except Exception as error:
        raise InternalError(detail=traceback.format_exc()) from error


@contextlib.contextmanager
def _map_file(file: protocol.OwnedFd, size: int, flags: int = MAP_POPULATE) -> Iterator[memoryview]:
    """Map a file without a copy. If a library still references the memory, it is unmapped with the last reference."""
    if not size:  # an empty file cannot be mapped
        yield memoryview(b"")
        return
    # older kernels require MAP_PRIVATE for sealed files
    content = mmap.mmap(file.fd, size, flags=mmap.MAP_PRIVATE | flags, prot=mmap.PROT_READ)
    view = memoryview(content)
    try:
        yield view
    finally:
        with contextlib.suppress(BufferError):
            view.release()
            content.close()


@contextlib.contextmanager
def _map_extras(job: protocol.Render | protocol.RenderAll, files: Sequence[protocol.OwnedFd]) -> Iterator[Extras]:
    """Yield the referenced images by their sources in the plans."""
    if not files:
        yield NO_EXTRAS
        return
    with contextlib.ExitStack() as stack:
        views = [
            stack.enter_context(_map_file(file, size)) for file, size in zip(files, job.extra_sizes_bytes, strict=True)
        ]
        yield {reference.source: view for reference, view in zip(references(*job.all_plans), views, strict=True)}


@contextlib.contextmanager
def _open_raster(file: protocol.OwnedFd | None, use: protocol.RasterUse | None) -> Iterator[RasterAccess]:
    """Yield access to decoded pixels, of which only the pages that are used are read."""
    if file is None or use is None:
        yield NO_RASTER
    elif use.max_bytes:
        yield RasterAccess(write=partial(_write, file), max_bytes=use.max_bytes)
    else:
        with _map_file(file, use.size_bytes, flags=0) as content:
            yield RasterAccess(content)


def _write(file: protocol.OwnedFd, body: bytes | bytearray | memoryview) -> None:
    view = memoryview(body)
    while view:
        view = view[os.write(file.fd, view) :]


def _stage_seconds(rendered: Rendered) -> dict[str, float]:
    """Return the durations; one that is a difference may be less than 0 by a rounding error."""
    return {stage: max(0.0, seconds) for stage, seconds in rendered.seconds.items()}


def _load_handlers(handlers_module: str | None) -> Handlers:
    """Import everything before the worker enters the sandbox, where compiled modules cannot be written any more."""
    if handlers_module:
        module = importlib.import_module(handlers_module)
        return Handlers(module.render, module.render_all, module.inspect)
    from pixmill.engine.pixels import batch, pipeline, probe  # noqa: PLC0415 - within the resource limits

    return Handlers(pipeline.render, batch.render_all, probe.inspect)


def _warm_up(handlers: Handlers) -> None:
    """Render once, so that no job pays for initialisation."""
    handlers.render(memoryview(SELF_TEST_IMAGE), SELF_TEST_PLAN, Limits(), NO_EXTRAS, NO_RASTER)


def main(fd: int, handlers_module: str | None = None) -> None:
    """Run as the worker at this end of the socket."""
    die_with_parent()
    lower_priority()
    channel = open_socket(fd)
    match protocol.receive_command(channel):
        case (protocol.Configure() as configuration, []) if os.getppid() == configuration.parent_pid:
            file_bytes = max(configuration.limits.max_result_bytes, configuration.max_raster_bytes)
            set_rlimits(configuration.memory_bytes, file_bytes)
            loaded_handlers = _load_handlers(handlers_module)
            enter_sandbox(configuration.sandbox_mode, fd)
            if not handlers_module:
                _warm_up(loaded_handlers)
            with contextlib.suppress(ServerGone, ConnectionError):
                Worker(channel, loaded_handlers, configuration.limits, configuration.cpu_s).run()


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
