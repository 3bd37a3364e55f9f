"""The C resampling kernel under AddressSanitizer and UBSan, if a compiler with sanitizers is installed."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SOURCES = HERE.parents[1] / "src" / "pixmill" / "engine" / "pixels" / "resample"
JOBS = int(os.environ.get("PIXMILL_FUZZ_JOBS", "1500"))
FLAGS = [
    *("-std=c11", "-O1", "-g1", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=fast"),
    *("-Wall", "-Wextra", "-Wno-psabi", "-Werror"),
    *("-fsanitize=address,undefined", "-fno-sanitize-recover=all"),
]


def build_harness(name: str, sources: Path, program: Path) -> Path:
    """Compile a file of this folder with sanitizers; skip the test if that is not possible."""
    compiler = shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("no C compiler")
    sanitized = subprocess.run(
        [compiler, *FLAGS, "-x", "c", "-", "-o", str(program)], input=b"int main(void) { return 0; }", check=False
    )
    if sanitized.returncode:
        pytest.skip("the C compiler has no sanitizers")
    subprocess.run([compiler, *FLAGS, f"-I{sources}", str(HERE / name), "-o", str(program), "-lm"], check=True)
    return program


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_harness("kernel.c", SOURCES, tmp_path_factory.mktemp("kernel") / "fuzz")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_job_touches_memory_that_is_not_its_own_and_all_instruction_sets_agree(harness: Path, seed: int) -> None:
    done = subprocess.run(
        [str(harness), str(seed), str(JOBS // 3)], capture_output=True, text=True, check=False, timeout=500
    )
    assert done.returncode == 0, done.stdout + done.stderr
    valid = int(done.stdout.split()[0])
    assert valid > JOBS // 12
