"""Prepares the text of an SVG file for expat: its encoding, and how far its entities expand.

Must never know SVG elements. Parses untrusted data: linear.
"""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Final

from pixmill.errors import UndecodableImage

_UTF_16: Final = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"<\0": "utf-16-le", b"\0<": "utf-16-be"}
_DECLARED: Final = re.compile(rb"(?:\xef\xbb\xbf)?<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._:-]{1,40})[\"']")
_CODECS: Final[Mapping[str, str]] = {
    **{f"iso-8859-{part}": f"iso8859-{part}" for part in (*range(2, 12), *range(13, 17))},
    **{f"windows-125{page}": f"cp125{page}" for page in range(9)},
    **dict.fromkeys(("iso-8859-1", "latin1"), "cp1252"),  # WHATWG Encoding, section 4.2
    **{name: name for name in ("big5", "euc-jp", "euc-kr", "gb18030", "gb2312", "gbk", "koi8-r", "koi8-u")},
    "shift_jis": "cp932",
    "iso-2022-jp": "iso2022_jp",
    "macintosh": "mac_roman",
    "ks_c_5601-1987": "cp949",
}
"""By the name in the XML declaration: encodings that browsers read, of those that expat lacks or reads otherwise."""

_REFERENCE: Final = re.compile(r"&([^#&;\s][^&;\s]*);")
_MAX_ENTITY_DEPTH: Final = 16


def to_utf8(source: bytes) -> tuple[bytes, str | None]:
    """Return the file, in UTF-8 if expat cannot decode it, and the encoding that overrides the declared one."""
    declared = _DECLARED.match(source)
    codec = _UTF_16.get(source[:2]) or (_CODECS.get(declared[1].decode().lower()) if declared else None)
    if codec is None:
        return source, None
    return source.decode(codec, "replace").removeprefix("\ufeff").encode(), "utf-8"


def check_entities(entities: Mapping[str, str], body: bytes, max_length: int) -> None:
    """Raise UndecodableImage if the entities used in ``body`` expand to more than ``max_length`` characters."""
    if not entities:
        return
    uses = Counter(_REFERENCE.findall(body.decode("utf-8", "replace")))
    lengths: dict[str, int] = {}
    if sum(count * _length(name, entities, lengths, max_length, 0) for name, count in uses.items()) > max_length:
        raise UndecodableImage(detail="entities expand beyond the length limit")


def _length(name: str, entities: Mapping[str, str], lengths: dict[str, int], max_length: int, depth: int) -> int:
    """Return the length of an expanded entity. Circles exceed the depth."""
    if name not in lengths:
        if depth > _MAX_ENTITY_DEPTH:
            raise UndecodableImage(detail=f"entities refer to each other at more than {_MAX_ENTITY_DEPTH} levels")
        value = entities.get(name, "")
        inner = Counter(_REFERENCE.findall(value))
        total = sum(count * _length(one, entities, lengths, max_length, depth + 1) for one, count in inner.items())
        lengths[name] = min(len(value) + total, max_length + 1)
    return lengths[name]
