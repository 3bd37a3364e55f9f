"""Files, standard input and standard output that users name."""

from contextlib import AbstractContextManager, nullcontext
from typing import BinaryIO, cast

import click


def open_source(source: str) -> AbstractContextManager[str] | AbstractContextManager[BinaryIO]:
    """Open a file, or standard input; a URL stays as it is. Raises OSError."""
    if "://" in source:
        return nullcontext(source)
    return cast("AbstractContextManager[BinaryIO]", click.open_file(source, "rb"))
