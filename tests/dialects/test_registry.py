"""Which dialect answers a request, where a mount is stripped, and what relative sources mean there."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixmill.dialects.factory import ServerDefaults, build_registry, parse_mounts
from pixmill.dialects.native.dialect import NativeDialect, parse
from pixmill.dialects.port import (
    ImageRedirect,
    ImmutableImage,
    Redirect,
    RequiresSignatures,
    Text,
    UrlRoute,
    template_matcher,
)
from pixmill.dialects.registry import DialectMatch, DialectRegistry, MountedDialect
from pixmill.dialects.signing import Keyring
from pixmill.dialects.source_mapping import SourceMapping, resolve_source
from pixmill.errors import BadRequest, PixmillError, RouteNotFound, SignatureInvalid, SignatureMissing, SourceForbidden
from pixmill.plan.ops import Plan
from pixmill.plan.output import RenderMode
from pixmill.plan.references import references
from pixmill.plan.request import Fallback, ImageRequest
from pixmill.plan.source import SourceKind, SourceRef, parse_source

KEY = "0123456789abcdef"


class Thumbs:
    """A dialect of one path, ``/thumb/NAME``."""

    prefix = "/thumb/"
    routes: tuple[UrlRoute, ...] = (UrlRoute("/thumb/{name}"),)

    def match(self, path: bytes) -> UrlRoute | None:
        return self.routes[0] if path.startswith(b"/thumb/") else None

    def verify(self, path: bytes, query: bytes, now: float) -> int | None:
        return None

    def parse(self, path: bytes, query: bytes, *, upload: bool = False) -> ImageRequest | Redirect:
        name = path.removeprefix(b"/thumb/") + query
        if name == b"away":
            return Redirect("/thumb/a.jpg")
        return ImageRequest(SourceRef(SourceKind.UPLOAD if upload else SourceKind.PATH, name.decode()), Plan())

    def error_answer(self, error: PixmillError, status: int, path: bytes, query: bytes) -> Text:
        return Text(error.code, status)


REGISTRY = DialectRegistry([MountedDialect("native", NativeDialect()), MountedDialect("thumbs", Thumbs())])


def registry(*entries: Mapping[str, object], server: ServerDefaults | None = None) -> DialectRegistry:
    return build_registry(parse_mounts(json.dumps(entries)), server or ServerDefaults())


def source(match: DialectMatch | None, query: bytes) -> str:
    assert match is not None
    outcome = match.parse(query)
    assert isinstance(outcome, ImageRequest)
    return outcome.source.text


def test_a_url_goes_to_the_dialect_that_speaks_it() -> None:
    assert REGISTRY.require(b"", b"/resize").parse(b"url=a.jpg") == parse(b"/resize", b"url=a.jpg")
    assert source(REGISTRY.match(b"", b"/thumb/a.jpg"), b"") == "a.jpg"


def test_the_dialect_is_told_that_the_original_comes_with_the_request() -> None:
    outcome = REGISTRY.require(b"", b"/resize").parse(b"w=5", upload=True)
    assert isinstance(outcome, ImageRequest)
    assert outcome.source.kind is SourceKind.UPLOAD


def test_a_url_that_nobody_speaks_is_no_route() -> None:
    assert REGISTRY.match(b"", b"/elsewhere") is None
    with pytest.raises(RouteNotFound):
        REGISTRY.require(b"", b"/elsewhere")


def test_hosts_come_before_mounts_and_long_mounts_before_short_ones() -> None:
    dialects = registry(
        {"dialect": "native", "mount": "/img", "source": "short"},
        {"dialect": "native", "mount": "/img/img", "source": "long"},
        {"dialect": "native", "host": "a.example", "source": "host"},
        {"dialect": "native", "host": "a.example", "mount": "/img", "source": "both"},
    )
    found = {
        (host, path): source(dialects.match(dialects.known_host(host), path), b"url=a.jpg")
        for host in (b"a.example", b"b.example")
        for path in (b"/resize", b"/img/resize", b"/img/img/resize")
    }
    assert found == {
        (b"a.example", b"/resize"): "host/a.jpg",
        (b"a.example", b"/img/resize"): "both/a.jpg",
        (b"a.example", b"/img/img/resize"): "long/a.jpg",
        (b"b.example", b"/resize"): "a.jpg",
        (b"b.example", b"/img/resize"): "short/a.jpg",
        (b"b.example", b"/img/img/resize"): "long/a.jpg",
    }
    assert dialects.match(b"", b"/imgx/resize") is None
    assert dialects.match(b"", b"/img") is None


@pytest.mark.parametrize(
    ("sent", "known"),
    [
        (b"A.Example:8080", b"a.example"),
        (b"a.example", b"a.example"),
        (b"b.a.example", b""),
        (b"a.example.", b"a.example"),
        (b"a.example.:8080", b"a.example"),
        (b"a.example:", b"a.example"),
        (b"a.example..", b""),
        (b"a.example:80:80", b""),
        (b"", b""),
        (b":", b""),
        (b".", b""),
        (b"a.example:x", b""),
        (b"\xff", b""),
    ],
)
def test_a_host_is_compared_without_case_and_port(sent: bytes, known: bytes) -> None:
    assert registry({"dialect": "native", "host": "a.example"}).known_host(sent) == known


def test_a_dialect_without_host_and_mount_answers_below_its_prefix_only() -> None:
    dialects = registry({"dialect": "emgr"})
    assert dialects.match(b"", b"/api/images/resize") is not None
    assert dialects.match(b"", b"/health") is None
    on_host = registry({"dialect": "emgr", "host": "a.example"})
    assert on_host.match(b"a.example", b"/health") is not None
    assert on_host.match(b"", b"/health") is None


def test_an_ipv6_address_is_a_host_with_and_without_a_port() -> None:
    dialects = registry({"dialect": "emgr", "host": "[::1]"})
    assert dialects.known_host(b"[::1]") == dialects.known_host(b"[::1]:80") == b"[::1]"


@pytest.mark.parametrize("mode", RenderMode)
def test_the_default_mode_is_the_same_for_all_dialects(mode: RenderMode) -> None:
    dialects = registry({"dialect": "emgr"}, server=ServerDefaults(render_mode=mode))
    native = dialects.require(b"", b"/resize").parse(b"url=a.jpg&width=5&enlarge=true&format=jpeg")
    assert isinstance(native, ImageRequest)
    resize = dialects.require(b"", b"/api/images/resize")
    outcome = resize.parse(b"url=a.jpg&width=5")
    assert outcome == ImageRedirect(native)
    location = resize.result_location(b"url=a.jpg&width=5", '"0123456789abcdef"', None).location
    file = dialects.require(b"", location.encode()).parse(b"")
    assert isinstance(file, ImmutableImage)
    assert file.request == native


def test_only_whole_segments_are_reserved() -> None:
    assert registry({"dialect": "native", "mount": "/administration"}).match(b"", b"/administration/resize")
    assert registry({"dialect": "native", "host": "a", "mount": "/health"}).match(b"a", b"/health/resize")


def test_a_redirect_of_a_dialect_stays_below_its_mount() -> None:
    mounted = DialectRegistry([MountedDialect("thumbs", Thumbs(), mount="/m", prefix=b"/m/")])
    assert mounted.require(b"", b"/m/thumb/away").parse(b"") == Redirect("/m/thumb/a.jpg")


@pytest.mark.parametrize(
    ("base", "text", "resolved"),
    [
        ("https://o.example/images/", "a b/c?d#e%41.jpg", "https://o.example/images/a%20b/c%3Fd%23e%2541.jpg"),
        ("https://o.example", "a.jpg", "https://o.example/a.jpg"),
        ("s3://bucket/prefix", "a b.jpg", "s3://bucket/prefix/a b.jpg"),
        ("s3://bucket", "a.jpg", "s3://bucket/a.jpg"),
        ("folder", "a.jpg", "folder/a.jpg"),
        ("s3://bucket/prefix", "https://x.example/a.jpg", "https://x.example/a.jpg"),
        ("https://o.example/i/{path}", "a b/c?d.jpg", "https://o.example/i/a%20b/c%3Fd.jpg"),
        ("https://o.example/i/{path}/raw", "a.jpg", "https://o.example/i/a.jpg/raw"),
        ("https://o.example/f?name={path}&x=1", "a&b=c+d#e.jpg", "https://o.example/f?name=a%26b%3Dc%2Bd%23e.jpg&x=1"),
        ("s3://bucket/{path}.orig", "a/b.jpg", "s3://bucket/a/b.jpg.orig"),
        ("folder/{path}.jpg", "a", "folder/a.jpg"),
        ("{path}.jpg", "a", "a.jpg"),
    ],
)
def test_relative_sources_are_below_the_source_of_their_mount(base: str, text: str, resolved: str) -> None:
    assert resolve_source(base, parse_source(text)).text == resolved


BASES = ["https://o.example/images", "s3://bucket/prefix", "folder", "https://o.example/images/{path}"]


@given(st.text(max_size=40), st.sampled_from(BASES))
def test_no_relative_source_leaves_its_base(text: str, base: str) -> None:
    try:
        ref = resolve_source(base, SourceRef(SourceKind.PATH, parse_source(text).text))
    except BadRequest:
        return
    assert ref.text.startswith(base.removesuffix("{path}").rstrip("/") + "/")


def allows_example(text: str) -> Callable[[SourceRef], bool]:
    """Stands for the allow-list, whose grammar is none of the registry's."""
    return lambda ref: ref.text.startswith(text)


LISTS = ServerDefaults(parse_sources=allows_example)


def sources_of(match: DialectMatch, query: str) -> set[str]:
    outcome = match.parse(query.encode())
    assert isinstance(outcome, ImageRequest)
    return {outcome.source.text, *(one.source.text for one in references(outcome.plan))}


def test_a_mount_names_what_its_list_allows_and_what_is_below_its_base() -> None:
    entry = {"dialect": "native", "mount": "/m", "source": "s3://bucket", "sources": "https://a.example/"}
    match = registry(entry, server=LISTS).require(b"", b"/m/resize")
    assert sources_of(match, "url=a.jpg") == {"s3://bucket/a.jpg"}
    assert sources_of(match, "url=https://a.example/a.jpg") == {"https://a.example/a.jpg"}
    for refused in ("url=https://b.example/a.jpg", "url=s3://other/a.jpg"):
        with pytest.raises(SourceForbidden):
            match.parse(refused.encode())
    for url, is_allowed in (("https://a.example/l.png", True), ("https://b.example/l.png", False)):
        mask = f"mask=alpha:{quote(url, safe='')}"
        for query in (f"url=a.jpg&{mask}", f"url=a.jpg&then={quote(mask)}"):
            if is_allowed:
                assert sources_of(match, query) == {"s3://bucket/a.jpg", url}
                continue
            with pytest.raises(SourceForbidden):
                match.parse(query.encode())


@pytest.mark.parametrize(
    ("dialect", "path", "query"),
    [
        ("netlify", "/.netlify/images", "url=/a.jpg%3Fv%3D2&w=9"),
        ("vercel", "/_vercel/image", "url=%2Fa.jpg%3Fv%3D2&w=640&q=75"),
        ("cloudflare", "/cdn-cgi/image/w=9/a.jpg", "v=2"),
    ],
)
def test_a_relative_source_with_a_query_is_below_its_base_beside_a_list(dialect: str, path: str, query: str) -> None:
    options = {"localPatterns": [{"pathname": "/**"}]} if dialect == "vercel" else {}
    entry = {
        "dialect": dialect,
        "source": "https://Site.example/base",
        "sources": "https://a.example/",
        "options": options,
    }
    match = registry(entry, server=LISTS).require(b"", path.encode())
    assert sources_of(match, query) == {"https://site.example/base/a.jpg?v=2"}


@pytest.mark.parametrize(
    "text", ["https://site.example/bases/a.jpg", "https://site.example/base", "https://b.example/base/a", "s3://base/a"]
)
def test_what_only_looks_like_the_base_is_refused(text: str) -> None:
    mapping = SourceMapping("https://site.example/base", allows_example("https://a.example/"))
    assert mapping.resolve(parse_source("https://site.example/base/a.jpg?v=2")).kind is SourceKind.HTTP
    with pytest.raises(SourceForbidden):
        mapping.resolve(parse_source(text))
    with pytest.raises(SourceForbidden):
        mapping.resolve(parse_source("https://site.example/base/../other/a.jpg"))


def test_a_list_without_a_base_is_for_the_image_root_too() -> None:
    entry = {"dialect": "native", "mount": "/m", "sources": "photos/"}
    match = registry(entry, server=LISTS).require(b"", b"/m/resize")
    assert sources_of(match, "url=photos/a.jpg") == {"photos/a.jpg"}
    with pytest.raises(SourceForbidden):
        match.parse(b"url=private/a.jpg")


@pytest.mark.parametrize(
    ("server", "is_relative_only"),
    [
        (ServerDefaults(), True),
        (ServerDefaults(keyring=Keyring.from_text(KEY)), False),
        (ServerDefaults(allows_source=lambda _: True), False),
        (ServerDefaults(allows_unsigned=True), False),
    ],
)
def test_unsigned_urls_of_a_mount_with_a_base_name_nothing_else(server: ServerDefaults, is_relative_only: bool) -> None:
    match = registry({"dialect": "native", "mount": "/m", "source": "folder"}, server=server).require(b"", b"/m/resize")
    assert sources_of(match, "url=a.jpg") == {"folder/a.jpg"}
    if not is_relative_only:
        assert sources_of(match, "url=https://a.example/a.jpg") == {"https://a.example/a.jpg"}
        return
    for other in (b"url=https://a.example/a.jpg", b"url=s3://bucket/a.jpg"):
        with pytest.raises(SourceForbidden):
            match.parse(other)


@pytest.mark.parametrize(
    ("entry", "server", "is_open"),
    [
        ({}, LISTS, True),
        ({"keys": KEY}, LISTS, False),
        ({"source": "folder"}, LISTS, False),
        ({"sources": "https://a.example/"}, LISTS, False),
        ({}, ServerDefaults(allows_source=lambda _: True), False),
        ({}, ServerDefaults(keyring=Keyring.from_text(KEY)), False),
        ({"keys": ""}, ServerDefaults(keyring=Keyring.from_text(KEY)), True),
    ],
)
def test_a_mount_is_open_whose_unsigned_urls_name_any_source(
    entry: dict[str, object], server: ServerDefaults, is_open: bool
) -> None:
    mounted, _ = registry({"dialect": "native", "mount": "/m", **entry}, server=server).mounted
    assert mounted.is_open is is_open


SOURCE = SourceRef(SourceKind.PATH, "a.jpg")
ALLOWS = ServerDefaults(allows_source=allows_example("https://a.example/"))


@pytest.mark.parametrize(
    ("fallback", "entry", "server", "location"),
    [
        (Fallback(redirect="/x", status=302), {}, LISTS, "/m/x"),
        (Fallback(redirect="//evil.example/x", status=302), {}, LISTS, None),
        (Fallback(redirect="/\\evil.example/x", status=302), {}, LISTS, None),
        (Fallback(redirect="https://a.example/x", status=302), {}, LISTS, None),
        (Fallback(redirect="https://a.example/x", status=302), {}, ALLOWS, "https://a.example/x"),
        (Fallback(redirect="https://b.example/x", status=302), {}, ALLOWS, None),
        (Fallback(redirect="https://b.example/x", status=302), {"keys": KEY}, LISTS, "https://b.example/x"),
        (Fallback(redirect="javascript:x", status=302), {"keys": KEY}, LISTS, None),
        (Fallback(redirect="https://a.example/x", status=302), {}, ServerDefaults(allows_unsigned=True), None),
        (Fallback(source=SOURCE, status=302), {"source": "https://o.example/i"}, LISTS, "https://o.example/i/a.jpg"),
        (Fallback(source=SOURCE, status=302), {"source": "s3://bucket"}, LISTS, None),
        (Fallback(source=SOURCE, status=302), {}, LISTS, None),
        (Fallback(status=302), {}, LISTS, None),
    ],
)
def test_the_server_redirects_only_where_somebody_vouches_for(
    fallback: Fallback, entry: dict[str, object], server: ServerDefaults, location: str | None
) -> None:
    mounted, _ = registry({"dialect": "native", "mount": "/m", **entry}, server=server).mounted
    request = ImageRequest(SOURCE, Plan(), fallback=fallback)
    resolved = DialectMatch(mounted, UrlRoute("/resize"), b"/resize").resolve(request)
    assert isinstance(resolved, ImageRequest)
    assert (resolved.fallback and resolved.fallback.redirect) == location


@pytest.mark.parametrize(
    ("fallback", "entry", "expected"),
    [
        (None, {"fallback": "https://o.example/f.jpg"}, "https://o.example/f.jpg"),
        (None, {"fallback": "f.jpg", "source": "s3://bucket"}, "s3://bucket/f.jpg"),
        (None, {"fallback": "f.jpg", "sources": "https://a.example/"}, "f.jpg"),
        (Fallback(SOURCE), {"fallback": "f.jpg"}, "a.jpg"),
        (Fallback(SOURCE), {"source": "folder"}, "folder/a.jpg"),
        (Fallback(SOURCE), {"sources": "https://a.example/"}, None),
        (None, {}, None),
    ],
)
def test_the_source_of_a_fallback_is_one_of_the_mount(
    fallback: Fallback | None, entry: dict[str, object], expected: str | None
) -> None:
    mounted, _ = registry({"dialect": "native", "mount": "/m", **entry}, server=LISTS).mounted
    request = ImageRequest(parse_source("https://a.example/a.jpg"), Plan(), fallback=fallback)
    match = DialectMatch(replace(mounted, sources=replace(mounted.sources, relative_only=False)), UrlRoute("/r"), b"/r")
    resolved = match.resolve(request)
    assert isinstance(resolved, ImageRequest)
    source = resolved.fallback and resolved.fallback.source
    assert (source and source.text) == expected


def test_a_dialect_that_knows_no_signatures_is_open_whatever_the_keys_of_the_server() -> None:
    assert not isinstance(Thumbs(), RequiresSignatures)


def test_overlays_and_masks_have_the_same_base() -> None:
    match = registry({"dialect": "native", "mount": "/m", "source": "s3://bucket"}).require(b"", b"/m/resize")
    overlay = quote("url:logo.png")
    outcome = match.parse(f"url=a.jpg&overlay={overlay}&mask=alpha:m.png&then={quote(f'overlay={overlay}')}".encode())
    assert isinstance(outcome, ImageRequest)
    assert {one.source.text for one in references(outcome.plan)} == {"s3://bucket/logo.png", "s3://bucket/m.png"}


def verify(match: DialectMatch, query: bytes) -> None:
    match.mounted.dialect.verify(match.path, query, 0)


def test_a_mount_has_keys_of_its_own_and_signs_its_whole_path() -> None:
    other = "fedcba9876543210"
    dialects = registry(
        {"dialect": "native", "mount": "/own", "keys": other},
        {"dialect": "native", "mount": "/open", "keys": ""},
        {"dialect": "native", "mount": "/same"},
        server=ServerDefaults(keyring=Keyring.from_text(KEY)),
    )
    query = b"url=a.jpg&width=5"
    signed = Keyring.from_text(other).sign(b"/own/resize", query).partition("?")[2].encode()
    verify(dialects.require(b"", b"/own/resize"), signed)
    verify(dialects.require(b"", b"/open/resize"), query)
    with pytest.raises(SignatureMissing):
        verify(dialects.require(b"", b"/same/resize"), query)
    at_root = dialects.require(b"", b"/resize").sign(query).partition("?")[2].encode()
    with pytest.raises(SignatureInvalid):
        verify(dialects.require(b"", b"/same/resize"), at_root)
    assert dialects.require(b"", b"/same/resize").sign(query).startswith("/same/resize?")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{}", "JSON list"),
        ("[1]", "entry 1"),
        ('[{"dialect": "supabase", "keys": "0123456789abcdef"}]', "entry 1: supabase does not use keys"),
        ('[{"dialect": "fastly", "host": "a.b", "keys": "k"}]', "entry 1: fastly does not use keys"),
        ('[{"dialect": "keycdn", "host": "a.b", "keys": "k"}]', "entry 1: keycdn does not use keys"),
        ('[{"dialect": "shopify", "host": "a.b", "keys": "k"}]', "entry 1: shopify does not use keys"),
        ('[{"dialect": "hygraph", "host": "a.b", "keys": "k"}]', "entry 1: hygraph does not use keys"),
        ('[{"dialect": "storyblok", "host": "a.b", "keys": "k"}]', "entry 1: storyblok does not use keys"),
        ('[{"dialect": "emgr"}, {"dialect": "flickr"}]', "entry 2: there is no dialect 'flickr'"),
        ('[{"dialect": "emgr", "hosts": "a"}]', "entry 1: has no field hosts"),
        ('[{"dialect": "emgr", "host": "https://a"}]', "entry 1: host"),
        ('[{"dialect": "emgr", "mount": "img/"}]', "entry 1: mount"),
        ('[{"dialect": "emgr", "mount": "/health"}]', "Pixmill's own"),
        ('[{"dialect": "native", "host": "a.example", "mount": "/admin/x"}]', "Pixmill's own"),
        ('[{"dialect": "emgr", "mount": "/a", "source": "s3://b?x"}]', "entry 1: source"),
        ('[{"dialect": "emgr", "mount": "/a", "source": "ftp://b"}]', "entry 1: "),
        ('[{"dialect": "emgr", "mount": "/a", "source": "https://{path}"}]', "not in the host"),
        ('[{"dialect": "emgr", "mount": "/a", "source": "https://{path}.example/a"}]', "not in the host"),
        ('[{"dialect": "emgr", "mount": "/a", "source": "https://a.{path}/a"}]', "not in the host"),
        ('[{"dialect": "emgr", "mount": "/a", "source": "{path}://a.example/a"}]', "entry 1: "),
        ('[{"dialect": "emgr", "mount": "/a", "source": "s3://{path}"}]', "not in the host"),
        ('[{"dialect": "emgr", "mount": "/a", "source": "https://a/{path}/{path}"}]', "once"),
        ('[{"dialect": "emgr", "mount": "/a", "source": "https://a/x#{path}"}]', "fragment"),
        ('[{"dialect": "emgr", "mount": "/a", "source": "https://a/x?y"}]', "query"),
        ('[{"dialect": "emgr", "mount": "/a", "default_scheme": "ftp"}]', "default_scheme"),
        ('[{"dialect": "emgr", "fallback": "../a"}]', "entry 1: "),
        ('[{"dialect": "emgr", "fallback_status": 302}]', "entry 1: fallback_status"),
        ('[{"dialect": "emgr", "keys": "short"}]', "entry 1: signing key 1 must have at least 16 bytes"),
        ('[{"dialect": "emgr", "options": {"x": 1}}]', "entry 1: options has no field x"),
        ('[{"dialect": "emgr", "options": {"cdn_base_url": "x"}}]', "entry 1: options.cdn_base_url"),
        (
            '[{"dialect": "ipx", "mount": "/a", "options": {"maxAge": "1 year"}}]',
            "entry 1: options.maxAge=1 year is no duration",
        ),
        (
            '[{"dialect": "ipx", "mount": "/a", "options": {"maxAge": "250ms"}}]',
            "entry 1: options maxAge must be a whole number",
        ),
        ('[{"dialect": "emgr", "hosts": "a"}]', "entry 1: has no field hosts; did you mean host?"),
        ('[{"dialect": 3}]', "entry 1: dialect must be a text in double quotes"),
        ('[{"host": "a.example"}]', "entry 1: needs the field dialect"),
        ('["emgr"]', "entry 1: must be an object in { }"),
        ("[{'dialect': 'emgr'}]", "is no JSON: it has no double quotes, which a shell removes"),
        ('[{"dialect": "emgr"', "is no JSON: it ends too early"),
        ('[{"dialect": "emgr",}]', "is no JSON: it cannot be read from line 1, column 21 on"),
        ('[{"dialect": "native"}]', "needs a host or a mount"),
        ('[{"dialect": "emgr"}, {"dialect": "emgr"}]', "entry 2: emgr is mounted there already"),
    ],
)
def test_a_bad_entry_is_named(text: str, named: str) -> None:
    with pytest.raises(ValueError, match=r"entry|must") as error:
        parse_mounts(text)
    assert named in str(error.value)


def test_templates_match_raw_paths() -> None:
    match = template_matcher((UrlRoute("/a"), UrlRoute("/files/{key}/x.jpg")))
    assert match(b"/a") == UrlRoute("/a")
    assert match(b"/files/1%2F2/x.jpg") == UrlRoute("/files/{key}/x.jpg")
    assert match(b"/files//x.jpg") is None
    assert match(b"/files/1/2/x.jpg") is None


def test_a_template_can_end_in_any_number_of_segments() -> None:
    match = template_matcher((UrlRoute("/{kind}/to/{+path}"),))
    for path in (b"/a/to/b", b"/a/to/b/c%2Fd", b"/a/to//", b"/a/to/b\nc"):
        assert match(path) == UrlRoute("/{kind}/to/{+path}"), path
    for path in (b"/a/to/", b"/a/b/to/c", b"/to/c"):
        assert match(path) is None, path
    with pytest.raises(ValueError, match="nothing follows"):
        template_matcher((UrlRoute("/{+path}/x"),))


@pytest.mark.parametrize(("text", "seconds"), [("12h", 43_200), ("1h30m", 5_400), (60, 60)])
def test_options_that_are_durations_are_numbers_or_texts(text: object, seconds: int) -> None:
    [entry] = parse_mounts(json.dumps([{"dialect": "ipx", "mount": "/a", "options": {"maxAge": text}}]))
    assert json.loads(bytes(entry.options))["maxAge"] == seconds
