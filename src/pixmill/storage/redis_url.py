"""URLs of Redis servers: ``rediss+cluster://user@host:6379?ca=/etc/ca.pem``.

Pure: knows the grammar, and no client library, which is loaded only when a Redis is configured. Must never reveal
the password, not even in a ``repr``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, unquote

REDIS_SCHEMES: Final = frozenset({"redis", "rediss", "redis+cluster", "rediss+cluster"})
REDIS_OPTIONS: Final[Mapping[str, str]] = {"prefix": "pixmill", "ca": "", "cert": "", "key": "", "verify": "yes"}
"""The options after ``?`` and their defaults."""

_PORT: Final = 6379
_PREFIX: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_YES_NO: Final = {"yes": True, "no": False}


@dataclass(frozen=True, slots=True)
class RedisTarget:
    """One server, or any one node of a cluster. ``ca``, ``cert`` and ``key`` are paths of PEM files, or empty."""

    host: str
    port: int = _PORT
    database: int = 0
    username: str = ""
    password: str = field(default="", repr=False)
    tls: bool = False
    cluster: bool = False
    ca: str = ""
    cert: str = ""
    key: str = ""
    verify: bool = True
    prefix: str = "pixmill"

    @property
    def display_url(self) -> str:
        """The URL without credentials."""
        scheme = ("rediss" if self.tls else "redis") + ("+cluster" if self.cluster else "")
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}" + ("" if self.cluster else f"/{self.database}")


def parse_redis_url(parts: SplitResult, options: Mapping[str, str]) -> RedisTarget:
    """Parse a URL of one of ``REDIS_SCHEMES``. Raises ValueError, which does not contain the URL's credentials."""
    scheme, _, cluster = parts.scheme.partition("+")
    if not parts.hostname:
        raise ValueError("names no host; write redis://host:6379/0")
    if options["verify"] not in _YES_NO:
        raise ValueError("has an invalid verify; write yes or no")
    if not _PREFIX.fullmatch(options["prefix"]):
        raise ValueError("has an invalid prefix; use up to 64 letters, digits and . _ : -")
    if bool(options["cert"]) != bool(options["key"]):
        raise ValueError("has only one of cert and key, which go together")
    if scheme == "redis" and any(options[name] != REDIS_OPTIONS[name] for name in ("ca", "cert", "key", "verify")):
        raise ValueError("has ca, cert, key or verify, which apply to rediss:// only")
    return RedisTarget(
        host=parts.hostname,
        port=_port(parts),
        database=_database(parts.path.strip("/"), cluster=bool(cluster)),
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        tls=scheme == "rediss",
        cluster=bool(cluster),
        ca=options["ca"],
        cert=options["cert"],
        key=options["key"],
        verify=_YES_NO[options["verify"]],
        prefix=options["prefix"],
    )


def _port(parts: SplitResult) -> int:
    try:
        return parts.port or _PORT
    except ValueError:
        raise ValueError("has an invalid port; use 1 to 65535") from None


def _database(text: str, *, cluster: bool) -> int:
    if not text:
        return 0
    if cluster:
        raise ValueError("has a database number, but a cluster has none")
    if not (text.isascii() and text.isdigit() and len(text) <= len("65535")):
        raise ValueError("has an invalid database number after its host")
    return int(text)
