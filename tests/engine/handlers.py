"""What test workers do in place of pixels: the original is a command, ``verb argument``.

Loaded by worker processes; those that leave a trace in a file need ``sandbox="off"``. See ``original`` and ``pools``
in ``support.py``.
"""

import contextlib
import ctypes
import json
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from math import inf
from pathlib import Path

from pixmill.engine.raster.file_access import NO_RASTER, RasterAccess
from pixmill.errors import PixmillError, UndecodableImage, error_classes_by_code
from pixmill.media import Format
from pixmill.plan.cost import RenderDeferred
from pixmill.plan.facts import Facts, FactSelection
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Plan
from pixmill.plan.references import NO_EXTRAS, Extras
from pixmill.ports.values import Rendered

LEAKED: list[bytearray] = []


def sleep(seconds: str) -> bytes:
    time.sleep(float(seconds))
    return b"slept"


def append(argument: str) -> bytes:
    """Leave a trace of having run, then sleep."""
    path, line, seconds = argument.split()
    with Path(path).open("a") as file:
        file.write(line + "\n")
    return sleep(seconds)


def die(_: str) -> bytes:
    os._exit(3)


def segfault(_: str) -> bytes:
    os.kill(os.getpid(), signal.SIGSEGV)
    return b"survived"


def die_once(path: str) -> bytes:
    if Path(path).exists():
        return b"second life"
    Path(path).touch()
    os._exit(3)


def fail(code: str) -> bytes:
    raise error_classes_by_code()[code]("in public", param="width", detail="in private")


def defect(_: str) -> bytes:
    raise ZeroDivisionError("the secret of the defect")


def hog(size: str) -> bytes:
    return bytes(len(bytearray(int(size))))


def leak(size: str) -> bytes:
    LEAKED.append(bytearray(b"x") * int(size))
    return b"leaked"


def big(size: str) -> bytes:
    return b"b" * int(size)


def babble(text: str) -> bytes:
    os.write(int(sys.argv[1]), bytes.fromhex(text))
    return sleep("60")


def complain(argument: str) -> bytes:
    """Print a line so often; return how many bytes found room."""
    times, _, line = argument.partition(" ")
    sum_ = 0
    for _ in range(int(times)):
        with contextlib.suppress(BlockingIOError):
            sum_ += os.write(2, line.encode())
    return str(sum_).encode()


def forge(packet: str) -> bytes:
    """Send this reply, with a result that every job may have."""
    results = [fd for fd in range(3, 100) if "pixmill-result" in _target(fd)]
    os.write(max(results), b"forged")
    return babble(packet)


def _target(fd: int) -> str:
    try:
        return str(Path(f"/proc/self/fd/{fd}").readlink())
    except OSError:
        return ""


def thrive(count: str) -> bytes:
    """Start threads that do nothing, and wait."""
    for _ in range(int(count)):
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    return sleep("60")


def tower(size: str) -> bytes:
    """Make the stack as large as this, which no limit of the kernel forbids (mremap(2)), and wait."""
    libc = ctypes.CDLL(None)
    libc.mremap.restype = ctypes.c_void_p
    stack = next(line for line in Path("/proc/self/maps").read_text().splitlines() if line.endswith("[stack]"))
    start = ctypes.c_void_p(int(stack.partition("-")[0], 16))
    assert libc.mremap(start, ctypes.c_size_t(4096), ctypes.c_size_t(int(size)), 1) is not None
    return sleep("60")


def busy(_: str) -> bytes:
    """Work on behind the reply."""
    threading.Thread(target=lambda: all(iter(lambda: True, False)), daemon=True).start()
    return b"done"


def pid(_: str) -> bytes:
    return str(os.getpid()).encode()


def rlimits(_: str) -> bytes:
    limits = {name: resource.getrlimit(getattr(resource, name))[0] for name in dir(resource) if name[:7] == "RLIMIT_"}
    ignored = [signal.getsignal(number) == signal.SIG_IGN for number in (signal.SIGINT, signal.SIGTERM)]
    return json.dumps({**limits, "ignored": ignored}).encode()


def environment(_: str) -> bytes:
    return json.dumps(dict(os.environ)).encode()


VERBS: dict[str, Callable[[str], bytes]] = {
    verb.__name__: verb
    for verb in (
        *(sleep, append, die, segfault, die_once, fail, defect, hog, leak, big),
        *(babble, complain, forge, thrive, tower, busy, pid, rlimits, environment),
    )
}


def part(argument: str, raster: RasterAccess) -> Rendered:
    """Say what is in the raster, and die if so told; fill a new one with what is told."""
    if raster.content is not None and bytes(raster.content) == b"die":
        die("")
    if raster.write and argument != "nothing":
        raster.write(argument.encode() if argument != "too much" else bytes(raster.max_bytes + 1))
    told = b"new" if raster.write else b"none" if raster.content is None else bytes(raster.content)
    return Rendered(told, Format.PNG, 5, 7, source_size=(4_000, 1_000))


def render(
    source: memoryview, plan: Plan, limits: Limits, extras: Extras = NO_EXTRAS, raster: RasterAccess = NO_RASTER
) -> Rendered:
    verb, _, argument = bytes(source).decode().partition(" ")
    if verb == "costly":
        if limits.defer_above_s < inf:
            raise RenderDeferred(5.0)
        verb = "sleep"
    if verb == "join":
        argument = " ".join(bytes(extra).decode() for extra in extras.values())
        return Rendered(argument.encode(), Format.PNG, 1, 1)
    if verb == "part":
        return part(argument, raster)
    body = VERBS[verb](argument)
    return Rendered(body, Format.PNG, plan.resize.width, 7, {"decode": float(argument) if verb == "sleep" else 0.0})


def render_all(
    source: memoryview, plans: Sequence[Plan], limits: Limits, extras: Extras = NO_EXTRAS
) -> Iterator[tuple[int, Rendered | PixmillError]]:
    """One command for each plan, separated by ``;``, the last one first."""
    commands = bytes(source).split(b"; ")
    for number in reversed(range(len(plans))):
        try:
            yield number, render(memoryview(commands[number]), plans[number], limits)
        except PixmillError as error:
            yield number, error


def inspect(source: memoryview, limits: Limits, selection: FactSelection) -> Facts:
    if not source:
        raise UndecodableImage
    told = ",".join(selection.include) or None
    return Facts(Format.GIF, 3, 4, limits.max_frames, True, 6, "srgb", "", len(source), xmp=told)
