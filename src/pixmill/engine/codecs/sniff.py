"""Detects the format of a file by its first bytes, never by its name.

Knows magic numbers in the first 64 bytes. ``svg_sniff.py`` detects SVG, which has none, and ``raw_sniff.py`` camera
raw among TIFFs.
"""

from pixmill.engine.codecs.raw_sniff import is_raw
from pixmill.engine.codecs.svg_sniff import is_svg
from pixmill.media import Format

_MAGIC: tuple[tuple[int, bytes, Format], ...] = (
    (0, b"\xff\xd8\xff", Format.JPEG),
    (0, b"\x89PNG\r\n\x1a\n", Format.PNG),
    (8, b"WEBP", Format.WEBP),
    (0, b"GIF87a", Format.GIF),
    (0, b"GIF89a", Format.GIF),
    (0, b"II*\0", Format.TIFF),
    (0, b"MM\0*", Format.TIFF),
    (0, b"II+\0", Format.TIFF),  # BigTIFF
    (0, b"MM\0+", Format.TIFF),
    (0, b"BM", Format.BMP),
    (0, b"\xff\x0a", Format.JXL),
    (0, b"\0\0\0\x0cJXL \r\n\x87\n", Format.JXL),
    (0, b"\0\0\0\x0cjP  \r\n\x87\n", Format.JP2),
    (0, b"\xff\x4f\xff\x51", Format.JP2),  # a bare codestream
    (0, b"8BPS\0", Format.PSD),
    (0, b"%PDF-", Format.PDF),
    (0, b"FUJIFILMCCD-RAW", Format.RAW),
    (0, b"IIU\0", Format.RAW),  # Panasonic
    (0, b"IIRO", Format.RAW),  # Olympus
    (0, b"IIRS", Format.RAW),
    (0, b"MMOR", Format.RAW),
    (0, b"\x1aE\xdf\xa3", Format.VIDEO),  # Matroska, WebM
    (8, b"AVI LIST", Format.VIDEO),
    (0, b"\0\0\1\0", Format.ICO),
)

_CURSOR = b"\0\0\2\0"
"""A cursor, if the number of its images follows; a Targa file begins with the same bytes and two zeros."""

_BRANDS = {
    **dict.fromkeys((b"avif", b"avis"), Format.AVIF),
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"), Format.HEIC),
    b"crx ": Format.RAW,  # Canon
    **dict.fromkeys((b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"iso8", b"iso9"), Format.VIDEO),
    **dict.fromkeys((b"mp41", b"mp42", b"avc1", b"M4V ", b"qt  ", b"3gp4", b"3gp5", b"3gp6", b"3g2a"), Format.VIDEO),
}


def sniff(source: memoryview) -> Format | None:
    """Detect the format; None if it is unknown."""
    head = bytes(source[:64])
    if head[4:8] == b"ftyp":
        return _format_of_brands(head)
    if head.startswith(_CURSOR) and head[4:6] not in (b"", b"\0\0"):
        return Format.ICO
    for offset, magic, kind in _MAGIC:
        if head.startswith(magic, offset):
            return Format.RAW if kind is Format.TIFF and is_raw(source) else kind
    return Format.SVG if is_svg(source) else None


def _format_of_brands(head: bytes) -> Format | None:
    """The format of the first known brand (ISO/IEC 23008-12 §10): the major brand, then compatible ones."""
    end = min(int.from_bytes(head[:4]), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, end, 4))]
    return next((_BRANDS[brand] for brand in brands if brand in _BRANDS), None)
