"""Uploads as HTML forms, curl -F and clients send them: multipart/form-data, to /resize and /info."""

import io
import json
import random
import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pixmill.api.http.form_data import MAX_FIELD_BYTES, MAX_PARTS, FormReader, form_boundary
from pixmill.dialects.signing import Keyring
from pixmill.errors import BadRequest, MalformedRequest
from tests.servers.pixmill import Pixmill, Reply

BOUNDARY = "----WebKitFormBoundaryE19zNvXGzXaLvS5C"
KEY = "0123456789abcdef0123456789abcdef"
Part = tuple[str, bytes] | tuple[str, bytes, str] | tuple[str, bytes, str, str]


def photo(size: tuple[int, int] = (60, 40), form: str = "PNG") -> bytes:
    body = io.BytesIO()
    Image.linear_gradient("L").resize(size).convert("RGB").save(body, form)
    return body.getvalue()


def encode(parts: Sequence[Part]) -> bytes:
    """Name, value, file name, type of each part."""
    body = b""
    for name, value, *rest in parts:
        body += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"'.encode()
        body += f'; filename="{rest[0]}"'.encode() if rest else b""
        body += f"\r\nContent-Type: {rest[1] if len(rest) > 1 else 'image/png'}".encode() if rest else b""
        body += b"\r\n\r\n" + value + b"\r\n"
    return body + f"--{BOUNDARY}--\r\n".encode()


def read(body: bytes, chunk_bytes: int = 65_536) -> tuple[bytes, bytes]:
    form, file = FormReader(BOUNDARY.encode()), b""
    for start in range(0, len(body), chunk_bytes):
        file += b"".join(form.feed(body[start : start + chunk_bytes]))
    return file, form.finish()


@pytest.mark.parametrize("chunk_bytes", [1, 7, 1_000, 65_536])
def test_file_and_fields_are_read_from_chunks_of_any_size(chunk_bytes: int) -> None:
    file = random.Random(1).randbytes(3_000) + f"\r\n--{BOUNDARY[:-1]}\r\n--".encode()
    body = encode([("width", b"30"), ("image", file, "a.png"), ("text", "ä&b= c".encode()), ("empty", b"")])
    assert read(body, chunk_bytes) == (file, b"width=30&text=%C3%A4%26b%3D%20c")


@given(st.binary(max_size=600), st.integers(1, 50))
def test_any_bytes_are_a_form_or_a_bad_request(body: bytes, chunk_bytes: int) -> None:
    for sent in (body, encode([("a", body), ("f", body, "x")]), encode([("f", b"x", "x")])[: len(body)]):
        try:
            read(sent, chunk_bytes)
        except BadRequest:
            continue


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        (f"multipart/form-data; boundary={BOUNDARY}", BOUNDARY.encode()),
        ('Multipart/Form-Data; charset=utf-8; boundary="a b"', b"a b"),
        ("image/png", None),
        ("", None),
        ("multipart/mixed; boundary=a", None),
    ],
)
def test_the_boundary_is_that_of_the_content_type(content_type: str, boundary: bytes | None) -> None:
    assert form_boundary(content_type) == boundary


@pytest.mark.parametrize("content_type", ["multipart/form-data", f"multipart/form-data; boundary={'a' * 71}"])
def test_a_form_without_a_boundary_is_malformed(content_type: str) -> None:
    with pytest.raises(MalformedRequest):
        form_boundary(content_type)


def test_a_form_is_bounded_in_parts_headers_and_fields() -> None:
    for parts, word in (
        ([("a", b"1")] * (MAX_PARTS + 1), "at most 128 fields"),
        ([("a", b"1" * (MAX_FIELD_BYTES + 1))], "8192 bytes"),
        ([("a" * 500, b"")] * 20, "8192 bytes"),
        ([("a" * 5_000, b"1")], "not well-formed"),
    ):
        with pytest.raises(BadRequest, match=word):
            read(encode(parts))
    many = b"--" + BOUNDARY.encode() + b"\r\n" + b"X-A: b\r\n" * 9 + b"\r\n"
    with pytest.raises(MalformedRequest):
        read(many)


@pytest.fixture(scope="module")
def server() -> Iterator[Pixmill]:
    mounts = json.dumps([{"dialect": "imaginary", "mount": "/im", "keys": "", "source": "x"}])
    with Pixmill(
        workers=1, cache="memory://", dialects=mounts, max_source_bytes=2_000_000, upload_min_rate=0
    ) as server:
        yield server


def send(
    server: Pixmill, parts: Sequence[Part], target: str = "/resize", body: bytes | None = None, **headers: str
) -> Reply:
    given = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"} | headers
    return server.ask("POST", target, headers=given, data=encode(parts) if body is None else body)


def size(reply: Reply) -> tuple[int, int]:
    assert reply.status == 200, reply.body
    with Image.open(io.BytesIO(reply.body)) as image:
        return image.size


FILE: Part = ("file", photo(), "a.png")


def test_a_form_is_as_good_as_the_body(server: Pixmill) -> None:
    form = send(server, [FILE], "/resize?width=30&format=png")
    body = server.ask("POST", "/resize?width=30&format=png", data=photo(), headers={"Content-Type": "image/png"})
    assert (size(form), form.body) == ((30, 20), body.body)
    assert form.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "parts",
    [
        [("width", b"30"), FILE, ("format", b"webp")],
        [FILE, ("width", b"30"), ("height", b""), ("format", b"webp")],
        [
            ("w", b"30"),
            ("nothing", b"", ""),
            ("image", photo(), "b.png", "application/octet-stream"),
            ("format", b"webp"),
        ],
    ],
)
def test_fields_are_parameters_wherever_they_stand(server: Pixmill, parts: list[Part]) -> None:
    reply = send(server, parts)
    assert (size(reply), reply.headers["Content-Type"]) == ((30, 20), "image/webp")


def test_query_and_fields_make_one_request(server: Pixmill) -> None:
    assert size(send(server, [FILE, ("height", b"10"), ("fit", b"fill")], "/resize?width=30")) == (30, 10)
    twice = send(server, [FILE, ("w", b"20")], "/resize?width=30")
    assert (twice.status, twice.json()["code"], twice.json()["param"]) == (400, "repeated_parameter", "width")


@pytest.mark.parametrize(
    ("parts", "code", "param"),
    [
        ([("width", b"30")], "missing_parameter", "file"),
        ([("file", b"", "")], "missing_parameter", "file"),
        ([FILE, ("second", photo(), "b.png")], "conflicting_parameters", "second"),
        ([FILE, ("width", b"wide")], "invalid_parameter", "width"),
        ([FILE, ("colour", b"red")], "unknown_parameter", "colour"),
        ([FILE, ("url", b"a.jpg")], "conflicting_parameters", "url"),
        ([FILE, ("width", b"\xff")], "malformed_request", None),
        ([("file", b"no image", "a.txt", "text/plain")], "unsupported_image", None),
    ],
)
def test_what_is_wrong_is_named(server: Pixmill, parts: list[Part], code: str, param: str | None) -> None:
    reply = send(server, parts)
    assert (reply.json()["code"], reply.json().get("param")) == (code, param)
    assert 400 <= reply.status < 500


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no form at all",
        encode([FILE])[:-20],
        encode([FILE]).replace(b"form-data", b"attachment"),
        encode([FILE]).replace(b"Content-Type: image/png", b"Content-Transfer-Encoding: base64"),
        encode([FILE]).replace(b"Content-Disposition", b"Content Disposition"),
        encode([FILE]).replace(BOUNDARY.encode() + b"\r\n", BOUNDARY.encode() + b"x\r\n"),
    ],
)
def test_a_malformed_form_is_a_bad_request(server: Pixmill, body: bytes) -> None:
    reply = send(server, [], body=body)
    assert (reply.status, reply.json()["code"]) == (400, "malformed_request"), reply.body


def test_a_file_above_the_limit_is_too_large(server: Pixmill) -> None:
    for parts in ([("file", b"a" * 2_000_001, "a")], [("file", b"a" * 2_100_000, "a")]):
        reply = send(server, parts)
        assert (reply.status, reply.json()["code"]) == (413, "upload_too_large")
    fits = photo() + b"\0" * (2_000_000 - len(photo()))
    assert size(send(server, [("file", fits, "a.png"), ("width", b"30")])) == (30, 20)


@pytest.mark.parametrize("parts", [[("a", b"1")] * (MAX_PARTS + 1), [("width", b"3" * (MAX_FIELD_BYTES + 1))]])
def test_too_many_fields_are_an_upload_that_is_too_large(server: Pixmill, parts: list[Part]) -> None:
    reply = send(server, [FILE, *parts])
    assert (reply.status, reply.json()["code"]) == (413, "upload_too_large"), "the URL is short"


def test_a_client_that_was_told_to_continue_can_send_all_before_it_reads_the_error(server: Pixmill) -> None:
    body = encode([("width", b"3" * (MAX_FIELD_BYTES + 1)), ("file", bytes(1_900_000), "a.png")])
    head = (
        f"POST /resize HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary={BOUNDARY}\r\n"
        f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(head.encode())
        assert connection.recv(1_000).startswith(b"HTTP/1.1 100")
        for start in range(0, len(body), 20_000):
            connection.sendall(body[start : start + 20_000])
        assert connection.recv(1_000).startswith(b"HTTP/1.1 413")


def test_a_preamble_without_end_is_no_form(server: Pixmill) -> None:
    reply = send(server, [], body=b"\r\n" * 500_000)
    assert (reply.status, reply.json()["code"]) == (400, "malformed_request")


def test_a_form_in_the_encoding_without_files_is_named(server: Pixmill) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    reply = server.ask("POST", "/resize", data=b"file=a.png&width=30", headers=headers)
    assert (reply.status, reply.json()["code"]) == (415, "unsupported_image")
    assert "multipart/form-data" in reply.json()["detail"]
    assert size(server.ask("POST", "/resize?width=30", data=photo(), headers=headers)) == (30, 20), "as curl sends it"


@pytest.mark.parametrize("as_form", [True, False])
def test_information_about_an_upload(server: Pixmill, as_form: bool) -> None:
    reply = (
        send(server, [FILE, ("include", b"hash")], "/info")
        if as_form
        else server.ask("POST", "/info?include=hash", data=photo(), headers={"Content-Type": "image/png"})
    )
    assert (reply.status, reply.json()["width"], reply.json()["height"]) == (200, 60, 40)
    assert reply.json()["hash"]
    assert reply.headers["Cache-Control"] == "no-store"
    assert send(server, [FILE], "/info?include=everything").status == 400
    assert send(server, [("file", b"text", "a.png")], "/info").json()["code"] == "unsupported_image"


def test_clients_of_imaginary_send_forms(server: Pixmill) -> None:
    assert size(send(server, [FILE], "/im/resize?width=30&height=20")) == (30, 20)
    assert send(server, [FILE], "/im/info").json()["width"] == 60


def test_fields_cannot_extend_a_signed_url() -> None:
    with Pixmill(workers=1, cache="memory://", keys=KEY) as server:
        signed = Keyring.from_text(KEY).sign(b"/resize", b"width=30")
        assert size(send(server, [FILE], signed)) == (30, 20)
        extended = send(server, [FILE, ("height", b"10")], signed)
        assert (extended.status, extended.json()["code"]) == (403, "signature_missing")
        unsigned = send(server, [FILE, ("width", b"10")])
        assert (unsigned.status, unsigned.json()["code"]) == (403, "signature_missing")


def test_presets_can_be_chosen_in_a_form() -> None:
    with Pixmill(workers=1, cache="memory://", presets='{"card": "width=30"}', presets_only="true") as server:
        assert size(send(server, [FILE, ("preset", b"card")])) == (30, 20)
        assert send(server, [FILE, ("width", b"20")]).status == 400


@pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl")
def test_curl_sends_a_form(server: Pixmill, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(photo())
    command = ["curl", "-sS", "-F", "width=30", "-F", f"file=@{tmp_path}/a.png", f"{server.url}/resize?format=png"]
    with Image.open(io.BytesIO(subprocess.run(command, check=True, capture_output=True, timeout=60).stdout)) as image:
        assert image.size == (30, 20)


def test_the_admin_endpoints_take_no_forms() -> None:
    with Pixmill(workers=1, cache="memory://", admin_token="t" * 20) as server:
        reply = send(server, [("source", b"all")], "/admin/purge", Origin="https://evil.example")
        assert reply.status == 403, "a page of another site has no token"
        with_token = send(server, [("source", b"all")], "/admin/purge", Authorization=f"Bearer {'t' * 20}")
        assert with_token.status == 400


def test_an_interrupted_form_leaves_the_server_well(server: Pixmill) -> None:
    body = encode([("file", photo((400, 300)), "a.png")])
    head = (
        f"POST /resize HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary={BOUNDARY}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(head.encode() + body[:500])
    assert size(send(server, [FILE, ("width", b"30")])) == (30, 20)
