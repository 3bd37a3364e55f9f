"""One worker as an operating system process: started, spoken to, killed, buried.

Knows processes, sockets and environments. Must never know queues, deadlines or what a job is about.
"""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from typing import Final, Protocol

from pixmill.engine import wire

_MODULE: Final = "pixmill.engine.worker"  # by name: the serving process never imports it
_MAX_PAUSE_S: Final = 0.05

_KEPT: Final = (
    *("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH"),
    *("PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX"),
    *("XDG_CACHE_HOME", "FONTCONFIG_FILE", "FONTCONFIG_PATH"),  # text in SVG
)
"""All that a worker sees of the server's environment, which may hold secrets."""

_SET: Final = {
    "VIPS_CONCURRENCY": "1",  # parallelism comes from processes
    "VIPS_BLOCK_UNTRUSTED": "1",
    "VIPS_WARNING": "0",  # what is wrong with a stranger's picture is told in the answer, not on standard error
    "VIPS_DISC_THRESHOLD": "1000g",  # never a temporary file: pixels are bounded, and the disk may be read-only
    "OMP_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",  # glibc: one heap, not one for each thread
}


class Listener(Protocol):
    """Whoever hears what becomes of a process."""

    def said(self, reply: wire.Reply, file: wire.File | None) -> None:
        """The worker says something."""

    def ended(self, why: str) -> None:
        """The process has ended of itself, or had to be ended for talking nonsense. Called once, never after kill."""


class Process:
    """A running worker. Belongs to the thread and the loop that made it: the worker dies with that thread."""

    def __init__(self, setup: wire.Setup, handlers: str | None, listener: Listener) -> None:
        """Start it; takes less than a millisecond. Raises OSError when the system has no room for it."""
        self._loop = asyncio.get_running_loop()
        self._listener = listener
        self._killed = False
        self._burial: asyncio.Task[None] | None = None
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, contextlib.ExitStack() as undo:
            undo.callback(self._channel.close)
            self._child = _spawn(theirs.fileno(), handlers)
            undo.pop_all()
        self.pid = self._child.pid
        self._channel.setblocking(False)
        self._loop.add_reader(self._channel.fileno(), self._hear)
        self.say(setup)

    def say(self, order: wire.Order, *fds: int) -> None:
        """Never waits: the socket holds many orders. An order to a worker that has died is lost, which ``ended`` tells."""
        if not self._burial:
            try:
                wire.send(self._channel, order, *fds)
            except OSError as error:
                self._bury(f"cannot be told: {error.strerror}")

    def kill(self) -> None:
        """End it at once, whatever it does; it is heard no more."""
        self._killed = True
        self._bury("killed")

    async def buried(self) -> None:
        """Return when the process is gone; ``kill`` came before."""
        if self._burial:
            await self._burial

    def _hear(self) -> None:
        try:
            message = wire.receive_reply(self._channel)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._bury(f"socket: {error.strerror}")
        except wire.Garbled as error:
            self._bury(f"talked nonsense: {error}")
        else:
            if message:
                self._listener.said(*message)
            else:
                self._bury("died")

    def _bury(self, why: str) -> None:
        if self._burial:
            return
        self._loop.remove_reader(self._channel.fileno())
        self._channel.close()
        self._child.kill()
        self._burial = self._loop.create_task(self._wait(why))

    async def _wait(self, why: str) -> None:
        pause = 0.001
        while self._child.poll() is None:
            await asyncio.sleep(pause)
            pause = min(2 * pause, _MAX_PAUSE_S)
        if not self._killed:
            self._listener.ended(f"worker {self.pid} {why}, exit status {self._child.returncode}")


def _spawn(fd: int, handlers: str | None) -> "subprocess.Popen[bytes]":
    """``-P``: never a module from the folder that the server was started in, where pictures may lie."""
    command = [sys.executable, "-P", "-m", _MODULE, str(fd), *([handlers] if handlers else [])]
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ} | _SET
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=(fd,),
        env=environment,
        # Ctrl-C in a terminal is for the server. Not a session of its own: Linux would share the cores among sessions before it looks at
        # how nice anybody is (sched(7), autogroup), and a worker would weigh as much as the server.
        process_group=0,
    )
