"""The report of a batch: one JSON object a line.

Knows failures and outcomes. Must never keep more of them in memory than the first few.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from pixmill.batch.job import Failure
from pixmill.batch.runner import Outcome

FIRST_FAILURES: Final = 10
"""Shown at the end of a run."""


class Report:
    """Writes failures to a file, ``-`` is standard output; with ``everything`` also what was made and skipped."""

    def __init__(self, path: str = "", *, everything: bool = False) -> None:
        self._file: BinaryIO | None = None
        if path:
            self._file = sys.stdout.buffer if path == "-" else Path(path).open("wb")  # noqa: SIM115 - closed by close
        self._name = "The report" if path == "-" else path
        self._everything = everything
        self.first: list[Failure] = []
        self.codes: Counter[str] = Counter()

    def add(self, outcome: Outcome) -> None:
        """Write down what became of an original."""
        for failure in outcome.failures:
            self.add_failure(failure)
        if self._everything and not outcome.failures:
            outputs = [{"output": path, "bytes": size} for path, size in outcome.written]
            self._write(
                {"status": "skipped" if outcome.is_skipped else "done", "input": outcome.item.url, "outputs": outputs}
            )

    def add_failure(self, failure: Failure) -> None:
        self.codes[failure.code] += 1
        if len(self.first) < FIRST_FAILURES:
            self.first.append(failure)
        fields = {name: value for name, value in msgspec.structs.asdict(failure).items() if value}
        self._write({"status": "failed", **fields})

    def close(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            with self._named_in_errors():
                if file is sys.stdout.buffer:
                    file.flush()
                else:
                    file.close()

    def _write(self, fields: dict[str, object]) -> None:
        if self._file is not None:
            with self._named_in_errors():
                self._file.write(msgspec.json.encode(fields) + b"\n")
                self._file.flush()

    @contextmanager
    def _named_in_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            error.filename = self._name
            raise
