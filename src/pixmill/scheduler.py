"""For how long at a time the kernel lets a thread run (sched_setattr(2), heeded from Linux 6.12 on).

Who asks for short slices is let in sooner when it has something to do, and has no larger share for it.
"""

import ctypes
import os
import struct
from typing import Final

SHORT_NS: Final = 300_000
"""Several hits long; the kernel's own choice is ten times as much."""

_CALL: Final = {"x86_64": 314, "aarch64": 274}.get(os.uname().machine)
_ATTRIBUTES: Final = struct.Struct("=IIQiIQQQ")
"""Of sched(7), first version: size, policy, flags, nice, priority, runtime, deadline, period."""

_LIBC: Final = ctypes.CDLL(None)


def ask_for_short_slices() -> None:
    """For this thread, and for the threads and processes that it starts. Nothing happens where the kernel cannot."""
    _ask_for(SHORT_NS)


def ask_for_usual_slices() -> None:
    """The same, back to what the kernel chooses."""
    _ask_for(0)


def _ask_for(slice_ns: int) -> None:
    if _CALL is not None:
        nice = os.getpriority(os.PRIO_PROCESS, 0)
        _LIBC.syscall(_CALL, 0, _ATTRIBUTES.pack(_ATTRIBUTES.size, os.SCHED_OTHER, 0, nice, 0, slice_ns, 0, 0), 0)
