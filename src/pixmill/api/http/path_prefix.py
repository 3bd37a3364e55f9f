"""The path below which an application is reached: taken off requests, and put before the URLs that it writes.

Two say what it is: ``root_path`` of ASGI, where another application mounts this one, and PIXMILL_PATH_PREFIX, which is
the whole of it as clients see it. Whether a proxy has removed it from a request is seen from the request alone, and no
header is asked: many proxies pass on an X-Forwarded-Prefix that the client wrote. Signatures cover the path below it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote, unquote_to_bytes

from starlette.types import Scope

MAX_PREFIX_CHARS: Final = 512

_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~-]+)*/?")
PREFIX_KEY: Final = "path_prefix"
"""Where the prefix is in the scope of an application that has one."""

_OF_THE_HOST: Final = ("app", "app_root_path", "endpoint", "path_params", "route", "router")
"""What routers of the application in front have left in the scope: this one has its own."""

_IN_PATH: Final = "/:@!$&'()*+,;=~"
"""Characters that a path may have as they are, besides letters, digits and ``_.-`` (RFC 3986 section 3.3)."""


def parse_path_prefix(text: str) -> str:
    """Return the prefix without a final slash, empty for none. Raises ValueError."""
    is_path = len(text) <= MAX_PREFIX_CHARS and _PREFIX.fullmatch(text) is not None
    if not is_path or any(set(segment) == {"."} for segment in text.split("/")):
        raise ValueError("must be a path such as /images, of letters, digits, - . _ and ~, without dots alone")
    return text.rstrip("/")


def prefix_of(scope: Scope) -> str:
    """Return what the URLs of this application begin with, percent-encoded; empty at the root of its host."""
    prefix: str = scope.get(PREFIX_KEY, "")
    return prefix


def is_bare(scope: Scope) -> bool:
    """Whether the path of a request was the prefix alone, without a slash behind it."""
    return bool(scope.get("is_bare_prefix"))


def without_prefix(path: bytes, prefix: str) -> bytes | None:
    """Return a raw path below a prefix, which is decoded text; None for another path.

    The path may spell the prefix with escapes. A prefix alone gives an empty path.
    """
    head = prefix.encode()
    if not path.startswith(head):
        head = b"/".join(path.split(b"/", prefix.count("/") + 1)[: prefix.count("/") + 1])
        if b"%" not in head or unquote_to_bytes(head) != prefix.encode():
            return None
    rest = path[len(head) :]
    return rest if not rest or rest.startswith(b"/") else None


@dataclass(frozen=True, slots=True)
class PathPrefix:
    """Where an application is reached. ``configured`` is the setting, empty for what ``root_path`` says.

    It does not apply to hosts that ``is_exempt``: those of dialects, where PIXMILL_PUBLIC_URL names another one.
    """

    configured: str = ""
    is_exempt: Callable[[bytes], bool] | None = None

    def for_host(self, host: bytes) -> str:
        """Return what the setting says for a Host header, which is empty for any."""
        return "" if self.is_exempt is not None and self.is_exempt(host) else self.configured

    def local_path(self, path: bytes, host: bytes = b"") -> bytes:
        """Return the path of a URL below the setting; as it is without it."""
        prefix = self.for_host(host)
        below = without_prefix(path, prefix) if prefix else None
        return path if below is None else below or b"/"

    def own_scope(self, scope: Scope) -> Scope:
        """Return a copy of the scope of a request, with paths below the prefix, and nothing of other routers."""
        own = dict(scope)
        path, root = _raw_path(scope), scope.get("root_path", "")
        if root:
            root = root.rstrip("/")
            prefix = self.configured or "/" + quote(root.lstrip("/"), safe=_IN_PATH)
            below = _below_root(path, root, scope.get("app_root_path", ""))
        else:
            prefix = self.configured if self.is_exempt is None else self.for_host(_host(scope))
            below = without_prefix(path, prefix) if prefix else None
        if below is not None:
            own["is_bare_prefix"] = not below
            path = below or b"/"
        own["path"], own["raw_path"], own["root_path"], own[PREFIX_KEY] = _decoded(path), path, "", prefix
        if "router" in own or "app" in own:
            for name in _OF_THE_HOST:
                own.pop(name, None)
        own["state"] = {}
        return own


def _below_root(path: bytes, root: str, app_root_path: str) -> bytes | None:
    """Return the path below ``root_path``; None for a path that a proxy or a server has shortened to it already.

    A proxy may have removed the root path of the application in front (``app_root_path`` of Starlette), but not what
    that one mounts.
    """
    below = without_prefix(path, root)
    mount = root.removeprefix(app_root_path.rstrip("/"))
    return without_prefix(path, mount) if below is None and mount and mount != root else below


def _raw_path(scope: Scope) -> bytes:
    """Return the path as it was sent; servers need not pass it on, and some leave the query on it."""
    raw: bytes = scope.get("raw_path") or b""
    if not raw:
        return quote(scope["path"].encode("utf-8", "surrogateescape"), safe=_IN_PATH).encode()
    return raw.partition(b"?")[0] if b"?" in raw else raw


def _decoded(path: bytes) -> str:
    text = path.decode("latin-1")
    return unquote(text) if "%" in text else text


def _host(scope: Scope) -> bytes:
    for name, value in scope["headers"]:
        if name == b"host":
            host: bytes = value
            return host
    return b""
