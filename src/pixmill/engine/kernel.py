"""Whether the compiled parts are in this installation. Imports nothing, for ``pixmill --version``."""

from importlib.util import find_spec
from typing import Final

_COMPILED: Final = ("pixmill.engine.pixels.resample._kernel", "pixmill.engine.codecs._scanlines")


def has_kernel() -> bool:
    """Return whether they are there, without loading them."""
    return all(find_spec(name) is not None for name in _COMPILED)
