"""The static files of the playground, read once, with their entity tags.

Must never read a file by a name that a client has sent.
"""

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

PAGE: Final = "index.html"

_FOLDER: Final = Path(__file__).with_name("static")
_MEDIA_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
    ".png": "image/png",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file. ``etag`` is a strong validator with its quotes."""

    content: bytes
    media_type: str
    etag: str


@cache
def assets() -> dict[str, Asset]:
    """Return all files by name."""
    return {path.name: _read(path) for path in _FOLDER.iterdir() if path.suffix in _MEDIA_TYPES and path.is_file()}


def _read(path: Path) -> Asset:
    content = path.read_bytes()
    return Asset(content, _MEDIA_TYPES[path.suffix], f'"{sha256(content).hexdigest()[:16]}"')
