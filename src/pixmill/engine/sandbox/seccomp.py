"""seccomp filter of system calls: a program of classic BPF (linux/seccomp.h, linux/bpf_common.h).

Knows how actions become instructions, and which arguments a worker's calls may have. Must never know jobs or files.
"""

import ctypes
import errno
import fcntl
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
    """The argument, as a number of 32 bits and without ``ignored_bits``, is one of these."""

    argument: int
    values: Sequence[int]
    ignored_bits: int = 0

    def instructions(self) -> list[Instruction]:
        mask = [(_AND, 0, 0, ~self.ignored_bits & 0xFFFF_FFFF)] if self.ignored_bits else []
        jumps = [(_EQUAL, len(self.values) - at - 1, 0, value) for at, value in enumerate(self.values[:-1])]
        last = (_EQUAL, 0, _JUMP_ON_FAILURE, self.values[-1])
        return [(_LOAD, 0, 0, _low_word_offset(self.argument)), *mask, *jumps, last]


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
_FORBIDDEN_OPEN_FLAGS: Final = _WRITE_FLAGS | os.O_ASYNC | os.O_PATH
"""Also what makes the kernel send signals, and descriptors of files that Landlock forbids to read."""
_THREAD_FLAGS: Final = 0x0005_0F00
"""CLONE_VM, _FS, _FILES, _SIGHAND, _THREAD and _SYSVSEM: a thread, which shares everything with the others. With
descriptors of its own each thread could hold as many files as RLIMIT_NOFILE allows."""
_THREAD_SETUP_FLAGS: Final = 0x0178_0000
"""CLONE_SETTLS, _PARENT_SETTID, _CHILD_CLEARTID, _DETACHED and _CHILD_SETTID: how C libraries start a thread."""
_NAMING_OPTIONS: Final = (15, 16, 0x5356_4D41)
"""PR_SET_NAME, PR_GET_NAME, PR_SET_VMA: glibc and libraries name their threads and memory."""
_CLOSE_ON_EXEC_REQUESTS: Final = (0x5450, 0x5451)
"""FIONCLEX, FIOCLEX."""
_DESCRIPTOR_COMMANDS: Final = (fcntl.F_DUPFD, fcntl.F_DUPFD_CLOEXEC, fcntl.F_GETFD, fcntl.F_SETFD, fcntl.F_GETFL)
"""Not F_SETOWN, F_SETSIG, F_NOTIFY or F_SETLEASE: the kernel would send signals, SIGKILL too, to
any process of the same user; nor locks, which others wait for, nor F_SETPIPE_SZ, which takes kernel memory."""
_SETTABLE_STATUS_FLAGS: Final = os.O_ACCMODE | os.O_APPEND | os.O_NONBLOCK | 0o500000
"""The last are O_LARGEFILE and O_NOFOLLOW, each on one of the architectures. Not O_ASYNC: it makes the kernel send
signals."""
_MAP_SHARED, _MAP_ANONYMOUS, _MAP_GROWSDOWN, _MAP_LOCKED, _MAP_HUGETLB = 0x1, 0x20, 0x100, 0x2000, 0x4_0000
_UNCOUNTED_MAPPINGS: Final = _MAP_GROWSDOWN | _MAP_LOCKED | _MAP_HUGETLB
"""RLIMIT_DATA counts neither stacks nor huge pages."""
_PROT_WRITE, _PROT_GROWS = 0x2, 0x0300_0000
_MREMAP_DONTUNMAP: Final = 0x4
_MEMORY_ADVICE: Final = (0, 1, 2, 3, 4, 8, 14, 15, 16, 17)
"""MADV_NORMAL, _RANDOM, _SEQUENTIAL, _WILLNEED, _DONTNEED, _FREE, _HUGEPAGE, _NOHUGEPAGE, _DONTDUMP, _DODUMP. Not
MADV_MERGEABLE: merged pages tell what other processes have in memory."""
_FUTEX_OPERATIONS: Final = (0, 1, 3, 4, 5, 9, 10)
"""FUTEX_WAIT, _WAKE, _REQUEUE, _CMP_REQUEUE, _WAKE_OP, _WAIT_BITSET, _WAKE_BITSET. Not the operations with priority
inheritance: they name threads of other processes."""
_FUTEX_FLAGS: Final = 0x180
"""FUTEX_PRIVATE_FLAG, FUTEX_CLOCK_REALTIME."""
_RLIMIT_CPU: Final = 0


def _all_but(bits: int) -> int:
    return ~bits & 0xFFFF_FFFF


def _syscall_rules(channel: int, pid: int) -> dict[str, SyscallRule]:
    own_channel = SyscallRule([[OneOf(0, [channel])]])
    own_pid = OneOf(0, [0, pid])
    own_process = SyscallRule([[own_pid]])
    return {
        "open": SyscallRule([[BitsClear(1, _FORBIDDEN_OPEN_FLAGS)]], errno.EACCES),
        "openat": SyscallRule([[BitsClear(2, _FORBIDDEN_OPEN_FLAGS)]], errno.EACCES),
        "fcntl": SyscallRule(
            [
                [OneOf(1, _DESCRIPTOR_COMMANDS)],
                [OneOf(1, [fcntl.F_SETFL]), BitsClear(2, _all_but(_SETTABLE_STATUS_FLAGS))],
            ]
        ),
        "pipe2": SyscallRule([[BitsClear(1, _all_but(os.O_CLOEXEC | os.O_NONBLOCK))]]),
        "eventfd2": SyscallRule([[BitsClear(1, _all_but(os.O_CLOEXEC | os.O_NONBLOCK | 1))]]),
        "mmap": SyscallRule(
            [
                [BitsClear(3, _UNCOUNTED_MAPPINGS | _MAP_SHARED)],
                [BitsClear(3, _UNCOUNTED_MAPPINGS | _MAP_ANONYMOUS), BitsClear(2, _PROT_WRITE)],
            ]
        ),
        "mremap": SyscallRule([[BitsClear(3, _MREMAP_DONTUNMAP)]]),
        "mprotect": SyscallRule([[BitsClear(2, _PROT_GROWS)]]),
        "madvise": SyscallRule([[OneOf(2, _MEMORY_ADVICE)]], errno.EINVAL),
        "futex": SyscallRule([[OneOf(1, _FUTEX_OPERATIONS, _FUTEX_FLAGS)]], errno.ENOSYS),
        "clone": SyscallRule(
            [[BitsSet(0, _THREAD_FLAGS), BitsClear(0, _all_but(_THREAD_FLAGS | _THREAD_SETUP_FLAGS))]]
        ),
        "kill": SyscallRule([[OneOf(0, [pid])]]),  # abort() signals itself
        "tgkill": SyscallRule([[OneOf(0, [pid])]]),
        "prctl": SyscallRule([[OneOf(0, _NAMING_OPTIONS)]]),
        "ioctl": SyscallRule([[OneOf(1, _CLOSE_ON_EXEC_REQUESTS)]], errno.ENOTTY),
        "prlimit64": SyscallRule([[own_pid, NullPointer(2)], [own_pid, OneOf(1, [_RLIMIT_CPU])]]),
        "setrlimit": SyscallRule([[OneOf(0, [_RLIMIT_CPU])]]),
        "sched_getaffinity": own_process,
        "sched_getparam": own_process,
        "sched_getscheduler": own_process,
        "getpriority": SyscallRule([[OneOf(0, [os.PRIO_PROCESS]), OneOf(1, [0, pid])]]),
        "sendto": own_channel,
        "recvfrom": own_channel,
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
