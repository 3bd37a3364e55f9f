"""Builds the C resampling kernel.

It is optional: without a compiler libvips resamples, and ``pixmill doctor`` reports it.
"""

from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel


class StableAbiWheel(bdist_wheel):
    """Tags one wheel for every Python from 3.11 on, and for every platform if no kernel was built."""

    def get_tag(self) -> tuple[str, str, str]:
        kernels = self.get_finalized_command("build_ext").get_outputs()
        if not any(Path(kernel).exists() for kernel in kernels):
            return "py3", "none", "any"
        python, abi, platform = super().get_tag()
        return ("cp311", "abi3", platform) if python.startswith("cp") else (python, abi, platform)


setup(
    exclude_package_data={"": ["*.c", "*.h"]},
    cmdclass={"bdist_wheel": StableAbiWheel},
    ext_modules=[
        Extension(
            "pixmill.engine.pixels.resample._kernel",
            sources=["src/pixmill/engine/pixels/resample/_kernel.c"],
            depends=[
                "src/pixmill/engine/pixels/resample/_resample.h",
                "src/pixmill/engine/pixels/resample/_resample_run.h",
                "src/pixmill/engine/pixels/resample/_resample_compensation.h",
            ],
            extra_compile_args=[
                "-O3",
                "-std=c11",
                "-fno-math-errno",  # so that square roots are vectorised
                "-fno-trapping-math",
                "-ffp-contract=fast",  # fused multiply-add
                "-Wno-psabi",  # no vector is passed between object files
            ],
            libraries=["m"],
            define_macros=[("Py_LIMITED_API", "0x030B0000")],
            py_limited_api=True,
            optional=True,
        )
    ],
)
