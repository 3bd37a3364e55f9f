"""Whether the compiled resampler is in this installation. Imports nothing, for ``pixmill --version``."""

from importlib.util import find_spec


def has_kernel() -> bool:
    """Return whether it is there, without loading it."""
    return find_spec("pixmill.engine.pixels.resample._kernel") is not None
