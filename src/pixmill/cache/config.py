"""Settings of the cache: tiers, and freshness of results."""

import re
from collections.abc import Iterator
from typing import Final

from pydantic import ConfigDict, Field, SecretStr, field_validator

from pixmill.cache.tiered import MAX_ENTRY_BYTES
from pixmill.cache.urls.tier_urls import ORIGINALS_SETTING, TierUrl, parse_tiers
from pixmill.plan.freshness import YEAR_S, FreshnessPolicy, NegativeTtl
from pixmill.runtime.quantities import format_duration
from pixmill.runtime.setting_types import Contradiction, Duration, SettingGroup, Size

DEFAULT_TIERS: Final = "memory://?max_bytes=256MiB,file://?max_bytes=2GiB"

_PEER: Final = re.compile(r"dns:([A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})):([1-9][0-9]{0,4})", re.ASCII)
_ORIGINALS_SCHEMES: Final = ((), ("memory",), ("file",), ("memory", "file"))
"""Allowed combinations of tiers."""


class CacheConfig(SettingGroup):
    """Settings of the result cache, the cache of originals and negative caching."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    cache: str = Field(
        default=DEFAULT_TIERS,
        description="Cache tiers as comma-separated URLs, fastest first: memory://?max_bytes=256MiB, "
        "file:///folder?max_bytes=10GiB (without a folder: the user cache folder), redis://host:6379/0, "
        "s3://bucket/prefix, gs://, az://; empty: no cache. Options of each tier: max_entry_bytes=1MiB, ttl=12h, and "
        "timeout=250ms (how long a request waits for the tier).",
    )
    redis_password: SecretStr = Field(
        default=SecretStr(""), examples=["…"], description="Password of the Redis tier, if its URL has none."
    )
    peers: str = Field(
        default="",
        examples=["dns:pixmill-peers:8080"],
        description="Other servers, to which each purge is sent where they share no Redis: dns:NAME:PORT, a name that "
        "resolves to the addresses of all of them, such as that of a headless Service, and the port of /admin; several "
        "are comma-separated. All have the same PIXMILL_ADMIN_TOKEN.",
    )
    cache_lock_timeout_s: Duration = Field(
        default=10.0,
        ge=0,
        le=600,
        description="Maximum time that a request waits for the render lock, while another server that shares a "
        "folder or a Redis renders the same image.",
    )
    cache_max_entry_bytes: Size = Field(
        default=MAX_ENTRY_BYTES,
        ge=1,
        description="Maximum size of a cached result; larger ones are served but not cached.",
    )
    cache_ttl_s: Duration = Field(
        default=3_600,
        ge=0,
        le=YEAR_S,
        description="Freshness lifetime of results whose source sends no cache directives.",
    )
    cache_min_ttl_s: Duration = Field(
        default=0, ge=0, le=YEAR_S, description="Minimum freshness lifetime, overrides the source."
    )
    cache_max_ttl_s: Duration = Field(
        default=YEAR_S, ge=0, le=YEAR_S, description="Maximum freshness lifetime, overrides the source."
    )
    cache_stale_while_revalidate_s: Duration = Field(
        default=86_400,
        ge=0,
        le=YEAR_S,
        description="Time after expiry in which a stale result is served while it is revalidated in the background; "
        "the source may shorten it.",
    )
    cache_stale_if_error_s: Duration = Field(
        default=86_400,
        ge=0,
        le=YEAR_S,
        description="Time after expiry in which a stale result is served if revalidation fails; "
        "the source may shorten it.",
    )

    cache_unsigned_version_ttl_s: Duration = Field(
        default=300,
        ge=0,
        le=YEAR_S,
        description="Maximum lifetime of versioned URLs (`v=`) that are not signed: anybody may request a "
        "version before its file is in place. 365d: immutable, as with a signature, if versions cannot be guessed.",
    )

    originals_cache: str = Field(
        default="memory://?max_bytes=64MiB",
        description="Cache of originals, so that another size needs no download: memory://?max_bytes=64MiB, optionally "
        "followed by file:///folder?max_bytes=10GiB, which survives restarts and can be shared with other servers; "
        "empty: no cache. Options of a folder: max_entry_bytes=20MiB, ttl=7d, timeout=1s.",
    )
    negative_ttl_not_found_s: Duration = Field(
        default=10,
        ge=0,
        le=3_600,
        description="Negative-cache TTL for sources that do not exist, deny access (such as 403, 404 or "
        "410) or are too large to download.",
    )
    negative_ttl_unreachable_s: Duration = Field(
        default=2,
        ge=0,
        le=3_600,
        description="Negative-cache TTL for sources that were unreachable or sent an invalid response.",
    )

    negative_ttl_undecodable_s: Duration = Field(
        default=60,
        ge=0,
        le=86_400,
        description="Negative-cache TTL for originals that are not an image, damaged or too large to "
        "decode; ends when the original changes.",
    )
    negative_ttl_render_timeout_s: Duration = Field(
        default=60,
        ge=0,
        le=3_600,
        description="Negative-cache TTL for renders that ran out of time (PIXMILL_DEADLINE_S), by original "
        "and parameters; doubles with each further failure, up to 16 times as long; ends when the original changes or "
        "is purged.",
    )

    @field_validator("originals_cache")
    @classmethod
    def _check_originals(cls, text: str) -> str:
        schemes = tuple(tier.scheme for tier in parse_tiers(text, ORIGINALS_SETTING))
        if schemes not in _ORIGINALS_SCHEMES:
            raise ValueError(
                "must be memory://?max_bytes=…, file:///folder?max_bytes=…, both in this order, or empty: other tiers "
                "are for results only"
            )
        return text

    @field_validator("peers")
    @classmethod
    def _check_peers(cls, text: str) -> str:
        if text and not all(_PEER.fullmatch(each.strip()) for each in text.split(",")):
            raise ValueError("must be dns:NAME:PORT, comma-separated if there are several")
        return text

    def peer_addresses(self) -> tuple[tuple[str, int], ...]:
        """Returns the names and ports of the other servers."""
        found = (_PEER.fullmatch(each.strip()) for each in self.peers.split(","))
        return tuple((each[1], int(each[2])) for each in found if each)

    @field_validator("cache")
    @classmethod
    def _check_tiers(cls, text: str) -> str:
        if any(tier.scheme == "memory" for tier in parse_tiers(text)[1:]):
            raise ValueError(
                "has memory:// behind another tier, for which each request would wait: memory:// must be the first tier"
            )
        return text

    def contradictions(self) -> Iterator[Contradiction]:
        """Yield a folder that is both caches, and a range of lifetimes with nothing in it."""
        yield from super().contradictions()
        folder = self.originals_folder()
        tier_folders = {tier.path.rstrip("/") for tier in self.cache_tiers() if tier.path}
        if folder and folder.path.rstrip("/") in tier_folders:
            yield Contradiction(
                ("originals_cache", "cache"),
                f"PIXMILL_ORIGINALS_CACHE and PIXMILL_CACHE both name the folder {folder.path}: each needs its own; "
                f"for example PIXMILL_ORIGINALS_CACHE=memory://,file://{folder.path.rstrip('/')}-originals?max_bytes=10GiB",
            )
        if self.cache_min_ttl_s > self.cache_max_ttl_s:
            least, most = map(format_duration, (self.cache_min_ttl_s, self.cache_max_ttl_s))
            yield Contradiction(
                ("cache_min_ttl_s", "cache_max_ttl_s"),
                f"PIXMILL_CACHE_MIN_TTL_S={least} is more than PIXMILL_CACHE_MAX_TTL_S={most}: exchange them, or leave "
                f"one out; for example PIXMILL_CACHE_MIN_TTL_S={most}",
            )

    def cache_tiers(self) -> tuple[TierUrl, ...]:
        return parse_tiers(self.cache)

    def originals_memory_bytes(self) -> int:
        """Returns the size of the memory tier of originals."""
        return sum(
            tier.max_bytes for tier in parse_tiers(self.originals_cache, ORIGINALS_SETTING) if tier.scheme == "memory"
        )

    def originals_folder(self) -> TierUrl | None:
        """Returns the disk tier of originals, if there is one."""
        return next(
            (tier for tier in parse_tiers(self.originals_cache, ORIGINALS_SETTING) if tier.scheme == "file"), None
        )

    def cache_negative_ttl(self) -> NegativeTtl:
        return NegativeTtl(
            not_found_s=self.negative_ttl_not_found_s,
            unreachable_s=self.negative_ttl_unreachable_s,
            undecodable_s=self.negative_ttl_undecodable_s,
            render_timeout_s=self.negative_ttl_render_timeout_s,
        )

    def cache_freshness_policy(self) -> FreshnessPolicy:
        return FreshnessPolicy(
            default_ttl_s=self.cache_ttl_s,
            min_ttl_s=self.cache_min_ttl_s,
            max_ttl_s=self.cache_max_ttl_s,
            stale_while_revalidate_s=self.cache_stale_while_revalidate_s,
            stale_if_error_s=self.cache_stale_if_error_s,
            unsigned_version_ttl_s=self.cache_unsigned_version_ttl_s,
        )
