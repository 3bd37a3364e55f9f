"""``resample`` by libvips, in gamma light, for installations without the compiled kernel.

A box is rounded outward to whole pixels.
"""

from dataclasses import dataclass
from math import ceil, floor
from typing import Any

import pyvips

from pixmill.engine.raster.frame import MAX_SIDE, Layout, PixelBuffer, ResampleBox

_BAND_FORMAT = {8: "uchar", 16: "ushort"}
_MAX_VALUE = {8: 255, 16: 65_535}


@dataclass(frozen=True, slots=True)
class ResampleRequest:
    width: int
    height: int
    layout: Layout
    box: ResampleBox
    out_width: int
    out_height: int
    stride: int
    depth: int
    out_depth: int

    @property
    def row_bytes(self) -> int:
        """Bytes of a source row."""
        return self.width * self.layout.stored_channels * self.depth // 8

    @property
    def validation_error(self) -> str:
        """The first inconsistency of the arguments, or an empty text."""
        left, top, box_width, box_height = self.box
        checks = {
            "each side must be of 1 to 65535 pixels": all(
                1 <= side <= MAX_SIDE for side in (self.width, self.height, self.out_width, self.out_height)
            ),
            "depth must be 8 or 16": self.depth in _MAX_VALUE and self.out_depth in _MAX_VALUE,
            "the stride is shorter than a row": self.stride == 0 or self.stride >= self.row_bytes,
            "the box must lie inside the image and must not be empty": _is_inside(left, box_width, self.width)
            and _is_inside(top, box_height, self.height),
        }
        return next((problem for problem, fine in checks.items() if not fine), "")


def resample(pixels: PixelBuffer, request: ResampleRequest) -> bytearray:
    """See ``lanczos.resample``; differs in linear light and fractions of pixels."""
    if request.validation_error:
        raise ValueError(request.validation_error)
    image = _crop(_to_vips_image(memoryview(pixels).cast("B"), request), request.box)
    image = _resize(image, request) * (_MAX_VALUE[request.out_depth] / _MAX_VALUE[request.depth])
    return bytearray(image.rint().cast(_BAND_FORMAT[request.out_depth]).write_to_memory())


def _is_inside(start: float, length: float, side: int) -> bool:
    return 0 <= start < side and length > 0 and start + length <= side + 1e-6


def _to_vips_image(pixels: memoryview, request: ResampleRequest) -> Any:
    stride = request.stride or request.row_bytes
    if len(pixels) < stride * (request.height - 1) + request.row_bytes:
        msg = "the buffer is shorter than the image"
        raise ValueError(msg)
    packed = (
        pixels
        if stride == request.row_bytes
        else b"".join(pixels[y * stride :][: request.row_bytes] for y in range(request.height))
    )
    packed = packed[: request.row_bytes * request.height]
    image = pyvips.Image.new_from_memory(
        packed, request.width, request.height, request.layout.stored_channels, _BAND_FORMAT[request.depth]
    )
    return image.extract_band(0, n=request.layout.channels)


def _crop(image: Any, box: ResampleBox) -> Any:
    left, top, box_width, box_height = box
    right, bottom = min(image.width, ceil(left + box_width)), min(image.height, ceil(top + box_height))
    return image.crop(floor(left), floor(top), right - floor(left), bottom - floor(top))


def _resize(image: Any, request: ResampleRequest) -> Any:
    x_scale, y_scale = request.out_width / image.width, request.out_height / image.height
    if not request.layout.has_alpha:
        return image.resize(x_scale, vscale=y_scale, kernel="lanczos3")
    max_value = _MAX_VALUE[request.depth]
    image = image.premultiply(max_alpha=max_value).resize(x_scale, vscale=y_scale, kernel="lanczos3")
    return image.unpremultiply(max_alpha=max_value)
