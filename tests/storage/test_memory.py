"""The store in memory keeps to its bytes and forgets nothing by itself."""

import pytest

from pixmill.errors import StoreFull
from pixmill.storage.memory import OBJECT_OVERHEAD_BYTES, MemoryStore


async def listed(store: MemoryStore) -> list[str]:
    return [facts.path async for facts in store.list()]


async def test_an_object_that_can_never_fit_is_refused() -> None:
    store = MemoryStore(max_bytes=5000)
    with pytest.raises(StoreFull):
        await store.put("it", bytes(5001))
    assert await listed(store) == []


async def test_when_there_is_no_room_nothing_is_evicted() -> None:
    store = MemoryStore(max_bytes=2 * (1000 + OBJECT_OVERHEAD_BYTES))
    await store.put("one", bytes(1000))
    await store.put("two", bytes(1000))
    with pytest.raises(StoreFull):
        await store.put("three", b"")
    assert await listed(store) == ["one", "two"]


async def test_what_is_deleted_or_replaced_makes_room() -> None:
    store = MemoryStore(max_bytes=1000 + OBJECT_OVERHEAD_BYTES)
    for letter in (b"a", b"b"):
        await store.put("it", letter * 1000)
    await store.delete("it")
    await store.put("other", bytes(1000))
    assert await listed(store) == ["other"]


async def test_a_refused_replacement_leaves_the_old_object() -> None:
    store = MemoryStore(max_bytes=100 + OBJECT_OVERHEAD_BYTES)
    await store.put("it", b"old")
    with pytest.raises(StoreFull):
        await store.put("it", bytes(101))
    assert await store.get("it", 10) == b"old"


async def test_empty_objects_are_not_free() -> None:
    store = MemoryStore(max_bytes=10 * OBJECT_OVERHEAD_BYTES)
    for number in range(10):
        await store.put(str(number), b"")
    with pytest.raises(StoreFull):
        await store.put("one more", b"")
