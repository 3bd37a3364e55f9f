"""What a long animation costs: measured in a process of its own, which does nothing else."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

MEMORY_BYTES = 400_000_000
FRAMES = 125

RENDER = """
import json, re, sys
from pathlib import Path

from pixmill.engine.pixels.pipeline import render
from pixmill.media import Format
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Output, Plan, Resize

source = memoryview(Path(sys.argv[1]).read_bytes())
plan = Plan(resize=Resize(width=int(sys.argv[2])), output=Output(formats=(Format(sys.argv[3]),)))
result = render(source, plan, Limits())
peak = 1024 * int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1])
print(json.dumps({"peak": peak, "width": result.width, "height": result.height, "bytes": len(result.body)}))
"""


@pytest.fixture(scope="module")
def full_hd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GIF in which something moves over a still picture."""
    ground = Image.linear_gradient("L").resize((1920, 1080)).quantize(64)
    frames = []
    for number in range(FRAMES):
        frame = ground.copy()
        ImageDraw.Draw(frame).ellipse((number * 12, 300, number * 12 + 300, 600), fill=number % 64)
        frames.append(frame)
    path = tmp_path_factory.mktemp("animation") / "full_hd.gif"
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=40, loop=0)
    return path


@pytest.mark.parametrize(("kind", "width"), [("webp", 480), ("gif", 480), ("png", 480), ("avif", 480), ("png", 1920)])
def test_125_frames_in_full_hd_stay_under_400_mb(full_hd: Path, kind: str, width: int) -> None:
    command = [sys.executable, "-c", RENDER, str(full_hd), str(width), kind]
    result = subprocess.run(command, capture_output=True, timeout=120, check=True, text=True)
    told = json.loads(result.stdout)
    assert (told["width"], told["height"]) == (width, width * 9 // 16)
    assert told["peak"] < MEMORY_BYTES, told
