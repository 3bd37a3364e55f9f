"""Print the failed tests of JUnit reports: each with the end of its output, then one line for each, so that the end
of a log tells.

Needs nothing but Python, since what failed may be the environment of the tests.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

MOST_LINES = 80
"""Of a traceback, and of each output; the last ones tell most."""


def failures(report: Path) -> Iterator[tuple[str, ET.Element]]:
    try:
        cases = ET.parse(report).iter("testcase")  # noqa: S314 - written by our own pytest
    except (OSError, ET.ParseError) as error:
        yield (
            f"{report.stem}: no readable report ({error}): the run ended before its tests did",
            ET.Element("testcase"),
        )
        return
    for case in cases:
        if case.find("failure") is not None or case.find("error") is not None:
            yield (
                f"{report.stem}: {case.get('classname')}::{case.get('name')} ({float(case.get('time') or 0):.1f} s)",
                case,
            )


def show(name: str, case: ET.Element) -> None:
    print(f"\n{'=' * 120}\n{name}")
    for part in case:
        lines = (part.text or part.get("message") or "").rstrip().splitlines()
        if part.tag in {"failure", "error", "system-out", "system-err"} and lines:
            left_out = f" (the last {MOST_LINES} of {len(lines)} lines)" if len(lines) > MOST_LINES else ""
            print(f"--- {part.tag}{left_out}", *lines[-MOST_LINES:], sep="\n")


def main(reports: list[str]) -> None:
    found = [failure for report in reports for failure in failures(Path(report))]
    for name, case in found:
        show(name, case)
    if found:
        print(f"\n{'=' * 120}\n{len(found)} failed:", *(name for name, _ in found), sep="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
