"""``pixmill doctor --source``: a whole request for one source, step by step, against origins that fail in many ways."""

import http.server
import json
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
import trustme
from click.testing import CliRunner

from pixmill.cli.program import commands
from pixmill.doctor.advice import ADVICE, advice_for
from pixmill.doctor.origin import describe_address
from pixmill.doctor.report import Step
from pixmill.engine.capabilities import Capabilities
from pixmill.errors import error_classes_by_code
from pixmill.settings import Settings, env_name, load
from pixmill.startup import DEMO_PHOTOS
from tests.servers.names import NameServer
from tests.servers.origin import Origin

PHOTO: Final = (DEMO_PHOTOS / "umang.jpg").read_bytes()
ALLOWED: Final = {"PIXMILL_ALLOWED_NETWORKS": "127.0.0.0/8", "PIXMILL_CACHE": ""}
ALL_STEPS: Final = ["source", "allowed", "address", "connect", "fetch", "sniff", "worker", "decode", "render"]


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with Origin() as origin:
        yield origin


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(env_name(name), raising=False)


def diagnose(source: str, *arguments: str, **env: str) -> tuple[int, dict[str, Any]]:
    """The exit code and the report."""
    given: Sequence[str] = ("doctor", "--source", source, "--json", *arguments)
    done = CliRunner().invoke(commands, given, env=ALLOWED | env, catch_exceptions=False)
    return done.exit_code, json.loads(done.stdout)


def failed(source: str, *arguments: str, **env: str) -> tuple[str, str, int, str, str]:
    """Name and code of the step that failed, the status, the text and the advice."""
    code, report = diagnose(source, *arguments, **env)
    assert code == 1
    assert not report["ok"]
    last = report["steps"][-1]
    assert [step["outcome"] for step in report["steps"]].count("error") == 1 or report["steps"][-2]["code"]
    assert last["outcome"] == "error"
    return last["name"], report["code"], report["status"], last["text"], " ".join(last.get("advice", ()))


# ---------------------------------------------------------------- all is well


def test_every_step_of_a_request_that_works_is_reported(origin: Origin, tmp_path: Path) -> None:
    headers = {"Content-Type": "image/jpeg", "Cache-Control": "max-age=60"}
    url = origin.serve("/good.jpg", PHOTO, headers=headers)
    code, report = diagnose(url, PIXMILL_CACHE=f"memory://,file://{tmp_path}/cache")
    assert (code, report["ok"], report["status"]) == (0, True, 200)
    steps = {step["name"]: step["text"] for step in report["steps"]}
    assert [step["name"] for step in report["steps"]] == [*ALL_STEPS, "cache", "cache"]
    assert steps["connect"] == f"127.0.0.1 port {origin.port}"
    assert steps["fetch"] == f"200, image/jpeg, {len(PHOTO):,} bytes, Cache-Control: max-age=60"
    assert steps["decode"] == "jpeg, 1600 × 900 pixels"
    assert steps["render"].startswith("webp, 400 × 225 pixels, ")
    assert steps["cache"] == "disk: an entry was written, read and removed"
    assert all(step["seconds"] >= 0 for step in report["steps"][3:])
    assert origin.count("/good.jpg") == 1


def test_people_get_lines_with_what_to_change(origin: Origin) -> None:
    url = origin.url("/none.jpg?token=0123456789")
    done = CliRunner().invoke(commands, ["doctor", "--source", url], env=ALLOWED, catch_exceptions=False)
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    assert lines[0].startswith("✓ source    web origin http://127.0.0.1")
    assert any(line.startswith("✗ fetch     Image not found at the source: status 404") for line in lines)
    assert lines[-1] == "A request for this image gets 404 Not Found, code source_not_found."
    assert "0123456789" not in done.stdout


def test_a_path_below_the_image_root(tmp_path: Path) -> None:
    shutil.copy(DEMO_PHOTOS / "umang.jpg", tmp_path / "photo.jpg")
    code, report = diagnose("photo.jpg", "--images", str(tmp_path))
    assert (code, report["status"]) == (0, 200)
    assert [step["name"] for step in report["steps"]][:4] == ["source", "allowed", "root", "fetch"]
    assert report["steps"][-1]["advice"] == ["PIXMILL_CACHE is empty: each request renders again"]
    name, error, status, _, advice = failed("foto.jpg", PIXMILL_IMAGES=str(tmp_path))
    assert (name, error, status, advice) == ("fetch", "source_not_found", 404, "there is photo.jpg")
    assert failed("photo.jpg")[:2] == ("root", "source_forbidden")
    name, _, _, text, _ = failed("photo.jpg", "--images", "nowhere")
    assert (name, text) == (
        "root",
        str(Path("nowhere").absolute()) + " does not exist; for example PIXMILL_IMAGES=/srv/images",
    )


# ---------------------------------------------------------------- origins that fail


def test_a_failure_at_the_origin_is_named_with_what_to_change(origin: Origin) -> None:
    page = origin.serve("/page", b"<!doctype html><html><body>gallery</body></html>")
    slow = origin.hang("/slow.jpg")
    large = origin.serve("/large.jpg", PHOTO)
    loop = origin.redirect("/loop", origin.url("/loop"))
    empty = origin.serve("/empty.jpg")
    broken = origin.serve("/broken.jpg", PHOTO[:300])
    denied = origin.serve("/denied.jpg", status=403)
    cases: list[tuple[str, dict[str, str], tuple[str, str, int], str, str]] = [
        (origin.url("/no.jpg"), {}, ("fetch", "source_not_found", 404), "status 404", "check the path"),
        (denied, {}, ("fetch", "source_denied", 403), "status 403", "credentials"),
        (page, {}, ("sniff", "unsupported_image", 415), "an HTML page", "not of the page"),
        (empty, {}, ("sniff", "unsupported_image", 415), "0 bytes", "no content"),
        (slow, {"PIXMILL_SOURCE_TIMEOUT_S": "0.5"}, ("fetch", "source_timeout", 504), "", "SOURCE_TIMEOUT_S is 0.5 s"),
        (large, {"PIXMILL_MAX_SOURCE_BYTES": "1000"}, ("fetch", "source_too_large", 413), "", "is 1000 bytes"),
        (loop, {}, ("fetch", "too_many_redirects", 502), "", "PIXMILL_MAX_REDIRECTS is 5"),
        (broken, {}, ("decode", "undecodable_image", 422), "", "cut off"),
    ]
    for url, env, ended, text, advice in cases:
        name, code, status, said, advised = failed(url, **env)
        assert (name, code, status) == ended
        assert text in said
        assert advice in advised


def test_a_page_of_comments_is_read_in_linear_time(origin: Origin) -> None:
    """There are 2 to the power of 500 ways to split it into comments."""
    page = origin.serve("/comments", b"<!---->" * 500 + b"<html>")
    other = origin.serve("/other", b"<!---->" * 500 + b"<other>")
    assert failed(page)[3] == "an HTML page, no image"
    assert failed(other)[3].startswith("no known image format: ")


def test_an_address_that_is_not_public_is_refused_before_it_is_connected(origin: Origin) -> None:
    before = origin.connections
    name, code, status, text, advice = failed(origin.url("/a.jpg"), PIXMILL_ALLOWED_NETWORKS="")
    assert (name, code, status) == ("address", "address_forbidden", 403)
    assert text == "127.0.0.1 is not allowed: loopback (RFC 1122 §3.2.1.3)"
    assert "PIXMILL_ALLOWED_NETWORKS=127.0.0.1/32" in advice
    assert origin.connections == before
    assert "do not allow" in failed("http://169.254.169.254/a.jpg")[4]
    denied = failed(origin.url("/a.jpg"), PIXMILL_DENIED_NETWORKS="127.0.0.0/8")
    assert denied[4] == "PIXMILL_DENIED_NETWORKS names it"
    assert describe_address("fe80::1") == "not a public address"


def test_what_is_no_source_or_not_allowed_is_refused_before_all_else(origin: Origin) -> None:
    assert failed("ftp://example.com/a.jpg")[0] == "source"
    name, code, status, _, advice = failed(origin.url("/a.jpg"), PIXMILL_ALLOWED_SOURCES="https://example.com/")
    assert (name, code, status) == ("allowed", "source_forbidden", 403)
    assert "https://example.com/" in advice
    name, code, _, _, advice = failed("s3://elsewhere/a.jpg")
    assert (name, code) == ("fetch", "source_forbidden")
    assert "PIXMILL_STORES" in advice


def test_a_closed_port_and_a_redirect_to_one(origin: Origin) -> None:
    with Origin() as other:
        closed = other.url("/a.jpg")
    name, code, status, text, _ = failed(closed)
    assert (name, code, status) == ("connect", "source_unreachable", 502)
    assert "Connection refused" in text
    _, report = diagnose(origin.redirect("/away", closed))
    names = [(step["name"], step["outcome"]) for step in report["steps"]]
    assert names[-3:] == [("redirect", "ok"), ("address", "ok"), ("connect", "error")]
    assert report["code"] == "source_unreachable"


def test_a_redirect_to_an_address_that_is_not_public(origin: Origin) -> None:
    away = origin.redirect("/inside", "http://10.0.0.1/a.jpg")
    name, code, _, text, _ = failed(away)
    assert (name, code) == ("address", "address_forbidden")
    assert text.startswith("10.0.0.1 is not allowed: private")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def tls_port(authority: trustme.CA) -> Iterator[int]:
    """An origin with a certificate for 127.0.0.1 of an authority that nothing trusts yet."""

    class Photos(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(PHOTO)))
            self.end_headers()
            self.wfile.write(PHOTO)

        def log_message(self, *_: object) -> None:
            """Do not log."""

    class Server(http.server.ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A client that does not trust it ends the handshake."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with Server(("127.0.0.1", 0), Photos) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_a_certificate_that_is_not_trusted(tls_port: int, origin: Origin) -> None:
    name, code, status, text, advice = failed(f"https://127.0.0.1:{tls_port}/a.jpg")
    assert (name, code, status) == ("TLS", "source_unreachable", 502)
    assert "certificate" in text
    assert "SSL_CERT_FILE" in advice
    name, code, *_ = failed(f"https://127.0.0.1:{origin.port}/a.jpg")
    assert (name, code) == ("TLS", "source_unreachable")


def test_names_are_resolved_as_the_server_resolves_them(origin: Origin) -> None:
    with NameServer() as names:
        names.serve("photos.test", "127.0.0.1")
        names.serve("half.test", "127.0.0.1", "10.0.0.1")
        env = {"PIXMILL_DNS_SERVERS": names.address}
        _, report = diagnose(f"http://photos.test:{origin.port}/none.jpg", **env)
        texts = {step["name"]: step["text"] for step in report["steps"]}
        assert texts["resolve"] == "photos.test is at 127.0.0.1"
        assert report["code"] == "source_not_found"
        _, report = diagnose(f"http://half.test:{origin.port}/none.jpg", **env)
        [address] = [step for step in report["steps"] if step["name"] == "address"]
        assert (address["outcome"], address["text"]) == ("warning", "127.0.0.1: allowed; 10.0.0.1: left out")
        name, code, status, text, advice = failed("http://nowhere.test/a.jpg", **env)
        assert (name, code, status) == ("resolve", "source_unreachable", 502)
        assert text == "nowhere.test does not exist, or has no address"
        assert "spelling" in advice


# ---------------------------------------------------------------- the report


def test_advice_is_for_codes_that_there_are_and_names_settings_that_there_are() -> None:
    assert set(ADVICE) <= set(error_classes_by_code())
    names = {env_name(name) for name in Settings.model_fields}
    for code in ADVICE:
        for text in advice_for(code, load()):
            words = {word.strip(".,:;()`") for word in text.split()}
            assert {word for word in words if word.startswith("PIXMILL_")} <= names
            assert "{" not in text


def test_what_an_origin_sent_does_not_reach_the_terminal_as_it_is() -> None:
    [line, advice] = Step("fetch", "a\x1b[31m?sig=secret", advice=("b\n",)).lines()
    assert line == "✓ fetch     a\\x1b[31m?sig=[redacted]"
    assert advice.endswith("→ b\\n")


def test_the_installation_as_json() -> None:
    env = {"PIXMILL_CACHE": "", "PIXMILL_WORKERS": "1"}
    done = CliRunner().invoke(commands, ["doctor", "--json"], env=env, catch_exceptions=False)
    report = json.loads(done.stdout)
    assert done.exit_code == (0 if report["ok"] else 1)
    assert {check["outcome"] for check in report["checks"]} <= {"ok", "warning", "error"}
    assert any(check["text"].startswith("Reads jpeg") for check in report["checks"])


def test_an_extra_that_is_missing_is_neither_a_fault_nor_ticked(monkeypatch: pytest.MonkeyPatch) -> None:
    codecs = dict.fromkeys(("jpeg", "png", "webp", "avif", "gif", "tiff", "bmp", "ico", "jxl"), "libvips")
    report = Capabilities(codecs, codecs, {"heic": "heic"}, True, ["seccomp"], {}, {"pyvips": "3"})

    def probe(command: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        return subprocess.CompletedProcess(command, 0, msgspec.json.encode(report))

    monkeypatch.setattr(subprocess, "run", probe)
    done = CliRunner().invoke(commands, ["doctor"])
    assert (done.exit_code, "– heic is not installed: pip install 'pixmill[heic]'\n" in done.output) == (0, True)
    assert "✓ Reads " in done.output
