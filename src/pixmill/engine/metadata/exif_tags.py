"""The EXIF tags that results may have: those that stay true of an image that was resized, cropped or recoloured.

An allowlist of CIPA DC-008 (EXIF 3.0, §4.6). Not in it, and so in no result:

- thumbnails (IFD1, SubIFDs) and maker notes, which hold previews, and offsets that break when a block is rewritten
- size, compression and colour space of the original: ImageWidth, PixelXDimension, BitsPerSample, ColorSpace, Gamma …
- positions in the original: SubjectArea, SubjectLocation, FocalPlaneXResolution …
- offsets of data that is not copied, GeoTIFF tags, embedded XMP, IPTC, Photoshop and ICC blocks

Knows numbers only.
"""

from typing import Final

ORIENTATION: Final = 274
ARTIST: Final = 315
COPYRIGHT: Final = 33_432
EXIF_DIRECTORY: Final = 34_665
GPS_DIRECTORY: Final = 34_853

IMAGE_TAGS: Final = frozenset(
    (
        *(270, 271, 272, ORIENTATION),  # ImageDescription, Make, Model
        *(282, 283, 296),  # XResolution, YResolution, ResolutionUnit: of a print
        *(305, 306, ARTIST, 316, COPYRIGHT),  # Software, DateTime, HostComputer
        *(18_246, 18_249),  # Rating, RatingPercent
        *range(40_091, 40_096),  # XPTitle, XPComment, XPAuthor, XPKeywords, XPSubject
    )
)
"""Of the first directory."""

EXPOSURE_TAGS: Final = frozenset(
    (
        *(33_434, 33_437, 34_850, 34_852, 34_855),  # ExposureTime, FNumber, program, spectral sensitivity, ISO
        *range(34_864, 34_870),  # sensitivities
        *(36_864, 36_867, 36_868, *range(36_880, 36_883)),  # ExifVersion, dates, time zones
        *range(37_377, 37_387),  # shutter speed to focal length
        *(37_510, *range(37_520, 37_523)),  # UserComment, fractions of seconds
        *range(37_888, 37_894),  # temperature to elevation angle
        *(40_960, 41_483, 41_493, 41_495, 41_728, 41_729),  # FlashpixVersion, flash energy, index, sensing, source
        *(*range(41_985, 41_995), 41_996),  # rendering, exposure mode, white balance … subject distance range
        *range(42_016, 42_017),  # ImageUniqueID
        *range(42_032, 42_045),  # owner, body, lens; title, photographer, editor, software of EXIF 3.0
        *(42_080, 42_081),  # CompositeImage
    )
)
"""Of the EXIF directory."""

GPS_TAGS: Final = frozenset(range(32))
"""Of the GPS directory."""

CREDIT_TAGS: Final = frozenset((ARTIST, COPYRIGHT, 42_032, 42_039, 40_093))
"""Names of people and rights, which stay if they contain the name of a place: Artist, Copyright, CameraOwnerName,
Photographer, XPAuthor."""
