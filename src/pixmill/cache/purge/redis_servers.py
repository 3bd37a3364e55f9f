"""The servers that read a purge log in Redis, and up to where.

Knows one hash, which each server renews with every poll. Absence proves nothing, since Redis may lose the hash: a
server that ends says so, and one that was seen stays unconfirmed until it is heard of or was silent for ten minutes.

    {PREFIX:purge-log}:servers    hash: server, "heartbeat generation place machine pid"; the heartbeat in seconds
"""

import asyncio
import os
import socket
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from itertools import count
from pathlib import Path
from time import monotonic, time
from typing import Final

from pixmill.cache.purge_log import CONFIRM_S, MEMBER_S, Confirmation
from pixmill.errors import StoreError
from pixmill.storage.redis import RedisClient

_SILENT_S: Final = 5
_SILENT_CONFIRM_S: Final = 0.2
"""How long a purge waits if every server that lacks it has been silent for ``_SILENT_S`` when it begins. Heartbeats are
whole seconds, and up to two apart: such a server has stood still for longer than ``fence.MAX_GAP_S``, or it is gone."""

_FIRST_DELAY_S, _MAX_DELAY_S = 0.002, 0.05
_NUMBERS = count()
_LEFT: Final = b"left"
_LEAVE_S: Final = 1.0

_STATES = """
return {redis.call('zrangebyscore', KEYS[1], 0, 0, 'limit', 0, 1)[1] or '', redis.call('time')[1],
        redis.call('hgetall', KEYS[2])}
"""


class RedisServers:
    """All servers of a log."""

    def __init__(self, client: RedisClient, log_key: str) -> None:
        self.own = f"{socket.gethostname()}:{os.getpid()}-{next(_NUMBERS)}"
        self.process = f"{_machine()} {os.getpid()}"
        self.key = f"{{{log_key}}}:servers"
        self._client = client
        self._log_key = log_key
        self._last_heard_s: dict[bytes, int] = {}

    async def confirm(self, place: int) -> Confirmation:
        """Wait until every server has applied the log up to ``place``. Raises StoreError."""
        started, delay_s = monotonic(), _FIRST_DELAY_S
        patience_s = 0.0
        while True:
            confirmed, waiting = await self._look(place)
            if not patience_s:
                heard = any(silent_s < _SILENT_S for silent_s in waiting.values())
                patience_s = CONFIRM_S if heard else _SILENT_CONFIRM_S
            if not waiting or monotonic() - started > patience_s:
                return Confirmation(_names(confirmed), _names(waiting))
            await asyncio.sleep(delay_s)
            delay_s = min(delay_s * 1.5, _MAX_DELAY_S)

    async def look(self) -> None:
        """Learn which servers there are. Raises StoreError."""
        await self._look(0)

    def known(self) -> tuple[str, ...]:
        """Return the other servers, as last seen."""
        return _names(self._last_heard_s)

    async def leave(self) -> None:
        """Say that this server ends."""
        with suppress(StoreError, TimeoutError):
            async with asyncio.timeout(_LEAVE_S):
                await self._client.set_field(self.key, self.own, b"%d %s 0 - 0" % (time(), _LEFT))

    async def _look(self, place: int) -> tuple[list[bytes], dict[bytes, float]]:
        """Return the servers that have applied the log up to the place, and how long each other one is silent."""
        current, now, pairs = await self._client.run_script(_STATES, (self._log_key, self.key))
        confirmed, gone = [], []
        for server, state in zip(pairs[::2], pairs[1::2], strict=True):
            heartbeat, generation, applied, machine, pid = state.split(b" ")
            silent_s = int(now) - int(heartbeat)
            if silent_s > MEMBER_S:
                gone.append(server)
            elif generation == _LEFT or (machine == _machine().encode() and not _is_running(int(pid))):
                self._last_heard_s.pop(server, None)
            else:
                self._last_heard_s[server] = int(heartbeat)
                if generation == current and int(applied) >= place:
                    confirmed.append(server)
        if gone:
            await self._client.delete_fields(self.key, gone)
        self._last_heard_s.pop(self.own.encode(), None)
        silent = {server: float(int(now) - heard) for server, heard in self._last_heard_s.items()}
        self._last_heard_s = {
            server: heard for server, heard in self._last_heard_s.items() if silent[server] <= MEMBER_S
        }
        waiting = self._last_heard_s.keys() - confirmed
        return [one for one in confirmed if one in self._last_heard_s], {one: silent[one] for one in waiting}


def _names(servers: Iterable[bytes]) -> tuple[str, ...]:
    return tuple(sorted(server.decode(errors="replace") for server in servers))


@cache
def _machine() -> str:
    """Return what processes that see each other's ids have in common: the boot and the name space of the ids."""
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}:{Path('/proc/self/ns/pid').readlink()}"
    return socket.gethostname()


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True
