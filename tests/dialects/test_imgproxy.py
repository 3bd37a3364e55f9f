"""The grammar of imgproxy and of Supabase: options, presets, sources, signatures, and any bytes."""

import json
from contextlib import suppress
from io import StringIO

import msgspec
import pytest
from dotenv import dotenv_values
from hypothesis import given, settings
from hypothesis import strategies as st

from pixmill.dialects.factory import ServerDefaults, build_registry, parse_mounts
from pixmill.dialects.imgproxy import info
from pixmill.dialects.imgproxy.config import ImgproxyOptions
from pixmill.dialects.imgproxy.dialect import ImgproxyDialect
from pixmill.dialects.imgproxy.environment import RULES, entry_json, import_environment, quoted
from pixmill.dialects.imgproxy.options import APPLY, OPTIONS
from pixmill.dialects.imgproxy.supabase import SupabaseDialect, SupabaseOptions
from pixmill.dialects.kit.options import Status
from pixmill.dialects.native.dialect import parse
from pixmill.dialects.native.spelling import native_url
from pixmill.dialects.port import FactsRequest, Text
from pixmill.dialects.signing import Keyring
from pixmill.errors import (
    BadRequest,
    Forbidden,
    InvalidParameter,
    RouteNotFound,
    SignatureExpired,
    SignatureInvalid,
    SourceForbidden,
)
from pixmill.media import Format
from pixmill.plan.key import canonical_json
from pixmill.plan.ops import Plan
from pixmill.plan.output import Metadata
from pixmill.plan.request import ImageRequest
from pixmill.plan.source import SourceKind

KEY = "943b421c9eb07c830af81030552c86009268de4e532ba2ee2eab8247c6da0881"
SALT = "520f986b998545b4785e0defbc4f3c1203f22de2374a3d53cb7a7fe9fea309c5"
AES_KEY = "1eb5b0e971ad7f45324c1bb15c947cb207c43152fa5c6c7f35c4f36e0c18e0f1"
SOURCE = "plain/https://example.com/a.jpg"
PLAIN = ImgproxyDialect(ImgproxyOptions())


def dialect(**options: object) -> ImgproxyDialect:
    return ImgproxyDialect(msgspec.convert(options, ImgproxyOptions))


def request(options: str, source: str = SOURCE, dialect: ImgproxyDialect = PLAIN) -> ImageRequest:
    outcome = dialect.parse(f"/_/{options}/{source}".replace("//plain", "/plain").encode(), b"")
    assert isinstance(outcome, ImageRequest)
    return outcome


def plan(options: str, dialect: ImgproxyDialect = PLAIN) -> Plan:
    return request(options, dialect=dialect).plan


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("rs:fill:300:400:1", "resize:fill:300:400:t"),
        ("rs:fill:300:400", "rt:fill/w:300/h:400"),
        ("s:300:400:true", "width:300/height:400/enlarge:TRUE"),
        ("w:300/w:200", "w:200"),
        ("pd:10", "padding:10:10:10:10"),
        ("pd:10:20", "pd:10:20:10:20"),
        ("pd:10::30", "pd:10:10:30:10"),
        ("w:300/ex:t:nowe::5", "w:300/extend:1:nowe:0:5"),
        ("rot:-90", "rot:270"),
        ("rot:180/fl:1:0", "fl:0:1"),
        ("fl:1:1", "rot:180"),
        ("bg:ff0000", "bg:255:0:0"),
        ("bg:f00", "background:ff0000"),
        ("bg:", ""),
        ("a:10:1.2:1.5", "br:10/co:1.2/sa:1.5"),
        ("bl:0", ""),
        ("pix:1", ""),
        ("dpr:1", ""),
        ("dpr:2/w:100", "w:200"),
        ("z:0.5/w:100", "w:50"),
        ("wm:1", ""),
        ("enlarge:maybe", "el:0"),
        ("q:0", ""),
        ("sm:1/kcr:1/scp:1/ar:1", ""),
        ("f:jpg", "format:jpeg"),
        ("fq:webp:50/f:png", "f:png"),
        ("exar:1", ""),
        ("hs:none/bc:1/dpi:300/eth:1/ph:1", ""),
        ("ct:a:b", ""),
    ],
)
def test_spellings_of_the_same_image_are_equal_plans(one: str, other: str) -> None:
    assert canonical_json(plan(one)) == canonical_json(plan(other))


@pytest.mark.parametrize(
    "options",
    [
        "rs:fill:300:200/g:noea:10:0.2/c:0.5:100:sm/t:10:FF00FF:1:0/pd:1:2:3:4/rot:90/fl:1/bg:f00/bga:0.5/dpr:2/q:50",
        "rs:force:0:90/z:2:0.5/ex:1:soea:5/-/mw:90/w:50/exar:1/-/car:1.5/g:obj:face",
        "br:10/co:1.2/sa:2/mc:0.5/bl:2/sh:1/pix:4/ba:5:0:0:0.5:1/pbl:5:30:0.2:0.8/bd:4:face/gr:0.5:f00:45/col:0.5:0f0/ush:always",
        "wm:0.5:soea:10:0.1:0.2/wmu:aHR0cHM6Ly9hLmV4YW1wbGUvYi5wbmc/wmr:30/wmsh:3/-/wm:1:re:9/wmt:PGI-SGk8L2I-",
        "f:webp/webpo:lossless/sm:0/scp:0/mb:900/ar:0/pg:2/vts:3/fn:a%20b:0/att:1/cb:1/ct:a:b/skp:gif:webp",
        "f:best", "f:jpg/jpgo:1:1:1:1:1:3", "f:png/pngo:1:1:16", "f:avif/avifo:off/aq:dssim:0.02:70:75", "raw:1",
    ],
)  # fmt: skip
def test_a_native_url_says_the_same(options: str) -> None:
    foreign = request(options)
    path, _, query = native_url(foreign).partition("?")
    native = parse(path.encode(), query.encode())
    assert (native.plan, native.source, native.tags) == (foreign.plan, foreign.source, foreign.tags)


def test_the_defaults_of_imgproxy_are_those_of_the_dialect() -> None:
    default = plan("")
    assert default.output.original_formats == (Format.JPEG, Format.PNG, Format.GIF)
    assert default.output.passthrough == (Format.SVG,)
    assert not plan("", dialect(always_rasterize_svg=True)).output.passthrough
    assert (default.output.metadata, default.output.quality, default.input.animated) == (Metadata.COPYRIGHT, 80, False)
    assert plan("", dialect(strip_metadata=False)).output.metadata is Metadata.ALL
    assert plan("kcr:0").output.metadata is Metadata.STRIP
    assert plan("", dialect(quality=60)).output.quality == 60
    assert plan("f:webp", dialect(quality=60)).output.quality == 80, "WebP has a quality of its own"
    assert plan("f:webp", dialect(format_quality="")).output.quality == 80


@pytest.mark.parametrize(
    ("options", "quality"),
    [("fq:avif:63/f:avif", 80), ("fq:webp:79/f:webp", 80), ("fq:avif:100/f:avif", 100), ("q:50/fq:avif:63/f:avif", 50)],
)
def test_the_quality_of_a_format_is_on_its_own_scale(options: str, quality: int) -> None:
    assert plan(options).output.quality == quality


@pytest.mark.parametrize(
    "options",
    [
        "w:", "w:-1", "w:1.5", "w:1:2", "rs:crop:1:1", "rs:fit:1:1:1:1:ce:1:1:1", "dpr:0", "dpr:x", "z:0", "z:1:2:3",
        "g:sm:1", "g:fp:0.5", "g:fp:1.1:0", "g:xx", "g:re", "ex:1:sm", "c:", "c:-1:1", "t:x", "t:1:zz", "pd:1:2:3:4:5",
        "rot:45", "bg:1:2", "bg:256:0:0", "bg:ggg", "wm:2", "wm:1:xx", "q:101", "q:-1", "fq:webp", "fq:xx:1", "f:JPG",
        "f:tif", "f:pdf", "exp:x", "fn:!!:1", "pr:none", "unknown:1", "br:256", "co:0", "ba:5:0:0:1", "pgs:2", "da:1:2",
        "hs:md5:00", "style:abc", "dd:1", "g:obj:cat", "op:ce", "vtt:1:2:3", "cp:cmyk", "ush:maybe", "aq:best", "webpo:x",
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(options: str) -> None:
    with pytest.raises(BadRequest) as raised:
        plan(options)
    assert raised.value.param
    answer = PLAIN.error_answer(raised.value, 400, b"", b"")
    assert (answer.body, answer.status) == ("Invalid URL", 404)


def test_unsupported_options_may_be_ignored() -> None:
    lenient = dialect(ignore_unsupported=True)
    for options in ("dd:1", "pgs:2", "hs:md5:00", "style:abc", "g:obj:cat/w:9", "vtt:1:2:3", "cp:cmyk", "f:pdf"):
        assert plan(options, lenient)
    with pytest.raises(BadRequest):
        plan("unknown:1", lenient)


def test_every_option_has_names_of_its_own_and_a_reader() -> None:
    names = [name for option in OPTIONS for name in option.names]
    assert sorted(names) == sorted(APPLY)
    assert all(option.note or option.status is not Status.DIFFERS for option in OPTIONS)


def test_presets_are_merged_by_pipeline_and_may_be_nested() -> None:
    server = dialect(presets="a=w:40/-/w:10,b=pr:a/el:1,loop=pr:loop/w:40,default=kcr:0")
    assert plan("pr:b/q:50", server) == plan("w:40/el:1/q:50/-/w:10", server)
    assert plan("pr:loop", server) == plan("w:40", server)
    assert plan("", server).output.metadata is Metadata.STRIP
    lines = dialect(presets="# small images\nsmall=w:40\n\ngrey=mc:1:fff/w:9\n")
    assert plan("pr:small", lines).resize.width == 40


@pytest.mark.parametrize(
    "options",
    [
        {"presets": "a"}, {"presets": "a=w"}, {"presets": "a=pr:b"}, {"presets": "a=unknown:1"}, {"key": "00"},
        {"key": "zz", "salt": "00"}, {"source_url_encryption_key": "00"}, {"allowed_processing_options": "x"},
        {"url_replacements": "abc"}, {"url_replacements": "a=${1}"}, {"preferred_formats": "tif"},
        {"format_quality": "webp=0"}, {"webp_preset": "x"}, {"watermark_url": "ftp://a/b"}, {"info_presets": "a=w:1"},
    ],
)  # fmt: skip
def test_wrong_settings_are_named_at_start(options: dict[str, str]) -> None:
    entry = {"dialect": "imgproxy", "host": "a.example", "options": options}
    with pytest.raises(ValueError, match=r"entry 1: .*options"):
        parse_mounts(json.dumps([entry]))


@pytest.mark.parametrize(
    ("source", "kind", "text"),
    [
        ("plain/http://example.com/a.jpg%3Fb=1", SourceKind.HTTP, "http://example.com/a.jpg?b=1"),
        ("plain/https:/example.com/a.jpg", SourceKind.HTTP, "https://example.com/a.jpg"),
        ("plain/local:/photos/a.jpg", SourceKind.PATH, "photos/a.jpg"),
        ("plain/local:///photos/a%20b.jpg@png", SourceKind.PATH, "photos/a b.jpg"),
        ("plain/s3://bucket/a.jpg", SourceKind.STORE, "s3://bucket/a.jpg"),
        ("plain/abs://container/a.jpg", SourceKind.STORE, "az://container/a.jpg"),
        ("aHR0cDovL2V4YW1w/bGUuY29tL2ltYWdl/cy9jdXJpb3NpdHku/anBn.png", SourceKind.HTTP, "http://example.com/images/curiosity.jpg"),
        ("aHR0cDovL2V4YW1wbGUuY29tL2EuanBn==", SourceKind.HTTP, "http://example.com/a.jpg"),
    ],
)  # fmt: skip
def test_sources(source: str, kind: SourceKind, text: str) -> None:
    ref = request("w:300", source).source
    assert (ref.kind, ref.text) == (kind, text)


@pytest.mark.parametrize("source", ["plain/", "plain/@png", "!!", "a", "plain/%FF", "plain/a@b@c", "plain"])
def test_sources_that_are_none(source: str) -> None:
    with pytest.raises(BadRequest):
        request("w:300", source)


@pytest.mark.parametrize("source", ["plain/swift://a/b.jpg", "plain/s3://bucket/a.jpg%3Fversion", "plain/gs://b/a%3F1"])
def test_stores_that_are_not_supported(source: str) -> None:
    with pytest.raises(SourceForbidden) as raised:
        request("w:300", source)
    assert PLAIN.error_answer(raised.value, 403, b"", b"").body == "Invalid source URL"


def test_urls_are_rewritten_before_the_base_is_put_in_front() -> None:
    server = dialect(
        base_url="https://example.com/", url_replacements="mys3://*/=s3://bucket/${1}/;cdn://=https://b.example/"
    )
    assert request("w:1", "plain/a.jpg", server).source.text == "https://example.com/a.jpg"
    assert request("w:1", "plain/https://example.com/a.jpg", server).source.text == "https://example.com/a.jpg"
    plain = dialect(url_replacements="mys3://*/=s3://bucket/${1}/")
    assert request("w:1", "plain/mys3://photos/a.jpg", plain).source.text == "s3://bucket/photos/a.jpg"
    assert request("w:1", "plain/https://x.example/mys3://a/b", plain).source.text.endswith("mys3://a/b")


def test_an_encrypted_source_is_that_of_the_vector() -> None:
    server = dialect(source_url_encryption_key=AES_KEY)
    encrypted = "5mRTX1BdO2rpOf4RabIuLRo5XHgNeEqAfturvYUVzVXfh75f8b5ulIvbh2JawTzP"
    split = "/".join(encrypted[start : start + 16] for start in range(0, len(encrypted), 16))
    for source in (f"enc/{encrypted}", f"enc/{split}.webp"):
        assert request("w:300", source, server).source.text == "https://example.com/image.jpg"
    for damaged in (encrypted[:-4], encrypted[:-2] + "AA", encrypted[:20], "AAAA"):
        with pytest.raises(BadRequest):
            request("w:300", f"enc/{damaged}", server)


@pytest.mark.parametrize(
    ("key", "salt", "path", "signature"),
    [
        (b"secret".hex(), "68656C6C6F", "/rs:fill:300:400:0/g:sm/aHR0cDovL2V4YW1w/bGUuY29tL2ltYWdl/cy9jdXJpb3NpdHku/anBn.png", "oKfUtW34Dvo2BGQehJFR4Nr0_rIjOtdtzJ3QFsUcXH8"),
        (b"test-key".hex(), b"test-salt".hex(), "/asd", "oWaL7QoW5TsgbuiS9-5-DI8S3Ibbo1gdB2SteJh3a20"),
        (b"test-key".hex(), b"test-salt".hex(), "/rs:fill:4:4/plain/local:///test1.png", "My9d3xq_PYpVHsPrCyww0Kh1w5KZeZhIlWhsa4az1TI"),
        (b"test-key".hex(), b"test-salt".hex(), "/w:300/plain/local:///L.jpg", "WeS913zIGdIftDkblMo7cY-Khd_-KhJxURMxYbOfkDc"),
        (KEY, SALT, "/rs:fit:300:300/plain/http://img.example.com/pretty/image.jpg", "m3k5QADfcKPDj-SDI2AIogZbC3FlAXszuwhtWXYqavc"),
    ],
)  # fmt: skip
def test_signature_vectors(key: str, salt: str, path: str, signature: str) -> None:
    server = dialect(key=f"00,{key}", salt=f"11,{salt}", trusted_signatures="partner")
    for accepted in (signature, signature + "=", "partner"):
        assert server.verify(f"/{accepted}{path}".encode(), b"", 0) is None
    for wrong in (signature[:-1] + "_", "unsafe", "x" * 1000):
        with pytest.raises(SignatureInvalid):
            server.verify(f"/{wrong}{path}".encode(), b"", 0)
    short = dialect(key=key, salt=salt, signature_size=8)
    assert short.sign(f"/_{path}".encode(), b"").startswith(f"/{signature[:10]}")
    assert short.verify(short.sign(f"/_{path}".encode(), b"").encode(), b"", 0) is None


def test_what_proxies_change_is_undone_before_the_signature_is_checked() -> None:
    server = dialect(key=KEY, salt=SALT)
    signed = server.sign(b"/_/w:300/plain/https://example.com/a.jpg", b"")
    changed = signed.replace("w:300", "w%3A300").replace("https://", "https:/")
    assert server.verify(changed.encode(), b"", 0) is None
    assert server.parse(changed.encode(), b"") == server.parse(signed.encode(), b"")


def test_an_expiry_is_an_option() -> None:
    server = dialect(key=KEY, salt=SALT, presets="old=exp:1000")
    signed = server.sign(b"/_/w:300/plain/a.jpg", b"", expires=2_000).encode()
    assert server.verify(signed, b"", now=1_000) == 2_000
    with pytest.raises(SignatureExpired) as raised:
        server.verify(signed, b"", now=3_000)
    assert server.error_answer(raised.value, 403, b"", b"").status == 404
    assert PLAIN.verify(b"/_/exp:0/plain/a.jpg", b"", now=1_000) is None
    with pytest.raises(SignatureExpired):
        server.verify(server.sign(b"/_/pr:old/plain/a.jpg", b"").encode(), b"", now=3_000)
    information = server.sign(b"/info/_/plain/a.jpg", b"", expires=2_000).encode()
    assert server.verify(information, b"", now=1_000) == 2_000


def test_keys_of_the_server_sign_without_a_salt() -> None:
    ring = Keyring((b"0123456789abcdef",))
    server = ImgproxyDialect(ImgproxyOptions(), ring)
    assert server.requires_signature
    assert server.verify(server.sign(b"/_/w:300/plain/a.jpg", b"").encode(), b"", 0) is None
    with pytest.raises(SignatureInvalid):
        server.verify(b"/_/w:300/plain/a.jpg", b"", 0)


def test_a_cache_buster_is_a_version_of_the_source() -> None:
    assert request("cb:2").source.version == "2"
    odd = request("cb:a%20b").source.version
    assert odd == request("cb:a%20b/w:300").source.version != request("cb:a%20c").source.version
    assert not request("cb:").source.version


def test_limits_need_a_permission() -> None:
    for options in ("mrd:100", "msr:1", "msfs:1", "maf:2", "mafr:1"):
        with pytest.raises(Forbidden) as raised:
            plan(options)
        answer = PLAIN.error_answer(raised.value, 403, b"", b"")
        assert (answer.status, answer.body) == (403, "Invalid URL")
    allowed = dialect(allow_security_options=True)
    assert plan("maf:5", allowed).input.animated
    assert plan("msr:1/msfs:1/mafr:1", allowed) == plan("", allowed)


def test_allowed_options_are_by_name() -> None:
    server = dialect(allowed_processing_options="w,pr", presets="tall=h:40")
    assert plan("w:30/pr:tall", server).resize.height == 40
    for options in ("width:30", "h:40"):
        with pytest.raises(InvalidParameter):
            plan(options, server)


def test_pipelines_have_a_limit() -> None:
    server = dialect(max_chained_pipelines=2)
    assert len(plan("w:30/-/w:20", server).stages) == 1
    with pytest.raises(InvalidParameter):
        plan("w:30/-/w:20/-/w:10", server)
    with pytest.raises(BadRequest):
        plan("/-/".join(["w:30"] * 30))


def test_raw_is_the_original() -> None:
    raw = request("raw:1/w:300", SOURCE + "@png").plan
    assert (raw.output.source_format, raw.output.metadata, raw.resize) == (True, Metadata.ALL, Plan().resize)


def test_names_of_the_answer() -> None:
    assert (request("w:1").filename, request("w:1").inline) == ("a", True)
    named = request("fn:b%20c/att:1")
    assert (named.filename, named.inline) == ("b c", False)
    assert request("fn:YS9i:1").filename == "a_b"
    assert request("", "plain/https://example.com/").filename == "image"


def test_what_is_no_image() -> None:
    health = PLAIN.parse(b"/health", b"")
    assert health == Text("imgproxy is running")
    assert isinstance(PLAIN.parse(b"/", b""), Text)
    for path in (b"/favicon.ico", b"/.well-known/x"):
        with pytest.raises(BadRequest) as raised:
            PLAIN.parse(path, b"")
        assert PLAIN.error_answer(raised.value, 404, path, b"") == Text(" ", 404)
    assert isinstance(PLAIN.parse(b"/info/_/plain/a.jpg", b""), FactsRequest)
    own = dialect(info_endpoint=False)
    with pytest.raises(BadRequest):
        own.parse(b"/info/_/plain/a.jpg", b"")


def test_information_options() -> None:
    server = dialect(info_presets="small=exif:0/avg:1,default=xmp:0", allowed_info_options="p,pr,s")
    outcome = server.parse(b"/info/_/pr:small/p:4/plain/a.jpg", b"")
    assert isinstance(outcome, FactsRequest)
    assert outcome.request.plan.fact_selection.palette_colours == 4
    for wrong in ("avg:1", "p:1", "p:x", "unknown:1", "pr:none"):
        with pytest.raises(BadRequest):
            server.parse(f"/info/_/{wrong}/plain/a.jpg".encode(), b"")
    for wrong in ("do:1", "dc:1", "c:10:10", "chs:md5", "chs:x", "bh:10:1", "hs:md5:0"):
        with pytest.raises(BadRequest):
            PLAIN.parse(f"/info/_/{wrong}/plain/a.jpg".encode(), b"")
    assert sorted(name for option in info.OPTIONS for name in option.names) == sorted(info.APPLY)


paths = st.binary(max_size=200) | st.builds(
    lambda pieces: b"/" + b"/".join(pieces),
    st.lists(st.sampled_from([*(name.encode() + b":" for name in APPLY), b"1", b":", b"plain", b"-", b"enc", b"%3A", b"info", b"http:/a", b"@png"]) | st.binary(max_size=8), max_size=12),
)  # fmt: skip


@settings(deadline=None)
@given(paths, st.binary(max_size=40))
def test_any_bytes_are_read_or_refused(path: bytes, query: bytes) -> None:
    supabase_server = SupabaseDialect(SupabaseOptions(jwt_secret="s" * 16, public_buckets=("*",)))
    for server in (PLAIN, dialect(only_presets=True, presets="a=w:1"), supabase_server):
        with suppress(BadRequest, Forbidden):
            server.verify(path, query, 0)
        with suppress(BadRequest, Forbidden):
            assert server.parse(path, query)


def test_paths_have_limits() -> None:
    nested = dialect(presets=",".join([*(f"p{n}=" + f"pr:p{n + 1}/" * 9 + "w:1" for n in range(8)), "p8=w:1"]))
    for options, server in (("w:1/" * 9_000, PLAIN), ("-/" * 600, PLAIN), ("pr:p0/", nested), ("w:1/-/" * 9, PLAIN)):
        with pytest.raises(BadRequest):
            server.parse(f"/_/{options}plain/a.jpg".encode(), b"")
    with pytest.raises(BadRequest):
        PLAIN.parse(b"/_/plain/" + b"a" * 70_000, b"")


# Settings


def test_every_variable_of_imgproxy_is_translated_or_named() -> None:
    values = {
        "BIND": ":80",
        "PNG_QUANTIZATION_COLORS": "8",
        "PROMETHEUS_BIND": ":81",
        "ALLOWED_SOURCES": "http://*.a.example/,local://,http://b*.c/,http://d",
    }
    for name in RULES:
        value = values.get(name, "1")
        imported = import_environment({f"IMGPROXY_{name}": value}, "img.example.com") if name not in _TEXTS else None
        if imported is not None and name not in ("KEY", "SALT"):
            parse_mounts(entry_json(imported))
    imported = import_environment({"IMGPROXY_NO_SUCH": "1", "IMGPROXY_SENTRY_DSN": "x", "OTHER": "1"})
    assert imported.comments["IMGPROXY_NO_SUCH"] == "no setting of imgproxy 4"
    assert "IMGPROXY_SENTRY_DSN" in imported.comments
    sources = import_environment({"IMGPROXY_ALLOWED_SOURCES": values["ALLOWED_SOURCES"]})
    assert sources.settings["PIXMILL_ALLOWED_SOURCES"] == "http://*.a.example/,path:"
    assert [name for name in sources.comments if "ALLOWED" in name] == [
        "IMGPROXY_ALLOWED_SOURCES http://b*.c/",
        "IMGPROXY_ALLOWED_SOURCES http://d",
    ]


_TEXTS = frozenset(
    ("PRESETS", "INFO_PRESETS", "URL_REPLACEMENTS", "FORMAT_QUALITY", "PREFERRED_FORMATS", "SKIP_PROCESSING_FORMATS", "WEBP_COMPRESSION",
     "WEBP_PRESET", "AVIF_SUBSAMPLE", "ALLOWED_PROCESSING_OPTIONS", "ALLOWED_INFO_OPTIONS", "SOURCE_URL_ENCRYPTION_KEY")
)  # fmt: skip


def test_a_typical_environment() -> None:
    imported = import_environment(
        {
            "IMGPROXY_KEY": KEY,
            "IMGPROXY_SALT": SALT,
            "IMGPROXY_BIND": "127.0.0.1:9090",
            "IMGPROXY_PATH_PREFIX": "/img",
            "IMGPROXY_MAX_SRC_RESOLUTION": "16.8",
            "IMGPROXY_AUTO_WEBP": "true",
            "IMGPROXY_QUALITY": "80",
            "IMGPROXY_USE_S3": "true",
            "IMGPROXY_S3_ALLOWED_BUCKETS": "photos",
            "IMGPROXY_S3_REGION": "eu-west-1",
            "IMGPROXY_LOCAL_FILESYSTEM_ROOT": "/srv/images",
            "IMGPROXY_ALLOW_LOOPBACK_SOURCE_ADDRESSES": "true",
            "IMGPROXY_SECRET": "x",
        }
    )
    assert imported.settings == {
        "PIXMILL_HOST": "127.0.0.1",
        "PIXMILL_PORT": "9090",
        "PIXMILL_MAX_PIXELS": "16800000",
        "PIXMILL_IMAGES": "/srv/images",
        "PIXMILL_ALLOWED_NETWORKS": "127.0.0.0/8,::1/128",
        "PIXMILL_STORES": '{"s3-photos":{"url":"s3://photos","region":"eu-west-1"}}',
    }
    (entry,) = parse_mounts(entry_json(imported))
    assert (entry.dialect, entry.mount) == ("imgproxy", "/img")
    assert json.loads(bytes(entry.options)) == {"key": KEY, "salt": SALT, "auto_webp": True}
    assert {"IMGPROXY_SECRET", "PIXMILL_KEYS"} <= imported.comments.keys()


@pytest.mark.parametrize(
    "variables", [{"IMGPROXY_QUALITY": "x"}, {"IMGPROXY_QUALITY": "101"}, {"IMGPROXY_AUTO_WEBP": "maybe"}, {"IMGPROXY_BIND": "x"}]
)  # fmt: skip
def test_wrong_variables_are_named(variables: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"IMGPROXY_|options"):
        import_environment(variables)


@pytest.mark.parametrize("value", ["a=1", '{"a": "b\\n\\"c"}', "it's", "back\\\\slash\\'", "", "#", "a b", "$X"])
def test_values_are_quoted_for_env_files(value: str) -> None:
    assert dotenv_values(stream=StringIO(f"A={quoted(value)}\n"), interpolate=False) == {"A": value}


def test_presets_of_files_are_added() -> None:
    variables = {"IMGPROXY_PRESETS": "a=w:1,b=w:2", "IMGPROXY_PRESETS_PATH": "/presets"}
    imported = import_environment(variables, files={"/presets": "# more\nc=w:3\n"})
    assert plan("pr:c", dialect(presets=imported.options["presets"])).resize.width == 3
    assert "IMGPROXY_PRESETS_PATH" in import_environment(variables).comments


# Supabase


SECRET = "super-secret-jwt-token"
TOKEN = (
    "eyJhbGciOiJIUzI1NiJ9.eyJ1cmwiOiJidWNrZXQvTC5qcGciLCJ0cmFuc2Zvcm1hdGlvbnMiOiJ3aWR0aDozMDAsaGVpZ2h0OjMwMCxyZXNpemluZ190eXBlOmZp"
    "bGwiLCJpYXQiOjE3MDAwMDAwMDAsImV4cCI6NDEwMjQ0NDgwMH0.tTPo6kp0Om_B5_1MGAMdsrGCUn8JQp2-MWEu9PMINU0"
)
SUPABASE = SupabaseDialect(SupabaseOptions(jwt_secret=f"other-secret-0000,{SECRET}", public_buckets=("bucket",)))
SIGNED = b"/storage/v1/render/image/sign/bucket/L.jpg"


def supabase(query: str, path: str = "public/bucket/folder/a%20b.jpg") -> ImageRequest:
    outcome = SUPABASE.parse(f"/storage/v1/render/image/{path}".encode(), query.encode())
    assert isinstance(outcome, ImageRequest)
    return outcome


def test_a_token_has_the_transformations() -> None:
    query = f"token={TOKEN}&width=900".encode()
    assert SUPABASE.verify(SIGNED, query, now=1_800_000_000) == 4_102_444_800
    outcome = SUPABASE.parse(SIGNED, query)
    assert isinstance(outcome, ImageRequest)
    assert (outcome.source.text, outcome.plan) == ("bucket/L.jpg", supabase("width=300&height=300").plan)
    with pytest.raises(SignatureExpired):
        SUPABASE.verify(SIGNED, query, now=4_200_000_000)
    for wrong in (TOKEN[:-3] + "AA0", "x.y.z", "", TOKEN.partition(".")[0]):
        with pytest.raises(Forbidden):
            SUPABASE.verify(SIGNED, f"token={wrong}".encode(), now=0)
    with pytest.raises(SignatureInvalid):
        SUPABASE.verify(SIGNED.replace(b"L.jpg", b"M.jpg"), query, now=0)


def test_supabase_is_imgproxy_with_other_words() -> None:
    imgproxy = dialect(auto_webp=True, max_animation_frames=1_000)
    for query, options in (
        ("width=300", "rs:fill:300"),
        ("width=300&height=200&resize=contain&quality=60", "rs:fit:300:200/q:60"),
        ("width=9000&height=10&resize=fill&format=avif", "rs:force:2500:10/f:avif"),
        ("width=30&height=30&gravity=fp&x_offset=1&y_offset=0.5", "rs:fill:30:30/g:fp:1:0.5"),
        ("gravity=nowe", ""),
    ):
        assert supabase(query).plan == plan(options, imgproxy)
    assert supabase("width=300").source.text == "bucket/folder/a b.jpg"
    assert supabase("width=300").headers == (("x-transformations", "width:300,resizing_type:fill"),)
    assert not supabase("format=origin").plan.output.negotiated
    named = supabase("download=x%2Fy.jpg")
    assert (named.filename, named.inline) == ("x_y.jpg", False)
    assert supabase("download").filename == "a b.jpg"


@pytest.mark.parametrize(
    "query",
    ["quality=10", "quality=101", "gravity=fp", "gravity=fp&x_offset=1.1&y_offset=0.5", "width=abc", "width=-1", "resize=crop",
     "format=png", "width=1&width=2", "gravity=obj", "width=", "x_offset=x"],
)  # fmt: skip
def test_supabase_rejects(query: str) -> None:
    with pytest.raises(BadRequest) as raised:
        supabase(query)
    answer = SUPABASE.error_answer(raised.value, 400, b"", b"")
    assert (answer.status, answer.media_type) == (400, "application/json")
    assert json.loads(answer.body)["statusCode"] == "400"


def test_private_objects_need_a_gateway() -> None:
    path = b"/storage/v1/render/image/authenticated/bucket/L.jpg"
    with pytest.raises(Forbidden):
        SUPABASE.verify(path, b"", 0)
    assert SupabaseDialect(SupabaseOptions(authenticated=True)).verify(path, b"", 0) is None
    closed = SupabaseDialect(SupabaseOptions(jwt_secret=SECRET))
    assert closed.requires_signature
    with pytest.raises(RouteNotFound):
        closed.verify(path.replace(b"authenticated", b"public"), b"", 0)


@pytest.mark.parametrize(
    "path", [b"public/private/L.jpg", b"public/%62ucket2/L.jpg", b"public/bucket2%2Fx/L.jpg", b"public/Bucket/L.jpg"]
)
def test_only_buckets_that_are_named_are_public(path: bytes) -> None:
    full = b"/storage/v1/render/image/" + path
    try:
        SUPABASE.verify(full, b"", 0)
    except RouteNotFound as error:
        answer = SUPABASE.error_answer(error, 404, full, b"")
        assert (answer.status, json.loads(answer.body)["code"]) == (404, "NoSuchBucket")
    else:
        pytest.fail("the bucket was read")


def test_an_entry_that_names_no_bucket_is_refused_at_start() -> None:
    with pytest.raises(ValueError, match="entry 1: supabase answers nothing: name public_buckets"):
        parse_mounts('[{"dialect": "supabase"}]')
    for options in ('{"public_buckets": ["b"]}', '{"jwt_secret": "super-secret-jwt-token"}', '{"authenticated": true}'):
        assert parse_mounts(f'[{{"dialect": "supabase", "options": {options}}}]')
    with pytest.raises(ValueError, match="without slashes"):
        parse_mounts('[{"dialect": "supabase", "options": {"public_buckets": ["a/b"]}}]')


def test_both_are_dialects_of_a_server() -> None:
    entries = parse_mounts(
        '[{"dialect": "imgproxy", "host": "i.example"}, {"dialect": "supabase", "options": {"public_buckets": ["b"]}}]'
    )
    registry = build_registry(entries, ServerDefaults())
    found = registry.match(b"i.example", b"/_/w:300/plain/a.jpg")
    assert found is not None
    assert (found.mounted.name, found.route.label) == ("imgproxy", "imgproxy:/image")
    other = registry.match(b"", b"/storage/v1/render/image/public/b/a.jpg")
    assert other is not None
    assert other.mounted.name == "supabase"
