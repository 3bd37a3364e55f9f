"""What the workers of an installation can do, as a value that passes between processes.

Must never import a pixel library: ``capability_probe.py`` does, in a process of its own.
"""

from typing import Final

from msgspec import Struct

from pixmill.engine.kernel import has_kernel
from pixmill.runtime.operating_system import IS_LINUX, NAME

NO_KERNEL: Final = (
    "the compiled kernel is missing: images are resampled in 1.5 times the time, and not in linear light, "
    "PNGs are larger, and quality=auto is a fixed quality. Install the wheel of this platform, or build with a C "
    "compiler"
)
NO_JPEGLI: Final = (
    "JPEGs take a tenth more bytes, as libjpeg-turbo writes them: pyjpegli is not installed, or cannot be used here"
)
NO_SANDBOX: Final = f"no sandbox on {NAME}: images are decoded with your rights. For development, with images you trust"


def startup_warnings() -> list[str]:
    """Return what people should know before they measure or publish a server: each a sentence without full stop."""
    return [*([] if has_kernel() else [NO_KERNEL]), *([] if IS_LINUX else [NO_SANDBOX])]


class Capabilities(Struct, frozen=True):
    """Libraries by format, missing extras by format, sandbox layers, and library versions.

    ``has_kernel``: the compiled resampler is present. ``sandbox_layers`` describes the layers in force,
    ``missing_sandbox_layers`` gives the reason for each that is not. ``face_detector``: empty without the extra.
    """

    decoders: dict[str, str]
    encoders: dict[str, str]
    missing_extras: dict[str, str]
    has_kernel: bool
    sandbox_layers: list[str]
    missing_sandbox_layers: dict[str, str]
    library_versions: dict[str, str]
    face_detector: str = ""
    has_object_network: bool = False
