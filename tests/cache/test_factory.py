"""Opens every tier of the settings, or fails with a reason."""

import logging
from pathlib import Path

import pytest

from pixmill.cache.config import CacheConfig
from pixmill.cache.factory import open_cache, user_cache_folder
from pixmill.errors import StoreDenied
from pixmill.ports.storage import Store
from pixmill.storage.memory import MemoryStore
from tests.cache.entries import Recorder, entry_of, key_of


def no_store(url: str) -> Store:
    raise StoreDenied(detail=url)


async def test_every_tier_has_a_name_of_its_own_and_the_order_of_the_setting(tmp_path: Path) -> None:
    opened_urls: list[str] = []

    def open_store(url: str) -> Store:
        opened_urls.append(url)
        return MemoryStore(2**20)

    urls = f"memory://,file://{tmp_path}/a,file://{tmp_path}/b,s3://bucket/prefix,s3://other"
    cache = await open_cache(CacheConfig(cache=urls), Recorder(), open_store)
    assert list(cache.pingables()) == ["memory", "disk", "disk2", "s3", "s32"]
    assert opened_urls == ["s3://bucket/prefix", "s3://other"]
    await cache.close()


async def test_the_default_is_the_user_s_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    cache = await open_cache(CacheConfig(), Recorder(), no_store)
    await cache.put(key_of(1), entry_of())
    await cache.close()
    assert (tmp_path / "pixmill" / key_of(1)[:2] / key_of(1)).is_file()


def test_without_xdg_it_is_below_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    for value in ("", "relative/is/invalid"):
        monkeypatch.setenv("XDG_CACHE_HOME", value)
        assert user_cache_folder() == Path("/home/me/.cache/pixmill")


async def test_the_user_s_folder_is_done_without_where_it_cannot_be_made(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null")
    recorder = Recorder()
    with caplog.at_level(logging.WARNING):
        cache = await open_cache(CacheConfig(), recorder, no_store)
    assert list(cache.pingables()) == ["memory"]
    assert recorder.errors("disk") == {"open": 1}
    assert len(caplog.records) == 1
    await cache.close()


@pytest.mark.parametrize("url", ["file:///dev/null/cache", "s3://not-ours"])
async def test_a_tier_that_was_named_must_work_or_the_start_fails_and_leaves_nothing_open(
    url: str, tmp_path: Path
) -> None:
    config = CacheConfig(cache=f"file://{tmp_path},{url}")
    with pytest.raises(
        ValueError,
        match=r"PIXMILL_CACHE: tier (file:///dev/null/cache is a file|s3://not-ours is not among the stores)",
    ):
        await open_cache(config, Recorder(), no_store)


async def test_an_empty_setting_is_no_cache() -> None:
    cache = await open_cache(CacheConfig(cache=""), Recorder(), no_store)
    await cache.put(key_of(1), entry_of())
    assert await cache.get(key_of(1)) is None
    await cache.close()
