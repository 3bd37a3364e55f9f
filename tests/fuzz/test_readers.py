"""A short run of libFuzzer over everything that reads a stranger's words; the corpus beside this file is where it starts."""

import subprocess
import sys
from pathlib import Path

from tests.fuzz.readers import READERS

HERE = Path(__file__).parent


def test_any_bytes_give_a_value_or_a_failure_of_ours(tmp_path: Path) -> None:
    assert all(any((HERE / "corpus" / name).iterdir()) for name in READERS)
    command = [sys.executable, "-m", "tests.fuzz.readers", "all", str(tmp_path)]
    limits = ["-runs=4000", "-max_total_time=2", "-max_len=2048", "-timeout=20", f"-artifact_prefix={tmp_path}/"]
    done = subprocess.run([*command, *limits], cwd=HERE.parents[1], capture_output=True, check=False, timeout=110)
    said = done.stderr.decode(errors="replace")
    assert done.returncode == 0, said[-3000:]
    assert said.count("DONE") == len(READERS), "each has been run"
