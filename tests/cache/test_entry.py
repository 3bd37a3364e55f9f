"""Decoding any bytes returns the entry that was written, or None."""

import struct
from hashlib import sha256

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixmill.cache.format.entry import MAGIC, MIN_BLOB_BYTES, VERSION, EntryHeader, decode, encode, seal, unseal
from pixmill.media import Format
from pixmill.plan.freshness import CacheDirectives, ClientCaching, ClientMaxAge, Lifetime
from pixmill.ports.values import Entry, EntryMetadata, OriginalVersion
from tests.cache.entries import entry_of, key_of

KEY = key_of("an image")
SECONDS = st.floats(allow_nan=False, allow_infinity=False)
TEXT = st.text(st.characters(), max_size=50)  # with lone surrogates: an origin's header may hold any byte
DIRECTIVES = st.builds(
    CacheDirectives,
    freshness_lifetime_s=st.none() | SECONDS,
    stale_while_revalidate_s=st.none() | SECONDS,
    must_revalidate=st.booleans(),
    client_caching=st.builds(ClientCaching, kind=st.sampled_from(ClientMaxAge), max_age_s=SECONDS),
)
META = st.builds(
    EntryMetadata,
    etag=TEXT,
    version=st.builds(
        OriginalVersion, validator=TEXT, directives=DIRECTIVES, purge_watermark=SECONDS, modified=SECONDS
    ),
    lifetime=st.builds(Lifetime, *[SECONDS] * 5),
    client_caching=st.builds(ClientCaching, kind=st.sampled_from(ClientMaxAge), max_age_s=SECONDS),
    sources=st.lists(TEXT, max_size=4).map(tuple),
    tags=st.lists(TEXT, max_size=4).map(tuple),
)
ENTRIES = st.builds(
    Entry,
    body=st.binary(max_size=300),
    format=st.sampled_from(Format),
    width=st.integers(1, 2**31),
    height=st.integers(1, 2**31),
    meta=META,
)


@given(ENTRIES)
def test_what_is_written_is_what_is_read(entry: Entry) -> None:
    assert decode(KEY, encode(KEY, entry)) == entry


@given(st.binary(max_size=2_000))
def test_random_bytes_are_no_entry(blob: bytes) -> None:
    assert decode(KEY, blob) is None


@given(st.binary(max_size=500), st.binary(max_size=100))
def test_random_bytes_with_a_right_checksum_are_no_entry(header: bytes, body: bytes) -> None:
    assert decode(KEY, seal(header, body)) is None


@given(
    st.recursive(
        st.none() | st.integers(0, 9) | st.floats() | st.text(max_size=9) | st.binary(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(EntryHeader.__struct_fields__), inner)
        ),
    )
)
def test_a_sealed_header_of_any_shape_does_no_harm(header: object) -> None:
    assert decode(KEY, seal(msgspec.msgpack.encode(header), b"body")) is None


def test_a_header_nested_without_end_does_no_harm() -> None:
    assert decode(KEY, seal(b"\x81\xa1x" + b"\x91" * 100_000, b"")) is None


def test_every_flipped_bit_is_noticed() -> None:
    blob = encode(KEY, entry_of(bytes(range(40))))
    for position in range(len(blob)):
        for bit in range(8):
            damaged = bytearray(blob)
            damaged[position] ^= 1 << bit
            assert decode(KEY, bytes(damaged)) is None, (position, bit)


def test_every_other_byte_in_any_place_is_noticed() -> None:
    blob = encode(KEY, entry_of(b"x"))
    for position in range(len(blob)):
        for byte in {0, 0xFF, 0x80, blob[position] ^ 0x55} - {blob[position]}:
            assert decode(KEY, blob[:position] + bytes([byte]) + blob[position + 1 :]) is None


def test_every_truncation_and_every_extension_is_noticed() -> None:
    blob = encode(KEY, entry_of(bytes(range(40))))
    assert all(decode(KEY, blob[:length]) is None for length in range(len(blob)))
    assert all(decode(KEY, blob + bytes(more)) is None for more in range(1, 40))
    assert all(decode(KEY, blob[start:]) is None for start in range(1, len(blob)))


@settings(max_examples=300)
@given(ENTRIES, ENTRIES, st.data())
def test_a_file_torn_between_two_entries_is_noticed(old: Entry, new: Entry, data: st.DataObject) -> None:
    before, after = encode(KEY, old), encode(KEY, new)
    cut = data.draw(st.integers(0, min(len(before), len(after))))
    assert decode(KEY, after[:cut] + before[cut:]) in (None, old, new)


def test_an_entry_under_another_name_is_a_miss() -> None:
    assert decode(key_of("another"), encode(KEY, entry_of())) is None


def test_another_version_is_a_miss_even_with_a_right_checksum() -> None:
    blob = encode(KEY, entry_of())
    for version in range(256):
        changed = MAGIC + bytes([version]) + blob[5:-32]
        found = decode(KEY, changed + sha256(changed).digest())
        assert (found is None) == (version != VERSION)


def test_what_the_first_version_wrote_is_a_miss() -> None:
    """Its sources are unknown, so no purge would match it."""
    names = ("key", "format", "width", "height", "etag", "source_validator", "stored_at", "fresh_until", "stale_until")
    header = msgspec.msgpack.encode(
        dict(zip(names, (KEY, "webp", 1, 1, b'"e"', b"v", 1.0, 2.0, 3.0), strict=True)),
    )
    old = b"PXMC" + struct.pack(">BI", 1, len(header)) + header + b"body"
    assert decode(KEY, old + sha256(old).digest()) is None
    assert decode(KEY, seal(header, b"body")) is None


def test_a_field_that_a_later_release_adds_is_ignored() -> None:
    entry = entry_of()
    parts = unseal(encode(KEY, entry))
    assert parts is not None
    header = msgspec.msgpack.decode(parts[0]) | {"licence": ["sale", "summer"]}
    assert decode(KEY, seal(msgspec.msgpack.encode(header), entry.body)) == entry


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("name", ["stored_at", "fresh_until", "stale_until", "purge_watermark"])
def test_a_time_that_is_no_number_is_a_miss(name: str, wrong: float) -> None:
    assert decode(KEY, encode(KEY, entry_of(b"pixels", **{name: wrong}))) is None


def test_a_body_may_be_empty_and_may_look_like_an_entry() -> None:
    inner = encode(KEY, entry_of(b""))
    assert decode(KEY, encode(KEY, entry_of(inner))) is not None
    assert decode(KEY, inner) is not None
    assert len(inner) > MIN_BLOB_BYTES
