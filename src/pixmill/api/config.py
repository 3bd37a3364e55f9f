"""Settings of the HTTP side: listeners, access control, client limits, shutdown."""

import math
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from ipaddress import ip_address
from typing import Final, Literal

from pydantic import ConfigDict, Field, SecretStr, field_validator

from pixmill.api.http.client_hints import HINT_HEADERS
from pixmill.api.http.compression import CODINGS
from pixmill.api.http.error_display import ErrorDisplay
from pixmill.api.http.error_form import ErrorImages
from pixmill.api.http.forwarded import ProxyNetwork, parse_networks
from pixmill.api.http.path_prefix import PathPrefix, parse_path_prefix
from pixmill.api.http.public_url import parse_public_url
from pixmill.dialects.factory import FALLBACK_STATUSES, MountEntry, parse_mounts
from pixmill.dialects.native.param import MAX_SIDE
from pixmill.dialects.native.presets import Presets, parse_presets
from pixmill.dialects.registry import DialectRegistry
from pixmill.dialects.signing import Keyring
from pixmill.errors import InvalidParameter
from pixmill.media import NEGOTIABLE_FORMATS, Format
from pixmill.plan.hints import DEFAULT_WIDTHS
from pixmill.plan.request import Fallback
from pixmill.plan.source import parse_source
from pixmill.runtime.lists import list_items
from pixmill.runtime.operating_system import IS_LINUX
from pixmill.runtime.rate_limiter import RateLimiter
from pixmill.runtime.send_rate import SEND_GRACE_S
from pixmill.runtime.setting_types import Contradiction, Duration, SettingGroup, Size
from pixmill.runtime.shared_rate_limiter import SharedBuckets, SharedRateLimiter
from pixmill.runtime.system import available_cores

MIN_TOKEN_CHARS: Final = 16
MAX_PORT: Final = 65_535
MAX_PROCESSES: Final = 256

CORES_PER_PROCESS: Final = 4
"""Of ``processes=auto``: one event loop handles some 400 misses a second, which keep four workers busy or more."""

UPLOAD_GRACE_S: Final = 5.0
"""Grace period before the minimum upload rate applies.

The rate is Apache's default (mod_reqtimeout, ``MinRate=500``), the grace period Kestrel's (``MinDataRate``).
"""

_HEADER_NAME = re.compile("[A-Za-z0-9_-]{1,64}")
_WEB_URL = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(?:/[A-Za-z0-9._~/-]*)?")
_WIDTH = re.compile("[0-9]{1,5}")
_RESERVED_HEADERS: Final = {
    "accept",
    "authorization",
    "cookie",
    "host",
    "if-modified-since",
    "if-none-match",
    "x-request-id",
}
_ADDRESS = re.compile(r"(?:\[(?P<inside>[0-9A-Fa-f:.]+)\]|(?P<host>[A-Za-z0-9._-]+)):(?P<port>[0-9]{1,5})")


def is_loopback(host: str) -> bool:
    """Return whether ``host`` is a loopback address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class ApiConfig(SettingGroup):
    """Settings of the HTTP side."""

    model_config = ConfigDict(frozen=True)

    host: str = Field("127.0.0.1", description="Listen address.")
    port: int = Field(8080, ge=0, le=MAX_PORT, description="Listen port; 0 selects a free one.")
    processes: str = Field(
        "1",
        examples=["4"],
        description="Number of server processes on the listen port, which share folders, locks, purges and limits; "
        "each has its part of PIXMILL_WORKERS, of connections, and of the sizes of memory. auto: one for every four "
        "cores. More than one: Linux only, and without a playground.",
    )
    keys: SecretStr = Field(
        SecretStr(""),
        examples=["$(openssl rand -hex 32)"],
        description="URL signing keys, comma-separated, newest first; at least 16 characters each.",
    )
    admin_token: SecretStr = Field(
        SecretStr(""),
        examples=["$(openssl rand -hex 32)"],
        description="Bearer tokens for /admin, comma-separated, newest first; at least 16 characters each. "
        "Empty: /admin is disabled.",
    )
    admin_listen: str = Field(
        "",
        examples=["127.0.0.1:9090"],
        description="Separate listener (address:port, such as 127.0.0.1:9090 or [::1]:9090; port 0 selects a free one) "
        "for /metrics, /health and /admin, which then answer there only. /health/live and /health/ready "
        "answer on both. Empty: main listener.",
    )
    tag_header: str = Field(
        "",
        examples=["X-Cache-Tags"],
        description="Request header, such as X-Cache-Tags, whose words are added to the parameter tags. "
        "It is not signed, so a proxy should set or remove it. Empty: none.",
    )
    unsigned: Literal["allow", "deny", ""] = Field(
        "", description="Unsigned requests: allow or deny; empty denies them if keys are set and allows them otherwise."
    )
    auto_formats: str = Field(
        "avif,webp,jxl",
        description="Formats that format=auto may choose if the client accepts them, comma-separated, best first; jxl "
        "needs the extra pixmill[jxl], and is left out without it.",
    )
    client_hints: bool = Field(
        default=False,
        description="Use client hints (Sec-CH-Width, Sec-CH-Viewport-Width, Sec-CH-DPR, Save-Data) where a URL leaves "
        "its size to the client, as width=auto and dpr=auto do. Caches in front must support Vary.",
    )
    client_hint_widths: str = Field(
        ",".join(map(str, DEFAULT_WIDTHS)),
        description="Widths in device pixels that width=auto may have, comma-separated; a hint is rounded up to one.",
    )
    presets: str = Field(
        "",
        examples=['{"card": "width=300&height=200&fit=cover"}'],
        description="Named sets of parameters: a JSON object whose values are query strings or objects, such as "
        '{"card": "width=300&height=200&fit=cover"}; preset=card in a URL applies them.',
    )
    presets_only: bool = Field(
        default=False,
        description="Restrict /resize to url, v, preset, format, expires and sig, and require a preset. /srcset then "
        "offers presets in place of widths.",
    )
    dialects: SecretStr = Field(
        SecretStr(""),
        examples=['[{"dialect": "imgproxy", "mount": "/imgproxy"}]'],
        description="URL grammars of other services, as a JSON list of objects with dialect, host, mount, source, "
        "keys and options (see docs/dialects.md). Empty: native URLs only.",
    )
    error_images: ErrorImages = Field(
        ErrorImages.OFF,
        description="What people see of errors in a browser: off sends problem documents to all, pages sends an HTML "
        "page to the address bar, development also sends an image with the code and the reason to image elements, and "
        "tells how to repair it, which may name settings, files and addresses.",
    )
    fallback_image: str = Field(
        "",
        examples=["placeholders/missing.png"],
        description="Image to send instead of an original that cannot be fetched or decoded, rendered as requested: a "
        "URL or path as in url=, such as placeholders/missing.png or canvas:1200x800,eeeeee. A fallback in the URL or "
        "of an entry of PIXMILL_DIALECTS takes precedence. Empty: the error.",
    )
    fallback_status: int = Field(
        200,
        description="Status of responses with PIXMILL_FALLBACK_IMAGE, 200 to 299 or 400 to 599; 0 for that of the "
        "error.",
    )
    fallback_ttl_s: Duration = Field(
        60.0,
        ge=0,
        description="How long clients and caches in front may keep any fallback. Never longer than the "
        "error itself; not at all where that must not be stored (5xx).",
    )
    docs_url: str = Field(
        "",
        examples=["https://docs.example.com/"],
        description="URL of the published documentation, such as https://docs.example.com/, for links on error pages. "
        "Empty: no links.",
    )
    public_url: str = Field(
        "",
        examples=["https://images.example.com"],
        description="Address of this server in pages, such as https://images.example.com, optionally with a path that "
        "a proxy removes: /srcset and info.json of IIIF return URLs that begin with it. A path alone, such as /: URLs "
        "without a host. Empty: the address that the request was sent to, if it is a loopback address or "
        "PIXMILL_TRUSTED_PROXIES pass it on, else URLs without a host.",
    )
    path_prefix: str = Field(
        "",
        examples=["/images"],
        description="Path below which clients reach this server, such as /images, whether or not a proxy removes it: "
        "requests are answered with and without it, and all URLs begin with it. Signatures cover the path below it. "
        "Empty: the path of PIXMILL_PUBLIC_URL; in an application that mounts this one, the path of the mount.",
    )
    playground: Literal["auto", "on", "off"] = Field(
        "auto",
        description="Page at / to try out images, parameters and dialects in a browser. auto: on if the listen "
        "address is a loopback address, for clients on this machine only.",
    )
    srcset_warm: bool = Field(
        default=False,
        description="Allow warm=true on /srcset, which renders the whole set in the background on idle workers.",
    )
    server_timing: bool = Field(
        default=False,
        description="Send stage durations in a Server-Timing header. With a playground for this machine only, they are "
        "always sent.",
    )
    max_url_bytes: Size = Field(8_192, ge=256, description="Maximum length of path and query (414 above).")
    upload_timeout_s: Duration = Field(30.0, gt=0, description="Maximum duration of an upload to POST /resize.")
    upload_min_rate: Size = Field(
        500,
        ge=0,
        description="Minimum average upload rate per second, enforced after five seconds (408 below). 0: only "
        "PIXMILL_UPLOAD_TIMEOUT_S applies.",
    )
    drain_timeout_s: Duration = Field(25.0, ge=0, description="Shutdown grace period for requests in flight.")
    drain_delay_s: Duration = Field(
        0.0, ge=0, description="Time between failing readiness and closing the listener on shutdown."
    )
    ready_timeout_s: Duration = Field(
        5.0, gt=0, description="Timeout of each component's probe for /health/ready and /health."
    )
    send_timeout_s: Duration = Field(
        30.0,
        gt=0,
        le=86_400,
        description="Time without the client reading any of the response before its connection is closed.",
    )
    send_min_rate: Size = Field(
        500,
        ge=0,
        description="Minimum rate per second at which a client reads a response, enforced after ten seconds; "
        "slower connections are closed. 0: no minimum.",
    )
    response_timeout_s: Duration = Field(
        600.0,
        gt=0,
        le=86_400,
        description="Maximum duration of sending a response above 256 KiB; then its connection is closed.",
    )
    await_writes: bool = Field(
        default=False,
        description="End an answer only when its result and its original are stored, after ten seconds at the latest: "
        "for platforms that freeze the process between requests, as AWS Lambda, Cloud Run and Knative do.",
    )
    compression: str = Field(
        ",".join(CODINGS),
        description="Comma-separated content codings for answers that are text (SVG, JSON, HTML), in order of "
        "preference: br, zstd, gzip. Empty: none, for a proxy that compresses.",
    )
    rate_limit: float = Field(
        0.0,
        examples=["50"],
        ge=0,
        description="Sustained requests per second per client (token bucket; 429 above); an IPv6 /64 is one client. "
        "Memory hits do not count. 0: no limit.",
    )
    rate_limit_burst: int = Field(
        0,
        ge=0,
        examples=["100"],
        description="Burst of requests per client; 0 means ten seconds' worth of PIXMILL_RATE_LIMIT.",
    )
    trusted_proxies: str = Field(
        "",
        examples=["10.0.0.0/8"],
        description="Comma-separated networks of proxies, such as 10.0.0.0/8, whose X-Forwarded-For (or Forwarded, if "
        "that is absent) is trusted: the client is the last hop outside these networks.",
    )
    max_connections: int = Field(
        4_096, ge=128, description="Maximum number of open connections; further ones wait to be accepted."
    )
    http2: bool = Field(
        default=False,
        description="Enable cleartext HTTP/2 (prior knowledge) for a trusted proxy: PIXMILL_SEND_TIMEOUT_S does "
        "not apply to clients that open streams and do not read the responses.",
    )

    @field_validator("processes", mode="before")
    @classmethod
    def _validate_processes(cls, value: object) -> str:
        text = str(value).strip()
        if text != "auto" and not (text.isascii() and text.isdecimal() and 1 <= int(text[:4]) <= MAX_PROCESSES):
            raise ValueError(f"must be a number from 1 to {MAX_PROCESSES}, or auto")
        return text

    @field_validator("compression")
    @classmethod
    def _validate_compression(cls, text: str) -> str:
        if unknown := [coding for coding in list_items(text) if coding not in CODINGS]:
            raise ValueError(f"names {unknown[0]!r}, which is none of {', '.join(CODINGS)}")
        return text

    @field_validator("keys")
    @classmethod
    def _validate_keys(cls, keys: SecretStr) -> SecretStr:
        if keys.get_secret_value():
            Keyring.from_text(keys.get_secret_value())
        return keys

    @field_validator("admin_token")
    @classmethod
    def _validate_admin_token(cls, token: SecretStr) -> SecretStr:
        tokens = tuple(list_items(token.get_secret_value()))
        for number, one in enumerate(tokens, 1):
            if len(one) < MIN_TOKEN_CHARS or not one.isascii():
                raise ValueError(f"token {number} must have at least {MIN_TOKEN_CHARS} characters, all of them ASCII")
        return token

    @field_validator("admin_listen")
    @classmethod
    def _validate_admin_listen(cls, text: str) -> str:
        _parse_address(text)
        return text

    @field_validator("tag_header")
    @classmethod
    def _validate_tag_header(cls, name: str) -> str:
        if name and (not _HEADER_NAME.fullmatch(name) or name.lower() in _RESERVED_HEADERS):
            raise ValueError(
                "must be the name of a header, of up to 64 letters, digits, - and _, that has no meaning of its own"
            )
        return name

    @field_validator("fallback_image")
    @classmethod
    def _validate_fallback_image(cls, text: str) -> str:
        try:
            if text:
                parse_source(text)
        except InvalidParameter as error:
            raise ValueError(error.message) from error
        return text

    @field_validator("fallback_status")
    @classmethod
    def _validate_fallback_status(cls, status: int) -> int:
        if status not in FALLBACK_STATUSES:
            raise ValueError("must be 0, for that of the error, or 200 to 299 or 400 to 599")
        return status

    @field_validator("docs_url")
    @classmethod
    def _validate_docs_url(cls, text: str) -> str:
        if text and not _WEB_URL.fullmatch(text):
            raise ValueError("must be a URL that begins with http:// or https://, without query and fragment")
        return text

    @field_validator("presets")
    @classmethod
    def _validate_presets(cls, text: str) -> str:
        parse_presets(text)
        return text

    @field_validator("dialects")
    @classmethod
    def _validate_dialects(cls, text: SecretStr) -> SecretStr:
        parse_mounts(text.get_secret_value())
        return text

    @field_validator("trusted_proxies")
    @classmethod
    def _validate_trusted_proxies(cls, text: str) -> str:
        parse_networks(text)
        return text

    @field_validator("public_url")
    @classmethod
    def _validate_public_url(cls, text: str) -> str:
        parse_public_url(text)
        return text

    @field_validator("path_prefix")
    @classmethod
    def _validate_path_prefix(cls, text: str) -> str:
        return parse_path_prefix(text)

    @field_validator("client_hint_widths")
    @classmethod
    def _validate_client_hint_widths(cls, text: str) -> str:
        _parse_widths(text)
        return text

    @field_validator("auto_formats")
    @classmethod
    def _validate_auto_formats(cls, text: str) -> str:
        _parse_formats(text)
        return text

    def contradictions(self) -> Iterator[Contradiction]:
        """Yield presets-only mode without presets, two listeners on one port, and two path prefixes."""
        yield from super().contradictions()
        path = parse_public_url(self.public_url)["prefix"] if self.public_url else ""
        if self.path_prefix and path not in ("", self.path_prefix):
            yield Contradiction(
                ("path_prefix", "public_url"),
                f"PIXMILL_PATH_PREFIX={self.path_prefix} is another path than that of "
                f"PIXMILL_PUBLIC_URL={self.public_url}, and means the same; for example "
                f"PIXMILL_PUBLIC_URL=https://example.com{self.path_prefix}",
            )
        if self.presets_only and not self.parsed_presets().values_by_name:
            yield Contradiction(
                ("presets_only", "presets"),
                "PIXMILL_PRESETS_ONLY=true needs PIXMILL_PRESETS, without which every request would be rejected; for "
                """example PIXMILL_PRESETS='{"card": "width=300&height=200&fit=cover"}'""",
            )
        if self.process_count() > 1 and not IS_LINUX:
            yield Contradiction(
                ("processes",),
                f"PIXMILL_PROCESSES={self.processes} needs Linux, whose kernel distributes connections among "
                "processes; for example PIXMILL_PROCESSES=1",
            )
        if self.process_count() > 1 and self.playground == "on":
            yield Contradiction(
                ("playground", "processes"),
                f"PIXMILL_PLAYGROUND=on needs one process, which has what was uploaded, and PIXMILL_PROCESSES="
                f"{self.processes} are more; for example PIXMILL_PROCESSES=1",
            )
        address = self.admin_address()
        if address and address[1] == self.port != 0:
            yield Contradiction(
                ("admin_listen", "port"),
                f"PIXMILL_ADMIN_LISTEN={self.admin_listen} needs another port than PIXMILL_PORT={self.port}; for "
                f"example PIXMILL_ADMIN_LISTEN=127.0.0.1:{self.port + 1 if self.port < MAX_PORT else 9090}",
            )

    def process_count(self) -> int:
        """Return the number of server processes."""
        if self.processes == "auto":
            return min(max(1, available_cores() // CORES_PER_PROCESS), MAX_PROCESSES)
        return int(self.processes)

    def admin_tokens(self) -> tuple[str, ...]:
        """Return the tokens that grant access to ``/admin``."""
        return _split_tokens(self.admin_token)

    def admin_address(self) -> tuple[str, int] | None:
        """Return host and port of ``admin_listen``; None without a separate admin listener."""
        return _parse_address(self.admin_listen)

    def rate_limiter(self, buckets: SharedBuckets | None = None) -> RateLimiter | None:
        """Return the rate limiter for clients, by buckets of all processes if there are any; None without a limit."""
        burst = self.rate_limit_burst or max(1, math.ceil(10 * self.rate_limit))
        if not self.rate_limit:
            return None
        return SharedRateLimiter(buckets, self.rate_limit, burst) if buckets else RateLimiter(self.rate_limit, burst)

    def upload_deadline(self, started: float) -> Callable[[int], float]:
        """Return a function from bytes received to the deadline for the rest of the upload."""
        return _rate_deadline(started, self.upload_timeout_s, self.upload_min_rate, UPLOAD_GRACE_S)

    def response_deadline(self, started: float) -> Callable[[int], float]:
        """Return a function from bytes that a client has read to the deadline for the rest of the response."""
        return _rate_deadline(started, self.response_timeout_s, self.send_min_rate, SEND_GRACE_S)

    def proxy_networks(self) -> tuple[ProxyNetwork, ...]:
        """Return the parsed ``trusted_proxies``."""
        return parse_networks(self.trusted_proxies)

    def keyring(self) -> Keyring | None:
        """Return the keys that requests must be signed with; None if unsigned requests are allowed."""
        keys = self.keys.get_secret_value()
        return Keyring.from_text(keys) if keys and self.unsigned != "allow" else None

    def server_fallback(self) -> Fallback | None:
        """Return the fallback of requests and entries that have none."""
        if not self.fallback_image:
            return None
        return Fallback(parse_source(self.fallback_image), status=self.fallback_status, is_default=True)

    def url_prefix(self) -> str:
        """Return the path that URLs begin with, as the settings say; empty for none."""
        return self.path_prefix or (parse_public_url(self.public_url)["prefix"] if self.public_url else "")

    def hosts_without_prefix(self, hosts: frozenset[bytes]) -> frozenset[bytes]:
        """Return those of the hosts of dialects that ``url_prefix`` does not apply to: none if no host has one."""
        public_host = parse_public_url(self.public_url)["host"] if self.public_url else None
        return hosts - {public_host.encode()} if public_host else frozenset()

    def prefix_for(self, dialects: DialectRegistry) -> PathPrefix:
        """Return where a server with these dialects is reached, as the settings say."""
        exempt_hosts = self.hosts_without_prefix(dialects.hosts)
        is_exempt = (lambda host: dialects.known_host(host) in exempt_hosts) if exempt_hosts else None
        return PathPrefix(self.url_prefix(), is_exempt)

    def has_playground(self) -> bool:
        """Return whether there is a playground: by default on a loopback address only."""
        return self.playground == "on" or (
            self.playground == "auto" and is_loopback(self.host) and self.process_count() == 1
        )

    def codings(self) -> tuple[str, ...]:
        """Return the content codings, in order of preference."""
        return tuple(list_items(self.compression))

    def error_display(self) -> ErrorDisplay:
        """Return how errors are shown."""
        return ErrorDisplay(self.error_images, self.docs_url, self.has_playground())

    def parsed_mounts(self) -> tuple[MountEntry, ...]:
        """Return the entries of ``dialects``."""
        return parse_mounts(self.dialects.get_secret_value())

    def parsed_presets(self) -> Presets:
        """Return the parsed ``presets``."""
        return parse_presets(self.presets, only=self.presets_only)

    def hint_widths(self) -> tuple[int, ...]:
        """Return the parsed ``client_hint_widths``, ascending."""
        return _parse_widths(self.client_hint_widths)

    def request_key_headers(self) -> frozenset[bytes]:
        """Return the headers, in lower case, that results depend on besides Accept and Host."""
        tag_header = frozenset({self.tag_header.lower().encode()} if self.tag_header else ())
        return tag_header | HINT_HEADERS if self.client_hints else tag_header

    def negotiable_formats(self) -> tuple[Format, ...]:
        """Return the parsed ``auto_formats``."""
        return _parse_formats(self.auto_formats)


def _rate_deadline(started: float, timeout_s: float, min_rate: int, grace_s: float) -> Callable[[int], float]:
    latest = started + timeout_s
    return lambda size: min(latest, started + grace_s + size / min_rate) if min_rate else latest


def _split_tokens(text: SecretStr) -> tuple[str, ...]:
    return tuple(one.strip() for one in text.get_secret_value().split(",") if one.strip())


def _parse_address(text: str) -> tuple[str, int] | None:
    """Parse ``host:port``; IPv6 addresses are in brackets."""
    if not text:
        return None
    match = _ADDRESS.fullmatch(text)
    port = int(match["port"]) if match else MAX_PORT + 1
    if match is None or port > MAX_PORT:
        raise ValueError("must be an address and a port, with brackets around an IPv6 address, such as [::1]:9090")
    return match["inside"] or match["host"], port


@lru_cache(maxsize=8)
def _parse_widths(text: str) -> tuple[int, ...]:
    names = [name.strip() for name in text.split(",")]
    widths = {int(name) for name in names if _WIDTH.fullmatch(name)}
    if len(widths) < len(names) or not widths or max(widths) > MAX_SIDE or not min(widths):
        raise ValueError(f"must be different widths from 1 to {MAX_SIDE:,}, separated by commas")
    return tuple(sorted(widths))


def _parse_formats(text: str) -> tuple[Format, ...]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    by_name = {form.value: form for form in NEGOTIABLE_FORMATS}
    if unknown := [name for name in names if name not in by_name]:
        raise ValueError(f"{', '.join(unknown)} cannot be negotiated: choose from {', '.join(by_name)}")
    return tuple(by_name[name] for name in names)
