"""Settings of sources."""

import math
import re
from collections.abc import Iterator
from ipaddress import IPv6Network, ip_address
from typing import Final

from pydantic import ConfigDict, Field, SecretStr, field_validator

from pixmill.runtime.lists import list_items, parse_network
from pixmill.runtime.memory_budget import MEMORY_DIVISOR
from pixmill.runtime.quantities import format_size
from pixmill.runtime.rate_limiter import RateLimiter
from pixmill.runtime.setting_types import Contradiction, Duration, SettingGroup, Size
from pixmill.runtime.system import available_memory_bytes
from pixmill.sources.addresses import IPV4_MAPPED, NAT64_PREFIX_LENGTHS, AddressPolicy, Network
from pixmill.sources.allowlist import AllowList
from pixmill.sources.request_headers import RequestHeaders

_MAX_PORT: Final = 65_535
_HEADER_NAME: Final = re.compile("[A-Za-z0-9_-]{0,64}")
_USER_AGENT: Final = re.compile("(?:[!-~](?:[ -~]{0,254}[!-~])?)?")
_PLAIN_ADDRESS: Final = re.compile("[0-9A-Za-z.:%_-]+")  # with a scope perhaps: fe80::1%eth0


class SourcesConfig(SettingGroup):
    """Where originals may come from, and limits of their size and time."""

    model_config = ConfigDict(frozen=True)

    images: str = Field(
        default="",
        examples=["/srv/images"],
        description="Image root for paths: a directory or a store URL such as s3://bucket/prefix. Empty: paths are "
        "not allowed.",
    )
    images_hidden: bool = Field(
        default=False,
        description="Serve paths below the image root in which a name begins with a dot, such as .thumbnails/a.jpg; "
        "otherwise they are not found, also through links.",
    )
    allowed_sources: str = Field(
        default="",
        examples=["https://*.example.com/photos/,s3://photos/"],
        description="Comma-separated prefixes of allowed sources, such as https://*.example.com/photos/, s3://bucket/ "
        "or path:. "
        "Empty: every source that the address guard allows.",
    )
    trace_origins: str = Field(
        default="allowed",
        examples=["https://*.example.com/"],
        description="Origins that receive the header traceparent while PIXMILL_TRACES is on: allowed (those that "
        "PIXMILL_ALLOWED_SOURCES names, so none without it), none, or comma-separated prefixes as there.",
    )
    allowed_networks: str = Field(
        default="",
        examples=["10.1.0.0/16"],
        description="Comma-separated networks, such as 10.1.0.0/16, that the address guard allows although they are "
        "not public.",
    )
    denied_networks: str = Field(
        default="",
        examples=["203.0.113.0/24"],
        description="Comma-separated networks, such as 203.0.113.0/24, that the address guard denies although they are "
        "public, also within PIXMILL_ALLOWED_NETWORKS: internal systems with public addresses.",
    )
    nat64_prefixes: str = Field(
        default="",
        examples=["2001:67c:2b0:db32::/96"],
        description="Comma-separated IPv6 prefixes of the network's own NAT64 (RFC 6052), such as "
        "2001:67c:2b0:db32::/96; of addresses in them the embedded IPv4 address is checked. 64:ff9b::/96 is known.",
    )
    dns_servers: str = Field(
        default="",
        examples=["10.0.0.53,10.0.0.54:5353"],
        description="Comma-separated name servers for origins, such as 10.0.0.53, 10.0.0.54:5353 or [2001:db8::53]:53. "
        "Empty: those of /etc/resolv.conf, read again when it changes.",
    )
    dns_lookups: int = Field(
        default=512,
        ge=1,
        le=30_000,
        description="Maximum concurrent look-ups of host names of origins; more are rejected with 503. "
        "One client gets four fifths at most. Names that were looked up lately, and addresses, need none.",
    )
    dns_lookups_per_domain: int = Field(
        default=8,
        ge=1,
        description="Maximum concurrent look-ups of host names in one registrable domain, such as example.co.uk, fewer "
        "when most of PIXMILL_DNS_LOOKUPS are in use. More wait.",
    )
    max_source_bytes: Size = Field(
        default=64 * 2**20, ge=1, description="Maximum size of an original, after content decoding."
    )
    memory_budget_bytes: Size = Field(
        default=0,
        examples=["1GiB"],
        ge=0,
        description="Memory budget for originals in flight, uploads, cached originals and responses above 256 KiB "
        "being sent; requests beyond it are rejected with 503. "
        "0: a quarter of the memory of the machine or container, at least four originals of the maximum size.",
    )
    source_timeout_s: Duration = Field(
        default=20.0, gt=0, description="Timeout of a whole fetch, with redirects and retries."
    )
    source_connect_timeout_s: Duration = Field(
        default=5.0,
        gt=0,
        description="Timeout for resolving an origin, and again for connecting to it with TLS.",
    )
    source_idle_timeout_s: Duration = Field(
        default=10.0,
        gt=0,
        description="Timeout between two reads from an origin; a response has this time and "
        "PIXMILL_SOURCE_CONNECT_TIMEOUT_S for all of its headers.",
    )
    source_min_rate: Size = Field(
        default=500,
        ge=0,
        description="Minimum average rate of a response body from a web origin per second, enforced after "
        "five seconds of waiting for it (504 below). 0: no minimum.",
    )
    source_tag_header: str = Field(
        default="",
        examples=["Cache-Tag"],
        description="Response header of origins with surrogate keys, such as Cache-Tag or Surrogate-Key; they become "
        "tags of all results of the original. "
        "Empty: none.",
    )
    source_user_agent: str = Field(
        default="",
        examples=["ExampleImages/1.0 (+https://example.com/bot)"],
        description="User-Agent of requests to web origins. Empty: Pixmill and its version.",
    )
    source_headers: SecretStr = Field(
        default=SecretStr(""),
        examples=['{"https://images.example.com/": {"Authorization": "Bearer secret"}}'],
        description="Headers of requests to web origins, as a JSON object of objects by source pattern, such as "
        '{"https://images.example.com/": {"Authorization": "Bearer secret"}}. The first pattern that matches counts, '
        "also for redirects: a header never goes to another origin.",
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
        examples=["20"],
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
    source_queue_max_wait_s: Duration = Field(
        default=5.0,
        gt=0,
        description="Maximum wait of a queued fetch; if the estimated wait is longer, it is rejected with 503 at once.",
    )

    @field_validator("source_tag_header")
    @classmethod
    def _validate_source_tag_header(cls, text: str) -> str:
        if not _HEADER_NAME.fullmatch(text):
            raise ValueError("must be the name of a header: up to 64 letters, digits, - and _")
        return text

    @field_validator("source_user_agent")
    @classmethod
    def _validate_source_user_agent(cls, text: str) -> str:
        if not _USER_AGENT.fullmatch(text):
            raise ValueError("must be up to 256 printable ASCII characters, without white space around them")
        return text

    @field_validator("source_headers")
    @classmethod
    def _validate_source_headers(cls, text: SecretStr) -> SecretStr:
        RequestHeaders.parse(text.get_secret_value())
        return text

    @field_validator("allowed_networks", "denied_networks")
    @classmethod
    def _validate_networks(cls, text: str) -> str:
        _parse_networks(text)
        return text

    @field_validator("nat64_prefixes")
    @classmethod
    def _validate_nat64_prefixes(cls, text: str) -> str:
        _parse_nat64_prefixes(text)
        return text

    @field_validator("dns_servers")
    @classmethod
    def _validate_dns_servers(cls, text: str) -> str:
        _parse_name_servers(text)
        return text

    @field_validator("allowed_sources")
    @classmethod
    def _validate_allowed_sources(cls, text: str) -> str:
        AllowList.parse(",".join(list_items(text)))
        return text

    @field_validator("trace_origins")
    @classmethod
    def _validate_trace_origins(cls, text: str) -> str:
        if text not in {"allowed", "none"} and not AllowList.parse(",".join(list_items(text))).patterns:
            raise ValueError("must be allowed, none, or prefixes of origins")
        return text

    def request_headers(self) -> RequestHeaders:
        """Return the parsed ``source_headers``."""
        return RequestHeaders.parse(self.source_headers.get_secret_value())

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

    def contradictions(self) -> Iterator[Contradiction]:
        """Yield a memory budget that no original would fit into."""
        yield from super().contradictions()
        if 0 < self.memory_budget_bytes < self.max_source_bytes:
            budget, original = map(format_size, (self.memory_budget_bytes, self.max_source_bytes))
            yield Contradiction(
                ("memory_budget_bytes", "max_source_bytes"),
                f"PIXMILL_MEMORY_BUDGET_BYTES={budget} is less than PIXMILL_MAX_SOURCE_BYTES={original}, the size that "
                f"one original may have; set it to at least four times that, for example "
                f"PIXMILL_MEMORY_BUDGET_BYTES={format_size(4 * self.max_source_bytes)}",
            )

    def address_policy(self) -> AddressPolicy:
        """Return the parsed ``allowed_networks``, ``denied_networks`` and ``nat64_prefixes``."""
        return AddressPolicy(
            allowed=_parse_networks(self.allowed_networks),
            denied=_parse_networks(self.denied_networks),
            nat64=_parse_nat64_prefixes(self.nat64_prefixes),
        )

    def name_servers(self) -> tuple[str, ...]:
        """Return the parsed ``dns_servers``."""
        return _parse_name_servers(self.dns_servers)

    def allow_list(self) -> AllowList:
        """Return the parsed ``allowed_sources``."""
        return AllowList.parse(self.allowed_sources)

    def traced_origins(self) -> AllowList | None:
        """Return the origins that receive the trace; None for none. A pattern of a whole scheme names no origin."""
        if self.trace_origins != "allowed":
            return None if self.trace_origins == "none" else AllowList.parse(self.trace_origins)
        named = tuple(pattern for pattern in self.allow_list().patterns if pattern.host)
        return AllowList(named) if named else None


def _parse_networks(text: str) -> tuple[Network, ...]:
    networks = tuple(map(parse_network, list_items(text)))
    for network in networks:
        if isinstance(network, IPv6Network) and network.subnet_of(IPV4_MAPPED):
            raise ValueError(f"{network} is a network of IPv4 addresses, which are checked as such: write it as IPv4")
    return networks


def _parse_nat64_prefixes(text: str) -> tuple[IPv6Network, ...]:
    return tuple(_nat64_prefix(parse_network(item)) for item in list_items(text))


def _nat64_prefix(network: Network) -> IPv6Network:
    if not isinstance(network, IPv6Network) or network.prefixlen not in NAT64_PREFIX_LENGTHS:
        lengths = ", ".join(map(str, NAT64_PREFIX_LENGTHS))
        raise ValueError(f"{network} is no prefix of a NAT64, which is an IPv6 prefix of {lengths} bits (RFC 6052)")
    return network


def _parse_name_servers(text: str) -> tuple[str, ...]:
    """Check each: an address, with a port or without. An IPv6 address with a port is in brackets."""
    servers = tuple(list_items(text))
    for server in servers:
        address, port = _split_port(server)
        if not _PLAIN_ADDRESS.fullmatch(address) or not _is_address(address):
            raise ValueError(f"{server!r} is not the address of a name server: write 10.0.0.53 or [2001:db8::53]:53")
        if port is not None and not (port.isascii() and port.isdigit() and 0 < int(port) <= _MAX_PORT):
            raise ValueError(f"{server!r} has no port from 1 to {_MAX_PORT}")
    return servers


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _split_port(server: str) -> tuple[str, str | None]:
    if server.startswith("["):
        address, bracket, rest = server[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise ValueError(f"{server!r} is not an address and a port: write [2001:db8::53]:53")
        return address, rest[1:] if rest else None
    address, colon, port = server.partition(":")
    return (address, port) if colon and ":" not in port else (server, None)
