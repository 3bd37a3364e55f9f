"""Where foreign exceptions stop: nothing but a PixmillError leaves the engine's pixels.

Decoders fail on what strangers sent, in any way at all (pyvips.Error, OSError, SyntaxError, struct.error,
ValueError, OverflowError, RecursionError …), and that is the file's fault. Past
the decoder a failure is ours.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from pixmill.errors import ImageTooLarge, Internal, PixmillError, UndecodableImage


@contextmanager
def decoding() -> Iterator[None]:
    """Any failure inside means that the original is damaged; mere warnings about it go nowhere."""
    with warnings.catch_warnings(), _as(UndecodableImage):
        warnings.simplefilter("ignore")
        yield


@contextmanager
def working() -> Iterator[None]:
    """Any failure inside is a defect of ours."""
    with _as(Internal):
        yield


@contextmanager
def _as(kind: type[PixmillError]) -> Iterator[None]:
    try:
        yield
    except PixmillError:
        raise
    except MemoryError as error:
        raise ImageTooLarge("The original needs more memory than a render may have") from error
    except Exception as error:
        raise kind(detail=f"{type(error).__name__}: {error}"[:500]) from error
