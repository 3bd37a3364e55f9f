"""What a worker takes from itself before it touches a stranger's bytes.

Knows the kernel's calls for it, and which files the pixel libraries read. Must never know jobs.
"""

import ctypes
import math
import os
import resource
import signal
import struct
import sys
import time
from collections.abc import Callable, Iterator
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final

from pixmill.engine.sandbox import landlock, seccomp

_PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h
_PR_SET_NO_NEW_PRIVS: Final = 38
_CAPABILITY_VERSION_3: Final = 0x2008_0522  # linux/capability.h
_CAP_DAC_READ_SEARCH: Final = 1 << 2
"""CAP_DAC_READ_SEARCH: the code may belong to another user than root."""
_MAX_FILES: Final = 128
_WORKER_NICENESS: Final = 10
"""Steps of nice; the server weighs nine times as much as each worker. With 5, three times, the slowest hundredth of hits beside busy workers took more than 5 ms in two
of three runs, with 10 in none, in turns."""
_MIN_FILE_BYTES: Final = 2**20
"""What the interpreter may want to keep of modules that it compiles before the worker locks itself in."""
_SHARED_MAPPINGS_BYTES: Final = 4 * 2**30
"""Address space beside private memory: libraries, and maps of originals and of memory files, which no other limit bounds."""
_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_PAGE_BYTES: Final = resource.getpagesize()


class SandboxMode(StrEnum):
    """How far a worker locks itself in."""

    STRICT = "strict"
    AUTO = "auto"
    OFF = "off"


class SandboxLayer(StrEnum):
    """What the kernel may hold a worker by, besides limits."""

    LANDLOCK = "Landlock"
    SECCOMP = "seccomp"


# ---------------------------------------------------------------- limits


def die_with_parent() -> None:
    """Have the kernel kill this process when the thread that started it ends, however that happens.

    Whoever calls looks at ``os.getppid()`` afterwards: the parent may have died before.
    """
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def lower_priority() -> None:
    """Let the server go first: what it does for a hit or a refusal takes a fraction of a millisecond, a render takes many.

    Workers have what it leaves, which is nearly everything, and one core as well as several.
    """
    os.nice(_WORKER_NICENESS)


def set_rlimits(memory_bytes: int, file_bytes: int) -> None:
    """No new privileges, no core dumps, few files, none longer than this, and at most so much private memory (0: no bound).

    The bound is on data: maps of shared files, such as originals and libraries, do not count, and have a wide bound of their own.
    """
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    for signal_number in (signal.SIGINT, signal.SIGTERM):  # the server decides when a worker ends
        signal.signal(signal_number, signal.SIG_IGN)
    _lower_rlimit(resource.RLIMIT_CORE, 0)
    _lower_rlimit(resource.RLIMIT_NOFILE, _MAX_FILES)
    _lower_rlimit(resource.RLIMIT_FSIZE, max(file_bytes, _MIN_FILE_BYTES))
    if memory_bytes:
        _lower_rlimit(resource.RLIMIT_DATA, memory_bytes)
        _lower_rlimit(resource.RLIMIT_AS, memory_bytes + _SHARED_MAPPINGS_BYTES)


def set_cpu_limit(seconds: float) -> None:
    """From now on the kernel lets this process work for so long and then ends it, whatever the server does."""
    _, hard_limit = resource.getrlimit(resource.RLIMIT_CPU)
    limit_s = math.ceil(time.process_time() + seconds)
    resource.setrlimit(
        resource.RLIMIT_CPU, (limit_s if hard_limit == resource.RLIM_INFINITY else min(limit_s, hard_limit), hard_limit)
    )


# ---------------------------------------------------------------- files, network, other processes


def missing_layers() -> list[SandboxLayer]:
    """What this kernel does not have, or does not let us use."""
    return [
        *([] if landlock.abi_version() else [SandboxLayer.LANDLOCK]),
        *([] if seccomp.is_available() else [SandboxLayer.SECCOMP]),
    ]


def describe_layers() -> dict[SandboxLayer, str]:
    """Each layer as this kernel has it, for people. To be asked before it is in force."""
    abi, architecture = landlock.abi_version(), seccomp.current_architecture()
    return {
        SandboxLayer.LANDLOCK: f"Landlock ABI {abi} ({', '.join(landlock.restricted_resources(abi))})",
        SandboxLayer.SECCOMP: f"seccomp ({seccomp.count_allowed(architecture)} system calls)" if architecture else "",
    }


def _drop_capabilities() -> None:
    """All that a root user's process has beyond others', but to read files whoever owns them, of which Landlock leaves code and fonts.

    (capset(2); where that is refused there were none.) A worker has no use for them, the kernel's faults would have.
    """
    capability_sets = struct.pack("=6I", _CAP_DAC_READ_SEARCH, _CAP_DAC_READ_SEARCH, 0, 0, 0, 0)
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    if _LIBC.capset(header, capability_sets):  # it had not even that one
        _LIBC.capset(header, bytes(len(capability_sets)))


def enter_sandbox(mode: SandboxMode, channel: int) -> dict[SandboxLayer, str]:
    """Give up all files but those that libraries read, networks, and other processes; what is said by ``channel`` goes on.

    For this process and all threads that it starts; there must be none yet. Returns what could not be had, and why; raises
    OSError instead when it is ``STRICT``.
    """
    resident_bytes()  # opens what it reads
    if mode is SandboxMode.OFF:
        return dict.fromkeys(SandboxLayer, "off")
    _drop_capabilities()
    missing: dict[SandboxLayer, str] = {}
    for layer, restrict in _RESTRICTIONS.items():
        try:
            restrict(channel)
        except OSError as error:
            if mode is SandboxMode.STRICT:
                raise
            missing[layer] = str(error.strerror)
    return missing


def _restrict_files(_: int) -> None:
    landlock.restrict(_readable_paths())


_RESTRICTIONS: Final[dict[SandboxLayer, Callable[[int], None]]] = {
    SandboxLayer.LANDLOCK: _restrict_files,
    SandboxLayer.SECCOMP: seccomp.restrict,
}

_LIBRARY_PATHS: Final = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache")
_FONT_PATHS: Final = (
    *("/etc/fonts", "/usr/share/fontconfig", "/usr/share/fonts", "/usr/local/share/fonts", "/var/cache/fontconfig"),
    *(
        "~/.fonts",
        "~/.fonts.conf",
        "~/.fontconfig",
        "~/.local/share/fonts",
        "~/.config/fontconfig",
        "~/.cache/fontconfig",
    ),
)
_MACHINE_PATHS: Final = ("/dev/null", "/dev/urandom", "/proc/cpuinfo", "/sys/devices/system/cpu")
"""What libraries ask for the instructions that there are."""


def _readable_paths() -> Iterator[Path]:
    """Code, fonts, and facts about the machine. No folder that pictures or secrets lie in."""
    yield from (Path(entry) for entry in sys.path if entry)
    yield Path(sys.base_prefix, "lib")
    for path in (*_LIBRARY_PATHS, *_FONT_PATHS, *_MACHINE_PATHS):
        yield Path(path).expanduser()
    for name in ("LD_LIBRARY_PATH", "FONTCONFIG_PATH", "FONTCONFIG_FILE"):
        yield from (Path(path) for path in os.environ.get(name, "").split(":") if path)
    if cache_home := os.environ.get("XDG_CACHE_HOME"):
        yield Path(cache_home, "fontconfig")


# ---------------------------------------------------------------- memory


def resident_bytes() -> int:
    """The memory of this process that is in use right now (proc(5), the second field of statm)."""
    return int(os.pread(_statm_fd(os.getpid()), 128, 0).split()[1]) * _PAGE_BYTES


@cache
def _statm_fd(pid: int) -> int:
    """Open once in each process, since a worker may open nothing there later."""
    return os.open(f"/proc/{pid}/statm", os.O_RDONLY | os.O_CLOEXEC)


def _lower_rlimit(limit_id: int, value: int) -> None:
    _, hard_limit = resource.getrlimit(limit_id)
    value = value if hard_limit == resource.RLIM_INFINITY else min(value, hard_limit)
    resource.setrlimit(limit_id, (value, value))


def _prctl(option: int, value: int) -> None:
    if _LIBC.prctl(option, value, 0, 0, 0):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
