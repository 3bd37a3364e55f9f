"""Store URLs and paths, over a store of a few lines."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from pixmill.errors import (
    ObjectNotFound,
    PixmillError,
    SourceBadResponse,
    SourceCredentials,
    SourceDenied,
    SourceError,
    SourceForbidden,
    SourceNotFound,
    SourceTimeout,
    SourceTooLarge,
    SourceUnreachable,
    StoreCredentials,
    StoreDenied,
    StoreError,
    StoreUnavailable,
    error_classes_by_code,
)
from pixmill.plan.freshness import NO_DIRECTIVES
from pixmill.plan.source import parse_source
from pixmill.ports.values import Original, Stat
from pixmill.sources.config import SourcesConfig
from pixmill.sources.stores import PathSource, StoreSource

CONFIG = SourcesConfig(max_source_bytes=100, source_timeout_s=0.3)


class FakeStore:
    """Objects in memory; ``says`` is the size that is stated, ``pause_s`` passes before each chunk."""

    def __init__(self, objects: dict[str, bytes], *, reported_size: int | None = None, pause_s: float = 0) -> None:
        self.objects = objects
        self.reported_size = reported_size
        self.pause_s = pause_s
        self.streaming = 0
        self.version = "v1"

    async def stat(self, path: str) -> Stat:
        if path not in self.objects:
            raise ObjectNotFound(detail=path)
        return Stat(
            path, len(self.objects[path]) if self.reported_size is None else self.reported_size, 0, self.version
        )

    async def stream(self, path: str) -> tuple[Stat, AsyncIterator[bytes]]:
        return await self.stat(path), self._chunks(self.objects[path])

    async def _chunks(self, body: bytes) -> AsyncIterator[bytes]:
        self.streaming += 1
        try:
            for start in range(0, len(body), 10):
                await asyncio.sleep(self.pause_s)
                yield body[start : start + 10]
        finally:
            self.streaming -= 1


class Failing:
    """A store that always fails, at once or in the middle."""

    def __init__(self, error: Exception, *, midway: bool) -> None:
        self.error = error
        self.midway = midway

    async def stat(self, path: str) -> Stat:
        if not self.midway:
            raise self.error
        return Stat(path, 50, 0, "v1")

    async def stream(self, path: str) -> tuple[Stat, AsyncIterator[bytes]]:
        return await self.stat(path), self._chunks()

    async def _chunks(self) -> AsyncIterator[bytes]:
        yield b"start"
        raise self.error


async def test_a_path_is_read_from_the_image_root() -> None:
    original = await PathSource(CONFIG, FakeStore({"a/b.jpg": b"x" * 100})).fetch(parse_source("/a/b.jpg"))
    with original.spool as spool:
        assert spool.read() == b"x" * 100
    assert original.version.validator == "store:v1"
    assert original.version.directives == NO_DIRECTIVES


async def test_a_store_url_is_read_from_the_store_that_is_found_for_it() -> None:
    def locate(url: str) -> tuple[FakeStore, str]:
        assert url == "s3://photos/2024/a%20b.jpg"
        return FakeStore({"a%20b.jpg": b"picture"}), "a%20b.jpg"

    original = await StoreSource(CONFIG, locate).fetch(parse_source("S3://photos/2024/a%20b.jpg"))
    with original.spool as spool:
        assert spool.read() == b"picture"


async def test_a_bucket_that_is_not_configured_is_forbidden_not_denied_by_the_source() -> None:
    def locate(url: str) -> tuple[FakeStore, str]:
        raise StoreDenied(url)

    with pytest.raises(SourceForbidden):
        await StoreSource(CONFIG, locate).fetch(parse_source("s3://private/key"))


async def test_a_url_that_the_stores_cannot_read_is_a_failure_of_the_source() -> None:
    def locate(url: str) -> tuple[FakeStore, str]:
        raise StoreError(url)

    with pytest.raises(SourceBadResponse):
        await StoreSource(CONFIG, locate).fetch(parse_source("s3://odd/key"))


async def test_a_missing_object_is_not_found() -> None:
    with pytest.raises(SourceNotFound):
        await PathSource(CONFIG, FakeStore({})).fetch(parse_source("a.jpg"))


@pytest.mark.parametrize(("says", "streamed"), [(101, False), (100, True)])
async def test_a_stated_size_beyond_the_limit_is_refused_before_a_byte_is_read(says: int, *, streamed: bool) -> None:
    shelf = FakeStore({"a": b"x" * 101}, reported_size=says)
    with pytest.raises(SourceTooLarge) as caught:
        await PathSource(CONFIG, shelf).fetch(parse_source("a"))
    assert ("stored" not in caught.value.detail) is streamed
    assert shelf.streaming == 0


async def test_an_object_that_ends_early_is_broken() -> None:
    with pytest.raises(SourceBadResponse):
        await PathSource(CONFIG, FakeStore({"a": b"short"}, reported_size=50)).fetch(parse_source("a"))


async def test_an_object_that_has_not_changed_is_not_read_again() -> None:
    shelf = FakeStore({"a": b"picture"})
    for source, ref in (
        (PathSource(CONFIG, shelf), parse_source("a")),
        (StoreSource(CONFIG, lambda _url: (shelf, "a")), parse_source("s3://b/a")),
    ):
        shelf.version = "v1"
        first = await source.fetch(ref)
        first.spool.close()
        assert await source.revalidate(ref, first.version.validator) == NO_DIRECTIVES
        shelf.version = "v2"
        changed = await source.revalidate(ref, first.version.validator)
        assert isinstance(changed, Original)
        with changed.spool as spool:
            assert (spool.read(), changed.version.validator) == (b"picture", "store:v2")
        assert shelf.streaming == 0


async def test_an_object_that_is_gone_is_not_found_when_asked_for_again() -> None:
    with pytest.raises(SourceNotFound):
        await PathSource(CONFIG, FakeStore({})).revalidate(parse_source("a.jpg"), "store:v1")


async def test_a_slow_store_times_out_and_its_stream_is_closed() -> None:
    shelf = FakeStore({"a": b"x" * 100}, pause_s=0.1)
    with pytest.raises(SourceTimeout):
        await PathSource(CONFIG, shelf).fetch(parse_source("a"))
    assert shelf.streaming == 0


NAMED: dict[type[StoreError], type[SourceError]] = {
    ObjectNotFound: SourceNotFound,
    StoreDenied: SourceDenied,
    StoreCredentials: SourceCredentials,
    StoreUnavailable: SourceUnreachable,
}


@pytest.mark.parametrize("midway", [False, True])
@pytest.mark.parametrize("kind", [StoreError, *error_classes_by_code(StoreError).values()])
async def test_every_store_error_has_a_name_among_the_source_errors(kind: type[PixmillError], *, midway: bool) -> None:
    with pytest.raises(SourceError) as caught:
        await PathSource(CONFIG, Failing(kind(detail="private"), midway=midway)).fetch(parse_source("a"))
    assert caught.value.detail == "private"
    for named, expected in NAMED.items():
        assert (kind is named) <= isinstance(caught.value, expected)
