"""Files, standard input and standard output that users name."""

import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import BinaryIO

from pixmill.cli.result_names import STANDARD, is_url


def open_source(source: str) -> AbstractContextManager[str] | AbstractContextManager[BinaryIO]:
    """Open a file, or standard input; a URL stays as it is. Raises OSError."""
    if is_url(source):
        return nullcontext(source)
    if source != STANDARD:
        return Path(source).open("rb")
    if sys.stdin is None:
        raise OSError("standard input is closed")
    return nullcontext(sys.stdin.buffer)


def write_standard_output(body: bytes) -> None:
    if sys.stdout is None:
        raise OSError("standard output is closed")
    sys.stdout.buffer.write(body)
    sys.stdout.buffer.flush()
