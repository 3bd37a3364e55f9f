"""A place in a bucket, as a URL names it.

Knows the grammar of such URLs only: the library that speaks to buckets takes memory, and is loaded when there is one.
"""

import re
from dataclasses import dataclass
from typing import Final

from pixmill.errors import StoreError
from pixmill.storage.paths import is_valid_path

BUCKET_SCHEMES: Final = frozenset({"s3", "gs", "az"})

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,221}")
"""GCS allows the longest names: 222 characters with dots."""


@dataclass(frozen=True, slots=True)
class BucketUrl:
    """A place in a bucket: scheme, name of the bucket, and a prefix without slashes at its ends, or none."""

    scheme: str
    name: str
    prefix: str

    @classmethod
    def parse(cls, url: str) -> "BucketUrl":
        """From ``scheme://bucket/prefix``. Raises StoreError."""
        scheme, _, rest = url.partition("://")
        name, _, prefix = rest.partition("/")
        prefix = prefix.removesuffix("/")
        if scheme not in BUCKET_SCHEMES or not _NAME.fullmatch(name) or (prefix and not is_valid_path(prefix)):
            raise StoreError("This is no URL of a bucket", detail=url)
        return cls(scheme, name, prefix)

    def covers(self, other: "BucketUrl") -> bool:
        """Whether the other place is this one or lies below it."""
        is_below = not self.prefix or other.prefix == self.prefix or other.prefix.startswith(self.prefix + "/")
        return (self.scheme, self.name) == (other.scheme, other.name) and is_below
