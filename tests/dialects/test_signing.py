"""Signed URLs, and attacks without a key."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from string import ascii_letters, digits

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixmill.dialects.native.dialect import parse
from pixmill.dialects.signing import Keyring, expiry
from pixmill.errors import (
    BadRequest,
    Forbidden,
    MalformedRequest,
    RepeatedParameter,
    SignatureExpired,
    SignatureInvalid,
    SignatureMissing,
)

KEY = b"0123456789abcdef0123456789abcdef"
OLD = b"an older key that is still good"
NOW = 1_800_000_000
PATH = b"/resize"
Tamper = Callable[[bytes], bytes]
QUERY = b"url=https%3A%2F%2Fexample.com%2Fa.jpg&width=300"
RING = Keyring((KEY, OLD))


def signed(query: bytes = QUERY, path: bytes = PATH, expires: int | None = None) -> bytes:
    """The query of a signed URL."""
    return RING.sign(path, query, expires).encode().removeprefix(path + b"?")


def error_of(query: bytes, path: bytes = PATH, now: float = NOW) -> Forbidden:
    with pytest.raises(Forbidden) as caught:
        RING.verify(path, query, now)
    return caught.value


def test_a_signature_is_the_hmac_of_all_that_stands_before_it() -> None:
    """Anybody can sign: an implementation without our code."""
    digest = hmac.digest(KEY, b"/resize?url=a.jpg&w=300", "sha256")
    sig = urlsafe_b64encode(digest).rstrip(b"=").decode()
    assert RING.sign(b"/resize", b"url=a.jpg&w=300") == f"/resize?url=a.jpg&w=300&sig={sig}"


def test_what_is_signed_is_let_through_and_can_be_parsed() -> None:
    query = signed(expires=NOW + 1)
    assert RING.verify(PATH, query, NOW) == NOW + 1
    assert parse(PATH, query) == parse(PATH, QUERY)


def test_without_an_expiry_a_signature_is_good_for_ever() -> None:
    assert RING.verify(PATH, signed(), NOW * 100) is None


def test_every_key_verifies_but_only_the_first_signs() -> None:
    assert Keyring((KEY,)).verify(PATH, signed(), NOW) is None
    by_old = Keyring((OLD,)).sign(PATH, QUERY).encode().removeprefix(PATH + b"?")
    assert RING.verify(PATH, by_old, NOW) is None
    with pytest.raises(SignatureInvalid):
        Keyring((OLD,)).verify(PATH, signed(), NOW)


def test_a_key_taken_out_no_longer_verifies() -> None:
    with pytest.raises(SignatureInvalid):
        Keyring((b"a key of another server",)).verify(PATH, signed(), NOW)


def test_a_signature_ends_at_the_second_it_names() -> None:
    query = signed(expires=NOW)
    assert RING.verify(PATH, query, NOW - 0.001) == NOW
    assert isinstance(error_of(query, now=NOW), SignatureExpired)


@pytest.mark.parametrize("query", [b"", QUERY, b"sigh=1", b"url=a.jpg&SIG=" + b"A" * 43, b"url=a&s%69g=" + b"A" * 43])
def test_without_sig_the_signature_is_missing(query: bytes) -> None:
    assert isinstance(error_of(query), SignatureMissing)


def _other_spare_bits(sig: bytes) -> bytes:
    """A spelling that lenient decoders accept as the same digest."""
    alphabet = (ascii_letters[26:] + ascii_letters[:26] + digits + "-_").encode()
    last = alphabet.index(sig[-1:])
    other = sig[:-1] + alphabet[last + 1 : last + 2]
    assert urlsafe_b64decode(other + b"=") == urlsafe_b64decode(sig + b"=")
    return other


TAMPERED_SIGNATURES: dict[str, Tamper] = {
    "empty": lambda sig: sig[:0],
    "truncated": lambda sig: sig[:-1],
    "half": lambda sig: sig[:22],
    "longer": lambda sig: sig + b"A",
    "padded": lambda sig: sig + b"=",
    "escaped padding": lambda sig: sig + b"%3D",
    "other case": lambda sig: sig.swapcase(),
    "other spare bits": _other_spare_bits,
    "hexadecimal": lambda sig: urlsafe_b64decode(sig + b"=").hex().encode(),
    "raw digest": lambda sig: urlsafe_b64decode(sig + b"="),
    "an escape": lambda sig: b"%%%02x" % sig[0] + sig[1:],
    "a space": lambda sig: sig + b"+",
    "newline": lambda sig: sig + b"\n",
    "unicode": lambda sig: sig[:-2] + "é".encode(),
    "all zeros": lambda sig: b"A" * len(sig),
    "twice": lambda sig: sig + b"&sig=" + sig,
    "and more": lambda sig: sig + b"&height=5",
    "and an empty piece": lambda sig: sig + b"&",
}


@pytest.mark.parametrize("tamper", TAMPERED_SIGNATURES.values(), ids=TAMPERED_SIGNATURES)
def test_only_the_one_spelling_of_a_signature_at_the_end_is_good(tamper: Tamper) -> None:
    before, _, sig = signed().rpartition(b"&sig=")
    assert isinstance(error_of(before + b"&sig=" + tamper(sig)), SignatureInvalid)


TAMPERED_QUERIES: dict[str, Tamper] = {
    "another value": lambda query: query.replace(b"300", b"301"),
    "another alias": lambda query: query.replace(b"width", b"w"),
    "another order": lambda query: b"&".join(reversed(query.split(b"&"))),
    "lower-case escapes": lambda query: query.replace(b"%3A", b"%3a"),
    "fewer escapes": lambda query: query.replace(b"%3A", b":"),
    "more escapes": lambda query: query.replace(b"300", b"30%30"),
    "a parameter more": lambda query: query + b"&height=5",
    "a parameter less": lambda query: query.partition(b"&")[0],
    "a parameter before": lambda query: b"height=5&" + query,
    "an empty piece": lambda query: query.replace(b"&", b"&&"),
    "a signature inside": lambda query: query + b"&sig=" + b"A" * 43,
    "an expiry": lambda query: query + b"&expires=%d" % (NOW + 9),
}


@pytest.mark.parametrize("tamper", TAMPERED_QUERIES.values(), ids=TAMPERED_QUERIES)
def test_a_signature_is_good_for_no_other_query(tamper: Tamper) -> None:
    query, _, sig = signed().rpartition(b"&sig=")
    assert tamper(query) != query
    assert isinstance(error_of(tamper(query) + b"&sig=" + sig), SignatureInvalid)


@pytest.mark.parametrize("path", [b"/api/v1/resize", b"/info", b"/resize/", b"/Resize", b"/%72esize", b""])
def test_a_signature_is_good_for_no_other_path(path: bytes) -> None:
    assert isinstance(error_of(signed(), path), SignatureInvalid)


def test_an_expiry_cannot_be_put_off_or_taken_away() -> None:
    query = signed(expires=NOW - 1)
    expires = b"expires=%d" % (NOW - 1)
    for other in (b"expires=%d" % (NOW + 9), b"expires=", b"", expires + b"&expires=%d" % (NOW + 9)):
        assert isinstance(error_of(query.replace(expires, other)), SignatureInvalid)


@pytest.mark.parametrize("value", [b"", b"0", b"-1", b"1e9", b"%31", b"9" * 13, b"soon", b"1&expires=2"])
def test_a_signed_expiry_that_cannot_be_read_is_no_licence(value: bytes) -> None:
    assert isinstance(error_of(signed(QUERY + b"&expires=" + value)), SignatureInvalid)


def test_a_signature_alone_signs_the_path() -> None:
    assert RING.verify(PATH, signed(b""), NOW) is None


@pytest.mark.parametrize(
    ("query", "expires", "error"),
    [
        (b"url=a.jpg&sig=", None, RepeatedParameter),
        (b"expires=5&url=a.jpg", 6, RepeatedParameter),
        ("url=ü.jpg".encode(), None, MalformedRequest),
    ],
)
def test_what_nobody_could_verify_is_not_signed(query: bytes, expires: int | None, error: type[BadRequest]) -> None:
    with pytest.raises(error):
        RING.sign(PATH, query, expires)


def test_keys_come_from_text_newest_first() -> None:
    ring = Keyring.from_text(f"{KEY.decode()}, {OLD.decode()} ,")
    assert ring == RING


@pytest.mark.parametrize("text", ["", ",", "too short", "0123456789abcdef,short"])
def test_short_or_missing_keys_are_refused_and_not_shown(text: str) -> None:
    with pytest.raises(ValueError, match="signing key") as caught:
        Keyring.from_text(text)
    assert "short" not in str(caught.value)
    assert "0123" not in str(caught.value)


def test_keys_never_show() -> None:
    assert KEY.decode() not in f"{RING} {RING!r}"


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=200), st.binary(max_size=300), st.booleans())
def test_any_bytes_at_all_are_refused_and_nothing_else_happens(path: bytes, query: bytes, looks_signed: bool) -> None:
    assert isinstance(error_of(query + b"&sig=" + b"A" * 43 * looks_signed, path), SignatureInvalid)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 255), st.data())
def test_no_single_byte_of_a_signed_url_may_change(byte: int, data: st.DataObject) -> None:
    query = signed(expires=NOW + 9)
    at = data.draw(st.integers(0, len(query) - 1))
    other = query[:at] + bytes([byte]) + query[at + 1 :]
    if other != query:
        error_of(other)


@pytest.mark.parametrize(("query", "expected"), [(b"", None), (b"w=1&expires=7", 7), (b"xexpires=7", None)])
def test_an_expiry_is_read_from_the_query(query: bytes, expected: int | None) -> None:
    assert expiry(query) == expected
