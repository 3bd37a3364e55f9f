"""Verifies the tokens of Bunny's pull zones. Knows keys, paths and parameters; must never know an image."""

import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Container, Iterable, Mapping
from typing import Final

from pixmill.dialects.kit.encodings import percent_decode
from pixmill.dialects.kit.query import last_values, pairs
from pixmill.dialects.kit.signatures import Key, Scheme, Spelling, expiry, hmac_sha256, md5_prefix
from pixmill.errors import SignatureInvalid, SignatureMissing

_IN_PATH: Final = b"/bcdn_token="
_PREFIX: Final = "HS256-"
_ADDRESS: Final = re.compile(r"HS256-1-[A-Za-z0-9_-]{43}")
_UNMET: Final = ("token_countries", "token_countries_blocked")
_BASIC: Final = Scheme(md5_prefix, Spelling.BASE64URL)


def split_token(path: bytes) -> tuple[bytes, bytes]:
    """Return a path without the token in it, and the parameters of that token as a query."""
    if not path.startswith(_IN_PATH):
        return path, b""
    token, _, rest = path.removeprefix(b"/").partition(b"/")
    return b"/" + rest, token.removeprefix(b"bcdn_")


def verify_token(
    keys: Iterable[Key], mount: bytes, path: bytes, query: bytes, now: float, *, parameters: Container[str]
) -> int | None:
    """Verify the token of a request and return its expiry; ``parameters`` are the names of those of images.

    Raises Forbidden, BadRequest.
    """
    local, in_path = split_token(path)
    target = mount + local
    token_values = last_values(pairs(in_path)) if in_path else {}
    values = last_values(pairs(query))
    _check_unambiguous(token_values, values, parameters)
    values |= token_values
    token, expires = values.pop("token", ""), values.pop("expires", "")
    if not token:
        raise SignatureMissing
    if not token.isascii() or _ADDRESS.fullmatch(token) or any(values.get(name) for name in _UNMET):
        raise SignatureInvalid("The token is malformed, or bound to what cannot be checked here", param="token")
    keys = tuple(keys)
    if not token.startswith(_PREFIX):
        _BASIC.verify(keys, target + expires.encode(), token.encode())
        return expiry(expires, now)
    directory = values.get("token_path", "")
    if directory and not _is_below(target, directory):
        raise SignatureInvalid("The token is for other paths", param="token_path")
    if values.get("token_ignore_params") == "true":
        values = {"token_ignore_params": "true"}
    signed = "&".join(f"{name}={values[name]}" for name in sorted(values))
    message = (directory.encode() or target) + expires.encode() + signed.encode()
    if True not in [hmac.compare_digest(token, token_of(key, message)) for key in keys]:
        raise SignatureInvalid(param="token")
    return expiry(expires, now)


def _check_unambiguous(in_path: Mapping[str, str], in_query: Mapping[str, str], parameters: Container[str]) -> None:
    """Raise SignatureInvalid for what could be signed as one thing and read as another.

    The signed text joins names and values without escapes, behind the expiry; what stands in the path is signed, but is
    no parameter of the image.
    """
    only_token = not any(name in parameters for name in in_path)
    is_plain = all(
        not name[:1].isdigit() and not {"&", "="} & set(name) and "&" not in value
        for values in (in_path, in_query)
        for name, value in values.items()
    )
    if not only_token or not is_plain or not in_path.keys().isdisjoint(in_query):
        raise SignatureInvalid("The parameters of a token must be unambiguous", param="token")


def token_of(key: Key, message: bytes) -> str:
    """Return the token of a message: path, expiry, and the other parameters in order."""
    return _PREFIX + urlsafe_b64encode(hmac_sha256(key.secret, message)).rstrip(b"=").decode()


def _is_below(path: bytes, directory: str) -> bool:
    """Return whether a path is below a directory, as it is sent and with its escapes decoded."""
    try:
        text = percent_decode(path)
    except ValueError:
        return False
    return text.startswith(directory) and ".." not in text.split("/")
