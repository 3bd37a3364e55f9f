"""Valid paths of objects, the same for every backend.

Pure and in linear time: paths come from clients. Knows no backend.
"""

import re
from typing import Final

from pixmill.errors import ObjectNotFound, StoreDenied

MAX_PATH_BYTES: Final = 1024
"""Maximum length of a key in S3, GCS and Azure."""

# Control characters (C0, DEL, C1), backslash, lone surrogates, and U+FFFE and U+FFFF, which XML listings cannot carry.
_FORBIDDEN_CHARACTERS: Final = re.compile("[\x00-\x1f\x7f-\x9f\\\\\ud800-\udfff\ufffe\uffff]")
_FORBIDDEN_SEGMENTS: Final = {"", ".", ".."}

_FORBIDDEN_IN_KEYS: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_DOT_SEGMENTS: Final = {".", ".."}

NO_PATH: Final = "this name is longer than 1,024 bytes, or has control characters or a backslash"
"""Why a listing leaves a name out."""

HIDDEN_NAME: Final = re.compile(r"(?:^|/)\.")
"""Found in a relative path of which a name begins with a dot."""


def is_valid_path(path: str) -> bool:
    """Whether this is a relative path that every backend can store, without empty, . and .. segments."""
    return (
        len(path) <= MAX_PATH_BYTES
        and not _FORBIDDEN_CHARACTERS.search(path)
        and len(path.encode()) <= MAX_PATH_BYTES
        and _FORBIDDEN_SEGMENTS.isdisjoint(path.split("/"))
    )


def is_valid_key(key: str) -> bool:
    """Whether an object of a bucket can have this key, and no client or service changes it to another.

    Other than a path, a key may have empty segments and backslashes. URLs resolve dot segments.
    """
    return (
        0 < len(key) <= MAX_PATH_BYTES
        and not _FORBIDDEN_IN_KEYS.search(key)
        and len(key.encode()) <= MAX_PATH_BYTES
        and not key.endswith("/")
        and _DOT_SEGMENTS.isdisjoint(key.replace("\\", "/").split("/"))  # some services take both for separators
    )


def check_readable_key(key: str) -> None:
    """Raise ObjectNotFound for an invalid key."""
    if not is_valid_key(key):
        raise ObjectNotFound(detail=f"Invalid key: {key[:MAX_PATH_BYTES]!r}")


def check_readable(path: str) -> None:
    """Raise ObjectNotFound for an invalid path."""
    if not is_valid_path(path):
        raise ObjectNotFound(detail=f"Invalid path: {path[:MAX_PATH_BYTES]!r}")


def check_writable(path: str) -> None:
    """Raise StoreDenied for an invalid path."""
    if not is_valid_path(path):
        raise StoreDenied(detail=f"Invalid path: {path[:MAX_PATH_BYTES]!r}")
