"""The server of the cases, and the Node project with the client libraries."""

from collections.abc import Iterator

import pytest

from tests.clients.node import prepare_project
from tests.compat.runner import Service


@pytest.fixture(scope="session", autouse=True)
def node_project() -> None:
    prepare_project()


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(tmp_path_factory.mktemp("originals")) as service:
        yield service
