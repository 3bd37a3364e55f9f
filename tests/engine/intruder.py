"""What somebody would try who had taken a worker over: the original names an attempt, the result tells what came of
it.

Loaded by worker processes. Every attempt makes the kernel's call itself, past whatever Python or a library would
refuse.
"""

import ctypes
import errno
import mmap
import os
import resource
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from pixmill.engine.raster.file_access import NO_RASTER, RasterAccess
from pixmill.media import Format
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Plan
from pixmill.plan.references import NO_EXTRAS, Extras
from pixmill.ports.values import Rendered
from tests.engine.handlers import inspect, render_all

__all__ = ["inspect", "render", "render_all"]

LIBC: Final = ctypes.CDLL(None, use_errno=True)
LIBC.syscall.restype = ctypes.c_long  # addresses have more than 32 bits


def call(name: str, *arguments: object) -> str:
    """What the kernel says to a call of the C library."""
    ctypes.set_errno(0)
    result = getattr(LIBC, name)(*arguments)
    return "done" if result >= 0 else errno.errorcode[ctypes.get_errno()]


def system_call(words: str) -> str:
    """By number, for which the C library may have no function: ``NUMBER ARGUMENT …``, as ``_argument`` reads them."""
    number, *arguments = words.split()
    values = [_argument(word) for word in arguments] + [0] * (6 - len(arguments))
    ctypes.set_errno(0)
    result = LIBC.syscall(ctypes.c_long(int(number)), *map(ctypes.c_long, values))
    return "done" if result >= 0 else errno.errorcode[ctypes.get_errno()]


def _argument(word: str) -> int:
    return _WORDS[word]() if word in _WORDS else int(word, 0)


_BUFFER: Final = ctypes.create_string_buffer(4096)
_WORDS: Final[dict[str, Callable[[], int]]] = {
    "server": os.getppid,
    "self": os.getpid,
    "channel": lambda: int(sys.argv[1]),
    "buffer": lambda: ctypes.addressof(_BUFFER),
    "page": lambda: (ctypes.addressof(_BUFFER) + 4095) & ~4095,
}


def signal_by_descriptor(pid: str) -> str:
    """Ask the kernel to send SIGKILL to a process whenever a pipe has something to read (fcntl(2), F_SETSIG)."""
    ours, theirs = os.pipe()
    said = [call("fcntl", ours, command, value) for command, value in ((8, int(pid)), (10, 9), (4, os.O_ASYNC))]
    os.write(theirs, b"x")
    return " ".join(said)


def old_machine(_: str) -> str:
    """Make a system call as a program of 32 bits does (int 0x80): getpid, which is number 20 there."""
    code = mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(bytes.fromhex("53 b8 14 00 00 00 cd 80 5b c3"))
    result = ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()
    return f"pid {result}"


def read(path: str) -> str:
    return call("open", path.encode(), os.O_RDONLY)


def write(path: str) -> str:
    return call("open", path.encode(), os.O_WRONLY | os.O_CREAT, 0o600)


def append(path: str) -> str:
    return call("open", path.encode(), os.O_RDONLY | os.O_APPEND | os.O_TRUNC)


def nameless(folder: str) -> str:
    return call("open", folder.encode(), os.O_RDWR | os.O_TMPFILE, 0o600)


def listing(path: str) -> str:
    try:
        return f"{len(os.listdir(path))} names"  # noqa: PTH208 - nothing between us and the kernel
    except OSError as error:
        return errno.errorcode[error.errno or 0]


def remove(path: str) -> str:
    return call("unlink", path.encode())


def mode(path: str) -> str:
    return call("chmod", path.encode(), 0o777)


def own_results(_: str) -> str:
    """The one file that may be written: the server's, for the result, and no longer than a result may be."""
    fd = _result_file()
    os.write(fd, b"well")
    try:
        os.pwrite(fd, b"far", 2**40)
    except OSError as error:
        os.lseek(fd, 0, os.SEEK_SET)
        return errno.errorcode[error.errno or 0]
    return "done"


def _result_file() -> int:
    names = {fd: str(Path(f"/proc/self/fd/{fd}").readlink()) for fd in range(3, 100) if _is_open(fd)}
    return max(fd for fd, name in names.items() if "pixmill-result" in name)


KEPT: Final[list[int]] = []
MAPPED: Final[list[mmap.mmap]] = []


def keep(_: str) -> str:
    """Keep the original and the result of this job, open and mapped."""
    original_fd, result_fd = next(fd for fd in range(3, 100) if _begins(fd, b"keep")), _result_file()
    KEPT.extend(os.dup(fd) for fd in (original_fd, result_fd))
    MAPPED.append(mmap.mmap(original_fd, os.fstat(original_fd).st_size, mmap.MAP_PRIVATE, mmap.PROT_READ))
    return "kept"


def kept(_: str) -> str:
    """Report what the files that were kept hold, and whether they can hold more."""
    result_fd = KEPT[1]
    blocks = [os.fstat(fd).st_blocks for fd in KEPT]
    return f"{blocks} {call('pwrite', result_fd, b'more', *map(ctypes.c_long, (4, 0)))}"


def seek(_: str) -> str:
    """Move the position in the original."""
    return str(os.lseek(next(fd for fd in range(3, 100) if _begins(fd, b"seek")), 3, os.SEEK_SET))


def memory_file(_: str) -> str:
    return call("memfd_create", b"mine", 0)


def send_file(_: str) -> str:
    """Send a descriptor to the server, which may keep what nobody else has."""
    channel = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, 0, int(sys.argv[1]))
    try:
        socket.send_fds(channel, [b"x"], [0])
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    finally:
        channel.detach()
    return "done"


def _is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def original(_: str) -> str:
    """The server's own memory file, which holds this very command and which other workers may be reading."""
    fd = next(fd for fd in range(3, 100) if _begins(fd, b"original"))
    return " ".join(
        [call("pwrite", fd, b"changed", *map(ctypes.c_long, (7, 0))), call("ftruncate", fd, ctypes.c_long(0))]
    )


def _begins(fd: int, content: bytes) -> bool:
    try:
        return os.pread(fd, len(content), 0) == content
    except OSError:
        return False


def internet(_: str) -> str:
    return call("socket", socket.AF_INET, socket.SOCK_STREAM, 0)


def local(_: str) -> str:
    return call("socket", socket.AF_UNIX, socket.SOCK_DGRAM, 0)


def pair(_: str) -> str:
    return call("socketpair", socket.AF_UNIX, socket.SOCK_STREAM, 0, (ctypes.c_int * 2)())


def connect(_: str) -> str:
    """By a socket that it already has."""
    return call("connect", int(sys.argv[1]), b"\0" * 16, 16)


def talk_elsewhere(_: str) -> str:
    """By any other descriptor than the one to the server."""
    return call("send", os.dup(int(sys.argv[1])), b"hello", 5, 0)


def fork(_: str) -> str:
    return call("fork")


def execute(_: str) -> str:
    return call("execv", b"/bin/true", (ctypes.c_char_p * 2)(b"/bin/true", None))


def system(_: str) -> str:
    return str(LIBC.system(b"exit 7"))


def kill_server(_: str) -> str:
    return call("kill", os.getppid(), 0)


def kill_all(_: str) -> str:
    return call("kill", -1, 0)


def abort_itself(_: str) -> str:
    return call("kill", os.getpid(), 0)


def more_memory(_: str) -> str:
    try:
        resource.setrlimit(resource.RLIMIT_DATA, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    except (OSError, ValueError) as error:
        return type(error).__name__
    return "done"


def dumpable(_: str) -> str:
    return call("prctl", 4, 1, 0, 0, 0)


def device(_: str) -> str:
    """TIOCSTI: to type into somebody's terminal."""
    return call("ioctl", 0, 0x5412, b"x")


def threads(_: str) -> str:
    """What threads may do is no more, and there may be threads."""
    said: list[str] = []
    thread = threading.Thread(target=lambda: said.append(internet("")))
    thread.start()
    thread.join()
    return said[0]


def spin(_: str) -> str:
    """Work for ever."""
    while True:
        pass


ATTEMPTS: Final[dict[str, Callable[[str], str]]] = {
    attempt.__name__: attempt
    for attempt in (
        *(read, write, append, nameless, listing, remove, mode, own_results, original),
        *(internet, local, pair, connect, talk_elsewhere, fork, execute, system, system_call, signal_by_descriptor),
        *(old_machine, keep, kept, seek, memory_file, send_file),
        *(kill_server, kill_all, abort_itself, more_memory, dumpable, device, threads, spin),
    )
}


def render(
    source: memoryview, plan: Plan, limits: Limits, extras: Extras = NO_EXTRAS, raster: RasterAccess = NO_RASTER
) -> Rendered:
    name, _, argument = bytes(source).decode().partition(" ")
    return Rendered(ATTEMPTS[name](argument).encode(), Format.PNG, 1, 1)
