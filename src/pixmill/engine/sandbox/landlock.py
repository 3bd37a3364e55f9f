"""Landlock: restricts a process to named files, and forbids TCP and signals to other processes
(docs.kernel.org/userspace-api/landlock.html).

Knows the three system calls and what each ABI version can restrict. Must never know which files are needed.
"""

import ctypes
import os
import struct
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from stat import S_ISDIR
from typing import Final

_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
"""The same on every architecture."""
_CREATE_RULESET_VERSION: Final = 1
_PATH_BENEATH: Final = 1
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3

_FILE_RIGHTS_BY_ABI: Final = ((1, 13), (2, 14), (3, 15), (5, 16))
"""The number of file rights from each ABI version on: the first ones, then to rename, truncate, and control devices."""
_TCP_RIGHTS: Final = (4, 0b11)
"""From this version on: to bind and to connect."""
_SCOPES: Final = (6, 0b11)
"""From this version on: abstract Unix sockets and signals to other processes."""


def abi_version() -> int:
    """Return the ABI version of this kernel; 0 without Landlock."""
    return max(0, int(_LIBC.syscall(_CREATE_RULESET, None, 0, _CREATE_RULESET_VERSION)))


def restricted_resources(abi: int) -> list[str]:
    """Describe what this version restricts, for people."""
    return ["files", *(["TCP"] if abi >= _TCP_RIGHTS[0] else []), *(["signals"] if abi >= _SCOPES[0] else [])]


def restrict(readable: Iterable[Path]) -> None:
    """Let this thread, and those it starts, only read files at or below these paths. Raises OSError.

    Skips paths that do not exist. Open files stay open. Requires no_new_privs.
    """
    abi = abi_version()
    file_rights = (1 << max((count for since, count in _FILE_RIGHTS_BY_ABI if abi >= since), default=0)) - 1
    tcp_rights, scopes = (rights if abi >= min_abi else 0 for min_abi, rights in (_TCP_RIGHTS, _SCOPES))
    ruleset_attributes = struct.pack("=QQQ", file_rights, tcp_rights, scopes)
    size = len(ruleset_attributes) if scopes else 16 if tcp_rights else 8
    ruleset = _check_result(_LIBC.syscall(_CREATE_RULESET, ruleset_attributes, ctypes.c_size_t(size), 0))
    try:
        for path in readable:
            with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
                _allow_path(ruleset, path)
        _check_result(_LIBC.syscall(_RESTRICT_SELF, ruleset, 0))
    finally:
        os.close(ruleset)


def _allow_path(ruleset: int, path: Path) -> None:
    fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rights = _READ_FILE | _READ_DIR if S_ISDIR(os.fstat(fd).st_mode) else _READ_FILE
        _check_result(_LIBC.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", rights, fd), 0))
    finally:
        os.close(fd)


def _check_result(result: int) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"Landlock: {os.strerror(code)}")
    return result
