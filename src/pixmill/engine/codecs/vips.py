"""PNG, GIF and what other files ask for by libvips: streamed, with only the needed part kept, as 8 bits grey or RGB.

Each loader is named; libvips never chooses one. 16 bits become 8 here, with rounding, before the resample; those
of linear light become sRGB first.
Knows libvips' loaders and pixel types. Which formats it is used for is said in ``table.py``.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from math import ceil, floor
from typing import Any

import pyvips

from pixmill.engine.codecs.picture import Header, Need
from pixmill.engine.codecs.reel import Timing, timing_of
from pixmill.engine.pixels.bridge import VipsImage, from_vips
from pixmill.engine.pixels.colour import is_coarse
from pixmill.engine.pixels.frame import Frame
from pixmill.media import Format
from pixmill.plan.geometry import Size

_GREY = ("b-w", "grey16")
_COLOURS = 3
_MAX_METADATA_BYTES = 2**20


class VipsPicture:
    """A file that one of libvips' loaders reads from top to bottom, once."""

    def __init__(self, kind: Format, loader: Callable[..., VipsImage], source: memoryview, page: int = 1) -> None:
        self._at = partial(VipsPicture, kind, loader, source)
        self._load = partial(loaded, loader, source, access="sequential", fail_on="truncated")
        if page != 1:
            self._load = partial(self._load, page=page - 1)
        self.header: Header = header(self._load(), kind)

    def decode(self, need: Need) -> Frame:
        return self._seen(self._load(), 0, need)

    def _seen(self, image: VipsImage, above: int, need: Need) -> Frame:
        """The needed part of the picture that begins this many rows from the top."""
        size = self.header.size
        left, width = _span(need.area.left, need.area.width, size.width)
        top, height = _span(need.area.top, need.area.height, size.height)
        if (width, height) != (image.width, image.height):
            image = image.crop(left, above + top, width, height)
        area, profile = need.area.moved(left, top), self.header.profile
        if need.srgb and image.format == "ushort" and image.bands >= _COLOURS and is_coarse(profile):
            return replace(from_vips(_srgb(image)), area=area)
        return replace(from_vips(eight_bits(image)), profile=profile, area=area)


class VipsAnimation(VipsPicture):
    """A file of which libvips' loader gives every frame as it is seen, one below the other."""

    def at(self, page: int) -> VipsPicture:
        return self._at(page)

    def frames(self, need: Need) -> Iterator[Frame]:
        image = self._load(n=-1)  # read in portions from top to bottom, decoded once
        for above in range(0, image.height, self.header.size.height):
            yield self._seen(image, above, need)


def _span(start: float, length: float, limit: int) -> tuple[int, int]:
    """The whole pixels that a stretch touches: where they begin and how many they are."""
    first = max(0, floor(start))
    return first, min(limit, ceil(start + length)) - first


def loaded(loader: Callable[..., VipsImage], source: memoryview | bytes, **options: Any) -> VipsImage:
    """A picture over the file itself, of which the loaders that take a buffer would be given a copy. Whoever reads it keeps ``source`` alive."""
    return loader(pyvips.Source.new_from_memory(source), **options)


def header(image: VipsImage, kind: Format) -> Header:
    return Header(
        format=kind,
        size=Size(image.width, image.height),
        alpha=bool(image.hasalpha()),
        colour_space="grey" if image.interpretation in _GREY else "rgb",
        frames=_field(image, "n-pages", 1),
        timing=_timing(image),
        orientation=_orientation(image),
        profile=_block(image, "icc-profile-data"),
        exif=_block(image, "exif-data"),
        xmp=_block(image, "xmp-data"),
    )


def _field(image: VipsImage, name: str, default: Any) -> Any:
    return image.get(name) if image.get_typeof(name) else default


def _timing(image: VipsImage) -> Timing | None:
    frames = _field(image, "n-pages", 1)
    if frames == 1 or not image.get_typeof("delay"):
        return None
    return timing_of([*image.get("delay"), *[0] * frames][:frames], _field(image, "loop", 0))


def _orientation(image: VipsImage) -> int:
    value = _field(image, "orientation", 1)
    return value if value in range(1, 9) else 1


def _block(image: VipsImage, name: str) -> bytes:
    """A block of metadata, if it is small enough to carry."""
    data = bytes(_field(image, name, b""))
    return data if len(data) <= _MAX_METADATA_BYTES or name == "icc-profile-data" else b""


def eight_bits(image: VipsImage) -> VipsImage:
    if image.format == "ushort":
        image = image.linear(1 / 257, 0.5, uchar=True)  # 65535 = 255 × 257; the cast cuts off what 0.5 rounds up
    return image


def _srgb(image: VipsImage) -> VipsImage:
    """16 bits of linear light as 8 of sRGB: rounded before, up to 13 codes near black would become one."""
    colours = image.extract_band(0, n=_COLOURS).icc_transform(
        "srgb", embedded=True, intent="relative", black_point_compensation=True, depth=8
    )
    return colours.bandjoin(eight_bits(image.extract_band(_COLOURS))) if image.hasalpha() else colours


PNG_LOADER: Callable[..., VipsImage] = pyvips.Image.pngload_source

gif = partial(VipsAnimation, Format.GIF, pyvips.Image.gifload_source)
