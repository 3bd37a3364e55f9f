"""Completion in real shells: what Tab offers."""

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.cli.program import Run

BIN = Path(sys.executable).parent
IN_BASH = """
eval "$(pixmill completion bash)"
COMP_WORDS=("$@")
COMP_CWORD=$(( $# - 1 ))
_pixmill_completion pixmill 2>/dev/null
printf '%s\\n' "${COMPREPLY[@]}"
"""


def environment(home: Path) -> Mapping[str, str]:
    return {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(home), "LANG": "C.UTF-8", "TERM": "dumb"}


def offered_by(command: list[str], home: Path) -> list[str]:
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=120, env=environment(home), cwd=home
    )
    return done.stdout.split()


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("re", ["resize"]),
        ("config im", ["import"]),
        ("resize a.jpg b/ --fit c", ["cover", "contain"]),
        ("resize a.jpg b/ --enlarge --format w", ["webp"]),
        ("resize a.jpg b/ --no-e", ["--no-enlarge", "--no-equalize"]),
        ("serve --log-f", ["--log-format"]),
        ("translate /a --to img", ["imgproxy", "imgix"]),
    ],
)
def test_bash_is_offered_commands_options_and_values(tmp_path: Path, typed: str, offered: list[str]) -> None:
    assert offered_by(["bash", "--norc", "-c", IN_BASH, "bash", "pixmill", *typed.split(" ")], tmp_path) == offered


def test_tab_completes_in_an_interactive_bash(tmp_path: Path) -> None:
    (tmp_path / "rc").write_text('eval "$(pixmill completion bash)"\nPS1="ready> "\nbind "set bell-style none"\n')
    (tmp_path / "a photo of a mill.jpg").touch()
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(tmp_path)
        os.execvpe(  # noqa: S606 - a terminal of its own
            "bash", ["bash", "--noprofile", "--rcfile", "rc", "-i"], environment(tmp_path)
        )
    try:
        read_until(terminal, b"ready> ")
        os.write(terminal, b"pixmill resi\t")
        read_until(terminal, b"pixmill resize ")
        os.write(terminal, b"a\t")
        read_until(terminal, b"mill.jpg")
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        os.close(terminal)


def read_until(terminal: int, text: bytes) -> None:
    shown, end = b"", time.monotonic() + 60
    while text not in shown:
        ready, _, _ = select.select([terminal], [], [], max(0, end - time.monotonic()))
        assert ready, shown
        shown += os.read(terminal, 4096)


@pytest.mark.skipif(shutil.which("fish") is None, reason="needs fish")
def test_fish_is_offered_values(tmp_path: Path) -> None:
    script = "pixmill completion fish | source; complete -C 'pixmill resize a.jpg b/ --fit c'"
    assert sorted(offered_by(["fish", "--no-config", "-c", script], tmp_path)) == ["contain", "cover"]


@pytest.mark.skipif(shutil.which("zsh") is None, reason="needs zsh")
def test_zsh_takes_the_script(tmp_path: Path) -> None:
    script = 'autoload -Uz compinit; compinit -u; eval "$(pixmill completion zsh)"; print $_comps[pixmill]'
    assert offered_by(["zsh", "-f", "-c", script], tmp_path) == ["_pixmill_completion"]


def test_other_shells_are_named(run: Run) -> None:
    done = run("completion", "powershell")
    assert done.code == 2
    assert "choose from bash, zsh, fish" in done.err
