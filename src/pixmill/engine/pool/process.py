"""A worker as an operating system process: starts it, talks to it, kills and reaps it.

Knows processes, sockets and environments. Must never know queues, deadlines or jobs.
"""

import asyncio
import contextlib
import os
import subprocess
import sys
from typing import Final, Protocol

from pixmill.engine import protocol
from pixmill.engine.pool.worker_output import WorkerOutput
from pixmill.runtime.framed_socket import socket_pair

_WORKER_MODULE: Final = "pixmill.engine.worker"  # by name: the serving process never imports it
_MAX_POLL_INTERVAL_S: Final = 0.05

_INHERITED_ENVIRONMENT: Final = (
    *("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH"),
    *("PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX"),
    *("XDG_CACHE_HOME", "FONTCONFIG_FILE", "FONTCONFIG_PATH"),  # text in SVG
)
"""The only variables that a worker inherits: the server's environment may hold secrets."""

_FIXED_ENVIRONMENT: Final = {
    "VIPS_CONCURRENCY": "1",  # parallelism comes from processes
    "VIPS_BLOCK_UNTRUSTED": "1",
    "VIPS_WARNING": "0",  # errors of an image belong in the response, not on standard error
    "VIPS_DISC_THRESHOLD": "1000g",  # never a temporary file: pixels are limited, and the disk may be read-only
    "OMP_NUM_THREADS": "1",
    "LC_MESSAGES": "en_US.UTF-8",  # systemLanguage in SVG: as in browsers, not the language of the machine
    "MALLOC_ARENA_MAX": "1",  # glibc: one heap, not one per thread
}


class ProcessEvents(Protocol):
    """The owner of a process."""

    def on_reply(self, reply: protocol.Reply) -> None:
        """The worker has replied."""

    def on_exit(self, detail: str) -> None:
        """The process has exited, or was killed for a protocol error. Called once, never after ``kill``."""


class Process:
    """A running worker. Belongs to the thread and the event loop that started it: the worker dies with that thread."""

    def __init__(self, configuration: protocol.Configure, handlers_module: str | None, events: ProcessEvents) -> None:
        """Start it, in less than a millisecond. Raises OSError when the system has no resources."""
        self._loop = asyncio.get_running_loop()
        self._events = events
        self._killed = False
        self._reap_task: asyncio.Task[None] | None = None
        self._channel, worker_end = socket_pair()
        with worker_end, contextlib.ExitStack() as undo:
            undo.callback(self._channel.close)
            self._output = WorkerOutput()
            undo.callback(self._output.close)
            self._child = _spawn(worker_end.fileno(), self._output.writing_fd, handlers_module)
            undo.pop_all()
        self.pid = self._child.pid
        self._output.start(self.pid)
        self._channel.setblocking(False)
        self._loop.add_reader(self._channel.fileno(), self._on_readable)
        self.send(configuration)

    def send(self, command: protocol.Command, *fds: int) -> None:
        """Send without waiting: the socket holds many commands. If the worker has died, ``on_exit`` follows."""
        if not self._reap_task:
            try:
                protocol.send(self._channel, command, *fds)
            except OSError as error:
                self._reap(f"cannot send: {error.strerror}")

    def kill(self) -> None:
        """Kill it at once; no more events follow."""
        self._killed = True
        self._reap("killed")

    async def reaped(self) -> None:
        """Return when the process is gone, after ``kill``."""
        if self._reap_task:
            await self._reap_task

    def _on_readable(self) -> None:
        try:
            message = protocol.receive_reply(self._channel)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._reap(f"socket: {error.strerror}")
        except protocol.ProtocolError as error:
            self._reap(f"protocol error: {error}")
        else:
            if message:
                self._events.on_reply(message)
            else:
                self._reap("died")

    def _reap(self, detail: str) -> None:
        if self._reap_task:
            return
        self._loop.remove_reader(self._channel.fileno())
        self._channel.close()
        self._child.kill()
        self._reap_task = self._loop.create_task(self._wait_for_exit(detail))

    async def _wait_for_exit(self, detail: str) -> None:
        poll_interval_s = 0.001
        while self._child.poll() is None:
            await asyncio.sleep(poll_interval_s)
            poll_interval_s = min(2 * poll_interval_s, _MAX_POLL_INTERVAL_S)
        self._output.close()
        if not self._killed:
            self._events.on_exit(f"worker {self.pid} {detail}, exit status {self._child.returncode}")


def _spawn(fd: int, output_fd: int, handlers_module: str | None) -> "subprocess.Popen[bytes]":
    """Start a worker. ``-P``: never import a module from the current directory, where images may be."""
    command = [_interpreter(), "-P", "-m", _WORKER_MODULE, str(fd), *([handlers_module] if handlers_module else [])]
    environment = {name: os.environ[name] for name in _INHERITED_ENVIRONMENT if name in os.environ} | _FIXED_ENVIRONMENT
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=output_fd,
        pass_fds=(fd,),
        env=environment,
        # Ctrl-C in a terminal is for the server. Not a session of its own: Linux shares the cores among sessions before
        # it considers niceness (sched(7), autogroup), so a worker would weigh as much as the server.
        process_group=0,
    )


def _interpreter() -> str:
    """Return the Python of ``multiprocessing``: a program that embeds Python names it by ``set_executable``."""
    spawn = sys.modules.get("multiprocessing.spawn")
    return os.fsdecode(spawn.get_executable()) if spawn else sys.executable
