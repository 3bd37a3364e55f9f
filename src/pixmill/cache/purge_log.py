"""Port of the shared purge log: where purges are recorded for other servers and for later runs."""

from collections.abc import Sequence
from typing import Protocol

from pixmill.plan.purge import Purge


class PurgeLog(Protocol):
    """A log of purge rules that several servers write to, and read every ``poll_s`` seconds."""

    @property
    def name(self) -> str: ...

    @property
    def poll_s(self) -> float: ...

    async def read(self) -> Sequence[Purge]:
        """Returns all rules in the log, with repetitions. Raises StoreError."""

    async def write(self, rules: Sequence[Purge]) -> None:
        """Add rules. Raises StoreError."""

    async def compact(self, rules: Sequence[Purge]) -> None:
        """Remove what was read and is superseded; ``rules`` are all rules in force. Raises StoreError."""

    async def close(self) -> None: ...
