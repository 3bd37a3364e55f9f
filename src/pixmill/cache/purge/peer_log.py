"""Purges over HTTP between servers that share no Redis: each server is a log of the purges that it knows.

Knows how to find the other servers by a DNS name and how to ask them; must never know tiers. A purge is sent to every
address of the name. Every five seconds, at the start and after a pause a server reads what the others have learned.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from errno import ECONNREFUSED
from http import HTTPStatus
from time import monotonic
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from pixmill.cache.purge_log import CONFIRM_S, MEMBER_S, Confirmation, LogPart
from pixmill.errors import StoreUnavailable
from pixmill.plan.purge_rule import PurgeRule
from pixmill.ports.purges import PEER_PATH, PeerPurges, PeerUpdates

if TYPE_CHECKING:
    from aiohttp import ClientSession

POLL_S: Final = 5.0
READ_TIMEOUT_S: Final = 4.0
_BATCH: Final = 1_000
_MAX_UPDATES_BYTES: Final = 256 * 2**20
"""All rules that a server holds."""

_UPDATES = msgspec.msgpack.Decoder(PeerUpdates)
_NO_SUCH_NAME: Final = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}

ReturnType = TypeVar("ReturnType")


class PeerPurgeLog:
    """``PurgeLog`` and ``SequencedLog`` of the other servers; ``own`` is the name of this one."""

    poll_s = POLL_S
    clock_offset_s = 0.0

    def __init__(self, names: Sequence[tuple[str, int]], token: str, own: str) -> None:
        self.name = "peers"
        self._names = names
        self._headers = {"authorization": f"Bearer {token}"}
        self._own = own
        self._places: dict[str, tuple[str, int]] = {}
        self._last_heard_s: dict[str, float] = {}
        self._own_addresses: set[str] = set()
        self._last = Confirmation()
        self._is_first = True
        self._session: ClientSession | None = None

    async def read(self) -> AsyncIterator[LogPart]:
        """Yield what each server has learned since. Raises StoreUnavailable if none of several answers."""
        addresses = await self._addresses()
        answers = await self._ask_all(addresses, self._read_one)
        if answers and not any(answers.values()):
            raise StoreUnavailable(detail=f"none of {len(addresses)} servers answers")
        if self._is_first:
            yield LogPart((), complete=True)
        for address, updates in answers.items():
            if updates is not None:
                yield LogPart(updates.rules)
                self._places[address] = updates.server, updates.place
        self._is_first = False

    def rewind(self) -> None:
        self._is_first = True
        self._places.clear()

    async def write(self, rules: Sequence[PurgeRule]) -> Sequence[PurgeRule]:
        """Send rules to all servers; who confirms them is returned by ``confirm``."""
        addresses = await self._addresses()
        unconfirmed: set[str] = set()
        for first in range(0, len(rules), _BATCH):
            body = msgspec.msgpack.encode(PeerPurges(self._own, rules[first : first + _BATCH]))

            async def send(address: str, body: bytes = body) -> str | None:
                return await self._send(address, body)

            answers = await self._ask_all(addresses, send)
            unconfirmed.update(address for address, answer in answers.items() if answer is None)
            addresses = list(answers)
        others = self._members(addresses) - self._own_addresses
        silent = others.difference(addresses) | (unconfirmed & others)
        self._last = Confirmation(tuple(sorted(others - silent)), tuple(sorted(silent)))
        return rules

    async def compact(self, is_in_force: Callable[[PurgeRule], bool]) -> None:
        """Has nothing to do."""

    async def trim(self, marker: PurgeRule) -> None:
        """Has nothing to do: each server forgets by itself."""

    async def confirm(self, rules: Sequence[PurgeRule]) -> Confirmation:  # noqa: ARG002 - those just written
        return self._last

    def known_servers(self) -> tuple[str, ...]:
        return tuple(sorted(self._last_heard_s.keys() - self._own_addresses))

    async def messages(self) -> AsyncIterator[None]:
        """Has none: purges are sent to each server."""
        for _ in range(0):
            yield

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _addresses(self) -> list[str]:
        """Return the addresses of all names but our own. Raises StoreUnavailable if one cannot be resolved now."""
        found = await asyncio.gather(*(_resolve(*name) for name in self._names))
        return sorted({address for addresses in found for address in addresses} - self._own_addresses)

    def _members(self, addresses: Iterable[str]) -> set[str]:
        """Return these addresses, and those that were heard of within ten minutes."""
        since = monotonic() - MEMBER_S
        self._last_heard_s = {one: at for one, at in self._last_heard_s.items() if at >= since}
        return {*addresses, *self._last_heard_s}

    async def _ask_all(
        self, addresses: Sequence[str], ask: Callable[[str], Coroutine[None, None, ReturnType | None]]
    ) -> dict[str, ReturnType | None]:
        """Return the answers by address, None where there was none in time, without those where no server listens."""
        answers = await asyncio.gather(*map(ask, addresses), return_exceptions=True)
        found: dict[str, ReturnType | None] = {}
        for address, answer in zip(addresses, answers, strict=True):
            if isinstance(answer, ConnectionRefusedError):
                self._last_heard_s.pop(address, None)
            elif isinstance(answer, BaseException):
                raise answer
            else:
                found[address] = answer
        return found

    async def _send(self, address: str, body: bytes) -> str | None:
        answer = await self._request(address, body, CONFIRM_S, 1024)
        return None if answer is None else self._record_answer(address, answer.decode(errors="replace"))

    async def _read_one(self, address: str) -> PeerUpdates | None:
        server, place = self._places.get(address, ("", 0))
        query = f"?server={server}&after={place}"
        body = await self._request(address, None, READ_TIMEOUT_S, _MAX_UPDATES_BYTES, query)
        try:
            updates = None if body is None else _UPDATES.decode(body)
        except msgspec.MsgspecError:
            return None
        return updates if updates is None or self._record_answer(address, updates.server) else None

    def _record_answer(self, address: str, server: str) -> str:
        """Note that the address has answered; if it is our own, never ask it again."""
        if server == self._own:
            self._own_addresses.add(address)
        else:
            self._last_heard_s[address] = monotonic()
        return server

    async def _request(
        self, address: str, body: bytes | None, timeout_s: float, max_bytes: int, query: str = ""
    ) -> bytes | None:
        """Return the body of the answer, None if there is none in time.

        Raises ConnectionRefusedError if no server listens there: it has ended, or has not started.
        """
        from aiohttp import ClientConnectorError, ClientError, ClientSession, ClientTimeout  # noqa: PLC0415

        if self._session is None:
            self._session = ClientSession(headers=self._headers, timeout=ClientTimeout(total=None))
        method = "GET" if body is None else "POST"
        try:
            async with (
                asyncio.timeout(timeout_s),
                self._session.request(method, f"http://{address}{PEER_PATH}{query}", data=body) as response,
            ):
                if response.status != HTTPStatus.OK:
                    return None
                received = bytearray()
                async for chunk in response.content.iter_any():
                    received += chunk
                    if len(received) > max_bytes:
                        return None
                return bytes(received)
        except ClientConnectorError as error:
            if error.errno == ECONNREFUSED:
                raise ConnectionRefusedError(address) from error
            return None
        except (ClientError, OSError, TimeoutError):
            return None


async def _resolve(host: str, port: int) -> list[str]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        if error.errno in _NO_SUCH_NAME:
            return []
        raise StoreUnavailable(detail=f"{host} cannot be resolved: {error.strerror}") from error
    hosts = {str(address[0]) for *_, address in found}
    return [f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host in hosts]
