"""Rewrites ``messages.txt`` from what the server prints now: ``python -m tests.misconfigurations.update``. Read the difference."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.misconfigurations.cases import CASES, Case, message_of

FILE = Path(__file__).with_name("messages.txt")


def section(name: str, case: Case, message: str) -> str:
    given = [
        f"{key}={value!r}" if " " in value or not value.isprintable() or not value else f"{key}={value}"
        for key, value in case.environment.items()
    ]
    flags = [f"--{key.replace('_', '-')} {value}" for key, value in case.flags.items()]
    lines = [f".env: {line}" for line in case.env_file.decode("ascii", "backslashreplace").splitlines()]
    command = " ".join([*given, "pixmill serve", *flags]).replace("{folder}", "/srv")
    return "\n".join([f"# {name}", *lines, f"$ {command}", message, ""])


def main() -> None:
    sections = []
    for name, case in CASES.items():
        with TemporaryDirectory() as folder:
            before = Path.cwd()
            os.chdir(folder)
            try:
                sections.append(section(name, case, message_of(case, Path(folder))))
            finally:
                os.chdir(before)
    FILE.write_text("\n".join(sections), encoding="utf-8")


if __name__ == "__main__":
    main()
