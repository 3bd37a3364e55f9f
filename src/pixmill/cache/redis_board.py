"""Where purges are written up for all who share a Redis.

Knows one hash. Each target is a field, its value the time of the latest purge; the field with the empty name is another random word after
each change. So a look costs one small command as long as nothing is new, and all servers can look every second. A message
to subscribers would be there sooner by half of that, and could be missed.

    PREFIX:purges     a hash: targets as JSON, times as text

What was lost with the Redis, or was evicted there, every server that looks writes up again.
"""

import logging
from collections.abc import Sequence
from math import isfinite
from secrets import token_hex
from time import time
from typing import Final

import msgspec

from pixmill.plan.freshness import YEAR_S
from pixmill.plan.purge import Purge, Target
from pixmill.storage.redis import RedisClient

POLL_S: Final = 1.0
MAX_EXCESS: Final = 256
"""Rules that mean nothing any more are taken down when there are more of them."""

_WORD: Final = ""
_LOG = logging.getLogger(__name__)
_TARGETS = msgspec.json.Decoder(Target)


class RedisBoard:
    """``slips.Board`` in the Redis of a tier, whose client it uses."""

    poll_s = POLL_S

    def __init__(self, client: RedisClient, *, name: str) -> None:
        self.name = name
        self._client = client
        self._key = f"{client.place.prefix}:purges"
        self._word = b""
        self._seen: dict[Purge, tuple[bytes, bytes]] = {}
        self._unread: set[bytes] = set()

    async def read(self) -> Sequence[Purge]:
        """All rules; those of the last look if nothing has changed."""
        word = await self._client.field(self._key, _WORD)
        if not word or word != self._word:
            found = await self._client.fields(self._key)
            self._word = found.pop(_WORD.encode(), b"")
            self._seen = {rule: field for field in found.items() if (rule := self._rule(*field))}
        return list(self._seen)

    async def write(self, rules: Sequence[Purge]) -> None:
        """Whatever is there already and later stays."""
        fields = {msgspec.json.encode(rule.target): repr(rule.at).encode() for rule in rules}
        await self._client.raise_fields(self._key, fields, _new_word())

    async def tidy(self, rules: Sequence[Purge]) -> None:
        """What somebody has made later meanwhile stays."""
        wanted = set(rules)
        excess = {field: at for rule, (field, at) in self._seen.items() if rule not in wanted}
        if len(excess) > MAX_EXCESS:
            await self._client.drop_fields(self._key, excess, _new_word())

    async def close(self) -> None:
        """The client belongs to the tier."""

    def _rule(self, field: bytes, at: bytes) -> Purge | None:
        try:
            rule = Purge(_TARGETS.decode(field), float(at))
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            if field not in self._unread:
                self._unread = {*list(self._unread)[:MAX_EXCESS], field}
                _LOG.warning("A purge on %s cannot be read: %s", self.name, error)
            return None
        return rule if isfinite(rule.at) and 0 < rule.at < time() + YEAR_S else None


def _new_word() -> tuple[str, str]:
    return _WORD, token_hex(8)
