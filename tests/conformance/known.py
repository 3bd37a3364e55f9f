"""Where Pixmill and Chromium are known to differ, and why. What is in no row here fails the comparison.

``docs/formats.md`` lists these rows with the number of files that each covers.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tests.conformance.comparison import TRUNCATED, Comparison, Outcome


@dataclass(frozen=True)
class Known:
    """``sets`` and ``files`` are patterns that match from the beginning of a name; ``detail`` is in what was found."""

    sets: str
    files: str
    outcomes: tuple[Outcome, ...]
    what: str
    reason: str
    detail: str = ""

    def covers(self, name: str, file: str, found: Comparison) -> bool:
        return (
            found.outcome in self.outcomes
            and re.match(self.sets, name) is not None
            and re.match(self.files, file) is not None
            and self.detail in found.detail
        )


DIFFERENT, REFUSED, NOT_SHOWN = Outcome.DIFFERENT, Outcome.WE_REFUSE, Outcome.BROWSER_REFUSES

KNOWN: Final = (
    Known(
        r".*",
        r".*",
        (REFUSED,),
        "files that are cut off",
        "Refused by default; `PIXMILL_ON_TRUNCATED=show` shows them as Chromium does, as far as Chromium draws them.",
        TRUNCATED,
    ),
    Known(
        r"A?PNG|GIF|ICO",
        r"made/.*cut off|libvips/truncated|gdk-pixbuf/(hang_114|invalid|bug696331)|pillow/(broken_data|truncated_image)",
        (REFUSED,),
        "files that are cut off, of which too little can be decoded",
        "Refused as `undecodable_image`; Chromium shows what it has.",
    ),
    Known(
        r"GIF|PNG|AVIF",
        r"gdk-pixbuf/max-|libvips/16x17000",
        (REFUSED,),
        "results beyond a limit",
        "A side of the result is longer than `PIXMILL_MAX_RESULT_SIDE` allows.",
        "result_too_large",
    ),
    Known(
        r"JPEG|TIFF",
        r"made/CMYK|pillow/(pil_sample_cmyk|tiff_.*cmyk)|gdk-pixbuf/premature-end",
        (DIFFERENT, REFUSED),
        "CMYK without a profile",
        "Converted here with the CMYK profile of libvips, as by sharp; Chromium multiplies the inks.",
    ),
    Known(
        r"JPEG",
        r"pillow/icc_profile_big|made/grey with an RGB profile",
        (DIFFERENT,),
        "profiles with tables, and of another colour space",
        "LittleCMS and Chromium interpolate tables differently; a grey image with an RGB profile is converted here.",
    ),
    Known(
        r"JPEG",
        r"made/no EOI",
        (DIFFERENT,),
        "JPEG without EOI",
        "All rows are shown here; Chromium leaves the last ones out, for which it waits.",
    ),
    Known(
        r"JPEG",
        r"gdk-pixbuf/bug(143608|725582)",
        (DIFFERENT,),
        "EXIF orientation of another type",
        "Chromium reads the tag only if its type is SHORT; others are read here too, as by libexif and Pillow.",
    ),
    Known(
        r"PNG|ICO",
        r"made/(PNG of )?type 6, 16 bits|kimageformats/argb16|pillow_heif/RGBA_16",
        (DIFFERENT,),
        "16 bits with alpha",
        "Chromium multiplies alpha in as half floats: up to 3 codes.",
    ),
    Known(
        r"PNG",
        r"made/.*type 2, 16 bits|libjxl/|kimageformats/32bit|libpng/.*16|made/gAMA.* type 0, 16",
        (DIFFERENT,),
        "16 bits with a colour space",
        "Within 0.5 codes of arithmetic in linear light here, and converted before or after rounding to 8 bits; "
        "Chromium interpolates: up to 19 codes in dark samples.",
    ),
    Known(
        r"PNG",
        r"made/cHRM of zeros, type 0",
        (DIFFERENT,),
        "grey with an unusable cHRM",
        "gAMA counts here, since grey needs no primaries; Chromium leaves both out.",
    ),
    Known(
        r"PNG",
        r"made/(Adler|no Adler|rows for)",
        (REFUSED,),
        "PNGs whose compressed data end early or have a wrong checksum",
        "Refused as `undecodable_image`; Chromium shows the rows there are.",
    ),
    Known(
        r"PNG",
        r"made/cICP (PQ|HLG)",
        (DIFFERENT,),
        "HDR with alpha or saturated colours",
        "Tone mapping is the same to within 2 codes but for up to 0.4 % of samples, at the edge of the gamut.",
    ),
    Known(
        r"PNG",
        r"pillow/1_trns|made/an index beyond the palette|made/tRNS longer than the palette",
        (DIFFERENT, NOT_SHOWN),
        "indices and transparency that the palette does not have",
        "An error by the PNG standard, for which decoders choose pixels: black here.",
    ),
    Known(
        r"A?PNG|GIF|WebP",
        r"pillow/(issue_2811|chunk_|sequence_)|gdk-pixbuf/(overflow-codes|max-codes)|made/(CRC of IHDR|.*wrong RIFF)",
        (NOT_SHOWN,),
        "damage in a header, a first frame or its control",
        "What can be decoded is shown here; Chromium shows nothing.",
    ),
    Known(
        r"A?PNG",
        r"pillow/sequence_|made/a frame that leaves",
        (DIFFERENT, REFUSED),
        "APNGs with a frame outside the canvas, or out of order",
        "Errors by the specification: refused, or shown with the frames that can be decoded; Chromium shows those before.",
    ),
    Known(
        r"ICO",
        r"made/(PNG with|a size that|a PNG of another)|pillow/hopper_unexpected",
        (NOT_SHOWN,),
        "icons with PNGs that state colours, or another size than the directory",
        "Shown here; Chromium shows nothing.",
    ),
    Known(
        r"AVIF",
        r"made/profile broken",
        (NOT_SHOWN,),
        "AVIF with a broken profile",
        "Shown here without it, as broken profiles of other formats are; Chromium shows nothing.",
    ),
    Known(
        r"WebP$",
        r"made/orientation|pillow/hopper_orientation",
        (DIFFERENT,),
        "orientation of a WebP",
        "Chromium leaves EXIF orientation of WebP out; it is applied here, as by sharp, libvips and Pillow.",
    ),
    Known(
        r"WebP, animated",
        r"made/profile",
        (DIFFERENT,),
        "profile of an animated WebP",
        "Chromium leaves the profile out, which the WebP container applies to all frames.",
    ),
    Known(
        r"AVIF$",
        r"made/.*4 bands|made/\d+x\d+|made/alpha premultiplied|kimageformats/(bwa|rgba)|pillow/star",
        (DIFFERENT,),
        "alpha of an AVIF",
        "Chromium 156 takes full-range alpha for limited range: 147 becomes 153.",
    ),
    Known(
        r"AVIF, animated",
        r"made/.*full|pillow/star|made/nclx (Rec. 709|2020|P3, matrix|PQ|HLG)",
        (DIFFERENT,),
        "range and matrix of an animated AVIF",
        "Chromium 156 takes full range in tracks for limited range, although `colr` and the AV1 header say full, and "
        "leaves the matrix of `colr` out there; it applies both in stills.",
    ),
    Known(
        r"HEIC",
        r"pillow_heif/(zPug_3|bird_burst|truncated)",
        (DIFFERENT, NOT_SHOWN),
        "HEICs with several images, sequences or an end that is missing",
        "The primary image is shown here; `heif-convert` of Debian shows the first one, or none.",
    ),
    Known(
        r"TIFF",
        r"pillow/(10ct_32bit|12bit|hopper.Lab|lab|separate_planar|tiff_tiled_planar|16bit.s|8bit.s|hopper_lzma|16_bit_binary|hopper_unknown|tiff_strip_planar)",
        (DIFFERENT, NOT_SHOWN),
        "TIFFs that libvips reads otherwise or not",
        "Signed, planar, Lab and 12-bit samples, of which libvips is no judge; they have tests of their own.",
    ),
    Known(
        r"TIFF",
        r"pillow/(hopper_webp|tiff_overflow_rows|tiff_tiled_jpeg_oob)",
        (REFUSED,),
        "TIFFs that are refused",
        "WebP compression, unknown sample layouts and damage: `undecodable_image`.",
    ),
)


def reason_of(name: str, file: str, found: Comparison) -> Known | None:
    return next(_covering(name, file, found), None)


def _covering(name: str, file: str, found: Comparison) -> Iterator[Known]:
    return (known for known in KNOWN if known.covers(name, file, found))
