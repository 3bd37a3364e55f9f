"""The image optimizers of Next.js and its kin: configurations, patterns, plans, and any bytes."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixmill.dialects.factory import parse_mounts
from pixmill.dialects.nextjs.config import FLAVOURS, ImagesConfig, SourceUrl, load_config
from pixmill.dialects.nextjs.dialect import NextDialect
from pixmill.dialects.port import Dialect, Redirect, Text
from pixmill.dialects.signing import Keyring
from pixmill.errors import (
    AddressForbidden,
    BadRequest,
    Draining,
    InvalidParameter,
    PixmillError,
    RouteNotFound,
    SignatureMissing,
    SourceBadResponse,
    SourceDenied,
    SourceNotFound,
    SourceTimeout,
    SourceUnreachable,
    UndecodableImage,
)
from pixmill.media import Format
from pixmill.plan.ops import ResampleSpace
from pixmill.plan.output import RenderMode
from pixmill.plan.request import ImageRequest
from pixmill.plan.source import SourceKind

PATH = b"/_next/image"
QUERY = b"url=%2Fa.jpg&w=640&q=75"


def config(flavour: str = "nextjs", **options: Any) -> ImagesConfig:
    return load_config(FLAVOURS[flavour], msgspec.Raw(json.dumps(options).encode()))


def image(dialect: NextDialect, query: bytes = QUERY, path: bytes = PATH) -> ImageRequest:
    outcome = dialect.parse(path, query)
    assert isinstance(outcome, ImageRequest)
    return outcome


NEXT = NextDialect(config())


def test_it_is_a_dialect() -> None:
    dialect: Dialect = NEXT
    assert dialect.prefix == "/_next/image"


def test_values_are_mixed_as_by_the_service_unless_the_entry_asks_for_light() -> None:
    assert image(NEXT).plan.resample_space is ResampleSpace.SRGB
    assert image(NextDialect(config(resampling="linear"))).plan.resample_space is ResampleSpace.LINEAR


def test_jpegs_are_those_of_mozjpeg_unless_they_should_be_fast_or_mix_light() -> None:
    assert image(NEXT).plan.output.encoding.trellis
    for other in (NextDialect(config(), mode=RenderMode.FAST), NextDialect(config(resampling="linear"))):
        assert not image(other).plan.output.encoding.trellis


def test_a_path_is_below_the_site() -> None:
    assert image(NEXT, b"url=%2Fa%2520b%2Fc.jpg&w=640&q=75").source.text == "a b/c.jpg"
    assert image(NEXT, b"url=/../../a.jpg&w=640&q=75").source.text == "a.jpg"
    assert image(NEXT, b"url=/%5Cevil.com/a.jpg&w=640&q=75").source.kind is SourceKind.PATH


def test_a_query_of_a_path_counts_where_the_site_is_asked_over_http() -> None:
    options: dict[str, Any] = {"localPatterns": [{"pathname": "/og"}]}
    query = b"url=%2Fog%3Ftitle%3Dx&w=640&q=75"
    assert image(NextDialect(config(**options), site="https://a.example/x/"), query).source.text == (
        "https://a.example/x/og?title=x"
    )
    assert image(NextDialect(config(**options)), query).source.text == "og"
    with pytest.raises(InvalidParameter, match="is not allowed"):
        NEXT.parse(PATH, query)


@pytest.mark.parametrize(
    ("pattern", "allowed", "refused"),
    [
        ({"hostname": "a.example"}, "https://a.example:8443/x?y=1", "https://b.a.example/x"),
        ({"hostname": "*.example", "protocol": "https:"}, "https://a.example/x", "http://a.example/x"),
        ({"hostname": "a.example", "port": ""}, "https://a.example/x", "https://a.example:8443/x"),
        ({"hostname": "a.example", "port": "81"}, "http://a.example:81/x", "http://a.example/x"),
        ({"hostname": "a.example", "pathname": "/p/**"}, "http://a.example/p/x/y", "http://a.example/q/x"),
        ({"hostname": "a.example", "search": "?v=1"}, "http://a.example/x?v=1", "http://a.example/x?v=2"),
        ({"hostname": "a.example", "search": ""}, "http://a.example/x", "http://a.example/x?"),
        ("https://a.example/p/**", "https://a.example/p/x", "https://a.example/p/x?v=1"),
        ({"hostname": "\\[::1\\]"}, "http://[::1]:81/x", "http://[::2]/x"),
        ({"hostname": "a.example", "pathname": "/p/**"}, "http://A.example/p/x", "http://a.example/p/%2e%2e/x"),
    ],
)
def test_remote_patterns(pattern: Any, allowed: str, refused: str) -> None:
    dialect = NextDialect(config(remotePatterns=[pattern]))
    assert image(dialect, msgspec_query(allowed)).source.kind is SourceKind.HTTP
    if refused.endswith("?"):  # an empty query is none
        return
    with pytest.raises(InvalidParameter, match="is not allowed"):
        dialect.parse(PATH, msgspec_query(refused))


def msgspec_query(url: str) -> bytes:
    return b"url=" + url.replace("%", "%25").replace("?", "%3F").replace("&", "%26").encode() + b"&w=640&q=75"


def test_domains_are_hosts_of_any_path() -> None:
    dialect = NextDialect(config(domains=["A.example"]))
    assert image(dialect, msgspec_query("http://a.example:81/x")).source.text == "http://a.example:81/x"
    with pytest.raises(InvalidParameter):
        dialect.parse(PATH, msgspec_query("http://b.a.example/x"))


def test_parts_of_urls() -> None:
    assert SourceUrl.of("https://a.b:81/c?d/e:f") == SourceUrl("https", "a.b", "81", "/c", "?d/e:f")
    assert SourceUrl.of("http://[::1]/") == SourceUrl("http", "[::1]", "", "/", "")


def test_sizes_and_qualities_are_lists() -> None:
    assert config(sizes=[100]).sizes == {100}
    assert config(imageSizes=[16]).sizes == {16, 640, 750, 828, 1080, 1200, 1920, 2048, 3840}
    assert config(deviceSizes=[1], imageSizes=[]).sizes == {1}
    assert image(NextDialect(config(qualities=None)), b"url=%2Fa.jpg&w=640&q=33").plan.output.quality == 33
    assert image(NextDialect(config(dev=True)), b"url=%2Fa.jpg&w=8&q=70").max_age_s == 0


def test_both_formats_in_the_order_of_the_configuration() -> None:
    plan = image(NextDialect(config(formats=["image/webp", "image/avif"]))).plan
    assert plan.output.formats == (Format.WEBP, Format.AVIF)
    assert plan.output.fallback_format is Format.JPEG


def test_equal_requests_share_a_plan() -> None:
    assert image(NEXT).plan is image(NEXT, b"q=75&w=0640&url=%2Fb.jpg&dpl=1").plan
    vercel = NextDialect(config("vercel"))
    assert image(vercel, path=b"/_vercel/image").plan == image(NEXT).plan


def test_imported_files_are_kept_for_long() -> None:
    request = image(NEXT, b"url=%2F_next%2Fstatic%2Fmedia%2Fa.1b2c.jpg&w=640&q=75")
    assert (request.max_age_s, request.min_age_s, request.filename) == (315_360_000, 0, "a")
    assert image(NEXT).min_age_s == 14_400


def test_the_path_comes_from_the_configuration() -> None:
    dialect = NextDialect(config(path="https://cdn.example/assets/_next/image/"))
    assert dialect.prefix == "/assets/_next/image"
    assert image(dialect, path=b"/assets/_next/image").source.text == "a.jpg"
    below = NextDialect(config(path="/docs/_next/image"), mount="/docs")
    assert image(below).source.text == "a.jpg"


MANIFEST = {
    "version": 1,
    "images": {
        "deviceSizes": [640],
        "imageSizes": [32],
        "sizes": [640, 32],
        "path": "/_next/image",
        "loader": "default",
        "someFutureOption": {"x": 1},
        "minimumCacheTTL": 99,
        "formats": ["image/webp"],
        "localPatterns": [{"pathname": "^(?:\\/(?!\\.{1,2}(?:\\/|$))(?:(?:(?!(?:^|\\/)\\.{1,2}(?:\\/|$)).)*?))$"}],
        "remotePatterns": [
            {
                "hostname": "^(?:(?!\\.)(?:(?:(?!(?:^|\\/)\\.).)*?)\\.example\\.com\\/?)$",
                "pathname": "^(?:\\/account(?:\\/(?!\\.{1,2}(?:\\/|$))(?:(?:(?!(?:^|\\/)\\.{1,2}(?:\\/|$)).)*?)|$))$",
            }
        ],
    },
}


@pytest.mark.parametrize(
    "document",
    [
        MANIFEST,
        {"version": 1, "config": {"images": MANIFEST["images"], "basePath": ""}, "files": []},
        {"version": 3, "routes": [], "images": MANIFEST["images"]},
        {"imageSettings": {**MANIFEST["images"], "minumumCacheTTL": 99}},  # type: ignore[dict-item] # a literal
        MANIFEST["images"],
    ],
)
def test_a_manifest_is_read(tmp_path: Path, document: dict[str, Any]) -> None:
    (tmp_path / "images.json").write_text(json.dumps(document))
    read = config(config=str(tmp_path / "images.json"), imageSizes=[16])
    assert (read.sizes, read.minimum_cache_ttl_s) == (frozenset({640, 32, 16}), 99)
    dialect = NextDialect(read)
    assert image(dialect, msgspec_query("https://a.b.example.com/account/x")).source.text.endswith("/account/x")
    with pytest.raises(InvalidParameter, match="not allowed"):
        dialect.parse(PATH, msgspec_query("https://a.b.example.com/accounts/x"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"remotePatterns": [{"pathname": "/x"}]}, "needs a hostname"),
        ({"remotePatterns": [{"hostname": "!a"}]}, "negated"),
        ({"remotePatterns": ["a.example"]}, "not a URL"),
        ({"formats": ["image/jpeg"]}, "formats"),
        ({"deviceSizes": [0]}, "must be at least 1"),
        ({"qualities": [101]}, "must be at most 100"),
        ({"path": "_next"}, "path"),
        ({"contentSecurityPolicy": "a\nb"}, "printable"),
        ({"config": "/nowhere/images-manifest.json"}, "cannot be read"),
        ({"unknown": 1}, "unknown"),
        ({"loader": "cloudinary"}, "loader"),
        ({"remotePatterns": [{"hostname": "a"}] * 300}, "at most"),
    ],
)
def test_a_configuration_that_is_not_valid_stops_the_start(options: dict[str, Any], message: str) -> None:
    entry = {"dialect": "nextjs", "options": options}
    with pytest.raises(ValueError, match=message):
        parse_mounts(json.dumps([entry]))


def test_every_host_is_no_allow_list() -> None:
    for pattern, is_limited in (("**", False), ("*", False), ("*.*", False), ("**.example.com", True)):
        assert NextDialect(config(remotePatterns=[{"hostname": pattern}])).limits_sources is is_limited


@pytest.mark.parametrize(
    ("error", "query", "answer"),
    [
        (SourceNotFound(), QUERY, Text('"url" parameter is valid but internal response is invalid', 404)),
        (SourceNotFound(), b"url=http:", Text('"url" parameter is valid but upstream response is invalid', 404)),
        (SourceTimeout(), b"%", Text('"url" parameter is valid but upstream response timed out', 504)),
        (SourceUnreachable(), b"", Text('"url" parameter is valid but upstream response is invalid', 500)),
        (AddressForbidden(), b"", Text('"url" parameter is not allowed', 400)),
        (UndecodableImage(), b"", Text("The requested resource isn't a valid image.", 400)),
        (Draining(), b"", Text("Server is shutting down", 404)),
        (RouteNotFound(), b"", None),
    ],
)
def test_errors_have_the_texts_of_next(error: PixmillError, query: bytes, answer: Text | None) -> None:
    assert NEXT.error_answer(error, 404, PATH, query) == answer


@pytest.mark.parametrize(
    ("error", "upstream", "status", "code"),
    [
        (InvalidParameter("x"), 0, 400, "INVALID_IMAGE_OPTIMIZE_REQUEST"),
        (UndecodableImage(), 0, 400, "INVALID_IMAGE_OPTIMIZE_REQUEST"),
        (SourceUnreachable(), 0, 502, "OPTIMIZED_EXTERNAL_IMAGE_REQUEST_FAILED"),
        (SourceBadResponse(), 500, 502, "OPTIMIZED_EXTERNAL_IMAGE_REQUEST_INVALID"),
        (SourceDenied(), 401, 502, "OPTIMIZED_EXTERNAL_IMAGE_REQUEST_UNAUTHORIZED"),
    ],
)
def test_vercel_answers_with_codes(error: PixmillError, upstream: int, status: int, code: str) -> None:
    error.upstream_status = upstream
    answer = NextDialect(config("vercel")).error_answer(error, 404, b"/_vercel/image", b"")
    assert answer == Text(code, status, headers=(("x-vercel-error", code),))


def test_requests_can_be_signed() -> None:
    dialect = NextDialect(config(), mount="/x", keyring=Keyring((b"0123456789abcdef",)))
    signed = dialect.sign(PATH, QUERY).partition("?")[2].encode()
    assert dialect.verify(PATH, signed, 0) is None
    with pytest.raises(SignatureMissing):
        dialect.verify(PATH, QUERY, 0)
    assert NEXT.verify(PATH, QUERY, 0) is None


values = st.one_of(
    st.binary(max_size=30),
    st.sampled_from([b"640", b"75", b"0", b"9" * 400, b"%2Fa.jpg", b"http://a.b/%", b"/%252e", b"%C3", b"//", b"+"]),
)
names = st.sampled_from([b"url", b"w", b"q", b"dpl", b""])
queries = st.one_of(
    st.binary(max_size=200),
    st.lists(st.tuples(names, values), max_size=6).map(lambda pairs: b"&".join(b"%s=%s" % pair for pair in pairs)),
)


@given(st.sampled_from([PATH, PATH + b"/", b"/", b"/_next"]), queries, st.booleans())
def test_any_bytes_give_an_outcome_or_a_bad_request(path: bytes, query: bytes, upload: bool) -> None:
    dialect = NextDialect(config(remotePatterns=[{"hostname": "**"}]))
    try:
        outcome = dialect.parse(path, query, upload=upload)
        assert isinstance(outcome, ImageRequest | Redirect)
    except BadRequest:
        pass
    assert isinstance(dialect.error_answer(SourceNotFound(), 404, path, query), Text)
