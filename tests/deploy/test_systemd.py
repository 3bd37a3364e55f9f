"""The units are well formed, and give the server what docs/how-to/systemd.md says."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.chart import DEPLOY

UNITS = DEPLOY / "systemd"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    """With a program that there is: it is one of the things that are checked."""
    program = str(Path(sys.executable).with_name("pixmill"))
    for name in ("pixmill.socket", "pixmill.service"):
        text = (UNITS / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(text.replace("/opt/pixmill/bin/pixmill", program), encoding="utf-8")
    units = [str(tmp_path / name) for name in ("pixmill.socket", "pixmill.service")]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True, timeout=60, check=False
    )
    said = [line for line in done.stderr.splitlines() if "pixmill" in line]
    assert (done.returncode, said) == (0, [])


def test_the_service_has_time_to_drain() -> None:
    unit = (UNITS / "pixmill.service").read_text(encoding="utf-8")
    found = re.search(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)
    assert found
    assert int(found[1]) > 25 + 15
