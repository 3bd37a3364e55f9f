"""A short libFuzzer run of every parser of untrusted data, from the seed corpus beside this file."""

import subprocess
import sys
from pathlib import Path

import msgspec
from msgspec import Struct

from pixmill.cache.format.entry import decode
from pixmill.engine import protocol
from tests.fuzz.readers import KEY, READERS, seeds

HERE = Path(__file__).parent


def test_any_bytes_give_a_value_or_a_failure_of_ours(tmp_path: Path) -> None:
    assert all(seeds(name) for name in READERS)
    command = [sys.executable, "-m", "tests.fuzz.readers", "all", str(tmp_path)]
    limits = ["-runs=4000", "-max_total_time=2", "-max_len=2048", "-timeout=20", f"-artifact_prefix={tmp_path}/"]
    completed = subprocess.run([*command, *limits], cwd=HERE.parents[1], capture_output=True, check=False, timeout=500)
    output = completed.stderr.decode(errors="replace")
    assert completed.returncode == 0, output[-3000:]
    assert output.count("DONE") == len(READERS), "each target has run"


def test_generated_seeds_are_valid() -> None:
    assert all(decode(KEY, seed) for seed in seeds("entry"))
    for seed in seeds("messages"):
        assert isinstance(msgspec.msgpack.decode(seed, type=protocol.Command | protocol.Reply), Struct)
