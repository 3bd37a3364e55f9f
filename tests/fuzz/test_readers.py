"""A short run of libFuzzer over everything that reads a stranger's words; the corpus beside this file is where it starts."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.readers import READERS

HERE = Path(__file__).parent


@pytest.mark.parametrize("name", READERS)
def test_any_bytes_give_a_value_or_a_failure_of_ours(name: str, tmp_path: Path) -> None:
    corpus = HERE / "corpus" / name
    assert any(corpus.iterdir())
    command = [sys.executable, "-m", "tests.fuzz.readers", name, str(tmp_path), str(corpus)]
    limits = ["-runs=4000", "-max_total_time=4", "-max_len=2048", "-timeout=20", f"-artifact_prefix={tmp_path}/"]
    done = subprocess.run([*command, *limits], cwd=HERE.parents[1], capture_output=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-3000:]
