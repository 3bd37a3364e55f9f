"""What the API layer can be told."""

import math
import re
from collections.abc import Callable
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from pixmill.api.http.forwarded import ProxyNetwork, parse_networks
from pixmill.dialects.native.presets import Presets, parse_presets
from pixmill.dialects.signing import Keyring
from pixmill.media import NEGOTIABLE_FORMATS, Format
from pixmill.runtime.rate_limiter import RateLimiter

MIN_TOKEN_CHARS: Final = 16
MAX_PORT: Final = 65_535
UPLOAD_GRACE_S: Final = 5.0
"""So long a client may take to begin; the rate is Apache's (mod_reqtimeout, ``MinRate=500``), this Kestrel's (``MinDataRate``)."""

_HEADER_NAME = re.compile("[A-Za-z0-9_-]{1,64}")
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


class ApiConfig(BaseModel):
    """Settings of the HTTP side."""

    model_config = ConfigDict(frozen=True)

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8080, ge=0, le=MAX_PORT, description="Port to listen on; 0 takes a free one.")
    keys: SecretStr = Field(
        SecretStr(""), description="Signing keys, comma-separated, newest first; each at least 16 characters long."
    )
    admin_token: SecretStr = Field(
        SecretStr(""),
        description="Tokens that open /admin, comma-separated, newest first; each at least 16 characters long. Without one there is no /admin.",
    )
    admin_listen: str = Field(
        "",
        description="Address and port (127.0.0.1:9090, [::1]:9090; port 0 takes a free one) on which alone /metrics, /health and /admin "
        "answer; empty: on the same as everything else. /health/live and /health/ready answer on both.",
    )
    tag_header: str = Field(
        "",
        description="A request header, such as X-Cache-Tags, whose words are tags of the result as those of the parameter tags are; it is not "
        "signed, so a proxy should set or remove it. Empty: none.",
    )
    unsigned: Literal["allow", "deny", ""] = Field(
        "",
        description="Whether unsigned requests are answered: allow or deny; "
        "empty denies them when keys are set and allows them otherwise.",
    )
    auto_formats: str = Field(
        "avif,webp", description="What format=auto may choose when the client names it, comma-separated, best first."
    )
    presets: str = Field(
        "",
        description="Named sets of parameters, as a JSON object of query strings or objects by name, such as "
        '{"card": "width=300&height=200&fit=cover"}; preset=card in a URL stands for them.',
    )
    presets_only: bool = Field(
        default=False,
        description="Whether /resize takes only url, v, preset, format, expires and sig, and wants a preset; there is no /srcset then.",
    )
    srcset_warm: bool = Field(
        default=False,
        description="Whether warm=true on /srcset renders the whole set behind the answer, in spare time.",
    )
    server_timing: bool = Field(default=False, description="Tell the duration of each stage in a Server-Timing header.")
    max_url_bytes: int = Field(8_192, ge=256, description="Longest path and query accepted, in bytes.")
    upload_timeout_s: float = Field(30.0, gt=0, description="Seconds that sending a picture to POST /resize may take.")
    upload_min_rate: int = Field(
        500,
        ge=0,
        description="Bytes a second that a client must have sent of its picture on the average, once five seconds are over (408 below). "
        "0: only PIXMILL_UPLOAD_TIMEOUT_S counts.",
    )
    drain_timeout_s: float = Field(
        25.0, ge=0, description="Seconds that requests in flight have to finish on shutdown."
    )
    drain_delay_s: float = Field(
        0.0, ge=0, description="Seconds between turning readiness off and closing the listener on shutdown."
    )
    ready_timeout_s: float = Field(
        5.0, gt=0, description="Seconds that a part has to answer its probe for /health/ready."
    )
    send_timeout_s: float = Field(
        30.0,
        gt=0,
        le=86_400,
        description="Seconds that a client may take nothing of its answer before its connection is ended.",
    )
    rate_limit: float = Field(
        0.0,
        ge=0,
        description="Requests a second that each client may send for long (429 beyond); an IPv6 /64 is one client. What memory "
        "answers at once does not count. 0: no limit.",
    )
    rate_limit_burst: int = Field(
        0, ge=0, description="Requests that a client may send at once; 0 means those of ten seconds."
    )
    trusted_proxies: str = Field(
        "",
        description="Comma-separated networks of proxies whose X-Forwarded-For, or Forwarded where that is not sent, is believed, such as 10.0.0.0/8: the client is the last "
        "hop there that is none of them.",
    )
    max_connections: int = Field(4_096, ge=128, description="Connections served at one time; more wait to be accepted.")
    http2: bool = Field(
        default=False,
        description="Whether cleartext HTTP/2 is spoken too (prior knowledge), for a trusted proxy that wants it: a client that opens "
        "streams and takes nothing of their answers is not ended there by PIXMILL_SEND_TIMEOUT_S.",
    )

    @field_validator("keys")
    @classmethod
    def _validate_keys(cls, keys: SecretStr) -> SecretStr:
        if keys.get_secret_value():
            Keyring.from_text(keys.get_secret_value())
        return keys

    @field_validator("admin_token")
    @classmethod
    def _validate_admin_token(cls, token: SecretStr) -> SecretStr:
        if any(len(one) < MIN_TOKEN_CHARS or not one.isascii() for one in _split_tokens(token)):
            raise ValueError(f"each token has at least {MIN_TOKEN_CHARS} characters, all of them ASCII")
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
            raise ValueError(f"{name} is no name of a header, or of one that means something else")
        return name

    @field_validator("presets")
    @classmethod
    def _validate_presets(cls, text: str) -> str:
        parse_presets(text)
        return text

    @model_validator(mode="after")
    def _require_presets(self) -> Self:
        if self.presets_only and not self.parsed_presets().values_by_name:
            raise ValueError("PIXMILL_PRESETS_ONLY needs PIXMILL_PRESETS: without presets nothing could be asked for")
        return self

    @model_validator(mode="after")
    def _require_separate_admin_port(self) -> Self:
        address = self.admin_address()
        if address and address[1] == self.port != 0:
            raise ValueError("PIXMILL_ADMIN_LISTEN needs another port than PIXMILL_PORT")
        return self

    @field_validator("trusted_proxies")
    @classmethod
    def _validate_trusted_proxies(cls, text: str) -> str:
        parse_networks(text)
        return text

    @field_validator("auto_formats")
    @classmethod
    def _validate_auto_formats(cls, text: str) -> str:
        _parse_formats(text)
        return text

    def admin_tokens(self) -> tuple[str, ...]:
        """What opens ``/admin``."""
        return _split_tokens(self.admin_token)

    def admin_address(self) -> tuple[str, int] | None:
        """Host and port of ``admin_listen``; None where operators have no listener of their own."""
        return _parse_address(self.admin_listen)

    def rate_limiter(self) -> RateLimiter | None:
        """How often each client may ask; None without a limit."""
        burst = self.rate_limit_burst or max(1, math.ceil(10 * self.rate_limit))
        return RateLimiter(self.rate_limit, burst) if self.rate_limit else None

    def upload_deadline(self, started: float) -> Callable[[int], float]:
        """When a picture must be here at the latest of which so many bytes are."""
        latest, min_rate = started + self.upload_timeout_s, self.upload_min_rate
        return lambda size: min(latest, started + UPLOAD_GRACE_S + size / min_rate) if min_rate else latest

    def proxy_networks(self) -> tuple[ProxyNetwork, ...]:
        """What ``trusted_proxies`` names."""
        return parse_networks(self.trusted_proxies)

    def keyring(self) -> Keyring | None:
        """The keys that requests must be signed with; None when unsigned requests are answered."""
        keys = self.keys.get_secret_value()
        return Keyring.from_text(keys) if keys and self.unsigned != "allow" else None

    def parsed_presets(self) -> Presets:
        """What ``presets`` declares."""
        return parse_presets(self.presets, only=self.presets_only)

    def negotiable_formats(self) -> tuple[Format, ...]:
        """What ``auto_formats`` names."""
        return _parse_formats(self.auto_formats)


def _split_tokens(text: SecretStr) -> tuple[str, ...]:
    return tuple(one.strip() for one in text.get_secret_value().split(",") if one.strip())


def _parse_address(text: str) -> tuple[str, int] | None:
    """Host and port; an IPv6 address stands in brackets."""
    if not text:
        return None
    match = _ADDRESS.fullmatch(text)
    port = int(match["port"]) if match else MAX_PORT + 1
    if match is None or port > MAX_PORT:
        raise ValueError(f"{text} is no address and port, such as 127.0.0.1:9090 or [::1]:9090")
    return match["inside"] or match["host"], port


def _parse_formats(text: str) -> tuple[Format, ...]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    by_name = {form.value: form for form in NEGOTIABLE_FORMATS}
    if unknown := [name for name in names if name not in by_name]:
        raise ValueError(f"{', '.join(unknown)} cannot be negotiated; choose from {', '.join(by_name)}")
    return tuple(by_name[name] for name in names)
