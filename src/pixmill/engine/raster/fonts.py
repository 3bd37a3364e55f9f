"""The fonts of this process: those of the system, and Noto Sans, which comes as a package.

Text looks the same if no font is installed. Registering changes which font a family without one of its own stands for,
and each thread remembers what it found: so whatever draws text, an overlay or a drawing, registers the fonts first.
"""

from functools import cache
from typing import Final

import pyvips
from fontpkg_noto_sans import ROOT

_FONT_FILES: Final = sorted(str(path) for path in (ROOT / "files").glob("*.ttf"))


@cache
def register_fonts() -> None:
    """Register the packaged fonts with fontconfig, once."""
    for file in _FONT_FILES:
        pyvips.Image.text("a", font="sans", fontfile=file, dpi=72).copy_memory()
