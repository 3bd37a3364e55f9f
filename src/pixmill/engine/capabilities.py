"""What the workers of an installation can do, as a value that passes between processes.

Must never import a pixel library: ``capability_probe.py`` does, in a process of its own.
"""

from msgspec import Struct


class Capabilities(Struct, frozen=True):
    """Libraries by format, missing extras by format, sandbox layers, and library versions.

    ``has_kernel``: the compiled resampler is present. ``sandbox_layers`` describes the layers in force,
    ``missing_sandbox_layers`` gives the reason for each that is not.
    """

    decoders: dict[str, str]
    encoders: dict[str, str]
    missing_extras: dict[str, str]
    has_kernel: bool
    sandbox_layers: list[str]
    missing_sandbox_layers: dict[str, str]
    library_versions: dict[str, str]
