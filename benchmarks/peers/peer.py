"""What a server under test has to say of itself; one small file each beside this one."""

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

QUALITY = {"jpeg": 80, "webp": 75, "avif": 65, "png": 0}
"""The number given to the codec itself; PNG has none."""

VECTOR = "167772160"
"""``VIPS_VECTOR`` of the images of imgproxy and imagor. It leaves out SVE of ARM only, but without it imagor's libvips uses
no vector code at all."""


class NotInstalled(Exception):
    """A server that must be on the PATH already, and is not."""


def version_of(*command: str) -> str:
    """Return the last word that a program on the PATH prints. Raises NotInstalled."""
    if not shutil.which(command[0]):
        raise NotInstalled(f"no {command[0]} on the PATH")
    printed = subprocess.run(command, check=True, capture_output=True, text=True)
    return (printed.stdout + printed.stderr).split()[-1].removeprefix("v")


@dataclass(frozen=True)
class Start:
    """How a server is started. ``env`` is added to the environment."""

    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)


class Peer(Protocol):
    """A server that can be measured."""

    name: str

    def install(self, home: Path) -> str:
        """Install it into ``home`` unless it is there; return its version. Raises NotInstalled."""

    def start(self, home: Path, port: int, origin: int) -> Start:
        """How to run it on two cores, with originals from the origin's port on loopback."""

    def url(self, source: str, kind: str, into: str, side: int, quality: int | None = None) -> str | None:
        """Path and query for ``source`` (``/2/jpeg/name.jpg?n=1`` at the origin) fitted into a square of ``side``.

        None if it cannot. ``quality`` is that of its own scale, by default one with which files have about the same size.
        """
