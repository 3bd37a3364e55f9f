"""Fixtures that every test may ask for by name: real servers, started when first asked for."""

from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.servers.redis", "tests.servers.seaweedfs"]

settings.register_profile("pixmill", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("pixmill")
"""How long an example takes says how busy the machine is."""
