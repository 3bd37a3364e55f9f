"""``quality=auto`` and ``max_bytes``: values, and which spellings are equal."""

import pytest

from pixmill.dialects.native.dialect import parse
from pixmill.errors import InvalidParameter
from pixmill.media import Format
from pixmill.plan.key import canonical_json
from pixmill.plan.ops import Output, Plan


def plan(query: str) -> Plan:
    return parse(b"/resize", b"url=a.jpg&" + query.encode()).plan


def test_auto_aims_at_the_default_quality_or_at_the_one_said() -> None:
    assert plan("q=auto").output == Output(negotiated=True, target_quality=80)
    assert plan("quality=auto:60&format=webp").output == Output(formats=(Format.WEBP,), target_quality=60)


@pytest.mark.parametrize("quality", ["auto:24", "auto:91", "auto:", "auto:080", "auto:7", "Auto", "auto80", "0", "101"])
def test_other_words_are_refused(quality: str) -> None:
    with pytest.raises(InvalidParameter, match="auto:N with N from 25 to 90"):
        plan(f"quality={quality}")


@pytest.mark.parametrize("bound", ["0", "99", "67108865", "30k", "-1", "1e6"])
def test_bytes_out_of_bounds_are_refused(bound: str) -> None:
    with pytest.raises(InvalidParameter):
        plan(f"max_bytes={bound}")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("quality=auto", "q=auto:80"),
        ("quality=auto&format=png", "format=png"),
        ("quality=auto:50&format=webp&lossless=true", "format=webp&lossless=true"),
        ("quality=auto:70&format=gif", "format=gif"),
        ("max_bytes=5000&format=blurhash", "format=blurhash"),
    ],
)
def test_spellings_of_one_picture_are_one_plan(one: str, other: str) -> None:
    assert canonical_json(plan(one)) == canonical_json(plan(other))


def test_a_plan_without_them_is_as_it_was() -> None:
    assert canonical_json(plan("format=jpeg&quality=80")) == b'{"output":{"formats":["jpeg"]}}'
    assert plan("max_bytes=5000").output.max_bytes == 5000
    assert plan("max_bytes=5000").output.max_bytes_strict
    assert not plan("max_bytes=5000&max_bytes_strict=false").output.max_bytes_strict
    assert plan("max_bytes_strict=false") == plan("")
    assert plan("max_bytes=5000&format=png").output.max_bytes == 5000
