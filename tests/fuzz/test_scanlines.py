"""The C code of PNG rows under AddressSanitizer and UBSan, if a compiler with sanitizers is installed."""

import subprocess
from pathlib import Path

import pytest

from tests.fuzz.test_kernel import JOBS, build_harness

SOURCES = Path(__file__).parents[2] / "src" / "pixmill" / "engine" / "codecs"


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_harness("scanlines.c", SOURCES, tmp_path_factory.mktemp("scanlines") / "fuzz")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_job_touches_memory_that_is_not_its_own_and_what_is_filtered_comes_back(harness: Path, seed: int) -> None:
    done = subprocess.run(
        [str(harness), str(seed), str(JOBS)], capture_output=True, text=True, check=False, timeout=500
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout.split()[0]) > JOBS // 3
