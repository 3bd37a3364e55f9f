"""The times of an entry: given to a result, given anew when its original has not changed, and which failures end them.

Knows entries and what was vouched for. Must never know where either comes from.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from pixmill.errors import Forbidden, ImageError, PixmillError, SourceDenied, SourceNotFound, SourceTooLarge
from pixmill.plan.freshness import CacheDirectives, FreshnessPolicy
from pixmill.plan.key import Key, entity_tag
from pixmill.ports.values import Entry, Original, OriginalVersion, Rendered

PERMANENT_FAILURES: Final = (SourceNotFound, SourceDenied, SourceTooLarge, Forbidden, ImageError)
"""What these say holds for the original as it is now: it is gone, or no longer shown to us, or of no use any more. Everything else is a
failure to find out, and what was made of the last version is served on where that may be (RFC 5861 §4).
"""


@dataclass(frozen=True, slots=True)
class EntryMetadata:
    """Stands for an entry whose bytes the client has: what a 304 must say. Times are those of ``ports.Entry``."""

    etag: str
    stored_at: float
    fresh_until: float
    stale_until: float
    stale_if_error_until: float
    retained_until: float
    immutable: bool
    modified: float = 0.0
    client_max_age_s: float | None = None


def metadata_for(
    key: Key, stored_at: float, version: Original | OriginalVersion, freshness: FreshnessPolicy
) -> EntryMetadata:
    """What is to be said of a result of this version, for which its source vouches from that time on."""
    lifetime, directives = freshness.lifetime(stored_at, version.directives), version.directives
    return EntryMetadata(
        entity_tag(key, version.validator),
        stored_at,
        lifetime.fresh_until,
        lifetime.stale_until,
        lifetime.stale_if_error_until,
        lifetime.retained_until,
        directives.immutable,
        version.modified,
        freshness.client_max_age_s(directives),
    )


def uncacheable_metadata(now: float) -> EntryMetadata:
    """The times of what is not kept."""
    return EntryMetadata("", now, now, now, now, now, immutable=False)


def metadata_of(entry: Entry) -> EntryMetadata:
    """The entry without its bytes."""
    return EntryMetadata(
        entry.etag,
        entry.stored_at,
        entry.fresh_until,
        entry.stale_until,
        entry.stale_if_error_until,
        entry.retained_until,
        entry.immutable,
        entry.modified,
        entry.client_max_age_s,
    )


def make_entry(
    rendered: Rendered, metadata: EntryMetadata, original: Original | None = None, tags: Iterable[str] = ()
) -> Entry:
    """What was rendered of an original that can be found again, as it is stored with these tags and its own."""
    return Entry(
        body=rendered.body,
        format=rendered.format,
        width=rendered.width,
        height=rendered.height,
        etag=metadata.etag,
        source_validator=original.validator if original else "",
        stored_at=metadata.stored_at,
        fresh_until=metadata.fresh_until,
        stale_until=metadata.stale_until,
        stale_if_error_until=metadata.stale_if_error_until,
        retained_until=metadata.retained_until,
        immutable=metadata.immutable,
        modified=metadata.modified,
        client_max_age_s=metadata.client_max_age_s,
        sources=original.sources if original else (),
        tags=tuple(dict.fromkeys((*tags, *original.tags))) if original else (),
        purge_watermark=original.purge_watermark if original else 0.0,
    )


def revalidated(stale: Entry, metadata: EntryMetadata, purge_watermark: float) -> Entry:
    """The same picture with new times; its sources were asked after all purges that it heeds now."""
    return replace(
        stale,
        stored_at=metadata.stored_at,
        fresh_until=metadata.fresh_until,
        stale_until=metadata.stale_until,
        stale_if_error_until=metadata.stale_if_error_until,
        retained_until=metadata.retained_until,
        immutable=metadata.immutable,
        modified=metadata.modified,
        client_max_age_s=metadata.client_max_age_s,
        purge_watermark=max(stale.purge_watermark, purge_watermark),
    )


def expired(stale: Entry, now: float) -> Entry:
    """The same served to nobody any more, but there to be renewed should its original come back unchanged."""
    retained_until = max(stale.stale_until, stale.retained_until)
    return replace(
        stale,
        fresh_until=min(stale.fresh_until, now),
        stale_until=min(stale.stale_until, now),
        stale_if_error_until=min(stale.stale_if_error_until, now),
        retained_until=retained_until,
    )


def version_of(entry: Entry) -> OriginalVersion:
    """The version that an entry was made of, and roughly what its source said then: for when nothing more is known of it."""
    stale_window_s = entry.stale_until - entry.fresh_until
    return OriginalVersion(
        entry.source_validator,
        CacheDirectives(
            freshness_lifetime_s=max(0.0, entry.fresh_until - entry.stored_at),
            stale_while_revalidate_s=stale_window_s,
            stale_if_error_s=max(stale_window_s, entry.stale_if_error_until - entry.fresh_until),
            must_revalidate=stale_window_s <= 0 and entry.stale_if_error_until <= entry.fresh_until,
            immutable=entry.immutable,
            client_max_age_s=entry.client_max_age_s,
        ),
        modified=entry.modified,
    )


def is_permanent(error: PixmillError) -> bool:
    """Whether a failure says something of the original, so that nothing made before it may be served any more."""
    return isinstance(error, PERMANENT_FAILURES)
