"""Blobs in and out of the event loop: small ones at once, large ones in a thread.

Knows what a checksum costs; what is in a blob is in ``entry.py``.
"""

import asyncio
from typing import Final

from pixmill.cache.format.entry import decode, encode
from pixmill.cache.tier import Miss
from pixmill.plan.key import Key
from pixmill.ports.values import Entry

MAX_INLINE_BYTES: Final = 256 * 1024
"""Up to here the checksum takes less than 0.15 ms and is not worth a thread."""


async def encode_async(key: Key, entry: Entry) -> bytes:
    """The blob of this entry under this key."""
    return encode(key, entry) if len(entry.body) <= MAX_INLINE_BYTES else await asyncio.to_thread(encode, key, entry)


async def decode_async(key: Key, blob: bytes) -> Entry | Miss:
    """The entry that was packed under this key."""
    entry = decode(key, blob) if len(blob) <= MAX_INLINE_BYTES else await asyncio.to_thread(decode, key, blob)
    return entry or Miss.DAMAGED
