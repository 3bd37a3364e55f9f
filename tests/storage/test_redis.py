"""What a Redis answers when it does not do what it is told, in our words; each answer is a real one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import redis.exceptions as theirs

from pixmill.errors import StoreDenied, StoreError, StoreFull, StoreUnavailable
from pixmill.storage.redis import RedisClient, translate
from pixmill.storage.redis_url import RedisTarget
from tests.servers.ports import free_port
from tests.servers.redis import RedisCluster, RedisServer, TlsFront


@asynccontextmanager
async def client_of(port: int, **changes: Any) -> AsyncIterator[RedisClient]:
    client = RedisClient(RedisTarget("127.0.0.1", port, **changes))
    yield client
    await client.close()


async def test_a_value_ends_by_itself(redis_server: RedisServer) -> None:
    async with client_of(redis_server.port) as client:
        await client.put("ends", b"value", 60_000)
        with redis_server.client() as looking:
            assert 50_000 < looking.pttl("ends") <= 60_000


async def test_no_more_is_read_than_asked_for(redis_server: RedisServer) -> None:
    async with client_of(redis_server.port) as client:
        await client.put("large", bytes(10_000), 60_000)
        assert len(await client.get("large", 100)) == 100
        assert await client.get("nothing", 100) == b""


async def test_a_token_is_given_once_and_taken_back_by_its_owner_alone(redis_server: RedisServer) -> None:
    async with client_of(redis_server.port) as client:
        assert await client.acquire_lock("lease", "mine", 60_000)
        assert not await client.acquire_lock("lease", "yours", 60_000)
        assert not await client.extend_lock("lease", "yours", 90_000)
        await client.release_lock("lease", "yours", 0)
        assert await client.extend_lock("lease", "mine", 90_000)
        with redis_server.client() as looking:
            assert looking.get("lease") == b"mine"
            assert looking.pttl("lease") > 80_000
        await client.release_lock("lease", "mine", 0)
        assert not await client.extend_lock("lease", "mine", 90_000)
        assert await client.acquire_lock("lease", "yours", 60_000)


async def test_nobody_there_is_unavailable() -> None:
    async with client_of(free_port()) as client:
        with pytest.raises(StoreUnavailable):
            await client.get("key", 10)


@pytest.mark.parametrize("password", ["", "wrong"])
async def test_a_missing_or_wrong_password_is_denied_and_not_told(password: str) -> None:
    with RedisServer(password="right") as server:
        async with client_of(server.port, password=password) as client:
            with pytest.raises(StoreDenied) as refused:
                await client.get("key", 10)
            assert "wrong" not in refused.value.detail.replace("wrongpass", "")
        async with client_of(server.port, password="right") as client:
            assert await client.get("key", 10) == b""


async def test_users_and_their_rights(redis_server: RedisServer) -> None:
    with redis_server.client() as admin:
        admin.acl_setuser("reader", enabled=True, passwords=["+pw"], keys=["*"], commands=["+getrange"])
    async with client_of(redis_server.port, username="reader", password="pw") as client:
        assert await client.get("key", 10) == b""
        with pytest.raises(StoreDenied):
            await client.put("key", b"value", 1_000)


async def test_a_full_redis_that_evicts_nothing_is_full_and_can_be_read() -> None:
    with RedisServer("--maxmemory", "1", "--maxmemory-policy", "noeviction") as server:
        async with client_of(server.port) as client:
            with pytest.raises(StoreFull):
                await client.put("key", b"value", 1_000)
            assert await client.get("key", 10) == b""


async def test_a_replica_is_read_only() -> None:
    with RedisServer("--replicaof", "127.0.0.1", str(free_port()), "--replica-serve-stale-data", "yes") as server:
        async with client_of(server.port) as client:
            with pytest.raises(StoreDenied):
                await client.put("key", b"value", 1_000)
            assert await client.get("key", 10) == b""


async def test_a_redis_started_anew_is_used_again() -> None:
    with RedisServer() as server:
        async with client_of(server.port) as client:
            await client.put("key", b"value", 60_000)
            server.stop()
            with pytest.raises(StoreUnavailable):
                await client.get("key", 10)
            server.start()
            await client.put("key", b"again", 60_000)
            assert await client.get("key", 10) == b"again"


async def test_the_certificate_is_verified_unless_that_is_refused(redis_server: RedisServer, tmp_path: Path) -> None:
    with TlsFront(redis_server.port, tmp_path) as front:
        for changes, works in (({"ca": str(front.ca)}, True), ({}, False), ({"verify": False}, True)):
            async with client_of(front.port, tls=True, **changes) as client:
                if works:
                    assert await client.get("key", 10) == b""
                else:
                    with pytest.raises(StoreUnavailable) as refused:
                        await client.get("key", 10)
                    assert "certificate" in refused.value.detail.lower()


async def test_a_certificate_for_another_host_is_refused(redis_server: RedisServer, tmp_path: Path) -> None:
    with TlsFront(redis_server.port, tmp_path, name="example.com") as front:
        async with client_of(front.port, tls=True, ca=str(front.ca)) as client:
            with pytest.raises(StoreUnavailable):
                await client.get("key", 10)


@pytest.mark.xdist_group("seaweedfs")
async def test_a_cluster_spreads_keys_and_follows_a_slot_that_moves(redis_cluster: RedisCluster) -> None:
    async with client_of(redis_cluster.nodes[0].port, cluster=True) as client:
        for number in range(30):
            await client.put(f"spread:{number}", b"value", 60_000)
        assert all(node.keys("spread:*") for node in redis_cluster.nodes)
        _move_slot(redis_cluster, "moving")
        await client.put("moving", b"value", 60_000)
        assert await client.get("moving", 10) == b"value"
        assert await client.acquire_lock("moving:lease", "mine", 60_000)
        await client.release_lock("moving:lease", "mine", 0)
        assert redis_cluster.keys("moving:lease") == []


def _move_slot(cluster: RedisCluster, key: str) -> None:
    """Give the empty slot of the key to another node, behind the back of whoever has learnt where it is."""
    with cluster.nodes[0].client() as client:
        slot = client.execute_command("CLUSTER", "KEYSLOT", key)
    heir = cluster.nodes[(slot + 1) % len(cluster.nodes)]
    with heir.client() as client:
        name = client.execute_command("CLUSTER", "MYID")
    for node in cluster.nodes:
        with node.client() as client:
            client.execute_command("CLUSTER", "SETSLOT", slot, "NODE", name)


def test_every_failure_of_the_client_library_has_a_meaning() -> None:
    exceptions = [kind for kind in vars(theirs).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert len(exceptions) > 25
    for kind in exceptions:
        assert isinstance(translate(kind("1 host:1")), StoreError)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("MISCONF Redis is configured to save RDB snapshots", StoreDenied),
        ("NOREPLICAS Not enough good replicas to write.", StoreDenied),
        ("BUSY Redis is busy running a script", StoreUnavailable),
        ("WRONGTYPE Operation against a key", StoreError),
    ],
)
def test_answers_without_a_class_are_told_apart_by_their_first_word(text: str, meaning: type[StoreError]) -> None:
    assert type(translate(theirs.ResponseError(text))) is meaning
