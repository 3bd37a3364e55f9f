"""Shared purge log in Redis.

Knows one sorted set. The score of a rule is its time in microseconds, given by Redis and later than that of every rule
before: so it is also the place up to which a server has read, and a poll returns only what is new. A rule that replaces
one of the same target moves to the end. The member with score 0 is the generation: a server that finds another one
reads everything again, since the Redis was emptied or older rules were added.

    PREFIX:purge-log    sorted set: ids of rules (plan/purge_rule.py), times

Rules that Redis lost or evicted are written again by every server that polls. Pub/sub says when to poll: a message that
is missed costs a second, and no rule. ``redis_servers.py`` knows who has read how far.
"""

import logging
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from secrets import token_hex
from time import monotonic, time
from typing import Final

from pixmill.cache.purge.redis_servers import RedisServers
from pixmill.cache.purge_log import Confirmation, LogPart
from pixmill.plan.freshness import YEAR_S
from pixmill.plan.purge_rule import PurgeRule, from_ticks, is_rule_id, to_ticks
from pixmill.storage.redis import RedisClient

POLL_S: Final = 1.0
RESTAMP_S: Final = 60.0
"""A rule no older than this gets the time of its writing. An older one keeps its own, and every server reads all rules
again."""

_PAGE: Final = 5_000
"""Rules of one command, which blocks the Redis for all clients."""

_LOOK_S: Final = 30.0
_WRITE_PAGE: Final = 1_000
_MAX_WARNED: Final = 1_000
_LOG = logging.getLogger(__name__)

_READ = """
local generation = redis.call('zrangebyscore', KEYS[1], 0, 0, 'limit', 0, 1)[1]
if not generation then
  generation = ARGV[2]
  redis.call('zadd', KEYS[1], 0, generation)
end
local now, place = redis.call('time'), ARGV[3]
if ARGV[1] ~= generation then place = '0' end
redis.pcall('hset', KEYS[2], ARGV[5], table.concat({now[1], generation, place, ARGV[6]}, ' '))
local page = redis.call('zrangebyscore', KEYS[1], '(' .. place, ARGV[7], 'withscores', 'limit', 0, ARGV[4])
return {generation, now[1], now[2], page}
"""
_APPEND = """
local last = redis.call('zrevrangebyscore', KEYS[1], ARGV[1], 0, 'withscores', 'limit', 0, 1)[2] or 0
local now = redis.call('time')
last = math.max(tonumber(last), tonumber(now[1]) * 1000000 + tonumber(now[2]))
local places = {}
for n = 2, #ARGV, 2 do
  local at = math.max(tonumber(ARGV[n + 1]), last + 1)
  last = at
  places[#places + 1] = string.format('%.0f', at)
  redis.call('zadd', KEYS[1], places[#places], ARGV[n])
  if ARGV[n] == '\\0' then redis.call('zremrangebyscore', KEYS[1], '(0', '(' .. places[#places]) end
end
redis.call('publish', KEYS[1], '')
return places
"""
_RESTORE = """
for n = 2, #ARGV, 2 do
  local old = redis.call('zscore', KEYS[1], ARGV[n])
  if not old or tonumber(old) < tonumber(ARGV[n + 1]) then
    redis.call('zadd', KEYS[1], ARGV[n + 1], ARGV[n])
    if ARGV[n] == '\\0' then redis.call('zremrangebyscore', KEYS[1], '(0', '(' .. ARGV[n + 1]) end
  end
end
if ARGV[1] ~= '' then
  redis.call('zremrangebyscore', KEYS[1], 0, 0)
  redis.call('zadd', KEYS[1], 0, ARGV[1])
  redis.call('publish', KEYS[1], '')
end
return {}
"""


class RedisPurgeLog:
    """``PurgeLog`` and ``SequencedLog`` in the Redis of a tier; uses the tier's client."""

    poll_s = POLL_S

    def __init__(self, client: RedisClient, *, name: str, clock: Callable[[], float] = time) -> None:
        self.name = name
        self.clock_offset_s = 0.0
        self._client = client
        self._clock = clock
        self._key = f"{client.target.prefix}:purge-log"
        self._servers = RedisServers(client, self._key)
        self._keys = (self._key, self._servers.key)
        self._generation = b""
        self._place = 0
        self._unknown: set[bytes] = set()
        self._next_look = 0.0

    async def read(self) -> AsyncIterator[LogPart]:
        """Yield the rules since the last place; all of them if the generation has changed."""
        while True:
            generation, seconds, microseconds, page = await self._client.run_script(
                _READ,
                self._keys,
                self._generation,
                _new_generation(),
                self._place,
                _PAGE,
                self._servers.own,
                self._servers.process,
                self._latest_ticks(),
            )
            self.clock_offset_s = int(seconds) + int(microseconds) / 1e6 - self._clock()
            is_complete = generation != self._generation
            pairs = [(page[n], int(page[n + 1])) for n in range(0, len(page), 2)]
            if is_complete or monotonic() > self._next_look:
                self._next_look = monotonic() + _LOOK_S
                await self._servers.look()
            if pairs or is_complete:
                yield LogPart(list(self._decode(pairs)), complete=is_complete)
            self._generation = generation  # after the caller has applied them
            self._place = pairs[-1][1] if pairs else 0 if is_complete else self._place
            if not pairs:
                return

    def rewind(self) -> None:
        self._generation = b""

    async def write(self, rules: Sequence[PurgeRule]) -> Sequence[PurgeRule]:
        """Append rules, and restore those that are old."""
        youngest = self._clock() - RESTAMP_S
        new = [rule for rule in rules if rule.at >= youngest]
        old = [rule for rule in rules if rule.at < youngest]
        written: list[PurgeRule] = list(old)
        for part in _parts(new):
            places = await self._client.run_script(_APPEND, self._keys, self._latest_ticks(), *_arguments(part))
            stamped = zip(part, places, strict=True)
            written += [PurgeRule(rule.id, from_ticks(int(place)), rule.target) for rule, place in stamped]
        for part in _parts(old):
            is_last = part[-1] is old[-1]
            await self._client.run_script(_RESTORE, self._keys, _new_generation() if is_last else "", *_arguments(part))
        return written

    async def compact(self, is_in_force: Callable[[PurgeRule], bool]) -> None:
        """Has nothing to do: a target has one member, and a purge of everything removes all before it."""

    async def trim(self, marker: PurgeRule) -> None:
        await self._client.run_script(_RESTORE, self._keys, "", *_arguments([marker]))

    async def confirm(self, rules: Sequence[PurgeRule]) -> Confirmation:
        return await self._servers.confirm(max(to_ticks(rule.at) for rule in rules))

    def known_servers(self) -> tuple[str, ...]:
        return self._servers.known()

    def messages(self) -> AsyncIterator[None]:
        return self._client.messages(self._key)

    async def close(self) -> None:
        """Say that this server ends. Leaves the client open: it belongs to the tier."""
        await self._servers.leave()

    def _decode(self, pairs: Sequence[tuple[bytes, int]]) -> Iterator[PurgeRule]:
        for identifier, ticks in pairs:
            if is_rule_id(identifier):
                yield PurgeRule(identifier, from_ticks(ticks))
            elif identifier not in self._unknown:
                self._unknown = {*list(self._unknown)[:_MAX_WARNED], identifier}
                _LOG.warning("A purge rule on %s cannot be decoded: %r", self.name, identifier[:40])

    def _latest_ticks(self) -> int:
        """Returns the latest time that a rule can have; what is later was written by nobody."""
        return to_ticks(self._clock() + YEAR_S)


def _parts(rules: Sequence[PurgeRule]) -> Iterator[Sequence[PurgeRule]]:
    return (rules[first : first + _WRITE_PAGE] for first in range(0, len(rules), _WRITE_PAGE))


def _arguments(rules: Sequence[PurgeRule]) -> Iterator[object]:
    for rule in rules:
        yield rule.id
        yield to_ticks(rule.at)


def _new_generation() -> bytes:
    return token_hex(8).encode()
