"""Encoder options: parsed values, and which spellings are equal."""

from typing import Any

import pytest

from pixmill.dialects.native.dialect import parse
from pixmill.errors import BadRequest
from pixmill.media import OUTPUT_FORMATS, Format
from pixmill.plan.key import canonical_json
from pixmill.plan.ops import Output, Plan
from pixmill.plan.output import (
    DEFAULT_ENCODING,
    Encoding,
    Metadata,
    Profile,
    RenderMode,
    Subsampling,
    TiffCompression,
    WebPPreset,
)


def plan(query: str) -> Plan:
    return parse(b"/resize", b"url=a.jpg&" + query.encode()).plan


def output(query: str) -> Output:
    return plan(query).output


def encoding(query: str) -> Encoding:
    return output(query).encoding


def test_an_order_of_formats_leaves_the_choice_to_the_client() -> None:
    ordered = output("format=auto:avif,webp,original")
    assert ordered == Output((Format.AVIF, Format.WEBP), negotiated=True, ordered=True, source_format=True)
    assert output("format=auto:jxl,jpg") == output("format=auto:jxl,jpeg")
    assert output("format=auto:webp,png").fallback_format is Format.PNG
    assert output("format=auto:original,webp&original_formats=png") == Output(
        source_format=True, fallback_format=Format.WEBP, original_formats=(Format.PNG,)
    )
    kept = output("format=auto:avif,original&original_formats=png,jpeg,png")
    assert (kept.source_format, kept.original_formats) == (True, (Format.PNG, Format.JPEG))
    assert output("format=webp&original_formats=png") == output("format=webp"), "it has no effect"
    assert plan("format=auto:webp,jpeg&background=ff0000").background.red == 255, "a JPEG shows it"


@pytest.mark.parametrize(
    "order",
    ["", "original", "jpeg", "webp,webp", "webp,", "original,blurhash", "jpeg,webp", "svg", "webp,svg", "auto", "x"],
)
def test_an_order_begins_with_formats_that_accept_can_name(order: str) -> None:
    with pytest.raises(BadRequest, match="format"):
        plan(f"format=auto:{order}")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("mode=fast", {"mode": RenderMode.FAST}),
        ("mode=best", {"mode": RenderMode.BEST}),
        ("effort=0", {"effort": 0}),
        ("effort=9", {"effort": 9}),
        ("progressive=true", {"progressive": True}),
        ("interlace=1", {"progressive": True}),
        ("subsampling=444", {"subsampling": Subsampling.S444}),
        ("chromasub=422", {"subsampling": Subsampling.S422}),
        ("trellis=true", {"trellis": True}),
        ("deringing=true", {"deringing": True}),
        ("optimize_scans=true", {"optimize_scans": True}),
        ("quant_table=3", {"quant_table": 3}),
        ("lossless=true", {"lossless": True}),
        ("near_lossless=60", {"near_lossless": 60}),
        ("webp_preset=text", {"webp_preset": WebPPreset.TEXT}),
        ("depth=10", {"depth": 10}),
        ("colors=16", {"colours": 16}),
        ("colours=17", {"colours": 17}),
        ("dither=0.5", {"dither": 0.5}),
        ("tiff_compression=deflate", {"tiff_compression": TiffCompression.DEFLATE}),
    ],
)
def test_an_option_is_kept_for_whatever_format_may_be_chosen(query: str, expected: dict[str, Any]) -> None:
    assert encoding(query) == Encoding(**expected)


@pytest.mark.parametrize(
    "query",
    [
        "effort=10",
        "effort=-1",
        "subsampling=411",
        "quant_table=9",
        "near_lossless=101",
        "webp_preset=x",
        "depth=9",
        "depth=16",
        "colors=1",
        "colors=257",
        "dither=1.1",
        "tiff_compression=zip",
        "metadata=some",
        "profile=cmyk",
        "lossless=maybe",
        "dpi=0",
        "dpi=1201",
        "time=-1",
        "second=86401",
        "progressive=true&interlace=true",
    ],
)
def test_other_words_are_refused(query: str) -> None:
    with pytest.raises(BadRequest):
        plan(query)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("format=png&trellis=true&subsampling=444&near_lossless=3&depth=10", "format=png"),
        ("format=jpeg&lossless=true&colors=8&dither=0&depth=12&effort=3", "format=jpeg"),
        ("format=webp&depth=10&quant_table=1&progressive=true", "format=webp"),
        ("format=png&dither=0.5", "format=png"),
        ("format=png&colors=100", "format=png&colors=16"),
        ("format=png&colors=15", "format=png&colors=4"),
        ("format=gif&colors=100", "format=gif&colors=64"),
        ("format=gif&colors=256", "format=gif"),
        ("format=webp&lossless=true&quality=30", "format=webp&lossless=true"),
        ("format=webp&near_lossless=100", "format=webp&lossless=true"),
        ("format=webp&near_lossless=60&lossless=true&quality=3", "format=webp&near_lossless=60"),
        ("format=avif&lossless=true&subsampling=444", "format=avif&lossless=true"),
        ("format=jpeg&optimize_scans=true&progressive=true", "format=jpeg&optimize_scans=true"),
        ("format=tiff&quality=3", "format=tiff"),
        ("format=gif&metadata=keep&profile=p3", "format=gif"),
        ("format=jxl&profile=p3", "format=jxl"),
        ("format=svg&metadata=all&quality=3&effort=2&mode=fast&background=red", "format=svg"),
        ("dpi=96&profile=srgb&metadata=strip&depth=8", ""),
    ],
)
def test_what_says_nothing_to_the_format_named_is_dropped(one: str, other: str) -> None:
    assert canonical_json(plan(one)) == canonical_json(plan(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("format=tiff&tiff_compression=jpeg&quality=3", "format=tiff&tiff_compression=jpeg"),
        ("format=gif&dither=0", "format=gif"),
        ("format=png&colors=4", "format=png"),
        ("lossless=true&quality=30", "lossless=true"),
        ("metadata=keep", "metadata=all"),
        ("dpi=72", ""),
        ("time=0", ""),
        ("format=original", ""),
    ],
)
def test_what_says_something_is_not(one: str, other: str) -> None:
    assert canonical_json(plan(one)) != canonical_json(plan(other))


def test_without_options_a_plan_says_nothing_of_them() -> None:
    assert output("format=jpeg") == Output(formats=(Format.JPEG,))
    assert encoding("") is DEFAULT_ENCODING or encoding("") == DEFAULT_ENCODING
    assert b"encoding" not in canonical_json(plan("width=3"))


@pytest.mark.parametrize("kind", OUTPUT_FORMATS)
def test_every_format_that_is_written_can_be_named(kind: Format) -> None:
    assert output(f"format={kind}").formats == (kind,)


def test_metadata_profile_and_original_are_said() -> None:
    result = output("metadata=copyright&profile=p3&format=original")
    assert (result.metadata, result.profile, result.source_format) == (Metadata.COPYRIGHT, Profile.P3, True)
    assert (result.formats, result.negotiated) == ((), False)


def test_a_moment_and_a_resolution_are_said() -> None:
    result = plan("time=12.5&dpi=300").input
    assert (result.time_s, result.dpi) == (12.5, 300)
    assert plan("second=12.5&dpi=300").input == result
