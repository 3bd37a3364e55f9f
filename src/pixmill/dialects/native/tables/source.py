"""Parameters for the original, and for access with signed URLs."""

import re

from pixmill.dialects.native.grammars.scalars import Integer, Location, PatternText
from pixmill.dialects.native.param import Group, Param

_VERSION = re.compile("[A-Za-z0-9._~-]{1,64}")
_SIGNATURE = re.compile("[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")

PARAMS = (
    Param(
        "url",
        Group.SOURCE,
        Location(),
        "Source image URL or path; required except for POST, whose body is the original. `canvas:` generates an image "
        "of one colour, in 3, 4, 6 or 8 hexadecimal digits (white without), of at most 16383 px along a side and 50 "
        "million in all; no allowlist applies to it.",
        ("https://example.com/photo.jpg", "s3://bucket/photo.jpg", "folder/photo.jpg", "canvas:800x600,ff0000"),
        aliases=("src",),
    ),
    Param(
        "v",
        Group.SOURCE,
        PatternText(_VERSION, "1 to 64 letters, digits, dots, hyphens, underscores or tildes"),
        "Cache-busting version of the source: another version is fetched again. With a signature each is fetched once "
        "and served with `max-age=31536000, immutable`; without one it is revalidated every 5 minutes "
        "(`PIXMILL_CACHE_UNSIGNED_VERSION_TTL_S`), since anybody may request it before its file is in place.",
        ("2", "5f3a9c", "2026-11-24"),
        is_advanced=True,
    ),
)

ACCESS_PARAMS = (
    Param(
        "expires",
        Group.ACCESS,
        Integer(1, 253_402_300_799),
        "Expiry of the signed URL as a Unix timestamp in seconds, at most the end of the year 9999.",
        ("1924992000",),
        is_advanced=True,
    ),
    Param(
        "sig",
        Group.ACCESS,
        PatternText(_SIGNATURE, "43 characters of base64url, the last parameter of the URL"),
        "HMAC-SHA256 signature of the path and of the query before it, made with one of the server's keys.",
        ("XxNUT2mAhoqWmDlwHkRUP9EcRmX5tzt2_B2mEHqnNnA",),
        is_advanced=True,
    ),
)
