"""Reads the weights in a file that PyTorch wrote before 1.6, without PyTorch.

The file is four pickles (a magic number, the version of the format, sizes of types, the tensors), the keys of the
storages, then each storage as its length and its values. Unpickles nothing but tensors. Must never know networks.
"""

import pickle
import struct
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Weights = dict[str, NDArray[np.float32]]

_MAGIC: Final = 0x1950A86A20F9469CFC6C
_LENGTH: Final = struct.Struct("<q")
_FLOAT: Final = "FloatStorage"


class _Tensor(NamedTuple):
    """A view of a storage: its key and type, offset, shape and strides in values."""

    key: str
    kind: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_weights(path: Path) -> "Weights":
    """Return the tensors of floats by name. Raises ValueError if the file is another one, or not whole."""
    with path.open("rb") as file:
        if _Unpickler(file).load() != _MAGIC:
            raise ValueError(f"{path.name} is no file of weights")
        _, _, tensors, keys = (_Unpickler(file).load() for _ in range(4))
        kinds = {tensor.key: tensor.kind for tensor in tensors.values()}
        storages = {key: _read_storage(file, kinds[key]) for key in keys}
    return {name: _view(tensor, storages[tensor.key]) for name, tensor in tensors.items() if tensor.kind == _FLOAT}


class _Unpickler(pickle.Unpickler):
    """Knows what a dictionary of tensors consists of, and no other object."""

    def find_class(self, module_name: str, global_name: str, /) -> object:
        allowed = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): _to_tensor,
            ("torch", _FLOAT): _FLOAT,
            ("torch", "LongStorage"): "LongStorage",
        }
        try:
            return allowed[module_name, global_name]
        except KeyError:
            raise pickle.UnpicklingError(f"Refused to load {module_name}.{global_name}") from None

    def persistent_load(self, pid: tuple[str, str, str]) -> tuple[str, str]:
        _, kind, key = pid[:3]
        return kind, key


def _to_tensor(
    storage: tuple[str, str], offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: object
) -> _Tensor:
    kind, key = storage
    return _Tensor(key, kind, offset, shape, strides)


def _read_storage(file: BinaryIO, kind: str) -> "NDArray[np.float32]":
    import numpy as np  # noqa: PLC0415 - comes with the extra

    (length,) = _LENGTH.unpack(file.read(_LENGTH.size))
    kind_of_value = np.dtype("<f4" if kind == _FLOAT else "<i8")
    return np.frombuffer(file.read(length * kind_of_value.itemsize), kind_of_value)


def _view(tensor: _Tensor, storage: "NDArray[np.float32]") -> "NDArray[np.float32]":
    from numpy.lib.stride_tricks import as_strided  # noqa: PLC0415

    last = tensor.offset + sum((n - 1) * stride for n, stride in zip(tensor.shape, tensor.strides, strict=True))
    if not 0 <= tensor.offset <= last < len(storage):
        raise ValueError("A tensor reaches beyond its storage")
    strides = [stride * storage.itemsize for stride in tensor.strides]
    return as_strided(storage[tensor.offset :], tensor.shape, strides, writeable=False)
