"""The source part of a path: plain, in base64url or encrypted, and the extension behind it.

Knows spellings of sources; must never know whether one may be fetched.
"""

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Final
from urllib.parse import unquote_to_bytes

from pixmill.dialects.imgproxy.config import Config
from pixmill.dialects.kit.encodings import base64url_decode
from pixmill.errors import MalformedRequest, MissingParameter, SourceForbidden
from pixmill.plan.source import SourceRef, parse_source

_PLAIN: Final = "plain"
_ENCRYPTED: Final = "enc"
_MAX_BYTES: Final = 16_384
_BLOCK_BYTES: Final = 16
_KEY_BYTES: Final = (16, 24, 32)
_LOCAL: Final = "local://"
_AZURE: Final = "abs://"
_STORES_WITH_VERSIONS: Final = ("s3://", "gs://", _AZURE)
_UNSUPPORTED_STORE: Final = "swift://"


@dataclass(frozen=True, slots=True)
class SourceText:
    """A source as the URL spells it, decoded, and the extension behind it, empty if there is none."""

    text: str
    extension: str


class SourceCipher:
    """AES-CBC with PKCS #7 padding; the first 16 bytes are the initialisation vector."""

    def __init__(self, key: str) -> None:
        """Check the key, 16, 24 or 32 bytes in hexadecimal digits. Raises ValueError."""
        try:
            self._key = bytes.fromhex(key)
        except ValueError:
            self._key = b""
        if len(self._key) not in _KEY_BYTES:
            raise ValueError("options.source_url_encryption_key must be 16, 24 or 32 bytes in hexadecimal digits")
        if find_spec("cryptography") is None:
            raise ValueError("options.source_url_encryption_key needs: pip install pixmill[encrypted-urls]")

    def decrypt(self, data: bytes) -> bytes:
        """Decrypt a source. Raises ValueError."""
        from cryptography.hazmat.primitives.ciphers import Cipher  # noqa: PLC0415 - an optional library
        from cryptography.hazmat.primitives.ciphers.algorithms import AES  # noqa: PLC0415
        from cryptography.hazmat.primitives.ciphers.modes import CBC  # noqa: PLC0415
        from cryptography.hazmat.primitives.padding import PKCS7  # noqa: PLC0415

        if len(data) < 2 * _BLOCK_BYTES or len(data) % _BLOCK_BYTES:
            raise ValueError("no whole blocks")
        decryptor = Cipher(AES(self._key), CBC(data[:_BLOCK_BYTES])).decryptor()
        padded = decryptor.update(data[_BLOCK_BYTES:]) + decryptor.finalize()
        unpadder = PKCS7(8 * _BLOCK_BYTES).unpadder()
        return unpadder.update(padded) + unpadder.finalize()


def is_encrypted(segments: tuple[str, ...]) -> bool:
    """Whether the source of a path is encrypted, where the server has a key for that."""
    return len(segments) > 1 and segments[0] == _ENCRYPTED


def read_source(segments: tuple[str, ...], config: Config, cipher: SourceCipher | None) -> SourceText:
    """Read the source of a path. Raises BadRequest."""
    if not segments:
        raise MissingParameter("The URL of the source is missing", param="url")
    if segments[0] == _PLAIN and len(segments) > 1:
        return _plain(segments[1:], config)
    if cipher is not None and is_encrypted(segments):
        return _encoded(segments[1:], config, cipher)
    return _encoded(segments, config, None)


def _plain(segments: tuple[str, ...], config: Config) -> SourceText:
    escaped, extension = _split_extension("/".join(segments), "@")
    return SourceText(_rewritten(_text(unquote_to_bytes(escaped)), config), extension)


def _encoded(segments: tuple[str, ...], config: Config, cipher: SourceCipher | None) -> SourceText:
    if len(segments) > 1 and config.options.base64_url_includes_filename:
        segments = segments[:-1]
    encoded, extension = _split_extension("".join(segments), ".")
    try:
        decoded = base64url_decode(encoded, max_bytes=_MAX_BYTES)
        if cipher is not None:
            decoded = cipher.decrypt(decoded)
    except ValueError:
        kind = "base64url" if cipher is None else "encrypted"
        raise MalformedRequest(f"The URL of the source is not valid {kind} text", param="url") from None
    return SourceText(_rewritten(_text(decoded), config), extension)


def _split_extension(text: str, mark: str) -> tuple[str, str]:
    source, *extensions = text.split(mark, 2)
    if not source:
        raise MissingParameter("The URL of the source is empty", param="url")
    if len(extensions) > 1:
        raise MalformedRequest("Only one extension may follow the source", param="url")
    return source, extensions[0] if extensions else ""


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise MalformedRequest("The URL of the source is not UTF-8", param="url") from None


def _rewritten(text: str, config: Config) -> str:
    """Apply the replacements, then the base URL."""
    for pattern, replacement in config.replacements:
        if match := pattern.match(text):
            text = match.expand(replacement) + text[match.end() :]
        if len(text) > _MAX_BYTES:
            raise MalformedRequest("The URL of the source is too long", param="url")
    base_url = config.options.base_url
    return text if text.startswith(base_url) else base_url + text


def source_ref(text: str) -> SourceRef:
    """Return the reference of a source by its URL in imgproxy. Raises BadRequest and SourceForbidden."""
    if text.startswith(_LOCAL):
        return parse_source("/" + text.removeprefix(_LOCAL).lstrip("/"))
    if text.startswith(_UNSUPPORTED_STORE):
        raise SourceForbidden("Images of Swift are not supported")
    if text.startswith(_STORES_WITH_VERSIONS):
        if "?" in text:
            raise SourceForbidden("Versions of stored images are not supported")
        text = f"az://{text.removeprefix(_AZURE)}" if text.startswith(_AZURE) else text
    return parse_source(text)
