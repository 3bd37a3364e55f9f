"""What the server prints when it does not start: as in ``messages.txt``, which people have read, and never in the words of a library."""

import errno
import os
import re
from pathlib import Path

import pytest

from pixmill.runtime.os_errors import errno_problem
from pixmill.server import _listen_problem
from pixmill.setting_errors import example_of
from pixmill.settings import Settings, SettingsError, env_name, load
from tests.misconfigurations.cases import CASES, Case, message_of, port_in_use
from tests.misconfigurations.update import FILE, section

FOREIGN = re.compile(
    r"Input should|Value error|validation error|Expecting|line 1 column|unable to|Invalid |invalid literal|could not convert|does not appear"
    r"|host bits|Errno|strerror|Object (contains|missing)|JSON is malformed|Expected `|codec can't|Traceback|\bNone\b|pydantic|NoneType"
)
"""Words of pydantic, json, msgspec, ipaddress, Python and the operating system."""

BAD_VALUES = (
    "",
    " ",
    "nonsense",
    "-1",
    "nan",
    "1e999",
    "1_",
    "99999999999999999999999",
    "64M",
    "12 hours",
    "http://[",
    "{",
    "[1]",
    "a,,b",
    "\x00\x1b[2J",
    "\udcff",
    "٣",
    "x" * 5_000,
)


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.upper().startswith("PIXMILL_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_every_message_is_of_a_case() -> None:
    assert re.findall("^# (.+)$", FILE.read_text("utf-8"), re.MULTILINE) == list(CASES)
    assert len(CASES) >= 30


@pytest.mark.parametrize("name", CASES)
def test_the_message_is_the_one_that_was_read(name: str, tmp_path: Path) -> None:
    """Run ``python -m tests.misconfigurations.update`` after a change, and read the difference."""
    message = message_of(CASES[name], tmp_path)
    assert section(name, CASES[name], message) in FILE.read_text("utf-8")
    assert "PIXMILL_" in message or ".env" in message
    assert not FOREIGN.search(message)
    assert "hidden" not in message.lower().replace("images_hidden", "")
    assert message.replace("\n", "").isprintable()


def test_a_port_that_somebody_listens_on_is_named_with_another_one() -> None:
    assert port_in_use() == (
        "PIXMILL_PORT=PORT on 127.0.0.1: another process listens there; choose another port, for example --port OTHER"
    )


@pytest.mark.parametrize(
    ("number", "setting", "said"),
    [
        (errno.EACCES, "", "PIXMILL_PORT=80 on ::1: ports below 1024 need privileges (CAP_NET_BIND_SERVICE); choose another port, for example --port 8080"),
        (errno.EADDRINUSE, "PIXMILL_ADMIN_LISTEN", "PIXMILL_ADMIN_LISTEN=[::1]:80 on ::1: another process listens there; choose another port, for example PIXMILL_ADMIN_LISTEN=[::1]:81"),
        (errno.EADDRNOTAVAIL, "", "PIXMILL_HOST=::1 is no address of this machine; for example PIXMILL_HOST=127.0.0.1, or 0.0.0.0 for all addresses"),
        (errno.EAFNOSUPPORT, "PIXMILL_ADMIN_LISTEN", "PIXMILL_ADMIN_LISTEN=[::1]:80 is an address of a kind that this machine does not have, such as IPv6; for example PIXMILL_ADMIN_LISTEN=127.0.0.1:80"),
    ],
)  # fmt: skip
def test_an_address_that_cannot_be_listened_on(number: int, setting: str, said: str) -> None:
    assert _listen_problem(OSError(number, os.strerror(number)), "::1", 80, setting) == said


def test_failures_of_the_operating_system_are_never_in_its_words() -> None:
    for number in errno.errorcode:
        assert os.strerror(number).lower() not in errno_problem(number).lower()


@pytest.mark.parametrize("value", BAD_VALUES, ids=lambda value: ascii(value)[:24])
def test_whatever_a_setting_is_it_is_accepted_or_refused_in_our_words(value: str) -> None:
    """Each setting by this value, all at once: those that take it say nothing."""
    flags = dict.fromkeys(Settings.model_fields, value)
    try:
        load(flags)
    except SettingsError as error:
        text = str(error)
    else:
        raise AssertionError("no setting minds")
    assert not FOREIGN.search(text.replace("Invalid path", ""))
    assert text.replace("\n", "").isprintable()
    for line in text.splitlines()[1:]:
        assert re.match(r"  PIXMILL_[A-Z0-9_]+", line), line
        assert len(line) < 900, line
        assert "; for example PIXMILL_" in line or " needs " in line or " is " in line, line


def test_every_setting_has_an_example_that_is_right() -> None:
    for name, field in Settings.model_fields.items():
        text = example_of(field).replace("$(openssl rand -hex 32)", "0123456789abcdef" * 4)
        assert text, name
        flags = (
            {name: text}
            | ({"keys": "0123456789abcdef"} if name == "unsigned" else {})
            | ({"images": "/srv"} if name == "fallback_image" else {})
        )
        try:
            load(flags)
        except SettingsError as error:
            raise AssertionError(f"{name}: {error}") from error


def test_a_secret_is_in_no_message() -> None:
    secret = "hunter2hunter2"
    for name in ("keys", "admin_token", "redis_password", "dialects", "stores"):
        with pytest.raises(SettingsError) as refused:
            load({name: f"{secret},x", "port": "many"})
        assert secret not in str(refused.value), name
    for url in (
        f"redis://me:{secret}@cache:port",
        f"redis://me:{secret[:7]}/{secret[7:]}@cache:port",
        f"s3://me:{secret}@x",
    ):
        with pytest.raises(SettingsError) as refused:
            load({"cache": url})
        assert "hunter2" not in str(refused.value)
    case = Case({env_name("images"): f"https://me:{secret}@example.com/a"})
    assert secret not in message_of(case, Path.cwd())
