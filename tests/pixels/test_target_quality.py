"""The look that ``quality=auto`` aims at, and the score that measures it."""

import io
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pixmill.engine.codecs import table
from pixmill.engine.codecs.metadata import RetainedMetadata
from pixmill.engine.pixels.analysis import ssimulacra2
from pixmill.engine.pixels.output import encoder
from pixmill.engine.pixels.output.quality_search import MAX_TARGET_TRIES, closest_quality, target_score
from pixmill.engine.pixels.pipeline import render
from pixmill.engine.raster.frame import Frame, Layout
from pixmill.media import Format
from pixmill.plan.ops import Output, Plan, Resize
from pixmill.plan.output import Encoding
from pixmill.ports.values import Rendered
from tests.pixels.images import LIMITS, decode_result, encode_image, photo

PHOTOS = sorted((Path(__file__).parents[2] / "examples" / "photos").glob("*.jpg"))
CRATE_QUALITIES = (30, 60, 90)
CRATE_SCORES = {
    "fig": (40.6, 57.0, 77.0),
    "friends": (57.9, 73.2, 86.8),
    "seeding": (57.2, 74.0, 87.5),
    "sunset": (52.5, 68.3, 84.5),
    "umang": (50.5, 72.9, 89.9),
    "wine": (59.9, 72.6, 86.1),
}
LOSSY = (Format.JPEG, Format.WEBP, Format.AVIF)

every_photo = pytest.mark.parametrize("path", PHOTOS, ids=lambda path: path.stem)
every_lossy = pytest.mark.parametrize("kind", LOSSY)


@cache
def source_of(path: Path) -> memoryview:
    with Image.open(path) as image:
        image.draft("RGB", (1000, 1000))
        return encode_image(image, "JPEG", quality=95)


def plan_of(width: int, **output: object) -> Plan:
    return Plan(resize=Resize(width=width), output=Output(**output))  # type: ignore[arg-type] # words for Output


def render_output(source: memoryview, width: int = 300, **output: object) -> Rendered:
    return render(source, plan_of(width, **output), LIMITS)


def frame_of(image: Image.Image) -> Frame:
    return Frame(image.tobytes(), *image.size, Layout(image.mode))


def original_of(path: Path, width: int = 300) -> Image.Image:
    return decode_result(render_output(source_of(path), width, formats=(Format.PNG,)))


def score(result: Rendered, original: Image.Image) -> float:
    return ssimulacra2.Reference(frame_of(original)).score(frame_of(decode_result(result).convert(original.mode)))


@every_lossy
@every_photo
@pytest.mark.parametrize("target", [50, 85])
def test_auto_meets_the_score_of_its_target_in_three_encodings(
    path: Path, kind: Format, target: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    encodings: list[int] = []

    def counted(frame: Frame, quality: int, kept: RetainedMetadata, encoding: Encoding) -> bytes:
        encodings.append(quality)
        return table.encode_frame(frame, quality, kept, encoding)

    monkeypatch.setattr(encoder, "encode_still", counted)
    result = render_output(source_of(path), formats=(kind,), target_quality=target)
    assert 1 <= len(encodings) <= MAX_TARGET_TRIES == 3
    assert -2 < score(result, original_of(path)) - target_score(target) < 3.5, "2 points are the least that can be seen"


@every_lossy
def test_auto_makes_pictures_look_more_alike_than_a_number_does(kind: Format) -> None:
    def spread(**output: object) -> float:
        results = ((render(source_of(path), plan_of(300, formats=(kind,), **output), LIMITS), path) for path in PHOTOS)
        return float(np.std([score(result, original_of(path)) for result, path in results]))

    assert spread(target_quality=70) < 0.7 * spread(quality=70)


@every_photo
def test_the_score_is_close_to_that_of_a_program_of_others(path: Path) -> None:
    """Of the crate ssimulacra2 0.5.1, on JPEGs of 360 × 240 pixels by Pillow 13."""
    with Image.open(path) as image:
        original = image.convert("RGB").resize((360, 240), Image.Resampling.BOX)
    reference = ssimulacra2.Reference(frame_of(original))
    scores = [
        reference.score(frame_of(Image.open(_file(encode_image(original, "JPEG", quality=quality))).convert("RGB")))
        for quality in CRATE_QUALITIES
    ]
    assert scores == pytest.approx(CRATE_SCORES[path.stem], abs=3)


def test_the_same_image_scores_100_and_a_worse_one_less() -> None:
    original = photo()
    frame = ssimulacra2.Reference(frame_of(original))
    scores = [
        frame.score(frame_of(Image.open(_file(encode_image(original, "JPEG", quality=quality)))))
        for quality in (95, 60, 20, 5)
    ]
    assert frame.score(frame_of(original)) > 99.9
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > 60
    assert scores[-1] < 40


def _file(body: memoryview) -> io.BytesIO:
    return io.BytesIO(body)


def test_of_a_large_image_four_parts_are_compared() -> None:
    original = photo(1300, 1100)
    damaged = original.copy()
    damaged.paste((0, 0, 0), (500, 500, 700, 600))
    reference = ssimulacra2.Reference(frame_of(original))
    assert reference.score(frame_of(original)) > 99.9
    assert reference.score(frame_of(damaged)) < 90


def test_auto_is_the_same_each_time() -> None:
    source = source_of(PHOTOS[0])
    bodies = {render_output(source, formats=(Format.JPEG,), target_quality=80).body for _ in range(2)}
    assert len(bodies) == 1


@every_lossy
@pytest.mark.parametrize("picture", [Image.new("L", (60, 40), 99), Image.new("RGBA", (3, 500), (9, 8, 7, 50))])
def test_auto_takes_flat_grey_transparent_and_narrow_pictures(kind: Format, picture: Image.Image) -> None:
    assert render_output(encode_image(picture, "PNG"), formats=(kind,), target_quality=80).format is kind


def test_auto_takes_an_animation_at_the_number() -> None:
    source = encode_image(
        photo(), "WEBP", save_all=True, append_images=[photo().rotate(20)], duration=90, lossless=True
    )
    assert (
        render_output(source, formats=(Format.WEBP,), target_quality=40).body
        == render_output(source, formats=(Format.WEBP,), quality=40).body
    )


@pytest.mark.parametrize("offset", [-30, -8, 0, 5, 20])
@pytest.mark.parametrize("target", [25, 60, 80, 90])
def test_an_image_that_needs_more_or_less_than_others_is_found(offset: int, target: int) -> None:
    found = closest_quality(lambda quality: target_score(quality - offset), target)
    assert abs(target_score(found - offset) - target_score(target)) < 1.5 or found in {5, 99}


def test_a_score_that_no_quality_reaches_takes_what_comes_closest() -> None:
    assert closest_quality(lambda quality: quality / 2, 80) == 99
    assert closest_quality(lambda _: 100.0, 80) <= 80
