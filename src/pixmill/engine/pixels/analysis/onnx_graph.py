"""Writes a network of convolutions as an ONNX model (https://onnx.ai, onnx.proto), without the package ``onnx``.

Only what such a network consists of: nodes with numbers as attributes, and arrays of floats. Must never know which
network it is.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_OPSET: Final = 13
_IR_VERSION: Final = 8
_FLOAT, _UINT8 = 1, 2
"""Types of tensors."""
_INT, _INTS = 2, 7
"""Types of attributes."""
_SEVEN_BITS: Final = 7
_BYTES_FIELD: Final = 2
"""Wire type of a field of bytes; that of a number is 0."""


class OnnxGraph:
    """A graph with one input, an image of 8-bit RGB pixels with shape (1, height, width, 3), and one output."""

    INPUT: Final = "image"

    def __init__(self) -> None:
        self._nodes: list[bytes] = []
        self._arrays: list[bytes] = []

    def node(self, kind: str, inputs: Sequence[str], **attributes: int | Sequence[int]) -> str:
        """Append an operator; return the name of its output."""
        name = f"n{len(self._nodes)}"
        written = b"".join(_field(5, _attribute(key, value)) for key, value in attributes.items())
        self._nodes.append(b"".join(_field(1, value) for value in inputs) + _field(2, name) + _field(4, kind) + written)
        return name

    def array(self, values: "NDArray[np.float32]") -> str:
        """Add a constant; return its name."""
        name = f"a{len(self._arrays)}"
        shape = b"".join(_number(1, side) for side in values.shape)
        self._arrays.append(shape + _number(2, _FLOAT) + _field(8, name) + _field(9, values.tobytes()))
        return name

    def model(self, output: str) -> bytes:
        """Return the model with this output, a tensor of floats."""
        graph = b"".join(
            (
                *(_field(1, node) for node in self._nodes),
                _field(2, "graph"),
                *(_field(5, array) for array in self._arrays),
                _field(11, _tensor(self.INPUT, _UINT8, (1, "height", "width", 3))),
                _field(12, _tensor(output, _FLOAT, ())),
            )
        )
        return _number(1, _IR_VERSION) + _field(7, graph) + _field(8, _number(2, _OPSET))


def _attribute(name: str, value: int | Sequence[int]) -> bytes:
    if isinstance(value, int):
        return _field(1, name) + _number(3, value) + _number(20, _INT)
    return _field(1, name) + b"".join(_number(8, item) for item in value) + _number(20, _INTS)


def _tensor(name: str, kind: int, shape: Iterable[int | str]) -> bytes:
    """Return the description of an input or output; without a shape, of any."""
    sides = b"".join(_field(1, _number(1, side) if isinstance(side, int) else _field(2, side)) for side in shape)
    described = _number(1, kind) + (_field(2, sides) if sides else b"")
    return _field(1, name) + _field(2, _field(1, described))


def _field(number: int, value: bytes | str) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | _BYTES_FIELD) + _varint(len(data)) + data


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _varint(value: int) -> bytes:
    written = bytearray()
    while value >> _SEVEN_BITS:
        written.append(value & 0x7F | 0x80)
        value >>= _SEVEN_BITS
    return bytes((*written, value))
