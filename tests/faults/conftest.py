"""Counts what the faults were survived with, and prints it at the end."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.traffic import Traffic, chart

PHOTOS = 6

_counts: Counter[str] = Counter()


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image root with the charts 1 to ``PHOTOS``."""
    folder = tmp_path_factory.mktemp("charts")
    for number in range(1, PHOTOS + 1):
        (folder / f"{number}.png").write_bytes(chart(number))
    return folder


@pytest.fixture
def survived(record_property: Callable[[str, object], None]) -> Callable[..., None]:
    """To be called at the end of a fault that was survived, with the traffic that looked on."""

    def note(*traffics: Traffic, stored: int = 0) -> None:
        record_property("faults", 1)
        record_property("answers", sum(traffic.asked for traffic in traffics))
        record_property("stored", stored)

    return note


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" and report.passed:
        for name, count in report.user_properties:
            if isinstance(count, int):
                _counts[name] += count


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _counts["faults"]:
        terminalreporter.write_line(
            f"faults survived: {_counts['faults']}; answers looked at: {_counts['answers']}, wrong pictures: 0; "
            f"stored results looked at afterwards: {_counts['stored']}, lost: 0"
        )
