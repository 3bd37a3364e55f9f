"""Image information: parameters of ``/info``, and of ``/resize`` with ``format=json``."""

import pytest

from pixmill.dialects.native.dialect import parse
from pixmill.errors import InvalidParameter, UnknownParameter
from pixmill.media import DESCRIPTION_FORMATS, Format
from pixmill.plan.colour import Colour
from pixmill.plan.facts import HEADER_FACTS_ONLY, Fact, FactSelection
from pixmill.plan.key import result_key
from pixmill.plan.ops import Crop, Output, Plan, Resize

SMALL = Resize(100, 100)


def plan(query: str, path: bytes = b"/resize") -> Plan:
    return parse(path, f"url=a.jpg&{query}".encode()).plan


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", HEADER_FACTS_ONLY),
        ("include=palette", FactSelection((Fact.PALETTE,))),
        ("include=xmp,exif,exif", FactSelection((Fact.EXIF, Fact.XMP))),
        ("include=palette&palette_colors=3", FactSelection((Fact.PALETTE,), 3)),
        ("include=palette&palette_colours=3", FactSelection((Fact.PALETTE,), 3)),
        ("include=palette&palette_colors=6", FactSelection((Fact.PALETTE,))),
        ("include=average&palette_colors=3", FactSelection((Fact.AVERAGE,))),
        ("palette_colors=3", HEADER_FACTS_ONLY),
        (
            "include=exif,iptc,xmp,gps,palette,average,blurhash,thumbhash,phash,lqip,hash",
            FactSelection(tuple(Fact)),
        ),
    ],
)
def test_info_is_asked_in_one_spelling(query: str, expected: FactSelection) -> None:
    assert plan(query, b"/info") == Plan(fact_selection=expected)


@pytest.mark.parametrize(
    "text", ["", "all", "EXIF", "exif,", ",exif", "exif,,gps", "exif, gps", ",".join(["gps"] * 12)]
)
def test_include_takes_nothing_but_names_of_facts(text: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        plan(f"include={text}", b"/info")
    assert caught.value.param == "include"


@pytest.mark.parametrize("text", ["0", "17", "-1", "2.5", ""])
def test_a_palette_has_1_to_16_colours(text: str) -> None:
    with pytest.raises(InvalidParameter):
        plan(f"include=palette&palette_colors={text}", b"/info")


@pytest.mark.parametrize("form", DESCRIPTION_FORMATS)
def test_a_description_is_a_format(form: Format) -> None:
    assert plan(f"width=300&format={form}") == Plan(resize=Resize(width=300), output=Output(formats=(form,)))


def test_include_counts_for_json_and_for_no_other_result() -> None:
    assert plan("format=json&include=gps,exif").fact_selection == FactSelection((Fact.EXIF, Fact.GPS))
    for other in ("", "&format=png", "&format=blurhash"):
        assert plan(f"include=gps{other}").fact_selection == HEADER_FACTS_ONLY


@pytest.mark.parametrize("form", ["blurhash", "thumbhash", "lqip"])
def test_a_placeholder_without_a_size_is_made_of_a_small_picture(form: str) -> None:
    assert plan(f"format={form}").resize == SMALL
    assert plan(f"format={form}&rotate=90&crop=0,0,10,20").resize == SMALL
    assert plan(f"format={form}&blur=5").resize == Resize()  # counts pixels of the result
    assert plan("format=json").resize == Resize()


def test_what_a_description_does_not_show_is_no_part_of_its_key() -> None:
    keys = {
        result_key("a.jpg", plan(query))
        for query in (
            "format=lqip",
            "f=lqip&quality=5",
            "format=lqip&metadata=keep",
            "format=lqip&background=red&include=gps",
        )
    }
    assert len(keys) == 1
    assert plan("format=blurhash&background=f00").background == Colour(255, 0, 0)


def test_info_takes_no_format() -> None:
    with pytest.raises(UnknownParameter):
        plan("format=json", b"/info")


def test_a_crop_is_kept_for_a_placeholder() -> None:
    assert plan("format=blurhash&crop=1,2,3,4").crop == Crop(1, 2, 3, 4)
