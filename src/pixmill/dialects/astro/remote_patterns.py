"""Which http(s) URLs a site allows, in the terms of an Astro configuration. Knows texts; must never know a request."""

from urllib.parse import urlsplit

from msgspec import Struct

_ANY_DEPTH = "**."
_ONE_LABEL = "*."
_BELOW = "/**"
_ONE_SEGMENT = "/*"


class RemotePattern(Struct, frozen=True, forbid_unknown_fields=True):
    """An entry of ``image.remotePatterns``; an empty text allows every value.

    ``hostname`` may begin with ``**.`` (any number of labels) or ``*.`` (one); ``pathname`` may end in ``/**``
    (everything below) or ``/*`` (one segment).
    """

    protocol: str = ""
    hostname: str = ""
    port: str = ""
    pathname: str = ""

    def allows(self, url: str) -> bool:
        """Return whether a canonical URL matches."""
        parts = urlsplit(url)
        return (
            self.protocol.removesuffix(":") in {"", parts.scheme}
            and self.port in {"", str(parts.port or "")}
            and self._allows_host(parts.hostname or "")
            and self._allows_path(parts.path)
        )

    def _allows_host(self, host: str) -> bool:
        pattern = self.hostname.lower()
        if pattern.startswith(_ANY_DEPTH):
            end = pattern.removeprefix("**")
            return host.endswith(end) and host != end
        if pattern.startswith(_ONE_LABEL):
            end = pattern.removeprefix("*")
            return host.endswith(end) and bool(host.removesuffix(end)) and "." not in host.removesuffix(end)
        return pattern in {"", host}

    def _allows_path(self, path: str) -> bool:
        if self.pathname.endswith(_BELOW):
            start = self.pathname.removesuffix("**")
            return path.startswith(start) and path != start
        if self.pathname.endswith(_ONE_SEGMENT):
            start = self.pathname.removesuffix("*")
            rest = path.removeprefix(start)
            return path.startswith(start) and bool(rest.strip("/")) and "/" not in rest.rstrip("/")
        return self.pathname in {"", path}
