"""Fixtures that every test may ask for by name: real servers, started when first asked for."""

import logging
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.servers.redis", "tests.servers.seaweedfs"]

settings.register_profile("pixmill", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("pixmill")
"""How long an example takes says how busy the machine is."""


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """Undo what a test sets up of logging, as ``pixmill serve`` does, for those behind it."""
    root, config = logging.getLogger(), structlog.get_config() if structlog.is_configured() else None
    before, level = set(root.handlers), root.level
    yield
    for handler in set(root.handlers) - before:
        if type(handler).__module__.startswith("pixmill."):
            root.removeHandler(handler)
    root.setLevel(level)
    if config is None:
        structlog.reset_defaults()
