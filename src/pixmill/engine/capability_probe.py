"""Prints the capabilities of this installation as JSON on standard output.

    python -m pixmill.engine.capability_probe [SANDBOX_MODE]

Runs as a process of its own, since only workers may load the pixel libraries.
"""

import sys
from importlib.metadata import PackageNotFoundError, version

import msgspec

from pixmill.engine.capabilities import Capabilities
from pixmill.engine.codecs.table import CODECS, can_decode, can_encode
from pixmill.engine.extras import is_extra_installed
from pixmill.engine.pixels.analysis.faces import detector_name
from pixmill.engine.pixels.analysis.objects import can_recognise_objects
from pixmill.engine.pixels.resample import lanczos
from pixmill.engine.sandbox.policy import SandboxLayer, SandboxMode, describe_layers, enter_sandbox, set_rlimits

LIBRARIES = ("pillow", "pyvips", "pyvips-binary", "pyjpegli")


def probe_capabilities(mode: SandboxMode) -> Capabilities:
    """Query the codec table and the libraries from inside the sandbox; this process stays in it."""
    descriptions = describe_layers()
    set_rlimits(0, 0)  # also sets no_new_privs, without which the kernel accepts no sandbox
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
        library_versions={name: version(name) for name in LIBRARIES if is_installed(name)},
        face_detector=detector_name(),
        has_object_network=can_recognise_objects(),
    )


def is_installed(name: str) -> bool:
    """Whether the package is there; only the last is optional."""
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


def _enter_sandbox(mode: SandboxMode) -> dict[SandboxLayer, str]:
    """Enter as AUTO does: STRICT would exit at the first missing layer, the report names all of them."""
    return enter_sandbox(SandboxMode.AUTO if mode is SandboxMode.STRICT else mode, sys.stdout.fileno())


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(probe_capabilities(SandboxMode((sys.argv[1:] or ["auto"])[0]))))
