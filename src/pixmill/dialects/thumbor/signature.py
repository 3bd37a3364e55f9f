"""Signatures in front of a path: ``/unsafe/…`` or ``/HASH/…``. Knows keys and paths; must never know an option."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes

from pixmill.dialects.kit.signatures import Key, Scheme, Spelling, hmac_sha1, hmac_sha256, hmac_sha512
from pixmill.dialects.thumbor.grammar import Flavour
from pixmill.errors import SignatureInvalid, SignatureMissing

MIN_CHARS: Final = 17
"""Of a truncated signature: 102 bits, and what imagor takes for one. A shorter one could be found by trying."""
UNSAFE: Final = b"unsafe"
_DIGESTS: Final = {"sha1": hmac_sha1, "sha256": hmac_sha256, "sha512": hmac_sha512}
_IMAGOR_HASH: Final = re.compile(rb"[A-Za-z0-9_=-]{17,}")
_FIT_WORD: Final = b"adaptive-full-fit-in"
"""Has the form of a signature."""


@dataclass(frozen=True, slots=True)
class SignedPath:
    """A path behind its signature; without one ``signature`` is empty."""

    rest: bytes
    signature: bytes = b""
    is_unsafe: bool = False


def split_signature(path: bytes, flavour: Flavour) -> SignedPath:
    """Split a path, with its first slash, from the signature in front."""
    start = path.lstrip(b"/") if flavour is Flavour.IMAGOR else path.removeprefix(b"/")
    slash = start.find(b"/", 0 if flavour is Flavour.IMAGOR else 1)
    first, rest = (start[:slash], start[slash + 1 :]) if slash >= 0 else (b"", start)
    if first == UNSAFE and (rest or flavour is Flavour.IMAGOR):
        return SignedPath(rest, is_unsafe=True)
    if flavour is Flavour.IMAGOR:
        is_signature = _IMAGOR_HASH.fullmatch(first) and first != _FIT_WORD
        return SignedPath(rest, first) if is_signature else SignedPath(start)
    return SignedPath(rest, first) if first and rest else SignedPath(start)


def decoded(path: bytes) -> bytes:
    """Return the path as imagor reads it if it is not valid as it was sent."""
    return unquote_to_bytes(path.replace(b"+", b" "))


@dataclass(frozen=True, slots=True)
class Signer:
    """The signature of one mount. Without keys only ``unsafe`` is answered."""

    flavour: Flavour
    keys: tuple[Key, ...]
    scheme: Scheme
    allows_unsafe: bool

    @classmethod
    def build(
        cls, flavour: Flavour, keys: tuple[Key, ...], digest: str, max_chars: int, *, allows_unsafe: bool
    ) -> "Signer":
        """Raises ValueError for a signature that is too short."""
        if 0 < max_chars < MIN_CHARS:
            raise ValueError(f"signer_truncate must be 0, for all of a signature, or at least {MIN_CHARS} characters")
        scheme = Scheme(_DIGESTS[digest], Spelling.BASE64URL_PADDED, max_chars=max_chars)
        return cls(flavour, keys, scheme, allows_unsafe or not keys)

    def authentic(self, path: bytes) -> SignedPath | None:
        """Return the path behind a valid signature; None if there is none."""
        signed = split_signature(path, self.flavour)
        if self._is_valid(signed):
            return signed
        if self.flavour is Flavour.IMAGOR and (b"%" in path or b"+" in path):
            signed = split_signature(decoded(path), self.flavour)
            if self._is_valid(signed):
                return signed
        return None

    def verify(self, path: bytes) -> SignedPath:
        """Return the path behind its signature. Raises SignatureMissing, SignatureInvalid."""
        signed = self.authentic(path)
        if signed is None:
            given = split_signature(path, self.flavour)
            raise SignatureInvalid if given.signature else SignatureMissing
        return signed

    def _is_valid(self, signed: SignedPath) -> bool:
        if signed.is_unsafe:
            return self.allows_unsafe
        return bool(signed.signature) and self.scheme.matches(
            self.keys, signed.rest, unquote_to_bytes(signed.signature)
        )

    def sign(self, rest: bytes) -> str:
        """Return the path with a signature in front."""
        return f"/{self.scheme.signature(self.keys[0], rest).decode()}/{rest.decode('ascii')}"
