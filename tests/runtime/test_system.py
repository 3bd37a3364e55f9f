"""What of the machine is ours, by control groups of both versions, also by those that ours lies in."""

import os
from pathlib import Path

import pytest

from pixmill.runtime.system import available_cores, available_memory_bytes

CORES = len(os.sched_getaffinity(0))
MEMORY = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
MIB = 2**20


def group(root: Path, path: str, **files: str) -> None:
    """With files of these names, two underscores for a dot."""
    (root / path).mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (root / path / name.replace("__", ".")).write_text(text + "\n")


def ours(root: Path, *lines: str) -> Path:
    (root / "ours").write_text("".join(f"{line}\n" for line in lines))
    return root / "ours"


def test_without_control_groups_it_is_all_there_is(tmp_path: Path) -> None:
    assert available_cores(tmp_path, tmp_path / "none") == CORES
    assert available_memory_bytes(tmp_path, tmp_path / "none") == MEMORY


@pytest.mark.parametrize(
    ("text", "cores"),
    [
        ("50000 100000", 1),
        ("100000 100000", 1),
        ("9999999999 100000", CORES),
        ("max 100000", CORES),
        ("", CORES),
        ("1", CORES),
        ("1 0", CORES),
        ("a b c", CORES),
    ],
)
def test_a_quota_of_version_2_counts(tmp_path: Path, text: str, cores: int) -> None:
    group(tmp_path, "", cpu__max=text)
    assert available_cores(tmp_path, tmp_path / "none") == cores


@pytest.mark.parametrize(("quota", "cores"), [("50000", 1), ("-1", CORES)])
def test_a_quota_of_version_1_counts(tmp_path: Path, quota: str, cores: int) -> None:
    group(tmp_path, "cpu", cpu__cfs_quota_us=quota, cpu__cfs_period_us="100000")
    assert available_cores(tmp_path, tmp_path / "none") == cores


@pytest.mark.parametrize(
    ("text", "size"), [(f"{64 * MIB}", 64 * MIB), ("max", MEMORY), ("9223372036854771712", MEMORY), ("0", MEMORY)]
)
def test_memory_is_bounded_by_either_version(tmp_path: Path, text: str, size: int) -> None:
    group(tmp_path, "two", memory__max=text)
    assert available_memory_bytes(tmp_path / "two", tmp_path / "none") == size
    group(tmp_path, "one/memory", memory__limit_in_bytes=text)
    assert available_memory_bytes(tmp_path / "one", tmp_path / "none") == size


def test_the_least_of_all_groups_that_we_are_in_counts_and_no_other(tmp_path: Path) -> None:
    group(tmp_path, "", memory__max="max")
    group(tmp_path, "a", memory__max=str(64 * MIB), cpu__max="max 100000")
    group(tmp_path, "a/b", memory__max=str(96 * MIB), cpu__max="50000 100000")
    group(tmp_path, "a/b/c", memory__max=str(1 * MIB))
    group(tmp_path, "d", memory__max=str(1 * MIB))
    said = ours(tmp_path, "1:name=systemd:/d", "0::/a/b")
    assert available_memory_bytes(tmp_path, said) == 64 * MIB
    assert available_cores(tmp_path, said) == 1


def test_each_controller_of_version_1_has_groups_of_its_own(tmp_path: Path) -> None:
    group(tmp_path, "memory/m", memory__limit_in_bytes=str(64 * MIB))
    group(tmp_path, "cpu/m", cpu__cfs_quota_us="50000", cpu__cfs_period_us="100000")
    said = ours(tmp_path, "4:memory:/m", "3:cpu,cpuacct:/other")
    assert available_memory_bytes(tmp_path, said) == 64 * MIB
    assert available_cores(tmp_path, said) == CORES


@pytest.mark.parametrize("lines", [("0::/../outside",), ("0::/gone/long/ago",), ("nonsense",), ("",), ("0::",)])
def test_what_cannot_be_seen_bounds_nothing(tmp_path: Path, lines: tuple[str, ...]) -> None:
    group(tmp_path, "root", memory__max=str(64 * MIB))
    group(tmp_path, "outside", memory__max=str(1 * MIB))
    assert available_memory_bytes(tmp_path / "root", ours(tmp_path, *lines)) == 64 * MIB


def test_the_real_ones_can_be_read() -> None:
    assert 1 <= available_cores() <= CORES
    assert 0 < available_memory_bytes() <= MEMORY
