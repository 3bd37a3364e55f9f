"""The command: what it prints, and wrong usage, which is refused before anything is written."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from pixmill.cli.batch import command
from pixmill.cli.usage import WrongUsage
from tests.batch.material import fill


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    fill(tmp_path / "photos", ["a.png", "x/b.png"])
    return tmp_path / "photos"


def test_a_dry_run_prints_every_result_and_writes_nothing(photos: Path) -> None:
    ran = CliRunner().invoke(command, ["photos", "--to", "out/", "-w", "32,64", "-f", "webp", "--dry-run"])
    here = photos.parent
    assert ran.exit_code == 0
    assert ran.stdout.splitlines() == [
        f"{photos}/{original} -> {here}/out/{result}-{width}.webp"
        for original, result in (("a.png", "a"), ("x/b.png", "x/b"))
        for width in (32, 64)
    ]
    assert "2 originals would become 4 results. Nothing was written." in ran.stderr
    assert not (here / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "nothing names originals"),
        (["photos"], "--to is missing"),
        (["photos", "--to", "out"], "--format: The format of the results is not known"),
        (["photos", "--to", "out/{stem}.webp", "--width", "32,wide"], "--width: width must be"),
        (["photos", "--to", "out/{stem}.webp", "--width", "32,64"], "--to: --width has several values"),
        (["photos", "--to", "out/{sem}.webp"], "--to: There is no placeholder"),
        (["photos", "--to", "out/{stem}.webp", "--shard", "9/8"], "--shard: 9/8 is no part"),
        (["photos", "--to", "out/{stem}.webp", "--shard-size", "0"], "--shard-size is a whole number"),
        (["photos", "--to", "out/{stem}.webp", "--on-error", "retry"], "--on-error is continue or stop"),
        (["s3://", "--to", "out/{stem}.webp"], "PATTERN: s3://: a bucket must be named"),
        (["photos", "--to", "photos/{stem}.png"], "--to: .*overwritten by its own result"),
    ],
)
def test_wrong_usage_says_what_is_wrong(photos: Path, arguments: list[str], message: str) -> None:
    ran = CliRunner().invoke(command, arguments)
    assert isinstance(ran.exception, WrongUsage) or ran.exit_code == 2
    with pytest.raises(WrongUsage, match=message):
        command.main(arguments, standalone_mode=False)
    assert not (photos.parent / "out").exists()


def test_a_list_that_is_yet_to_come_can_be_interrupted(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "names")
    arguments = ["--files-from", str(tmp_path / "names"), "--to", f"{tmp_path}/out", "-w", "16", "-f", "webp"]
    with subprocess.Popen(
        [sys.executable, "-m", "pixmill", "batch", *arguments], stderr=subprocess.PIPE, text=True
    ) as process:
        with (tmp_path / "names").open("wb"):  # opened when the other side is
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 130
        assert process.stderr
        assert "nothing was written" in process.stderr.read()
