"""The estimate of costs knows of colours that are converted right after decoding."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import pyvips
from PIL import Image

from pixmill.engine.pixels.cost import check_cost
from pixmill.engine.pixels.job import resolve_job
from pixmill.engine.pixels.open_image import open_image
from pixmill.plan.ops import ImageOverlay, Output, Plan, Resize
from pixmill.plan.output import Profile
from pixmill.plan.source import parse_source
from pixmill.plan.transforms import Trim
from tests.pixels.images import LIMITS
from tests.pixels.signalling import Chunk, cicp, encode_png, gama, with_chunks

SIDE = 100
NS = 1e9 / SIDE**2
OVERLAY = parse_source("https://images.example/overlay.png")


def png(*chunks: Chunk, deep: bool = False) -> memoryview:
    if not deep:
        return encode_png(Image.new("RGB", (SIDE, SIDE), (9, 90, 200)), *chunks)
    image = pyvips.Image.new_from_array(np.full((SIDE, SIDE, 3), 4_000, np.uint16)).copy(interpretation="rgb16")
    return with_chunks(bytes(image.pngsave_buffer()), *chunks)


def cost_ns(
    source: memoryview, overlay: memoryview | None = None, profile: Profile = Profile.SRGB, **plan: Any
) -> float:
    extras = {} if overlay is None else {OVERLAY: overlay}
    overlays = (ImageOverlay(OVERLAY),) if extras else ()
    request = Plan(resize=Resize(10), output=Output(profile=profile), overlays=overlays, **plan)
    header = open_image(source, LIMITS).header
    job = resolve_job(header, request, LIMITS)
    return check_cost(replace(job, extras=extras)) * NS


@pytest.mark.parametrize("deep", [False, True], ids=["8 bits", "16 bits"])
@pytest.mark.parametrize(
    ("chunk", "least"), [(cicp(9, 16), 40), (cicp(12, 16), 40), (cicp(9, 18), 70), (gama(1), 15)], ids=repr
)
def test_what_is_converted_early_costs_more(chunk: Chunk, least: float, *, deep: bool) -> None:
    usual, converted = png(deep=deep), png(chunk, deep=deep)
    assert cost_ns(converted) >= cost_ns(usual) + least
    assert cost_ns(converted, trim=Trim()) >= cost_ns(usual, trim=Trim()) + 2 * least
    assert cost_ns(usual, converted) >= cost_ns(usual, usual) + least


def test_linear_light_of_16_bits_costs_most() -> None:
    assert cost_ns(png(gama(1), deep=True)) > cost_ns(png(gama(1))) + 100


def test_usual_colours_cost_nothing_more() -> None:
    usual = cost_ns(png())
    assert [cost_ns(png(chunk)) for chunk in (cicp(12, 13), gama(0.45455), gama(0.55))] == [usual] * 3


def test_kept_linear_light_is_not_converted() -> None:
    assert cost_ns(png(gama(1)), profile=Profile.KEEP) == cost_ns(png(), profile=Profile.KEEP)
