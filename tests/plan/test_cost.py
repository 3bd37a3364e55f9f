"""The estimated cost of a render: normal uses are admitted by default, the most expensive ones are not, with reasons."""

import pytest

from pixmill.dialects.native.dialect import parse
from pixmill.errors import TooCostly
from pixmill.media import Format
from pixmill.plan.cost import CostEstimate, OriginalFacts, estimate_cost, minimum_cost
from pixmill.plan.geometry import resolve_all
from pixmill.plan.lengths import Size
from pixmill.plan.limits import Limits
from pixmill.plan.ops import Plan

LIMITS = Limits()
HUGE = "width=7000&height=7000&fit=fill&enlarge=true"


def plan_of(query: str) -> Plan:
    return parse(b"/resize", query.encode(), upload=True).plan


def estimate(query: str, original: OriginalFacts, size: Size) -> CostEstimate:
    plan = plan_of(query)
    return estimate_cost(plan, resolve_all(size, plan, LIMITS), original)


def estimate_photo(query: str, megapixels: int, kind: Format = Format.JPEG, frames: int = 1) -> CostEstimate:
    size = Size(round(((megapixels - 0.01) * 1.5e6) ** 0.5), round(((megapixels - 0.01) / 1.5 * 1e6) ** 0.5))
    return estimate(query, OriginalFacts(kind, size.pixels, frames), size)


@pytest.mark.parametrize("megapixels", [12, 24, 50])
@pytest.mark.parametrize("kind", [Format.JPEG, Format.PNG, Format.HEIC])
@pytest.mark.parametrize(
    "query",
    [
        "width=1600&format=avif",
        "width=1600&format=avif&quality=auto",
        "width=1200&max_bytes=100000&format=webp",
        "width=2400&format=avif&effort=9",
        "width=4000&format=webp&sharpen=1&clahe=8&median=1",
        "width=2000&blur=20&vignette=40&noise=5&format=jpeg&padding=20&radius=30",
        "trim=10&width=800&format=webp",
        "width=800&height=800&fit=cover&gravity=smart&rotate=5",
        "format=jpeg",
    ],
)
def test_large_photographs_are_resized_with_effects(query: str, kind: Format, megapixels: int) -> None:
    estimate_photo(query, megapixels, kind).check(LIMITS.max_cost_s)


@pytest.mark.parametrize("output", ["webp&lossless=true", "avif&lossless=true", "png", "png&effort=7", "tiff", "jxl"])
def test_a_result_of_16_megapixels_is_encoded_without_loss(output: str) -> None:
    estimate(f"format={output}", OriginalFacts(Format.PNG, 16_000_000), Size(4000, 4000)).check(LIMITS.max_cost_s)


@pytest.mark.parametrize("output", ["webp", "gif", "avif"])
def test_animations_of_usual_sizes_are_rendered(output: str) -> None:
    size = Size(640, 360)
    estimate(f"width=480&format={output}", OriginalFacts(Format.GIF, size.pixels, 120), size).check(LIMITS.max_cost_s)


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("progressive_blur=down,250", "progressive_blur"),
        ("clahe=64", "clahe"),
        ("median=5", "median"),
        ("format=webp&max_bytes=100000", "max_bytes"),
        ("format=avif&effort=9", "format and effort"),
        ("format=webp&lossless=true&effort=9", "format and effort"),
        ("format=png&effort=9", "format and effort"),
        ("format=avif&quality=auto", "quality"),
    ],
)
def test_the_most_expensive_requests_are_refused_before_a_fetch_and_the_parameter_is_named(
    query: str, param: str
) -> None:
    with pytest.raises(TooCostly, match=f": {param} ") as caught:
        minimum_cost(plan_of(f"{HUGE}&{query}"), LIMITS).check(LIMITS.max_cost_s)
    assert caught.value.param == param


def test_the_same_effects_are_refused_if_only_the_original_makes_the_result_large() -> None:
    query = "clahe=64&format=jpeg"
    assert minimum_cost(plan_of(query), LIMITS).total_s < 0.01
    with pytest.raises(TooCostly, match="clahe"):
        estimate_photo(query, 50).check(LIMITS.max_cost_s)


def test_the_first_bound_is_never_above_the_estimate() -> None:
    for query in (f"{HUGE}&clahe=64", "width=3000&height=3000&fit=contain&blur=3", "width=2000&height=2000&median=2"):
        for size in (Size(1, 1), Size(10, 4000), Size(4000, 10), Size(6000, 6000)):
            full = estimate(query, OriginalFacts(Format.JPEG, size.pixels), size)
            assert minimum_cost(plan_of(query), LIMITS).total_s <= full.total_s


def test_frames_and_stages_multiply_the_cost() -> None:
    single = estimate_photo("width=500&blur=3&format=png", 1)
    assert estimate_photo("width=500&blur=3&format=png", 1, frames=50).total_s == pytest.approx(50 * single.total_s)
    twice = estimate_photo("width=500&blur=3&format=webp&then=blur=3", 1)
    assert twice.by_param["blur"] == pytest.approx(2 * single.by_param["blur"])


@pytest.mark.parametrize("gravity", ["c", "smart", "face"])
@pytest.mark.parametrize("source", [Size(5000, 50), Size(1, 65_535)])
def test_a_window_costs_what_is_made_of_it(source: Size, gravity: str) -> None:
    """The scaled image, of which a smart window is a small part, is never made."""
    query = f"width=1000&height=1000&fit=cover&enlarge=true&gravity={gravity}&format=png"
    assert estimate(query, OriginalFacts(Format.PNG, source.pixels), source).total_s < 1


def test_placing_a_smart_window_costs_a_pass_over_the_crop() -> None:
    centred, placed = (
        estimate_photo(f"width=500&height=500&fit=cover&gravity={gravity}", 24).total_s for gravity in ("c", "smart")
    )
    assert 0.05 < placed - centred < 0.5


def test_placing_a_smart_crop_costs_a_pass_over_the_image() -> None:
    centred, placed = (estimate_photo(f"crop=window:300,200&crop_gravity={gravity}", 24) for gravity in ("c", "smart"))
    assert 0.05 < placed.total_s - centred.total_s < 0.5
    assert placed.by_param["crop_gravity"] > 0.05
