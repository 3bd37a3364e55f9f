"""Accept headers, real and made up."""

import pytest
from msgspec.structs import replace

from pixmill.api.http.negotiation import MAX_ACCEPT_CHARS, accepted_formats, negotiate
from pixmill.dialects.native.dialect import parse
from pixmill.media import Format

AVIF, WEBP = Format.AVIF, Format.WEBP

CHROME = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
FIREFOX = "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5"
FIREFOX_65 = "image/webp,*/*"
SAFARI = "image/webp,image/avif,image/jxl,image/heic,image/heic-sequence,video/*;q=0.8,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5"
SAFARI_13 = "image/png,image/svg+xml,image/*;q=0.8,video/*;q=0.8,*/*;q=0.5"
NAVIGATION = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "formats"),
    [
        (CHROME, {AVIF, WEBP}),
        (FIREFOX, {AVIF, WEBP}),
        (FIREFOX_65, {WEBP}),
        (SAFARI, {AVIF, WEBP, Format.JXL, Format.HEIC}),
        (SAFARI_13, set()),
        (NAVIGATION, {AVIF, WEBP}),
        ("*/*", set()),
        ("image/*", set()),
        ("", set()),
        ("image/jpeg, image/png", set()),
    ],
)
def test_a_client_gets_what_it_names_and_a_wildcard_names_nothing(accept: str, formats: set[Format]) -> None:
    assert accepted_formats(accept) == formats


@pytest.mark.parametrize(
    "accept",
    [
        "image/webp",
        "IMAGE/WebP",
        " image/webp\t; q=0.001 ,*/*",
        "image/webp;q=1.000",
        "image/webp;Q=0.9",
        'image/webp;codecs="a,b;q=0"',
        'image/webp;codecs="a\\",image/avif,";q=0.5',
        'text/x;a="image/avif", image/webp',
        ",,, image/webp,,",
        "image/webp;level=1;q=0.5;ext=2",
        "nonsense, image/webp, /, ;;;",
    ],
)
def test_webp_is_named(accept: str) -> None:
    assert accepted_formats(accept) == {WEBP}


@pytest.mark.parametrize(
    "accept",
    [
        "image/webp;q=0",
        "image/webp;q=0.000",
        "image/webp; q = 0",
        "image/webp;q=0, image/webp",
        "image/webp;q=",
        "image/webp;q=-1",
        "image/webp;q=2",
        "image/webp;q=0.0001",
        "image/webp;q=1.001",
        "image/webp;q=nan",
        "image/webp;q=1e0",
        "image/webp;q=\u0661",
        "image/webpx",
        "image/web p",
        "x-image/webp",
        'text/x;a="image/webp,image/avif',
        'text/x;a="\\",image/webp',
        "image/webp" * 2,
        "image/webp, " + "x" * MAX_ACCEPT_CHARS,
        "\x00image/webp",
    ],
)
def test_webp_is_not_named(accept: str) -> None:
    assert accepted_formats(accept) == set()


@pytest.mark.parametrize(
    ("accept", "formats"),
    [
        ("image/avif;q=0.5,image/webp", {WEBP}),
        ("image/avif;q=0.9,image/webp;q=0.5,image/jxl;q=0.9", {AVIF, Format.JXL}),
        ("image/avif;q=0.5,image/webp;q=0.5", {AVIF, WEBP}),
        ("image/webp;q=0.5,*/*", {WEBP}),
        ("image/webp;q=0.5,image/jpeg", set()),
        ("image/webp;q=0.9,image/jpeg;q=0.5,image/png;q=0.8", {WEBP}),
        ("image/webp;q=0.5,image/gif;q=0.5", {WEBP}),
        ("image/webp;q=0.5,text/html", {WEBP}),
        ("image/avif,image/avif;q=0.5,image/webp;q=0.7", {WEBP}),
    ],
)
def test_formats_that_a_client_likes_less_are_not_offered(accept: str, formats: set[Format]) -> None:
    assert accepted_formats(accept) == formats


@pytest.mark.parametrize("lines", [[CHROME], ["image/webp", "image/avif"], ["image/avif;q=0.1,image/webp;q=0.1"]])
def test_among_those_named_our_order_decides(lines: list[str]) -> None:
    request = parse(b"/resize", b"url=a.jpg")
    assert negotiate(request, lines).plan.output.formats == (AVIF, WEBP)
    assert negotiate(request, lines, (WEBP, AVIF)).plan.output.formats == (WEBP, AVIF)
    assert negotiate(request, lines, (WEBP,)).plan.output.formats == (WEBP,)
    assert negotiate(request, lines, ()).plan.output.formats == ()


def test_negotiation_touches_nothing_but_the_formats() -> None:
    request = parse(b"/resize", b"url=a.jpg&w=300&q=7&filename=x")
    chosen = negotiate(request, [FIREFOX_65])
    assert chosen.plan.output.negotiated
    output = replace(chosen.plan.output, formats=())
    assert replace(chosen, plan=replace(chosen.plan, output=output), vary=()) == request
    assert chosen.vary == ("Accept",)


def test_a_format_asked_for_by_name_is_not_negotiated() -> None:
    request = parse(b"/resize", b"url=a.jpg&format=png")
    assert negotiate(request, [CHROME]) is request


def test_clients_that_take_the_same_share_a_plan() -> None:
    request = parse(b"/resize", b"url=a.jpg")
    assert negotiate(request, [CHROME]) == negotiate(request, [FIREFOX])
    assert negotiate(request, [CHROME], (AVIF, WEBP)) == negotiate(request, [SAFARI], (AVIF, WEBP))
    assert negotiate(request, [CHROME]) == negotiate(request, ["image/webp;q=0.5,image/avif;q=0.5"])
    assert negotiate(request, []) == negotiate(request, ["*/*"])
    assert negotiate(request, []).plan == request.plan


@pytest.mark.parametrize(
    ("order", "accept", "explicit"),
    [
        ("avif,webp,original", CHROME, "avif"),
        ("webp,avif,original", CHROME, "webp"),
        ("avif,webp,original", FIREFOX_65, "webp"),
        ("avif,webp,original", "*/*", "original"),
        ("avif,webp,original", "", "original"),
        ("avif,webp,jpeg", "*/*", "jpeg"),
        ("jxl,avif,png", SAFARI, "jxl"),
        ("jxl,avif,png", CHROME, "avif"),
        ("avif,webp,original", "image/avif;q=0, image/webp", "webp"),
        ("avif,webp,original", "image/avif;q=0.5, image/webp", "webp"),
        ("avif,webp,original", "image/avif;q=0.5, image/jpeg", "original"),
    ],
)
@pytest.mark.parametrize(
    "others",
    [
        b"w=300&q=70",
        b"background=ff0000&w=300&h=300&fit=contain&radius=9",
        b"progressive=true&subsampling=444&effort=3&lossless=true",
        b"animated=false&metadata=copyright&profile=p3&colors=16&dither=0.5",
        b"mode=fast&near_lossless=60&quality=auto&max_bytes=9000&depth=10",
        b"tiff_compression=none&webp_preset=photo&trellis=true&quant_table=3",
    ],
)
def test_an_order_means_what_the_format_means_that_is_chosen(
    order: str, accept: str, explicit: str, others: bytes
) -> None:
    ordered = parse(b"/resize", b"url=a.jpg&" + others + b"&format=auto:" + order.encode())
    chosen = negotiate(ordered, [accept])
    assert chosen.plan == parse(b"/resize", b"url=a.jpg&" + others + b"&format=" + explicit.encode()).plan
    assert chosen.vary == ("Accept",)


def test_an_order_without_a_last_resort_ends_in_a_format_that_fits_the_image() -> None:
    ordered = parse(b"/resize", b"url=a.jpg&format=auto:webp")
    assert negotiate(ordered, ["*/*"]).plan == parse(b"/resize", b"url=a.jpg").plan


def test_the_other_formats_of_an_order_are_kept_for_results_that_the_first_cannot_hold() -> None:
    chosen = negotiate(parse(b"/resize", b"url=a.jpg&format=auto:avif,webp,original"), [CHROME])
    assert [plan.output.formats for plan in chosen.alternatives] == [(WEBP,), ()]


def test_unclosed_quotes_cost_no_more_than_their_length() -> None:
    """Each of these begins a quoted string that never ends; the first swallows them all."""
    assert accepted_formats('"\\' * 1_000 + "image/webp") == set()
    assert accepted_formats('a="' * 600 + ", image/webp") == {WEBP}
