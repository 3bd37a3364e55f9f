"""What ``resample`` does where the compiled kernel is missing: the same by libvips, in gamma light.

Knows libvips and what is inconsistent. A box is rounded outward to whole pixels.
"""

from dataclasses import dataclass
from math import ceil, floor
from typing import Any

import pyvips

from pixmill.engine.pixels.layout import Box, Layout, Pixels

_MAX_SIDE = 65_535
_BAND_FORMAT = {8: "uchar", 16: "ushort"}
_WHITE = {8: 255, 16: 65_535}


@dataclass(frozen=True, slots=True)
class Job:
    width: int
    height: int
    layout: Layout
    box: Box
    out_width: int
    out_height: int
    stride: int
    depth: int
    out_depth: int

    @property
    def row(self) -> int:
        """Bytes in a row of the source."""
        return self.width * self.layout.stored * self.depth // 8

    @property
    def problem(self) -> str:
        """What is inconsistent in itself, or nothing."""
        left, top, across, down = self.box
        checks = {
            "each side must be of 1 to 65535 pixels": all(
                1 <= side <= _MAX_SIDE for side in (self.width, self.height, self.out_width, self.out_height)
            ),
            "depth must be 8 or 16": self.depth in _WHITE and self.out_depth in _WHITE,
            "the stride is shorter than a row": self.stride == 0 or self.stride >= self.row,
            "the box must lie inside the picture and have a size": _inside(left, across, self.width)
            and _inside(top, down, self.height),
        }
        return next((problem for problem, fine in checks.items() if not fine), "")


def resample(pixels: Pixels, job: Job) -> bytearray:
    """See ``pixmill.engine.pixels.resample.resample``, whose promises it keeps but for light and fractions."""
    if job.problem:
        raise ValueError(job.problem)
    image = _crop(_picture(memoryview(pixels).cast("B"), job), job.box)
    image = _resize(image, job) * (_WHITE[job.out_depth] / _WHITE[job.depth])
    return bytearray(image.rint().cast(_BAND_FORMAT[job.out_depth]).write_to_memory())


def _inside(start: float, length: float, side: int) -> bool:
    return 0 <= start < side and length > 0 and start + length <= side + 1e-6


def _picture(pixels: memoryview, job: Job) -> Any:
    stride = job.stride or job.row
    if len(pixels) < stride * (job.height - 1) + job.row:
        msg = "the buffer is shorter than the picture"
        raise ValueError(msg)
    tight = pixels if stride == job.row else b"".join(pixels[y * stride :][: job.row] for y in range(job.height))
    tight = tight[: job.row * job.height]
    image = pyvips.Image.new_from_memory(tight, job.width, job.height, job.layout.stored, _BAND_FORMAT[job.depth])
    return image.extract_band(0, n=job.layout.written)


def _crop(image: Any, box: Box) -> Any:
    left, top, across, down = box
    right, bottom = min(image.width, ceil(left + across)), min(image.height, ceil(top + down))
    return image.crop(floor(left), floor(top), right - floor(left), bottom - floor(top))


def _resize(image: Any, job: Job) -> Any:
    across, down = job.out_width / image.width, job.out_height / image.height
    if not job.layout.alpha:
        return image.resize(across, vscale=down, kernel="lanczos3")
    white = _WHITE[job.depth]
    image = image.premultiply(max_alpha=white).resize(across, vscale=down, kernel="lanczos3")
    return image.unpremultiply(max_alpha=white)
