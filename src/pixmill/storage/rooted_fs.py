"""Files below a root directory that no path or link can leave.

Knows directories, descriptors and links; blocks, and raises OSError like the calls it makes. Must never follow a link
out of the root: the check asks the kernel for the real path of the open descriptor, not for that of the name, so that
nothing can be swapped in between.

Nothing is opened before it is known to be a regular file that may be served: to open a device or a named pipe can wait
for ever or have an effect (O_PATH, open(2): Linux only). Limit: a hard link is a file like any other.
"""

import errno
import os
import stat as modes
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

from pixmill.ports.values import Stat
from pixmill.storage.paths import HIDDEN_NAME, NO_PATH, is_valid_path

STAGING: Final = ".pixmill-staging"
"""The directory below the root where files are written before they are renamed; no object is in it."""

_STAGING_MAX_AGE_S: Final = 3600.0
"""A staged file older than this belongs to no live process."""

_READ_FLAGS: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK  # opening a named pipe must not block
_PATH_FLAGS: Final = os.O_PATH | os.O_CLOEXEC if sys.platform == "linux" else _READ_FLAGS
_DIRECTORY_FLAGS: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY
_STAGING_FLAGS: Final = os.O_WRONLY | os.O_CLOEXEC | os.O_CREAT | os.O_EXCL


_UNLISTED: Final = (FileNotFoundError, NotADirectoryError, PermissionError)
"""Folders below others that are left out: what is in them cannot be read either."""


class Descriptor:
    """An open file or directory, closed with the last reference.

    Never earlier: another file would get its number while an abandoned thread still reads.
    """

    __slots__ = ("fd",)

    def __init__(self, path: str | Path, flags: int, folder: "Descriptor | None" = None) -> None:
        self.fd = -1
        self.fd = os.open(path, flags, 0o666, dir_fd=folder.fd if folder else None)

    def __del__(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)

    def real_path(self) -> str:
        """Return its current path, without links."""
        if sys.platform == "darwin":
            import fcntl  # noqa: PLC0415 - fcntl has F_GETPATH on macOS only

            return os.fsdecode(fcntl.fcntl(self.fd, fcntl.F_GETPATH, bytes(1024)).rstrip(b"\0"))
        return os.readlink(f"/proc/self/fd/{self.fd}")  # noqa: PTH115 - a Path would cost more than the call

    def readable(self) -> "Descriptor":
        """Return a descriptor of the same file for reading; an O_PATH descriptor only names it."""
        return Descriptor(f"/proc/self/fd/{self.fd}", _READ_FLAGS) if sys.platform == "linux" else self

    def read(self, size: int) -> bytes:
        """Read the next ``size`` bytes, or all that are left."""
        parts = []
        while size > 0 and (part := os.read(self.fd, size)):
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self.fd, view) :]


@dataclass(frozen=True, slots=True)
class ServedFiles:
    """Which files below a root are read: ``hidden`` ones or not, and none in ``excluded`` folders.

    Hidden are those with a name in their path that begins with a dot. The real path is judged too, so that no link
    leads to the others either.
    """

    hidden: bool = True
    excluded: tuple[Path, ...] = ()


ALL_FILES: Final = ServedFiles()


class RootedFilesystem:
    """The files below ``root``. Follows links that stay inside; walks do not enter linked directories."""

    def __init__(self, root: Path, served: ServedFiles = ALL_FILES) -> None:
        self.root = Descriptor(root, _DIRECTORY_FLAGS).real_path()
        self._root_prefix = self.root.rstrip("/") + "/"
        self._hidden = served.hidden
        self._excluded = tuple(map(_folder_prefix, (Path(self.root, STAGING), *served.excluded)))
        self._swept = False

    def open(self, path: str) -> tuple[Descriptor, Stat]:
        """Open a file; it and its facts belong together even if the path is replaced meanwhile."""
        _reject_staging_path(path)
        file = Descriptor(self._root_prefix + path, _PATH_FLAGS)
        result = os.fstat(file.fd)
        is_served = self._is_served(self._root_prefix + path) and self._is_served(file.real_path())
        if not modes.S_ISREG(result.st_mode) or not is_served:
            raise FileNotFoundError(errno.ENOENT, f"No file below {self.root}", path)
        return file.readable(), _stat_of(path, result)

    def write(self, path: str, data: bytes) -> None:
        """Write to the staging directory, then rename: the path has the old file or the new one, even if we are killed.

        Nothing is synced to disk: this holds for a crash of the process, not of the machine.
        """
        _reject_staging_path(path)
        staging, name = self._open_staging(), uuid4().hex
        file = Descriptor(name, _STAGING_FLAGS, staging)
        try:
            file.write(data)
            # The kernel's clock for files ticks in milliseconds; two quick writes must not have the same validator.
            os.utime(file.fd, ns=(now := time.time_ns(), now))
            folder, leaf = self._parent(path, create=True)
            os.rename(name, leaf, src_dir_fd=staging.fd, dst_dir_fd=folder.fd)
        except BaseException:
            os.unlink(name, dir_fd=staging.fd)
            raise

    def remove(self, path: str) -> None:
        """Remove a file, or a link itself; no error if there is none."""
        _reject_staging_path(path)
        with suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
            folder, leaf = self._parent(path)
            os.unlink(leaf, dir_fd=folder.fd)

    def walk(self, prefix: str, on_unlisted: Callable[[str, str], None] | None = None) -> Iterator[Stat | None]:
        """Yield every file below the directory ``prefix``, or all if it is empty, and None for all else in it.

        A number of items is thus taken in bounded time. Skips invalid names, and folders that cannot be read; with
        ``on_unlisted``, which is called with their path and the reason.
        """
        pending = [prefix]
        while pending:
            folder_path = pending.pop()
            ignored = (FileNotFoundError, NotADirectoryError) if folder_path == prefix else _UNLISTED
            try:
                for path, entry in self._entries(folder_path, on_unlisted):
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(path)
                        yield None
                    else:
                        yield self._stat_entry(path, entry)
            except ignored as error:
                if on_unlisted is not None and isinstance(error, PermissionError):
                    on_unlisted(folder_path, "this folder cannot be read")
            yield None

    def probe(self) -> None:
        """Read the root directory."""
        root = Descriptor(self.root, _DIRECTORY_FLAGS)
        with os.scandir(root.fd) as entries:
            next(entries, None)

    def _is_served(self, real_path: str) -> bool:
        if not real_path.startswith(self._root_prefix):
            return False
        if not self._hidden and HIDDEN_NAME.search(real_path[len(self._root_prefix) :]):
            return False
        folded = real_path.casefold()  # a file system without case has the same folder under other names
        return not any(folded.startswith(prefix) for prefix in self._excluded if len(prefix) > len(self._root_prefix))

    def _contains(self, file: Descriptor) -> bool:
        return (file.real_path() + "/").startswith(self._root_prefix)

    def _entries(
        self, folder_path: str, on_unlisted: Callable[[str, str], None] | None = None
    ) -> Iterator[tuple[str, "os.DirEntry[str]"]]:
        folder = Descriptor(self._root_prefix + folder_path, _DIRECTORY_FLAGS)
        if not self._contains(folder):
            return
        with os.scandir(folder.fd) as entries:
            for entry in entries:
                path = f"{folder_path}/{entry.name}" if folder_path else entry.name
                if path == STAGING:
                    continue
                if is_valid_path(path):
                    yield path, entry
                elif on_unlisted is not None:
                    on_unlisted(path, NO_PATH)

    def _stat_entry(self, path: str, entry: "os.DirEntry[str]") -> Stat | None:
        """Return the facts of a file; None if it is no regular file, leads outside or has just gone."""
        try:
            if entry.is_symlink():
                return self.open(path)[1]
            if entry.is_file() and self._is_served(self._root_prefix + path):
                return _stat_of(path, entry.stat())
        except OSError as error:
            if error.errno not in {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO}:
                raise
        return None

    def _parent(self, path: str, *, create: bool = False) -> tuple[Descriptor, str]:
        """Open the directory of the path's last name; return both."""
        *names, leaf = path.split("/")
        folder = Descriptor(self.root, _DIRECTORY_FLAGS)
        for name in names:
            folder = self._open_subfolder(folder, name, create=create)
        return folder, leaf

    def _open_subfolder(self, folder: Descriptor, name: str, *, create: bool) -> Descriptor:
        if create:
            with suppress(FileExistsError):
                os.mkdir(name, dir_fd=folder.fd)
        inner = Descriptor(name, _DIRECTORY_FLAGS, folder)
        if not self._contains(inner):
            raise PermissionError(errno.EACCES, f"Leads out of {self.root}", name)
        return inner

    def _open_staging(self) -> Descriptor:
        staging = self._open_subfolder(Descriptor(self.root, _DIRECTORY_FLAGS), STAGING, create=True)
        if not self._swept:
            self._swept = True
            _remove_stale_files(staging)
        return staging


def _folder_prefix(folder: Path) -> str:
    return str(folder.resolve()).casefold().rstrip("/") + "/"


def _reject_staging_path(path: str) -> None:
    if path.partition("/")[0] == STAGING:
        raise NotADirectoryError(errno.ENOTDIR, "Reserved for unfinished files", path)


def _remove_stale_files(staging: Descriptor) -> None:
    """Remove what killed processes have left."""
    with os.scandir(staging.fd) as entries:
        for entry in entries:
            with suppress(OSError):
                if entry.stat(follow_symlinks=False).st_mtime < time.time() - _STAGING_MAX_AGE_S:
                    os.unlink(entry.name, dir_fd=staging.fd)


def _stat_of(path: str, result: os.stat_result) -> Stat:
    validator = f"{result.st_mtime_ns:x}-{result.st_size:x}"
    return Stat(path=path, size=result.st_size, modified=result.st_mtime, validator=validator)
