"""Fixtures that every test may ask for by name: real servers, started when first asked for."""

pytest_plugins = ["tests.servers.seaweedfs"]
