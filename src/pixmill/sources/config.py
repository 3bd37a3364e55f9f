"""Settings of sources."""

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
    """Where originals may come from, and limits of their size and time."""

    model_config = ConfigDict(frozen=True)

    images: str = Field(
        default="",
        description="Image root for paths: a directory or a store URL such as s3://bucket/prefix. Empty: paths are "
        "not allowed.",
    )
    allowed_sources: str = Field(
        default="",
        description="Comma-separated prefixes of allowed sources, such as https://*.example.com/photos/, s3://bucket/ "
        "or path:. "
        "Empty: every source that the address guard allows.",
    )
    allowed_networks: str = Field(
        default="",
        description="Comma-separated networks, such as 10.1.0.0/16, that the address guard allows although they are "
        "not public.",
    )
    max_source_bytes: int = Field(
        default=64 * 2**20, ge=1, description="Maximum size of an original, in bytes, after content decoding."
    )
    memory_budget_bytes: ByteSize = Field(
        default=ByteSize(0),
        ge=0,
        description="Memory budget for originals in flight, uploads and cached originals; requests beyond it are "
        "rejected with 503. "
        "0: a quarter of the memory of the machine or container, at least four originals of the maximum size.",
    )
    source_timeout_s: float = Field(
        default=20.0, gt=0, description="Timeout of a whole fetch, with redirects and retries, in seconds."
    )
    source_connect_timeout_s: float = Field(
        default=5.0,
        gt=0,
        description="Timeout for resolving an origin, and again for connecting to it with TLS, in seconds.",
    )
    source_idle_timeout_s: float = Field(
        default=10.0,
        gt=0,
        description="Timeout between two reads from an origin, in seconds; a response has this time and "
        "PIXMILL_SOURCE_CONNECT_TIMEOUT_S for all of its headers.",
    )
    source_min_rate: int = Field(
        default=500,
        ge=0,
        description="Minimum average rate of a response body from a web origin in bytes per second, enforced after "
        "five seconds of waiting for it (504 below). 0: no minimum.",
    )
    source_tag_header: str = Field(
        default="",
        pattern="^[A-Za-z0-9_-]{0,64}$",
        description="Response header of origins with surrogate keys, such as Cache-Tag or Surrogate-Key; they become "
        "tags of all results of the original. "
        "Empty: none.",
    )
    max_redirects: int = Field(default=5, ge=0, le=50, description="Maximum number of redirects.")
    source_retries: int = Field(
        default=2,
        ge=0,
        le=5,
        description="Number of retries after a connection failed before any response.",
    )
    source_connections: int = Field(
        default=100,
        ge=1,
        description="Maximum concurrent fetches from all origins together, without those in "
        "PIXMILL_SOURCE_CONNECTIONS_RESERVED. One site (registrable domain or address) and one client get a share that "
        "depends on what is free.",
    )
    source_connections_reserved: int = Field(
        default=50,
        ge=0,
        description="Additional concurrent fetches for the image root and for sites that have answered well lately, so "
        "that others which stall do not shut them out.",
    )
    source_connections_per_host: int = Field(
        default=16, ge=1, description="Maximum concurrent fetches from, and connections to, one origin or store."
    )
    source_rate_limit: float = Field(
        default=0.0,
        ge=0,
        description="Sustained fetches per second from each origin or bucket (token bucket, with a burst of one "
        "second); more are "
        "rejected with 503. 0: unlimited.",
    )
    source_queue: int = Field(
        default=512,
        ge=0,
        description="Maximum number of queued fetches for sites that have answered well lately, and as many for "
        "others; at most half of them for one site and three quarters for one client. More are rejected with 503.",
    )
    source_queue_max_wait_s: float = Field(
        default=5.0,
        gt=0,
        description="Maximum wait of a queued fetch, in seconds; if the estimated wait is longer, it is rejected with "
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
        """Return the rate limiter of origins; None without a limit."""
        return (
            RateLimiter(self.source_rate_limit, math.ceil(self.source_rate_limit)) if self.source_rate_limit else None
        )

    def memory_budget(self) -> int:
        """Return the memory budget in bytes."""
        return int(self.memory_budget_bytes) or max(
            available_memory_bytes() // MEMORY_DIVISOR, 4 * self.max_source_bytes
        )

    @model_validator(mode="after")
    def _validate_memory_budget(self) -> Self:
        if 0 < self.memory_budget_bytes < self.max_source_bytes:
            raise ValueError("PIXMILL_MEMORY_BUDGET_BYTES is less than PIXMILL_MAX_SOURCE_BYTES")
        return self

    def networks(self) -> tuple[Network, ...]:
        """Return the parsed ``allowed_networks``."""
        return _parse_networks(self.allowed_networks)

    def allow_list(self) -> AllowList:
        """Return the parsed ``allowed_sources``."""
        return AllowList.parse(self.allowed_sources)


def _parse_networks(text: str) -> tuple[Network, ...]:
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())
