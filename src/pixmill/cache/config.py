"""Settings of the cache: where results are kept, and for how long they are good."""

from typing import Final, Self

from pydantic import BaseModel, ByteSize, ConfigDict, Field, SecretStr, field_validator, model_validator

from pixmill.cache.tiered import MAX_ENTRY_BYTES
from pixmill.cache.urls.tier_urls import ORIGINALS_SETTING, TierUrl, parse_tiers
from pixmill.plan.freshness import YEAR_S, FreshnessPolicy, NegativeTtl

DEFAULT_TIERS: Final = "memory://?max_bytes=256MiB,file://?max_bytes=2GiB"

_ORIGINALS_SCHEMES: Final = ((), ("memory",), ("file",), ("memory", "file"))
"""The kinds of places, the fastest first."""


class CacheConfig(BaseModel):
    """What the Cache Service is told."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    cache: str = Field(
        default=DEFAULT_TIERS,
        description="Tiers of the cache as comma-separated URLs, fastest first: memory://?max_bytes=256MiB, "
        "file:///folder?max_bytes=10GiB (without a folder that of the user's cache), redis://host:6379/0, "
        "s3://bucket/prefix, gs://, az://; empty for no cache. Options of each: max_entry_bytes=1MiB, ttl=12h, and how long a request waits for it, "
        "timeout=250ms.",
    )
    redis_password: SecretStr = Field(
        default=SecretStr(""), description="Password of the cache's Redis, where its URL has none."
    )
    cache_lock_timeout_s: float = Field(
        default=10.0,
        ge=0,
        le=600,
        description="Seconds that a request waits at most for another server, which shares a folder or a Redis with this one "
        "and makes the same picture.",
    )
    cache_max_entry_bytes: ByteSize = Field(
        default=ByteSize(MAX_ENTRY_BYTES),
        ge=1,
        description="Results of more bytes are served but not kept in the cache.",
    )
    cache_ttl_s: float = Field(
        default=3_600,
        ge=0,
        le=YEAR_S,
        description="Seconds that a result is fresh where its source says nothing about it.",
    )
    cache_min_ttl_s: float = Field(
        default=0, ge=0, le=YEAR_S, description="Seconds that a result is fresh at least, whatever its source says."
    )
    cache_max_ttl_s: float = Field(
        default=YEAR_S, ge=0, le=YEAR_S, description="Seconds that a result is fresh at most, whatever its source says."
    )
    cache_stale_while_revalidate_s: float = Field(
        default=86_400,
        ge=0,
        le=YEAR_S,
        description="Seconds that a result may still be served, while it is refreshed, after that; its source may make them fewer.",
    )
    cache_stale_if_error_s: float = Field(
        default=86_400,
        ge=0,
        le=YEAR_S,
        description="Seconds that a stale result may still be served if refreshing it fails; its source may make them fewer.",
    )

    originals_cache: str = Field(
        default="memory://?max_bytes=64MiB",
        description="Where originals are kept so that another size needs no download: memory://?max_bytes=64MiB, and after it "
        "file:///folder?max_bytes=10GiB for those that outlive a restart and are shared with other servers on that folder; "
        "empty for nowhere. Options of a folder: max_entry_bytes=20MiB, ttl=7d, timeout=1s.",
    )
    negative_ttl_not_found_s: float = Field(
        default=10,
        ge=0,
        le=3_600,
        description="Seconds that a source is not asked again after it said that it has no such picture, or denies it.",
    )
    negative_ttl_unreachable_s: float = Field(
        default=2,
        ge=0,
        le=3_600,
        description="Seconds that a source is not asked again after it could not be reached or gave a broken answer.",
    )

    negative_ttl_undecodable_s: float = Field(
        default=60,
        ge=0,
        le=86_400,
        description="Seconds that an original which is no picture, damaged or too large is not tried again, unless it has changed.",
    )

    @field_validator("originals_cache")
    @classmethod
    def _check_originals(cls, text: str) -> str:
        schemes = tuple(tier.scheme for tier in parse_tiers(text, ORIGINALS_SETTING))
        if schemes not in _ORIGINALS_SCHEMES:
            raise ValueError(
                "PIXMILL_ORIGINALS_CACHE takes memory://?max_bytes=…, file:///folder?max_bytes=…, both in this order, or nothing"
            )
        return text

    @field_validator("cache")
    @classmethod
    def _check_tiers(cls, text: str) -> str:
        parse_tiers(text)
        return text

    @model_validator(mode="after")
    def _check_distinct_folders(self) -> Self:
        folder = self.originals_folder()
        tier_folders = {tier.path.rstrip("/") for tier in self.cache_tiers() if tier.path}
        if folder and folder.path.rstrip("/") in tier_folders:
            raise ValueError("PIXMILL_ORIGINALS_CACHE names a folder of PIXMILL_CACHE: each needs its own")
        return self

    @model_validator(mode="after")
    def _check_ttl_range(self) -> Self:
        if self.cache_min_ttl_s > self.cache_max_ttl_s:
            raise ValueError("PIXMILL_CACHE_MIN_TTL_S is more than PIXMILL_CACHE_MAX_TTL_S")
        return self

    def cache_tiers(self) -> tuple[TierUrl, ...]:
        return parse_tiers(self.cache)

    def originals_memory_bytes(self) -> int:
        """How many bytes of originals are kept in memory."""
        return sum(
            tier.max_bytes for tier in parse_tiers(self.originals_cache, ORIGINALS_SETTING) if tier.scheme == "memory"
        )

    def originals_folder(self) -> TierUrl | None:
        """Where they are kept beyond that, if anywhere."""
        return next(
            (tier for tier in parse_tiers(self.originals_cache, ORIGINALS_SETTING) if tier.scheme == "file"), None
        )

    def cache_negative_ttl(self) -> NegativeTtl:
        return NegativeTtl(
            not_found_s=self.negative_ttl_not_found_s,
            unreachable_s=self.negative_ttl_unreachable_s,
            undecodable_s=self.negative_ttl_undecodable_s,
        )

    def cache_freshness_policy(self) -> FreshnessPolicy:
        """The rules of these settings."""
        return FreshnessPolicy(
            default_ttl_s=self.cache_ttl_s,
            min_ttl_s=self.cache_min_ttl_s,
            max_ttl_s=self.cache_max_ttl_s,
            stale_while_revalidate_s=self.cache_stale_while_revalidate_s,
            stale_if_error_s=self.cache_stale_if_error_s,
        )
