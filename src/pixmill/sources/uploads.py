"""Originals that were uploaded to be requested by name, as the playground does: kept in memory for a while.

Bounded in number, bytes and time. A name cannot be guessed: who knows it may request the image.
"""

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pixmill.errors import SourceNotFound, UploadTooLarge
from pixmill.plan.freshness import CacheDirectives
from pixmill.plan.source import SourceRef, named_upload_ref
from pixmill.ports.values import Original, OriginalVersion
from pixmill.runtime.bounded import SizedDict
from pixmill.runtime.spool import Spool

MAX_UPLOADS: Final = 100
MAX_BYTES: Final = 256 * 2**20
IDLE_TIMEOUT_S: Final = 3_600.0
"""An upload that nobody has requested for this time is forgotten."""

_NAME_BYTES: Final = 16
_VALIDATOR: Final = "upload:1"
"""Of all uploads: another image has another name."""
_DIRECTIVES: Final = CacheDirectives(freshness_lifetime_s=300.0, stale_while_revalidate_s=0.0, stale_if_error_s=0.0)


@dataclass(slots=True)
class _Upload:
    body: Spool
    used_at: float


class UploadSource:
    """Keeps uploads, and delivers them as originals."""

    def __init__(self, max_bytes: int = MAX_BYTES, clock: Callable[[], float] = time.monotonic) -> None:
        """``max_bytes`` is for all of them together."""
        self.max_bytes = max_bytes
        self._clock = clock
        self._uploads: SizedDict[str, _Upload] = SizedDict(lambda upload: upload.body.size)
        self._timer: asyncio.TimerHandle | None = None

    @property
    def used_bytes(self) -> int:
        return self._uploads.total_bytes

    def add(self, body: Spool) -> SourceRef:
        """Keep a complete body, whose spool stays the caller's; the oldest uploads make room for it.

        Raises UploadTooLarge.
        """
        if body.size > self.max_bytes:
            raise UploadTooLarge(f"The upload may have at most {self.max_bytes} bytes")
        ref = named_upload_ref(secrets.token_urlsafe(_NAME_BYTES))
        self._expire()
        self._uploads.put(ref.text, _Upload(body.share(), self._clock()))
        while self._uploads.total_bytes > self.max_bytes or len(self._uploads.entries) > MAX_UPLOADS:
            self._evict()
        self._set_timer()
        return ref

    async def fetch(self, ref: SourceRef) -> Original:
        """Raises SourceNotFound."""
        self._expire()
        upload = self._uploads.entries.get(ref.text)
        if upload is None:
            raise SourceNotFound("The uploaded image is no longer here; upload it again")
        upload.used_at = self._clock()
        self._uploads.entries.move_to_end(ref.text)
        return Original(upload.body.share(), OriginalVersion(_VALIDATOR, _DIRECTIVES))

    async def revalidate(self, ref: SourceRef, validator: str) -> Original | CacheDirectives:
        """An upload never changes. Raises SourceNotFound."""
        original = await self.fetch(ref)
        if original.version.validator != validator:
            return original
        original.spool.close()
        return _DIRECTIVES

    def reclaim(self, needed_bytes: int) -> None:
        """Forget the oldest uploads, until as many bytes are released as are missing."""
        goal = max(0, self.used_bytes - needed_bytes)
        while self.used_bytes > goal:
            self._evict()

    def close(self) -> None:
        """Forget all uploads."""
        while self._uploads.entries:
            self._evict()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set_timer(self) -> None:
        """Wake up when the oldest upload may be forgotten: one timer for all of them."""
        if self._timer is None and self._uploads.entries:
            idle_s = self._clock() - next(iter(self._uploads.entries.values())).used_at
            self._timer = asyncio.get_running_loop().call_later(IDLE_TIMEOUT_S + 1 - idle_s, self._wake)

    def _wake(self) -> None:
        self._timer = None
        self._expire()
        self._set_timer()

    def _expire(self) -> None:
        limit = self._clock() - IDLE_TIMEOUT_S
        while self._uploads.entries and next(iter(self._uploads.entries.values())).used_at <= limit:
            self._evict()

    def _evict(self) -> None:
        self._uploads.pop_oldest()[1].body.close()
