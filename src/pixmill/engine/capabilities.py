"""What the workers of this installation can do, as JSON on standard output.

    python -m pixmill.engine.capabilities [SANDBOX_MODE]

A process of its own, since only workers may load the pixel libraries.
"""

import sys
from importlib.metadata import version

import msgspec

from pixmill.engine.codecs.table import CODECS, can_decode, can_encode, is_extra_installed
from pixmill.engine.pixels.resample import lanczos
from pixmill.engine.sandbox.policy import SandboxLayer, SandboxMode, describe_layers, enter_sandbox, set_rlimits

LIBRARIES = ("pillow", "pyvips", "pyvips-binary")


class Capabilities(msgspec.Struct, frozen=True):
    """``reads`` and ``writes``: library by format. ``lacks``: the extra that would bring a format. ``kernel``: whether the compiled resampler is
    there. ``confined``: what holds a worker back, each in words; ``unconfined``: what does not, and why.
    """

    decoders: dict[str, str]
    encoders: dict[str, str]
    missing_extras: dict[str, str]
    has_kernel: bool
    sandbox_layers: list[str]
    missing_sandbox_layers: dict[str, str]
    library_versions: dict[str, str]


def probe_capabilities(mode: SandboxMode) -> Capabilities:
    """Ask the table and the libraries themselves, and be locked in from then on, as a worker is."""
    descriptions = describe_layers()
    set_rlimits(0, 0)  # the kernel locks nobody in who could still gain privileges
    missing = _enter_sandbox(mode)
    return Capabilities(
        decoders={kind.value: codec.decoder_library for kind, codec in CODECS.items() if can_decode(kind)},
        encoders={kind.value: codec.encoder_library for kind, codec in CODECS.items() if can_encode(kind)},
        missing_extras={
            kind.value: codec.extra
            for kind, codec in CODECS.items()
            if codec.extra and not is_extra_installed(codec.extra)
        },
        has_kernel=lanczos.available,
        sandbox_layers=[descriptions[layer] for layer in descriptions if layer not in missing],
        missing_sandbox_layers={layer.value: reason for layer, reason in missing.items()},
        library_versions={name: version(name) for name in LIBRARIES},
    )


def _enter_sandbox(mode: SandboxMode) -> dict[SandboxLayer, str]:
    """``STRICT`` would end here at the first layer that is missing; told is what any is."""
    return enter_sandbox(SandboxMode.AUTO if mode is SandboxMode.STRICT else mode, sys.stdout.fileno())


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(probe_capabilities(SandboxMode((sys.argv[1:] or ["auto"])[0]))))
