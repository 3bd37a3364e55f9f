"""A batch that is killed, whose store goes away, or whose disk is full: nothing is lost, and nothing is made but once."""

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.batch.killed import client, command, digests, environment, lines, photos, run_killed, upload
from tests.batch.material import fill, results
from tests.faults.disks import small_disk
from tests.servers.seaweedfs import SeaweedFS

ORIGINALS, SHARD, WORKERS = 300, 8, 2
PARAMETERS = ("--width", "48,96", "--format", "webp,jpeg", "--workers", str(WORKERS), "--shard-size", str(SHARD))


@pytest.fixture
def server() -> Iterator[SeaweedFS]:
    with SeaweedFS() as server:
        for bucket in ("thumbs", "whole"):
            server.make_bucket(bucket)
        yield server


def test_a_batch_that_is_killed_twice_ends_as_an_undisturbed_one(server: SeaweedFS, tmp_path: Path) -> None:
    upload(server, "photos", [f"{number % 7}/{number}.jpg" for number in range(ORIGINALS)], photos(20))
    env = environment(server, "photos", "thumbs", "whole")
    arguments = ["s3://photos/**/*.jpg", "--to", "s3://thumbs/{dir}/{stem}-{width}.{ext}", *PARAMETERS]
    disturbed = run_killed(arguments, env, tmp_path, (90, 90))
    whole = ["s3://photos/**/*.jpg", "--to", "s3://whole/{dir}/{stem}-{width}.{ext}", *PARAMETERS]
    subprocess.run(command(*whole, "--quiet"), env=env, check=True, capture_output=True)
    made = digests(server, "thumbs")
    assert disturbed.exit_codes == (-9, -9, 0)
    assert len(made) == ORIGINALS * 4
    assert made == digests(server, "whole")
    assert sum(disturbed.runs) - ORIGINALS <= 2 * WORKERS * SHARD


def test_a_store_that_stalls_and_comes_back_costs_nothing(server: SeaweedFS, tmp_path: Path) -> None:
    upload(server, "photos", [f"{number}.jpg" for number in range(60)], photos(6))
    env = environment(server, "photos", "thumbs") | {"PIXMILL_STORE_TIMEOUT_S": "1", "PIXMILL_SOURCE_TIMEOUT_S": "2"}
    arguments = ["s3://photos/*.jpg", "--to", "s3://thumbs/{stem}-{width}.{ext}", *PARAMETERS]
    report = tmp_path / "report"
    with subprocess.Popen(command(*arguments, "--report", str(report), "--report-all"), env=env) as process:
        while not report.exists() or len(list(lines(report))) < 5:
            time.sleep(0.05)
        with server.paused():
            time.sleep(4)
        assert process.wait(300) == 0
    assert len(digests(server, "thumbs")) == 240


def test_a_full_disk_stops_the_batch_and_room_lets_it_go_on(tmp_path: Path) -> None:
    fill(tmp_path / "photos", [f"{number}.png" for number in range(40)], side=600)
    with small_disk(tmp_path / "disk", "1m") as disk:
        to = f"{disk}/out/{{stem}}.bmp"
        one = command(f"{tmp_path}/photos/*.png", "--to", to, "--workers", "1", "--report", str(tmp_path / "report"))
        full = subprocess.run(one, capture_output=True, text=True, check=False)
        assert full.returncode == 1
        assert "Stopped by store_full" in full.stderr
        assert "Run the same command again" in full.stderr
        assert "store_full" in {json.loads(line)["code"] for line in lines(tmp_path / "report")}
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        assert subprocess.run(one, check=False).returncode == 0
        assert len(list((disk / "out").glob("*.bmp"))) == 40


def test_two_runs_on_one_journal_at_once_are_refused_on_one_machine(tmp_path: Path) -> None:
    fill(tmp_path / "photos", [f"{number}.png" for number in range(60)], side=600)
    one = command(f"{tmp_path}/photos/*.png", "--to", f"{tmp_path}/out/{{stem}}.avif", "--workers", "1")
    with subprocess.Popen(one, stderr=subprocess.PIPE) as first:
        while not list((tmp_path / "out").glob("*.avif")):
            time.sleep(0.05)
        second = subprocess.run(one, capture_output=True, text=True, check=False)
        assert second.returncode == 2
        assert "Another run of this batch works on" in second.stderr
        first.terminate()
        assert first.wait(60) == 143
        assert first.stderr is not None
        assert b"Run the same command again" in first.stderr.read()
    assert subprocess.run(one, capture_output=True, check=False).returncode == 0
    assert len(results(tmp_path / "out")) == 60


def test_credentials_that_are_wrong_stop_the_batch(server: SeaweedFS, tmp_path: Path) -> None:
    upload(server, "photos", [f"{number}.jpg" for number in range(10)], photos(2))
    env = environment(server, "photos", "thumbs")
    env["PIXMILL_STORES"] = env["PIXMILL_STORES"].replace("owner-secret", "wrong-secret")
    one = command("s3://photos/*.jpg", "--to", "s3://thumbs/{stem}.webp")
    ended = subprocess.run(one, env=env, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "credentials" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not list(client(server, "thumbs").list())
