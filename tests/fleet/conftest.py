"""What the tests of several servers share: images, Redis, S3, and the bars that are printed with their figures."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.scenes import small_photo
from tests.servers.redis import RedisServer
from tests.servers.seaweedfs import SeaweedFS

Bar = Callable[[str, object, object], None]

_FIGURE: Final = "figure"

_lines: Final[list[str]] = []
"""Of all test processes, which send them as properties of their reports."""


@pytest.fixture
def bar(record_property: Callable[[str, object], None]) -> Bar:
    """``bar("renders of 250 images", renders, 250)``: fails if the figure is another one, and prints both."""

    def check(what: str, figure: object, wanted: object) -> None:
        mark = "ok  " if figure == wanted else "MISS"
        record_property(_FIGURE, f"{mark} {what}: {figure} (bar: {wanted})")
        assert figure == wanted, what

    return check


@pytest.fixture
def note(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Print a figure that has no bar, such as a duration."""
    return lambda text: record_property(_FIGURE, f"     {text}")


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image root with ``photo.jpg``."""
    folder = tmp_path_factory.mktemp("images")
    (folder / "photo.jpg").write_bytes(small_photo())
    return folder


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture
def s3() -> Iterator[SeaweedFS]:
    """A server with the buckets ``originals`` and ``results``; may be stopped."""
    with SeaweedFS() as server:
        for bucket in ("originals", "results"):
            server.make_bucket(bucket)
        yield server


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call":
        _lines.extend(str(value) for name, value in report.user_properties if name == _FIGURE)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _lines:
        terminalreporter.section("figures of the fleet")
        for line in _lines:
            terminalreporter.write_line(line)
