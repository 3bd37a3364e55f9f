"""What ``format=auto`` chooses, beside the smallest of all formats that it may choose at the same look.

    python benchmarks/automatic.py FOLDER [aside] [KIND ...]

FOLDER is written by ``benchmarks/kinds.py``. Every other image of each kind is for training; with ``aside`` the others
are measured. Each still is fitted into 512 × 512 pixels and requested as clients do that accept AVIF and WebP, WebP
alone, neither, and also JPEG XL. Prints for each kind the formats chosen, the mean of their bytes, and by how much they
are larger than the smallest: of each lossy format the bytes at the SSIMULACRA2 of the result (at that of a photograph
at quality 80, if the result is lossless), interpolated between nine qualities, and of each lossless one its bytes.
``benchmarks/automatic_animations.py`` compares animations. A ratio below 1 is a result that no single format reaches.
"""

import json
import math
import statistics
import sys
import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Final

from msgspec.structs import replace as replace_struct
from PIL import Image

from pixmill.engine.codecs.decoder import DecodeRequest
from pixmill.engine.codecs.metadata import NO_METADATA
from pixmill.engine.codecs.table import CODECS, encode_frame
from pixmill.engine.pixels.analysis.content import is_graphic
from pixmill.engine.pixels.analysis.ssimulacra2 import Reference
from pixmill.engine.pixels.output.quality_search import target_score
from pixmill.engine.pixels.pipeline import render
from pixmill.engine.raster.convert import to_pillow
from pixmill.engine.raster.frame import Area, Frame
from pixmill.media import MEDIA, Format
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Fit, Output, Plan, Resize
from pixmill.plan.output import DEFAULT_ENCODING, Encoding
from pixmill.ports.values import Rendered

ACCEPTS: Final[dict[str, tuple[Format, ...]]] = {
    "AVIF, WebP": (Format.AVIF, Format.WEBP),
    "WebP": (Format.WEBP,),
    "neither": (),
    "with JPEG XL": (Format.AVIF, Format.WEBP, Format.JXL),
}
LOSSY: Final = (Format.JPEG, Format.WEBP, Format.AVIF, Format.JXL)
QUALITIES: Final = (25, 40, 50, 60, 70, 80, 87, 93, 98)
LOSSLESS: Final = replace_struct(DEFAULT_ENCODING, lossless=True)
PALETTE: Final = replace_struct(DEFAULT_ENCODING, colours=256)
LOSSLESS_ENCODINGS: Final[dict[str, tuple[Format, Encoding]]] = {
    "png": (Format.PNG, DEFAULT_ENCODING),
    "png palette": (Format.PNG, PALETTE),
    "webp lossless": (Format.WEBP, LOSSLESS),
    "jxl lossless": (Format.JXL, LOSSLESS),
}
PHOTOGRAPHIC: Final = ("landscape", "foliage", "skin", "night", "objects", "grey photo", "small photo", "scan")
"""Their originals are JPEGs; all others are PNGs."""
SIDE: Final = 512
RESIZE: Final = Resize(width=SIDE, height=SIDE, fit=Fit.INSIDE, enlarge=False)


@dataclass(frozen=True)
class Curve:
    """Scores and bytes of one image in one format, by rising score; a lossless encoding has one point."""

    points: list[tuple[float, int]]

    def bytes_at(self, score: float) -> float:
        """Interpolate the logarithm of the bytes; infinite above the best score."""
        points = self.points
        if score > points[-1][0]:
            return math.inf
        at = bisect_left(points, (score, 0))
        if at == 0:
            return points[0][1]
        (low, low_bytes), (high, high_bytes) = points[at - 1], points[at]
        share = (score - low) / (high - low) if high > low else 1.0
        return math.exp(math.log(low_bytes) + share * (math.log(high_bytes) - math.log(low_bytes)))


@dataclass(frozen=True)
class Choice:
    """What a client got of one image: ``ratio`` is to the smallest, ``cpu_ratio`` to its encoding alone."""

    format: str
    bytes: int
    ratio: float
    best: str
    score: float
    cpu_ms: float


def main() -> None:
    folder, *words = sys.argv[1:]
    is_aside = "aside" in words
    named = [word for word in words if word != "aside"]
    ratios: dict[str, list[float]] = {accept: [] for accept in ACCEPTS}
    for kind_folder in sorted(Path(folder).glob("stills/*")):
        paths = [path for path in sorted(kind_folder.glob("*.png")) if int(path.stem) % 2 == is_aside]
        kind = kind_folder.name
        if named and kind not in named:
            continue
        by_accept: dict[str, list[Choice]] = {accept: [] for accept in ACCEPTS}
        for path in paths:
            for accept, choice in still_choices(path, kind):
                by_accept[accept].append(choice)
        print(*rows(kind, by_accept), sep="\n", flush=True)
        for accept, choices in by_accept.items():
            ratios[accept].append(statistics.geometric_mean(choice.ratio for choice in choices))
    for accept, found in ratios.items():
        print(f"{accept}: {sum(one <= 1.1 for one in found)} of {len(found)} kinds within 10 %, worst {max(found):.2f}")


def rows(kind: str, by_accept: dict[str, list[Choice]]) -> Iterator[str]:
    for accept, found in by_accept.items():
        ratio = statistics.geometric_mean(one.ratio for one in found)
        each = ", ".join(
            f"{one.format} {one.bytes} {one.ratio:.2f} ({one.best}) {one.score:.0f} {one.cpu_ms:.0f} ms"
            for one in found
        )
        yield f"{kind:12} {accept:13} {ratio:5.2f}  {each}"


def original_of(path: Path, kind: str) -> memoryview:
    if kind not in PHOTOGRAPHIC:
        return memoryview(path.read_bytes())
    out = BytesIO()
    with Image.open(path) as image:
        image.convert("L" if image.mode == "L" else "RGB").save(out, "JPEG", quality=92)
    return memoryview(out.getvalue())


def still_choices(path: Path, kind: str) -> Iterator[tuple[str, Choice]]:
    original = original_of(path, kind)
    png = render(original, Plan(resize=RESIZE, output=Output(formats=(Format.PNG,))), Limits())
    frame = decode_body(png.body, Format.PNG)
    frame = replace(frame, is_graphic=is_graphic(frame))
    reference = Reference(frame)
    curves = curves_of(frame, reference, path)
    for accept, formats in ACCEPTS.items():
        plan = Plan(resize=RESIZE, output=Output(formats=formats, negotiated=True))
        result, cpu_s = timed_render(original, plan)
        score = reference.score(matching(decode_body(result.body, result.format), frame))
        nominal = target_score(80)
        allowed = {name: curve for name, curve in curves.items() if is_allowed(name, formats)}
        sizes = {name: curve.bytes_at(nominal if score > 95 else score) for name, curve in allowed.items()}
        best = min(sizes, key=sizes.__getitem__)
        yield (
            accept,
            Choice(result.format.value, len(result.body), len(result.body) / sizes[best], best, score, cpu_s * 1e3),
        )


def timed_render(original: memoryview, plan: Plan) -> tuple[Rendered, float]:
    times = []
    for _ in range(2):
        started = time.process_time()
        result = render(original, plan, Limits())
        times.append(time.process_time() - started)
    return result, min(times)


def is_allowed(name: str, accepted: Sequence[Format]) -> bool:
    kind = Format(name.partition(" ")[0])
    return kind in (Format.JPEG, Format.PNG) or kind in accepted


def curves_of(frame: Frame, reference: Reference, path: Path) -> dict[str, Curve]:
    digest = sha256(bytes(frame.pixels) + repr((frame.size, frame.layout, frame.is_graphic)).encode()).hexdigest()[:16]
    stored = path.with_name(f"{path.stem}-{digest}.json")
    if not stored.exists():
        stored.write_text(json.dumps(dict(measured(frame, reference))))
    return {
        name: Curve([(score, size) for score, size in points])
        for name, points in json.loads(stored.read_text()).items()
    }


def measured(frame: Frame, reference: Reference) -> Iterator[tuple[str, list[tuple[float, int]]]]:
    for kind in LOSSY:
        if frame.layout.has_alpha and not MEDIA[kind].alpha:
            continue
        points = []
        for quality in QUALITIES:
            body = encode_frame(replace(frame, format=kind), quality, NO_METADATA)
            points.append((reference.score(matching(decode_body(body, kind), frame)), len(body)))
        yield kind.value, rising(points)
    for name, (kind, encoding) in LOSSLESS_ENCODINGS.items():
        body = encode_frame(replace(frame, format=kind), 80, NO_METADATA, encoding)
        score = 100.0 if encoding is not PALETTE else reference.score(matching(decode_body(body, kind), frame))
        yield name, [(score, len(body))]


def rising(points: list[tuple[float, int]]) -> list[tuple[float, int]]:
    """Leave out points that another one beats in score and bytes."""
    return sorted(one for one in points if not any(o[0] >= one[0] and o[1] < one[1] for o in points))


def matching(frame: Frame, like: Frame) -> Frame:
    """Return the frame in the layout of another one."""
    if frame.layout is like.layout:
        return frame
    image = to_pillow(frame).convert(like.layout.rstrip("X"))
    return Frame(image.tobytes(), frame.width, frame.height, type(like.layout)(image.mode))


def decode_body(body: bytes, kind: Format) -> Frame:
    decoder = CODECS[kind].open(memoryview(body))
    size = decoder.header.size
    return decoder.decode(DecodeRequest(Area(0, 0, size.width, size.height), size))


if __name__ == "__main__":
    main()
