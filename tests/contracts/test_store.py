"""Contract of every store: one suite for memory, the local file system and a real S3 server."""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pixmill.errors import ObjectNotFound, ObjectTooLarge, StoreDenied
from pixmill.ports.storage import BulkDeleter, Store
from pixmill.storage.config import StorageConfig
from pixmill.storage.factory import open_store
from tests.servers.seaweedfs import SeaweedFS

MIB = 2**20
NUMBERS = itertools.count()

BACKENDS = [
    "memory",
    "file",
    pytest.param("s3", marks=pytest.mark.xdist_group("seaweedfs")),
]

ODD_NAMES = [
    "a b%20ü#.jpg",
    "e\u0301.png",
    "é.png",
    "x#1",
    "%41.jpg",
    "100%.png",
    "q?*[1]{2}|^`~<>\"'.png",
    "+plus&amp;.jpg",
    "a:b,c;d=e@f!$().png",
    "日本/😀.webp",
    " leading and trailing ",
    ".hidden",
    "...",
    "..a/b..",
]

BAD_PATHS = [
    "",
    "/",
    "/a",
    "a/",
    "a//b",
    ".",
    "..",
    "./a",
    "a/.",
    "a/./b",
    "../a",
    "a/../b",
    "a/..",
    "a\0b",
    "a\nb",
    "a\x7fb",
    "a\x85b",
    "a\\b",
    "..\\a",
    "\ud800",
    "\uffff",
    "x" * 1025,
    "ü" * 513,
]


@pytest.fixture(params=BACKENDS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    if request.param == "s3":
        server: SeaweedFS = request.getfixturevalue("seaweedfs")
        bucket = f"contract-{next(NUMBERS)}"
        server.make_bucket(bucket)
        config = StorageConfig.model_validate({"stores": {"it": server.named_store(bucket)}})
        opened = open_store(f"s3://{bucket}/below", config)
    else:
        url = {"memory": "memory://?max_bytes=64MiB", "file": f"file://{tmp_path}/made/here"}[request.param]
        opened = open_store(url, StorageConfig(), create=True)
    yield opened
    await opened.close()


async def listed(store: Store, prefix: str = "") -> list[str]:
    return sorted([facts.path async for facts in store.list(prefix)])


@pytest.mark.parametrize("data", [b"", b"x", bytes(range(256)) * 4, os.urandom(5_000_000)], ids=len)
async def test_what_was_put_is_what_one_gets(store: Store, data: bytes) -> None:
    await store.put("some/where/it.bin", data)
    assert await store.get("some/where/it.bin", len(data)) == data


async def test_what_was_never_put_is_not_found(store: Store) -> None:
    for ask in (store.get("nothing", 100), store.stat("nothing"), store.stream("nothing")):
        with pytest.raises(ObjectNotFound):
            await ask


async def test_a_folder_is_no_object(store: Store) -> None:
    await store.put("folder/it", b"it")
    for ask in (store.get("folder", 100), store.stat("folder"), store.stream("folder")):
        with pytest.raises(ObjectNotFound):
            await ask


async def test_nothing_lies_below_an_object(store: Store) -> None:
    await store.put("file", b"it")
    for ask in (store.get("file/it", 100), store.stat("file/it"), store.stream("file/it")):
        with pytest.raises(ObjectNotFound):
            await ask
    await store.delete("file/it")
    assert await store.get("file", 2) == b"it"


async def test_a_second_put_replaces_the_first(store: Store) -> None:
    await store.put("it", b"first, and longer")
    await store.put("it", b"second")
    assert await store.get("it", 100) == b"second"
    assert (await store.stat("it")).size == 6
    assert await listed(store) == ["it"]


async def test_an_object_larger_than_asked_for_is_refused(store: Store) -> None:
    await store.put("it", b"12345")
    assert await store.get("it", 5) == b"12345"
    with pytest.raises(ObjectTooLarge):
        await store.get("it", 4)
    with pytest.raises(ObjectTooLarge):
        await store.get("it", 0)


async def test_stat_tells_path_size_and_time(store: Store) -> None:
    await store.put("a/it", b"12345")
    facts = await store.stat("a/it")
    assert (facts.path, facts.size) == ("a/it", 5)
    assert 1.7e9 < facts.modified < 4e9


async def test_the_validator_changes_with_the_bytes_and_only_then(store: Store) -> None:
    seen = set()
    for data in (b"one", b"two", b"six", b"seven"):
        await store.put("it", data)
        seen.add((await store.stat("it")).validator)
    assert len(seen) == 4
    assert (await store.stat("it")).validator in seen


async def test_stat_stream_and_list_tell_the_same(store: Store) -> None:
    await store.put("it", b"bytes")
    facts, chunks = await store.stream("it")
    assert [chunk async for chunk in chunks] == [b"bytes"]
    assert facts == await store.stat("it")
    assert [seen async for seen in store.list()] == [facts]


async def test_a_listing_is_by_folder_and_not_by_the_letters_of_a_name(store: Store) -> None:
    paths = ["a/x", "a/y/z", "ab/x", "c"]
    for path in paths:
        await store.put(path, b"it")
    assert await listed(store, "a") == ["a/x", "a/y/z"]
    assert await listed(store, "a/y") == ["a/y/z"]
    assert await listed(store, "c") == ["c"]
    assert await listed(store, "b") == []
    assert await listed(store, "a/x/nothing") == []
    assert await listed(store) == paths


async def test_a_listing_is_complete_however_long_it_is(store: Store) -> None:
    paths = [f"{number % 3}/{number:04}" for number in range(1200)]
    for start in range(0, len(paths), 50):
        await asyncio.gather(*(store.put(path, b"") for path in paths[start : start + 50]))
    assert await listed(store) == sorted(paths)


async def test_deleting_twice_is_no_error(store: Store) -> None:
    await store.put("a/it", b"it")
    await store.delete("a/it")
    await store.delete("a/it")
    await store.delete("never/was")
    with pytest.raises(ObjectNotFound):
        await store.get("a/it", 10)
    assert await listed(store) == []


@pytest.mark.parametrize("path", BAD_PATHS, ids=lambda path: ascii(path[:12]))
async def test_a_bad_path_is_not_found_and_cannot_be_written(store: Store, path: str) -> None:
    for ask in (store.get(path, 10), store.stat(path), store.stream(path)):
        with pytest.raises(ObjectNotFound):
            await ask
    for act in (store.put(path, b""), store.delete(path)):
        with pytest.raises(StoreDenied):
            await act
    if path:
        with pytest.raises(ObjectNotFound):
            await listed(store, path)


@pytest.mark.parametrize("path", ODD_NAMES, ids=ascii)
async def test_every_other_name_comes_back_as_it_was_given(store: Store, path: str) -> None:
    await store.put(path, path.encode())
    assert await store.get(path, 200) == path.encode()
    assert (await store.stat(path)).path == path
    assert await listed(store) == [path]
    await store.delete(path)
    assert await listed(store) == []


async def test_names_that_only_look_alike_are_different_objects(store: Store) -> None:
    for path in ODD_NAMES:
        await store.put(path, path.encode())
    assert [await store.get(path, 200) for path in ODD_NAMES] == [path.encode() for path in ODD_NAMES]
    assert await listed(store) == sorted(ODD_NAMES)


async def test_readers_see_the_old_bytes_or_the_new_and_never_a_part(store: Store) -> None:
    values = [bytes([letter]) * (MIB + letter) for letter in range(12)]
    await store.put("it", values[0])
    done = asyncio.Event()

    async def read() -> set[bytes]:
        seen = set()
        while not done.is_set():
            seen.add(await store.get("it", 2 * MIB))
            await asyncio.sleep(0)
        return seen

    readers = [asyncio.create_task(read()) for _ in range(3)]
    for value in values:
        await store.put("it", value)
    done.set()
    assert set().union(*await asyncio.gather(*readers)) <= set(values)


async def test_of_concurrent_puts_on_one_path_one_whole_value_stays(store: Store) -> None:
    values = [bytes([letter]) * (300_000 + letter) for letter in range(10)]
    await asyncio.gather(*(store.put("a/b/it", value) for value in values))
    assert await store.get("a/b/it", MIB) in values
    assert await listed(store) == ["a/b/it"]


@pytest.mark.parametrize("size", [0, 1, MIB, MIB + 1, 5_000_000])
async def test_a_stream_comes_in_chunks_of_at_most_a_mebibyte(store: Store, size: int) -> None:
    data = os.urandom(size)
    await store.put("it", data)
    facts, chunks = await store.stream("it")
    seen = [chunk async for chunk in chunks]
    assert facts.size == size
    assert b"".join(seen) == data
    assert all(0 < len(chunk) <= MIB for chunk in seen)


async def test_a_stream_may_be_left_unread_or_half_read(store: Store) -> None:
    await store.put("it", os.urandom(5_000_000))
    await store.stream("it")
    _, chunks = await store.stream("it")
    assert await anext(chunks)
    del chunks
    assert (await store.stat("it")).size == 5_000_000


async def test_a_stream_keeps_to_the_bytes_it_began_with(store: Store) -> None:
    old, new = os.urandom(3 * MIB), os.urandom(3 * MIB)
    await store.put("it", old)
    _, chunks = await store.stream("it")
    first = await anext(chunks)
    await store.put("it", new)
    assert first + b"".join([chunk async for chunk in chunks]) == old


async def test_ping_answers_when_all_is_well(store: Store) -> None:
    await store.ping()
    assert await listed(store) == []


async def test_many_are_deleted_at_once_and_missing_ones_do_no_harm(store: Store) -> None:
    if not isinstance(store, BulkDeleter):
        pytest.skip("deletes one by one")
    paths = [f"many/{number} é.bin" for number in range(1_002)]
    for path in paths[::50]:
        await store.put(path, b"it")
    await store.put("many/kept", b"it")
    await store.delete_all(paths)
    assert await listed(store, "many") == ["many/kept"]
    with pytest.raises(StoreDenied):
        await store.delete_all(["../it"])
