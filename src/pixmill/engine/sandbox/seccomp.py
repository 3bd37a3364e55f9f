"""seccomp filter of system calls: a program of classic BPF (linux/seccomp.h, linux/bpf_common.h).

Knows how actions become instructions, and which arguments a worker's calls may have. Must never know jobs or files.
"""

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from pixmill.engine.sandbox.syscalls import ALLOWED, CONDITIONAL, DENIED, FATAL, SyscallNumbers

_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_SET_MODE_FILTER: Final = 1
_GET_ACTION_AVAIL: Final = 2
_TSYNC: Final = 1
"""Flags: for all threads; speculation is restricted by the kernel's own policy."""

_KILL: Final = 0x8000_0000
_ALLOW: Final = 0x7FFF_0000
_ERRNO: Final = 0x0005_0000

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _AND, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
_NUMBER_OFFSET, _ARCHITECTURE_OFFSET, _ARGUMENTS_OFFSET = 0, 4, 16
_X32_SYSCALL_BIT: Final = 0x4000_0000


@dataclass(frozen=True, slots=True)
class Architecture:
    """``audit``: its constant in linux/audit.h; ``column``: in the tables; ``seccomp``: the number of that call."""

    audit_id: int
    table_column: int
    seccomp_number: int
    has_x32: bool = False


ARCHITECTURES: Final = {
    "x86_64": Architecture(0xC000_003E, 0, 317, has_x32=True),
    "aarch64": Architecture(0xC000_00B7, 1, 277),
}

Instruction = tuple[int, int, int, int]
"""Code, instructions to skip if true, instructions to skip if false, and a number."""


# ---------------------------------------------------------------- tests of arguments


@dataclass(frozen=True, slots=True)
class OneOf:
    """The argument, as a number of 32 bits, is one of these."""

    argument: int
    values: Sequence[int]

    def instructions(self) -> list[Instruction]:
        jumps = [(_EQUAL, len(self.values) - at - 1, 0, value) for at, value in enumerate(self.values[:-1])]
        return [(_LOAD, 0, 0, _low_word_offset(self.argument)), *jumps, (_EQUAL, 0, _JUMP_ON_FAILURE, self.values[-1])]


@dataclass(frozen=True, slots=True)
class BitsClear:
    """The argument, as a number of 32 bits, has none of these bits."""

    argument: int
    bits: int

    def instructions(self) -> list[Instruction]:
        return [(_LOAD, 0, 0, _low_word_offset(self.argument)), (_ANY_BIT, _JUMP_ON_FAILURE, 0, self.bits)]


@dataclass(frozen=True, slots=True)
class BitsSet:
    """The argument, as a number of 32 bits, has all of these bits."""

    argument: int
    bits: int

    def instructions(self) -> list[Instruction]:
        return [
            (_LOAD, 0, 0, _low_word_offset(self.argument)),
            (_AND, 0, 0, self.bits),
            (_EQUAL, 0, _JUMP_ON_FAILURE, self.bits),
        ]


@dataclass(frozen=True, slots=True)
class NullPointer:
    """The argument is a pointer to nothing."""

    argument: int

    def instructions(self) -> list[Instruction]:
        halves = (_low_word_offset(self.argument), _low_word_offset(self.argument) + 4)
        return [
            instruction for half in halves for instruction in ((_LOAD, 0, 0, half), (_EQUAL, 0, _JUMP_ON_FAILURE, 0))
        ]


ArgumentTest = OneOf | BitsClear | BitsSet | NullPointer
_JUMP_ON_FAILURE: Final = -1
"""Placeholder for the jump of a failed test, until its distance is known."""


@dataclass(frozen=True, slots=True)
class SyscallRule:
    """Allowed when all tests of one alternative hold; otherwise fails with this error."""

    alternatives: Sequence[Sequence[ArgumentTest]]
    error_number: int = errno.EPERM


_WRITE_FLAGS: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_TMPFILE & ~os.O_DIRECTORY
_THREAD_FLAGS: Final = 0x0001_0900
"""CLONE_THREAD, CLONE_SIGHAND and CLONE_VM: a thread, not a process."""
_NAMESPACE_FLAGS: Final = 0x7E02_2080
"""CLONE_NEW… and CLONE_PTRACE."""
_NAMING_OPTIONS: Final = (15, 16, 0x5356_4D41)
"""PR_SET_NAME, PR_GET_NAME, PR_SET_VMA: glibc and libraries name their threads and memory."""
_CLOSE_ON_EXEC_REQUESTS: Final = (0x5450, 0x5451)
"""FIONCLEX, FIOCLEX."""
_RLIMIT_CPU: Final = 0


def _syscall_rules(channel: int, pid: int) -> dict[str, SyscallRule]:
    own_channel = SyscallRule([[OneOf(0, [channel])]])
    own_pid = OneOf(0, [0, pid])
    return {
        "open": SyscallRule([[BitsClear(1, _WRITE_FLAGS)]], errno.EACCES),
        "openat": SyscallRule([[BitsClear(2, _WRITE_FLAGS)]], errno.EACCES),
        "clone": SyscallRule([[BitsSet(0, _THREAD_FLAGS), BitsClear(0, _NAMESPACE_FLAGS)]]),
        "kill": SyscallRule([[OneOf(0, [pid])]]),  # abort() signals itself
        "tgkill": SyscallRule([[OneOf(0, [pid])]]),
        "prctl": SyscallRule([[OneOf(0, _NAMING_OPTIONS)]]),
        "ioctl": SyscallRule([[OneOf(1, _CLOSE_ON_EXEC_REQUESTS)]], errno.ENOTTY),
        "prlimit64": SyscallRule([[own_pid, NullPointer(2)], [own_pid, OneOf(1, [_RLIMIT_CPU])]]),
        "setrlimit": SyscallRule([[OneOf(0, [_RLIMIT_CPU])]]),
        "sendto": own_channel,
        "recvfrom": own_channel,
        "sendmsg": own_channel,
        "recvmsg": own_channel,
    }


# ---------------------------------------------------------------- the program


def build_program(architecture: Architecture, channel: int, pid: int) -> list[Instruction]:
    """Return the rules for the worker with this process id, which talks to the server by this descriptor."""
    kill, allow, deny = ((_RETURN, 0, 0, action) for action in (_KILL, _ALLOW, _ERRNO | errno.EPERM))
    rules = _syscall_rules(channel, pid)
    instructions = [
        (_LOAD, 0, 0, _ARCHITECTURE_OFFSET),
        (_EQUAL, 1, 0, architecture.audit_id),
        kill,
        (_LOAD, 0, 0, _NUMBER_OFFSET),
    ]
    if architecture.has_x32:
        instructions += [(_AT_LEAST, 0, 1, _X32_SYSCALL_BIT), kill]
    for table, action in ((ALLOWED, allow), (DENIED, deny), (FATAL, kill)):
        for number in _syscall_numbers(table, architecture).values():
            instructions += [(_EQUAL, 0, 1, number), action]
    for name, number in _syscall_numbers(CONDITIONAL, architecture).items():
        body = _rule_body(rules[name])
        instructions += [(_EQUAL, 0, len(body), number), *body]
    return [*instructions, (_RETURN, 0, 0, _ERRNO | errno.ENOSYS)]


def _syscall_numbers(table: SyscallNumbers, architecture: Architecture) -> dict[str, int]:
    return {
        name: number for name, numbers in table.items() if (number := numbers[architecture.table_column]) is not None
    }


def _rule_body(rule: SyscallRule) -> list[Instruction]:
    alternatives = [
        [*(step for test in alternative for step in test.instructions()), (_RETURN, 0, 0, _ALLOW)]
        for alternative in rule.alternatives
    ]
    return [
        *(instruction for way in alternatives for instruction in _resolve_jumps(way)),
        (_RETURN, 0, 0, _ERRNO | rule.error_number),
    ]


def _resolve_jumps(alternative: list[Instruction]) -> list[Instruction]:
    """Make failed tests jump behind this alternative."""
    return [
        (
            code,
            _jump_offset(len(alternative) - at - 1, if_true),
            _jump_offset(len(alternative) - at - 1, if_false),
            value,
        )
        for at, (code, if_true, if_false, value) in enumerate(alternative)
    ]


def _jump_offset(end: int, skip: int) -> int:
    return end if skip == _JUMP_ON_FAILURE else skip


def _low_word_offset(argument: int) -> int:
    """Return the offset of the low half of a 64-bit argument on little-endian machines."""
    return _ARGUMENTS_OFFSET + 8 * argument


# ---------------------------------------------------------------- the kernel


class _SockFprog(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.c_char_p)]


def current_architecture() -> Architecture | None:
    """Return the current architecture, if its system calls are known here."""
    return ARCHITECTURES.get(platform.machine()) if ctypes.sizeof(ctypes.c_void_p) == 8 else None  # noqa: PLR2004 - bytes of a pointer


def count_allowed(architecture: Architecture) -> int:
    """Count the allowed calls, also those restricted by arguments."""
    return len(_syscall_numbers(ALLOWED, architecture) | _syscall_numbers(CONDITIONAL, architecture))


def is_available() -> bool:
    """Whether the kernel supports seccomp filters and lets us use them."""
    architecture = current_architecture()
    action = ctypes.c_uint32(_KILL)
    return architecture is not None and _call(architecture, _GET_ACTION_AVAIL, 0, ctypes.byref(action)) == 0


def restrict(channel: int) -> None:
    """Install the filter in this process, for good. Raises OSError."""
    architecture = current_architecture()
    if architecture is None:
        raise OSError(errno.ENOSYS, f"the calls of {platform.machine()} are not known here")
    instructions = b"".join(
        struct.pack("=HBBI", *instruction) for instruction in build_program(architecture, channel, os.getpid())
    )
    filter_program = _SockFprog(len(instructions) // struct.calcsize("=HBBI"), instructions)
    if _call(architecture, _SET_MODE_FILTER, _TSYNC, ctypes.byref(filter_program)):
        code = ctypes.get_errno()
        raise OSError(code, f"seccomp: {os.strerror(code)}")


def _call(architecture: Architecture, *arguments: Any) -> int:
    return int(_LIBC.syscall(ctypes.c_long(architecture.seccomp_number), *arguments))
