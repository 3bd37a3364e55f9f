"""Cores and memory available to this process, by CPU affinity and control groups.

Knows both versions of control groups (cgroups(7)); each group limits all groups inside it. A file that cannot be
read sets no limit.
"""

import math
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from pixmill.runtime.operating_system import usable_cores

_CGROUP_ROOT: Final = Path("/sys/fs/cgroup")
_OWN_CGROUP: Final = Path("/proc/self/cgroup")


def available_cores(cgroup_root: Path = _CGROUP_ROOT, own_cgroup: Path = _OWN_CGROUP) -> int:
    """Return the number of cores that this process can use, at least one."""
    quotas = [_quota_cores(*_read_words(group / "cpu.max")) for group in _cgroup_dirs(cgroup_root, own_cgroup, "")]
    quotas += [
        _quota_cores(*_read_words(group / "cpu.cfs_quota_us"), *_read_words(group / "cpu.cfs_period_us"))
        for group in _cgroup_dirs(cgroup_root, own_cgroup, "cpu")
    ]
    return max(1, math.ceil(min(usable_cores(), *quotas)))


def available_memory_bytes(cgroup_root: Path = _CGROUP_ROOT, own_cgroup: Path = _OWN_CGROUP) -> int:
    """Return the memory that this process can use."""
    physical_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = [
        _positive_or_unlimited(*_read_words(group / "memory.max"))
        for group in _cgroup_dirs(cgroup_root, own_cgroup, "")
    ]
    limits += [
        _positive_or_unlimited(*_read_words(group / "memory.limit_in_bytes"))
        for group in _cgroup_dirs(cgroup_root, own_cgroup, "memory")
    ]
    return int(min(physical_bytes, *limits))


def _cgroup_dirs(cgroup_root: Path, own_cgroup: Path, controller: str) -> Iterator[Path]:
    """Yield the directories of our group and its parents, as far as visible: in a container often just the
    outermost, its own.

    In version 2 the path has no controller.
    """
    group = cgroup_root / controller
    yield group
    for name in _cgroup_path(own_cgroup, controller):
        group /= name
        yield group


def _cgroup_path(own_cgroup: Path, controller: str) -> tuple[str, ...]:
    """Return the names from the outermost group to our own; none where that leads outside."""
    for line in _read_lines(own_cgroup):
        _, controllers, path = (*line.split(":", 2), "", "")[:3]
        if controller in controllers.split(",") and path:
            names = PurePosixPath(path).parts[1:]
            return () if ".." in names else names
    return ()


def _quota_cores(quota: str = "", period: str = "", *_more: str) -> float:
    """Return a quota in cores: microseconds per period."""
    return (
        _positive_or_unlimited(quota) / period_us
        if (period_us := _positive_or_unlimited(period)) < math.inf
        else math.inf
    )


def _positive_or_unlimited(text: str = "", *_more: str) -> float:
    """Return a number, or infinity for no limit: ``max`` in version 2, -1 in version 1."""
    return float(text) if text.isascii() and text.isdecimal() and int(text) else math.inf


def _read_words(file: Path) -> list[str]:
    return [word for line in _read_lines(file) for word in line.split()]


def _read_lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except (OSError, ValueError):
        return []
