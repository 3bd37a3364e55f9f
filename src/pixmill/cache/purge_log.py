"""Port of the shared purge log: where purges are recorded for other servers and for later runs."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final, Protocol, runtime_checkable

from msgspec import Struct

from pixmill.plan.purge_rule import PurgeRule

CONFIRM_S: Final = 2.0
"""A purge waits for other servers for this long, if they have been heard of lately."""

MEMBER_S: Final = 600.0
"""A server that was not heard of for this long is not named any more. One that could not read the log for nearly as
long serves nothing from its cache without asking the source."""


class LogPart(Struct, frozen=True):
    """Rules of a log. ``complete``: all that it holds follow, since it was not read before or has lost some."""

    rules: Sequence[PurgeRule]
    complete: bool = False


class PurgeLog(Protocol):
    """A log of purge rules that several servers write to, and read every ``poll_s`` seconds."""

    @property
    def name(self) -> str: ...

    @property
    def poll_s(self) -> float: ...

    def read(self) -> AsyncIterator[LogPart]:
        """Yield what this server has not read yet, in parts; only the first may be ``complete``. Raises StoreError."""

    def rewind(self) -> None:
        """Let the next read be complete."""

    async def write(self, rules: Sequence[PurgeRule]) -> Sequence[PurgeRule]:
        """Add rules; returns them with the times that they have in the log, never earlier ones. Raises StoreError."""

    async def compact(self, is_in_force: Callable[[PurgeRule], bool]) -> None:
        """Remove what is superseded, if there is much of it. Raises StoreError."""

    async def trim(self, marker: PurgeRule) -> None:
        """Replace the rules up to the time of ``marker``, which match no entry, by the marker. Raises StoreError."""

    async def close(self) -> None: ...


class Confirmation(Struct, frozen=True):
    """The other servers that apply a purge, and those that may not yet."""

    confirmed: tuple[str, ...] = ()
    unconfirmed: tuple[str, ...] = ()


@runtime_checkable
class SequencedLog(Protocol):
    """A log that gives rules their times: one order for all servers, whatever their clocks say.

    It also knows the servers that read it, and how far.
    """

    clock_offset_s: float
    """The clock of the log minus the wall clock of this server, as last read."""

    async def confirm(self, rules: Sequence[PurgeRule]) -> Confirmation:
        """Wait until every server that reads the log applies these rules, for seconds at most. Raises StoreError."""

    def known_servers(self) -> tuple[str, ...]:
        """Return the other servers that have read the log lately, as last seen."""

    def messages(self) -> AsyncIterator[None]:
        """Yield when another server has written; some may be missed. Raises StoreError."""
