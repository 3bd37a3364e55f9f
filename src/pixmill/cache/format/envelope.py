"""The layout of self-describing files: magic and version, a header, a body, and a checksum.

    magic 4 · version 1 · header length 4 (big endian) · header (MessagePack) · body · SHA-256 of all before

SHA-256, because "never a wrong image" needs more than the 32 bits of a CRC and no other strong digest in the
standard library is faster: 1.8 GB/s with the processor's SHA instructions (BLAKE2b 0.9, BLAKE2s 0.5), 17 µs for 30 KB.
Knows the layout; must never know the fields of a header, nor where files are stored.
"""

from dataclasses import dataclass
from hashlib import sha256
from mmap import mmap
from struct import Struct as Layout
from typing import Final

import msgspec

_PREFIX = Layout(">4sBI")
PREFIX_BYTES: Final = _PREFIX.size
DIGEST_BYTES: Final = 32

DECODE_ERRORS: Final = (msgspec.MsgspecError, ValueError, RecursionError)
"""Raised by decoding a damaged header."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """One kind of file, in one version."""

    magic: bytes
    version: int

    def preamble(self, header: bytes) -> bytes:
        """Return all bytes before the body."""
        return _PREFIX.pack(self.magic, self.version, len(header)) + header

    def body_offset(self, head: bytes) -> int | None:
        """Return where the body begins, None if ``head`` begins no such file; the header starts at ``PREFIX_BYTES``."""
        if len(head) < PREFIX_BYTES:
            return None
        magic, version, header_bytes = _PREFIX.unpack_from(head)
        return PREFIX_BYTES + int(header_bytes) if (magic, version) == (self.magic, self.version) else None


def header_end(blob: bytes) -> int:
    """Return where the header ends, in a file of any kind."""
    return PREFIX_BYTES + int(_PREFIX.unpack_from(blob)[2])


def checksum(preamble: bytes, body: bytes | mmap) -> bytes:
    """Return the bytes that follow the body."""
    digest = sha256(preamble)
    digest.update(body)
    return digest.digest()
