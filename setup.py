"""Builds the C kernel of resampling and that of PNG rows, and writes metadata that depends on where a release is built.

Both are optional: without a compiler libvips resamples. The wheel is then one for every platform, and the build,
``pixmill serve`` and ``pixmill doctor`` say so.

``PROJECT_URL`` in the environment is the repository that a release belongs to, such as that of the workflow which
builds it. With it the metadata has URLs, and relative links of the README are those of the released version; without
it both stay as they are. A source distribution keeps it.
"""

import gzip
import os
import re
import sys
import sysconfig
import tarfile
from contextlib import nullcontext
from email.parser import HeaderParser
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.sdist import sdist

WITHOUT_KERNEL = """
!! ------------------------------------------------------------------------------------------------------ !!
!!  Pixmill was built WITHOUT its compiled kernel: no working C compiler, or no headers of Python.         !!
!!  Images are resampled by libvips, on sRGB values instead of in linear light, in 1.5 times the time.     !!
!!  The wheel runs everywhere and is the slow one. Install gcc (or clang) and the headers; build again.    !!
!! ------------------------------------------------------------------------------------------------------ !!
"""
NO_MUSL_WHEELS = ("pyjpegli",)
"""Required packages that Pixmill can do without, and that ``pip`` would have to build where the C library is musl."""

RELATIVE_LINK = re.compile(r"(!?)(\[(?:[^\[\]]|\[[^\[\]]*\])*\])\((?![a-z]+:|#)([^)\s]+)\)")


def project_url() -> str:
    """Return the repository of a release; empty if none is named, here or in the source distribution being built."""
    if url := os.environ.get("PROJECT_URL", ""):
        return url.rstrip("/")
    built_from = Path("PKG-INFO")
    if not built_from.exists():
        return ""
    fields = HeaderParser().parsestr(built_from.read_text(encoding="utf-8"))
    return dict(entry.split(", ", 1) for entry in fields.get_all("Project-URL", ())).get("Source", "")


def project_urls(url: str) -> dict[str, str]:
    return {
        "Homepage": url,
        "Documentation": f"{url}/tree/HEAD/docs",
        "Source": url,
        "Changelog": f"{url}/blob/HEAD/CHANGELOG.md",
        "Issues": f"{url}/issues",
        "Security": f"{url}/security/policy",
    }


def readme(url: str, version: str) -> str:
    """Return the README; its relative links are absolute if the repository is known."""
    text = Path("README.md").read_text(encoding="utf-8")
    if not url:
        return text
    return RELATIVE_LINK.sub(
        lambda link: f"{link[1]}{link[2]}({url}/{'raw' if link[1] else 'blob'}/v{version}/{link[3]})", text
    )


def current_version() -> str:
    [version] = re.findall(r'^__version__ = "(.+)"$', Path("src/pixmill/__init__.py").read_text("utf-8"), re.MULTILINE)
    return version


class StableAbiWheel(bdist_wheel):
    """Tags one wheel for every Python from 3.11 on, and for every platform if no kernel was built."""

    def run(self) -> None:
        super().run()
        if self.get_tag() == ("py3", "none", "any"):
            sys.stderr.write(WITHOUT_KERNEL)

    def egg2dist(self, egginfo_path: str, distinfo_path: str) -> None:
        """Write the metadata; on musl it does not require what has no wheel there."""
        super().egg2dist(egginfo_path, distinfo_path)
        if "musl" in (sysconfig.get_config_var("SOABI") or ""):
            metadata = Path(distinfo_path, "METADATA")
            lines = metadata.read_text("utf-8").splitlines(keepends=True)
            left_out = tuple(f"Requires-Dist: {name}" for name in NO_MUSL_WHEELS)
            metadata.write_text("".join(line for line in lines if not line.startswith(left_out)), "utf-8")

    def get_tag(self) -> tuple[str, str, str]:
        kernels = self.get_finalized_command("build_ext").get_outputs()
        if not any(Path(kernel).exists() for kernel in kernels):
            return "py3", "none", "any"
        python, abi, platform = super().get_tag()
        return ("cp311", "abi3", platform) if python.startswith("cp") else (python, abi, platform)


class ReproducibleSdist(sdist):
    """Packs the same files to the same bytes: in order, of nobody, at the time of ``SOURCE_DATE_EPOCH``."""

    def make_archive(
        self,
        base_name: str,
        format: str,  # noqa: A002, ARG002 - its name in setuptools; always gztar
        root_dir: str | None = None,
        base_dir: str | None = None,
        *_owner_and_group: str | None,
        **_names: str | None,
    ) -> str:
        time_s = int(os.environ.get("SOURCE_DATE_EPOCH") or Path("pyproject.toml").stat().st_mtime)
        archive = Path(f"{base_name}.tar.gz")
        with (
            archive.open("wb") as file,
            gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=time_s) as packed,
            tarfile.open(mode="w", fileobj=packed, format=tarfile.PAX_FORMAT) as tar,
        ):
            for path in sorted(Path(root_dir or ".", base_dir or ".").rglob("*")):
                member = tar.gettarinfo(path, path.relative_to(root_dir or ".").as_posix())
                member.mtime, member.uid, member.gid, member.uname, member.gname = time_s, 0, 0, "", ""
                member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
                with path.open("rb") if member.isfile() else nullcontext() as content:
                    tar.addfile(member, content)
        return str(archive)


def extension(name: str, *headers: str) -> Extension:
    """Return the build of a C file of this name, which is optional."""
    source = Path("src", *name.split(".")).with_suffix(".c")
    return Extension(
        name,
        sources=[source.as_posix()],
        depends=[source.with_name(header).as_posix() for header in headers],
        extra_compile_args=[
            "-O3",
            "-g0",  # the same bytes from any folder
            "-std=c11",
            "-fno-math-errno",  # so that square roots are vectorised
            "-fno-trapping-math",
            "-ffp-contract=fast",
            "-Wno-psabi",  # no vector is passed between object files
        ],
        libraries=["m"],
        define_macros=[("Py_LIMITED_API", "0x030B0000")],
        py_limited_api=True,
        optional=True,
    )


URL = project_url()
setup(
    long_description=readme(URL, current_version()),
    long_description_content_type="text/markdown",
    project_urls=project_urls(URL) if URL else {},
    exclude_package_data={"": ["*.c", "*.h"]},
    cmdclass={"bdist_wheel": StableAbiWheel, "sdist": ReproducibleSdist},
    ext_modules=[
        extension(
            "pixmill.engine.pixels.resample._kernel", "_resample.h", "_resample_run.h", "_resample_compensation.h"
        ),
        extension("pixmill.engine.codecs._scanlines", "_scanlines.h", "_scanlines_run.h"),
    ],
)
