"""Signatures against the vectors that the services and their client libraries publish."""

import contextlib
import hmac
import json
import time
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixmill.dialects.kit.signatures import (
    Key,
    Scheme,
    Spelling,
    acl_allows,
    expiry,
    hex_keys,
    hmac_sha1,
    hmac_sha256,
    hmac_sha512,
    keys_of,
    md5_prefix,
    md5_suffix,
    sha1_suffix,
    sha256_suffix,
    verify_edge_token,
    verify_jwt,
)
from pixmill.errors import Forbidden, SignatureExpired, SignatureInvalid, SignatureMissing

IMGPROXY = Scheme(hmac_sha256, Spelling.BASE64URL)
THUMBOR = Scheme(hmac_sha1, Spelling.BASE64URL_PADDED)
IMAGOR = Scheme(hmac_sha256, Spelling.BASE64URL_PADDED, max_chars=40)
CLOUDINARY = Scheme(sha1_suffix, Spelling.BASE64URL, max_chars=8)
IMGIX = Scheme(md5_prefix, Spelling.HEX)
TEST_PAIR = Key(b"test-key", b"test-salt")


@pytest.mark.parametrize(
    ("scheme", "key", "message", "signature"),
    [
        (
            IMGPROXY,
            Key(bytes.fromhex("736563726574"), bytes.fromhex("68656C6C6F")),
            "/rs:fill:300:400:0/g:sm/aHR0cDovL2V4YW1w/bGUuY29tL2ltYWdl/cy9jdXJpb3NpdHku/anBn.png",
            "oKfUtW34Dvo2BGQehJFR4Nr0_rIjOtdtzJ3QFsUcXH8",
        ),
        (IMGPROXY, TEST_PAIR, "/asd", "oWaL7QoW5TsgbuiS9-5-DI8S3Ibbo1gdB2SteJh3a20"),
        (Scheme(hmac_sha256, Spelling.BASE64URL, max_bytes=8), TEST_PAIR, "/asd", "oWaL7QoW5Ts"),
        (
            IMGPROXY,
            TEST_PAIR,
            "/rs:fill:4:4/plain/local:///test1.png",
            "My9d3xq_PYpVHsPrCyww0Kh1w5KZeZhIlWhsa4az1TI",
        ),
        (
            IMGPROXY,
            Key(
                bytes.fromhex("943b421c9eb07c830af81030552c86009268de4e532ba2ee2eab8247c6da0881"),
                bytes.fromhex("520f986b998545b4785e0defbc4f3c1203f22de2374a3d53cb7a7fe9fea309c5"),
            ),
            "/rs:fit:300:300/plain/http://img.example.com/pretty/image.jpg",
            "m3k5QADfcKPDj-SDI2AIogZbC3FlAXszuwhtWXYqavc",
        ),
        (
            THUMBOR,
            Key(b"my-security-key"),
            "300x200/my.server.com/some/path/to/image.jpg",
            "8ammJH8D-7tXy6kU3lTvoXlhu4o=",
        ),
        (
            THUMBOR,
            Key(b"my-security-key"),
            "meta/my.server.com/some/path/to/image.jpg",
            "Ps3ORJDqxlSQ8y00T29GdNAh2CY=",
        ),
        (THUMBOR, Key(b"ACME-SEC"), "smart/image.jpg", "_wIUeSaeHw8dricKG2MGhqu5thk="),
        (
            IMAGOR,
            Key(b"1234"),
            "meta/10x11:12x13/fit-in/-300x-200/5x6/left/top/smart/filters:some_filter()/img",
            "XBCO7esuLsNQuSF2v9ie36pESRGx2rzLjhUxXWnV",
        ),
        (
            Scheme(hmac_sha256, Spelling.BASE64URL_PADDED, max_chars=28),
            Key(b"abcd"),
            "assfasf",
            "zb6uWXQxwJDOe_zOgxkuj96Etrsz",
        ),
        (CLOUDINARY, Key(b"b"), "image.jpg", "--SjmNDA"),
        (CLOUDINARY, Key(b"b"), "c_crop,h_20,w_10/image.jpg", "Ai4Znfl3"),
        (Scheme(sha256_suffix, Spelling.BASE64URL, max_chars=8), Key(b"b"), "sample.jpg", "2hbrSMPO"),
        (
            Scheme(sha256_suffix, Spelling.BASE64URL, max_chars=32),
            Key(b"b"),
            "sample.jpg",
            "2hbrSMPOjj5BJ4xV7SgFbRDevFaQNUFf",
        ),
        (IMGIX, Key(b"FOO123bar"), "/users/1.png", "6797c24146142d5b40bde3141fd3600c"),
        (IMGIX, Key(b"FOO123bar"), "/users/1.png?w=400&h=300", "c7b86f666a832434dd38577e38cf86d1"),
        (
            IMGIX,
            Key(b"FOO123bar"),
            "/http%3A%2F%2Favatars.com%2Fjohn-smith.png?w=400&h=300",
            "61ea1cc7add87653bb0695fe25f2b534",
        ),
        (
            Scheme(hmac_sha1, Spelling.HEX),
            Key(b"dummy-key"),
            "sdk-testing-files/future-search.png9999999999",
            "32dbbbfc5f945c0403c71b54c38e76896ef2d6b0",
        ),
        (
            Scheme(md5_suffix, Spelling.BASE64URL),
            Key(b"<SECRET>"),
            "url=https://wsrv.nl/lichtenstein.jpg&w=100 ",
            "T_Ey01pgkWgBoGcCjN2XWw",
        ),
        (Scheme(md5_prefix, Spelling.BASE64URL), Key(b"SecurityKey"), "/300kb.jpg1598024587", "Ao9wBEuhqk4V_zyPZgkzkA"),
        (
            IMGPROXY,
            Key(b"SecurityKey"),
            "/300kb.jpg1598024587",
            "o10JRWlsAItyAsdKS6jJKjabHN4FrFsplDHPV1idcX4",
        ),
        (
            Scheme(hmac_sha256, Spelling.HEX),
            Key(b"cf-key"),
            "/acct/id/public?exp=1924992000",
            "48e61c8237a93db4b9ec41965bd73f8081cf70d6638102ae2bae5e61501d24ee",
        ),
        (
            IMGPROXY,
            Key(b"4f46feebafc4b5e988f131c4ff8b5997"),
            "/resizefile=image.jpg&height=200&type=jpeg&width=300",
            "ruEWRoFO-ic-L38vTsjqIYE6DLZ532CTaZXOh1gwuVo",
        ),
    ],
)
def test_signatures_are_those_of_the_services(scheme: Scheme, key: Key, message: str, signature: str) -> None:
    assert scheme.signature(key, message.encode()).decode() == signature
    scheme.verify([Key(b"another key"), key], message.encode(), signature.encode())
    with pytest.raises(SignatureInvalid):
        scheme.verify([Key(b"another key")], message.encode(), signature.encode())


def test_no_signature_is_another_error_than_a_wrong_one() -> None:
    with pytest.raises(SignatureMissing):
        THUMBOR.verify(keys_of([b"k"]), b"/", b"")


CLOUDINARY_TOKENS = [
    (
        "st=1111111111~exp=1111111411~acl=%2fimage%2f*",
        "00112233FF99",
        b"/image/a.jpg",
        "1751370bcc6cfe9e03f30dd1a9722ba0f2cdca283fa3e6df3342a00a7528cc51",
    ),
    (
        "st=11111111~exp=11111411",
        "00112233FF99",
        b"/image/authenticated/v1486020273/sample.jpg",
        "8db0d753ee7bbb9e2eaf8698ca3797436ba4c20e31f44527e43b6a6e995cfdb3",
    ),
    (
        "st=222222222~exp=222222322",
        "CCBB2233FF00",
        b"/image/authenticated/c_scale,w_300/sample.jpg",
        "55cfe516530461213fe3b3606014533b1eca8ff60aeab79d1bb84c9322eebc1f",
    ),
]


@pytest.mark.parametrize(("fields", "key", "path", "digest"), CLOUDINARY_TOKENS)
def test_edge_tokens_are_those_of_the_services(fields: str, key: str, path: bytes, digest: str) -> None:
    start, end = (int(piece.partition("=")[2]) for piece in fields.split("~")[:2])
    token = f"{fields}~hmac={digest}"
    keys = hex_keys(f"00,{key}")
    assert verify_edge_token(token, keys, path, start) == end
    with pytest.raises(SignatureExpired):
        verify_edge_token(token, keys, path, end)
    for wrong_token, wrong_path, now in [
        (token, path, start - 1),
        (token, b"/other" + path, start),
        (token.replace("exp=1", "exp=9").replace("exp=2", "exp=9"), path, start),
        (token + "0", path, start),
        (fields, path, start),
    ]:
        with pytest.raises(SignatureInvalid):
            verify_edge_token(wrong_token, keys, wrong_path, now)


def test_a_token_that_is_bound_to_an_address_is_refused() -> None:
    fields = "ip=1.2.3.4~exp=99~acl=/*"
    digest = hmac.digest(b"\x01", fields.encode(), "sha256").hex()
    with pytest.raises(SignatureInvalid, match="ip"):
        verify_edge_token(f"{fields}~hmac={digest}", hex_keys("01"), b"/a", 1)


@pytest.mark.parametrize(
    ("acl", "path", "allowed"),
    [
        ("/image/*", b"/image/a/b.jpg", True),
        ("/image/*", b"/images/a.jpg", False),
        ("%2fimage%2f*", b"/image/a%20b.jpg", True),
        ("/a/*!/b/?.jpg", b"/b/x.jpg", True),
        ("/a/*!/b/?.jpg", b"/b/xy.jpg", False),
        ("/*.jpg", b"/a.jpg.png", False),
        ("/*a*b", b"/xaxxab", True),
        ("*", b"", True),
        ("", b"/a", False),
    ],
)
def test_an_acl_is_a_list_of_patterns(acl: str, path: bytes, allowed: bool) -> None:
    assert acl_allows(acl, path) is allowed


SUPABASE = (
    "eyJhbGciOiJIUzI1NiJ9.eyJ1cmwiOiJidWNrZXQvTC5qcGciLCJ0cmFuc2Zvcm1hdGlvbnMiOiJ3aWR0aDozMDAsaGVpZ2h0OjMwMCxyZXNp"
    "emluZ190eXBlOmZpbGwiLCJpYXQiOjE3MDAwMDAwMDAsImV4cCI6NDEwMjQ0NDgwMH0.tTPo6kp0Om_B5_1MGAMdsrGCUn8JQp2-MWEu9PMINU0"
)
SECRET = keys_of([b"other", b"super-secret-jwt-token"])


def jwt(header: object, claims: object, secret: bytes = b"super-secret-jwt-token") -> str:
    signed = b".".join(urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims))
    return (signed + b"." + urlsafe_b64encode(hmac.digest(secret, signed, "sha256")).rstrip(b"=")).decode()


def test_a_json_web_token_gives_its_claims() -> None:
    claims = verify_jwt(SUPABASE, SECRET, 1_700_000_000)
    assert claims["url"] == "bucket/L.jpg"
    with pytest.raises(SignatureExpired):
        verify_jwt(SUPABASE, SECRET, 4_102_444_800)


@pytest.mark.parametrize(
    "token",
    [
        SUPABASE + "A",
        SUPABASE.rpartition(".")[0] + ".",
        jwt({"alg": "none"}, {"url": "a"}),
        jwt({"alg": "HS256"}, ["a"]),
        jwt({"alg": "HS256"}, {"exp": "never"}),
        jwt({"alg": "HS256"}, {"exp": True}),
        jwt({"alg": "HS256"}, {"nbf": 4_000_000_000}),
        jwt({"alg": "HS256"}, {}, b"a wrong key"),
        "x.y.z",
        "a.b",
        "[" * 400 + ".." + "[" * 400,
    ],
)
def test_a_token_that_is_not_valid_is_refused(token: str) -> None:
    with pytest.raises(SignatureInvalid):
        verify_jwt(token, SECRET, 1_700_000_000)


@given(st.text(max_size=300), st.binary(max_size=100))
def test_any_token_is_verified_or_refused(token: str, path: bytes) -> None:
    for verify in (
        lambda: verify_jwt(token, SECRET, 0),
        lambda: verify_edge_token(token, SECRET, path, 0),
        lambda: verify_edge_token(f"exp={token}~acl={token}~hmac={token}", SECRET, path, 0),
        lambda: expiry(token, 0),
        lambda: IMGIX.verify(SECRET, path, token.encode(errors="replace")),
    ):
        with contextlib.suppress(Forbidden):
            verify()


def test_an_expiry_is_a_timestamp() -> None:
    now = time.time()
    assert expiry("4102444800", now) == 4_102_444_800
    with pytest.raises(SignatureExpired):
        expiry("1000000000", now)
    for text in ("", "1", "0" * 10, "-1", "1e9", "9" * 11, "٣"):
        with pytest.raises(SignatureInvalid):
            expiry(text, now)


def test_sha512_signs_as_the_standard_library_does() -> None:
    signature = Scheme(hmac_sha512, Spelling.HEX).signature(Key(b"k"), b"m")
    assert signature.decode() == hmac.new(b"k", b"m", "sha512").hexdigest()


@pytest.mark.parametrize("between", [b"..", b"%2e%2E", b"%252e%252e"])
def test_no_pattern_allows_a_path_that_leads_elsewhere(between: bytes) -> None:
    acl = "/c/image/fetch/https://good.example/pub/*"
    assert acl_allows(acl, b"/c/image/fetch/https://good.example/pub/a.jpg")
    assert not acl_allows(acl, b"/c/image/fetch/https://good.example/pub/" + between + b"/secret/a.jpg")
