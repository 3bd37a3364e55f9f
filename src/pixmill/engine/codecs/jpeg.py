"""JPEG decoder by Pillow's libjpeg-turbo with DCT scaling.

CMYK is read with 255 as no ink, with or without Adobe's marker, as browsers do. Bounds the number of scans. Files whose
header is damaged or that lack their end are repaired after the decoder has refused them.
"""

from contextlib import suppress
from dataclasses import replace
from io import BytesIO

from PIL import Image, ImageChops
from PIL.JpegImagePlugin import JpegImageFile

from pixmill.engine.codecs import pillow
from pixmill.engine.codecs.decoder import DecodeRequest, ImageHeader
from pixmill.engine.codecs.jpeg_segments import END_OF_IMAGE, has_all_scans, rebuild_header, without_partial_segment
from pixmill.engine.codecs.modes import compensation, jpeg_thresholds, max_shrink
from pixmill.engine.raster.frame import NO_COMPENSATION, Area, Frame
from pixmill.engine.raster.icc import cmyk_to_srgb
from pixmill.errors import UndecodableImage
from pixmill.media import Format
from pixmill.plan.lengths import Size
from pixmill.plan.ops import DecodeScaling

# Below this many pixels DCT scaling saves nothing, and blocks that extend past the edge become visible.
_MIN_SCALED_PIXELS = 256 * 256
_ROUNDING_PX = 1e-6
_MAX_SCANS = 100  # as in the fuzzers of libjpeg-turbo and libvips: each scan costs a pass over all coefficients
_START_OF_SCAN = b"\xff\xda"
_TRUNCATED = "image file is truncated"
"""What Pillow raises when its decoder waits for more data."""

_FILLER = bytes(number * 37 % 255 for number in range(1, 64))
"""Bits in the place of missing blocks, without a marker."""

_MAX_ADDED_BYTES = len(_FILLER) + len(END_OF_IMAGE)


class JpegDecoder:
    """A JPEG, or the first image of an MPO."""

    def __init__(self, source: memoryview) -> None:
        self._source: memoryview | bytes = source
        try:
            self._image = JpegImageFile(pillow.ReadLimitedFile(source))
        except (SyntaxError, ValueError):
            self._source = rebuild_header(source)
            self._image = JpegImageFile(pillow.ReadLimitedFile(self._source))
        if "progressive" in self._image.info and bytes(source).count(_START_OF_SCAN) > _MAX_SCANS:
            raise UndecodableImage(detail="more than 100 scans")
        self.header: ImageHeader = pillow.image_header(self._image, Format.JPEG)

    def decode(self, request: DecodeRequest) -> Frame:
        self._prepare(self._image, request)
        try:
            return self._finish(self._image, request)
        except OSError as error:
            if not str(error).startswith(_TRUNCATED):
                raise
        return self._decode_truncated(request)

    def _finish(self, image: JpegImageFile, request: DecodeRequest) -> Frame:
        """Decode an image that has been prepared."""
        shrink = self._shrink_of(image, request)
        area = _scaled_area(request, self.header.size, image.size, shrink)
        if image.mode == "CMYK":
            return pillow.decode_frame(cmyk_to_srgb(image, self.header.profile), b"", area)
        return replace(
            pillow.decode_frame(image, self.header.profile, area),
            compensation=compensation(request.mode, request.scaling, shrink),
        )

    def _prepare(self, image: JpegImageFile, request: DecodeRequest) -> None:
        """Set the image to be scaled while it is decoded."""
        shrink, size = dct_shrink(request, self.header.size), self.header.size
        image.decodermaxblock = len(self._source) + _MAX_ADDED_BYTES  # one call: each would copy the remaining data
        image.draft(None, (max(1, size.width // shrink), max(1, size.height // shrink)))

    def _shrink_of(self, image: JpegImageFile, request: DecodeRequest) -> int:
        """Return the scale that the image was set to."""
        size = self.header.size
        return dct_shrink(request, size) if image.size != (size.width, size.height) else 1

    def _decode_truncated(self, request: DecodeRequest) -> Frame:
        """Decode a file without its end marker: all of it if every block is there, else the rows that are.

        libjpeg needs the marker to decode the last blocks, and to begin with a progressive image. It fills missing
        blocks, so a block is missing if other bits in its place change the pixels.
        """
        unfinished = without_partial_segment(rebuild_header(memoryview(self._source)))
        completed, continued = (JpegImageFile(BytesIO(unfinished + filler + END_OF_IMAGE)) for filler in (b"", _FILLER))
        for image in (completed, continued):
            self._prepare(image, request)
            image.load()
        is_whole = has_all_scans(unfinished) and ImageChops.difference(completed, continued).getbbox() is None
        if is_whole:
            return self._finish(completed, request)
        return self._decode_rows(request) or replace(self._finish(completed, request), truncated=True)

    def _decode_rows(self, request: DecodeRequest) -> Frame | None:
        """Decode the rows whose blocks are there, and leave the others transparent; None if there are no such rows.

        Pillow sets the fourth, unused byte of the pixels that libjpeg returns to 255; of the others it remains 0.
        """
        image = JpegImageFile(BytesIO(self._source))
        self._prepare(image, request)
        shrink = self._shrink_of(image, request)
        is_grey, is_cmyk = image.mode == "L", image.mode == "CMYK"
        if is_grey:
            image._mode, image.tile = "RGB", [image.tile[0]._replace(args=("RGB", ""))]  # noqa: SLF001 - for its alpha
        with suppress(OSError):
            image.load()
        image.tile = []
        if is_cmyk:
            rows = image.getbbox()
            decoded = cmyk_to_srgb(image, self.header.profile).convert("RGBA")
            decoded.paste((0, 0, 0, 0), (0, rows[3] if rows else 0, *image.size))
        else:
            decoded = Image.frombytes("RGBA", image.size, image.tobytes("raw", "RGBX"))
        if decoded.getextrema()[-1] == (0, 0):
            return None
        frame = pillow.decode_frame(
            decoded.convert("LA") if is_grey else decoded,
            b"" if is_cmyk else self.header.profile,
            _scaled_area(request, self.header.size, image.size, shrink),
        )
        lost = NO_COMPENSATION if is_cmyk else compensation(request.mode, request.scaling, shrink)
        return replace(frame, truncated=True, compensation=lost)


def dct_shrink(request: DecodeRequest, size: Size) -> int:
    """The DCT scaling denominator to decode an image of this size at: 1, 2, 4 or 8."""
    area, scaling = request.area, request.scaling
    if scaling is DecodeScaling.AUTO and area.width * area.height < _MIN_SCALED_PIXELS:
        return 1
    if scaling is DecodeScaling.PILLOW and max(size.width - area.width, size.height - area.height) > _ROUNDING_PX:
        return 1
    return max_shrink(jpeg_thresholds(request.mode, scaling), request.shrink_factor)


def _scaled_area(request: DecodeRequest, size: Size, decoded: tuple[int, int], shrink: int) -> Area:
    """Return the area in a decoded image.

    A scaled pixel covers exactly that many stored ones, and the last of a row may extend past the edge. sharp leaves
    that one out; with Pillow it counts as whole.
    """
    if shrink == 1 or request.scaling not in {DecodeScaling.SHARP, DecodeScaling.PILLOW}:
        return request.area.scaled_down(shrink)
    width, height = decoded
    if request.scaling is DecodeScaling.SHARP:
        width, height = (max(1, side // shrink) for side in size.sides)
    return request.area.scaled(width / size.width, height / size.height)
