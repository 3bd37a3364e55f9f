"""The C parts are optional: without a compiler libvips resamples and Pillow reads every JPEG, and ``pixmill doctor`` says so."""

from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel


class StableAbiWheel(bdist_wheel):
    """One wheel for every Python from 3.11 on; for every machine too, where no kernel was built."""

    def get_tag(self) -> tuple[str, str, str]:
        kernels = self.get_finalized_command("build_ext").get_outputs()
        if not any(Path(kernel).exists() for kernel in kernels):
            return "py3", "none", "any"
        python, abi, platform = super().get_tag()
        return ("cp311", "abi3", platform) if python.startswith("cp") else (python, abi, platform)


def part(name: str, *sources: str) -> Extension:
    """A module of ours in C; the first of the sources is compiled, and includes the others."""
    place = "src/" + name.rpartition(".")[0].replace(".", "/")
    first, *included = (f"{place}/{source}" for source in sources)
    return Extension(
        name,
        sources=[first],
        depends=included,
        extra_compile_args=[
            "-O3",
            "-std=gnu11",
            "-fno-math-errno",  # square roots in vectors
            "-fno-trapping-math",
            "-ffp-contract=fast",  # multiply and add in one step
            "-Wno-psabi",  # vectors are never passed between objects
        ],
        libraries=["m"],
        define_macros=[("Py_LIMITED_API", "0x030B0000")],
        py_limited_api=True,
        optional=True,
    )


setup(
    exclude_package_data={"": ["*.c", "*.h"]},
    cmdclass={"bdist_wheel": StableAbiWheel},
    ext_modules=[
        part("pixmill.engine.pixels._kernel", "_kernel.c", "_resample.h", "_resample_run.h"),
        part("pixmill.engine.codecs._jpeg", "_jpeg.c", "_jpeg.h", "_jpeg_pixels.h", "_jpeg_scan.h"),
    ],
)
