"""ExifTool, an independent judge of metadata: of this machine, or from the Debian package.

It is a Perl program that runs from any folder.
"""

import json
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from tests.material import debian_program

_PACKAGE: Final = "libimage-exiftool-perl"
_TIMEOUT_S: Final = 600


def read_tags(folder: Path) -> dict[str, dict[str, Any]]:
    """Return by file name all tags of all files of a folder, by ``group:name``, also unknown and embedded ones."""
    options = ["-json", "-a", "-u", "-G1", "-ee", "-n", "-q", "-q", "-charset", "filename=utf8"]
    told = json.loads(_run([*options, str(folder)], may_fail=True) or "[]")
    return {Path(tags["SourceFile"]).name: tags for tags in told}


def write_tags(assignments: Iterable[str], files: Iterable[Path]) -> None:
    """Write tags, each as far as the format of the file can have it."""
    _run(["-overwrite_original", "-m", "-q", "-q", *assignments, *(str(file) for file in files)], may_fail=True)


def _run(arguments: list[str], *, may_fail: bool) -> str:
    done = subprocess.run([*_command(), *arguments], capture_output=True, timeout=_TIMEOUT_S, check=not may_fail)
    return done.stdout.decode(errors="replace")


def _command() -> list[str]:
    installed = shutil.which("exiftool")
    if installed:
        return [installed]
    root = debian_program(_PACKAGE)
    return ["perl", f"-I{root}/usr/share/perl5", f"{root}/usr/bin/exiftool"]
