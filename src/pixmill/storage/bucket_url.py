"""URLs of buckets: ``s3://bucket/prefix``.

Knows the grammar only: the client library takes memory, and is loaded when a bucket is configured.
"""

import re
from dataclasses import dataclass
from typing import Final

from pixmill.errors import StoreError
from pixmill.plan.source import OBJECT_STORE_SCHEMES
from pixmill.storage.paths import is_valid_key, is_valid_path

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,221}")
"""GCS has the longest names: 222 characters with dots."""


@dataclass(frozen=True, slots=True)
class BucketUrl:
    """A bucket and a prefix in it, without slashes at its ends; empty for the whole bucket."""

    scheme: str
    name: str
    prefix: str

    @classmethod
    def parse(cls, url: str) -> "BucketUrl":
        """Parse ``scheme://bucket/prefix``. Raises StoreError."""
        scheme, _, rest = url.partition("://")
        name, _, prefix = rest.partition("/")
        prefix = prefix.removesuffix("/")
        if scheme not in OBJECT_STORE_SCHEMES or not _NAME.fullmatch(name) or (prefix and not is_valid_path(prefix)):
            raise StoreError(
                f"Not a URL of a bucket: write {scheme[:8]}://bucket or {scheme[:8]}://bucket/prefix", detail=url
            )
        return cls(scheme, name, prefix)

    @classmethod
    def of_object(cls, url: str) -> "BucketUrl":
        """Parse ``scheme://bucket/key``, with the key as prefix. Raises StoreError for what no object can be at."""
        scheme, _, rest = url.partition("://")
        name, _, key = rest.partition("/")
        if scheme not in OBJECT_STORE_SCHEMES or not _NAME.fullmatch(name) or not is_valid_key(key):
            raise StoreError("Not a URL of an object", detail=url)
        return cls(scheme, name, key)

    def covers(self, other: "BucketUrl") -> bool:
        """Whether the other URL is this one or below it."""
        is_below = not self.prefix or other.prefix == self.prefix or other.prefix.startswith(self.prefix + "/")
        return (self.scheme, self.name) == (other.scheme, other.name) and is_below
