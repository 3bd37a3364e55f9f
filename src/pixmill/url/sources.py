"""Addresses of originals: checked as the server checks them, and joined to what they are relative to."""

from __future__ import annotations

import re

from .errors import InvalidParameter
from .quoting import encode_url, quote

MAX_CHARS = 8_192
MAX_PATH_BYTES = 1_024
_MAX_SEGMENT_BYTES = 255
_SCHEMES = ("http", "https", "s3", "gs", "az")
_OTHER_SCHEMES = ("canvas", "upload")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_RESERVED = frozenset(("", ".", ".."))


def source_text(text: str) -> str:
    """Return an address as it is written in a URL. Raises InvalidParameter.

    It is an http, https, s3, gs or az URL, ``canvas:…``, or a path below the server's folder or bucket. A colon in a
    path is no scheme: ``a:b.jpg`` becomes ``/a:b.jpg``.
    """
    if _CONTROL.search(text):
        raise _invalid("must not contain control characters")
    if len(text) > MAX_CHARS:
        raise _invalid(f"is longer than {MAX_CHARS} characters")
    match = _SCHEME.match(text)
    if match is None:
        path = _path(text[1:] if text[:1] == "/" else text)
        return f"/{path}" if _SCHEME.match(path) else path
    scheme, rest = match[1].lower(), match[2]
    if scheme in _OTHER_SCHEMES:
        return text
    if scheme in _SCHEMES:
        if rest[:2] != "//" or not rest[2:].strip("/"):
            raise _invalid(f"{scheme}: must be followed by // and a name")
        return text
    if rest[:2] == "//":
        raise _invalid(f"has the scheme {scheme[:20]}: use {', '.join(_SCHEMES)} or a path")
    return "/" + _path(text)


def path_text(source: object) -> str:
    """Return the text of a path object or of a text. Raises InvalidParameter."""
    if hasattr(source, "as_posix"):
        return str(source.as_posix())
    if not isinstance(source, str):
        raise InvalidParameter(f"The source must be a text or a path, not {type(source).__name__}", "url")
    return str(source)


def join(base: str, text: str) -> str:
    """Return a path below ``base``, or ``text`` itself if it is a URL of its own.

    A name below an http URL is percent-encoded; below a bucket or a folder it is not, as its own name is meant.
    Raises InvalidParameter for a name that would leave the base.
    """
    match = _SCHEME.match(text)
    if not base or (match and (match[1].lower() in _SCHEMES + _OTHER_SCHEMES)):
        return text
    relative = text.lstrip("/")
    if not {".", ".."}.isdisjoint(relative.split("/")):
        raise _invalid("must not contain . or .. segments")
    if base[:4].lower() == "http":
        relative = quote(relative)
    return f"{base.rstrip('/')}/{relative}"


def base_text(base: str) -> str:
    """Return an address that others are relative to, checked. Raises InvalidParameter."""
    text = source_text(base.rstrip("/") + "/x")[:-2]
    if text[:4].lower() != "http":
        return text
    if "?" in text or "#" in text:
        raise InvalidParameter("source_base must have no query and no fragment: names are added to its path", "url")
    return encode_url(text)


def _path(path: str) -> str:
    if "\\" in path:
        raise _invalid("must not contain backslashes")
    if len(path.encode()) > MAX_PATH_BYTES:
        raise _invalid(f"is longer than {MAX_PATH_BYTES} bytes")
    for segment in path.split("/"):
        if segment in _RESERVED:
            raise _invalid("must not be empty or contain empty, . or .. segments")
        if len(segment.encode()) > _MAX_SEGMENT_BYTES:
            raise _invalid(f"has a name longer than {_MAX_SEGMENT_BYTES} bytes")
    return path


def _invalid(reason: str) -> InvalidParameter:
    return InvalidParameter(f"The source {reason}", "url")
