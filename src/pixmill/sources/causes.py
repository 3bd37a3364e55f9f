"""Why an original cannot be had: causes that its reference shows, as sentences for clients and developers.

A message may be shown to every client; a hint names settings, files and addresses, and is shown in development only.
"""

import asyncio
import re
from collections.abc import Iterable
from contextlib import suppress
from difflib import get_close_matches
from typing import Final

from pixmill.errors import PixmillError, SourceForbidden, SourceNotFound
from pixmill.plan.source import SourceKind, SourceRef
from pixmill.ports.storage import Lister

MAX_LISTED: Final = 2_000
"""Names that are compared with a missing one."""

_LISTING_TIMEOUT_S: Final = 1.0
_MAX_SHOWN_CHARS: Final = 100
_HOST: Final = r"(?:localhost|[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8})(?::[0-9]{1,5})?"

PATH_CAUSES: Final = (
    (re.compile(r"https?%3a", re.IGNORECASE), "The URL is percent-encoded twice: encode it once"),
    (re.compile(rf"(?:www\.[^/]*|{_HOST})/"), "If this is a URL, begin it with https://"),
    (re.compile(r"[^*]*\*"), "Names are taken literally: * stands for no other character"),
    (re.compile(r"[^%]*%[0-9A-Fa-f]{2}"), "The path is percent-encoded twice: encode it once"),
)
"""Beginnings of paths that are meant otherwise, and what to say of each."""


def path_cause(path: str) -> str:
    """Return what is probably wrong with a path below the image root; empty if nothing is."""
    return next((sentence for pattern, sentence in PATH_CAUSES if pattern.match(path)), "")


def no_image_root(ref: SourceRef) -> SourceForbidden:
    """Return the error for a path where there is no image root, on a server or in a program."""
    cause = path_cause(ref.text) or "Give a whole URL, such as https://example.com/photo.jpg"
    return SourceForbidden(
        f"There is no image root that a path could be below. {cause}",
        detail="no image root is set",
        hint="To use files, set PIXMILL_IMAGES to a folder or a bucket: pixmill serve --images FOLDER, or in a program "
        "pixmill.Engine(images=FOLDER)",
    )


def forbidden_source(ref: SourceRef) -> SourceForbidden:
    """Return the error for a source that the allowlist does not allow."""
    if ref.kind is SourceKind.PATH:
        pattern = "path:"
    else:
        scheme, separator, rest = ref.text.partition("://")
        pattern = f"{scheme}{separator}{rest.partition('/')[0]}/"
    return SourceForbidden(
        detail=ref.text, hint=f"To allow this source, add {_shorten(pattern)} to PIXMILL_ALLOWED_SOURCES"
    )


def address_hint(host: str, addresses: Iterable[str]) -> str:
    """Return how an address that is not public can be allowed."""
    found = ", ".join(addresses)
    where = found if found == host else f"{host} is at {found}"
    return f"{_shorten(where)}: not a public address. To allow its network, list it in PIXMILL_ALLOWED_NETWORKS"


def missing_path(error: SourceNotFound, path: str, hint: str = "") -> SourceNotFound:
    """Return the error for a path at which there is no file."""
    cause = path_cause(path)
    message = f"Image not found below the image root{f'. {cause}' if cause else ''}"
    return SourceNotFound(message, detail=error.detail, hint=hint)


async def near_names(store: Lister, path: str) -> str:
    """Return names in the folder of a missing path that are like it, as a hint. Bounded in time and in names."""
    folder, _, name = path.rpartition("/")
    paths: list[str] = []
    with suppress(TimeoutError, PixmillError):
        async with asyncio.timeout(_LISTING_TIMEOUT_S):
            async for stat in store.list(folder):
                paths.append(stat.path)
                if len(paths) >= MAX_LISTED:
                    break
    below = [one for one in paths if one.startswith(f"{path}/")]
    if below:
        return f"{_shorten(path)} is a folder: give the path of a file, such as {_shorten(below[0])}"
    by_name = {one.rpartition("/")[2].lower(): one for one in paths}
    close = [by_name[found] for found in get_close_matches(name.lower(), by_name, n=3, cutoff=0.6)]
    return f"Did you mean {' or '.join(map(_shorten, close))}?" if close else ""


def _shorten(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN_CHARS else text[:_MAX_SHOWN_CHARS] + "…"
