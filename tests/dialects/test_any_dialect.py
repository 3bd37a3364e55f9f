"""What all dialects of the registry promise: any bytes give an outcome or a refusal, and work grows with the length.

What a URL means as a native one is tested for each example of the catalogue and for generated URLs like it.
"""

import re
from importlib import import_module
from random import Random
from typing import Final, NamedTuple

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pixmill.dialects.catalogue import services_of
from pixmill.dialects.factory import DIALECTS, NATIVE, ServerDefaults, ad_hoc_registry, build_registry, parse_mounts
from pixmill.dialects.native.dialect import parse as parse_native
from pixmill.dialects.native.spelling import native_url
from pixmill.dialects.port import Dialect, FactsRequest, ImageRedirect, ImmutableImage, Outcome, SignsUrls
from pixmill.engine import protocol
from pixmill.errors import BadRequest, Forbidden, InvalidParameter
from pixmill.plan.normal_form import normal_form
from pixmill.plan.ops import Plan
from pixmill.plan.request import ImageRequest
from tests.dialects.calls import calls_of

EXAMPLES: Final = {service.name: service.example.encode() for service in services_of(DIALECTS)} | {
    NATIVE: b"/resize?url=a.jpg&width=300"
}
NAMES: Final = sorted(EXAMPLES)
PIECES: Final = (
    *b"/?&=:,.%-_()|~@;+!",
    *(b"%2F", b"%25", b"300", b"0", b"-1", b"1e9", b"\xff", b"a.jpg", b"w_300", b"=="),
)
UNITS: Final = (b"/", b"a", b"%25", b"&w=1", b",", b":", b"(", b"/w_1", b"-", b"0", b".", b"filters:a(b):", b"=")


def dialect_of(name: str) -> Dialect:
    return ad_hoc_registry(name).mounted[0].dialect


def outcome_of(dialect: Dialect, target: bytes) -> Outcome | None:
    """The outcome of a target, None if it is refused; nothing else is raised."""
    path, _, query = target.partition(b"?")
    try:
        if dialect.match(path) is None:
            return None
        dialect.verify(path, query, 0.0)
        return dialect.parse(path, query)
    except (BadRequest, Forbidden):
        return None


def changed(random: Random, target: bytes) -> bytes:
    """Replace, insert, repeat or leave out a few bytes."""
    for _ in range(random.randint(1, 4)):
        at, until = sorted((random.randint(0, len(target)), random.randint(0, len(target))))
        piece = random.choice(PIECES)
        new = bytes([piece]) if isinstance(piece, int) else piece
        until = random.choice((at, min(until, at + 6)))
        target = target[:at] + random.choice((new, b"", target[at:until] * 2)) + target[until:]
    return target


@pytest.mark.parametrize("name", NAMES)
@given(target=st.binary(max_size=300), random=st.randoms(use_true_random=False))
@example(target=b"/" + b"\xff" * 300, random=Random(0))
@settings(max_examples=60)
def test_any_bytes_give_an_outcome_or_a_refusal(name: str, target: bytes, random: Random) -> None:
    dialect = dialect_of(name)
    outcome_of(dialect, target)
    path, question, query = EXAMPLES[name].partition(b"?")
    for one in (path + target, path + b"?" + target, path + question + query + b"&" + target):
        outcome_of(dialect, one)
    for _ in range(5):
        outcome_of(dialect, changed(random, EXAMPLES[name]))


@pytest.mark.parametrize("name", NAMES)
@given(random=st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_a_native_url_that_means_the_same_gives_the_same_plan(name: str, random: Random) -> None:
    outcome = outcome_of(dialect_of(name), changed(random, EXAMPLES[name]))
    if isinstance(outcome, ImmutableImage | ImageRedirect):
        outcome = outcome.request
    if outcome is None or not isinstance(outcome, ImageRequest) or isinstance(outcome, FactsRequest):
        return
    assert normal_form(outcome.plan) == outcome.plan
    try:
        path, _, query = native_url(outcome).partition("?")
    except InvalidParameter:
        return  # native URLs cannot say it
    assert parse_native(path.encode(), query.encode()).plan == outcome.plan


class OptionSyntax(NamedTuple):
    """Where options stand in a URL (``%b``), how one is written, and what separates options and arguments."""

    url: bytes
    option: bytes
    separator: bytes
    between: bytes


OPTIONS_IN_PATHS: Final = {
    "cloudflare": OptionSyntax(b"/cdn-cgi/image/width=300,%b/a.jpg", b"%b=%b", b",", b";"),
    "imagedelivery": OptionSyntax(b"/A/B/width=300,%b", b"%b=%b", b",", b";"),
    "ipx": OptionSyntax(b"/_ipx/w_300,%b/a.jpg", b"%b_%b", b",", b"_"),
    "cloudinary": OptionSyntax(b"/C/image/upload/w_300,%b/a.jpg", b"%b_%b", b",", b":"),
    "imagekit": OptionSyntax(b"/tr:w-300,%b/a.jpg", b"%b-%b", b",", b"_"),
    "imgproxy": OptionSyntax(b"/unsafe/%b/plain/a.jpg", b"%b:%b", b"/", b":"),
    "thumbor": OptionSyntax(b"/unsafe/300x200/filters:%b/a.jpg", b"%b(%b)", b":", b","),
    "imagor": OptionSyntax(b"/unsafe/300x200/filters:%b/a.jpg", b"%b(%b)", b":", b","),
    "aws": OptionSyntax(b"/300x200/filters:%b/a.jpg", b"%b(%b)", b":", b","),
    "flyimg": OptionSyntax(b"/upload/w_300,%b/a.jpg", b"%b_%b", b",", b"x"),
    "prepr": OptionSyntax(b"/w_300,%b/a.jpg", b"%b_%b", b",", b"-"),
}
HARD_NUMBERS: Final = (
    *(
        b"1e-18",
        b"-1e-18",
        b"1e-9",
        b"5e-324",
        b"0.0000000000001",
        b"-0.0000000000001",
        b"359.99999999999999999",
        b"360",
    ),
    *(b"1e18", b"1e308", b"99999999999999999", b"-99999", b"-0", b"-0.0", b"nan", b"NaN", b"inf", b"-Infinity"),
    *(b"0", b"0.05", b"0.5", b"1", b"-1", b"45.5", b"100.5", b"1e5", b"+1", b"0x10", b"%D9%A3"),
)


def option_names(dialect: Dialect) -> list[bytes]:
    """The names of the options on a dialect's page; effects of Cloudinary have a value of their option as name."""
    package = type(dialect).__module__.rpartition(".")[0]
    try:
        options = import_module(f"{package}.options").OPTIONS
    except ModuleNotFoundError:
        return [b"width"]
    return [re.split("[_ =:/]", name)[0].encode() for option in options for name in option.names]


def hard_target(name: str, names: list[bytes], random: Random) -> bytes:
    """A URL with options whose values are at or beyond what numbers can hold."""
    path, _, query = EXAMPLES[name].partition(b"?")
    in_query = OptionSyntax(path + b"?" + query + b"&%b", b"%b=%b", b"&", random.choice((b",", b":", b"x", b"-")))
    syntax = OPTIONS_IN_PATHS.get(name, in_query)
    options = [
        syntax.option
        % (random.choice(names), syntax.between.join(random.choices(HARD_NUMBERS, k=random.choice((1, 1, 1, 2, 3, 4)))))
        for _ in range(random.choice((1, 1, 2)))
    ]
    if random.random() < 0.2:
        return re.sub(rb"[0-9]+", lambda _: random.choice(HARD_NUMBERS), EXAMPLES[name])
    return syntax.url.replace(b"%b", syntax.separator.join(options))


def plan_of(dialect: Dialect, target: bytes) -> Plan | None:
    outcome = outcome_of(dialect, target)
    if isinstance(outcome, ImmutableImage | ImageRedirect):
        outcome = outcome.request
    return outcome.plan if isinstance(outcome, ImageRequest) else None


def decoded(plan: Plan) -> Plan:
    """The plan as a worker gets it. Raises ValidationError."""
    job = protocol.Render(1, 2, plan)
    received = msgspec.msgpack.Decoder(protocol.Command).decode(msgspec.msgpack.encode(job))
    assert isinstance(received, protocol.Render)
    return received.plan


@pytest.mark.parametrize("name", NAMES)
@given(random=st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_a_worker_can_decode_every_plan(name: str, random: Random) -> None:
    dialect = dialect_of(name)
    names = option_names(dialect)
    for target in (*(hard_target(name, names, random) for _ in range(6)), changed(random, EXAMPLES[name])):
        if plan := plan_of(dialect, target):
            assert decoded(plan) == plan, target


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("imgix", b"/a.jpg?rot=1e-18"),
        ("imgix", b"/a.jpg?mark=/b.png&mark-rot=1e-18"),
        ("gumlet", b"/a.jpg?rot=359.99999999999999999"),
        ("weserv", b"/?url=example.com/a.jpg&ro=-1e-17"),
        ("ipx", b"/_ipx/rotate_-1e-17/a.jpg"),
        ("imagekit", b"/tr:rt-1e-9/a.jpg"),
        ("iiif", b"/iiif/3/a.jpg/full/max/359.99999999999999999/default.jpg"),
        ("imgproxy", b"/unsafe/progressive_blur:5:-1e-17/plain/a.jpg"),
        ("imgproxy", b"/unsafe/c:10:10/crop_ar:1e-9/plain/a.jpg"),
        ("imgproxy", b"/unsafe/zoom:1:99999999999999999/plain/a.jpg"),
        ("imagor", b"/unsafe/300x200/filters:proportion(0.0000001)/a.jpg"),
        ("imagor", b"/unsafe/300x200/filters:focal(-5,-5)/a.jpg"),
    ],
)
def test_a_number_that_a_plan_cannot_hold_is_rounded(name: str, target: bytes) -> None:
    plan = plan_of(dialect_of(name), target)
    assert plan is not None
    assert decoded(plan) == plan
    protocol.check_plan(plan)


SIGNING_KEY: Final = "0123456789abcdef0123456789abcdef"
EXPIRIES: Final = (None, 0, 5, 4_102_444_800, 10**12, -1)


def signing_dialects() -> dict[str, Dialect]:
    """The dialects that make signed URLs, each with a key."""
    found: dict[str, Dialect] = {}
    for name in NAMES:
        entry = f'[{{"dialect": "{name}", "host": "a.example", "mount": "/m", "keys": "{SIGNING_KEY}"}}]'
        try:
            dialect = build_registry(parse_mounts(entry), ServerDefaults()).mounted[0].dialect
        except ValueError:
            continue  # it has no signatures, or no such keys
        if isinstance(dialect, SignsUrls):
            found[name] = dialect
    return found


SIGNING: Final = signing_dialects()


@pytest.mark.parametrize("name", SIGNING)
@given(target=st.binary(max_size=60), expires=st.sampled_from(EXPIRIES), random=st.randoms(use_true_random=False))
@example(target="/é".encode(), expires=None, random=Random(0))
@example(target=b"/\xff?\xff", expires=5, random=Random(0))
@settings(max_examples=60)
def test_any_url_is_signed_or_refused(name: str, target: bytes, expires: int | None, random: Random) -> None:
    dialect = SIGNING[name]
    assert isinstance(dialect, SignsUrls)
    example_path = EXAMPLES[name]
    for one in (b"/" + target, example_path + target, changed(random, example_path), example_path):
        path, _, query = one.partition(b"?")
        if not path.startswith(b"/"):
            continue
        try:
            url = dialect.sign(path, query, expires)
        except BadRequest:
            continue
        assert url.isascii(), one
        assert url.startswith("/m/"), url
        signed_path, _, signed_query = url.removeprefix("/m").encode().partition(b"?")
        try:
            dialect.parse(signed_path, signed_query)
        except (BadRequest, Forbidden):
            continue  # not every URL that is signed names an image
        assert dialect.verify(signed_path, signed_query, -2.0) == expires, url


def answer_of(dialect: Dialect, target: bytes) -> object:
    """The outcome of a target, or its refusal in words."""
    path, _, query = target.partition(b"?")
    try:
        return dialect.parse(path, query)
    except (BadRequest, Forbidden) as error:
        return type(error), error.message, error.param


@pytest.mark.parametrize("name", NAMES)
@given(random=st.randoms(use_true_random=False))
@settings(max_examples=15)
def test_what_was_parsed_before_makes_no_difference(name: str, random: Random) -> None:
    used = dialect_of(name)
    example_target = EXAMPLES[name]
    images = (b"a.jpg", b"b.png", b"c%20d.gif", b"color:red", b"x/e.jpg", b"a.jpg%3Fv=1", b"..")
    for _ in range(6):
        target = random.choice((example_target, changed(random, example_target), hard_target(name, [b"width"], random)))
        target = target.replace(b"a.jpg", random.choice(images))
        assert answer_of(used, target) == answer_of(dialect_of(name), target), target


def growth(dialect: Dialect, template: bytes, unit: bytes) -> tuple[int, int]:
    """The calls for 400 units in a URL, and for 1600."""

    def calls(count: int) -> int:
        return calls_of(lambda: outcome_of(dialect, template.replace(b"%s", unit * count)))

    return calls(400), calls(1600)


@pytest.mark.parametrize("name", NAMES)
def test_work_grows_with_the_length(name: str) -> None:
    dialect = dialect_of(name)
    for unit in UNITS:
        for template in (EXAMPLES[name] + b"%s", EXAMPLES[name].partition(b"?")[0] + b"%s?x", b"/%s" + EXAMPLES[name]):
            short, long = growth(dialect, template, unit)
            assert long <= 5 * short + 2_000, (unit, template)
