"""The engine's settings."""

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from pixmill.engine.config import EngineConfig, available_cores
from pixmill.plan.limits import Limits


def test_the_limits_are_those_of_the_plan_unless_set() -> None:
    assert EngineConfig().limits() == Limits()
    assert EngineConfig(max_pixels=7, max_result_bytes="1MiB").limits() == Limits(max_pixels=7, max_result_bytes=2**20)  # type: ignore[arg-type]  # text, as the environment gives it


@pytest.mark.parametrize("wrong", [{"workers": -1}, {"deadline_s": 0}, {"max_result_bytes": 0}, {"queue": -1}])
def test_values_out_of_bounds_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        EngineConfig(**wrong)  # type: ignore[arg-type]  # wrong is what they are


def test_workers_are_as_many_as_asked_for_or_one_for_each_core(tmp_path: Path) -> None:
    cores = len(os.sched_getaffinity(0))
    assert EngineConfig(workers=3).crew_size() == 3
    assert 1 <= EngineConfig().crew_size() <= cores
    assert available_cores(tmp_path) == cores


@pytest.mark.parametrize(
    ("text", "cores"), [("50000 100000", 1), ("100000 100000", 1), ("max 100000", None), ("", None)]
)
def test_a_quota_of_version_2_counts(tmp_path: Path, text: str, cores: int | None) -> None:
    (tmp_path / "cpu.max").write_text(text)
    assert available_cores(tmp_path) == (cores or len(os.sched_getaffinity(0)))


@pytest.mark.parametrize(("quota", "cores"), [("50000", 1), ("-1", None)])
def test_a_quota_of_version_1_counts(tmp_path: Path, quota: str, cores: int | None) -> None:
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu/cpu.cfs_quota_us").write_text(quota)
    (tmp_path / "cpu/cpu.cfs_period_us").write_text("100000")
    assert available_cores(tmp_path) == (cores or len(os.sched_getaffinity(0)))
