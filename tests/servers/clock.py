"""The time of day of a server, to be put forth and back while it runs."""

import os
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_name("clock.c")
DAY_S = 86_400


class Clock:
    """``server.environment |= clock.environment``, then ``clock.jump(2 * DAY_S)``.

    Needs a C compiler; nothing is downloaded.
    """

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which("gcc") or shutil.which("clang")
        if compiler is None:
            pytest.skip("there is no C compiler")
        self._file, library = folder / "clock", folder / "clock.so"
        self._file.write_bytes(bytes(8))
        subprocess.run(
            [
                compiler,
                "-O1",
                "-Wall",
                "-Wextra",
                "-Werror",
                "-shared",
                "-fPIC",
                str(SOURCE),
                "-o",
                str(library),
                "-ldl",
            ],
            check=True,
        )
        self.environment = {"LD_PRELOAD": str(library), "TEST_CLOCK": str(self._file)}

    def jump(self, off_s: int) -> None:
        """From now on it is off by so many seconds. In place, by one write: the file is mapped."""
        file = os.open(self._file, os.O_WRONLY)
        os.pwrite(file, struct.pack("=q", off_s), 0)
        os.close(file)
