"""Decodes animated JPEG XLs by libjxl's own API, frame by frame, composed on the whole canvas, on one thread.

pillow-jxl-plugin returns the last frame only. Uses the libjxl in pylibjxl's wheel; ``available`` is False without it or
where it has another ABI. Must never know plans.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import byref, c_char, c_size_t
from dataclasses import dataclass
from typing import Any, Final

from pyvips import ffi

from pixmill.engine.codecs import libjxl_api as api
from pixmill.plan.lengths import Size

_MAX_FRAMES: Final = 100_000
_MAX_PROFILE_BYTES: Final = 2**22

_TEST_FILE: Final = bytes.fromhex(
    "ff0a00104100161497040808e001000030004b188b15c249411e40a47f7f08086042000030004b188b15c249411ec0d15f7f"
)
"""A lossless animation of one pixel: red for 70 ms, green for 90 ms."""

_TEST_PIXELS: Final = [bytes((255, 0, 0, 255)), bytes((0, 255, 0, 255))]


@dataclass(frozen=True, slots=True)
class JxlAnimation:
    """The facts of an animation; ``size`` is that of the displayed canvas.

    ``truncated``: the file ends within a frame, which is not counted. If that is the last one, only decoding it tells.
    """

    size: Size
    alpha: bool
    grey: bool
    delays_ms: tuple[int, ...]
    loop_count: int
    truncated: bool = False

    @property
    def channels(self) -> int:
        return (1 if self.grey else 3) + self.alpha


@dataclass(frozen=True, slots=True)
class JxlPixels:
    """One composed frame: packed samples of 8 bits, with straight alpha, and the ICC profile of its colours."""

    samples: bytearray
    profile: bytes
    truncated: bool = False


def read_animation(source: memoryview) -> JxlAnimation:
    """Read the headers of all frames that are shown; no pixel is decoded. Raises ValueError."""
    info, header, delays = api.BasicInfo(), api.FrameHeader(), list[int]()
    with _decoder(source, api.BASIC_INFO | api.FRAME) as decoder:
        for status in _events(decoder):
            if status == api.BASIC_INFO:
                _check(_library.JxlDecoderGetBasicInfo(decoder, byref(info)))
            elif status == api.FRAME:
                _check(_library.JxlDecoderGetFrameHeader(decoder, byref(header)))
                ticks = info.animation.ticks or 1
                delays.append(round(1000 * header.duration * info.animation.seconds / ticks))
            if len(delays) > _MAX_FRAMES:
                raise ValueError(f"more than {_MAX_FRAMES} frames")
    truncated = status == api.NEED_MORE_INPUT
    delays = delays[:-1] if truncated else delays
    if not delays:
        raise ValueError("no complete frame")
    return JxlAnimation(
        Size(*_displayed_size(info)),
        bool(info.alpha_bits),
        info.colour_channels == 1,
        tuple(delays),
        info.animation.loops,
        truncated,
    )


def _displayed_size(info: api.BasicInfo) -> tuple[int, int]:
    """The size after orientation, which libjxl applies."""
    return (info.height, info.width) if info.orientation >= _FIRST_TRANSPOSED else (info.width, info.height)


_FIRST_TRANSPOSED: Final = 5


def decode_frames(source: memoryview, animation: JxlAnimation, first: int = 1) -> Iterator[JxlPixels]:
    """Decode the frames from the given one on, counted from 1. Raises ValueError."""
    pixel_format = api.PixelFormat(animation.channels, api.UINT8, 0, 0)
    size_bytes, samples, profile = c_size_t(), bytearray(), b""
    events = api.COLOR_ENCODING | api.FULL_IMAGE
    with _decoder(source, events) as decoder:
        _library.JxlDecoderSkipFrames(decoder, first - 1)
        for status in _events(decoder):
            if status == api.COLOR_ENCODING:
                profile = _profile(decoder)
            elif status == api.NEED_IMAGE_OUT_BUFFER:
                _check(_library.JxlDecoderImageOutBufferSize(decoder, byref(pixel_format), byref(size_bytes)))
                if size_bytes.value != animation.size.pixels * animation.channels:
                    raise ValueError(f"{size_bytes.value} bytes for a frame of {animation.size}")
                samples = bytearray(size_bytes.value)
                memory = (c_char * len(samples)).from_buffer(samples)
                _check(
                    _library.JxlDecoderSetImageOutBuffer(
                        decoder, byref(pixel_format), ctypes.addressof(memory), len(samples)
                    )
                )
            elif status == api.FULL_IMAGE:
                yield JxlPixels(samples, profile)
                samples = bytearray()
            elif status == api.NEED_MORE_INPUT and samples:
                _library.JxlDecoderFlushImage(decoder)  # draws what there is, if anything can be drawn
                yield JxlPixels(samples, profile, truncated=True)


def _profile(decoder: int) -> bytes:
    """The ICC profile of the decoded pixels; empty if libjxl has none."""
    size = c_size_t()
    if _library.JxlDecoderGetICCProfileSize(decoder, api.TARGET_DATA, byref(size)) != api.SUCCESS:
        return b""
    if size.value > _MAX_PROFILE_BYTES:
        raise ValueError(f"a profile of {size.value} bytes")
    profile = ctypes.create_string_buffer(size.value)
    _check(_library.JxlDecoderGetColorAsICCProfile(decoder, api.TARGET_DATA, profile, size))
    return profile.raw


@contextmanager
def _decoder(source: memoryview, events: int) -> Iterator[int]:
    with ffi.from_buffer(source) as memory:
        decoder = _library.JxlDecoderCreate(None)
        if not decoder:
            raise MemoryError
        try:
            _check(_library.JxlDecoderSubscribeEvents(decoder, events))
            _check(_library.JxlDecoderSetUnpremultiplyAlpha(decoder, 1))
            _check(_library.JxlDecoderSetInput(decoder, int(ffi.cast("uintptr_t", memory)), len(source)))
            yield decoder
        finally:
            _library.JxlDecoderDestroy(decoder)


def _events(decoder: int) -> Iterator[int]:
    """Yield what the decoder reports, up to its end or to that of a truncated file. Raises ValueError."""
    while True:
        status = _library.JxlDecoderProcessInput(decoder)
        if status not in _EVENTS:
            raise ValueError(f"Damaged: status {status}")
        yield status
        if status in (api.SUCCESS, api.NEED_MORE_INPUT):
            return


_EVENTS: Final = frozenset(
    (
        api.SUCCESS,
        api.NEED_MORE_INPUT,
        api.NEED_IMAGE_OUT_BUFFER,
        api.BASIC_INFO,
        api.COLOR_ENCODING,
        api.FRAME,
        api.FULL_IMAGE,
    )
)


def _check(status: int) -> None:
    if status != api.SUCCESS:
        raise ValueError(f"Damaged: status {status}")


_library: Any = api.load_library()


def _passes_self_check() -> bool:
    """Decode the animation of one pixel: with other structs its delays and pixels would not come back."""
    file = memoryview(_TEST_FILE)
    try:
        animation = read_animation(file)
        pixels = [bytes(frame.samples) for frame in decode_frames(file, animation)]
    except ValueError:
        return False
    return (animation.delays_ms, pixels) == ((70, 90), _TEST_PIXELS)


available: Final = _library is not None and _passes_self_check()
"""Whether this installation can call libjxl directly."""
