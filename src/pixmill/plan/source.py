"""Where an original lives, parsed once into a canonical reference.

Knows the grammar of references. Whether a reference may be fetched is decided in ``sources``.
"""

from enum import StrEnum

from msgspec import Struct


class SourceKind(StrEnum):
    """Who will fetch the original."""

    HTTP = "http"
    STORE = "store"
    PATH = "path"
    UPLOAD = "upload"


class SourceRef(Struct, frozen=True):
    """A canonical reference: two spellings of the same place give the same ``text``.

    HTTP: the normalised URL without fragment. Store: ``scheme://bucket/key``. Path: relative to the image root.
    Upload: the digest of the bytes sent.
    """

    kind: SourceKind
    text: str
