"""The compose file: the server would start with it and find the bucket."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from pixmill.settings import load
from tests.deploy.chart import DEPLOY, least_memory, mebibytes

FILE = DEPLOY / "compose.yaml"


def services() -> dict[str, Any]:
    """Return the file with the defaults of unset variables."""
    text = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", FILE.read_text(encoding="utf-8"))
    assert "${" not in text, "a variable without a default"
    return dict(yaml.safe_load(text)["services"])


PIXMILL = services()["pixmill"]
S3 = services()["s3"]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PIXMILL_HOST", "0.0.0.0")  # as the image says
    for name, value in PIXMILL["environment"].items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("environment")
def test_the_server_starts_with_it_and_serves_the_bucket_alone() -> None:
    settings = load()
    assert settings.images == settings.stores["photos"].url
    assert settings.allowed_sources == "path:"
    assert settings.unsigned == ""


@pytest.mark.usefixtures("environment")
def test_both_sides_agree_on_bucket_address_and_credentials() -> None:
    store = load().stores["photos"]
    assert f"-bucket={store.url.removeprefix('s3://')}" in S3["command"]
    assert store.endpoint == "http://s3:8333"
    assert store.access_key_id == S3["environment"]["AWS_ACCESS_KEY_ID"]
    assert store.secret_access_key.get_secret_value() == S3["environment"]["AWS_SECRET_ACCESS_KEY"]


@pytest.mark.usefixtures("environment")
def test_whoever_is_being_served_is_served_before_the_end() -> None:
    settings = load()
    grace = float(PIXMILL["stop_grace_period"].removesuffix("s"))
    assert grace >= settings.drain_timeout_s + settings.drain_delay_s + 5


def test_ports_are_those_of_the_server_and_open_to_this_machine_only() -> None:
    assert PIXMILL["ports"] == ["127.0.0.1:8080:8080", "127.0.0.1:9090:9090"]
    assert PIXMILL["environment"]["PIXMILL_ADMIN_LISTEN"] == "0.0.0.0:9090"
    assert S3["ports"] == ["127.0.0.1:8333:8333"]


def test_the_check_asks_whether_the_server_can_serve() -> None:
    kind, *command = PIXMILL["healthcheck"]["test"]
    assert (kind, command[:2]) == ("CMD", ["python", "-Ic"])
    compile(command[2], "healthcheck", "exec")
    assert "'/health/ready'" in command[2]


def test_it_runs_with_a_root_that_nobody_writes_to_and_no_privileges() -> None:
    assert PIXMILL["read_only"] is True
    assert PIXMILL["cap_drop"] == ["ALL"]
    assert PIXMILL["security_opt"] == ["no-new-privileges:true"]
    assert PIXMILL["volumes"] == ["cache:/var/cache/pixmill"]


def test_the_image_is_built_from_what_is_here() -> None:
    build = PIXMILL["build"]
    assert (FILE.parent / build["context"] / build["dockerfile"]).resolve() == DEPLOY / "Dockerfile"


def test_names_of_images_name_no_host() -> None:
    for service in (PIXMILL, S3):
        assert not re.match(r"[^/]*[.:][^/]*/", service["image"])


def test_memory_tier_and_workers_fit_the_limit() -> None:
    limit = mebibytes(PIXMILL["mem_limit"].upper())
    assert least_memory(PIXMILL["environment"], limit) <= limit


def test_stores_are_one_line_of_json() -> None:
    assert set(json.loads(PIXMILL["environment"]["PIXMILL_STORES"])) == {"photos"}
