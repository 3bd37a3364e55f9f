"""imgproxy's signatures: HMAC-SHA256 over salt and path, cut to a size, in base64url without padding.

Knows keys and bytes; must never know what a path means.
"""

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from itertools import zip_longest

from pixmill.dialects.imgproxy.config import split_list
from pixmill.errors import SignatureInvalid

UNSIGNED_COLON = (
    "The signature appears to be a processing option. The signature section should always be present in the URL."
)


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A key and a salt."""

    key: bytes = field(repr=False)
    salt: bytes = field(repr=False)

    def signature(self, path: bytes, size: int) -> bytes:
        """Return the signature of a path, which begins with a slash."""
        digest = hmac.digest(self.key, self.salt + path, "sha256")[:size]
        return urlsafe_b64encode(digest).rstrip(b"=")


@dataclass(frozen=True, slots=True)
class Signatures:
    """The signatures that a server accepts: without key pairs any, but none that looks like an option."""

    pairs: tuple[KeyPair, ...] = ()
    size: int = 32
    trusted: tuple[bytes, ...] = ()

    @classmethod
    def parse(cls, key: str, salt: str, size: int = 32, trusted: str = "") -> "Signatures":
        """Parse comma-separated keys and salts in hexadecimal digits. Raises ValueError."""
        keys, salts = split_list(key), split_list(salt)
        if len(keys) != len(salts):
            raise ValueError("options.key and options.salt must have the same number of values")
        try:
            pairs = tuple(KeyPair(bytes.fromhex(one), bytes.fromhex(other)) for one, other in zip_longest(keys, salts))
        except ValueError:
            raise ValueError("options.key and options.salt must be hexadecimal digits") from None
        return cls(pairs, size, tuple(text.encode() for text in split_list(trusted)))

    def check(self, signature: bytes, path: bytes, separator: bytes) -> None:
        """Check the signature of a path. Raises SignatureInvalid."""
        if not self.pairs:
            if separator in signature:
                raise SignatureInvalid(UNSIGNED_COLON)
            return
        # Compare every one, so that the time does not reveal which one matched.
        matches = [hmac.compare_digest(signature, trusted) for trusted in self.trusted]
        signature = signature.rstrip(b"=")
        matches += [hmac.compare_digest(signature, pair.signature(path, self.size)) for pair in self.pairs]
        if True not in matches:
            raise SignatureInvalid
