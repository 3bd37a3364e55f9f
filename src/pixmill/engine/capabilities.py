"""What the workers of this installation can do, as JSON on standard output.

    python -m pixmill.engine.capabilities [CONFINEMENT]

A process of its own, since only workers may load the pixel libraries.
"""

import sys
from importlib.metadata import version

import msgspec

from pixmill.engine.codecs.table import CODECS, installed, readable, writable
from pixmill.engine.confinement import Confinement, Layer, described, limit, lock_in
from pixmill.engine.pixels import resample

LIBRARIES = ("pillow", "pyvips", "pyvips-binary")


class Capabilities(msgspec.Struct, frozen=True):
    """``reads`` and ``writes``: library by format. ``lacks``: the extra that would bring a format. ``kernel``: whether the compiled resampler is
    there. ``confined``: what holds a worker back, each in words; ``unconfined``: what does not, and why.
    """

    reads: dict[str, str]
    writes: dict[str, str]
    lacks: dict[str, str]
    kernel: bool
    confined: list[str]
    unconfined: dict[str, str]
    versions: dict[str, str]


def capabilities(how: Confinement) -> Capabilities:
    """Ask the table and the libraries themselves, and be locked in from then on, as a worker is."""
    words = described()
    limit(0, 0)  # the kernel locks nobody in who could still gain privileges
    trouble = _trouble(how)
    return Capabilities(
        reads={kind.value: codec.reader for kind, codec in CODECS.items() if readable(kind)},
        writes={kind.value: codec.writer for kind, codec in CODECS.items() if writable(kind)},
        lacks={kind.value: codec.extra for kind, codec in CODECS.items() if codec.extra and not installed(codec.extra)},
        kernel=resample.available,
        confined=[words[layer] for layer in words if layer not in trouble],
        unconfined={layer.value: why for layer, why in trouble.items()},
        versions={name: version(name) for name in LIBRARIES},
    )


def _trouble(how: Confinement) -> dict[Layer, str]:
    """``STRICT`` would end here at the first layer that is missing; told is what any is."""
    return lock_in(Confinement.AUTO if how is Confinement.STRICT else how, sys.stdout.fileno())


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(capabilities(Confinement((sys.argv[1:] or ["auto"])[0]))))
