"""Runs the command line in the process of the test."""

import io
import sys
from pathlib import Path

import pytest

from pixmill.cli.program import main
from pixmill.settings import Settings, env_name
from tests.cli.program import Done, Run


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    """The entry point, in an empty folder, without the settings of whoever runs the tests."""
    for name in Settings.model_fields:
        monkeypatch.delenv(env_name(name), raising=False)
    monkeypatch.chdir(tmp_path)

    def call(*args: object, stdin: bytes = b"", **env: str) -> Done:
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["pixmill", *map(str, args)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = capfdbinary.readouterr()
        return Done(code, out, err.decode())

    return call
