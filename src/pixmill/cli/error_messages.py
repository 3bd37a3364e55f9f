"""Sentences and exit codes for errors: of settings, of Pixmill, and of the operating system."""

import errno
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple, NoReturn

import click

from pixmill.cli.option_rows import read
from pixmill.cli.output import print_message
from pixmill.errors import BadRequest, PixmillError
from pixmill.telemetry.redaction import redact

FAILURE: Final = 1
WRONG_USAGE: Final = 2

_SOURCE: Final = "source"
"""The parameter of the library that a command names itself."""

_SYSTEM_ERRORS: Final[Mapping[int, str]] = {
    errno.ENOENT: "is not there; check the name and the current folder ({folder})",
    errno.EACCES: "may not be opened by this user; check its permissions (ls -l)",
    errno.EPERM: "may not be changed by this user; check its permissions (ls -l)",
    errno.EISDIR: "is a folder, not a file; to name the files in it, write {name}/*.jpg",
    errno.EEXIST: "is a file, not a folder; give another target",
    errno.ENOTDIR: "is not there: a part of the path is a file, not a folder",
    errno.ENOSPC: "could not be written: the disk is full",
    errno.EROFS: "could not be written: the file system is read-only",
    errno.ENAMETOOLONG: "is not there: the name is too long",
    errno.EMFILE: "could not be opened: too many open files; raise the limit with ulimit -n",
    errno.ECONNREFUSED: "is not listening; is the server running?",
}

_OF_WRITING: Final = frozenset({errno.ENOSPC, errno.EIO, errno.EFBIG, errno.EDQUOT})
"""Without the name of a file they are those of standard output, and others those of a connection."""

_NOT_ON_WINDOWS: Final = (
    "this command runs on Linux and macOS, not on Windows; use the Windows Subsystem for Linux (wsl --install) or the "
    "container image"
)


class Failure(NamedTuple):
    """What to print, and the exit code."""

    text: str
    code: int


def failure_of(error: Exception) -> Failure | None:
    """Return what to say of an error; None if it is a bug, whose traceback is needed."""
    if isinstance(error, PixmillError):
        return Failure(sentence(error), FAILURE)
    if isinstance(error, OSError):
        return Failure(system_sentence(error), FAILURE)
    if isinstance(error, click.ClickException):
        return Failure(error.message, WRONG_USAGE)
    if type(error).__name__ == "SettingsError":  # importing settings costs more than most commands
        return Failure(str(error), WRONG_USAGE)
    if isinstance(error, ImportError) and sys.platform == "win32":
        return Failure(_NOT_ON_WINDOWS, FAILURE)
    return None


def sentence(error: PixmillError) -> str:
    """Return one line: parameter, message, and private detail, which is the user's own here."""
    detail = "" if error.detail in error.message else error.detail
    subject = error.param or ""
    subject = "" if subject == _SOURCE or subject in error.message else subject
    return ": ".join(part for part in (subject, error.message, detail) if part)


def option_sentence(error: BadRequest, table: str, params: Mapping[str, str] | None = None) -> str:
    """Return one line that names the option instead of the parameter, with an example."""
    row = next((row for row in read(table) if row.name == error.param), None)
    if row is None:
        return sentence(error)
    example = f"; for example {row.flags[0]} {row.examples[0]}" if row.examples else ""
    value = (params or {}).get(row.name)
    option = row.flags[0] if value is None else f"{row.flags[0]} {value[:64]!r}"
    return f"{option}: {error.message}{example}"


def system_sentence(error: OSError, subject: str = "") -> str:
    """Return one line for an error of the operating system, about a file or an address."""
    if error.errno is None:  # the sentence is ours
        return str(error)
    nameless = "standard output" if error.errno in _OF_WRITING else "the server"
    name = subject or os.fsdecode(error.filename or "") or nameless
    text = _SYSTEM_ERRORS.get(error.errno)
    if text is None:
        return f"{name}: the system refused it ({errno.errorcode.get(error.errno, 'unknown error')})"
    return f"{name} {text.format(name=name.rstrip('/'), folder=Path.cwd())}"


def print_failure(subject: str, error: Exception) -> None:
    """Print why a file or a URL failed; raise what is a bug."""
    failure = failure_of(error)
    if failure is None:
        raise error
    text = failure.text if failure.text.startswith(subject) else f"{subject}: {failure.text}"
    print_message(f"pixmill: {redact(text) if '://' in subject else text}")


@contextmanager
def reaching(server: str | None) -> Iterator[None]:
    """Name the server in errors of a connection to it."""
    try:
        yield
    except OSError as error:
        fail(system_sentence(error, redact(server or "") or "the server of the settings (PIXMILL_HOST, PIXMILL_PORT)"))


def fail(message: str, code: int = FAILURE) -> NoReturn:
    """Print a sentence and exit."""
    print_message(f"pixmill: {message}")
    sys.exit(code)
