"""HEIC by libheif (libde265 decodes, x265 encodes) from the wheel of pillow-heif, on one thread; the extra ``heic``.

Knows HEIC's ways: libheif turns pictures as their container says, and EXIF's orientation counts no more; pictures beside each other are
pages; a small copy may lie within. Parts such as depth and gain maps are left aside.
"""

from io import BytesIO

import pillow_heif

from pixmill.engine.codecs import pillow
from pixmill.engine.codecs.metadata import Kept
from pixmill.engine.codecs.modes import MODES
from pixmill.engine.codecs.picture import Header, Need
from pixmill.engine.codecs.quality import codec_quality
from pixmill.engine.pixels.bridge import to_pillow
from pixmill.engine.pixels.frame import Frame
from pixmill.media import Format
from pixmill.plan.geometry import Size
from pixmill.plan.output import PLAIN, Encoding

pillow_heif.options.DECODE_THREADS = 1  # parallelism comes from processes
pillow_heif.options.DEPTH_IMAGES = False
pillow_heif.options.AUX_IMAGES = False

_SPARE = 1.5
"""How many pixels of the small copy there must be for one that is wanted, along each side: it is the more compressed of the two."""
_SAME_SHAPE = 0.01


class HeicPicture:
    """One of the pictures of a HEIC, the primary one if no page is asked for."""

    def __init__(self, source: memoryview, page: int = 0) -> None:
        self._source = source
        file = pillow_heif.open_heif(BytesIO(source), convert_hdr_to_8bit=True)
        self._image = file[page - 1 if page else file.primary_index]
        info = self._image.info
        self.header = Header(
            format=Format.HEIC,
            size=Size(*self._image.size),
            alpha=self._image.has_alpha,
            colour_space="grey" if self._image.mode.startswith("L") else "rgb",
            frames=len(file),
            profile=info.get("icc_profile") or b"",
            exif=pillow.bounded(info.get("exif")),
            xmp=pillow.bounded(info.get("xmp")),
            upright=True,
        )

    def at(self, page: int) -> "HeicPicture":
        return HeicPicture(self._source, page)

    def decode(self, need: Need) -> Frame:
        image = (self._small(need) or self._image).to_pillow()
        across, down = image.width / self.header.size.width, image.height / self.header.size.height
        area = need.area.scaled(across, down)
        return pillow.frame(image, self.header.profile, area)

    def _small(self, need: Need) -> "pillow_heif.HeifThumbnail | None":
        """The copy within the file, if it has pixels enough and shows the same; its turns are the picture's."""
        size = self.header.size
        for number in range(len(self._image.info["thumbnails"])):
            small = self._image.get_thumbnail(number)
            scale = small.size[0] / size.width
            alike = abs(small.size[1] / (size.height * scale) - 1) < _SAME_SHAPE
            if alike and MODES[need.mode].small_copies and need.shrink * scale >= _SPARE:
                return small
        return None


def write(frame: Frame, quality: int, kept: Kept, encoding: Encoding = PLAIN) -> bytes:
    """A HEIC of 8 bits."""
    out = BytesIO()
    image = to_pillow(frame)
    image.info = {"icc_profile": frame.profile} if frame.profile else {}
    pillow_heif.from_pillow(image).save(
        out,
        quality=codec_quality(Format.HEIC, quality),
        chroma=int(encoding.subsampling.value),
        exif=b"Exif\0\0" + kept.exif if kept.exif else None,
        xmp=kept.xmp or None,
        enc_params={"preset": MODES[encoding.mode].heic, "x265:pools": "none"},
    )
    return out.getvalue()
