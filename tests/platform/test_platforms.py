"""Everything works without what only Linux has: the smoke test runs under an emulation of macOS's Python."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[1]
MACOS: Final = {"PYTHONPATH": str(HERE / "macos")}


def run(*command: str, variables: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )


def test_the_emulation_has_none_of_what_only_linux_has() -> None:
    program = """
import ctypes, fcntl, os, resource, socket, sys
assert sys.platform == "darwin"
for module, name in ((os, "memfd_create"), (os, "sched_getaffinity"), (fcntl, "F_ADD_SEALS"), (socket, "SOCK_SEQPACKET")):
    assert not hasattr(module, name), name
assert not hasattr(ctypes.CDLL(None), "prctl")
for call in (lambda: open("/proc/self/status"), lambda: os.listdir("/proc/self/fd"), lambda: os.open("/sys", 0)):
    try:
        call()
    except FileNotFoundError:
        continue
    raise AssertionError
try:
    resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
except ValueError:
    print("emulated")
"""
    done = run("-c", program, variables=MACOS)
    assert done.stdout == "emulated\n", done.stderr


def test_images_are_served_and_resized_without_what_only_linux_has() -> None:
    done = run("-m", "tests.platform.smoke", variables=MACOS)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(": ok") == 7


def test_a_strict_sandbox_refuses_to_start_where_there_is_none() -> None:
    done = run("-m", "pixmill", "serve", "--demo", "--sandbox", "strict", variables=MACOS)
    assert done.returncode == 2
    assert "PIXMILL_SANDBOX=strict needs Landlock and seccomp" in done.stderr


def test_windows_is_told_what_to_use_instead() -> None:
    program = """
import sys
sys.platform = "win32"
try:
    import pixmill.runtime.operating_system
except ImportError as error:
    print(error)
"""
    done = run("-c", program, variables={})
    assert "WSL 2" in done.stdout, done.stderr


def test_commands_on_windows_are_refused_in_a_sentence() -> None:
    program = """
import sys
from pixmill.cli.program import main
sys.platform = "win32"
sys.modules |= dict.fromkeys(("fcntl", "resource", "termios"))
sys.argv = ["pixmill", "serve", "--demo"]
main()
"""
    done = run("-c", program, variables={})
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("pixmill: this command runs on Linux and macOS, not on Windows")
    assert "Traceback" not in done.stderr
