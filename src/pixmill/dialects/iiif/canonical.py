"""The canonical form of the parameters of an image URL, which names the region and the size in pixels.

Knows sizes and plans; must never know an identifier.
"""

from fractions import Fraction
from typing import Final

from msgspec.structs import replace

from pixmill.dialects.iiif.grammar import ImageParams, SizeForm, SizeKind
from pixmill.dialects.iiif.options import IiifOptions, Maximum, Version
from pixmill.dialects.iiif.plans import resize_of
from pixmill.plan.cropping import resolve_crop
from pixmill.plan.fitting import fit
from pixmill.plan.lengths import Box, Size
from pixmill.plan.ops import Plan, Resize

_DECIMALS: Final = 18
"""Of a rotation."""


def canonical_params(
    params: ImageParams, plan: Plan, source: Size, version: Version, options: IiifOptions, maximum: Maximum
) -> str:
    """Return region, size, rotation and quality with format, for an original of size ``source``.

    Raises InvalidParameter as rendering does.
    """
    region = resolve_crop(source, plan.crop)
    is_whole = region == Box.whole(source)
    region_text = "full" if is_whole else f"{region.left},{region.top},{region.width},{region.height}"
    size = fit(region.size, plan.resize).output
    if version is Version.V2:
        size_text = _size_text_2(size, region.size)
    else:
        size_text = _size_text_3(size, region.size, options, maximum)
    mirrored = "!" if params.rotation.is_mirrored else ""
    quality = "default" if params.quality == "color" else params.quality
    rotation_text = f"{mirrored}{_decimal_text(params.rotation.degrees)}"
    return f"{region_text}/{size_text}/{rotation_text}/{quality}.{params.extension}"


def _size_text_2(size: Size, region: Size) -> str:
    """Return ``full``, ``w,`` where the ratio is kept, or ``w,h``."""
    if size == region:
        return "full"
    keeps_ratio = fit(region, Resize(size.width, enlarge=True)).output == size
    return f"{size.width}," if keeps_ratio else f"{size.width},{size.height}"


def _size_text_3(size: Size, region: Size, options: IiifOptions, maximum: Maximum) -> str:
    """Return ``max``, ``^max``, or both sides, after ``^`` if the region is smaller."""
    if size == fit(region, resize_of(SizeForm(SizeKind.MAX), options, maximum)).output:
        return "max"
    mark = "^" if size.width > region.width or size.height > region.height else ""
    largest = resize_of(SizeForm(SizeKind.MAX, upscales=True), options, maximum)
    if mark and size == fit(region, replace(largest, enlarge=True)).output:
        return "^max"
    return f"{mark}{size.width},{size.height}"


def _decimal_text(number: Fraction) -> str:
    """Return a number of at most ``_DECIMALS`` decimals without trailing zeros; a whole number without a point."""
    whole, rest = divmod(int(number * 10**_DECIMALS), 10**_DECIMALS)
    return f"{whole}.{rest:0{_DECIMALS}d}".rstrip("0").rstrip(".")
