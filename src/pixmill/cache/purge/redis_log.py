"""Shared purge log in Redis.

Knows one hash. Each target is a field, its value the time of the latest purge; the field with the empty name is a
random revision that changes with each write. So a poll without news costs one small command, and every server can poll
each second. Pub/sub would be faster by half a second on average, but messages can be missed.

    PREFIX:purges     a hash: targets as JSON, times as text

Rules that Redis lost or evicted are written again by every server that polls.
"""

import logging
from collections.abc import Sequence
from math import isfinite
from secrets import token_hex
from time import time
from typing import Final

import msgspec

from pixmill.plan.freshness import YEAR_S
from pixmill.plan.purge import Purge, PurgeTarget
from pixmill.storage.redis import RedisClient

POLL_S: Final = 1.0
MAX_OBSOLETE_RULES: Final = 256
"""More rules than this that are no longer in force are removed."""

_REVISION_FIELD: Final = ""
_LOG = logging.getLogger(__name__)
_TARGETS = msgspec.json.Decoder(PurgeTarget)


class RedisPurgeLog:
    """``PurgeLog`` in the Redis of a tier; uses the tier's client."""

    poll_s = POLL_S

    def __init__(self, client: RedisClient, *, name: str) -> None:
        self.name = name
        self._client = client
        self._key = f"{client.target.prefix}:purges"
        self._revision = b""
        self._fields_by_rule: dict[Purge, tuple[bytes, bytes]] = {}
        self._undecodable: set[bytes] = set()

    async def read(self) -> Sequence[Purge]:
        """Returns all rules; those of the last poll if the revision has not changed."""
        revision = await self._client.get_field(self._key, _REVISION_FIELD)
        if not revision or revision != self._revision:
            found = await self._client.get_fields(self._key)
            self._revision = found.pop(_REVISION_FIELD.encode(), b"")
            self._fields_by_rule = {rule: field for field in found.items() if (rule := self._decode_rule(*field))}
        return list(self._fields_by_rule)

    async def write(self, rules: Sequence[Purge]) -> None:
        """Add rules; a later time of the same target stays."""
        fields = {msgspec.json.encode(rule.target): repr(rule.at).encode() for rule in rules}
        await self._client.raise_fields(self._key, fields, _new_revision())

    async def compact(self, rules: Sequence[Purge]) -> None:
        """Remove rules not in ``rules``; a target that was purged again meanwhile stays."""
        in_force = set(rules)
        obsolete = {field: at for rule, (field, at) in self._fields_by_rule.items() if rule not in in_force}
        if len(obsolete) > MAX_OBSOLETE_RULES:
            await self._client.delete_fields(self._key, obsolete, _new_revision())

    async def close(self) -> None:
        """Leaves the client open: it belongs to the tier."""

    def _decode_rule(self, field: bytes, at: bytes) -> Purge | None:
        try:
            rule = Purge(_TARGETS.decode(field), float(at))
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            if field not in self._undecodable:
                self._undecodable = {*list(self._undecodable)[:MAX_OBSOLETE_RULES], field}
                _LOG.warning("A purge rule on %s cannot be decoded: %s", self.name, error)
            return None
        return rule if isfinite(rule.at) and 0 < rule.at < time() + YEAR_S else None


def _new_revision() -> tuple[str, str]:
    return _REVISION_FIELD, token_hex(8)
