"""Runs the official validator of the IIIF Image API as its command line does, with the same random numbers each time.

    python -m tests.clients.validate_iiif -s 127.0.0.1:8080 -p iiif/3 -i IDENTIFIER --version=3.0 --level 3

Two of its tests import ``magic`` for formats that Pixmill does not write; without libmagic no test would run.
"""

import random
import runpy
import sys
from pathlib import Path
from types import ModuleType

SCRIPT = Path(sys.executable).with_name("iiif-validate.py")

if __name__ == "__main__":
    random.seed(5)
    sys.modules["magic"] = ModuleType("magic")
    sys.argv[0] = str(SCRIPT)
    runpy.run_path(str(SCRIPT), run_name="__main__")
