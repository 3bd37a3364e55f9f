"""The kernel compared with float64 matrices, and the guarantees of its interface."""

import ctypes
import mmap
import os
import threading
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pixmill.engine.pixels.resample import lanczos
from pixmill.engine.raster.frame import Layout, ResampleBox
from tests.pixels import reference

_mprotect = ctypes.CDLL(None, use_errno=True).mprotect
_mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]

Codes = NDArray[Any]
"""Samples of 8 or of 16 bits."""

compiled = pytest.mark.skipif(not lanczos.available, reason="the package was built without a C compiler")
EXAMPLES = int(os.environ.get("PIXMILL_KERNEL_EXAMPLES", "300"))
FAST_AND_PORTABLE = [pytest.param(1, id="fastest"), pytest.param(0, id="portable")]


@dataclass(frozen=True)
class Case:
    """An image of ``kind``, its box and the resample arguments."""

    width: int
    height: int
    box: ResampleBox
    size: tuple[int, int]
    layout: Layout = Layout.RGB
    depth: int = 8
    out_depth: int = 8
    kind: str = "noise"
    seed: int = 0
    light_compensation: float = 0.0
    linear: bool = True
    droop_compensation: float = 0.0
    halve: bool = False

    @property
    def picture(self) -> Codes:
        random = np.random.default_rng(self.seed)
        white = 2**self.depth - 1
        codes: Codes = random.integers(0, white + 1, (self.height, self.width, self.layout.stored_channels))
        if self.kind == "contrast":
            codes = np.where(codes > white // 2, white, 0)
        if self.kind == "dark":
            codes[..., : 3 if self.layout.stored_channels > 2 else 1] //= 20
        return codes.astype(_type(self.depth))


def _type(depth: int) -> str:
    return f"u{depth // 8}"


def _by_kernel(case: Case, fast: int) -> Codes:
    from pixmill.engine.pixels.resample import _kernel  # noqa: PLC0415  # it may not be there

    number = list(Layout).index(case.layout)
    out = _kernel.resample(
        case.picture.tobytes(),
        case.width,
        case.height,
        number,
        case.box,
        *case.size,
        0,
        case.depth,
        case.out_depth,
        case.light_compensation,
        case.droop_compensation,
        case.linear,
        case.halve,
        fast,
    )
    return _pixels(out, case.size, case.layout, case.out_depth)


def _pixels(out: bytearray, size: tuple[int, int], layout: Layout, depth: int) -> Codes:
    codes: Codes = np.frombuffer(out, _type(depth)).reshape(size[1], size[0], layout.channels)
    return codes


def _max_error(case: Case, fast: int) -> float:
    """Return the largest difference from the rounded reference, in 8-bit values.

    A colour of which next to nothing shows is a quotient of two numbers near 0, and not compared: below half a code
    of alpha in 8 bits, where its alpha is written as 0, and below 2 % in 16, where a code is 256 times finer.
    """
    white = 2**case.out_depth - 1
    expected, alpha = reference.resample(
        case.picture[..., : case.layout.channels] / (2.0**case.depth - 1),
        case.box,
        case.size,
        alpha=case.layout.has_alpha,
        light_compensation=0 if case.layout.has_alpha or case.depth > 8 else case.light_compensation,
        droop_compensation=case.droop_compensation,
        linear=case.linear,
        halve=case.halve,
    )
    wrong = np.abs(_by_kernel(case, fast) - np.rint(expected * white))
    if case.layout.has_alpha:
        wrong[..., :-1] *= alpha >= (0.51 / 255 if case.out_depth == 8 else 0.02)
    return float(wrong.max())


@st.composite
def _cases(draw: st.DrawFn) -> Case:
    sides = st.integers(1, 80)
    width, height = draw(sides), draw(sides)

    def span(side: int) -> tuple[float, float]:
        whole = st.just((0.0, float(side)))
        start = draw(st.floats(0, side * 0.99))
        return draw(whole | st.floats((side - start) / 100, side - start).map(lambda length: (start, length)))

    (left, across), (top, down) = span(width), span(height)
    return Case(
        width,
        height,
        (left, top, across, down),
        (draw(sides), draw(sides)),
        draw(st.sampled_from(Layout)),
        draw(st.sampled_from([8, 16])),
        draw(st.sampled_from([8, 16])),
        draw(st.sampled_from(["noise", "contrast", "dark"])),
        draw(st.integers(0, 2**32)),
        draw(st.sampled_from([0, 0, 0.4, 1])),
        draw(st.booleans()),
        draw(st.sampled_from([0, 0, 0.03, 0.25])),
        draw(st.booleans()),
    )


@compiled
@pytest.mark.parametrize("fast", FAST_AND_PORTABLE)
@settings(max_examples=EXAMPLES, deadline=None)
@given(case=_cases())
@example(case=Case(1, 2, (0, 2.3e-16, 1, 1), (1, 2), Layout.L, 8, 8, "noise", 0, 0, False))
@example(case=Case(1, 2, (0, 1 - 2e-16, 1, 1), (1, 2), Layout.L, 8, 8, "noise", 0, 0, True))
def test_no_pixel_is_further_than_one_code_from_the_exact_result(fast: int, case: Case) -> None:
    assert _max_error(case, fast) <= 1


LARGE = [
    Case(1500, 1000, (0, 0, 1500, 1000), (274, 183)),
    Case(1500, 1000, (0, 0, 1500, 1000), (274, 183), Layout.RGBX, kind="contrast"),
    Case(1200, 900, (100.25, 50.5, 1000.5, 700.75), (300, 211), Layout.RGBA),
    Case(1000, 700, (0, 0, 1000, 700), (999, 699), Layout.RGBA, 16, 16),
    Case(300, 200, (0, 0, 300, 200), (700, 450), Layout.LA, 8, 16),
    Case(2000, 1500, (0, 0, 2000, 1500), (3, 2), Layout.RGB, kind="contrast"),
    Case(65_535, 1, (0, 0, 65_535, 1), (7, 3), Layout.L),
    Case(1, 65_535, (0, 0, 1, 65_535), (3, 7), Layout.RGB, 16, 16),
    Case(1, 1, (0, 0, 1, 1), (300, 200), Layout.RGBA),
    Case(500, 7, (0, 0, 500, 7), (50, 700), Layout.RGB, 16, 8),
    Case(7, 500, (0, 0, 7, 500), (700, 50), Layout.L, kind="contrast"),
    Case(1501, 1001, (0, 0, 1501, 1001), (512, 341), Layout.RGBX, light_compensation=0.09, droop_compensation=0.03),
    Case(751, 501, (0, 0, 751, 501), (700, 480), Layout.RGB, light_compensation=0.08, droop_compensation=0.03),
    Case(751, 501, (30.5, 40.5, 600, 400), (300, 200), Layout.L, light_compensation=1, kind="contrast"),
    Case(751, 501, (30.5, 40.5, 600, 400), (300, 200), Layout.RGBA, 16, 16, droop_compensation=0.25),
    Case(1501, 1001, (0, 0, 1501, 1001), (274, 183), Layout.RGBX, light_compensation=0.09, halve=True),
    Case(1501, 1001, (0.5, 7.25, 1490, 991), (300, 200), Layout.RGB, kind="contrast", halve=True),
    Case(1501, 1001, (0.5, 7.25, 1490, 991), (300, 200), Layout.RGBA, halve=True),
    Case(2001, 1501, (0, 0, 2001, 1501), (300, 200), Layout.L, kind="contrast", halve=True),
    Case(1500, 1000, (0, 0, 1500, 1000), (274, 183), Layout.RGBX, kind="contrast", linear=False),
    Case(1200, 900, (100.25, 50.5, 1000.5, 700.75), (300, 211), Layout.RGBA, linear=False),
    Case(300, 200, (0, 0, 300, 200), (700, 450), Layout.LA, 16, 16, linear=False),
]


@compiled
@pytest.mark.parametrize("fast", FAST_AND_PORTABLE)
@pytest.mark.parametrize("case", LARGE, ids=lambda case: f"{case.width}x{case.height}-{case.layout}")
def test_large_pictures_and_extreme_ratios_are_as_exact(case: Case, fast: int) -> None:
    assert _max_error(case, fast) <= 1


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("layout", Layout)
def test_every_even_surface_stays_as_it_is(layout: Layout, depth: int) -> None:
    for code in np.linspace(0, 2**depth - 1, 256).astype(int):
        codes = np.full((9, 11, layout.stored_channels), code, _type(depth))
        if layout.has_alpha:
            codes[..., -1] = 2**depth - 1
        out = _resample(codes, layout, (0, 0, 11, 9), (4, 20), depth)
        assert np.abs(out.astype(int) - codes[0, 0, : layout.channels]).max() <= (0 if depth == 8 else _EVEN_16)


_EVEN_16 = 1 if lanczos.available else 64  # libvips resamples 16 bits in 12-bit steps


def _resample(
    codes: Codes,
    layout: Layout,
    box: ResampleBox,
    size: tuple[int, int],
    depth: int = 8,
    light_compensation: float = 0.0,
    linear: bool = True,
) -> Codes:
    out = lanczos.resample(
        codes.tobytes(),
        width=codes.shape[1],
        height=codes.shape[0],
        layout=layout,
        box=box,
        out_width=size[0],
        out_height=size[1],
        depth=depth,
        out_depth=depth,
        light_compensation=light_compensation,
        linear=linear,
    )
    return _pixels(out, size, layout, depth)


@pytest.fixture(params=["kernel", "libvips"])
def implementation(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways in which the face does its work."""
    if request.param == "kernel" and not lanczos.available:
        pytest.skip("the package was built without a C compiler")
    monkeypatch.setattr(lanczos, "available", request.param == "kernel")
    return str(request.param)


def test_what_is_outside_of_the_box_does_not_bleed_in(implementation: str) -> None:
    codes = np.full((40, 40, 3), 255, np.uint8)
    codes[10:30, 5:25] = 60
    for size in [(7, 5), (20, 20), (90, 70)]:
        assert (_resample(codes, Layout.RGB, (5, 10, 20, 20), size) == 60).all()


def test_the_colour_of_what_is_transparent_does_not_bleed_out(implementation: str) -> None:
    codes = np.zeros((20, 20, 4), np.uint8)
    codes[:, :10] = (200, 30, 90, 255)
    codes[:, 10:] = (0, 255, 0, 0)
    out = _resample(codes, Layout.RGBA, (0, 0, 20, 20), (6, 6)).astype(int)
    shown = out[out[..., 3] > 8]
    assert len(shown) >= 18
    assert np.abs(shown[:, :3] - (200, 30, 90)).max() <= (1 if implementation == "kernel" else 12)


def test_black_and_white_mix_to_half_the_light_not_half_the_code() -> None:
    codes = np.zeros((64, 64, 1), np.uint8)
    codes[::2, ::2] = codes[1::2, 1::2] = 255
    assert (
        abs(int(_resample(codes, Layout.L, (0, 0, 64, 64), (8, 8))[4, 4, 0]) - (188 if lanczos.available else 128)) <= 2
    )


def test_black_and_white_mix_to_half_the_value_where_values_are_mixed(implementation: str) -> None:
    codes = np.zeros((64, 64, 1), np.uint8)
    codes[::2, ::2] = codes[1::2, 1::2] = 255
    assert abs(int(_resample(codes, Layout.L, (0, 0, 64, 64), (8, 8), linear=False)[4, 4, 0]) - 128) <= 2


@compiled
def test_light_that_scaling_lost_comes_back_where_codes_differ_and_nowhere_else() -> None:
    even, stripes = np.full((64, 64, 1), 90, np.uint8), np.full((64, 64, 1), 90, np.uint8)
    stripes[np.arange(64) % 4 < 2] = 160
    assert (_resample(even, Layout.L, (0, 0, 64, 64), (16, 16), light_compensation=0.4) == 90).all()
    plain, lost = (_resample(stripes, Layout.L, (0, 0, 64, 64), (16, 16), light_compensation=lost) for lost in (0, 0.4))
    assert ((lost > plain) & (lost <= plain + 12)).all()


@compiled
def test_the_last_pixel_of_a_buffer_is_the_last_that_is_read() -> None:
    """A buffer that ends with a page before one that must not be touched."""
    page = mmap.PAGESIZE
    for layout, width in ((Layout.L, 128), (Layout.RGB, 128), (Layout.RGBX, 32)):
        height = page // (width * layout.stored_channels)
        with mmap.mmap(-1, 2 * page) as pages:
            guarded = np.frombuffer(pages, np.uint8)
            assert _mprotect(guarded.ctypes.data + page, page, 0) == 0
            used = height * width * layout.stored_channels
            buffer = memoryview(pages)[page - used : page]
            lanczos.resample(
                buffer,
                **_job(width=width, height=height, layout=layout, box=(0, 0, width, height), light_compensation=0.4),
            )
            _mprotect(guarded.ctypes.data + page, page, mmap.PROT_READ | mmap.PROT_WRITE)
            buffer.release()
            del guarded


def test_the_fourth_byte_of_rgbx_is_neither_read_nor_written(implementation: str) -> None:
    random = np.random.default_rng(1)
    codes = random.integers(0, 256, (33, 47, 4)).astype(np.uint8)
    plain = _resample(codes[..., :3], Layout.RGB, (0, 0, 47, 33), (21, 60))
    assert (_resample(codes, Layout.RGBX, (0, 0, 47, 33), (21, 60)) == plain).all()


def test_rows_may_have_gaps_and_the_last_needs_none(implementation: str) -> None:
    random = np.random.default_rng(2)
    codes = random.integers(0, 256, (10, 13, 3)).astype(np.uint8)
    gaps = np.concatenate([codes.reshape(10, 39), random.integers(0, 256, (10, 5)).astype(np.uint8)], axis=1)
    buffer = gaps.tobytes()[:-5]
    expected = _resample(codes, Layout.RGB, (0, 0, 13, 10), (5, 4)).tobytes()
    assert lanczos.resample(memoryview(buffer), **_job(stride=44)) == expected
    with pytest.raises(ValueError, match="buffer"):
        lanczos.resample(buffer[:-1], **_job(stride=44))


def _job(**changes: Any) -> dict[str, Any]:
    job = {"width": 13, "height": 10, "layout": Layout.RGB, "box": (0, 0, 13, 10), "out_width": 5, "out_height": 4}
    return {**job, **changes}


@pytest.mark.parametrize(
    "change",
    [
        {"width": 0},
        {"height": -1},
        {"width": 65_536},
        {"out_width": 0},
        {"out_height": 65_536},
        {"stride": 38},
        {"stride": -1},
        {"stride": 40},
        {"depth": 12},
        {"depth": 16},
        {"out_depth": 0},
        {"box": (0, 0, 14, 10)},
        {"box": (-0.1, 0, 5, 5)},
        {"box": (0, 0, 0, 5)},
        {"box": (13, 0, 1, 5)},
        {"box": (0, 0, float("nan"), 5)},
        {"box": (0, 0, float("inf"), 5)},
        {"box": (float("nan"), 0, 5, 5)},
    ],
    ids=str,
)
def test_what_is_inconsistent_is_refused(implementation: str, change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"must|shorter"):
        lanczos.resample(bytes(13 * 10 * 3), **_job(**change))


@compiled
@pytest.mark.parametrize("light_compensation", [-0.1, 1.1, float("nan")])
def test_no_more_light_is_given_back_than_was_lost(light_compensation: float) -> None:
    with pytest.raises(ValueError, match="light_compensation must be"):
        lanczos.resample(bytes(13 * 10 * 3), **_job(light_compensation=light_compensation))


@compiled
def test_other_threads_run_meanwhile() -> None:
    image, actual, span = bytes(4000 * 3000 * 8), list[float](), list[float]()

    def work() -> None:
        span.append(time.perf_counter())
        lanczos.resample(
            image,
            **_job(width=4000, height=3000, layout=Layout.RGBA, box=(0, 0, 4000, 3000), depth=16, out_width=900),
        )
        span.append(time.perf_counter())

    thread = threading.Thread(target=work)
    thread.start()
    while thread.is_alive():
        actual.append(time.perf_counter())
        time.sleep(0.001)
    thread.join()
    began, ended = span
    tenth = (ended - began) / 10
    assert [at for at in actual if began + tenth < at < ended - tenth]


@compiled
def test_threads_do_not_disturb_each_other() -> None:
    cases = [Case(200, 150, (0, 0, 200, 150), (61 + n, 47), list(Layout)[n % 5], seed=n) for n in range(8)]
    alone = [_by_kernel(case, 1).tobytes() for case in cases]
    together: dict[int, list[bytes]] = {}
    threads = [
        threading.Thread(
            target=lambda n=n: together.__setitem__(n, [_by_kernel(cases[n], 1).tobytes() for _ in range(20)])
        )
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(set(together[n]) == {alone[n]} for n in range(8))
