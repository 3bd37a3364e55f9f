"""Signs and verifies URLs: HMAC-SHA256 over path and query as sent.

The last parameter is ``sig``: the digest, in base64url without padding, of the raw path, ``?`` and the raw query up to
the ``&`` before ``sig``. Nothing is decoded or sorted first, so that no two readings of a URL share a signature.
``expires`` (seconds since the epoch) is part of the query and signed with it. The method, the host, the headers and the
body are not signed: a URL signed for GET also allows HEAD, and a signed ``POST`` URL accepts any image.
"""

import hmac
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field

from pixmill.errors import MalformedRequest, RepeatedParameter, SignatureExpired, SignatureInvalid, SignatureMissing

MIN_KEY_BYTES = 16
"""128 random bits cannot be guessed; RFC 2104 §3 recommends at least the digest's 32 bytes."""

_SIGNATURE = re.compile(rb"[A-Za-z0-9_-]{43}")
_EXPIRY = re.compile(rb"[1-9][0-9]{0,11}")


@dataclass(frozen=True, slots=True)
class Keyring:
    """Signing keys: the first one signs, all verify, which allows key rotation."""

    keys: tuple[bytes, ...] = field(repr=False)

    def __post_init__(self) -> None:
        if not self.keys:
            raise ValueError("has no signing key in it: leave it empty, or name one")
        for number, key in enumerate(self.keys, 1):
            if len(key) < MIN_KEY_BYTES:
                raise ValueError(f"signing key {number} must have at least {MIN_KEY_BYTES} bytes")

    @classmethod
    def from_text(cls, text: str) -> "Keyring":
        """Parse comma-separated keys, newest first, each used as its UTF-8 bytes. Raises ValueError."""
        return cls(tuple(key.strip().encode() for key in text.split(",") if key.strip()))

    def sign(self, path: bytes, query: bytes, expires: int | None = None) -> str:
        """Return path and query with ``expires``, if given, and ``sig`` at the end. Raises BadRequest."""
        _check_signable(path, query, expires)
        signed = b"&".join(filter(None, (query, b"expires=%d" % expires if expires is not None else b"")))
        target = b"%s?%s&sig=%s" % (path, signed, self._signature(self.keys[0], path, signed))
        return target.decode("ascii")

    def verify(self, path: bytes, query: bytes, now: float) -> int | None:
        """Verify the signature and return its expiry in seconds since the epoch, or None.

        Raises SignatureMissing, SignatureInvalid, SignatureExpired.
        """
        signed, signature = _split_signature(query)
        # Compare every key, so that the time does not reveal which one matched.
        matches = [hmac.compare_digest(signature, self._signature(key, path, signed)) for key in self.keys]
        if True not in matches:
            raise SignatureInvalid
        expires = expiry(signed)
        if expires is not None and now >= expires:
            raise SignatureExpired(param="expires")
        return expires

    @staticmethod
    def _signature(key: bytes, path: bytes, signed: bytes) -> bytes:
        digest = hmac.digest(key, b"%s?%s" % (path, signed), "sha256")
        return urlsafe_b64encode(digest).rstrip(b"=")


def expiry(query: bytes) -> int | None:
    """Return the value of ``expires``, or None. Raises SignatureInvalid if it is malformed or repeated."""
    values = [piece[8:] for piece in query.split(b"&") if piece.startswith(b"expires=")]
    if not values:
        return None
    if len(values) > 1 or not _EXPIRY.fullmatch(values[0]):
        raise SignatureInvalid(param="expires")
    return int(values[0])


class MountSignatures:
    """Pixmill's own signatures of the URLs of one mount, over mount and path; none are needed without a keyring."""

    __slots__ = ("_keyring", "_mount", "is_required")

    def __init__(self, keyring: Keyring | None, mount: bytes | str = b"") -> None:
        self._keyring = keyring
        self._mount = mount.encode() if isinstance(mount, str) else mount
        self.is_required = keyring is not None

    def verify(self, path: bytes, query: bytes, now: float) -> int | None:
        """Verify the signature, if there must be one, and return its expiry. Raises Forbidden."""
        return self._keyring.verify(self._mount + path, query, now) if self._keyring else None

    def sign(self, path: bytes, query: bytes, expires: int | None = None) -> str:
        """Return the URL with the mount, signed. Raises BadRequest, also without a key."""
        if self._keyring is None:
            raise MalformedRequest("There is no key to sign with")
        return self._keyring.sign(self._mount + path, query, expires)


def _split_signature(query: bytes) -> tuple[bytes, bytes]:
    """Split a query into the signed part and the signature; names are not decoded, as in the grammar."""
    signed, _, last = query.rpartition(b"&")
    if last.startswith(b"sig="):
        signature = last[4:]
        if not _SIGNATURE.fullmatch(signature):
            raise SignatureInvalid(param="sig")
        return signed, signature
    if b"&sig=" in b"&" + query:
        raise SignatureInvalid("sig must be the last parameter", param="sig")
    raise SignatureMissing(param="sig")


def _check_signable(path: bytes, query: bytes, expires: int | None) -> None:
    if not (path + query).isascii():
        raise MalformedRequest("Non-ASCII characters of a URL must be percent-encoded before it is signed")
    names = {piece.partition(b"=")[0] for piece in query.split(b"&")}
    if b"sig" in names:
        raise RepeatedParameter("The URL has a signature already", param="sig")
    if expires is not None and not _EXPIRY.fullmatch(b"%d" % expires):
        raise MalformedRequest("An expiry must be a Unix timestamp in seconds, above 0 and of at most 12 digits")
    if expires is not None and b"expires" in names:
        raise RepeatedParameter("The URL already has an expiry", param="expires")
