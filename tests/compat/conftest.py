"""One server for all cases that a test worker runs."""

from collections.abc import Iterator

import pytest

from tests.compat.runner import Service


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(tmp_path_factory.mktemp("originals")) as service:
        yield service
