"""Worker sandbox: the rights that a worker drops before it reads untrusted bytes.

Knows resource limits, Landlock, seccomp and the files that pixel libraries read. Must never know jobs. Landlock and
seccomp are Linux's: on other systems, which are for development, there are only those limits that they have.
"""

import ctypes
import errno
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

from pixmill.engine.sandbox.watchdog import WATCHDOG
from pixmill.runtime.operating_system import IS_LINUX, NAME, max_resident_bytes

if sys.platform == "linux":
    from pixmill.engine.sandbox import landlock, seccomp

_PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h
_PR_SET_NO_NEW_PRIVS: Final = 38
_CAPABILITY_VERSION_3: Final = 0x2008_0522  # linux/capability.h
_CAP_DAC_READ_SEARCH: Final = 1 << 2
"""CAP_DAC_READ_SEARCH: the code may belong to another user."""
_MAX_FILES: Final = 128
_WORKER_NICENESS: Final = 10
"""The server weighs nine times as much as each worker. At niceness 5 (three times as much) the slowest 1 % of hits
beside busy workers took more than 5 ms in two of three interleaved runs, at 10 in none."""
_MIN_FILE_BYTES: Final = 2**20
"""Enough for the bytecode that the interpreter writes before the worker enters the sandbox."""
_SHARED_MAPPINGS_BYTES: Final = 4 * 2**30
"""Address space besides private memory: libraries, and maps of originals and memory files, which no other limit
covers."""
_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_PAGE_BYTES: Final = resource.getpagesize()


NO_SANDBOX: Final = f"no sandbox on {NAME}"
"""Why a layer is missing on another system than Linux."""


class SandboxMode(StrEnum):
    """Whether missing sandbox layers are an error, are accepted, or the sandbox is off."""

    STRICT = "strict"
    AUTO = "auto"
    OFF = "off"


class SandboxLayer(StrEnum):
    """The layers of the sandbox, besides resource limits."""

    LANDLOCK = "Landlock"
    SECCOMP = "seccomp"


# ---------------------------------------------------------------- limits


def die_with_parent() -> None:
    """Have the kernel kill this process when the thread that started it ends, for whatever reason.

    Check ``os.getppid()`` afterwards: the parent may have died before. Other kernels than Linux do not: there a thread
    watches the parent.
    """
    if IS_LINUX:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    else:
        WATCHDOG.start()


def lower_priority() -> None:
    """Give the server priority: a hit or a rejection takes a fraction of a millisecond, a render takes many.

    Workers get nearly all the remaining time, on one core as well as on several.
    """
    os.nice(_WORKER_NICENESS)


def set_rlimits(memory_bytes: int, file_bytes: int) -> None:
    """Forbid new privileges and core dumps; limit open files, the size of files and private memory (0: unlimited).

    The memory limit is on data: maps of shared files, such as originals and libraries, have a wide limit of their own.
    macOS has no limit of memory, and refuses to set one: there a thread watches the resident memory.
    """
    if IS_LINUX:
        _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    for signal_number in (signal.SIGINT, signal.SIGTERM):  # the server decides when a worker ends
        signal.signal(signal_number, signal.SIG_IGN)
    _lower_rlimit(resource.RLIMIT_CORE, 0)
    _lower_rlimit(resource.RLIMIT_NOFILE, _MAX_FILES)
    _lower_rlimit(resource.RLIMIT_FSIZE, max(file_bytes, _MIN_FILE_BYTES))
    if not IS_LINUX:
        WATCHDOG.max_bytes = memory_bytes
    elif memory_bytes:
        _lower_rlimit(resource.RLIMIT_DATA, memory_bytes)
        _lower_rlimit(resource.RLIMIT_AS, memory_bytes + _SHARED_MAPPINGS_BYTES)


def set_cpu_limit(seconds: float) -> None:
    """Have the kernel kill this process after ``seconds`` more of CPU time, whatever the server does."""
    _, hard_limit = resource.getrlimit(resource.RLIMIT_CPU)
    limit_s = math.ceil(time.process_time() + seconds)
    resource.setrlimit(
        resource.RLIMIT_CPU, (limit_s if hard_limit == resource.RLIM_INFINITY else min(limit_s, hard_limit), hard_limit)
    )


# ---------------------------------------------------------------- files, network, other processes


def missing_layers() -> list[SandboxLayer]:
    """Return the layers that this kernel does not have, or does not let us use."""
    if sys.platform != "linux":
        return list(SandboxLayer)
    return [
        *([] if landlock.abi_version() else [SandboxLayer.LANDLOCK]),
        *([] if seccomp.is_available() else [SandboxLayer.SECCOMP]),
    ]


def describe_layers() -> dict[SandboxLayer, str]:
    """Describe the layers of this kernel, for people. Call it before they are in force."""
    if sys.platform != "linux":
        return dict.fromkeys(SandboxLayer, "")
    abi, architecture = landlock.abi_version(), seccomp.current_architecture()
    return {
        SandboxLayer.LANDLOCK: f"Landlock ABI {abi} ({', '.join(landlock.restricted_resources(abi))})",
        SandboxLayer.SECCOMP: f"seccomp ({seccomp.count_allowed(architecture)} system calls)" if architecture else "",
    }


def _drop_capabilities() -> None:
    """Drop all capabilities of a root user (capset(2)), except to read files of any owner.

    Landlock limits these to code and fonts. A worker does not need the others, but an exploit of a kernel bug might.
    """
    capability_sets = struct.pack("=6I", _CAP_DAC_READ_SEARCH, _CAP_DAC_READ_SEARCH, 0, 0, 0, 0)
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    if _LIBC.capset(header, capability_sets):  # this process does not have even that one
        _LIBC.capset(header, bytes(len(capability_sets)))


def enter_sandbox(mode: SandboxMode, channel: int) -> dict[SandboxLayer, str]:
    """Drop access to networks, other processes and all files but those that libraries read; ``channel`` stays open.

    Applies to this process and the threads that it starts; there must be none yet. Returns the missing layers with
    reasons; raises OSError instead when the mode is ``STRICT``.
    """
    resident_bytes()  # opens its file
    if mode is SandboxMode.OFF:
        return dict.fromkeys(SandboxLayer, "off")
    if sys.platform != "linux":
        if mode is SandboxMode.STRICT:
            raise OSError(errno.ENOSYS, NO_SANDBOX)
        return dict.fromkeys(SandboxLayer, NO_SANDBOX)
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
    if sys.platform == "linux":
        landlock.restrict(_readable_paths())


def _restrict_calls(channel: int) -> None:
    if sys.platform == "linux":
        seccomp.restrict(channel)


_RESTRICTIONS: Final[dict[SandboxLayer, Callable[[int], None]]] = {
    SandboxLayer.LANDLOCK: _restrict_files,
    SandboxLayer.SECCOMP: _restrict_calls,
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
"""Libraries detect CPU features by these."""


def _readable_paths() -> Iterator[Path]:
    """Yield the paths of code, fonts and facts about the machine, but no directory of images or secrets."""
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
    """Return the resident memory of this process (proc(5), the second field of statm); its peak on other systems."""
    if not IS_LINUX:
        return max_resident_bytes()
    return int(os.pread(_statm_fd(os.getpid()), 128, 0).split()[1]) * _PAGE_BYTES


@cache
def _statm_fd(pid: int) -> int:
    """Open once per process: in the sandbox a worker cannot open it."""
    return os.open(f"/proc/{pid}/statm", os.O_RDONLY | os.O_CLOEXEC)


def _lower_rlimit(limit_id: int, value: int) -> None:
    _, hard_limit = resource.getrlimit(limit_id)
    value = value if hard_limit == resource.RLIM_INFINITY else min(value, hard_limit)
    resource.setrlimit(limit_id, (value, value))


def _prctl(option: int, value: int) -> None:
    if _LIBC.prctl(option, value, 0, 0, 0):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
