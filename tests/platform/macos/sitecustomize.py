"""Takes from a Python on Linux what macOS does not have, and gives it the little that only macOS has.

On ``PYTHONPATH`` it is imported when an interpreter starts, also by workers, which inherit that variable. Names that
are absent on macOS are removed, and calls that fail there fail as they do there: so what runs here under it needs none
of them. What the kernel itself does differently (kqueue, the scheduler, descriptors of sockets) cannot be shown.
"""

import errno
import fcntl
import mmap
import os
import resource
import signal
import socket
import stat
import sys
import sysconfig
from types import ModuleType
from typing import Any

sysconfig.get_config_vars()  # reads a file of this system's name
sys.platform = "darwin"

system_proxies: Any = ModuleType("_scproxy")
"""What urllib asks for the proxies of macOS."""
system_proxies._get_proxies = system_proxies._get_proxy_settings = dict
sys.modules["_scproxy"] = system_proxies

ABSENT = {
    os: """memfd_create MFD_CLOEXEC MFD_ALLOW_SEALING pidfd_open sched_getaffinity sched_setaffinity O_PATH O_TMPFILE
        O_DIRECT O_LARGEFILE O_NOATIME O_RSYNC pipe2 posix_fadvise posix_fallocate copy_file_range splice eventfd
        getrandom unshare setns getresuid setresuid""",
    fcntl: "F_ADD_SEALS F_GET_SEALS F_SEAL_SEAL F_SEAL_SHRINK F_SEAL_GROW F_SEAL_WRITE F_SETPIPE_SZ F_NOTIFY F_SETSIG",
    mmap: "MAP_POPULATE MAP_ANONYMOUS MAP_STACK MAP_DENYWRITE MAP_EXECUTABLE",
    socket: """MSG_CMSG_CLOEXEC SOCK_CLOEXEC SOCK_NONBLOCK SOCK_SEQPACKET TCP_INFO TCP_USER_TIMEOUT TCP_QUICKACK TCP_CORK
        TCP_DEFER_ACCEPT SO_PEERCRED SO_DOMAIN SO_PROTOCOL AF_VSOCK AF_NETLINK AF_PACKET""",
    signal: "pidfd_send_signal SIGRTMIN SIGRTMAX SIGPWR",
    resource: "prlimit RLIMIT_OFILE RLIMIT_NICE RLIMIT_RTPRIO RLIMIT_MSGQUEUE RLIMIT_SIGPENDING",
}
for module, names in ABSENT.items():
    for name in names.split():
        if hasattr(module, name):
            delattr(module, name)

# ---------------------------------------------------------------- /proc and /sys

_NO_FOLDERS = ("/proc", "/sys")


def _refusing(function: Any) -> Any:
    def call(path: Any = ".", *arguments: Any, **named: Any) -> Any:
        if isinstance(path, (str, os.PathLike)) and os.fspath(path).startswith(_NO_FOLDERS):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return function(path, *arguments, **named)

    return call


_readlink = os.readlink
os.open, os.listdir, os.scandir, os.stat, os.readlink = map(
    _refusing, (os.open, os.listdir, os.scandir, os.stat, os.readlink)
)

import builtins  # noqa: E402 - after what it opens has been replaced
import io  # noqa: E402

builtins.open = io.open = _refusing(open)

# ---------------------------------------------------------------- calls that differ

_fcntl, _setrlimit, _sendfile, _getrusage = fcntl.fcntl, resource.setrlimit, os.sendfile, resource.getrusage
_F_GETPATH = 50
setattr(fcntl, "F_GETPATH", _F_GETPATH)  # noqa: B010 - the stubs of Linux lack it


def _fcntl_with_path(fd: Any, command: int, argument: Any = 0) -> Any:
    if command == _F_GETPATH:
        number = fd if isinstance(fd, int) else fd.fileno()
        return _readlink(f"/proc/self/fd/{number}").encode().ljust(1024, b"\0")
    if command in {1033, 1034}:  # F_ADD_SEALS, F_GET_SEALS
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
    return _fcntl(fd, command, argument)


def _setrlimit_of_macos(limit: int, values: tuple[int, int]) -> None:
    too_many_files = limit == resource.RLIMIT_NOFILE and not 0 <= values[0] <= 10_240
    if limit in {resource.RLIMIT_AS, resource.RLIMIT_DATA} or too_many_files:
        raise ValueError("current limit exceeds maximum limit")
    _setrlimit(limit, values)


def _sendfile_to_sockets(out: int, *arguments: Any) -> int:
    if not stat.S_ISSOCK(os.fstat(out).st_mode):
        raise OSError(errno.ENOTSOCK, os.strerror(errno.ENOTSOCK))
    return _sendfile(out, *arguments)


class _Usage:
    """``getrusage`` of macOS: bytes instead of KiB."""

    def __init__(self, usage: Any) -> None:
        self._usage = usage
        self.ru_maxrss = usage.ru_maxrss * 1024

    def __getattr__(self, name: str) -> Any:
        return getattr(self._usage, name)


replaced: dict[Any, dict[str, Any]] = {
    fcntl: {"fcntl": _fcntl_with_path},
    resource: {"setrlimit": _setrlimit_of_macos, "getrusage": lambda who: _Usage(_getrusage(who))},
    os: {"sendfile": _sendfile_to_sockets},
}
for module, functions in replaced.items():
    for name, function in functions.items():
        setattr(module, name, function)

# ---------------------------------------------------------------- system calls by ctypes

import ctypes  # noqa: E402

_LINUX_CALLS = {"prctl", "capset", "syscall", "memfd_create", "mallopt", "malloc_trim"}
_getattr = ctypes.CDLL.__getattr__


def _without_linux_calls(library: Any, name: str) -> Any:
    if name in _LINUX_CALLS:
        raise AttributeError(f"{name} is not on macOS")
    return _getattr(library, name)


ctypes.CDLL.__getattr__ = _without_linux_calls  # type: ignore[method-assign] # what the library is asked through
