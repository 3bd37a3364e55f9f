"""The times of an entry: given to a result, given anew when its original has not changed, and which failures end them.

Knows entries and what was vouched for. Must never know where either comes from.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from pixmill.errors import Forbidden, ImageError, PixmillError, SourceDenied, SourceNotFound, SourceTooLarge
from pixmill.plan.freshness import Freshness, Vouched
from pixmill.plan.key import Key, entity_tag
from pixmill.ports import Entry, Original, Rendered, Seen

FINAL: Final = (SourceNotFound, SourceDenied, SourceTooLarge, Forbidden, ImageError)
"""What these say holds for the original as it is now: it is gone, or no longer shown to us, or of no use any more. Everything else is a
failure to find out, and what was made of the last version is served on where that may be (RFC 5861 §4).
"""


@dataclass(frozen=True, slots=True)
class Unchanged:
    """Stands for an entry whose bytes the client has: what a 304 must say. Times are those of ``ports.Entry``."""

    etag: str
    stored_at: float
    fresh_until: float
    stale_until: float
    error_until: float
    kept_until: float
    immutable: bool
    modified: float = 0.0
    told_s: float | None = None


def dated(key: Key, at: float, now: Original | Seen, freshness: Freshness) -> Unchanged:
    """What is to be said of a result of this version, for which its source vouches from that time on."""
    lifetime, vouched = freshness.lifetime(at, now.vouched), now.vouched
    return Unchanged(
        entity_tag(key, now.validator),
        at,
        lifetime.fresh_until,
        lifetime.stale_until,
        lifetime.error_until,
        lifetime.kept_until,
        vouched.immutable,
        now.modified,
        freshness.told(vouched),
    )


def passing(at: float) -> Unchanged:
    """The times of what is not kept."""
    return Unchanged("", at, at, at, at, at, immutable=False)


def unchanged_of(entry: Entry) -> Unchanged:
    """The entry without its bytes."""
    return Unchanged(
        entry.etag,
        entry.stored_at,
        entry.fresh_until,
        entry.stale_until,
        entry.error_until,
        entry.kept_until,
        entry.immutable,
        entry.modified,
        entry.told_s,
    )


def result(rendered: Rendered, times: Unchanged, original: Original | None = None, tags: Iterable[str] = ()) -> Entry:
    """What was rendered of an original that can be found again, as it is stored with these tags and its own."""
    return Entry(
        body=rendered.body,
        format=rendered.format,
        width=rendered.width,
        height=rendered.height,
        etag=times.etag,
        source_validator=original.validator if original else "",
        stored_at=times.stored_at,
        fresh_until=times.fresh_until,
        stale_until=times.stale_until,
        error_until=times.error_until,
        kept_until=times.kept_until,
        immutable=times.immutable,
        modified=times.modified,
        told_s=times.told_s,
        sources=original.sources if original else (),
        tags=tuple(dict.fromkeys((*tags, *original.tags))) if original else (),
        heeds=original.heeds if original else 0.0,
    )


def renewed(stale: Entry, times: Unchanged, heeds: float) -> Entry:
    """The same picture with new times; its sources were asked after all purges that it heeds now."""
    return replace(
        stale,
        stored_at=times.stored_at,
        fresh_until=times.fresh_until,
        stale_until=times.stale_until,
        error_until=times.error_until,
        kept_until=times.kept_until,
        immutable=times.immutable,
        modified=times.modified,
        told_s=times.told_s,
        heeds=max(stale.heeds, heeds),
    )


def expired(stale: Entry, now: float) -> Entry:
    """The same served to nobody any more, but there to be renewed should its original come back unchanged."""
    kept_until = max(stale.stale_until, stale.kept_until)
    return replace(
        stale,
        fresh_until=min(stale.fresh_until, now),
        stale_until=min(stale.stale_until, now),
        error_until=min(stale.error_until, now),
        kept_until=kept_until,
    )


def last_seen(entry: Entry) -> Seen:
    """The version that an entry was made of, and roughly what its source said then: for when nothing more is known of it."""
    window = entry.stale_until - entry.fresh_until
    return Seen(
        entry.source_validator,
        Vouched(
            fresh_s=max(0.0, entry.fresh_until - entry.stored_at),
            stale_while_s=window,
            stale_on_error_s=max(window, entry.error_until - entry.fresh_until),
            strict=window <= 0 and entry.error_until <= entry.fresh_until,
            immutable=entry.immutable,
            told_s=entry.told_s,
        ),
        modified=entry.modified,
    )


def is_final(error: PixmillError) -> bool:
    """Whether a failure says something of the original, so that nothing made before it may be served any more."""
    return isinstance(error, FINAL)
