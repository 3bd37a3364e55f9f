"""Which optional dependencies of Pixmill are installed. Imports none of them, so that the server may ask."""

from functools import cache
from importlib.util import find_spec
from typing import Final

EXTRA_MODULES: Final[dict[str, str]] = {
    "heic": "pillow_heif",
    "jxl": "pillow_jxl",
    "pdf": "pypdfium2",
    "raw": "rawpy",
    "video": "av",
}
"""The extras of Pixmill that have codecs, and the module that each installs."""


@cache
def is_extra_installed(extra: str) -> bool:
    """Whether the module of this extra can be imported; does not import it."""
    return find_spec(EXTRA_MODULES[extra]) is not None
