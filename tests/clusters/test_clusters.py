"""The examples for clusters, on real clusters of this machine: the results of `pixmill batch`, and a broken image fails alone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.batch.material import fill, results

EXAMPLES = Path(__file__).parents[2] / "examples" / "batch"
ORIGINALS = 90
MAX_LINES = 15


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    fill(folder, [f"{number % 3}/{number}.png" for number in range(ORIGINALS)])
    (folder / "0" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno image")
    return folder


@pytest.mark.parametrize("example", ["on_ray.py", "on_dask.py"])
def test_a_cluster_makes_what_the_command_makes(example: str, photos: Path, tmp_path: Path) -> None:
    pattern, names = f"{photos}/**/*.png", "{dir}/{stem}-{width}.{ext}"
    env = os.environ | {
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
        "RAY_USAGE_STATS_ENABLED": "0",
        "DASK_DISTRIBUTED__DASHBOARD__LINK": "",
        "DASK_DISTRIBUTED__WORKER__DAEMON": "false",
        "TMPDIR": "/tmp",  # sockets of Ray have short names only
    }
    run = subprocess.run(
        [sys.executable, str(EXAMPLES / example), pattern, f"{tmp_path}/out/{names}"],
        env=env,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd=tmp_path,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    failures = [line for line in run.stdout.splitlines() if line.startswith(str(photos))]
    assert [line.split()[:2] for line in failures] == [[f"{photos}/0/broken.png", "undecodable_image"]]
    whole = [sys.executable, "-m", "pixmill", "batch", pattern, "--to", f"{tmp_path}/whole/{names}", "--quiet"]
    command = [*whole, "--width", "320,640", "--format", "avif,webp", "--exclude", "broken.png"]
    subprocess.run(command, capture_output=True, check=True)
    made = results(tmp_path / "out")
    assert len(made) == ORIGINALS * 4
    assert made == results(tmp_path / "whole")


@pytest.mark.parametrize("example", ["on_ray.py", "on_dask.py"])
def test_the_examples_are_short(example: str) -> None:
    lines = [line for line in (EXAMPLES / example).read_text().splitlines() if line and not line.startswith('"""')]
    assert len(lines) <= MAX_LINES
