"""SVGs of public test suites: Chromium shows the file that stays an SVG as it shows the original."""

import pytest

from tests import material
from tests.conformance.drawings import compare_kept
from tests.conformance.judge import Judge

IN_FOREIGN_OBJECT = "text-tref-02-b.svg"
"""Chromium lets no page read what it shows of such a file."""


@pytest.mark.parametrize("part", range(3))
def test_chromium_shows_kept_files_as_it_shows_the_originals(judge: Judge, part: int) -> None:
    files = [path for path in material.drawings() if path.parent.name in ("svg1.1", "svg2", "bugs")][part::12]
    outcomes = {path.name: compare_kept(judge, path.read_bytes()) for path in files if path.name != IN_FOREIGN_OBJECT}
    assert {name: outcome for name, outcome in outcomes.items() if outcome != "equal"} == {}
