"""Film grain: Gaussian noise, the same for all channels of a pixel.

The standard deviation is in percent of the value range. The seed comes from the plan, so that the same plan gives the
same bytes. One tile is generated and repeated, because generating random numbers costs more than everything else.
"""

from zlib import crc32

import pyvips

from pixmill.engine.pixels.job import RenderJob
from pixmill.engine.raster.alpha import join_alpha, split_alpha
from pixmill.engine.raster.convert import VipsImage, from_vips, to_vips
from pixmill.engine.raster.frame import Frame
from pixmill.plan.effects import Effects
from pixmill.plan.key import canonical_json
from pixmill.plan.lengths import Size
from pixmill.plan.ops import Plan

_TILE = 512
_SEEDS = 2**31


def noise(frame: Frame, job: RenderJob) -> Frame:
    """Add film grain."""
    amount = job.plan.effects.noise
    colours, alpha = split_alpha(to_vips(frame))
    grain = _noise_image(frame.size, 2.55 * amount, _seed(job.plan.effects))
    return from_vips(join_alpha(colours + grain, alpha), frame)


def _seed(effects: Effects) -> int:
    """Return a seed that is the same for all sizes and formats of a result."""
    return crc32(canonical_json(Plan(effects=effects))) % _SEEDS


def _noise_image(size: Size, deviation: float, seed: int) -> VipsImage:
    tile = pyvips.Image.gaussnoise(_TILE, _TILE, sigma=deviation, mean=0, seed=seed).copy_memory()
    columns, rows = -(-size.width // _TILE), -(-size.height // _TILE)
    return tile.replicate(columns, rows).crop(0, 0, size.width, size.height)
