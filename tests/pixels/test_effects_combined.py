"""Any combination of colour changes and effects in a URL gives an image of the promised size."""

from io import BytesIO
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pixmill.dialects.native.param_values import ParamValues
from pixmill.dialects.native.params import plan_of
from pixmill.dialects.native.tables import adjust, effects
from pixmill.engine.pixels.pipeline import STEPS, render
from pixmill.media import Format
from pixmill.plan.limits import Limits
from tests.pixels.images import encode_image, photo

PARAMS = [param for param in (*adjust.PARAMS, *effects.PARAMS) if param.name not in {"monochrome", "unsharp"}]
ORDER = [
    "grayscale", "clahe", "tone", "adjust_colours", "blur", "progressive_blur", "median", "morphology", "sharpen", "sharpen_lab", "convolve", "pixelate", "redact_regions",
    "redact_faces", "gradient", "vignette", "noise",
]  # fmt: skip


def test_the_steps_are_in_the_order_that_the_reference_page_shows() -> None:
    names = [step.apply.__name__ for step in STEPS]
    assert [name for name in names if name in ORDER] == ORDER
    assert names.index("resize") < names.index(ORDER[0])
    assert names.index(ORDER[-1]) < names.index("pad")


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA"])
@settings(max_examples=25, deadline=None)
@given(st.data())
def test_any_of_them_together_make_a_picture(mode: str, data: st.DataObject) -> None:
    width, height = data.draw(st.sampled_from([(1, 1), (2, 50), (61, 1), (90, 60)]))
    requested = {
        param.name: param.parse(data.draw(st.sampled_from(param.examples)))
        for param in data.draw(st.lists(st.sampled_from(PARAMS), unique_by=lambda param: param.name))
    }
    image = photo(width, height).convert(mode)
    if mode.endswith("A"):
        image.putalpha(data.draw(st.integers(0, 255)))
    result = render(
        encode_image(image, "PNG"), plan_of(cast("ParamValues", requested | {"format": (Format.PNG,)})), Limits()
    )
    assert Image.open(BytesIO(result.body)).size == (width, height)
