"""Forks the server processes, replaces those that die, passes signals on, and ends when all have ended.

Knows processes, signals and the hub. Must never open an event loop or a thread: each server process is a fork of this
one, so that they share the memory of what is imported, and a replacement needs no import.

The first process is started alone: it alone says why a start fails, and sets up what all share.
"""

import gc
import os
import selectors
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Final

from pixmill.processes.hub import Hub, MessageObserver
from pixmill.processes.messages import Message
from pixmill.runtime.backoff import Backoff
from pixmill.runtime.event_log import EventLog

LISTENING: Final = "listening"
"""The note of a process that accepts connections."""

STABLE_S: Final = 60.0
"""A process that has lived for so long is replaced at once when it dies, as any is the first time."""

RESTART_BACKOFF: Final = Backoff(initial_s=0.5, max_s=30.0)

STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
FORWARDED_SIGNALS: Final = (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
"""What these mean is for each server process to know."""

_WAKE_BYTES: Final = 4_096
_MAX_WAIT_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """What a forked process knows of itself; ``is_replacement``: of one that has died."""

    slot: int
    count: int
    channel: socket.socket
    is_replacement: bool


@dataclass(slots=True)
class _Slot:
    """One of the processes: running if it has a ``pid``, else to be started at ``start_at``."""

    start_at: float = 0.0
    pid: int = 0
    started_at: float = 0.0
    failures: int = 0
    is_listening: bool = False
    has_run: bool = False


class Supervisor:
    """``count`` server processes. ``stop_timeout_s`` is what they have to drain; then they are killed.

    ``on_ready`` is called once, when all listen. ``observer`` sees what they send.
    """

    def __init__(
        self, count: int, observer: MessageObserver, on_ready: Callable[[], None], *, stop_timeout_s: float
    ) -> None:
        self._count = count
        self._observer = observer
        self._on_ready = on_ready
        self._stop_timeout_s = stop_timeout_s
        self._slots = {0: _Slot()}
        self._selector = selectors.DefaultSelector()
        self._hub = Hub(self._selector, self._on_message, observer)
        self._signals = _Signals(self._selector)
        self._stop_deadline: float | None = None
        self._is_ready = False
        self._exit_code = 0
        self._log = EventLog("processes")

    def run(self) -> ServerProcess | None:
        """Return, in each server process, what it is; in this one None when all have ended.

        Raises SystemExit with the code of a first process that could not start, and with 1 after one that was killed.
        """
        gc.freeze()
        while self._stop_deadline is None or any(slot.pid for slot in self._slots.values()):
            for number in self._due():
                process = self._fork(number)
                if process is not None:
                    return process
            self._wait()
            self._reap()
        if self._exit_code:
            raise SystemExit(self._exit_code)
        return None

    def _due(self) -> list[int]:
        """Return the processes to be started now."""
        if self._stop_deadline is not None:
            return []
        return [number for number, slot in self._slots.items() if not slot.pid and slot.start_at <= monotonic()]

    def _fork(self, number: int) -> ServerProcess | None:
        slot, (own_end, process_end) = self._slots[number], socket.socketpair()
        pid = os.fork()
        if not pid:
            own_end.close()
            self._hub.close()
            self._signals.restore()
            self._selector.close()
            return ServerProcess(number, self._count, process_end, slot.has_run)
        process_end.close()
        self._hub.add(number, own_end)
        slot.pid, slot.started_at, slot.is_listening, slot.has_run = pid, monotonic(), False, True
        return None

    def _wait(self) -> None:
        """Wait for signals, messages, and what is due; handle the first two."""
        now = monotonic()
        times = [slot.start_at for slot in self._slots.values() if not slot.pid and self._stop_deadline is None]
        times += [at for at in (self._hub.next_deadline(), self._stop_deadline) if at is not None]
        for key, events in self._selector.select(
            min(max(0.0, min(times, default=now + _MAX_WAIT_S) - now), _MAX_WAIT_S)
        ):
            if key.data is None:
                for number in self._signals.read():
                    self._on_signal(number)
            else:
                self._hub.handle(key.data, events)
        self._hub.expire()
        if self._stop_deadline is not None and monotonic() >= self._stop_deadline:
            self._kill_late()

    def _on_signal(self, number: int) -> None:
        if number in STOP_SIGNALS:
            self._stop()
        elif number in FORWARDED_SIGNALS:
            self._signal_all(number)

    def _stop(self, exit_code: int = 0) -> None:
        if self._stop_deadline is None:
            self._stop_deadline = monotonic() + self._stop_timeout_s
            self._exit_code = exit_code
            self._signal_all(signal.SIGTERM)

    def _kill_late(self) -> None:
        self._exit_code = self._exit_code or 1
        self._stop_deadline = monotonic() + self._stop_timeout_s
        self._log.warning("processes_killed", after_s=self._stop_timeout_s)
        self._signal_all(signal.SIGKILL)

    def _signal_all(self, number: int) -> None:
        for slot in self._slots.values():
            if slot.pid:
                with suppress(ProcessLookupError):
                    os.kill(slot.pid, number)

    def _reap(self) -> None:
        for number, slot in self._slots.items():
            pid, status = os.waitpid(slot.pid, os.WNOHANG) if slot.pid else (0, 0)
            if pid:
                slot.pid = 0
                self._hub.remove(number)
                self._observer.ended(number)
                self._on_end(number, slot, os.waitstatus_to_exitcode(status))

    def _on_end(self, number: int, slot: _Slot, code: int) -> None:
        """Plan the replacement of a process, with back-off; end after a first one that cannot start."""
        if self._stop_deadline is not None:
            self._exit_code = self._exit_code or int(code < 0 and -code not in STOP_SIGNALS)
            return
        if len(self._slots) == 1 < self._count and not slot.is_listening:
            self._stop(code if code > 0 else 1)
            return
        if monotonic() - slot.started_at >= STABLE_S:
            slot.failures = 0
        delay_s = RESTART_BACKOFF.delay_s(slot.failures - 1) if slot.failures else 0.0
        slot.failures += 1
        slot.start_at = monotonic() + delay_s
        self._log.warning("process_replaced", process=number, exit_code=code, after_s=delay_s)

    def _on_message(self, slot: int, message: Message) -> None:
        self._observer.observe(slot, message)
        if message.kind != LISTENING or message.number:
            return
        self._slots[slot].is_listening = True
        self._hub.mark_serving(slot)
        for number in range(self._count):
            self._slots.setdefault(number, _Slot())
        if not self._is_ready and all(each.is_listening for each in self._slots.values()):
            self._is_ready = True
            self._on_ready()


class _Signals:
    """Signals as bytes of a socket that ``selector`` watches: a handler could interrupt anything."""

    def __init__(self, selector: selectors.BaseSelector) -> None:
        self._woken, self._wake = socket.socketpair()
        for end in (self._woken, self._wake):
            end.setblocking(False)
        selector.register(self._woken, selectors.EVENT_READ)
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        numbers = (signal.SIGCHLD, *STOP_SIGNALS, *FORWARDED_SIGNALS)
        self._previous = {number: signal.signal(number, lambda *_: None) for number in numbers}

    def read(self) -> bytes:
        """Return the numbers of the signals that have come."""
        with suppress(BlockingIOError):
            return self._woken.recv(_WAKE_BYTES)
        return b""

    def restore(self) -> None:
        """Undo all of it, in a forked process."""
        signal.set_wakeup_fd(-1)
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._woken.close()
        self._wake.close()
