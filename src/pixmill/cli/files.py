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
    return nullcontext(sys.stdin.buffer) if source == STANDARD else Path(source).open("rb")


def write_standard_output(body: bytes) -> None:
    sys.stdout.buffer.write(body)
    sys.stdout.buffer.flush()
