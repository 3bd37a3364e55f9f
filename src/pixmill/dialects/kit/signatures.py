"""The signatures of other services, in pieces: digests, their spelling, expiring tokens, JSON Web Tokens.

Knows keys and bytes; a dialect decides which bytes are signed. Every check compares all keys of a rotation in constant
time, so that the time does not reveal which one matched. Raises Forbidden only.
"""

import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from enum import Enum
from hashlib import md5, sha1, sha256
from typing import Final

import msgspec

from pixmill.dialects.kit.encodings import base64url_decode, percent_decode
from pixmill.errors import MalformedRequest, SignatureExpired, SignatureInvalid, SignatureMissing

Digest = Callable[[bytes, bytes], bytes]
"""From key and message to the digest."""

MAX_TOKEN_BYTES: Final = 4_096

_TIME: Final = re.compile("[0-9]{1,12}")
_EXPIRY: Final = re.compile("[1-9][0-9]{9}")
"""From 2001 to 2286, always ten digits: where an expiry is signed together with the text around it, its digits cannot
be taken for that text, nor the other way round."""

FIRST_EXPIRY: Final = 1_000_000_000
_LAST_EXPIRY: Final = 9_999_999_999

_RESERVED: Final = re.compile(rb"[ \"#%&'/:;<=>?@\[\\\]^`{|}~]")


@dataclass(frozen=True, slots=True)
class Key:
    """A signing key; ``salt`` is put in front of each message."""

    secret: bytes = field(repr=False)
    salt: bytes = field(default=b"", repr=False)


def keys_of(secrets: Iterable[bytes]) -> tuple[Key, ...]:
    """Return keys without a salt, in the order of the rotation: the first one signs."""
    return tuple(map(Key, secrets))


def hmac_sha1(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha1")


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")


def hmac_sha512(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha512")


def md5_prefix(key: bytes, message: bytes) -> bytes:
    """MD5 of the key, then the message. Broken by length extension, but what some services sign with."""
    return md5(key + message, usedforsecurity=False).digest()


def md5_suffix(key: bytes, message: bytes) -> bytes:
    """MD5 of the message, then the key."""
    return md5(message + key, usedforsecurity=False).digest()


def sha1_suffix(key: bytes, message: bytes) -> bytes:
    """SHA-1 of the message, then the key."""
    return sha1(message + key, usedforsecurity=False).digest()


def sha256_suffix(key: bytes, message: bytes) -> bytes:
    """SHA-256 of the message, then the key."""
    return sha256(message + key).digest()


class Spelling(Enum):
    """How a digest is written."""

    HEX = "hex"
    BASE64URL = "base64url"
    BASE64URL_PADDED = "base64url with padding"


@dataclass(frozen=True, slots=True)
class Scheme:
    """A digest and its spelling. ``max_bytes`` cuts the digest, ``max_chars`` its text; 0 for no cut."""

    digest: Digest
    spelling: Spelling
    max_bytes: int = 0
    max_chars: int = 0

    def signature(self, key: Key, message: bytes) -> bytes:
        """Return the signature of a message."""
        digest = self.digest(key.secret, key.salt + message)
        text = _SPELL[self.spelling](digest[: self.max_bytes or None])
        return text[: self.max_chars or None]

    def matches(self, keys: Iterable[Key], message: bytes, signature: bytes) -> bool:
        """Return whether one of the keys has made this signature."""
        return True in [hmac.compare_digest(signature, self.signature(key, message)) for key in keys]

    def verify(self, keys: Iterable[Key], message: bytes, signature: bytes) -> None:
        """Verify a signature. Raises SignatureMissing if it is empty, SignatureInvalid."""
        if not signature:
            raise SignatureMissing
        if not self.matches(keys, message, signature):
            raise SignatureInvalid


_SPELL: Final[dict[Spelling, Callable[[bytes], bytes]]] = {
    Spelling.HEX: lambda digest: digest.hex().encode(),
    Spelling.BASE64URL: lambda digest: urlsafe_b64encode(digest).rstrip(b"="),
    Spelling.BASE64URL_PADDED: urlsafe_b64encode,
}


def expiry(text: str, now: float, *, param: str = "expires", digits: re.Pattern[str] = _EXPIRY) -> int:
    """Return an expiry in seconds since the epoch. Raises SignatureInvalid, SignatureExpired."""
    if not digits.fullmatch(text):
        raise SignatureInvalid(f"{param} must be a Unix timestamp in seconds", param=param)
    expires = int(text)
    if now >= expires:
        raise SignatureExpired(param=param)
    return expires


def check_signable(
    keys: Collection[object], path: bytes, query: bytes = b"", expires: int | None = None, *, first_expiry: int = 1
) -> None:
    """Check that there is a key, that a URL is ASCII, and that its expiry will be understood. Raises MalformedRequest.

    ``first_expiry``: ``FIRST_EXPIRY`` where ``expiry`` reads it.
    """
    if not keys:
        raise MalformedRequest("There is no key to sign with")
    if not path.isascii() or not query.isascii():
        raise MalformedRequest("Non-ASCII characters of a URL must be percent-encoded before it is signed")
    if expires is not None and not first_expiry <= expires <= _LAST_EXPIRY:
        raise MalformedRequest(f"An expiry must be a Unix timestamp in seconds, from {first_expiry} to {_LAST_EXPIRY}")


def check_signable_path(keys: Collection[object], path: bytes, query: bytes, expires: int | None) -> None:
    """Check what is signed without a query, for ever, as ``check_signable``. Raises MalformedRequest."""
    check_signable(keys, path)
    if expires is not None:
        raise MalformedRequest("Signatures of this service do not expire")
    if query:
        raise MalformedRequest("Only a path is signed, without a query")


def verify_edge_token(token: str, keys: Iterable[Key], path: bytes, now: float, *, separator: str = "~") -> int | None:
    """Verify a token of Akamai's form for a path, and return its expiry: ``st=…~exp=…~acl=…~hmac=…``.

    Each key is the bytes that its hexadecimal digits stand for; a salt stands behind the signed fields. ``hmac`` is the
    HMAC-SHA256 of the other fields as they are written, and of ``url=`` with the path if there is no ``acl``. Fields
    that bind the token to what is not part of a URL, as ``ip``, are not met. Raises Forbidden.
    """
    if not token:
        raise SignatureMissing
    if len(token) > MAX_TOKEN_BYTES or not token.isascii():
        raise SignatureInvalid("The token is malformed")
    pieces = token.split(separator)
    fields = dict(piece.partition("=")[::2] for piece in pieces)
    if len(fields) != len(pieces) or not pieces[-1].startswith("hmac="):
        raise SignatureInvalid("The token is malformed")
    signed = pieces[:-1]
    suffixes = [b"url=" + form for form in _url_forms(path)] if "acl" not in fields else [b""]
    prefix = separator.join(signed).encode()
    messages = [separator.encode().join(filter(None, (prefix, suffix))) for suffix in suffixes]
    given = fields["hmac"].lower().encode()
    matches = [
        hmac.compare_digest(given, hmac_sha256(key.secret, _salted(message, key.salt, separator)).hex().encode())
        for key in keys
        for message in messages
    ]
    if True not in matches:
        raise SignatureInvalid
    return _check_claims(fields, path, now)


def _salted(message: bytes, salt: bytes, separator: str) -> bytes:
    return message + separator.encode() + b"salt=" + salt if salt else message


def _url_forms(path: bytes) -> list[bytes]:
    """Return a path as it is, and with its reserved characters escaped in lower case, as clients of both kinds sign."""
    return [path, _RESERVED.sub(lambda match: b"%%%02x" % match[0][0], path)]


_KNOWN_FIELDS: Final = frozenset(("st", "exp", "acl", "hmac", "data", "id"))


def _check_claims(fields: dict[str, str], path: bytes, now: float) -> int | None:
    """Check the fields of a token that a key holder has made."""
    unmet = next((name for name in fields if name not in _KNOWN_FIELDS), None)
    if unmet:
        raise SignatureInvalid(f"The field {unmet[:16]} of the token cannot be checked here")
    if "st" in fields and (not _TIME.fullmatch(fields["st"]) or now < int(fields["st"])):
        raise SignatureInvalid("The token is not valid yet", param="st")
    if "acl" in fields and not acl_allows(fields["acl"], path):
        raise SignatureInvalid("The token is for other paths", param="acl")
    return expiry(fields["exp"], now, param="exp", digits=_TIME) if "exp" in fields else None


def acl_allows(acl: str, path: bytes) -> bool:
    """Return whether one of the patterns, separated by ``!``, is that of the path: ``*`` any text, ``?`` a character.

    Both are compared with their escapes decoded. A pattern is a signed one: its time grows with both lengths. No
    pattern allows a path with ``..`` segments, also as a second decoding finds them: they lead elsewhere.
    """
    try:
        target = percent_decode(path)
        patterns = percent_decode(acl.encode()).split("!")
        segments = {*target.split("/"), *percent_decode(target.encode()).split("/")}
    except ValueError:
        return False
    return ".." not in segments and any(_matches(pattern, target) for pattern in patterns)


def _matches(pattern: str, text: str) -> bool:
    """Match greedily, returning to the last ``*`` only."""
    at = position = 0
    star, resume = -1, 0
    while position < len(text):
        if at < len(pattern) and pattern[at] == "*":
            star, resume = at, position
            at += 1
        elif at < len(pattern) and pattern[at] in ("?", text[position]):
            at, position = at + 1, position + 1
        elif star >= 0:
            resume += 1
            at, position = star + 1, resume
        else:
            return False
    return not pattern[at:].strip("*")


class _JwtHeader(msgspec.Struct):
    alg: str


_JWT_DIGESTS: Final[dict[str, Digest]] = {"HS256": hmac_sha256, "HS512": hmac_sha512}
MAX_JWT_BYTES: Final = 16_384


def verify_jwt(token: str, keys: Iterable[Key], now: float) -> dict[str, object]:
    """Verify a JSON Web Token (RFC 7519) signed with HS256 or HS512, and return its claims.

    ``exp`` and ``nbf`` are checked. Nothing but the header is read before the signature is verified. Raises Forbidden.
    """
    if not token:
        raise SignatureMissing
    header_text, _, rest = token.partition(".")
    payload_text, _, signature_text = rest.partition(".")
    if len(token) > MAX_JWT_BYTES or not token.isascii() or "." in signature_text:
        raise SignatureInvalid("The token is malformed")
    try:
        header = msgspec.json.decode(base64url_decode(header_text, max_bytes=512), type=_JwtHeader)
        signature = base64url_decode(signature_text, max_bytes=64)
        digest = _JWT_DIGESTS[header.alg]
        signed = f"{header_text}.{payload_text}".encode()
        matches = [hmac.compare_digest(signature, digest(key.secret, signed)) for key in keys]
        if True not in matches:
            raise SignatureInvalid
        claims = msgspec.json.decode(base64url_decode(payload_text, max_bytes=MAX_JWT_BYTES), type=dict[str, object])
    except (ValueError, KeyError, RecursionError):
        raise SignatureInvalid("The token is malformed") from None
    _check_times(claims, now)
    return claims


def _check_times(claims: dict[str, object], now: float) -> None:
    expires, not_before = claims.get("exp"), claims.get("nbf")
    for value in (expires, not_before):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise SignatureInvalid("The token is malformed")
    if isinstance(not_before, int | float) and now < not_before:
        raise SignatureInvalid("The token is not valid yet", param="nbf")
    if isinstance(expires, int | float) and now >= expires:
        raise SignatureExpired(param="exp")


def hex_keys(text: str) -> tuple[Key, ...]:
    """Return comma-separated keys in hexadecimal digits. Raises ValueError."""
    return tuple(Key(bytes.fromhex(piece.strip())) for piece in text.split(",") if piece.strip())
