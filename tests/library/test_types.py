"""The types of parameters follow from the table, and a type checker sees them."""

import subprocess
import sys
from pathlib import Path
from typing import get_type_hints

import pytest
from docs import library_types

from pixmill.library import param_types
from pixmill.library.params import FACT_PARAMS, IMAGE_PARAMS


def test_declarations_are_those_of_the_table() -> None:
    assert library_types.FILE.read_text() == library_types.text(), "run make docs"
    assert set(get_type_hints(param_types.ResizeParams)) == {param.name for param in IMAGE_PARAMS}
    assert set(get_type_hints(param_types.InfoParams)) == {param.name for param in FACT_PARAMS}


GOOD = """
from pathlib import Path
from typing import assert_type
import pixmill

assert_type(pixmill.resize(b"", "a.webp", width=400, fit="cover", crop=(1, 2, 3, 4), blur=2.5), pixmill.Result)
assert_type(pixmill.info(Path("a.jpg"), include=["palette"])["width"], int)
assert_type(pixmill.placeholder("a.jpg", "color"), str)
pixmill.resize("a.jpg", quality="auto", then=[{"width": 4}], format="avif", enlarge="error", padding=3, grayscale=True)
with pixmill.Engine(workers=2, max_pixels=4) as engine:
    for result in engine.map(["a.jpg"], width=3):
        assert_type(result, pixmill.Result)
    for either in engine.map(["a.jpg"], on_error="return"):
        assert_type(either, pixmill.Result | pixmill.PixmillError)


async def main() -> None:
    async with pixmill.Engine() as engine:
        assert_type(await engine.aresize("a.jpg"), pixmill.Result)
        async for result in engine.amap(["a.jpg"], width=3):
            assert_type(result, pixmill.Result)
"""

BAD = {
    'pixmill.resize("a.jpg", fit="crop")': "typeddict|arg-type",
    'pixmill.resize("a.jpg", widht=3)': "call-arg",
    'pixmill.resize("a.jpg", width=[3])': "arg-type",
    'pixmill.resize("a.jpg", format="jpg2000")': "arg-type",
    "pixmill.resize(3)": "arg-type",
    'pixmill.info("a.jpg")["widht"]': "typeddict-item",
    'pixmill.placeholder("a.jpg", "none")': "arg-type",
    "pixmill.nothing": "attr-defined",
}


@pytest.mark.slow
def test_type_checker_knows_names_and_values(tmp_path: Path) -> None:
    (tmp_path / "good.py").write_text(GOOD)
    (tmp_path / "bad.py").write_text("import pixmill\n\n" + "\n".join(BAD) + "\n")
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), "good.py", "bad.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=500)
    found: dict[int, str] = {}
    for line in done.stdout.splitlines()[:-1]:
        file, number, _, message = line.split(":", 3)
        if "error" in line:
            assert file == "bad.py", line
            found[int(number)] = message
    assert sorted(found) == list(range(3, 3 + len(BAD))), done.stdout
    for message, codes in zip((found[line] for line in sorted(found)), BAD.values(), strict=True):
        assert any(f"[{code}]" in message for code in codes.split("|")), message
