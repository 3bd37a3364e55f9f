"""What a server under test has to say of itself; one small file each beside this one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

QUALITY = {"jpeg": 80, "webp": 75, "avif": 65, "png": 0}
"""The number given to the codec itself; PNG has none."""


@dataclass(frozen=True)
class Start:
    """How a server is started. ``env`` is added to the environment."""

    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)


class Peer(Protocol):
    """A server that can be measured."""

    name: str

    def install(self, home: Path) -> str:
        """Put it into ``home`` unless it is there; its version."""

    def start(self, home: Path, port: int, origin: int) -> Start:
        """How to run it on two cores, with originals from the origin's port on loopback."""

    def url(self, source: str, kind: str, into: str, side: int) -> str | None:
        """Path and query for ``source`` (``/2/jpeg/name.jpg?n=1`` at the origin) fitted into a square of ``side``;
        None if it cannot."""
