"""Queries name servers with c-ares: without a thread or a socket of its own for each query.

Knows pycares. c-ares reads ``/etc/resolv.conf`` (servers, search domains, ``ndots``, ``rotate``), ``/etc/hosts`` and
``/etc/nsswitch.conf``. Must never know callers, nor their limits.
"""

import asyncio
import re
import socket
from collections.abc import Sequence
from functools import partial
from typing import Final, NamedTuple

import pycares

MAX_ADDRESSES: Final = 16
"""Addresses of one name that are used. The largest sites publish eight or so; an answer by TCP may hold 4,000."""

_ANSWERS_PER_READ: Final = 32
_ADDRESSES_PER_ANSWER: Final = 64
_FAILURE_WEIGHT: Final = 8

_FIRST_TRY_S: Final = 1.0
_TRIES: Final = 4
"""Each try waits twice as long as the one before. After a few answers, c-ares starts with five times their mean
duration instead, 0.25 s at least, so a query that is not answered ends after 3 to 12 s."""

_HOST_NAME: Final = re.compile("[!-~]{1,254}")  # IDNA is applied when a URL is parsed

_NO_SUCH_NAME: Final = frozenset(
    {
        pycares.errno.ARES_ENOTFOUND,
        pycares.errno.ARES_ENODATA,
        pycares.errno.ARES_EBADNAME,
        pycares.errno.ARES_ENONAME,
    }
)


class NameNotFound(OSError):
    """The name does not exist, or has no address."""


class NameServerFailed(OSError):
    """No name server gave an answer that says whether the name exists."""


class Answer(NamedTuple):
    """The addresses of a name, the best first (RFC 6724), and for how long they hold."""

    addresses: tuple[str, ...]
    ttl_s: float


class DnsClient:
    """A channel of c-ares for the running event loop. ``servers`` replace those of ``/etc/resolv.conf``."""

    def __init__(self, servers: Sequence[str] = ()) -> None:
        self._loop = asyncio.get_running_loop()
        self._channel = pycares.Channel(servers=tuple(servers) or None, timeout=_FIRST_TRY_S, tries=_TRIES)
        self._answers_left = _ANSWERS_PER_READ

    async def query(self, host: str) -> Answer:
        """Query both kinds of address. Raises NameNotFound, NameServerFailed, TimeoutError.

        c-ares cannot cancel a query: cancelled, this returns, but the query goes on until its own time-outs.
        """
        done: asyncio.Future[pycares.AddrInfoResult] = self._loop.create_future()
        if not _HOST_NAME.fullmatch(host):
            raise NameNotFound("not a host name")
        self._channel.getaddrinfo(host, None, type=socket.SOCK_STREAM, callback=partial(self._hand_over, done))
        try:
            found = await done
        except (TimeoutError, NameServerFailed):
            self._read_configuration_after(_FAILURE_WEIGHT)
            raise
        self._read_configuration_after(1 + len(found.nodes) // _ADDRESSES_PER_ANSWER)
        return _answer_of(found)

    def close(self) -> None:
        """End all queries, each with an error."""
        self._channel.cancel()
        self._channel.close()

    def _hand_over(
        self, done: "asyncio.Future[pycares.AddrInfoResult]", result: pycares.AddrInfoResult | None, code: int | None
    ) -> None:
        """Run in the thread of c-ares, or in the caller's where the answer is known at once."""
        self._loop.call_soon_threadsafe(_complete, done, result, code)

    def _read_configuration_after(self, answers: int) -> None:
        """Count answers, and read the configuration again every ``_ANSWERS_PER_READ``. That empties c-ares's cache.

        The cache keeps every answer for its TTL, up to an hour, and has no other limit; pycares cannot switch it off.
        Names of a hostile domain with large answers could fill the memory.

        c-ares watches the folder ``/etc``, so it does not see changes where ``resolv.conf`` is a link or mounted, as in
        containers. Then the old name servers may be gone, so failures count as several answers.
        """
        self._answers_left -= answers
        if self._answers_left <= 0:
            self._answers_left = _ANSWERS_PER_READ
            self._channel.reinit()


def _answer_of(found: pycares.AddrInfoResult) -> Answer:
    nodes = found.nodes[:MAX_ADDRESSES]
    ttls = [node.ttl for node in nodes] + [alias.ttl for alias in found.cnames]
    return Answer(tuple(dict.fromkeys(node.addr[0].decode() for node in nodes)), min(ttls, default=0))


def _complete(
    done: "asyncio.Future[pycares.AddrInfoResult]", result: pycares.AddrInfoResult | None, code: int | None
) -> None:
    if done.done():
        return
    if code is None and result is not None and result.nodes:
        done.set_result(result)
    else:
        done.set_exception(_error_of(pycares.errno.ARES_ENODATA if code is None else code))


def _error_of(code: int) -> OSError:
    if code == pycares.errno.ARES_ETIMEOUT:
        return TimeoutError("no name server answered in time")
    message = str(pycares.errno.strerror(code))
    return NameNotFound(message) if code in _NO_SUCH_NAME else NameServerFailed(message)
