"""The languages of the examples of signing: how each file is run, and where the language comes from."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from tests import material

RUN_S: Final = 300.0
Unpacked = tuple[dict[str, tuple[str, ...]], dict[str, str]]
"""Commands of programs, and what the environment needs besides."""
WEB = "import {sign} from './sign-web.mjs'; const [t, e] = process.argv.slice(1);"
WEB += " console.log(await sign(t, process.env.PIXMILL_KEYS.split(',')[0], e))"


@dataclass(frozen=True)
class Language:
    """``build`` and ``run`` are commands in a copy of the examples."""

    name: str
    run: tuple[str, ...]
    build: tuple[str, ...] = ()
    locate: Callable[[], "Unpacked"] | None = None
    """Where the language may be unpacked and not installed."""
    downloads: bool = False
    """Whether it fetches libraries, and is skipped without a network."""

    def signer(self, folder: Path) -> "Signer":
        """Build what there is to build. Skips the test where there is no such language."""
        programs, environment = self.locate() if self.locate else ({}, {})
        signer = Signer(self, folder, programs, {**os.environ, "LC_ALL": "C.UTF-8"} | environment)
        for name in {command[0] for command in (self.build, self.run) if command}:
            if not name.startswith("./") and not shutil.which(signer.program(name)[0]):
                pytest.skip(f"{name} is not installed")
        if self.downloads and not signer.succeeds("cargo", "fetch", "--locked"):
            pytest.skip("its libraries cannot be downloaded")
        if self.build:
            signer.execute(self.build)
        return signer


@dataclass
class Signer:
    language: Language
    folder: Path
    programs: dict[str, tuple[str, ...]] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)

    def program(self, name: str) -> tuple[str, ...]:
        return self.programs.get(name, (str(self.folder / name) if name.startswith("./") else name,))

    def sign(self, target: str, key: str, expires: int | None) -> str:
        arguments = (target,) if expires is None else (target, str(expires))
        return self.execute((*self.language.run, *arguments), PIXMILL_KEYS=f"{key},another-key-that-is-older")

    def execute(self, command: tuple[str, ...], **environment: str) -> str:
        done = self._run(command, environment)
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return done.stdout.decode().rstrip("\n")

    def succeeds(self, *command: str) -> bool:
        return self._run(command, {}).returncode == 0

    def _run(self, command: tuple[str, ...], environment: Mapping[str, str]) -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(
            [*self.program(command[0]), *command[1:]],
            cwd=self.folder,
            env={**self.environment, **environment},
            capture_output=True,
            stdin=subprocess.DEVNULL,
            check=False,
            timeout=RUN_S,
        )


def _ruby() -> Unpacked:
    if shutil.which("ruby"):
        return {}, {}
    root, environment = _debian("ruby")
    [binary] = (root / "bin").glob("ruby[0-9].[0-9]")
    places = [path for path in (root / "lib").glob("**/ruby/[0-9].[0-9].0") if path.is_dir()]
    places += [path for place in places for path in place.glob("*-linux-gnu")]
    return {"ruby": (str(binary),)}, environment | {"RUBYLIB": ":".join(map(str, places))}


def _php() -> Unpacked:
    if shutil.which("php"):
        return {}, {}
    root, environment = _debian("php-cli")
    [binary] = (root / "bin").glob("php[0-9].[0-9]")
    return {"php": (str(binary),)}, environment


def _elixir() -> Unpacked:
    if shutil.which("elixir"):
        return {}, {}
    root, environment = _debian("elixir")
    [binaries] = (root / "lib" / "erlang").glob("erts-*/bin")
    beams = map(str, (root / "lib" / "elixir" / "lib").glob("*/ebin"))
    places = {"ROOTDIR": str(root / "lib" / "erlang"), "BINDIR": str(binaries), "EMU": "beam", "PROGNAME": "erl"}
    start = ("-noshell", "-pa", *beams, "-s", "elixir", "start_cli", "-extra")
    return {"elixir": (str(binaries / "erlexec"), *start)}, environment | places


def _mono() -> Unpacked:
    root, environment = _debian("mono-mcs")
    library = root / "lib" / "mono" / "4.5"
    mono = (str(root / "bin" / "mono"), "--config", str(root.parent / "etc" / "mono" / "config"))
    return {"mono": mono, "mcs": (*mono, str(library / "mcs.exe"), f"-lib:{library}")}, environment | {
        "MONO_PATH": str(library)
    }


def _debian(package: str) -> tuple[Path, dict[str, str]]:
    """Return ``/usr`` of an unpacked package, and where its libraries are."""
    root = material.debian_program(package) / "usr"
    places = [root / "lib", *root.glob("lib/*-linux-gnu"), *root.parent.glob("lib/*-linux-gnu")]
    return root, {"LD_LIBRARY_PATH": ":".join(map(str, places))}


LANGUAGES: Final = {
    language.name: language
    for language in (
        Language("Python", (sys.executable, "sign.py")),
        Language("JavaScript", ("node", "sign.mjs")),
        Language("JavaScript with Web Crypto", ("node", "--input-type=module", "-e", WEB, "--")),
        Language("Go", ("./sign",), ("go", "build", "-o", "sign", "sign.go")),
        Language("Rust", ("./target/debug/sign",), ("cargo", "build", "-q", "--locked", "--offline"), downloads=True),
        Language("Java", ("java", "-cp", ".", "Sign"), ("javac", "-Werror", "-Xlint:all", "Sign.java")),
        Language("C# (.NET)", ("mono", "Sign.exe"), ("mcs", "-warnaserror", "Sign.cs"), locate=_mono),
        Language("PHP", ("php", "sign.php"), locate=_php),
        Language("Ruby", ("ruby", "-w", "sign.rb"), locate=_ruby),
        Language("Elixir", ("elixir", "sign.exs"), locate=_elixir),
        Language("Perl", ("perl", "sign.pl")),
        Language("C", ("./sign",), ("cc", "-Wall", "-Wextra", "-Werror", "sign.c", "-lcrypto", "-o", "sign")),
        Language("Bash", ("bash", "sign.sh")),
    )
}
