"""Files that are a picture to one reader and a program to another: what goes out is the picture, and is said to be
nothing else."""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.e2e.scenes import small_photo
from tests.servers.pixmill import Pixmill, Reply

pytestmark = pytest.mark.xdist_group("drawings")

HTML = b"<html><body><script>evil()</script><img src=x onerror=evil()></body></html>"
SCRIPT = b"*/=1;evil();/*"
MIMES = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp", "gif": "image/gif"}


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("polyglots")


@pytest.fixture(scope="module")
def server(images: Path) -> Iterator[Pixmill]:
    with Pixmill(images=str(images), cache="", workers=1) as server:
        yield server


def picture(kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    with Image.open(io.BytesIO(small_photo(64))) as photo:
        photo.save(out, kind, **options)
    return out.getvalue()


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("META-INF/MANIFEST.MF", "Main-Class: Evil")
        packed.writestr("Evil.class", b"evil()")
    return out.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def commented(jpeg: bytes, text: bytes) -> bytes:
    return jpeg[:2] + b"\xff\xfe" + struct.pack(">H", len(text) + 2) + text + jpeg[2:]


def gif_and_script() -> bytes:
    """``GIF89a/*…*/=1;evil();/*``: the width is the beginning of a comment."""
    plain = bytearray(picture("GIF"))
    plain[6:8] = b"/*"
    return bytes(plain) + SCRIPT


JPEG, PNG, GIF, WEBP = (picture(kind) for kind in ("JPEG", "PNG", "GIF", "WEBP"))
POLYGLOTS: dict[str, tuple[str, bytes]] = {
    "GIF and script": ("gif", gif_and_script()),
    "GIF with a script in a comment": ("gif", picture("GIF", comment=SCRIPT)),
    "GIF and a page": ("gif", GIF + HTML),
    "JPEG and a page behind": ("jpeg", JPEG + HTML),
    "JPEG and a page in a comment": ("jpeg", commented(JPEG, HTML)),
    "JPEG and a page in EXIF": ("jpeg", picture("JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0" + HTML)),
    "JPEG and a page in XMP": ("jpeg", picture("JPEG", xmp=HTML)),
    "JPEG and a page in a profile": ("jpeg", picture("JPEG", icc_profile=HTML)),
    "JPEG and an archive": ("jpeg", JPEG + archive()),
    "JPEG and PHP": ("jpeg", commented(JPEG, b"<?php evil(); ?>")),
    "PNG and an archive": ("png", PNG + archive()),
    "PNG and a page in a text": ("png", PNG[:33] + chunk(b"tEXt", b"Comment\0" + HTML) + PNG[33:]),
    "PNG and a page in a chunk": ("png", PNG[:33] + chunk(b"evIl", HTML) + PNG[33:]),
    "PNG and PDF": ("png", PNG + b"%PDF-1.4\n1 0 obj<</OpenAction<</S/JavaScript/JS(evil())>>>>endobj\n%%EOF"),
    "WebP and a page": ("webp", WEBP + HTML),
    "WebP and a page in a chunk": ("webp", WEBP[:4] + struct.pack("<I", len(WEBP) + len(HTML) + len(HTML) % 2) + WEBP[8:] + b"EVIL" + struct.pack("<I", len(HTML)) + HTML + b"\0" * (len(HTML) % 2)),
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def laid_out(images: Path) -> None:
    for name, (_, body) in POLYGLOTS.items():
        (images / filed(name)).write_bytes(body)


def filed(name: str) -> str:
    """Under a name that says that it is a page."""
    return name.replace(" ", "-") + ".html"


def assert_said_to_be(reply: Reply, kind: str) -> None:
    assert reply.status == 200, reply.body[:300]
    assert reply.headers["content-type"] == MIMES[kind]
    assert reply.headers["x-content-type-options"] == "nosniff"
    with Image.open(io.BytesIO(reply.body)) as image:
        assert image.format == kind.upper()


@pytest.mark.parametrize("name", POLYGLOTS)
def test_of_two_readings_the_picture_alone_goes_on(server: Pixmill, name: str) -> None:
    kind, _ = POLYGLOTS[name]
    for form in MIMES:
        for side in (64, 16):
            reply = server.get("/resize", url=filed(name), format=form, width=side)
            assert_said_to_be(reply, form)
            assert b"evil" not in reply.body.lower(), form
    smaller = server.get("/resize", url=filed(name), format="original", width=16)
    assert_said_to_be(smaller, kind)
    assert b"evil" not in smaller.body.lower()


@pytest.mark.parametrize("name", POLYGLOTS)
def test_what_goes_out_as_it_came_is_said_to_be_a_picture_and_may_do_nothing(server: Pixmill, name: str) -> None:
    """``format=original``, and nothing to change: the bytes are the origin's if all metadata is asked for, under the
    type of what they begin with; otherwise nothing but the image goes out."""
    kind, body = POLYGLOTS[name]
    reply = server.get("/resize", url=filed(name), format="original", metadata="all")
    assert_said_to_be(reply, kind)
    assert reply.body == body
    bare = server.get("/resize", url=filed(name), format="original")
    assert_said_to_be(bare, kind)
    assert b"evil" not in bare.body.lower() or "profile" in name  # the colours need the profile
    head = server.ask("HEAD", "/resize", url=filed(name), format="original", filename="a.html")
    assert head.headers["content-type"] == MIMES[kind]
    assert head.headers["content-disposition"].endswith("a.html." + kind.replace("jpeg", "jpg"))


PROGRAMS = {
    "a page": HTML,
    "a page and a JPEG": HTML + JPEG,
    "a page that begins as a comment": b"<!-- " + JPEG + b" -->" + HTML,
    "a page with a drawing": b"<html>" + b'<svg xmlns="http://www.w3.org/2000/svg"/>' + HTML,
    "a script": SCRIPT,
    "an archive": archive(),
    "PHP": b"<?php evil(); ?>",
    "XHTML": b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><script>evil()</script></html>',
    "XSLT": b'<?xml version="1.0"?><?xml-stylesheet type="text/xsl" href="#x"?><xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform"/>',
    "a GIF that is nothing but its first words": b"GIF89a=1;evil()",
    "a shell script": b"#!/bin/sh\nevil\n",
    "ELF": b"\x7fELF" + bytes(60),
    "Flash": b"FWS\x05" + bytes(60),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_that_is_no_picture_does_not_go_out(server: Pixmill, name: str) -> None:
    for form in ("original", "auto", "svg", "png"):
        reply = server.ask("POST", "/resize", data=PROGRAMS[name], format=form)
        assert reply.status in {415, 422}, (form, reply.status)
        assert reply.headers["content-type"] == "application/problem+json"
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert b"evil" not in reply.body
