"""Peak memory of a long animation, measured in a process of its own.

By default it is refused for its cost: these set a limit at which memory counts alone.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageDraw

MEMORY_BYTES = 400_000_000
FRAMES = 125
PHOTO = Path(__file__).parents[2] / "examples" / "photos" / "wine.jpg"

RENDER = """
import json, re, sys
from pathlib import Path

from pixmill.engine.pixels.pipeline import render
from pixmill.media import Format
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Output, Plan, Resize

source = memoryview(Path(sys.argv[1]).read_bytes())
plan = Plan(resize=Resize(width=int(sys.argv[2])), output=Output(formats=(Format(sys.argv[3]),)))
result = render(source, plan, Limits(max_cost_s=1_000))
peak = 1024 * int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1])
print(json.dumps({"peak": peak, "width": result.width, "height": result.height, "bytes": len(result.body)}))
"""


@pytest.fixture(scope="module")
def still_ground(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GIF in which something moves over a still background."""
    ground = Image.linear_gradient("L").resize((1920, 1080)).quantize(64)
    frames = []
    for number in range(FRAMES):
        frame = ground.copy()
        ImageDraw.Draw(frame).ellipse((number * 12, 300, number * 12 + 300, 600), fill=number % 64)
        frames.append(frame)
    return save_animation(tmp_path_factory.mktemp("animation") / "still.gif", frames)


@pytest.fixture(scope="module")
def moving_photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GIF of which every pixel changes in every frame: some 100 MB, which the worker holds as well."""
    with Image.open(PHOTO) as photo:
        ground = photo.convert("RGB").resize((1920, 1080)).quantize(255, dither=Image.Dither.NONE)
    frames = [ImageChops.offset(ground, 16 * number, 5 * number) for number in range(FRAMES)]
    return save_animation(tmp_path_factory.mktemp("animation") / "moving.gif", frames)


def save_animation(path: Path, frames: list[Image.Image]) -> Path:
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=40, loop=0)
    return path


def peak_memory(path: Path, kind: str, width: int) -> int:
    """The most memory that a process has which does this."""
    command = [sys.executable, "-c", RENDER, str(path), str(width), kind]
    result = subprocess.run(command, capture_output=True, timeout=500, check=True, text=True)
    values = json.loads(result.stdout)
    assert (values["width"], values["height"]) == (width, width * 9 // 16)
    return int(values["peak"])


@pytest.mark.parametrize("kind", ["webp", "gif", "png", "avif"])
def test_125_frames_in_full_hd_stay_under_400_mb_at_full_size(still_ground: Path, kind: str) -> None:
    assert peak_memory(still_ground, kind, 1920) < MEMORY_BYTES


def test_a_large_file_of_them_stays_there_in_the_encoder_that_needs_most(moving_photo: Path) -> None:
    """AVIF: alpha is a separate image with a separate encoder."""
    assert moving_photo.stat().st_size > 80_000_000
    assert peak_memory(moving_photo, "avif", 1920) < MEMORY_BYTES
