"""Sentences about failures of the operating system, for operators, in place of its own short texts."""

import errno
import os
import socket
from typing import Final

_PROBLEMS: Final[dict[int, str]] = {
    errno.ENOENT: "does not exist",
    errno.ENOTDIR: "is a file, or a part of its path is one, where a folder is needed",
    errno.EEXIST: "is a file where a folder is needed",
    errno.EISDIR: "is a folder where a file is needed",
    errno.EROFS: "is on a file system that can only be read",
    errno.ENOSPC: "is on a disk that has no space left",
    errno.EDQUOT: "is on a disk whose quota is used up",
    errno.ENAMETOOLONG: "has a name that is too long",
    errno.ELOOP: "is a link that leads to itself",
    errno.EMFILE: "cannot be opened, because this process has too many files open: raise `ulimit -n`",
    errno.ENFILE: "cannot be opened, because this machine has too many files open",
    errno.EADDRINUSE: "is in use by another process",
    errno.EADDRNOTAVAIL: "is no address of this machine",
    errno.EAFNOSUPPORT: "is an address of a kind that this machine does not have, such as IPv6",
    errno.ECONNREFUSED: "refuses connections: nothing listens there",
    errno.ECONNRESET: "has closed the connection",
    errno.EHOSTUNREACH: "cannot be reached from this machine",
    errno.ENETUNREACH: "cannot be reached from this machine",
    errno.ETIMEDOUT: "has not answered in time",
    errno.EIO: "cannot be read or written: its disk has failed",
    errno.ESTALE: "has been removed on its file server",
}


def os_problem(error: OSError) -> str:
    """Return what is wrong with a file, folder or address, to follow its name."""
    if isinstance(error, socket.gaierror):
        return "is neither an address nor a name that can be looked up from this machine"
    return "has not answered in time" if isinstance(error, TimeoutError) else errno_problem(error.errno or 0)


def errno_problem(number: int) -> str:
    """Return what is wrong with a file, folder or address, to follow its name, by the number of the error."""
    if number in {errno.EACCES, errno.EPERM}:
        return f"may not be used by this process, which runs as user {os.geteuid()}: change its owner or its mode"
    return _PROBLEMS.get(number, f"cannot be used ({errno.errorcode.get(number, 'unknown error')})")
