"""Values of parameters: one, or a list of them."""

import pytest

from pixmill.batch.variants import compile_variants
from pixmill.errors import InvalidParameter
from pixmill.media import Format


def test_values_with_commas_of_their_own_are_one_value() -> None:
    (variant,) = compile_variants({"gravity": ("ne:10,20",), "fit": ("cover",), "width": ("100",), "format": ("png",)})
    assert variant.params["gravity"] == "ne:10,20"


def test_lists_and_repeated_options_are_the_same() -> None:
    listed = compile_variants({"width": ("320,640",), "format": ("webp",)})
    assert listed == compile_variants({"width": ("320", "640", "320"), "format": ("webp",)})
    assert [variant.plan.resize.width for variant in listed] == [320, 640]


def test_a_list_with_a_wrong_value_names_the_parameter() -> None:
    with pytest.raises(InvalidParameter) as caught:
        compile_variants({"width": ("320,wide",), "format": ("webp",)})
    assert caught.value.param == "width"


def test_the_format_is_known_unless_it_depends_on_the_image() -> None:
    formats = [variant.format for variant in compile_variants({"format": ("jpg", "auto", "original", "avif")})]
    assert formats == [Format.JPEG, None, None, Format.AVIF]


def test_too_many_results_are_refused() -> None:
    with pytest.raises(InvalidParameter, match="more than 256"):
        compile_variants({"width": (",".join(map(str, range(1, 300))),), "format": ("png",)})
