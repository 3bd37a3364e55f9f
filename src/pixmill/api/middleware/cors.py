"""CORS: the headers that every response carries, and those of preflight responses."""

from typing import Final

COMMON_HEADERS: Final = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"*"),
    (b"cross-origin-resource-policy", b"cross-origin"),
    (b"timing-allow-origin", b"*"),
    (b"x-content-type-options", b"nosniff"),
]
"""On every response, errors included: images are embedded by other origins, and must never be sniffed as scripts."""

SAME_ORIGIN_HEADERS: Final = [(name, value) for name, value in COMMON_HEADERS if b"origin" not in name]
"""On ``/admin``: no page of another origin may read these responses."""

PREFLIGHT_HEADERS: Final = {
    "access-control-allow-methods": "GET, HEAD, POST, OPTIONS",
    "access-control-allow-headers": "*",
    "access-control-max-age": "86400",
}
