"""What goes wrong between us and a real S3 server, and what we say then."""

import asyncio
import itertools
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import pytest

from pixmill.errors import ObjectNotFound, StoreCredentials, StoreDenied, StoreError, StoreUnavailable
from pixmill.ports.storage import Store
from pixmill.storage.config import StorageConfig
from pixmill.storage.factory import open_store
from tests.servers.ports import refusing_port
from tests.servers.seaweedfs import OWNER, READER, Identity, SeaweedFS
from tests.timers import finished_within

pytestmark = pytest.mark.xdist_group("seaweedfs")

TIMEOUT_S = 1.0
LARGE = 40_000_000
"""More bytes than the buffers between a server and us can hold."""

NUMBERS = itertools.count()


@pytest.fixture
def bucket(seaweedfs: SeaweedFS) -> str:
    name = f"failures-{next(NUMBERS)}"
    seaweedfs.make_bucket(name)
    seaweedfs.put(name, "it", b"it")
    return name


def opened(server: SeaweedFS, bucket: str, who: Identity = OWNER) -> Store:
    stores = {"it": server.named_store(bucket, who)}
    return open_store("it", StorageConfig.model_validate({"stores": stores, "store_timeout_s": TIMEOUT_S}))


async def _list(store: Store) -> None:
    async for _ in store.list():
        pass


READS: dict[str, Callable[[Store], Awaitable[object]]] = {
    "get": lambda store: store.get("it", 100),
    "stat": lambda store: store.stat("it"),
    "stream": lambda store: store.stream("it"),
    "list": _list,
    "ping": lambda store: store.ping(),
}
WRITES: dict[str, Callable[[Store], Awaitable[object]]] = {
    "put": lambda store: store.put("it", b"new"),
    "delete": lambda store: store.delete("it"),
}
ALL = READS | WRITES


@pytest.mark.parametrize("operation", ALL)
@pytest.mark.parametrize("who", [Identity(OWNER.access_key_id, "wrong"), Identity("nobody", "wrong")], ids=str)
async def test_wrong_credentials_are_ours(seaweedfs: SeaweedFS, bucket: str, operation: str, who: Identity) -> None:
    with pytest.raises(StoreCredentials) as denied:
        await ALL[operation](opened(seaweedfs, bucket, who))
    assert "403" in denied.value.detail


@pytest.mark.parametrize("operation", ALL)
async def test_who_may_only_read_is_denied_to_write(seaweedfs: SeaweedFS, bucket: str, operation: str) -> None:
    store = opened(seaweedfs, bucket, READER)
    if operation in READS:
        await READS[operation](store)
        return
    with pytest.raises(StoreDenied) as denied:
        await WRITES[operation](store)
    assert type(denied.value) is StoreDenied
    assert await store.get("it", 10) == b"it"


@pytest.mark.parametrize("operation", READS)
async def test_a_missing_bucket_is_said_to_be_missing(seaweedfs: SeaweedFS, operation: str) -> None:
    with pytest.raises(StoreError, match="bucket does not exist") as missing:
        await READS[operation](opened(seaweedfs, "never-made"))
    assert type(missing.value) is StoreError


@pytest.mark.parametrize("operation", ALL)
async def test_where_nobody_listens_is_unavailable_at_once(operation: str) -> None:
    with refusing_port() as port:
        named = {"url": "s3://photos", "endpoint": f"http://127.0.0.1:{port}", "anonymous": True}
        store = open_store("it", StorageConfig.model_validate({"stores": {"it": named}}))
        with pytest.raises(StoreUnavailable):
            await finished_within(ALL[operation](store), 2)


async def test_a_server_that_is_killed_is_unavailable_at_once() -> None:
    with SeaweedFS() as server:
        server.make_bucket("photos")
        store = opened(server, "photos")
        server.put("photos", "it", os.urandom(LARGE))
        _, chunks = await store.stream("it")
        await anext(chunks)
        server.stop()

        async def use_all() -> None:
            with pytest.raises(StoreUnavailable):
                await _drained(chunks)
            for operation in ALL.values():
                with pytest.raises(StoreUnavailable):
                    await operation(store)

        await finished_within(use_all(), 1 + len(ALL) * TIMEOUT_S)


@pytest.mark.parametrize("operation", ALL)
async def test_a_server_that_stalls_is_unavailable_in_time_and_well_when_it_goes_on(
    seaweedfs: SeaweedFS, bucket: str, operation: str
) -> None:
    store = opened(seaweedfs, bucket)
    await store.ping()
    with seaweedfs.paused(), pytest.raises(StoreUnavailable):
        await finished_within(ALL[operation](store), TIMEOUT_S + 1, least_s=TIMEOUT_S * 0.9)
    async with asyncio.timeout(10 * TIMEOUT_S):
        await _until_it_works(store, operation)


async def _until_it_works(store: Store, operation: str) -> None:
    """On a busy machine not at the first try."""
    while True:
        with suppress(StoreUnavailable):
            await ALL[operation](store)
            return


async def test_a_stream_that_stalls_half_way_is_unavailable_in_time(seaweedfs: SeaweedFS, bucket: str) -> None:
    store = opened(seaweedfs, bucket)
    seaweedfs.put(bucket, "large", os.urandom(LARGE))
    _, chunks = await store.stream("large")
    await anext(chunks)
    with seaweedfs.paused(), pytest.raises(StoreUnavailable):
        await finished_within(_drained(chunks), TIMEOUT_S + 1)


async def _drained(chunks: AsyncIterator[bytes]) -> None:
    async for _ in chunks:
        pass


async def test_a_stalled_server_stalls_nobody_else(seaweedfs: SeaweedFS, bucket: str) -> None:
    store = opened(seaweedfs, bucket)
    with seaweedfs.paused():
        waiting = [asyncio.create_task(_outcome(store)) for _ in range(50)]
        await asyncio.sleep(0.05)
        assert not any(task.done() for task in waiting), "the event loop went on before the first of them ended"
        assert set(await asyncio.gather(*waiting)) == {StoreUnavailable}


async def _outcome(store: Store) -> type[Exception]:
    try:
        await store.get("it", 10)
    except StoreError as error:
        return type(error)
    return ObjectNotFound


async def test_several_buckets_have_their_own_credentials_at_once(
    seaweedfs: SeaweedFS, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "stray")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "stray")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "stray")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    seaweedfs.make_bucket("second")
    stores = {"one": seaweedfs.named_store(bucket), "two": seaweedfs.named_store("second", READER)}
    config = StorageConfig.model_validate({"stores": stores})
    one, two = open_store(f"s3://{bucket}", config), open_store("s3://second", config)
    await one.put("it", b"one")
    with pytest.raises(StoreDenied):
        await two.put("it", b"two")
    with pytest.raises(ObjectNotFound):
        await two.get("it", 10)


async def test_ambient_credentials_serve_when_they_are_allowed(
    seaweedfs: SeaweedFS, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", OWNER.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", OWNER.secret_access_key)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", seaweedfs.endpoint)
    store = open_store(f"s3://{bucket}", StorageConfig(stores_allow_unnamed=True))
    assert await store.get("it", 10) == b"it"


async def test_a_prefix_hides_what_is_beside_it(seaweedfs: SeaweedFS, bucket: str) -> None:
    for key in ("public/it", "publicity", "private/it"):
        seaweedfs.put(bucket, key, b"it")
    named = seaweedfs.named_store(bucket) | {"url": f"s3://{bucket}/public"}
    store = open_store("it", StorageConfig.model_validate({"stores": {"it": named}}))
    assert [facts.path async for facts in store.list()] == ["it"]
    for path in ("../private/it", "private/it", "publicity", "/private/it"):
        with pytest.raises(ObjectNotFound):
            await store.get(path, 10)


UNDER_UVLOOP = """
import json, sys, uvloop
from pixmill.storage.config import StorageConfig
from pixmill.storage.factory import open_store

async def main():
    store = open_store("it", StorageConfig.model_validate({"stores": json.loads(sys.argv[1])}))
    await store.put("loop", bytes(3_000_000))
    facts, chunks = await store.stream("loop")
    print(sum([len(chunk) async for chunk in chunks]), facts.size)
    await store.close()

uvloop.run(main())
"""


def test_it_works_under_uvloop_too(seaweedfs: SeaweedFS, bucket: str) -> None:
    stores = json.dumps({"it": seaweedfs.named_store(bucket)})
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", UNDER_UVLOOP, stores],
        capture_output=True,
        check=False,
        text=True,
        timeout=30,
    )
    assert (done.stdout, done.stderr) == ("3000000 3000000\n", "")
