"""Where settings come from, which are refused, and when the server must not start."""

import json
from pathlib import Path
from typing import Any

import pytest

from pixmill.api.config import is_loopback
from pixmill.settings import RENAMED, Settings, SettingsError, env_name, load, setting_origins

KEY = "a-key-of-sixteen-characters"


@pytest.fixture(autouse=True)
def _nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(env_name(name), raising=False)
    monkeypatch.chdir(tmp_path)


def test_a_flag_counts_more_than_the_environment_and_that_more_than_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("PIXMILL_PORT=1\nPIXMILL_WORKERS=1\nPIXMILL_QUEUE=1")
    monkeypatch.setenv("PIXMILL_PORT", "2")
    monkeypatch.setenv("PIXMILL_WORKERS", "2")
    settings = load({"port": "3"})
    assert (settings.port, settings.workers, settings.queue) == (3, 2, 1)


def test_names_of_variables_may_be_written_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("pixmill_port", "7")
    settings = load()
    assert settings.port == 7
    assert {row.name: row.source for row in setting_origins(settings, {})}["PIXMILL_PORT"] == "environment"


def test_a_misspelt_variable_is_refused_with_the_name_that_was_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIXMILL_WORKER", "2")
    with pytest.raises(SettingsError, match="PIXMILL_WORKER is no setting; did you mean PIXMILL_WORKERS"):
        load()


def test_a_renamed_variable_is_refused_with_its_new_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIXMILL_CONFINEMENT", "strict")
    with pytest.raises(SettingsError, match="PIXMILL_CONFINEMENT has been renamed to PIXMILL_SANDBOX"):
        load()


def test_a_misspelt_variable_in_the_file_is_refused_too(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PIXMIL=1\nPIXMILL_KEY=secret")
    with pytest.raises(SettingsError, match="PIXMILL_KEY is no setting; did you mean PIXMILL_KEYS"):
        load()


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"PIXMILL_PORT=\xff")
    with pytest.raises(SettingsError, match=r"\.env is not UTF-8"):
        load()


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"port": "many"}, "PIXMILL_PORT=many (--port): must be a whole number from 0 to 65535"),
        ({"port": "65536"}, "PIXMILL_PORT=65536 (--port): must be a whole number"),
        ({"tag_header": "Accept"}, "PIXMILL_TAG_HEADER=Accept (--tag-header): must be the name of a header"),
        ({"tag_header": "a b"}, "PIXMILL_TAG_HEADER='a b' (--tag-header): must be the name of a header"),
        ({"source_tag_header": "a:b"}, "PIXMILL_SOURCE_TAG_HEADER=a:b (--source-tag-header): must be"),
        ({"admin_listen": "9090"}, "PIXMILL_ADMIN_LISTEN=9090 (--admin-listen): must be an address and a port"),
        ({"admin_listen": "::1:9090"}, "PIXMILL_ADMIN_LISTEN=::1:9090 (--admin-listen): must be"),
        ({"admin_listen": "127.0.0.1:65536"}, "PIXMILL_ADMIN_LISTEN=127.0.0.1:65536 (--admin-listen): must be"),
        ({"admin_listen": "127.0.0.1:8080"}, "PIXMILL_ADMIN_LISTEN=127.0.0.1:8080 needs another port"),
        ({"deadline_s": "0"}, "PIXMILL_DEADLINE_S=0 (--deadline-s): must be a duration of more than 0s"),
        ({"cache": "disk"}, "PIXMILL_CACHE=disk (--cache): 'disk' is not a tier"),
        ({"cache": "memory://?max_bytes=lots"}, "has max_bytes=lots, which is no size"),
        ({"keys": "short"}, "PIXMILL_KEYS (--keys): signing key 1 must have at least 16 bytes"),
        ({"auto_formats": "png"}, "PIXMILL_AUTO_FORMATS=png (--auto-formats): png cannot be negotiated"),
        ({"allowed_networks": "10.0.0.1/8"}, "'10.0.0.1/8' is no network, but an address in one: write 10.0.0.0/8"),
        ({"stores": {"a": {"url": "ftp://a"}}}, "PIXMILL_STORES.a (--stores): the url of a named store"),
        ({"log_level": "loud"}, "PIXMILL_LOG_LEVEL=loud (--log-level): must be debug, info, warning or error"),
        ({"cache_min_ttl_s": "9", "cache_max_ttl_s": "8"}, "PIXMILL_CACHE_MIN_TTL_S=9s is more than"),
    ],
    ids=str,
)
def test_a_value_that_cannot_be_is_named_once(flags: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load(flags)
    text = str(refused.value)
    assert said in text
    assert all(text.count(env_name(name) + ":") <= 1 for name in flags)
    assert "\n" not in text


def test_everything_that_is_wrong_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIXMILL_WRONG", "1")
    with pytest.raises(SettingsError) as refused:
        load({"port": "x", "queue": "y"})
    assert str(refused.value).splitlines() == [
        "3 settings are wrong:",
        "  PIXMILL_WRONG is no setting; `pixmill config` lists all settings",
        "  PIXMILL_QUEUE=y (--queue): must be a whole number of at least 0; for example PIXMILL_QUEUE=256",
        "  PIXMILL_PORT=x (--port): must be a whole number from 0 to 65535; for example PIXMILL_PORT=8080",
    ]


def test_json_that_cannot_be_read_is_named_and_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIXMILL_STORES", '{"a": {"secret_access_key": "hidden"')
    with pytest.raises(SettingsError, match="PIXMILL_STORES: is no JSON: it ends too early") as refused:
        load()
    assert "hidden" not in str(refused.value)


def test_a_store_that_is_wrong_does_not_show_its_secrets() -> None:
    with pytest.raises(SettingsError) as refused:
        load({"stores": {"a": {"url": "s3://a", "secret_access_key": "hidden"}}})
    assert "hidden" not in str(refused.value)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.1.2.3", "192.168.1.1", "example.com", "localhost.example.com"])
def test_a_server_that_others_reach_must_be_told_what_is_meant(host: str) -> None:
    with pytest.raises(SettingsError, match="PIXMILL_KEYS"):
        load({"host": host})
    for meant in ({"keys": KEY}, {"allowed_sources": "https://example.com/"}, {"unsigned": "allow"}):
        assert load({"host": host, **meant}).host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_a_server_for_this_machine_alone_needs_to_be_told_nothing(host: str) -> None:
    assert is_loopback(host)
    assert load({"host": host}).keyring() is None


def test_keys_mean_that_unsigned_requests_are_denied_unless_allowed() -> None:
    assert load({"keys": KEY}).keyring() is not None
    assert load({"keys": KEY, "unsigned": "deny"}).keyring() is not None
    assert load({"keys": KEY, "unsigned": "allow"}).keyring() is None
    with pytest.raises(SettingsError, match="PIXMILL_UNSIGNED=deny needs PIXMILL_KEYS"):
        load({"unsigned": "deny"})


def test_every_setting_is_described_and_can_be_shown() -> None:
    settings = load({"keys": KEY})
    for row in setting_origins(settings, {"keys": KEY}):
        field = Settings.model_fields[row.name.removeprefix("PIXMILL_").lower()]
        assert field.description
        assert field.description.endswith(".")
        assert KEY not in row.value


def test_a_password_in_the_url_of_a_tier_is_not_shown_and_not_told_by_an_error() -> None:
    cache = "memory://,redis://me:topsecret@cache.internal:6379/0?timeout=100ms,s3://bucket"
    settings = load({"cache": cache, "redis_password": "alsosecret"})
    shown = {row.name: row.value for row in setting_origins(settings, {})}
    assert shown["PIXMILL_CACHE"] == cache.replace("me:topsecret", "[redacted]")
    assert "secret" not in repr(shown).replace("client_secret", "")
    with pytest.raises(SettingsError, match=r"^PIXMILL_CACHE \(--cache\): tier 2 has an invalid port") as refused:
        load({"cache": "memory://,redis://me:topsecret@cache.internal:port"})
    assert "topsecret" not in str(refused.value)


def test_renamed_variables_name_settings_that_exist() -> None:
    names = {env_name(name) for name in Settings.model_fields}
    assert set(RENAMED.values()) <= names
    assert not set(RENAMED) & names


OPEN = {"dialect": "native", "mount": "/m", "keys": ""}


@pytest.mark.parametrize(
    "closed",
    [
        {"dialects": [OPEN | {"source": "folder"}]},
        {"dialects": [OPEN | {"sources": "https://example.com/"}]},
        {"dialects": [OPEN | {"keys": KEY}]},
        {"dialects": [OPEN], "allowed_sources": "https://example.com/"},
        {"dialects": [OPEN], "unsigned": "allow"},
    ],
)
def test_a_mount_that_would_be_an_open_proxy_is_refused_unless_it_is_wanted(closed: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match="PIXMILL_DIALECTS: native on /m answers unsigned requests for any source"):
        load({"dialects": json.dumps([OPEN])})
    load(closed | {"dialects": json.dumps(closed["dialects"])})


def test_keys_of_the_server_close_no_mount_that_answers_unsigned_requests() -> None:
    with pytest.raises(SettingsError, match="any source"):
        load({"keys": KEY, "dialects": json.dumps([OPEN])})
    load({"keys": KEY, "dialects": '[{"dialect": "native", "mount": "/m"}]'})
    load({"dialects": '[{"dialect": "native", "mount": "/m"}]'})  # as open as the server, which is for this machine


@pytest.mark.parametrize("sources", ["ftp://a", "nonsense", ",", "https://a?b"])
def test_a_list_of_sources_that_cannot_be_names_its_entry(sources: str) -> None:
    with pytest.raises(SettingsError, match="PIXMILL_DIALECTS: "):
        load({"dialects": json.dumps([OPEN | {"sources": sources}])})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALLOWED_SOURCES", "https://user:hunter two@a.example/,https://b.example/"),
        ("ALLOWED_SOURCES", "https://a.example/?token=hunter-two"),
        ("DNS_SERVERS", "user:hunter@10.0.0.1"),
        ("TRUSTED_PROXIES", "user:hunter@10.0.0.1"),
        ("AUTO_FORMATS", "user:hunter@10.0.0.1"),
        ("HOST", "user:hunter@10.0.0.1"),
        ("STORES", '{"a": {"url": "s3://user:hunter@bucket"}}'),
        ("STORES", '{"a": {"url": "s3://bucket", "endpoint": "http://user:hunter@a.example"}}'),
        ("STORES", '{"a": {"url": "s3://bucket", "secret_access_key": ["hunter"]}}'),
    ],
)
def test_no_message_quotes_a_password(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"PIXMILL_{name}", value)
    with pytest.raises(SettingsError, match=f"PIXMILL_{name}") as refused:
        load()
    assert "hunter" not in str(refused.value)


def test_settings_are_shown_as_they_are_written_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    store = {"url": "s3://bucket", "access_key_id": "id", "secret_access_key": "hunter"}
    monkeypatch.setenv("PIXMILL_STORES", json.dumps({"a": store}))
    monkeypatch.setenv("PIXMILL_CACHE", "memory://,redis://user:hunter two@a.example/0")
    values = {row.name: row.value for row in setting_origins(load(), {})}
    assert json.loads(values["PIXMILL_STORES"]) == {"a": {**store, "secret_access_key": "**********"}}
    assert values["PIXMILL_CACHE"] == "memory://,redis://[redacted]@a.example/0"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HOST", "a\x1b[31m"),
        ("HOST", "x" * 5_000),
        ("CACHE\x1b[31m", "memory://"),
        ("N" * 5_000, "1"),
        ("STORES", '{"a\\u001b[31m": {"url": "s3://a"}}'),
        ("STORES", json.dumps({"x" * 5_000: {"url": "s3://a"}})),
        ("PRESETS", json.dumps({"x" * 5_000: {"width": [1]}})),
        ("PRESETS", '{"a\\u001b[31m": {"width": [1]}}'),
        ("DIALECTS", json.dumps([{"dialect": "thumbor", "mount": "/\x1b[31m"}])),
    ],
)
def test_messages_are_short_and_do_not_steer_a_terminal(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"PIXMILL_{name}", value)
    with pytest.raises(SettingsError) as refused:
        load()
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 1_000


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("STORES", '{"a": {"url": 5}}', "PIXMILL_STORES.a: url must be a text in double quotes"),
        ("STORES", '{"a": 5}', "PIXMILL_STORES.a: must be an object in { }"),
        ("STORES", '{"a": {"url": "s3://a", "regoin": "b"}}', "PIXMILL_STORES.a: regoin is no field of a store"),
        ("PRESETS", '{"a": {"width": [1]}}', "preset a (a query string or a JSON object): a value must be true or"),
        ("CACHE_TTL_S", "9" * 20 + "d", "is too long: a duration is at most 36500d"),
        ("MAX_SOURCE_BYTES", "9" * 20, "is too large: a size is less than 8192PiB"),
    ],
)
def test_messages_name_the_place_and_the_reason(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str
) -> None:
    monkeypatch.setenv(f"PIXMILL_{name}", value)
    with pytest.raises(SettingsError) as refused:
        load()
    assert message in str(refused.value)
