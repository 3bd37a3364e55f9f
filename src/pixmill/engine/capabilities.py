"""What the workers of this installation can do, as JSON on standard output.

    python -m pixmill.engine.capabilities

A process of its own, since only workers may load the pixel libraries.
"""

import sys
from importlib.metadata import version

import msgspec

from pixmill.engine.codecs.table import CODECS, installed, readable, writable
from pixmill.engine.pixels import resample

LIBRARIES = ("pillow", "pyvips", "pyvips-binary")


class Capabilities(msgspec.Struct, frozen=True):
    """``reads`` and ``writes``: library by format. ``lacks``: the extra that would bring a format. ``kernel``: whether the compiled resampler is
    there.
    """

    reads: dict[str, str]
    writes: dict[str, str]
    lacks: dict[str, str]
    kernel: bool
    versions: dict[str, str]


def capabilities() -> Capabilities:
    """Ask the table and the libraries themselves."""
    return Capabilities(
        reads={kind.value: codec.reader for kind, codec in CODECS.items() if readable(kind)},
        writes={kind.value: codec.writer for kind, codec in CODECS.items() if writable(kind)},
        lacks={kind.value: codec.extra for kind, codec in CODECS.items() if codec.extra and not installed(codec.extra)},
        kernel=resample.available,
        versions={name: version(name) for name in LIBRARIES},
    )


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(capabilities()))
