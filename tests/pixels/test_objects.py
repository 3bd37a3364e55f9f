"""Objects that a network recognises are in the crop of gravity=auto, and its weights are read and run as they are."""

import os
import pickle
import subprocess
import sys
from collections import OrderedDict
from pathlib import Path

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # before its import

import numpy as np
import onnxruntime
import pytest
from PIL import Image
from scipy.signal import correlate

from pixmill.engine.pixels.analysis import objects
from pixmill.engine.pixels.analysis.attention import Grid
from pixmill.engine.pixels.analysis.faces import QUICK_SIDE
from pixmill.engine.pixels.analysis.onnx_graph import OnnxGraph
from pixmill.engine.pixels.analysis.torch_weights import read_weights
from pixmill.engine.raster.convert import VipsImage, to_vips
from pixmill.engine.raster.frame import Frame, Layout
from pixmill.plan.gravity import Interest, Smart
from pixmill.plan.ops import Fit
from tests.pixels.images import encode_image, pixels_of, render_resized

FRIENDS = Path("examples/photos/friends.jpg")
HEADS = (0.29, 0.32, 0.68, 0.68)
"""Left, top, right and bottom of the two dogs that look out of a window, as shares of the sides."""


def vips_image(image: Image.Image) -> VipsImage:
    return to_vips(Frame(image.convert("RGB").tobytes(), *image.size, Layout.RGB))


def friends(side: int) -> Image.Image:
    image = Image.open(FRIENDS)
    image.thumbnail((side, side))
    return image


def even_grid(width: int, height: int) -> Grid:
    return Grid(width, height, [1.0] * (width * height))


def test_nothing_is_written_or_sent_about_this_machine(tmp_path: Path) -> None:
    """onnxruntime keeps an id and events for its makers in the user's home directory."""
    script = "from pixmill.engine.pixels.analysis.object_network import load_network; load_network()"
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    environment |= {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", script], env=environment, check=True)
    assert list(tmp_path.iterdir()) == []


def test_what_is_recognised_weighs_more_than_the_rest() -> None:
    weights = objects.weigh_objects(even_grid(32, 48), vips_image(friends(QUICK_SIDE))).weights
    cells = np.array(weights).reshape(48, 32)
    left, top, right, bottom = (round(share * side) for share, side in zip(HEADS, (32, 48, 32, 48), strict=True))
    assert cells[top:bottom, left:right].mean() > 3 * cells.mean()


def scene_with_dogs_and_pattern() -> Image.Image:
    """Return a soft landscape of 1200 × 400 pixels with a yellow pattern at the left and two dogs at the right."""
    darker = np.repeat(np.linspace(150, 90, 400).astype(np.uint8)[:, None], 1200, axis=1)
    scene = Image.fromarray(darker).convert("RGB")
    squares = (np.indices((300, 300)) // 15).sum(axis=0) % 2
    pattern = np.where(squares[..., None] > 0, (235, 205, 60), (120, 40, 30)).astype(np.uint8)
    scene.paste(Image.fromarray(pattern), (120, 60))
    scene.paste(friends(900).crop((180, 285, 410, 600)).resize((219, 300)), (880, 60))
    return scene


def yellow(image: Image.Image) -> int:
    pixels = pixels_of(image).astype(int)
    return int((pixels[..., 0] - pixels[..., 2] > 120).sum())


def test_auto_keeps_an_object_before_a_pattern() -> None:
    source = encode_image(scene_with_dogs_and_pattern(), "PNG")
    result = render_resized(source, width=50, height=100, fit=Fit.COVER, gravity=Smart(Interest.AUTO))
    assert yellow(render_resized(source, height=100)) > 1000
    assert yellow(result) == 0


@pytest.mark.parametrize("colour", ["white", "black", (120, 120, 120), (10, 60, 200)])
def test_a_plain_colour_shows_no_object(colour: str | tuple[int, int, int]) -> None:
    grid = even_grid(48, 32)
    assert objects.weigh_objects(grid, vips_image(Image.new("RGB", (224, 149), colour))) is grid


@pytest.mark.parametrize("size", [(1, 1), (31, 224), (224, 2)])
def test_a_narrow_image_shows_no_object(size: tuple[int, int]) -> None:
    grid = even_grid(4, 4)
    assert objects.weigh_objects(grid, vips_image(Image.effect_noise(size, 80))) is grid


@pytest.mark.parametrize("size", [(32, 32), (33, 47), (224, 32)])
def test_the_network_takes_every_shape(size: tuple[int, int]) -> None:
    network = objects._network()
    assert network is not None
    features = network(vips_image(Image.effect_noise(size, 80)))
    assert features is not None
    assert (features.width, features.height) == (size[0] // 16, size[1] // 16)


def test_without_the_extra_the_weights_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    monkeypatch.setattr(objects, "_network", objects._network.__wrapped__)
    grid = even_grid(32, 48)
    assert objects.weigh_objects(grid, vips_image(friends(QUICK_SIDE))) is grid
    assert not objects.can_recognise_objects()


def test_a_graph_computes_what_it_says() -> None:
    random = np.random.default_rng(3)
    pixels = random.integers(0, 256, (1, 9, 300, 3), np.uint8)
    kernels = random.normal(size=(2, 3, 3, 3)).astype(np.float32)
    graph = OnnxGraph()
    values = graph.node("Transpose", [graph.node("Cast", [graph.INPUT], to=1)], perm=[0, 3, 1, 2])
    output = graph.node("Conv", [values, graph.array(kernels)], kernel_shape=[3, 3], pads=[0, 0, 0, 0], group=1)
    session = onnxruntime.InferenceSession(graph.model(output), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {graph.INPUT: pixels})
    planes = pixels[0].transpose(2, 0, 1).astype(float)
    expected = [correlate(planes, kernel, mode="valid")[0] for kernel in kernels]
    assert np.allclose(found[0], expected, rtol=1e-4, atol=1e-2)


def test_a_file_of_other_objects_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    head = pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2) + pickle.dumps(None, 2)
    path.write_bytes(head + pickle.dumps(OrderedDict(weight=Path("/")), 2))
    with pytest.raises(pickle.UnpicklingError, match="Refused to load pathlib"):
        read_weights(path)


def test_another_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(pickle.dumps(7))
    with pytest.raises(ValueError, match=r"weights\.pth"):
        read_weights(path)
