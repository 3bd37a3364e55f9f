"""What of the machine is ours: its cores and its memory, as far as our affinity and our control groups go.

Knows both versions of control groups (cgroups(7)), and that each bounds all groups that lie in it. Must never know what it is for. What cannot be read
bounds nothing.
"""

import math
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

_ROOT: Final = Path("/sys/fs/cgroup")
_OURS: Final = Path("/proc/self/cgroup")


def available_cores(root: Path = _ROOT, ours: Path = _OURS) -> int:
    """The cores that this process may keep busy, at least one."""
    quotas = [_share(*_words(group / "cpu.max")) for group in _groups(root, ours, "")]
    quotas += [
        _share(*_words(group / "cpu.cfs_quota_us"), *_words(group / "cpu.cfs_period_us"))
        for group in _groups(root, ours, "cpu")
    ]
    return max(1, math.ceil(min(len(os.sched_getaffinity(0)), *quotas)))


def memory_bytes(root: Path = _ROOT, ours: Path = _OURS) -> int:
    """The memory that there is for us."""
    there_is = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = [_number(*_words(group / "memory.max")) for group in _groups(root, ours, "")]
    limits += [_number(*_words(group / "memory.limit_in_bytes")) for group in _groups(root, ours, "memory")]
    return int(min(there_is, *limits))


def _groups(root: Path, ours: Path, controller: str) -> Iterator[Path]:
    """The folders of our group and of all it lies in, as far as they can be seen: in a container often no more than the outermost, which is its own.

    Those of version 2 have no controller in their name.
    """
    group = root / controller
    yield group
    for name in _inside(ours, controller):
        group /= name
        yield group


def _inside(ours: Path, controller: str) -> tuple[str, ...]:
    """The names on the way from the outermost group to our own; none where that leads outside."""
    for line in _lines(ours):
        _, controllers, path = (*line.split(":", 2), "", "")[:3]
        if controller in controllers.split(",") and path:
            names = PurePosixPath(path).parts[1:]
            return () if ".." in names else names
    return ()


def _share(quota: str = "", period: str = "", *_more: str) -> float:
    """In cores: microseconds of each so many."""
    return _number(quota) / least if (least := _number(period)) < math.inf else math.inf


def _number(text: str = "", *_more: str) -> float:
    """Positive, or no bound: ``max`` in version 2, -1 in version 1."""
    return float(text) if text.isascii() and text.isdecimal() and int(text) else math.inf


def _words(file: Path) -> list[str]:
    return [word for line in _lines(file) for word in line.split()]


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except (OSError, ValueError):
        return []
