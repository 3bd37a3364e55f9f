"""Effects of other services in values of plans: against their own kernels and slopes."""

import numpy as np
import pytest
import pyvips

from pixmill.dialects.kit.effects import blur_sigma, contrast_of_slope, truncated_gaussian_sigma, vips_blur_sigma


@pytest.mark.parametrize(("radius", "sigma"), [(1, 1.0), (5, 5.0), (5, 2.0), (150, 150.0), (7, 0.0)])
def test_a_truncated_gaussian_has_the_spread_of_its_kernel(radius: int, sigma: float) -> None:
    at = np.arange(-radius, radius + 1)
    kernel = np.exp(-(at**2) / (2 * (sigma or radius) ** 2))
    assert truncated_gaussian_sigma(radius, sigma) == pytest.approx(np.sqrt((kernel * at**2).sum() / kernel.sum()))


@pytest.mark.parametrize(("radius", "sigma"), [(0, 5.0), (-3, 2.0), (5, -1.0)])
def test_a_kernel_of_one_pixel_blurs_nothing(radius: int, sigma: float) -> None:
    assert truncated_gaussian_sigma(radius, sigma) == 0


def test_a_kernel_that_nobody_can_see_past_is_bounded() -> None:
    assert truncated_gaussian_sigma(1e300, 1e300) == 250


def test_sigmas_are_those_of_plans() -> None:
    assert [blur_sigma(sigma) for sigma in (0.0, 0.05, -3.0, 0.1, 5.0, 1e9)] == [0, 0, 0, 0.1, 5, 250]


@pytest.mark.parametrize("slope", [0.0, 0.5, 1.0, 1.4, 2.0, 10.0])
def test_contrast_has_the_slope(slope: float) -> None:
    c = 2.55 * contrast_of_slope(slope)
    assert 259 * (c + 255) / (255 * (259 - c)) == pytest.approx(slope)


@pytest.mark.parametrize("sigma", [0.3, 1.0, 3.0, 10.0, 40.0])
def test_the_blur_of_libvips_has_the_spread_of_its_kernel(sigma: float) -> None:
    kernel = pyvips.Image.gaussmat(sigma, 0.2, separable=True, precision="float")
    weights = np.ndarray(kernel.width, np.float64, kernel.write_to_memory())
    at = np.arange(kernel.width) - kernel.width // 2
    assert vips_blur_sigma(sigma) == pytest.approx(np.sqrt((weights * at**2).sum() / weights.sum()))


def test_blurs_of_libvips_are_bounded() -> None:
    assert vips_blur_sigma(1e300) == 250
    assert vips_blur_sigma(-1.0) == 0
