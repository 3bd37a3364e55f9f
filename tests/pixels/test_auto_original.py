"""With ``format=auto`` an original that nothing is done to does not grow: its own file is the last alternative."""

import io
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from PIL import Image, ImageCms, ImageDraw, ImageSequence

from pixmill.dialects.native.dialect import parse
from pixmill.engine.codecs.lossless.jpeg_segments_filter import is_common_jpeg
from pixmill.engine.pixels.batch import render_all
from pixmill.engine.pixels.pipeline import render
from pixmill.media import Format
from pixmill.plan.cost import RenderDeferred
from pixmill.plan.limits import Limits, OnTruncated
from pixmill.plan.ops import Plan
from pixmill.ports.values import Rendered
from tests.pixels.images import encode_image, photo

BOTH = (Format.AVIF, Format.WEBP)
SRGB: bytes = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
ACCEPTED = ((), (Format.WEBP,), (Format.AVIF,), BOTH)


def negotiated_plan(accepted: tuple[Format, ...], query: str = "") -> Plan:
    plan = parse(b"/resize", query.encode(), upload=True).plan
    return replace(plan, output=replace(plan.output, formats=accepted, negotiated=True))


def negotiated(source: memoryview, accepted: tuple[Format, ...], query: str = "", **limits: Any) -> Rendered:
    return render(source, negotiated_plan(accepted, query), Limits(**limits))


def noise(width: int = 64, height: int = 48, colours: int = 0) -> Image.Image:
    random = np.random.default_rng(3)
    image = Image.fromarray(random.integers(0, 256, (height, width, 3), dtype=np.uint8))
    return image.quantize(colours) if colours else image


def strong(kind: str, **options: Any) -> memoryview:
    """A photograph that is compressed more strongly than a result is."""
    return encode_image(photo(160, 120), kind, quality=8, **options)


def moving_noise() -> memoryview:
    out = io.BytesIO()
    frames = [noise(colours=16).rotate(90 * at) for at in range(3)]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=80, loop=0)
    return memoryview(out.getvalue())


def moving(kind: str) -> memoryview:
    out, frames = io.BytesIO(), [photo(120, 90).rotate(at) for at in range(3)]
    frames[0].save(out, kind, save_all=True, append_images=frames[1:], duration=80, loop=0, quality=2)
    return memoryview(out.getvalue())


ORIGINALS: dict[str, Callable[[], memoryview]] = {
    "jpeg": lambda: strong("JPEG"),
    "progressive jpeg": lambda: strong("JPEG", progressive=True),
    "jpeg in grey": lambda: encode_image(photo(160, 120).convert("L"), "JPEG", quality=8),
    "webp": lambda: strong("WEBP"),
    "avif": lambda: strong("AVIF"),
    "noise as png": lambda: encode_image(noise(), "PNG", optimize=True),
    "noise as palette": lambda: encode_image(noise(colours=200), "PNG", optimize=True),
    "noise as gif": lambda: encode_image(noise(colours=64), "GIF"),
    "dithered": lambda: encode_image(photo(120, 90).convert("1"), "PNG", optimize=True),
    "a pixel as gif": lambda: encode_image(Image.new("L", (1, 1)), "GIF"),
    "a pixel as png": lambda: encode_image(Image.new("1", (1, 1)), "PNG"),
    "moving noise": moving_noise,
    "moving webp": lambda: moving("WEBP"),
    "moving avif": lambda: moving("AVIF"),
}


@cache
def original(name: str) -> memoryview:
    return ORIGINALS[name]()


def own_format(source: memoryview) -> Format:
    return Format((Image.open(io.BytesIO(source)).format or "").lower())


def shown(body: bytes | memoryview) -> list[np.ndarray[Any, Any]]:
    return [np.array(frame.convert("RGBA")) for frame in ImageSequence.Iterator(Image.open(io.BytesIO(body)))]


@pytest.mark.parametrize("name", ORIGINALS)
@pytest.mark.parametrize("query", ["", "width=4000", "quality=95", "metadata=keep"])
def test_no_original_grows_in_its_own_format(name: str, query: str) -> None:
    source = original(name)
    for accepted in ACCEPTED:
        if own_format(source) in (Format.JPEG, Format.PNG, Format.GIF, *accepted):
            result = negotiated(source, accepted, query)
            assert len(result.body) <= len(source), (accepted, result.format)
            assert own_format(memoryview(result.body)) is result.format
            if bytes(source) == result.body:
                assert (result.width, result.height) == Image.open(io.BytesIO(source)).size


@pytest.mark.parametrize(
    ("name", "accepted"),
    [
        ("jpeg", Format.WEBP),
        ("webp", Format.WEBP),
        ("moving noise", Format.AVIF),
        ("moving webp", Format.WEBP),
    ],
)
def test_an_original_that_is_smallest_is_shown_unchanged(name: str, accepted: Format) -> None:
    source = original(name)
    result = negotiated(source, (accepted,))
    assert result.format is own_format(source)
    assert all(np.array_equal(*pair) for pair in zip(shown(source), shown(result.body), strict=True))


@pytest.mark.parametrize("name", ["noise as gif", "moving noise"])
def test_a_drawing_that_is_smaller_in_another_format_loses_nothing(name: str) -> None:
    source = original(name)
    result = negotiated(source, (Format.WEBP,))
    assert result.format is Format.WEBP
    assert len(result.body) < len(source)
    assert all(np.array_equal(*pair) for pair in zip(shown(source), shown(result.body), strict=True))


def test_results_of_a_batch_do_not_grow() -> None:
    source = original("jpeg")
    plans = [negotiated_plan((Format.WEBP,)), negotiated_plan((Format.WEBP,), "width=80")]
    whole, half = (result for _, result in sorted(render_all(source, plans, Limits()), key=lambda item: item[0]))
    assert isinstance(whole, Rendered)
    assert isinstance(half, Rendered)
    assert len(whole.body) <= len(source)
    assert (half.width, half.height) == (80, 60)


# ---------------------------------------------------------------- what is not delivered


def tagged_photo(**changes: Any) -> memoryview:
    exif = Image.Exif()
    exif[0x010F] = "Maker " * 40
    exif[0x8298] = "Owner"
    for tag, value in changes.items():
        exif[int(tag, 16)] = value
    return encode_image(photo(160, 120), "JPEG", quality=8, exif=exif.tobytes(), comment=b"A comment")


@pytest.mark.parametrize("policy", ["strip", "copyright", "keep", "all"])
def test_metadata_is_that_of_any_result(policy: str) -> None:
    """Neither comments nor properties that are not retained, also not with ``all``, which ``format=original`` copies."""
    result = negotiated(tagged_photo(), (), f"metadata={policy}")
    image = Image.open(io.BytesIO(result.body))
    assert len(result.body) < len(tagged_photo())
    assert "comment" not in image.info
    assert set(image.getexif()) - {0x010F, 0x8298} == set()
    assert (0x8298 in image.getexif()) == (policy != "strip")
    assert (0x010F in image.getexif()) == (policy in ("keep", "all"))


@pytest.mark.parametrize(
    "query",
    [
        "flip=horizontal",
        "rotate=90",
        "grayscale=true",
        "width=100",
        "crop=0,0,100,100",
        "profile=p3",
        "progressive=true",
    ],
)
def test_what_is_requested_is_done(query: str) -> None:
    source = original("jpeg")
    assert negotiated(source, (), query).body != negotiated(source, ()).body


def test_a_result_is_upright() -> None:
    source = tagged_photo(**{"0x0112": 6})
    result = negotiated(source, ())
    assert Image.open(io.BytesIO(result.body)).size == (result.width, result.height) == (120, 160)
    assert not Image.open(io.BytesIO(result.body)).getexif()


def test_colours_are_srgb() -> None:
    wide = render(original("jpeg"), parse(b"/resize", b"format=jpeg&profile=p3&quality=5", upload=True).plan, Limits())
    result = negotiated(memoryview(wide.body), ())
    assert len(result.body) > len(wide.body)
    assert "icc_profile" not in Image.open(io.BytesIO(result.body)).info


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "PNG"])
def test_a_profile_with_its_texts_is_not_delivered(kind: str) -> None:
    source = (
        encode_image(noise(16, 12, 16), "PNG", icc_profile=SRGB) if kind == "PNG" else strong(kind, icc_profile=SRGB)
    )
    for accepted in ACCEPTED:
        result = negotiated(source, accepted, "quality=95")
        assert "icc_profile" not in Image.open(io.BytesIO(result.body)).info


def test_cmyk_becomes_rgb() -> None:
    source = encode_image(photo(160, 120).convert("CMYK"), "JPEG", quality=8)
    assert Image.open(io.BytesIO(negotiated(source, ()).body)).mode == "RGB"


def test_a_part_of_a_file_is_encoded() -> None:
    source = original("jpeg")[:-300]
    result = negotiated(source, (), on_truncated=OnTruncated.SHOW)
    assert result.truncated
    assert not bytes(source).startswith(result.body[:-2])


def test_a_still_of_an_animation_is_encoded() -> None:
    for query in ("animated=false", "page=2"):
        assert len(shown(negotiated(original("moving noise"), (), query).body)) == 1


def test_only_jpegs_that_browsers_decode_are_delivered() -> None:
    """Arithmetic coding takes fewer bytes, and no browser reads it."""
    source = bytes(tagged_photo())
    at = source.index(b"\xff\xc0")
    assert is_common_jpeg(memoryview(source))
    for marker in range(0xC0, 0xD0):
        changed = source[: at + 1] + bytes((marker,)) + source[at + 2 :]
        assert is_common_jpeg(memoryview(changed)) == (marker in (0xC0, 0xC1, 0xC2))
    assert not any(is_common_jpeg(memoryview(source[:end])) for end in range(at))


# ---------------------------------------------------------------- costly animations


def spinner() -> memoryview:
    out, frames = io.BytesIO(), [Image.new("RGB", (120, 120), "white") for _ in range(8)]
    for number, frame in enumerate(frames):
        ImageDraw.Draw(frame).pieslice((10, 10, 110, 110), number * 45, number * 45 + 250, fill=(20, 110, 200))
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=80, loop=0)
    return memoryview(out.getvalue())


def test_a_drawn_animation_waits_for_time_for_all_its_encodings() -> None:
    """One encoding is estimated below the limit, three are above it."""
    with pytest.raises(RenderDeferred):
        negotiated(spinner(), BOTH, defer_above_s=0.015)
    assert negotiated(spinner(), BOTH, defer_above_s=60.0).body == negotiated(spinner(), BOTH).body
    assert negotiated(moving("WEBP"), BOTH, defer_above_s=0.015).format in BOTH
