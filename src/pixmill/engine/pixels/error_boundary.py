"""Translates exceptions of libraries: only PixmillError leaves the pixel pipeline.

Decoders fail on untrusted input with any exception (pyvips.Error, OSError, SyntaxError, struct.error, ValueError,
OverflowError, RecursionError …): that is the fault of the file. After decoding, a failure is a defect of ours, except
for what an encoder refuses (``output/checked_encoding.py``).
"""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from pixmill.errors import ImageTooLarge, InternalError, PixmillError, UndecodableImage

_OUT_OF_MEMORY: Final = re.compile(
    r"out of memory|memory error|cannot allocate memory|creating thread: Resource temporarily unavailable"
    r"|encoding error [12]\b",
    re.IGNORECASE,
)
"""Messages of libraries without an exception of their own for it: libvips, the C library, GLib (for the stack of a
thread), and libwebp through libvips and Pillow (``VP8_ENC_ERROR_OUT_OF_MEMORY``,
``VP8_ENC_ERROR_BITSTREAM_OUT_OF_MEMORY``)."""


@contextmanager
def decode_errors() -> Iterator[None]:
    """Translate any failure inside to UndecodableImage, and ignore warnings about the original."""
    with warnings.catch_warnings(), _translate_errors(UndecodableImage):
        warnings.simplefilter("ignore")
        yield


@contextmanager
def process_errors() -> Iterator[None]:
    """Translate any failure inside to InternalError."""
    with _translate_errors(InternalError):
        yield


def is_out_of_memory(error: Exception) -> bool:
    """Whether a library ran out of memory, even if it has no exception of its own for it."""
    return isinstance(error, MemoryError) or _OUT_OF_MEMORY.search(str(error)) is not None


@contextmanager
def _translate_errors(error_class: type[PixmillError]) -> Iterator[None]:
    try:
        yield
    except PixmillError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise ImageTooLarge("The original needs more memory than a render may have") from error
        raise error_class(detail=f"{type(error).__name__}: {error}"[:500]) from error
