"""What the tests of the stores share."""

import subprocess

import pytest


@pytest.fixture(scope="session")
def rsa_key() -> str:
    """A private key of nobody, made for this run."""
    made = subprocess.run(
        ["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
        capture_output=True,
        check=True,
        text=True,
        timeout=30,
    )
    return made.stdout
