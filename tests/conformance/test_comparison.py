"""Every file is shown as Chromium shows it, or the difference is known and has a reason.

Results go to ``build/conformance``, from where ``tests/conformance/report.py`` takes the table of docs/formats.md.
"""

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from tests.conformance.comparison import Comparison, Outcome, compare
from tests.conformance.corpus import SETS
from tests.conformance.judge import Judge
from tests.conformance.known import reason_of

RESULTS: Final = Path(__file__).parents[2] / "build" / "conformance"
FEWEST: Final = 60


@dataclass
class Tally:
    """What the table says of a set of files."""

    files: int = 0
    within_2: int = 0
    within_bound: int = 0
    neither: int = 0
    listed: Counter[str] = field(default_factory=Counter)
    unexplained: list[str] = field(default_factory=list)

    def add(self, name: str, file: str, found: Comparison) -> None:
        self.files += 1
        if found.outcome is Outcome.NEITHER:
            self.neither += 1
        elif found.outcome is Outcome.EQUAL:
            self.within_2 += found.within_2
            self.within_bound += not found.within_2
        elif known := reason_of(name, file, found):
            self.listed[known.what] += 1
        else:
            self.unexplained.append(f"{file}: {found.outcome}; {found.detail}")


@pytest.mark.parametrize("name", SETS)
@pytest.mark.timeout(900)
@pytest.mark.filterwarnings("ignore")
def test_files_are_shown_as_chromium_shows_them(name: str, judge: Judge) -> None:
    files = SETS[name]
    tally = Tally()
    for file in files.files():
        tally.add(name, file.name, compare(judge, file.body, files.form, moving=files.moving))
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(vars(tally)))
    assert tally.files >= FEWEST, "too few to say anything"
    assert not tally.unexplained, f"{len(tally.unexplained)} of {tally.files}:\n" + "\n".join(tally.unexplained)
