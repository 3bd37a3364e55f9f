"""Signed URLs from the command line to the server: what was signed is answered, and nothing else."""

import base64
import hashlib
import hmac
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pixmill.dialects.signing import Keyring
from tests.e2e.scenes import PHOTOS, ask_raw, small_photo, until
from tests.servers.pixmill import Pixmill

NEW = "a-new-key-0123456789"
OLD = "an-old-key-0123456789"


@pytest.fixture(scope="module")
def server() -> Iterator[Pixmill]:
    with Pixmill(images=str(PHOTOS), keys=f"{NEW},{OLD}", cache="memory://", workers=1) as server:
        yield server


def signed(target: str, key: str = NEW, expires_in: int | None = None) -> str:
    path, _, query = target.partition("?")
    expires = None if expires_in is None else int(time.time()) + expires_in
    return Keyring.from_text(key).sign(path.encode(), query.encode(), expires)


def signed_by_the_program(target: str, *options: str) -> str:
    program = str(Path(sys.executable).with_name("pixmill"))
    command = [program, "sign", target, *options]
    done = subprocess.run(command, env={"PIXMILL_KEYS": NEW}, capture_output=True, text=True, check=True, timeout=30)
    return str(done.stdout.strip())


def code_of(server: Pixmill, target: str) -> tuple[int, str]:
    reply = server.get(target)
    return reply.status, "" if reply.status == 200 else reply.json()["code"]


def test_what_is_not_signed_is_refused_and_what_is_signed_is_answered(server: Pixmill) -> None:
    target = "/resize?url=sunset.jpg&width=40"
    assert code_of(server, target) == (403, "signature_missing")
    reply = server.get(signed_by_the_program(target))
    assert (reply.status, reply.headers["content-type"]) == (200, "image/jpeg")
    assert code_of(server, "/info?url=sunset.jpg") == (403, "signature_missing")
    assert code_of(server, signed("/info?url=sunset.jpg")) == (200, "")
    assert server.ask("HEAD", signed_by_the_program(target, "--expires-in", "60")).status == 200


def test_a_signature_in_a_cached_url_is_still_checked(server: Pixmill) -> None:
    target = "/resize?url=sunset.jpg&width=41"
    for _ in range(2):
        assert code_of(server, signed(target)) == (200, "")
    assert code_of(server, target) == (403, "signature_missing")


def test_an_upload_is_signed_too(server: Pixmill) -> None:
    photo = small_photo(160)
    assert server.ask("POST", "/resize?width=40", data=photo).status == 403
    assert server.ask("POST", signed("/resize?width=40"), data=photo).status == 200


def test_old_keys_verify_as_long_as_they_are_listed_and_unknown_ones_never_do(server: Pixmill) -> None:
    target = "/resize?url=sunset.jpg&width=42"
    assert code_of(server, signed(target, key=OLD)) == (200, "")
    assert code_of(server, signed(target, key="unknown-key-0123456789")) == (403, "signature_invalid")


@pytest.mark.parametrize(
    "change",
    [
        lambda url: url.replace("width=43", "width=44"),
        lambda url: url.replace("/resize", "/api/v1/resize"),
        lambda url: url.replace("sunset", "wine"),
        lambda url: url.replace("?", "?dpr=2&"),
        lambda url: url.replace("?url", "?&url"),
        lambda url: url.replace("sunset", "%73unset"),
        lambda url: url[:-1] + ("A" if url[-1] != "A" else "E"),
        lambda url: url[:-1],
        lambda url: url + "=",
        lambda url: url + "&width=44",
        lambda url: re.sub(r"(.*)&(sig=.*)", r"\1&height=9&\2", url),
        lambda url: re.sub(r"\?(.*)&(sig=.*)", r"?\2&\1", url),
        lambda url: re.sub(r"&sig=.*", "&sig=", url),
    ],
    ids=range(13),
)
def test_a_url_that_was_changed_is_refused(server: Pixmill, change: object) -> None:
    url = signed("/resize?url=sunset.jpg&width=43")
    changed = change(url)  # type: ignore[operator]  # one of the functions above
    assert changed != url
    status, code = code_of(server, changed)
    assert (status, code) in {(403, "signature_invalid"), (403, "signature_missing")}


def test_a_url_that_has_ended_is_refused_also_when_its_picture_is_cached(server: Pixmill) -> None:
    assert code_of(server, signed("/resize?url=sunset.jpg&width=45")) == (200, "")
    url = signed("/resize?url=sunset.jpg&width=45", expires_in=4)
    assert code_of(server, url) == (200, "")
    until(lambda: code_of(server, url) != (200, ""), 60, "the URL has ended")
    assert code_of(server, url) == (403, "signature_expired")


def test_nobody_may_keep_a_picture_longer_than_its_url_is_good(server: Pixmill) -> None:
    short = server.get(signed("/resize?url=sunset.jpg&width=46", expires_in=60))
    control = short.headers["cache-control"]
    found = re.fullmatch(r"public, max-age=(\d+)", control)
    assert found, control
    assert 50 <= int(found[1]) - int(short.headers["age"]) <= 60
    time.sleep(1.1)
    cached = server.get(signed("/resize?url=sunset.jpg&width=46", expires_in=20))
    assert "hit" in cached.headers["cache-status"]
    found = re.match(r"public, max-age=(\d+)", cached.headers["cache-control"])
    assert found
    assert int(found[1]) - int(cached.headers["age"]) <= 20


def test_facts_are_not_kept_longer_than_their_url_is_good(server: Pixmill) -> None:
    reply = server.get(signed("/info?url=sunset.jpg", expires_in=10))
    found = re.match(r"public, max-age=(\d+)", reply.headers["cache-control"])
    assert found
    assert int(found[1]) <= 10


def test_a_refusal_is_kept_by_nobody(server: Pixmill) -> None:
    assert server.get("/resize?url=sunset.jpg").headers["cache-control"] == "no-store"


def test_what_operators_ask_needs_no_signature(server: Pixmill) -> None:
    for path in ("/health/live", "/health/ready", "/health", "/metrics", "/openapi.json"):
        assert server.get(path).status == 200


def test_keys_and_signatures_are_not_in_the_log(server: Pixmill) -> None:
    url = signed("/resize?url=sunset.jpg&width=47")
    assert code_of(server, url) == (200, "")
    until(lambda: "width=47" in server.log(), 60, "the line is written")
    log = server.log()
    assert url.partition("sig=")[2] not in log
    assert NEW not in log
    assert OLD not in log


def test_bytes_that_are_no_ascii_cannot_be_signed_into_a_crash(server: Pixmill) -> None:
    for target in (b"/resize?url=\xff\xfe&sig=" + b"A" * 43, b"/resize?sig=" + b"A" * 43, b"/resize?&&&sig=\x00"):
        status, _ = ask_raw(server, target)
        assert status in {400, 403}


# ---------------------------------------------------------------- attacks

TARGET = "/resize?url=sunset.jpg&width=48"


def forged(url: str) -> dict[str, bytes]:
    """Other URLs that one might hope to be taken for this one."""
    head, _, signature = url.partition("&sig=")
    path, _, query = head.partition("?")
    digest = base64.urlsafe_b64decode(signature + "=")
    flipped = bytes([digest[0] ^ 1]) + digest[1:]
    key = b"sig"

    def text(value: str) -> bytes:
        return value.encode()

    return {
        "half of it": text(head + "&sig=" + signature[:21]),
        "one letter less": text(url[:-1]),
        "one letter more": text(url + "A"),
        "the bits that base64 drops": text(url[:-1] + chr(ord(url[-1]) + 1)),
        "padding": text(url + "="),
        "padding, escaped": text(url + "%3D"),
        "common base64": text(head + "&sig=" + base64.b64encode(digest).decode()),
        "hexadecimal": text(head + "&sig=" + digest.hex()),
        "raw bytes": text(head + "&sig=") + digest,
        "raw bytes, escaped": text(head + "&sig=" + "".join(f"%{byte:02x}" for byte in digest)),
        "an escaped letter": text(head + f"&sig=%{ord(signature[0]):02x}" + signature[1:]),
        "another case": text(head + "&sig=" + signature.swapcase()),
        "wide letters": text(head + "&sig=") + chr(0xFF21).encode() + text(signature[1:]),
        "a bit turned": text(head + "&sig=" + base64.urlsafe_b64encode(flipped).decode().rstrip("=")),
        "nothing": text(head + "&sig="),
        "no sign of it": text(head + "&sig"),
        "zeros": text(head + "&sig=" + "A" * 43),
        "blanks": text(head + "&sig=" + " ".join(signature).replace(" ", "%20")),
        "a plus behind": text(url + "+"),
        "a NUL behind": text(url + "%00"),
        "a line behind": text(url + "%0a"),
        "two": text(url + "&sig=" + signature),
        "two, a wrong one first": text(head + "&sig=" + "A" * 43 + "&sig=" + signature),
        "two, a wrong one last": text(url + "&sig=" + "A" * 43),
        "its name in capitals": text(url.replace("&sig=", "&SIG=")),
        "its name escaped": text(url.replace("&sig=", "&s%69g=")),
        "its name with a blank": text(url.replace("&sig=", "&+sig=")),
        "a list of it": text(url.replace("&sig=", "&sig[]=")),
        "in front": text(f"{path}?sig={signature}&{query}"),
        "in the middle": text(f"{path}?url=sunset.jpg&sig={signature}&width=48"),
        "behind a semicolon": text(url.replace("&sig=", ";sig=")),
        "in the fragment": text(url.replace("&sig=", "#sig=")),
        "in the path": text(f"{path};sig={signature}?{query}"),
        "more behind": text(url + "&height=9"),
        "an empty piece behind": text(url + "&"),
        "more in front": text(url.replace("?", "?height=9&")),
        "an empty piece in front": text(url.replace("?", "?&")),
        "another order": text(f"{path}?width=48&url=sunset.jpg&sig={signature}"),
        "a width twice": text(head + "&width=49&sig=" + signature),
        "an alias": text(url.replace("width=", "w=")),
        "an escaped name": text(url.replace("width", "%77idth")),
        "an escaped value": text(url.replace("48", "4%38")),
        "a decomposed letter": text(url.replace("sunset", "su%CC%88nset")),
        "an end": text(head + "&expires=9999999999&sig=" + signature),
        "the other route": text(url.replace("/resize", "/info")),
        "the other version": text("/api/v1" + url),
        "capitals": text(url.replace("/resize", "/Resize")),
        "a slash more": text("/" + url),
        "a slash behind": text(url.replace("?", "/?")),
        "a step back": text("/x/.." + url),
        "an escaped path": text(url.replace("/resize", "/%72esize")),
        "a second question": text(url.replace("?", "??")),
        "the key itself": text(head + "&sig=" + NEW),
        "the digest of the key": text(head + "&sig=") + base64.urlsafe_b64encode(hmac.digest(key, head.encode(), "sha256")).rstrip(b"="),
    }  # fmt: skip


def test_no_other_url_is_taken_for_the_one_that_was_signed(server: Pixmill) -> None:
    url = signed(TARGET)
    assert server.get(url).status == 200, "it is cached from here on"
    for name, other in forged(url).items():
        status, body = ask_raw(server, other)
        assert other != url.encode(), name
        assert status in {400, 403, 404}, (name, status, body[:200])
        assert not body.startswith(b"\xff\xd8"), name
    assert server.get(url).status == 200


def keyed(key: bytes, text: bytes, digest: str = "sha256") -> str:
    return base64.urlsafe_b64encode(hmac.digest(key, text, digest)).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (b"", TARGET),
        (b"\0" * 32, TARGET),
        (f"{NEW},{OLD}".encode(), TARGET),
        (NEW.encode()[:16], TARGET),
        (NEW.encode() + b"\n", TARGET),
        (NEW.encode().hex().encode(), TARGET),
        (NEW.encode(), TARGET.partition("?")[2]),
        (NEW.encode(), TARGET.replace("?", "")),
        (NEW.encode(), TARGET + "&"),
        (NEW.encode(), "GET " + TARGET),
        (NEW.encode(), "http://127.0.0.1" + TARGET),
        (NEW.encode(), "/resize?width=48&url=sunset.jpg"),
    ],
)
def test_another_key_or_another_text_makes_no_signature(server: Pixmill, key: bytes, text: str) -> None:
    assert code_of(server, f"{TARGET}&sig={keyed(key, text.encode())}") == (403, "signature_invalid")
    assert code_of(server, f"{TARGET}&sig={keyed(NEW.encode(), TARGET.encode())}") == (200, "")


def test_a_plain_digest_cannot_be_drawn_longer(server: Pixmill) -> None:
    """As it could be, were the key put before the text and hashed with it."""
    for text in (NEW + TARGET, TARGET + NEW):
        plain = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        assert code_of(server, f"{TARGET}&sig={plain}") == (403, "signature_invalid")


@pytest.mark.parametrize(
    "end", ["0", "1", "-1", "1e99", "9999999999999", "0x7fffffff", "+99999999999", "", "%32", "NaN"]
)
def test_an_end_that_is_past_or_none_is_refused_however_well_it_is_signed(server: Pixmill, end: str) -> None:
    target = f"{TARGET}&expires={end}"
    assert code_of(server, f"{target}&sig={keyed(NEW.encode(), target.encode())}")[0] in {400, 403}


def test_an_end_that_is_said_twice_or_by_an_escaped_name_is_refused(server: Pixmill) -> None:
    for ends in (
        "expires=1&expires=9999999999",
        "expires=9999999999&expires=1",
        "e%78pires=1",
        "Expires=1",
        "expires[]=1",
    ):
        target = f"{TARGET}&{ends}"
        assert code_of(server, f"{target}&sig={keyed(NEW.encode(), target.encode())}")[0] in {400, 403}, ends


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "GETX", "get"])
def test_other_methods_do_nothing_with_a_signed_url(server: Pixmill, method: str) -> None:
    status, body = ask_raw(server, signed(TARGET).encode(), method.encode())
    assert status in {200, 204, 400, 404, 405, 501}
    assert not body.startswith(b"\xff\xd8")


def test_a_url_signed_for_a_picture_of_ours_takes_no_other_in_its_place(server: Pixmill) -> None:
    reply = server.ask("POST", signed(TARGET), data=small_photo(160))
    assert reply.status == 400
