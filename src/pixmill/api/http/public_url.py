"""What comes before the paths of this server's URLs, as pages of other servers name them.

Knows the setting, and what the request says if that can be trusted. A host that one client made up must never reach the
responses of others: a response that depends on the request is not for shared caches.
"""

import re
from dataclasses import dataclass
from typing import Final

from starlette.types import Scope

from pixmill.api.http.forwarded import ProxyNetwork, requested_url, trusted_origin
from pixmill.api.http.path_prefix import prefix_of, without_prefix

MAX_PUBLIC_URL_CHARS: Final = 512
_MAX_PORT: Final = 65_535
_PUBLIC_URL = re.compile(
    r"(?P<origin>(?P<scheme>https?)://"
    r"(?P<host>[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63}){0,31}|\[[0-9a-f:.]{2,45}\])(?::(?P<port>[1-9][0-9]{0,4}))?)?"
    r"(?P<prefix>(?:/[A-Za-z0-9._~-]+)*)/?"
)


@dataclass(frozen=True, slots=True)
class PublicBase:
    """``text`` and a path that begins with a slash are a URL; it is empty for URLs without a host.

    ``is_private``: it is that of one client.
    """

    text: str = ""
    is_private: bool = False


def parse_public_url(text: str) -> re.Match[str]:
    """Parse an absolute URL, or a path for URLs without a host. Raises ValueError."""
    match = _PUBLIC_URL.fullmatch(text) if len(text) <= MAX_PUBLIC_URL_CHARS else None
    if (
        match is None
        or int(match["port"] or 0) > _MAX_PORT
        or any(set(segment) == {"."} for segment in match["prefix"].split("/"))
    ):
        raise ValueError(
            "must be a URL in lower case such as https://images.example.com, optionally with a path of letters, "
            "digits, - . _ and ~, or such a path alone, without a query"
        )
    return match


def public_url_of(
    scope: Scope, public_url: str, trusted_proxies: tuple[ProxyNetwork, ...], mounted_host: str = ""
) -> PublicBase:
    """Return the absolute URL of a request without its query, for the setting as for ``public_base``."""
    origin = public_url if "://" in public_url else ""
    base = public_base(scope, origin, trusted_proxies, mounted_host) if origin else PublicBase()
    if base.text:
        return PublicBase(base.text + scope["raw_path"].decode("latin-1"))
    path = _prefix(scope, public_url).encode() + scope["raw_path"]
    return PublicBase(requested_url({**scope, "raw_path": path}, trusted_proxies), is_private=True)


def path_below(url: str, bases: tuple[str, ...], prefix: str = "") -> str | None:
    """Return path and query of an absolute URL that begins with one of these bases, or of a path; None for others.

    They are those below ``prefix``, with which the URL may begin.
    """
    found = _path_below(url, bases)
    below = without_prefix(found.encode(), prefix) if found and prefix else None
    return below.decode() if below else found


def _path_below(url: str, bases: tuple[str, ...]) -> str | None:
    if url.startswith("/") and not url.startswith("//"):
        return url
    scheme, separator, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    folded = f"{scheme.lower()}{separator}{authority.lower()}{slash}{path}"
    return next((folded[len(base) :] for base in bases if base and folded.startswith(f"{base}/")), None)


def public_base(
    scope: Scope, public_url: str, trusted_proxies: tuple[ProxyNetwork, ...], mounted_host: str = ""
) -> PublicBase:
    """Return what URLs begin with. ``mounted_host``: the host on which alone they are answered, if there is one."""
    if not public_url:
        origin = trusted_origin(scope, trusted_proxies)
        return PublicBase(origin + prefix_of(scope), is_private=bool(origin))
    parsed = parse_public_url(public_url)
    if mounted_host and parsed["origin"] and mounted_host != parsed["host"]:
        return PublicBase(f"{parsed['scheme']}://{mounted_host}{prefix_of(scope)}")
    return PublicBase((parsed["origin"] or "") + _prefix(scope, public_url))


def _prefix(scope: Scope, public_url: str) -> str:
    """Return the prefix of this request; that of the setting for one that has not passed any middleware."""
    return prefix_of(scope) or (parse_public_url(public_url)["prefix"] if public_url else "")
