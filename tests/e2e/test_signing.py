"""Signed URLs from the command line to the server: what was signed is answered, and nothing else."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pixmill.dialects.signing import Keyring
from tests.e2e.scenes import PHOTOS, ask_raw, small_photo
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
    url = signed("/resize?url=sunset.jpg&width=45", expires_in=2)
    assert code_of(server, url) == (200, "")
    time.sleep(2.2)
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
    log = server.log()
    assert "width=47" in log
    assert url.partition("sig=")[2] not in log
    assert NEW not in log
    assert OLD not in log


def test_bytes_that_are_no_ascii_cannot_be_signed_into_a_crash(server: Pixmill) -> None:
    for target in (b"/resize?url=\xff\xfe&sig=" + b"A" * 43, b"/resize?sig=" + b"A" * 43, b"/resize?&&&sig=\x00"):
        status, _ = ask_raw(server, target)
        assert status in {400, 403}
