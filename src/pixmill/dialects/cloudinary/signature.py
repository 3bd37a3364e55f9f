"""Signatures, ``s--Ok4O32K7--``, and tokens, ``__cld_token__``. Knows keys and bytes."""

from collections.abc import Iterable
from typing import Final

from pixmill.dialects.kit.signatures import Key, Scheme, Spelling, sha1_suffix, sha256_suffix, verify_edge_token
from pixmill.errors import SignatureInvalid

_SHORT: Final = 8
_LONG: Final = Scheme(sha256_suffix, Spelling.BASE64URL, max_chars=32)
_SHORT_SCHEMES: Final = {
    "sha1": Scheme(sha1_suffix, Spelling.BASE64URL, max_chars=_SHORT),
    "sha256": Scheme(sha256_suffix, Spelling.BASE64URL, max_chars=_SHORT),
}
_TOKEN: Final = b"__cld_token__="


def scheme_of(signature_length: int, algorithm: str) -> Scheme:
    """Return the scheme of a signature: a long one is always SHA-256."""
    return _SHORT_SCHEMES[algorithm] if signature_length == _SHORT else _LONG


def verify_signature(keys: tuple[Key, ...], texts: Iterable[bytes], signature: bytes, algorithm: str) -> None:
    """Verify a signature of one of the texts. Raises SignatureInvalid."""
    scheme = scheme_of(len(signature), algorithm)
    if True not in [scheme.matches(keys, text, signature) for text in texts]:
        raise SignatureInvalid("Invalid Signature")


def token_of(query: bytes) -> str:
    """Return the token of a query as it is written, empty if there is none."""
    for piece in query.split(b"&"):
        if piece.startswith(_TOKEN):
            return piece.removeprefix(_TOKEN).decode("latin-1")
    return ""


def verify_token(token: str, keys: tuple[Key, ...], path: bytes, mount: bytes, now: float) -> int | None:
    """Verify a token for a path with or without the mount; return its expiry. Raises Forbidden."""
    if mount:
        try:
            return verify_edge_token(token, keys, mount + path, now)
        except SignatureInvalid:
            pass
    return verify_edge_token(token, keys, path, now)
