"""SIGHUP puts changed settings into force without a dropped request, or leaves those in force as they are."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.scenes import PHOTOS, until
from tests.e2e.test_signing import NEW, OLD, code_of, signed
from tests.fleet.fleet import Load
from tests.servers.pixmill import Pixmill, Reply

TOKEN = "a token of the operator"


class Reloaded:
    """A server whose settings are in ``.env``."""

    def __init__(self, **settings: str) -> None:
        self.server = Pixmill(images=str(PHOTOS), cache="memory://", workers=1)
        self.reloads = 0
        self.write(**settings)

    def write(self, **settings: str) -> None:
        lines = (f"PIXMILL_{name.upper()}='{value}'\n" for name, value in settings.items())
        Path(self.server.folder.name, ".env").write_text("".join(lines), encoding="utf-8")

    def reload(self, event: str = "settings_reloaded") -> dict[str, Any]:
        """Send SIGHUP, and return the line of the log that says what came of it."""
        before = len(self.lines(event))
        os.kill(self.server.pid, signal.SIGHUP)
        until(lambda: len(self.lines(event)) > before, 60, event)
        return self.lines(event)[-1]

    def lines(self, event: str) -> list[dict[str, Any]]:
        lines = (json.loads(line) for line in self.server.log().splitlines() if line.startswith("{"))
        return [line for line in lines if line.get("event") == event]


@pytest.fixture
def reloaded() -> Iterator[Callable[..., Reloaded]]:
    opened: list[Reloaded] = []

    def start(**settings: str) -> Reloaded:
        opened.append(Reloaded(**settings))
        opened[-1].server.start()
        return opened[-1]

    yield start
    for one in opened:
        with closing(one.server):
            pass


def test_keys_are_rotated_without_a_request_that_fails(reloaded: Callable[..., Reloaded]) -> None:
    one = reloaded(keys=OLD)
    by_old, by_new = signed("/resize?url=sunset.jpg&width=50", OLD), signed("/resize?url=sunset.jpg&width=50", NEW)
    assert code_of(one.server, by_new) == (403, "signature_invalid")

    def ask(_path: str, *, target: str) -> Reply:
        return one.server.get(target)

    with Load(ask, [{"target": by_old}], 50) as old_clients:
        one.write(keys=f"{NEW},{OLD}")
        assert one.reload()["changed"] == "PIXMILL_KEYS"
        assert code_of(one.server, by_new) == (200, "")
    assert old_clients.outcomes.failed == 0
    with Load(ask, [{"target": by_new}], 50) as new_clients:
        one.write(keys=NEW)
        one.reload()
        assert code_of(one.server, by_old) == (403, "signature_invalid")
    assert new_clients.outcomes.failed == 0
    assert new_clients.outcomes.asked


def test_presets_dialects_limits_and_tokens_are_reloaded(reloaded: Callable[..., Reloaded]) -> None:
    one = reloaded(presets='{"small": "width=20"}', max_url_bytes="8192")
    server, imgproxy = one.server, "/px/insecure/rs:fit:30:30/plain/sunset.jpg"
    assert server.get("/resize", url="sunset.jpg", preset="tiny").status == 400
    assert server.get(imgproxy).status == 404
    assert server.get("/admin/purges").status == 404
    one.write(
        presets='{"tiny": "width=10"}',
        dialects='[{"dialect": "imgproxy", "mount": "/px"}]',
        max_url_bytes="256",
        admin_token=TOKEN,
    )
    one.reload()
    assert server.get("/resize", url="sunset.jpg", preset="tiny").status == 200
    assert server.get("/resize", url="sunset.jpg", preset="small").status == 400
    assert server.get(imgproxy).status == 200
    assert server.get("/resize", url="a" * 256).status == 414
    assert server.get("/admin/purges", {"Authorization": f"Bearer {TOKEN}"}).status == 200


def test_the_log_level_is_reloaded(reloaded: Callable[..., Reloaded]) -> None:
    one = reloaded(log_level="info")
    assert one.server.get("/resize", url="sunset.jpg", width=61).status == 200
    until(lambda: bool(one.lines("request")), 60, "a line of the access log")
    one.write(log_level="error")
    one.reload()
    lines = len(one.lines("request"))
    assert one.server.get("/resize", url="sunset.jpg", width=61).status == 200
    assert one.server.stop() == 0
    assert len(one.lines("request")) == lines


def test_with_an_invalid_setting_all_that_is_in_force_stays(reloaded: Callable[..., Reloaded]) -> None:
    one = reloaded(presets='{"small": "width=20"}')
    one.write(presets='{"tiny": "width=10"}', queue="many")
    assert "PIXMILL_QUEUE=many" in one.reload("settings_not_reloaded")["error"]
    assert one.server.get("/resize", url="sunset.jpg", preset="small").status == 200
    assert one.server.get("/resize", url="sunset.jpg", preset="tiny").status == 400


def test_a_setting_that_needs_a_restart_is_named_and_the_others_are_reloaded(reloaded: Callable[..., Reloaded]) -> None:
    one = reloaded(presets='{"small": "width=20"}')
    one.write(presets='{"tiny": "width=10"}', metrics="false")
    assert one.reload("settings_need_restart")["settings"] == "PIXMILL_METRICS"
    assert one.server.get("/resize", url="sunset.jpg", preset="tiny").status == 200
    assert one.server.get("/metrics").status == 200


def test_what_would_open_the_server_with_settings_that_stay_is_not_reloaded() -> None:
    one = Reloaded(keys=OLD)
    one.server.environment["PIXMILL_HOST"] = "0.0.0.0"
    with one.server:
        one.write(allowed_sources="path:")
        assert "PIXMILL_KEYS" in one.reload("settings_not_reloaded")["error"]
        assert code_of(one.server, "/resize?url=sunset.jpg&width=50") == (403, "signature_missing")
