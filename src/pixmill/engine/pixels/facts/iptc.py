"""IPTC (IIM 4.2, record 2) as names and texts, without those that tell a place unless requested.

Reads untrusted data: once from left to right, bounded in bytes.
"""

from typing import Final

from pixmill.engine.metadata.iptc_block import CREDITS, DETAIL_NAMES, PLACE_NAMES, TextFilter, read_texts

MAX_BYTES: Final = 8_000
_MAX_VALUE_BYTES: Final = 2_000


def read_iptc(block: bytes, *, gps: bool, allow_text: TextFilter) -> dict[str, list[str]]:
    """Return the texts by ExifTool's names, in file order; a repeated dataset has several."""
    names = DETAIL_NAMES | PLACE_NAMES if gps else DETAIL_NAMES
    texts: dict[str, list[str]] = {}
    bytes_left = MAX_BYTES
    for number, raw in read_texts(block, _MAX_VALUE_BYTES):
        name, text = names.get(number), _clean_text(raw)
        if name is None or not text or not (number in CREDITS or allow_text(text)):
            continue
        bytes_left -= len(text.encode()) + len(name) + 8
        if bytes_left < 0:
            break
        texts.setdefault(name, []).append(text)
    return texts


def _clean_text(text: str) -> str:
    return "".join(char for char in text if char.isprintable() or char == "\n").strip()
