"""Writes what ``make conformance`` found to ``docs/conformance.json``, from where ``make docs`` takes its tables.

``python -m tests.conformance.report``, after the comparison. Knows counts and reasons, no pixels.
"""

import json
from pathlib import Path
from typing import Any, Final

from tests.conformance.corpus import SETS
from tests.conformance.known import KNOWN
from tests.conformance.test_comparison import RESULTS

TARGET: Final = Path(__file__).parents[2] / "docs" / "conformance.json"


def report() -> dict[str, Any]:
    tallies = {name: json.loads((RESULTS / f"{name}.json").read_text()) for name in SETS}
    sets = [
        {"name": name, **{key: value for key, value in tally.items() if key not in ("listed", "unexplained")}}
        | {"listed": sum(tally["listed"].values())}
        for name, tally in tallies.items()
    ]
    differences = [
        {
            "formats": [name for name, tally in tallies.items() if tally["listed"].get(known.what)],
            "files": sum(tally["listed"].get(known.what, 0) for tally in tallies.values()),
            "what": known.what,
            "reason": known.reason,
        }
        for known in {known.what: known for known in KNOWN}.values()
    ]
    return {"sets": sets, "differences": [row for row in differences if row["files"]]}


if __name__ == "__main__":
    TARGET.write_text(json.dumps(report(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
