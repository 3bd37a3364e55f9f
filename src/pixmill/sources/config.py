"""The settings of sources."""

import math
from ipaddress import ip_network
from typing import Self

from pydantic import BaseModel, ByteSize, ConfigDict, Field, field_validator, model_validator

from pixmill.runtime.memory_budget import MEMORY_DIVISOR
from pixmill.runtime.rate_limiter import RateLimiter
from pixmill.runtime.system import available_memory_bytes
from pixmill.sources.addresses import Network
from pixmill.sources.allowlist import AllowList


class SourcesConfig(BaseModel):
    """Where originals may come from, and how long and how large they may be."""

    model_config = ConfigDict(frozen=True)

    images: str = Field(
        default="",
        description="Image root for paths: a directory, or a store URL such as s3://bucket/prefix. Empty: no paths.",
    )
    allowed_sources: str = Field(
        default="",
        description="Comma-separated prefixes of allowed sources, such as https://*.example.com/photos/, s3://bucket/ or path:. "
        "Empty: every source that the address guard lets through.",
    )
    allowed_networks: str = Field(
        default="",
        description="Comma-separated networks, such as 10.1.0.0/16, that the address guard lets through although they are not public.",
    )
    max_source_bytes: int = Field(
        default=64 * 2**20, ge=1, description="The largest original, in bytes, counted after decompression."
    )
    memory_budget_bytes: ByteSize = Field(
        default=ByteSize(0),
        ge=0,
        description="Memory for originals that are fetched, sent, worked on or kept; what finds no room is answered 503. "
        "0: a quarter of the machine's or the container's, and four of the largest originals at least.",
    )
    source_timeout_s: float = Field(
        default=20.0, gt=0, description="Seconds for the whole fetch of an original, redirects and retries included."
    )
    source_connect_timeout_s: float = Field(
        default=5.0,
        gt=0,
        description="Seconds to resolve the name of an origin, and again to connect to it, TLS included.",
    )
    source_idle_timeout_s: float = Field(
        default=10.0, gt=0, description="Seconds that an origin may be silent between two pieces of its answer."
    )
    source_tag_header: str = Field(
        default="",
        pattern="^[A-Za-z0-9_-]{0,64}$",
        description="A header of origins' answers, such as Cache-Tag or Surrogate-Key, whose words are tags of all results made of the original. "
        "Empty: none.",
    )
    max_redirects: int = Field(default=5, ge=0, le=50, description="How many redirects of an origin are followed.")
    source_retries: int = Field(
        default=2,
        ge=0,
        le=5,
        description="How often a fetch is tried again after a connection failed before any answer.",
    )
    source_connections: int = Field(
        default=100,
        ge=1,
        description="The most fetches at one time from all origins together, and connections to them.",
    )
    source_connections_per_host: int = Field(
        default=16, ge=1, description="The most fetches at one time from one origin or store, and connections to it."
    )
    source_rate_limit: float = Field(
        default=0.0,
        ge=0,
        description="Fetches a second from each origin or bucket, for long; those of one second may come at once, and what is beyond is "
        "answered 503. 0: no limit.",
    )
    source_queue: int = Field(
        default=512,
        ge=0,
        description="How many fetches may wait for their turn, half of them for one origin, before new ones are answered 503.",
    )
    source_queue_max_wait_s: float = Field(
        default=5.0,
        gt=0,
        description="Seconds that a fetch may wait for its turn; one that would wait for longer, as far as can be told, is answered "
        "503 at once.",
    )

    @field_validator("allowed_networks")
    @classmethod
    def _validate_allowed_networks(cls, text: str) -> str:
        _parse_networks(text)
        return text

    @field_validator("allowed_sources")
    @classmethod
    def _validate_allowed_sources(cls, text: str) -> str:
        AllowList.parse(text)
        return text

    def source_rate_limiter(self) -> RateLimiter | None:
        """How often each origin may be asked; None without a limit."""
        return (
            RateLimiter(self.source_rate_limit, math.ceil(self.source_rate_limit)) if self.source_rate_limit else None
        )

    def memory_budget(self) -> int:
        """Bytes for originals."""
        return int(self.memory_budget_bytes) or max(
            available_memory_bytes() // MEMORY_DIVISOR, 4 * self.max_source_bytes
        )

    @model_validator(mode="after")
    def _validate_memory_budget(self) -> Self:
        if 0 < self.memory_budget_bytes < self.max_source_bytes:
            raise ValueError("PIXMILL_MEMORY_BUDGET_BYTES has no room for one original of PIXMILL_MAX_SOURCE_BYTES")
        return self

    def networks(self) -> tuple[Network, ...]:
        """What ``allowed_networks`` names."""
        return _parse_networks(self.allowed_networks)

    def allow_list(self) -> AllowList:
        """What ``allowed_sources`` names."""
        return AllowList.parse(self.allowed_sources)


def _parse_networks(text: str) -> tuple[Network, ...]:
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())
