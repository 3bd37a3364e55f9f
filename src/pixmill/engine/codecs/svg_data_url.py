"""Reads data URLs as browsers do (WHATWG Fetch, "data: URL processor").

Knows nothing of what is in them. Parses untrusted data: linear.
"""

import base64
import binascii
import re
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes

_SCHEME: Final = "data:"
_IGNORED: Final = str.maketrans("", "", "\t\n\r")
_C0_CONTROL_OR_SPACE: Final = "".join(map(chr, range(0x21)))
_BASE64_MARK: Final = re.compile(r";\x20*base64\Z", re.IGNORECASE)
_SPACE_BYTES: Final = b" \t\n\r\f"


class DataUrl(NamedTuple):
    """The media type in lower case without parameters, the decoded data, and the fragment with its ``#``."""

    media_type: str
    data: bytes
    fragment: str


def is_data_url(url: str) -> bool:
    """Whether the scheme of a URL is ``data``."""
    return url.lstrip(_C0_CONTROL_OR_SPACE)[:64].translate(_IGNORED)[: len(_SCHEME)].lower() == _SCHEME


def read_data_url(url: str) -> DataUrl | None:
    """Read a data URL; None for other URLs and for damaged ones."""
    if not is_data_url(url):
        return None
    url, mark, fragment = url.strip(_C0_CONTROL_OR_SPACE).translate(_IGNORED).partition("#")
    header, comma, body = url[len(_SCHEME) :].partition(",")
    if not comma:
        return None
    data = unquote_to_bytes(body)
    header = header.strip(" ")
    if mark_of_base64 := _BASE64_MARK.search(header):
        header = header[: mark_of_base64.start()]
        decoded = _decode_base64(data)
        if decoded is None:
            return None
        data = decoded
    return DataUrl(header.partition(";")[0].strip().lower(), data, mark + fragment)


def write_data_url(media_type: str, data: bytes, fragment: str = "") -> str:
    """Write a data URL in base64."""
    return f"{_SCHEME}{media_type};base64,{base64.b64encode(data).decode()}{fragment}"


def _decode_base64(data: bytes) -> bytes | None:
    """Decode forgivingly (WHATWG Infra): without spaces, with or without padding."""
    data = data.translate(None, _SPACE_BYTES)
    if len(data) % 4 == 0 and data.endswith(b"="):
        data = data[:-1].removesuffix(b"=")
    if len(data) % 4 == 1:
        return None
    try:
        return base64.b64decode(data + b"=" * (-len(data) % 4), validate=True)
    except binascii.Error:
        return None
