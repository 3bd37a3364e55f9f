"""A worker process: takes jobs from a socket, one after the other, and answers each.

Knows the protocol and the two things that can be done to a picture. Must never know the network, the settings
or where pictures come from: every byte it needs is handed to it.

    python -m pixmill.engine.worker FD [HANDLERS]

FD is an open socket to the server. HANDLERS is a module with ``render``, ``render_all`` and ``inspect`` in place of the real ones.
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
from typing import Final

from pixmill.allocator import give_back
from pixmill.engine import wire
from pixmill.engine.confinement import (
    allow_cpu,
    die_with_parent,
    limit,
    lock_in,
    resident_bytes,
    stand_back,
)
from pixmill.engine.sample import PLAN, sample
from pixmill.errors import ImageTooLarge, Internal, PixmillError, ResultTooLarge
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Plan
from pixmill.plan.question import Question
from pixmill.plan.references import NO_EXTRAS, Extras, references
from pixmill.ports import Facts, Rendered

IDLE_MS: Final = 1_000
"""After so long without a job, unused memory goes back to the system."""


@dataclass(frozen=True, slots=True)
class Handlers:
    """What can be done to a picture."""

    render: Callable[[memoryview, Plan, Limits, Extras], Rendered]
    render_all: Callable[[memoryview, Sequence[Plan], Limits, Extras], Iterator[tuple[int, Rendered | PixmillError]]]
    inspect: Callable[[memoryview, Limits, Question], Facts]


class ServerGone(Exception):
    """Nobody is there to work for."""


class Worker:
    """Answers every job that it gets, in order; withdrawn ones with Skipped."""

    def __init__(self, channel: socket.socket, handlers: Handlers, limits: Limits, cpu_s: float) -> None:
        self._channel = channel
        self._handlers = handlers
        self._limits = limits
        self._cpu_s = cpu_s
        self._jobs: deque[tuple[wire.Job, list[wire.File]]] = deque()
        self._withdrawn: set[int] = set()

    def run(self) -> None:
        """Work until the server is gone."""
        wire.send(self._channel, wire.Ready())
        while True:
            self._listen()
            self._answer(*self._jobs.popleft())

    def _listen(self) -> None:
        """Take in all that was said, and wait until there is a job; a withdrawal is seen before its job begins."""
        while True:
            try:
                self._note(wire.receive_order(self._channel, socket.MSG_DONTWAIT))
            except BlockingIOError:
                if self._jobs:
                    return
                self._wait()

    def _wait(self) -> None:
        poll = select.poll()
        poll.register(self._channel, select.POLLIN)
        if not poll.poll(IDLE_MS):
            give_back()
            poll.poll()

    def _note(self, order: tuple[wire.Order, list[wire.File]] | None) -> None:
        match order:
            case (wire.Render() | wire.RenderAll() | wire.Inspect() as job, [_, *_] as files):
                self._jobs.append((job, files))
            case (wire.Withdraw(id=id_), []):
                if any(job.id == id_ for job, _ in self._jobs):
                    self._withdrawn.add(id_)
            case None:
                raise ServerGone
            case _:
                raise wire.Garbled("An order out of place")

    def _answer(self, job: wire.Job, files: list[wire.File]) -> None:
        if job.id in self._withdrawn:
            self._withdrawn.remove(job.id)
            wire.send(self._channel, wire.Skipped(job.id, resident_bytes()))
            return
        allow_cpu(self._cpu_s)
        try:
            reply, result = self._perform(job, *files)
        except PixmillError as error:
            reply, result = wire.failure(job.id, resident_bytes(), error), None
        wire.send(self._channel, reply, *([result.fd] if result else []))

    def _perform(self, job: wire.Job, file: wire.File, *others: wire.File) -> tuple[wire.Outcome, wire.File | None]:
        with _foreign_errors_ended(), _mapped(file, job.size) as source, _extras(job, others) as extras:
            if isinstance(job, wire.Inspect):
                return wire.Found(
                    job.id, resident_bytes(), self._handlers.inspect(source, self._limits, job.question)
                ), None
            if isinstance(job, wire.RenderAll):
                return self._render_all(job, source, extras)
            rendered = self._handlers.render(source, job.plan, self._limits, extras)
        self._check(len(rendered.body))
        picture = wire.Picture(
            job.id, resident_bytes(), rendered.format, rendered.width, rendered.height, rendered.seconds
        )
        return picture, _filled(rendered.body)

    def _render_all(
        self, job: wire.RenderAll, source: memoryview, extras: Extras
    ) -> tuple[wire.Outcome, wire.File | None]:
        """The results lie one behind the other in the file; all together they may be no larger than one alone could."""
        file = _filled(b"")
        results = {
            number: self._kept(job, result, file)
            for number, result in self._handlers.render_all(source, job.plans, self._limits, extras)
        }
        in_order = tuple(results[number] for number in range(len(job.plans)))
        return wire.Pictures(job.id, resident_bytes(), in_order), file if file.size else None

    def _kept(self, job: wire.RenderAll, result: Rendered | PixmillError, file: wire.File) -> wire.Made | wire.Failed:
        try:
            if isinstance(result, PixmillError):
                raise result
            at = file.size
            self._check(at + len(result.body))
        except PixmillError as error:
            return wire.failure(job.id, 0, error, alone=False)
        _write(file, result.body)
        return wire.Made(at, len(result.body), result.format, result.width, result.height, result.seconds)

    def _check(self, size: int) -> None:
        if size > self._limits.max_result_bytes:
            raise ResultTooLarge(f"The result may have at most {self._limits.max_result_bytes} bytes")


@contextlib.contextmanager
def _foreign_errors_ended() -> Iterator[None]:
    """Only our own failures leave: memory that ran out is the picture's fault, all else is a defect of ours."""
    try:
        yield
    except PixmillError:
        raise
    except MemoryError as error:
        raise ImageTooLarge("The original needs more memory than a render may have") from error
    except Exception as error:
        raise Internal(detail=traceback.format_exc()) from error


@contextlib.contextmanager
def _mapped(file: wire.File, size: int) -> Iterator[memoryview]:
    """The content without a copy. What a library still holds on to is unmapped when it lets go."""
    if not size:  # an empty file cannot be mapped
        yield memoryview(b"")
        return
    flags = mmap.MAP_PRIVATE | mmap.MAP_POPULATE  # older kernels map what is sealed no other way
    content = mmap.mmap(file.fd, size, flags=flags, prot=mmap.PROT_READ)
    view = memoryview(content)
    try:
        yield view
    finally:
        with contextlib.suppress(BufferError):
            view.release()
            content.close()


@contextlib.contextmanager
def _extras(job: wire.Job, files: Sequence[wire.File]) -> Iterator[Extras]:
    """The other pictures by what the job's plans call them."""
    if isinstance(job, wire.Inspect) or not files:
        yield NO_EXTRAS
        return
    with contextlib.ExitStack() as mapped:
        views = [mapped.enter_context(_mapped(file, size)) for file, size in zip(files, job.extras, strict=True)]
        yield {named.source: view for named, view in zip(references(*job.all_plans), views, strict=True)}


def _filled(body: bytes) -> wire.File:
    file = wire.File(os.memfd_create("pixmill-result", os.MFD_CLOEXEC))
    _write(file, body)
    return file


def _write(file: wire.File, body: bytes) -> None:
    view = memoryview(body)
    while view:
        view = view[os.write(file.fd, view) :]


def _load(name: str | None) -> Handlers:
    """Everything is imported before the worker locks itself in: later, what is compiled could not be kept for the next one."""
    if name:
        module = importlib.import_module(name)
        return Handlers(module.render, module.render_all, module.inspect)
    from pixmill.engine.pixels import pipeline, probe, together  # noqa: PLC0415 - within the limits only

    return Handlers(pipeline.render, together.render_all, probe.inspect)


def _warm_up(handlers: Handlers) -> None:
    """Everything has worked once before the first job, so that no job pays for it."""
    with sample() as original:
        handlers.render(memoryview(original.read()), PLAN, Limits(), NO_EXTRAS)


def main(fd: int, handlers: str | None = None) -> None:
    """Become a worker at the end of this socket."""
    die_with_parent()
    stand_back()
    channel = socket.socket(fileno=fd)
    match wire.receive_order(channel):
        case (wire.Setup() as setup, []) if os.getppid() == setup.parent:
            limit(setup.memory_bytes, setup.limits.max_result_bytes)
            able = _load(handlers)
            lock_in(setup.confinement, fd)
            if not handlers:
                _warm_up(able)
            with contextlib.suppress(ServerGone, ConnectionError):
                Worker(channel, able, setup.limits, setup.cpu_s).run()


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
