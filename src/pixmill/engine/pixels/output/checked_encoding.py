"""Tells an encoder's refusal of one result from a defect of ours, by encoding a small sample with the same options.

Encoders have limits of sides, shapes and contents that no table knows in full, and no exception class of their own for
them. If the sample is encoded, the options are valid and the refusal concerns this result; if it is refused too, the
defect is ours. Must never know formats or libraries.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from pixmill.engine.codecs.frame_sequence import AnimationTiming, FrameSequence
from pixmill.engine.codecs.metadata import NO_METADATA, RetainedMetadata
from pixmill.engine.codecs.table import encode_animation, encode_frame
from pixmill.engine.pixels.error_boundary import is_out_of_memory
from pixmill.engine.pixels.transform.colour import storable_frame, storable_sequence
from pixmill.engine.raster.frame import Frame, Layout
from pixmill.errors import PixmillError, ResultTooLarge
from pixmill.media import Format
from pixmill.plan.lengths import Size
from pixmill.plan.output import Encoding

_DEFECTS: Final = (TypeError, AttributeError, LookupError, NameError, AssertionError, ArithmeticError)
"""Exceptions that no library raises to refuse an image, except OverflowError."""
_SAMPLE_SIDE: Final = 64
_SAMPLE_TIMING: Final = AnimationTiming((100, 100))


def encode_still(frame: Frame, quality: int, metadata: RetainedMetadata, encoding: Encoding) -> bytes:
    """Encode a frame in its ``format``. Raises UnsupportedOutput, ResultTooLarge."""
    frame = storable_frame(frame, encoding)
    with _refusals(frame.format, frame.size, lambda: _encode_sample(frame.format, frame.layout, quality, encoding)):
        return encode_frame(frame, quality, metadata, encoding)


def encode_sequence(sequence: FrameSequence, quality: int, metadata: RetainedMetadata, encoding: Encoding) -> bytes:
    """Encode an animation in its ``format``. Raises UnsupportedOutput, ResultTooLarge."""
    sequence = storable_sequence(sequence, encoding)
    with _refusals(sequence.format, sequence.size, lambda: _encode_sample_animation(sequence, quality, encoding)):
        return encode_animation(sequence, quality, metadata, encoding)


@contextmanager
def _refusals(kind: Format, size: Size, encode_sample: Callable[[], bytes]) -> Iterator[None]:
    try:
        yield
    except PixmillError:
        raise
    except Exception as error:
        is_defect = isinstance(error, _DEFECTS) and not isinstance(error, OverflowError)
        if is_defect or is_out_of_memory(error) or not _is_possible(encode_sample):
            raise
        raise ResultTooLarge(
            f"The encoder of {kind} refuses this result of {size.width} × {size.height} pixels",
            param="format",
            detail=f"{type(error).__name__}: {error}"[:500],
        ) from error


def _is_possible(encode_sample: Callable[[], bytes]) -> bool:
    try:
        encode_sample()
    except Exception:  # noqa: BLE001 - the first exception is the one to report
        return False
    return True


def _encode_sample(kind: Format, layout: Layout, quality: int, encoding: Encoding) -> bytes:
    return encode_frame(_sample(kind, layout), quality, NO_METADATA, encoding)


def _encode_sample_animation(sequence: FrameSequence, quality: int, encoding: Encoding) -> bytes:
    frame = _sample(sequence.format, sequence.layout)
    sample = replace(sequence, frames=iter((frame, frame)), size=frame.size, timing=_SAMPLE_TIMING)
    return encode_animation(sample, quality, NO_METADATA, encoding)


def _sample(kind: Format, layout: Layout) -> Frame:
    pixels = bytes(_SAMPLE_SIDE * _SAMPLE_SIDE * layout.stored_channels)
    return Frame(pixels, _SAMPLE_SIDE, _SAMPLE_SIDE, layout, format=kind)
