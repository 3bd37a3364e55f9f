"""SVGs of public test suites, the W3C's for SVG 1.1 among them: the sanitiser changes none that is harmless.

``python -m tests.conformance.drawings`` compares any folder, also with Chromium.
"""

from pathlib import Path
from typing import Final

from tests import material
from tests.conformance.drawings import compare_librsvg

EXCEPTIONS: Final = {
    "struct-cond-03-t.svg": "requiredFeatures, which browsers ignore",
    "text-tref-02-b.svg": "refers to text in a foreignObject",
    "include-fallback.svg": "XInclude, which browsers do not know either",
    "disallowed-996.svg": "XInclude",
    "515-too-many-elements.svgz": "exceeds the limits",
}
SAMPLE: Final = ("svg1.1", "bugs", "svg2", "text", "crash", "loading", "dimensions", "reftests")
"""Folders; of the 488 icons, each eighth."""
ACCEPTABLE: Final = ("equal", "no XML", "not drawn by librsvg", "refused: root element is not svg")


def sample() -> list[Path]:
    found = material.drawings()
    icons = [path for path in found if path.parent.name == "adwaita"]
    return [path for path in found if path.parent.name in SAMPLE] + icons[::8]


def test_librsvg_draws_sanitised_files_as_it_draws_the_originals() -> None:
    outcomes = {path: compare_librsvg(path.read_bytes()) for path in sample()}
    assert len(outcomes) > 300
    assert sum(outcome == "equal" for outcome in outcomes.values()) > 300
    faults = {
        path.name: outcome
        for path, outcome in outcomes.items()
        if not outcome.startswith(ACCEPTABLE) and path.name not in EXCEPTIONS
    }
    assert faults == {}
