"""Encode and decode blobs without blocking the event loop: small ones inline, large ones in a thread.

Knows the cost of a checksum; the format is in ``entry.py``.
"""

import asyncio
from typing import Final

from pixmill.cache.format.entry import decode, encode
from pixmill.cache.tier import Miss
from pixmill.plan.key import Key
from pixmill.ports.values import Entry

MAX_INLINE_BYTES: Final = 256 * 1024
"""Up to this size the checksum takes less than 0.15 ms and is not worth a thread."""


async def encode_async(key: Key, entry: Entry) -> bytes:
    """Return the blob of the entry under ``key``."""
    return encode(key, entry) if len(entry.body) <= MAX_INLINE_BYTES else await asyncio.to_thread(encode, key, entry)


async def decode_async(key: Key, blob: bytes) -> Entry | Miss:
    """Return the entry that was written under ``key``."""
    entry = decode(key, blob) if len(blob) <= MAX_INLINE_BYTES else await asyncio.to_thread(decode, key, blob)
    return entry or Miss.DAMAGED
