"""Compares the effects of thumbor and ipx with those of Pixmill, for the values that dialects compile to.

Each row: the filter of the other server, the native parameters by the formula, the mean difference in 8-bit values, and
for blurs and sharpening also the values that fit best, found by search. What a filter changes at all is in the last
column.

    python -m benchmarks.effects_of_others [--photo examples/photos/wine.jpg] [--side 480]
"""

import argparse
import tempfile
import threading
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np
from benchmarks.material import HOME
from benchmarks.measuring import start_peer
from benchmarks.peers.ipx import Ipx
from benchmarks.peers.thumbor import Thumbor
from numpy.typing import NDArray
from PIL import Image

from pixmill.dialects.kit.effects import contrast_of_slope, truncated_gaussian_sigma, vips_blur_sigma
from pixmill.dialects.native.dialect import parse
from pixmill.engine.pixels.pipeline import render
from pixmill.plan.limits import Limits

Pixels = NDArray[np.int16]
_LIMITS: Final = Limits(max_cost_s=60.0)


@dataclass(frozen=True)
class Case:
    """A filter of another server, and the native query for it; ``candidates`` are queries among which to search."""

    server: str
    theirs: str
    native: str
    candidates: tuple[str, ...] = ()


def _blur(server: str, theirs: str, sigma: float) -> Case:
    candidates = tuple(f"blur={sigma * factor / 100:.3f}&blur_space=srgb" for factor in range(80, 124, 2))
    return Case(server, theirs, f"blur={sigma:.4f}&blur_space=srgb", candidates)


def _thumbor_sharpen(amount: float, radius: float) -> Case:
    candidates = tuple(
        f"unsharp={max(sigma, 0.3):.2f},{strength:.2f}"
        for sigma in (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0)
        for strength in (0.5, 0.8, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0)
    )
    return Case(
        "thumbor", f"sharpen({amount},{radius},true)", f"unsharp={min(3 * radius, 10):g},{0.8 * amount:g}", candidates
    )


CASES: Final = (
    *(_blur("thumbor", f"blur({radius})", truncated_gaussian_sigma(radius, 0)) for radius in (1, 2, 3, 5, 10, 40)),
    *(_blur("thumbor", f"blur({r},{s})", truncated_gaussian_sigma(r, s)) for r, s in ((5, 2), (3, 10))),
    *(_thumbor_sharpen(amount, radius) for amount, radius in ((1.0, 0.5), (2.0, 1.0), (5.0, 1.0), (2.0, 2.0))),
    Case("thumbor", "brightness(20)", "brightness=20"),
    *(
        Case("thumbor", f"contrast({n})", f"contrast={contrast_of_slope(((100 + n) / 100) ** 2):.4f}")
        for n in (-40, 20, 50)
    ),
    *(Case("thumbor", f"saturation({f})", f"saturation={(f - 1) * 100:g}") for f in (0.0, 0.5, 1.6)),
    Case("thumbor", "rgb(20,-20,40)", "rgb=20,-20,40"),
    Case("thumbor", "equalize()", "equalize=true"),
    Case("thumbor", "grayscale()", "grayscale=true"),
    *(_blur("ipx", f"blur_{sigma}", vips_blur_sigma(sigma)) for sigma in (1, 3, 10, 40)),
    *(Case("ipx", f"sharpen_{sigma}", f"sharpen_lab={sigma},1,2") for sigma in (1, 3)),
    Case("ipx", "gamma_2.2", "quality=80"),
    Case("ipx", "median_3", "median=1"),
    Case("ipx", "negate", "invert=true"),
    Case("ipx", "normalize", "normalize=true"),
    Case("ipx", "threshold_128", "threshold=128"),
    Case("ipx", "grayscale", "grayscale=true"),
)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--photo", type=Path, default=Path(__file__).parents[1] / "examples" / "photos" / "wine.jpg")
    parser.add_argument("--side", type=int, default=480)
    options = parser.parse_args()
    with Image.open(options.photo) as opened:
        photo = opened.convert("RGB")
        photo.thumbnail((options.side, options.side), Image.Resampling.LANCZOS)
    file = BytesIO()
    photo.save(file, "PNG")
    with _servers(file.getvalue()) as fetch:
        for line in _table(CASES, fetch, file.getvalue()):
            print(line, flush=True)


@contextmanager
def _servers(source: bytes) -> Iterator[Callable[[Case], Pixels]]:
    """Start both servers and an origin of the source; yields a function that returns the result of a case."""
    HOME.mkdir(parents=True, exist_ok=True)
    peers = (Thumbor(), Ipx())
    versions = {peer.name: peer.install(HOME) for peer in peers}
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pixmill-effects-")))
        origin = ThreadingHTTPServer(("127.0.0.1", 0), _handler(source))
        stack.callback(origin.shutdown)
        threading.Thread(target=origin.serve_forever, daemon=True).start()
        port = origin.server_address[1]
        ports = {peer.name: stack.enter_context(start_peer(peer, home, port)).port for peer in peers}
        print(", ".join(f"{name} {version}" for name, version in versions.items()))
        photo = f"http://127.0.0.1:{port}/photo.png"
        paths: dict[str, Callable[[str], str]] = {
            "thumbor": lambda theirs: f"/unsafe/filters:{theirs}:format(png)/{photo}",
            "ipx": lambda theirs: f"/{theirs},f_png/{photo}",
        }

        def fetch(case: Case) -> Pixels:
            address = f"http://127.0.0.1:{ports[case.server]}{paths[case.server](case.theirs)}"
            with urllib.request.urlopen(address, timeout=60) as reply:
                return _pixels(reply.read())

        yield fetch


def _handler(source: bytes) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "image/png")
            self.send_header("Content-Length", str(len(source)))
            self.end_headers()
            self.wfile.write(source)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


def _table(cases: Iterable[Case], fetch: Callable[[Case], Pixels], source: bytes) -> Iterator[str]:
    yield "| server | filter | native | mean difference | best fit | its difference | change |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    before = _pixels(source)
    for case in cases:
        wanted = fetch(case)
        by_formula = _difference(_ours(source, case.native), wanted)
        tried = {query: _difference(_ours(source, query), wanted) for query in case.candidates}
        best = min(tried, key=lambda query: tried[query]) if tried else ""
        fit = f"{best} | {tried[best]:.2f}" if best else " | "
        change = _difference(before, wanted)
        yield f"| {case.server} | `{case.theirs}` | `{case.native}` | {by_formula:.2f} | {fit} | {change:.2f} |"


def _ours(source: bytes, query: str) -> Pixels:
    plan = parse(b"/resize", f"url=photo.png&format=png&{query}".encode()).plan
    return _pixels(render(memoryview(source), plan, _LIMITS).body)


def _pixels(body: bytes) -> Pixels:
    with Image.open(BytesIO(body)) as image:
        return np.asarray(image.convert("RGB")).astype(np.int16)


def _difference(one: Pixels, other: Pixels) -> float:
    return float(np.abs(one - other).mean())


if __name__ == "__main__":
    main()
