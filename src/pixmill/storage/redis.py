"""Client for a Redis server or cluster: the commands that the cache needs.

Knows redis-py, and translates its errors. Must never know what is stored under a key. Imported only where a
Redis is configured; redis-py takes 60 ms to load.

Not a ``ports.storage.Store``: values have a time to live, listing is slow, and there is no streaming, at which Redis
is poor.
"""

import asyncio
import re
import ssl
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from enum import IntEnum
from typing import Any, Final

import redis.exceptions as theirs
from redis.asyncio import BlockingConnectionPool, Redis, RedisCluster, SSLConnection
from redis.asyncio.connection import Connection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from pixmill.errors import StoreDenied, StoreError, StoreFull, StoreUnavailable
from pixmill.runtime.os_errors import errno_problem
from pixmill.storage.redis_url import RedisTarget

REDIS_ERROR_TYPES: Final[dict[type[Exception], type[StoreError]]] = {
    theirs.AuthenticationError: StoreDenied,
    theirs.AuthorizationError: StoreDenied,
    theirs.AuthenticationWrongNumberOfArgsError: StoreDenied,
    theirs.NoPermissionError: StoreDenied,
    theirs.ReadOnlyError: StoreDenied,
    theirs.OutOfMemoryError: StoreFull,
    theirs.ConnectionError: StoreUnavailable,
    theirs.TimeoutError: StoreUnavailable,
    theirs.ClusterError: StoreUnavailable,
    theirs.RedisClusterException: StoreUnavailable,
    theirs.AskError: StoreUnavailable,
    theirs.TryAgainError: StoreUnavailable,
    theirs.RedisError: StoreError,
    OSError: StoreUnavailable,
}
"""The nearest ancestor of an exception decides. ConnectionError includes a Redis that still loads its data."""

_REDIS_ERRORS = tuple(REDIS_ERROR_TYPES)

_PREFIX_ERROR_TYPES: Final[dict[str, type[StoreError]]] = {
    "MISCONF": StoreDenied,
    "NOREPLICAS": StoreDenied,
    "MASTERDOWN": StoreUnavailable,
    "UNKILLABLE": StoreUnavailable,
    "BUSY": StoreUnavailable,
}
"""Errors for which redis-py has no class, by prefix: the first two reject writes and allow reads."""

MAX_CONNECTIONS: Final = 32
"""Per server process; a command waits for a free connection, within the timeout of the tier."""

_CLOSE_S: Final = 1.0
_DETAIL_CHARACTERS: Final = 300

_ACQUIRE_LOCK_SCRIPT = """
local held = redis.call('get', KEYS[1])
if held and held ~= 'stored' then return 0 end
redis.call('set', KEYS[1], ARGV[1], 'px', ARGV[2])
return held and 2 or 1
"""
_RELEASE_LOCK_SCRIPT = """
if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '0' then return redis.call('del', KEYS[1]) end
return redis.call('set', KEYS[1], 'stored', 'px', ARGV[2])
"""
_EXTEND_LOCK_SCRIPT = (
    "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) end return 0"
)

_SCAN_COUNT: Final = 200


class LockClaim(IntEnum):
    """What came of an attempt to acquire a lock: the replies of its script."""

    HELD = 0
    """By another client."""
    ACQUIRED = 1
    ACQUIRED_AFTER_STORE = 2
    """The last holder has left the mark of a stored result."""


class RedisClient:
    """Connects on first use, and reconnects. The caller limits the time."""

    def __init__(self, target: RedisTarget) -> None:
        self.target = target
        self._redis: Any = _cluster_client(target) if target.cluster else _single_client(target)

    async def get(self, key: str, max_bytes: int) -> bytes:
        """Return the value, cut off after ``max_bytes``; empty when there is none. Raises StoreError."""
        with _translate_errors():
            return bytes(await self._redis.execute_command("GETRANGE", key, 0, max_bytes - 1))

    async def put(self, key: str, value: bytes, ttl_ms: int) -> None:
        """Store or replace, with a time to live. Raises StoreError."""
        with _translate_errors():
            await self._redis.execute_command("SET", key, value, "PX", ttl_ms)

    async def delete(self, key: str) -> None:
        with _translate_errors():
            await self._redis.execute_command("DEL", key)

    async def acquire_lock(self, key: str, token: str, ttl_ms: int) -> LockClaim:
        """Write the token unless there is one. Raises StoreError."""
        with _translate_errors():
            return LockClaim(await self._redis.execute_command("EVAL", _ACQUIRE_LOCK_SCRIPT, 1, key, token, ttl_ms))

    async def extend_lock(self, key: str, token: str, ttl_ms: int) -> bool:
        """Extend the time to live of our token; False if it has gone. Raises StoreError."""
        with _translate_errors():
            return bool(await self._redis.execute_command("EVAL", _EXTEND_LOCK_SCRIPT, 1, key, token, ttl_ms))

    async def release_lock(self, key: str, token: str, mark_ms: int) -> None:
        """Delete our token, but no other; or replace it by the mark of a stored result. Raises StoreError."""
        with _translate_errors():
            await self._redis.execute_command("EVAL", _RELEASE_LOCK_SCRIPT, 1, key, token, mark_ms)

    async def get_fields(self, key: str) -> dict[bytes, bytes]:
        """Return all fields of a hash. Raises StoreError."""
        with _translate_errors():
            return dict(await self._redis.execute_command("HGETALL", key))

    async def set_field(self, key: str, name: str, value: bytes) -> None:
        """Set one field of a hash. Raises StoreError."""
        with _translate_errors():
            await self._redis.execute_command("HSET", key, name, value)

    async def delete_fields(self, key: str, names: Iterable[bytes]) -> None:
        """Delete fields of a hash. Raises StoreError."""
        with _translate_errors():
            await self._redis.execute_command("HDEL", key, *names)

    async def run_script(self, script: str, keys: Sequence[str], *arguments: object) -> Any:
        """Run a Lua script on keys of one slot, and return what it returns. Raises StoreError."""
        with _translate_errors():
            return await self._redis.execute_command("EVAL", script, len(keys), *keys, *arguments)

    async def messages(self, channel: str) -> AsyncGenerator[None, None]:
        """Yield at each message on a channel, and once it is subscribed. Raises StoreError.

        A cluster has no messages: its client cannot subscribe.
        """
        if self.target.cluster:
            return
        with _translate_errors():
            async with self._redis.pubsub() as subscription:
                await subscription.subscribe(channel)
                async for _ in subscription.listen():
                    yield

    async def scan_keys(self, prefix: str) -> AsyncGenerator[str, None]:
        """Yield all keys with a prefix (letters, digits and . _ : -), unordered, some maybe twice.

        Raises StoreError.
        """
        with _translate_errors():
            async for key in self._redis.scan_iter(match=f"{prefix}*", count=_SCAN_COUNT):
                yield key.decode(errors="replace")

    async def close(self) -> None:
        """Disconnect, after a second at most if the server does not respond."""
        with suppress(TimeoutError, *_REDIS_ERRORS):
            async with asyncio.timeout(_CLOSE_S):
                await self._redis.aclose()


_CONNECTING = re.compile(r"Error ([0-9]{1,4}) connecting to (\S{1,253}?)\.(?:\s|\Z)")


def translate(error: Exception) -> StoreError:
    """Return our error for theirs, to be raised ``from`` it."""
    text = str(error)
    error_type = next(
        (REDIS_ERROR_TYPES[ancestor] for ancestor in type(error).__mro__ if ancestor in REDIS_ERROR_TYPES), StoreError
    )
    if error_type is StoreError:
        error_type = _PREFIX_ERROR_TYPES.get(text.partition(" ")[0], StoreError)
    connecting = _CONNECTING.match(text)
    if connecting and not isinstance(error.__context__, ssl.SSLError):  # whose numbers are not those of errno
        return error_type(detail=f"{connecting[2]} {errno_problem(int(connecting[1]))}")
    return error_type(detail=f"{type(error).__name__}: {text}"[:_DETAIL_CHARACTERS])


@contextmanager
def _translate_errors() -> Iterator[None]:
    try:
        yield
    except _REDIS_ERRORS as error:
        raise translate(error) from error


def _single_client(target: RedisTarget) -> Redis:
    # RESP2: with RESP3 redis-py asks for maintenance notifications, which not every server supports.
    pool = BlockingConnectionPool(
        max_connections=MAX_CONNECTIONS,
        timeout=None,
        connection_class=SSLConnection if target.tls else Connection,
        host=target.host,
        port=target.port,
        db=target.database,
        **_connection_options(target),
    )
    return Redis.from_pool(pool)


def _cluster_client(target: RedisTarget) -> RedisCluster:
    return RedisCluster(
        host=target.host,
        port=target.port,
        ssl=target.tls,
        max_connections=MAX_CONNECTIONS,
        **_connection_options(target),
    )


def _connection_options(target: RedisTarget) -> dict[str, Any]:
    """Each command is tried once; the caller limits its time."""
    return {
        "username": target.username or None,
        "password": target.password or None,
        "protocol": 2,
        "socket_timeout": None,
        "socket_connect_timeout": None,
        "retry": Retry(NoBackoff(), 1 if target.cluster else 0),
        "driver_info": None,
    } | (_tls_options(target) if target.tls else {})


def _tls_options(target: RedisTarget) -> dict[str, Any]:
    return {
        "ssl_ca_certs": target.ca or None,
        "ssl_certfile": target.cert or None,
        "ssl_keyfile": target.key or None,
        "ssl_cert_reqs": "required" if target.verify else "none",
        "ssl_check_hostname": target.verify,
    }
