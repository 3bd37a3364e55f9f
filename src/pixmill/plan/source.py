"""References to originals, parsed once into a canonical form.

Knows the grammar of references. Whether a reference may be fetched is decided in ``sources``.
"""

import re
from enum import StrEnum
from hashlib import blake2b
from typing import Final

from msgspec import Struct

from pixmill.plan.canvas_source import CANVAS_SCHEME, canvas_spec, parse_canvas
from pixmill.plan.colour import Colour
from pixmill.plan.url import MAX_URL_LENGTH, canonical_url, invalid_url, is_plain_url, resolve_redirect, special_url

MAX_KEY_BYTES: Final = 1024
"""The longest key that S3, GCS and Azure all take; also the longest path."""

UPLOAD_SCHEME: Final = "upload"

_UPLOAD_NAME = re.compile(r"[A-Za-z0-9_-]{22}")  # 16 random bytes in base64url
_MAX_SEGMENT_BYTES = 255  # NAME_MAX of Linux file systems
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)", re.DOTALL)
_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{0,221}")  # GCS allows the longest names: 222 characters
_FORBIDDEN_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_DOT_SEGMENTS = frozenset({".", ".."})
_RESERVED_SEGMENTS = _DOT_SEGMENTS | {""}


class SourceKind(StrEnum):
    """The kinds of sources."""

    HTTP = "http"
    STORE = "store"
    PATH = "path"
    UPLOAD = "upload"
    CANVAS = "canvas"


class SourceRef(Struct, frozen=True):
    """A canonical reference: all spellings of the same location give the same ``text``.

    HTTP: the normalised URL without fragment. Store: ``scheme://bucket/key``. Path: relative to the image root. Upload:
    the digest of the bytes sent, or ``upload:NAME`` of one that is kept. Canvas, which is generated:
    ``canvas:WIDTHxHEIGHT,COLOUR``.

    ``version`` is the cache-busting version of the URL (parameter ``v``): it is not sent to the source, and another
    version is another image. ``is_version_signed``: whether the URL was signed; else anybody may have named it,
    also before its bytes existed.
    """

    kind: SourceKind
    text: str
    version: str = ""
    is_version_signed: bool = False

    @property
    def identity(self) -> str:
        """The part of cache keys that identifies the original; no ``text`` contains a line break.

        What an unsigned URL has put under a version is not found by a signed one.
        """
        if not self.version:
            return self.text
        return f"{self.text}\n{'' if self.is_version_signed else '?'}{self.version}"

    @property
    def digest(self) -> bytes:
        """16 bytes that stand for ``identity``: a short key, however long the URL is."""
        return blake2b(self.identity.encode(), digest_size=16).digest()


def parse_source(text: str) -> SourceRef:
    """Parse a reference from a client: an http(s) URL, a store URL, a generated canvas, or a path below the image root.

    ``text`` has been percent-decoded once by the dialect; it is not decoded again. Raises InvalidParameter.
    """
    if len(text) > MAX_URL_LENGTH:
        raise invalid_url(f"The source is longer than {MAX_URL_LENGTH} characters")
    if is_plain_url(text):
        return SourceRef(SourceKind.HTTP, text)
    url = special_url(text)
    if _FORBIDDEN_CHARACTERS.search(url or text):
        raise invalid_url("The source must not contain control characters")
    if url:
        return SourceRef(SourceKind.HTTP, canonical_url(url))
    match = _SCHEME.match(text)
    if not match:
        return SourceRef(SourceKind.PATH, _check_path(text.removeprefix("/")))
    scheme = match[1].lower()
    if scheme == CANVAS_SCHEME:
        return SourceRef(SourceKind.CANVAS, parse_canvas(match[2]).text)
    if scheme == UPLOAD_SCHEME:
        return named_upload_ref(match[2])
    kind = kind_of(scheme)
    if not match[2].startswith("//"):
        raise invalid_url(f"{scheme}: must be followed by //")
    return SourceRef(kind, _canonical_store(scheme, match[2][2:]))


def parse_redirect(base: SourceRef, location: str) -> SourceRef:
    """Resolve the ``Location`` of a response against ``base``, to another http(s) URL. Raises InvalidParameter."""
    ref = parse_source(resolve_redirect(base.text, location))
    if ref.kind is not SourceKind.HTTP:
        raise invalid_url("A redirect may lead to http and https URLs only")
    return ref


def kind_of(scheme: str) -> SourceKind:
    """Return the kind of source for a scheme in lower case. Raises InvalidParameter."""
    kind = _KINDS.get(scheme)
    if kind is None:
        raise invalid_url(f"Unsupported URL scheme {scheme[:20]}: use {', '.join(_KINDS)} or a path")
    return kind


def check_path_segments(path: str) -> None:
    """Check the segments of a prefix of a path; the last one may be partial. Raises InvalidParameter."""
    if not _RESERVED_SEGMENTS.isdisjoint(path.split("/")[:-1]):
        raise invalid_url("A path must not contain empty, . or .. segments")
    if "\\" in path:
        raise invalid_url("A path must not contain backslashes")


def check_key_segments(key: str) -> None:
    """Check the segments of a prefix of a key, as ``check_path_segments``. Raises InvalidParameter."""
    if not _DOT_SEGMENTS.isdisjoint(key.replace("\\", "/").split("/")[:-1]):
        raise invalid_url("A key must not contain . or .. segments")


def canonical_key(scheme: str, key: str) -> str:
    """Return a key, or a prefix of one, as its store names it: Azure takes a backslash for a slash."""
    return key.replace("\\", "/") if scheme == "az" else key


def upload_ref(digest: str) -> SourceRef:
    """Build the reference of an uploaded original."""
    return SourceRef(SourceKind.UPLOAD, digest)


def named_upload_ref(name: str) -> SourceRef:
    """Build the reference of an original that was uploaded to be requested by this name. Raises InvalidParameter."""
    if not _UPLOAD_NAME.fullmatch(name):
        raise invalid_url(f"{UPLOAD_SCHEME}: must be followed by the name of an upload")
    return SourceRef(SourceKind.UPLOAD, f"{UPLOAD_SCHEME}:{name}")


def canvas_ref(width: int, height: int, colour: Colour) -> SourceRef:
    """Build the reference of a canvas of one colour. Raises InvalidParameter if it is too large."""
    return SourceRef(SourceKind.CANVAS, canvas_spec(width, height, colour).text)


OBJECT_STORE_SCHEMES: Final = ("s3", "gs", "az")
"""The URL schemes of buckets: Amazon S3 and compatible services, Google Cloud Storage, Azure Blob Storage."""

_KINDS: Final = {
    **dict.fromkeys(("http", "https"), SourceKind.HTTP),
    **dict.fromkeys(OBJECT_STORE_SCHEMES, SourceKind.STORE),
}


def _canonical_store(scheme: str, rest: str) -> str:
    bucket, _, key = rest.partition("/")
    if not _BUCKET.fullmatch(bucket):
        raise invalid_url("The bucket of the store URL is missing or invalid")
    return f"{scheme}://{bucket}/{_check_key(canonical_key(scheme, key))}"


def _check_key(key: str) -> str:
    """Check a key of an object store: any name that no HTTP client, and no store, changes to another.

    Keys have no folders: ``a//b`` and ``/a`` are objects of their own, which faulty uploaders write. URLs resolve dot
    segments, and obstore drops final slashes.
    """
    if len(key.encode()) > MAX_KEY_BYTES:
        raise invalid_url(f"The key is longer than {MAX_KEY_BYTES} bytes")
    if not key or key.endswith("/"):
        raise invalid_url("The key must not be empty or end with a slash")
    if not _DOT_SEGMENTS.isdisjoint(key.replace("\\", "/").split("/")):  # some services take both for separators
        raise invalid_url("The key must not contain . or .. segments")
    return key


def _check_path(path: str) -> str:
    """Check that all segments of a relative path are plain names."""
    if len(path.encode()) > MAX_KEY_BYTES:
        raise invalid_url(f"The path is longer than {MAX_KEY_BYTES} bytes")
    if "\\" in path:
        raise invalid_url("The path must not contain backslashes")
    for segment in path.split("/"):
        if segment in _RESERVED_SEGMENTS:
            raise invalid_url("The path must not be empty or contain empty, . or .. segments")
        if len(segment.encode()) > _MAX_SEGMENT_BYTES:
            raise invalid_url(f"A name in the path is longer than {_MAX_SEGMENT_BYTES} bytes")
    return path
