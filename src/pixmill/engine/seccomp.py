"""A filter of system calls, as the kernel takes it: a program of classic BPF (linux/seccomp.h, linux/bpf_common.h).

Knows how verdicts become instructions, and what arguments a worker's calls may have. Must never know jobs or files.
"""

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from pixmill.engine.syscalls import ALLOWED, CONDITIONAL, FATAL, REFUSED, Numbers

_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_SET_MODE_FILTER: Final = 1
_GET_ACTION_AVAIL: Final = 2
_TSYNC: Final = 1
"""For every thread that there is. Speculation is restrained as the kernel's own policy has it."""

_KILL: Final = 0x8000_0000
_ALLOW: Final = 0x7FFF_0000
_ERRNO: Final = 0x0005_0000

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _AND, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
_NUMBER_AT, _MACHINE_AT, _ARGUMENTS_AT = 0, 4, 16
_X32: Final = 0x4000_0000


@dataclass(frozen=True, slots=True)
class Machine:
    """``audit`` is its name in linux/audit.h, ``column`` its place in the tables, ``seccomp`` the number of that very call."""

    audit: int
    column: int
    seccomp: int
    x32: bool = False


MACHINES: Final = {
    "x86_64": Machine(0xC000_003E, 0, 317, x32=True),
    "aarch64": Machine(0xC000_00B7, 1, 277),
}

Instruction = tuple[int, int, int, int]
"""Code, how many instructions to skip if it is so, how many if not, and a number."""


# ---------------------------------------------------------------- what arguments may be


@dataclass(frozen=True, slots=True)
class OneOf:
    """The argument, as a number of 32 bits, is one of these."""

    argument: int
    values: Sequence[int]

    def instructions(self) -> list[Instruction]:
        tests = [(_EQUAL, len(self.values) - at - 1, 0, value) for at, value in enumerate(self.values[:-1])]
        return [(_LOAD, 0, 0, _low(self.argument)), *tests, (_EQUAL, 0, _FAIL, self.values[-1])]


@dataclass(frozen=True, slots=True)
class Without:
    """The argument, as a number of 32 bits, has none of these bits."""

    argument: int
    bits: int

    def instructions(self) -> list[Instruction]:
        return [(_LOAD, 0, 0, _low(self.argument)), (_ANY_BIT, _FAIL, 0, self.bits)]


@dataclass(frozen=True, slots=True)
class With:
    """The argument, as a number of 32 bits, has all of these bits."""

    argument: int
    bits: int

    def instructions(self) -> list[Instruction]:
        return [(_LOAD, 0, 0, _low(self.argument)), (_AND, 0, 0, self.bits), (_EQUAL, 0, _FAIL, self.bits)]


@dataclass(frozen=True, slots=True)
class Null:
    """The argument is a pointer to nothing."""

    argument: int

    def instructions(self) -> list[Instruction]:
        halves = (_low(self.argument), _low(self.argument) + 4)
        return [step for half in halves for step in ((_LOAD, 0, 0, half), (_EQUAL, 0, _FAIL, 0))]


Test = OneOf | Without | With | Null
_FAIL: Final = -1
"""Where to go on when a test fails, until it is known how far that is."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Allowed when all tests of one of the ways hold; otherwise answered with this error."""

    ways: Sequence[Sequence[Test]]
    otherwise: int = errno.EPERM


_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_TMPFILE & ~os.O_DIRECTORY
_THREAD: Final = 0x0001_0900
"""CLONE_THREAD, CLONE_SIGHAND and CLONE_VM: a thread, no process."""
_APART: Final = 0x7E02_2080
"""CLONE_NEW… and CLONE_PTRACE."""
_NAMING: Final = (15, 16, 0x5356_4D41)
"""PR_SET_NAME, PR_GET_NAME, PR_SET_VMA: what glibc and libraries call their threads and their memory."""
_CLOSING: Final = (0x5450, 0x5451)
"""FIONCLEX, FIOCLEX."""
_RLIMIT_CPU: Final = 0


def _rules(channel: int, pid: int) -> dict[str, Rule]:
    spoken = Rule([[OneOf(0, [channel])]])
    myself = OneOf(0, [0, pid])
    return {
        "open": Rule([[Without(1, _WRITING)]], errno.EACCES),
        "openat": Rule([[Without(2, _WRITING)]], errno.EACCES),
        "clone": Rule([[With(0, _THREAD), Without(0, _APART)]]),
        "kill": Rule([[OneOf(0, [pid])]]),  # abort() says so to itself
        "tgkill": Rule([[OneOf(0, [pid])]]),
        "prctl": Rule([[OneOf(0, _NAMING)]]),
        "ioctl": Rule([[OneOf(1, _CLOSING)]], errno.ENOTTY),
        "prlimit64": Rule([[myself, Null(2)], [myself, OneOf(1, [_RLIMIT_CPU])]]),
        "setrlimit": Rule([[OneOf(0, [_RLIMIT_CPU])]]),
        "sendto": spoken,
        "recvfrom": spoken,
        "sendmsg": spoken,
        "recvmsg": spoken,
    }


# ---------------------------------------------------------------- the program


def program(machine: Machine, channel: int, pid: int) -> list[Instruction]:
    """For the worker of this id that talks to the server by this descriptor."""
    kill, allow, refuse = ((_RETURN, 0, 0, verdict) for verdict in (_KILL, _ALLOW, _ERRNO | errno.EPERM))
    rules = _rules(channel, pid)
    steps = [(_LOAD, 0, 0, _MACHINE_AT), (_EQUAL, 1, 0, machine.audit), kill, (_LOAD, 0, 0, _NUMBER_AT)]
    if machine.x32:
        steps += [(_AT_LEAST, 0, 1, _X32), kill]
    for table, verdict in ((ALLOWED, allow), (REFUSED, refuse), (FATAL, kill)):
        for number in _numbers(table, machine).values():
            steps += [(_EQUAL, 0, 1, number), verdict]
    for name, number in _numbers(CONDITIONAL, machine).items():
        body = _body(rules[name])
        steps += [(_EQUAL, 0, len(body), number), *body]
    return [*steps, (_RETURN, 0, 0, _ERRNO | errno.ENOSYS)]


def _numbers(table: Numbers, machine: Machine) -> dict[str, int]:
    return {name: number for name, each in table.items() if (number := each[machine.column]) is not None}


def _body(rule: Rule) -> list[Instruction]:
    ways = [[*(step for test in way for step in test.instructions()), (_RETURN, 0, 0, _ALLOW)] for way in rule.ways]
    return [*(step for way in ways for step in _aimed(way)), (_RETURN, 0, 0, _ERRNO | rule.otherwise)]


def _aimed(way: list[Instruction]) -> list[Instruction]:
    """A test that fails goes on behind this way."""
    return [
        (code, _to(len(way) - at - 1, yes), _to(len(way) - at - 1, no), value)
        for at, (code, yes, no, value) in enumerate(way)
    ]


def _to(end: int, skip: int) -> int:
    return end if skip == _FAIL else skip


def _low(argument: int) -> int:
    """Where the low half of an argument of 64 bits is, on machines that keep it first."""
    return _ARGUMENTS_AT + 8 * argument


# ---------------------------------------------------------------- the kernel


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.c_char_p)]


def machine() -> Machine | None:
    """The one we are on, if its calls are known here."""
    return MACHINES.get(platform.machine()) if ctypes.sizeof(ctypes.c_void_p) == 8 else None  # noqa: PLR2004 - bytes of a pointer


def allowed(machine: Machine) -> int:
    """How many calls may be made, some with some arguments only."""
    return len(_numbers(ALLOWED, machine) | _numbers(CONDITIONAL, machine))


def is_available() -> bool:
    """Whether the kernel filters calls, and may be asked to."""
    here = machine()
    action = ctypes.c_uint32(_KILL)
    return here is not None and _call(here, _GET_ACTION_AVAIL, 0, ctypes.byref(action)) == 0


def restrict(channel: int) -> None:
    """From now on this process makes no other calls; that cannot be undone. Raises OSError."""
    here = machine()
    if here is None:
        raise OSError(errno.ENOSYS, f"the calls of {platform.machine()} are not known here")
    steps = b"".join(struct.pack("=HBBI", *step) for step in program(here, channel, os.getpid()))
    filled = _Program(len(steps) // struct.calcsize("=HBBI"), steps)
    if _call(here, _SET_MODE_FILTER, _TSYNC, ctypes.byref(filled)):
        code = ctypes.get_errno()
        raise OSError(code, f"seccomp: {os.strerror(code)}")


def _call(here: Machine, *arguments: Any) -> int:
    return int(_LIBC.syscall(ctypes.c_long(here.seccomp), *arguments))
