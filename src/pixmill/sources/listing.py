"""Lists the images of the image root, in pages and in bounded time.

Stores list their objects in no particular order, so the first names are selected from all of them; a listing is kept
for a moment, so that its pages cost one look at the store. Knows names only: a file that is no image is listed if it is
called like one.
"""

import asyncio
import time
from bisect import bisect_right
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final, cast

from pixmill.errors import InvalidParameter, StoreError, StoreUnavailable
from pixmill.media import DESCRIPTION_FORMATS, MEDIA
from pixmill.plan.source import SourceKind, parse_source
from pixmill.ports.storage import Lister
from pixmill.ports.values import ImagePage, ListedImage, Stat
from pixmill.runtime.bounded import BoundedDict
from pixmill.sources.config import SourcesConfig
from pixmill.storage.paths import HIDDEN_NAME

MAX_IMAGES: Final = 10_000
"""Images of one listing: what comes after them is another one."""

MAX_FILES: Final = 1_000_000
SCAN_TIMEOUT_S: Final = 5.0
"""After this many files or this time a scan ends, complete or not."""

_MIN_TTL_S: Final = 2.0
_TTL_FACTOR: Final = 10.0
"""A listing is kept for this multiple of the time that it has taken."""

_MAX_LISTINGS: Final = 8

_EXTENSIONS: Final = frozenset(media.extension for form, media in MEDIA.items() if form not in DESCRIPTION_FORMATS) | {
    *("jpeg", "jpe", "jfif", "apng", "tif", "heif", "svgz", "cr2", "cr3", "nef", "arw", "dng", "orf", "rw2", "raf"),
    *("m4v", "mov", "webm", "mkv"),
}
"""Of files that may be images."""


@dataclass(frozen=True, slots=True)
class _Listing:
    """The images that come first after ``after``; ``has_more`` if there are others behind them."""

    after: str
    images: tuple[ListedImage, ...]
    has_more: bool
    is_complete: bool
    expires: float

    def covers(self, after: str, now: float) -> bool:
        last = self.images[-1].path if self.images else self.after
        return now < self.expires and self.after <= after and (after < last or not self.has_more)

    def page(self, after: str, limit: int) -> ImagePage:
        start = bisect_right(self.images, after, key=lambda image: image.path)
        images = self.images[start : start + limit]
        is_last = start + limit >= len(self.images) and not self.has_more
        return ImagePage(images, images[-1].path if images and not is_last else "", self.is_complete)


class RootListing:
    """Lists the images of a store, one scan at a time."""

    def __init__(self, store: Lister, config: SourcesConfig, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._shows_hidden = config.images_hidden
        self._allows = config.allow_list().allows
        self._clock = clock
        self._scans = asyncio.Lock()
        self._listings: BoundedDict[str, _Listing] = BoundedDict(_MAX_LISTINGS)

    async def page(self, after: str, limit: int) -> ImagePage:
        """Return at most ``limit`` images after a path. Raises StoreError."""
        listing = self._known(after)
        if listing is None:
            async with self._scans:
                listing = self._known(after)
                if listing is None:
                    listing = self._listings[after] = await self._scan(after)
        return listing.page(after, limit)

    def _known(self, after: str) -> _Listing | None:
        now = self._clock()
        return next((listing for listing in self._listings.values() if listing.covers(after, now)), None)

    async def _scan(self, after: str) -> _Listing:
        started, is_complete, files, has_more = self._clock(), True, 0, False
        images: list[ListedImage] = []
        try:
            async with asyncio.timeout(SCAN_TIMEOUT_S), aclosing(_objects(self._store)) as objects:
                async for stat in objects:
                    files += 1
                    if files > MAX_FILES:
                        is_complete = False
                        break
                    if stat.path > after and self._is_listed(stat.path):
                        images.append(ListedImage(stat.path, stat.size))
                        if len(images) > 2 * MAX_IMAGES:
                            images, has_more = _first(images), True
        except (TimeoutError, StoreError) as error:
            is_complete = False
            if not files:
                raise StoreUnavailable("The image root could not be listed", detail=str(error)) from error
        has_more = has_more or len(images) > MAX_IMAGES
        seconds = self._clock() - started
        expires = self._clock() + max(_MIN_TTL_S, _TTL_FACTOR * seconds)
        return _Listing(after, tuple(_first(images)), has_more, is_complete, expires)

    def _is_listed(self, path: str) -> bool:
        """Whether a path is that of an image which a request may name."""
        _, dot, extension = path.rpartition(".")
        if not dot or extension.lower() not in _EXTENSIONS:
            return False
        if not self._shows_hidden and HIDDEN_NAME.search(path):
            return False
        try:
            ref = parse_source(f"/{path}")
        except InvalidParameter:
            return False
        return ref.kind is SourceKind.PATH and ref.text == path and self._allows(ref)


def _objects(store: Lister) -> AsyncGenerator[Stat, None]:
    """Return the objects of a store; every backend lists by a generator."""
    return cast("AsyncGenerator[Stat, None]", store.list())


def _first(images: list[ListedImage]) -> list[ListedImage]:
    return sorted(images, key=lambda image: image.path)[:MAX_IMAGES]
