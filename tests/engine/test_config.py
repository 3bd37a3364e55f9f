"""The engine's settings."""

import os

import pytest
from pydantic import ValidationError

from pixmill.engine.config import EngineConfig
from pixmill.plan.limits import Limits


def test_the_limits_are_those_of_the_plan_unless_set() -> None:
    assert EngineConfig().limits() == Limits()
    assert EngineConfig(max_pixels=7, max_result_bytes="1MiB").limits() == Limits(max_pixels=7, max_result_bytes=2**20)  # type: ignore[arg-type]  # text, as the environment gives it


@pytest.mark.parametrize("wrong", [{"workers": -1}, {"deadline_s": 0}, {"max_result_bytes": 0}, {"queue": -1}])
def test_values_out_of_bounds_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        EngineConfig(**wrong)  # type: ignore[arg-type]  # wrong is what they are


def test_workers_are_as_many_as_asked_for_or_one_for_each_core() -> None:
    cores = len(os.sched_getaffinity(0))
    assert EngineConfig(workers=3).worker_count() == 3
    assert 1 <= EngineConfig().worker_count() <= cores
