"""Where foreign exceptions stop: nothing but a PixmillError leaves the engine's pixels.

Decoders fail on what strangers sent, in any way at all (pyvips.Error, OSError, SyntaxError, struct.error,
ValueError, OverflowError, RecursionError …), and that is the file's fault. Past
the decoder a failure is ours.
"""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from pixmill.errors import ImageTooLarge, InternalError, PixmillError, UndecodableImage

_OUT_OF_MEMORY: Final = re.compile(
    r"out of memory|memory error|cannot allocate memory|creating thread: Resource temporarily unavailable|encoding error [12]\b",
    re.IGNORECASE,
)
"""How libraries say so that have no word for it: libvips, the C library, GLib (of a thread's stack), and libwebp by way of libvips and of
Pillow (``VP8_ENC_ERROR_OUT_OF_MEMORY``, ``VP8_ENC_ERROR_BITSTREAM_OUT_OF_MEMORY``)."""


@contextmanager
def decode_errors() -> Iterator[None]:
    """Any failure inside means that the original is damaged; mere warnings about it go nowhere."""
    with warnings.catch_warnings(), _translate_errors(UndecodableImage):
        warnings.simplefilter("ignore")
        yield


@contextmanager
def process_errors() -> Iterator[None]:
    """Any failure inside is a defect of ours."""
    with _translate_errors(InternalError):
        yield


@contextmanager
def _translate_errors(error_class: type[PixmillError]) -> Iterator[None]:
    try:
        yield
    except PixmillError:
        raise
    except Exception as error:
        if isinstance(error, MemoryError) or _OUT_OF_MEMORY.search(str(error)):
            raise ImageTooLarge("The original needs more memory than a render may have") from error
        raise error_class(detail=f"{type(error).__name__}: {error}"[:500]) from error
