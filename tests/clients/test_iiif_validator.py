"""The official validator of the IIIF Image API: all tests of level 2, and those of optional features."""

import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from PIL import Image

from tests.compat.runner import Service

IDENTIFIER: Final = "67352ccc-d1b0-11e1-89ae-279075081939"
TIMEOUT_S: Final = 300
_OUTCOME: Final = re.compile(r"\] test (\w+) (PASS|FAIL)")

UNWRITTEN: Final = {"format_jp2", "format_pdf"}
"""Formats of results that there are not."""
BROKEN: Final = {"format_webp"}
"""The validator calls a function that Python 3 does not have."""
CONTRADICTORY: Final = {"size_up"}
"""``^2000,2000`` must be larger than the image and ``^max`` must not, although that is the largest size of all."""


def validation_image() -> bytes:
    """Draw the image that the validator knows: ten by ten squares of a hundred pixels, in its own colours."""
    code = "from iiif_validator.validator import ValidationInfo; print(json.dumps(ValidationInfo().colorInfo))"
    code = "import json, sys, types; sys.modules['magic'] = types.ModuleType('magic'); " + code
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=TIMEOUT_S)
    columns = json.loads(done.stdout.splitlines()[-1])  # it prints warnings first
    image = Image.new("RGB", (10, 10))
    for x, column in enumerate(columns):
        for y, colour in enumerate(column):
            image.putpixel((x, y), tuple(colour))
    body = io.BytesIO()
    image.resize((1_000, 1_000), Image.Resampling.NEAREST).save(body, "PNG")
    return body.getvalue()


@pytest.mark.parametrize(
    ("version", "known"),
    [("3.0", UNWRITTEN | BROKEN | CONTRADICTORY), ("2.0", UNWRITTEN | BROKEN)],
)
def test_everything_but_what_is_known_is_valid(service: Service, version: str, known: set[str]) -> None:
    service.origin.publish(f"/validated/{IDENTIFIER}.png", validation_image(), {})
    server, prefix = f"127.0.0.1:{service.server.port}", f"validated/iiif/{version[0]}"
    command = [sys.executable, "-m", "tests.clients.validate_iiif", "-s", server, "-p", prefix, "-i", IDENTIFIER]
    done = subprocess.run(
        [*command, f"--version={version}", "--level=3"],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
        timeout=TIMEOUT_S,
    )
    outcomes = dict(_OUTCOME.findall(done.stderr))
    assert {name for name, outcome in outcomes.items() if outcome == "FAIL"} == known, done.stderr
    assert len(outcomes) > 40, done.stderr
