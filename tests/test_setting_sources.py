"""Where settings come from: each source overrides those before it, and secrets may be in files."""

import os
from pathlib import Path
from typing import Any

import pytest

from pixmill.settings import SettingsError, load, setting_origins

KEY = "a-key-of-sixteen-characters"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in list(os.environ):
        if name.upper().startswith("PIXMILL_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_options_come_before_the_environment_then_env_then_the_configuration_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "pixmill.toml").write_text("port = 1\nworkers = 1\nqueue = 1\nmax_frames = 1\n")
    (folder / ".env").write_text("PIXMILL_PORT=2\nPIXMILL_WORKERS=2\nPIXMILL_QUEUE=2\n")
    monkeypatch.setenv("PIXMILL_PORT", "3")
    monkeypatch.setenv("PIXMILL_WORKERS", "3")
    flags: dict[str, Any] = {"config": "pixmill.toml", "port": "4"}
    settings = load(flags)
    assert (settings.port, settings.workers, settings.queue, settings.max_frames) == (4, 3, 2, 1)
    sources = {each.name: each.source for each in setting_origins(settings, flags)}
    assert [sources[f"PIXMILL_{name}"] for name in ("PORT", "WORKERS", "QUEUE", "MAX_FRAMES", "HOST")] == [
        "flag",
        "environment",
        ".env",
        "pixmill.toml",
        "default",
    ]


def test_values_of_the_configuration_file_are_those_of_the_environment(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "pixmill.toml").write_text(
        """
PIXMILL_CACHE_TTL_S = "12h"
cache_stale_if_error_s = 60
Rate_Limit = 2.5
http2 = true
allowed_sources = ["https://*.example.com/", "path:"]
images = "."

[presets]
card = {width = 300, fit = "cover"}

[stores.photos]
url = "s3://photos"
secret_access_key = "hush"
access_key_id = "AK"

[[dialects]]
dialect = "imgproxy"
mount = "/px"
"""
    )
    monkeypatch.setenv("PIXMILL_CONFIG", "pixmill.toml")
    settings = load()
    assert (settings.cache_ttl_s, settings.cache_stale_if_error_s, settings.rate_limit) == (43_200, 60, 2.5)
    assert settings.http2 is True
    assert settings.allowed_sources == "https://*.example.com/,path:"
    assert settings.parsed_presets().values_by_name.keys() == {"card"}
    assert settings.stores["photos"].secret_access_key.get_secret_value() == "hush"
    assert [entry.mount for entry in settings.parsed_mounts()] == ["/px"]


@pytest.mark.parametrize("where", ["environment", ".env", "configuration file"])
def test_a_secret_is_the_content_of_a_file_without_the_white_space_around_it(
    where: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "secret").write_text(f"\n  {KEY} \n")
    (folder / "link").symlink_to("secret")  # as Kubernetes mounts them
    flags: dict[str, Any] = {}
    if where == "environment":
        monkeypatch.setenv("PIXMILL_KEYS_FILE", "link")
    elif where == ".env":
        (folder / ".env").write_text("PIXMILL_KEYS_FILE=link\n")
    else:
        (folder / "pixmill.toml").write_text('keys_file = "link"\n')
        flags = {"config": "pixmill.toml"}
    settings = load(flags)
    assert settings.keys.get_secret_value() == KEY
    shown = next(each for each in setting_origins(settings, flags) if each.name == "PIXMILL_KEYS")
    assert (shown.source, KEY in shown.value) == ("PIXMILL_KEYS_FILE", False)


def test_what_is_wrong_with_a_secret_in_a_file_does_not_show_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "secret").write_text("short")
    monkeypatch.setenv("PIXMILL_ADMIN_TOKEN_FILE", "secret")
    with pytest.raises(SettingsError) as caught:
        load()
    assert "PIXMILL_ADMIN_TOKEN_FILE" in str(caught.value)
    assert "short" not in str(caught.value).replace("shorter", "")
