"""Where results go: files, whose names have the format, and open file objects.

Knows endings and files. Must never leave half a file under the name of a target.
"""

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from difflib import get_close_matches
from pathlib import Path
from typing import Final, Protocol, TypeAlias

from pixmill.errors import ConflictingParameters, InvalidParameter
from pixmill.media import DESCRIPTION_FORMATS, MEDIA, OUTPUT_FORMATS, Format


class Writable(Protocol):
    """A file object, open for writing bytes."""

    def write(self, data: bytes, /) -> object: ...


Target: TypeAlias = str | os.PathLike[str] | Writable
"""A path, or a file object."""

ENDINGS: Final[dict[str, Format]] = {
    **{MEDIA[form].extension: form for form in OUTPUT_FORMATS if form not in DESCRIPTION_FORMATS},
    "jpeg": Format.JPEG,
    "json": Format.JSON,
    "tif": Format.TIFF,
}
"""The formats of files by their endings, without the dot."""

_NEW_FILE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_SHOWN_CHARS: Final = 32  # of the name in that of the temporary file: with four bytes each, it is short enough
_MODE: Final = 0o666  # the umask applies


def is_path(target: object) -> bool:
    return isinstance(target, str | os.PathLike)


def format_of(path: str | os.PathLike[str]) -> Format | None:
    """Return the format that the ending of a path stands for. Raises InvalidParameter for what is no path."""
    if "\0" in os.fspath(path):
        raise InvalidParameter("A path must not contain null characters", param="target")
    return ENDINGS.get(_suffix(path))


def format_for(path: str | os.PathLike[str], given: str) -> str:
    """Return the value of the parameter ``format`` for a target; ``given`` is that of the call, or empty.

    Raises InvalidParameter if neither says the format, ConflictingParameters if they differ.
    """
    form = format_of(path)
    if given and (form is None or ENDINGS.get(given, given) == form):
        return given
    if form is None:
        raise _unknown_suffix(path)
    if given:
        raise ConflictingParameters(
            f"{Path(path).name} is the name of a {form.value} file, and format is {given}: leave one of them out",
            param="format",
        )
    return form.value


def _suffix(path: str | os.PathLike[str]) -> str:
    return Path(path).suffix.lower().removeprefix(".")


def _unknown_suffix(path: str | os.PathLike[str]) -> InvalidParameter:
    name, suffix = Path(path).name, _suffix(path)
    close = get_close_matches(suffix, ENDINGS, n=1)
    hint = f"did you mean .{close[0]}?" if close else "end it with one of " + ", ".join(f".{each}" for each in ENDINGS)
    what = f"has the ending .{suffix}, which is no format" if suffix else "has no ending that says its format"
    return InvalidParameter(f"{name!r} {what}; {hint} Or give format=", param="target")


def write(target: Target, body: bytes) -> Path | None:
    """Write to a file object, or to a path; return the path. Raises OSError."""
    if isinstance(target, str | os.PathLike):
        write_file(Path(target), body)
        return Path(target)
    target.write(body)
    return None


def write_file(path: Path, body: bytes) -> None:
    """Replace a file at once: others see the old content or the new one. What is no file, as a pipe, is written to."""
    real, mode = Path(os.path.realpath(path)), _mode(path)
    if mode is not None and not (stat.S_ISREG(mode) and real.exists()):  # what /dev/stdout leads to may have no path
        path.write_bytes(body)
        return
    with _temporary(real, mode) as (fd, name):
        view = memoryview(body)
        while view:
            view = view[os.write(fd, view) :]
        name.replace(real)


def _mode(path: Path) -> int | None:
    """Return type and permissions of a file; None if there is none."""
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return None


@contextmanager
def _temporary(path: Path, mode: int | None) -> Iterator[tuple[int, Path]]:
    """Make a file beside ``path``, with the permissions of the one that it replaces; remove it if the block fails."""
    name = path.with_name(f".{path.name[:_SHOWN_CHARS]}.{secrets.token_hex(4)}.tmp")
    try:
        fd = os.open(name, _NEW_FILE, _MODE)
    except OSError as error:  # its name is nothing that the caller knows
        raise OSError(error.errno, error.strerror, str(path.parent)) from None
    try:
        if mode is not None:
            os.fchmod(fd, stat.S_IMODE(mode))
        yield fd, name
    except BaseException:
        with suppress(OSError):
            name.unlink()
        raise
    finally:
        os.close(fd)
