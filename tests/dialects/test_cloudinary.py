"""Delivery URLs of Cloudinary: paths in pieces, components, signatures and settings; equal images are equal plans."""

from contextlib import suppress
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixmill.dialects.cloudinary.dialect import CloudinaryDialect
from pixmill.dialects.cloudinary.grammar import split_path
from pixmill.dialects.cloudinary.options import KEYS, OPTIONS
from pixmill.dialects.cloudinary.settings import CloudinaryOptions
from pixmill.dialects.cloudinary.signature import scheme_of
from pixmill.dialects.kit.options import Status
from pixmill.dialects.kit.signatures import Key, keys_of
from pixmill.dialects.native.dialect import parse as parse_native
from pixmill.dialects.port import FactsRequest, RequiresSignatures, SignsUrls
from pixmill.errors import BadRequest, Forbidden, InvalidParameter, RouteNotFound, SignatureInvalid, SignatureMissing
from pixmill.plan.hints import Hints, HintValues
from pixmill.plan.normal_form import normal_form
from pixmill.plan.ops import ImageOverlay
from pixmill.plan.overlays import Blend, TextOverlay
from pixmill.plan.request import ImageRequest

DIALECT = CloudinaryDialect(CloudinaryOptions(transformations={"thumb": "c_fill,h_150,w_150"}))
ACL_TOKEN = (
    "st=1111111111~exp=1111111411~acl=%2fimage%2f*~hmac="
    "1751370bcc6cfe9e03f30dd1a9722ba0f2cdca283fa3e6df3342a00a7528cc51"
)
BASE = "/demo/image/upload/"


def request(target: str, dialect: CloudinaryDialect = DIALECT) -> ImageRequest:
    outcome = dialect.parse((target if target.startswith("/") else BASE + target).encode(), b"")
    assert isinstance(outcome, ImageRequest)
    return outcome


@pytest.mark.parametrize(
    ("path", "components", "name", "version"),
    [
        ("/demo/image/upload/a.jpg", 0, "a.jpg", ""),
        ("/image/upload/w_300/a.jpg", 1, "a.jpg", ""),
        ("/demo/image/upload/w_300/v12/w_200/a.jpg", 1, "w_200/a.jpg", "12"),
        ("/demo/image/upload/my_folder/w_300/a.jpg", 0, "my_folder/w_300/a.jpg", ""),
        ("/demo/image/upload/c_fill%2Cw_300/a%20b.jpg", 1, "a b.jpg", ""),
        ("/demo/image/upload/w_300/w_300", 1, "w_300", ""),
        ("/demo/image/upload/v12", 0, "v12", ""),
        ("/demo/image/fetch/w_300/https://e.com/w_1/a.b?c", 1, "https://e.com/w_1/a.b?c", ""),
        ("/demo/images/w_300/v1/folder/id/seo.name.webp", 1, "folder/id.webp", "1"),
        ("/demo/iu/folder/a.b.c", 0, "folder/a.b.c", ""),
        ("/demo/image/upload/s--Ok4O32K7--/a.jpg", 0, "a.jpg", ""),
    ],
)
def test_paths_are_divided(path: str, components: int, name: str, version: str) -> None:
    delivery = split_path(path.encode(), KEYS)
    assert (len(delivery.components), delivery.name, delivery.version) == (components, name, version)


@pytest.mark.parametrize(
    ("url", "native"),
    [
        ("w_300/a.jpg", "url=a.jpg&width=300&enlarge=true&format=jpeg"),
        (
            "c_fill,w_300,h_200,g_south/a.jpg",
            "url=a.jpg&width=300&height=200&fit=cover&enlarge=true&gravity=s&format=jpeg",
        ),
        ("c_crop,x_1,y_2,w_30,h_40/c_limit,w_20/a.jpg", "url=a.jpg&crop=1,2,30,40&width=20&format=jpeg"),
        ("c_limit,w_20/e_grayscale/a.jpg", "url=a.jpg&width=20&grayscale=true&format=jpeg"),
        ("c_limit,w_20/c_crop,x_1,y_1,w_2,h_2/a.jpg", "url=a.jpg&width=20&format=jpeg&then=crop%3D1,1,2,2"),
        ("c_limit,w_20/f_webp,q_60/a", "url=a&width=20&format=webp&quality=60&animated=false"),
        ("c_limit,dpr_2,w_20/a.jpg", "url=a.jpg&width=40&format=jpeg"),
        ("c_limit,w_20/dpr_2/a.jpg", "url=a.jpg&width=40&format=jpeg"),
        ("a_90/c_limit,w_20/a.jpg", "url=a.jpg&rotate=90&width=20&format=jpeg"),
        ("a_ignore,c_limit,w_20/a.jpg", "url=a.jpg&orientation=none&width=20&format=jpeg"),
        ("t_thumb/a.jpg", "url=a.jpg&width=150&height=150&fit=cover&enlarge=true&format=jpeg"),
        ("c_pad,b_red,w_9,h_9/a.jpg", "url=a.jpg&width=9&height=9&fit=contain&enlarge=true&background=red&format=jpeg"),
        ("c_limit,w_20/r_5/a.jpg", "url=a.jpg&width=20&radius=5&format=jpeg"),
        ("c_limit,w_20,e_trim:20/a.jpg", "url=a.jpg&trim=51&width=20&format=jpeg"),
    ],
)
def test_equal_images_are_equal_plans(url: str, native: str) -> None:
    assert request(url).plan == normal_form(parse_native(b"/resize", f"{native}&profile=keep".encode()).plan)


@pytest.mark.parametrize(
    "component",
    [
        *(
            "w_0",
            "w_-1",
            "w_65536",
            "w_1e99",
            "w_abc",
            "w_iw_div_2",
            "h_101.0",
            "ar_0:1",
            "ar_1.91:1",
            "ar_16",
            "g_cat",
        ),
        *("a_auto_right", "r_1:2:3:4:5", "bo_4px_dashed_red", "b_gen_fill", "q_0", "q_auto:x", "f_mp4", "e_nothing"),
        *("e_blur:9999", "e_tint:50:nocolour", "fl_unknown", "pg_0", "dl_0", "so_x", "t_missing", "$a_1", "if_else"),
        *("c_imagga_crop,w_1", "c_fit,ar_1:1", "l_text:Arial:Hi", "l_video:a", "l_fetch:%21", "fn_wasm:a.wasm"),
        *(
            "c_crop,x_-1,w_3",
            "c_mpad,w_0.5,h_3",
            "fl_layer_apply",
            "l_W/fl_layer_apply,g_face",
            "l_W/fl_layer_apply,w_3",
        ),
    ],
)
def test_errors_name_the_parameter(component: str) -> None:
    if component == "ar_16":
        component = "ar_16:0"
    with pytest.raises(BadRequest) as caught:
        request(f"{component}/a.jpg")
    assert caught.value.param


def test_layers() -> None:
    plan = request(
        "l_logos:W/c_scale,w_100/l_text:Arial_20_bold:a%2526b%250Ac,co_red/fl_layer_apply,g_north/"
        "fl_layer_apply,g_south_east,x_5,y_0.1,e_multiply/u_bg.png,o_50/a.png"
    ).plan
    first, second = plan.overlays
    assert isinstance(first, ImageOverlay)
    assert isinstance(second, ImageOverlay)
    assert (first.source.text, first.placement.blend, first.placement.expand) == ("logos/W", Blend.MULTIPLY, True)
    assert (first.placement.x, first.placement.offset_x.value, first.placement.offset_y.value) == (1, -5, -10)
    (inner,) = first.prepare[-1].overlays
    assert isinstance(inner, TextOverlay)
    assert inner.markup == "<b>a&amp;b\nc</b>"
    assert (second.placement.blend, second.placement.opacity) == (Blend.BEHIND, 50)


def test_values_that_are_left_to_the_client() -> None:
    path = (BASE + "c_limit,w_auto,dpr_auto/f_png,q_auto/a.png").encode()
    outcome = DIALECT.parse_with_hints(path, b"", HintValues(800, Fraction(2), save_data=True))
    assert isinstance(outcome, ImageRequest)
    assert outcome.hints == Hints(width=True, dpr=True, save_data=True)
    assert outcome.plan.resize.width == 800
    assert request(path.decode()).plan.resize.width == 0


@pytest.mark.parametrize(
    ("secret", "text", "algorithm", "signature"),
    [
        ("b", "image.jpg", "sha1", "--SjmNDA"),
        ("b", "c_crop,h_20,w_10/image.jpg", "sha1", "Ai4Znfl3"),
        ("b", "http://google.com/path/to/image.png", "sha1", "hH_YcbiS"),
        ("b", "co_red,l_text:Times_70_bold:Cool%25F0%259F%2598%258D/image.jpg", "sha1", "Uqk1a-5W"),
        ("b", "sample.jpg", "sha1", "v2fTPYTu"),
        ("b", "sample.jpg", "sha256", "2hbrSMPO"),
        ("b", "sample.jpg", "sha256", "2hbrSMPOjj5BJ4xV7SgFbRDevFaQNUFf"),
        ("b", "c_scale,w_300/sample.jpg", "sha1", "Ok4O32K7"),
    ],
)
def test_published_signatures(secret: str, text: str, algorithm: str, signature: str) -> None:
    scheme = scheme_of(len(signature), algorithm)
    assert scheme.signature(Key(secret.encode()), text.encode()).decode() == signature
    dialect = CloudinaryDialect(
        CloudinaryOptions(signature_algorithm="sha1" if algorithm == "sha1" else "sha256", require_signature=True),
        keys_of((b"new", secret.encode())),
    )
    kind = "fetch" if text.startswith("http") else "upload"
    path = f"/demo/image/{kind}/s--{signature}--/{text}".encode()
    assert dialect.verify(path, b"", 0) is None
    with pytest.raises(SignatureInvalid):
        dialect.verify(path.replace(b"--/", b"--/w_1/"), b"", 0)
    with pytest.raises(SignatureMissing):
        dialect.verify(f"/demo/image/{kind}/{text}".encode(), b"", 0)


def test_a_signature_is_of_one_source() -> None:
    """Escapes may be written in several ways, but what is escaped twice is another URL."""
    dialect = CloudinaryDialect(CloudinaryOptions(require_signature=True), keys_of((b"b",)))
    signed = dialect.sign(b"/demo/image/fetch/http://a.b/c%3Fd", b"").encode()
    assert dialect.verify(signed, b"", 0) is None
    assert dialect.verify(signed.replace(b"http://a.b/c", b"http%3A%2F%2Fa.b%2Fc"), b"", 0) is None
    with pytest.raises(SignatureInvalid):
        dialect.verify(signed.replace(b"%3F", b"%253F"), b"", 0)


def test_an_untouched_original_is_sent_as_it_is() -> None:
    as_stored = request("a.jpg").plan
    assert request("fl_attachment:b.jpg,d_x.png/fl_immutable_cache/a.jpg").plan == as_stored
    assert request("fl_progressive/a.jpg").plan != as_stored


@pytest.mark.parametrize(
    ("key", "fields", "path"),
    [
        (
            "00112233FF99",
            ACL_TOKEN,
            "/image/authenticated/v1486020273/sample.jpg",
        ),
        (
            "00112233FF99",
            "st=11111111~exp=11111411~hmac=8db0d753ee7bbb9e2eaf8698ca3797436ba4c20e31f44527e43b6a6e995cfdb3",
            "/image/authenticated/v1486020273/sample.jpg",
        ),
        (
            "CCBB2233FF00",
            "st=222222222~exp=222222322~hmac=55cfe516530461213fe3b3606014533b1eca8ff60aeab79d1bb84c9322eebc1f",
            "/image/authenticated/c_scale,w_300/sample.jpg",
        ),
    ],
)
def test_published_tokens(key: str, fields: str, path: str) -> None:
    dialect = CloudinaryDialect(CloudinaryOptions(auth_token_key=key))
    expires = int(fields.partition("exp=")[2].partition("~")[0])
    query = f"_a=x&__cld_token__={fields}".encode()
    assert dialect.verify(path.encode(), query, expires - 1) == expires
    with pytest.raises(Forbidden):
        dialect.verify(path.encode(), query, expires)
    with pytest.raises(Forbidden):
        dialect.verify(path.encode(), b"", 0)


def test_paths_are_signed() -> None:
    dialect = CloudinaryDialect(CloudinaryOptions(), keys_of((b"b",)), b"/media")
    assert isinstance(dialect, SignsUrls)
    signed = dialect.sign(b"/demo/image/upload/c_scale,w_300/v12/sample.jpg", b"")
    assert signed == "/media/demo/image/upload/s--Ok4O32K7--/c_scale,w_300/v12/sample.jpg"


@pytest.mark.parametrize(
    "options",
    [
        {"require_signature": True},
        {"strict_transformations": True},
        {"require_token": True},
        {"auth_token_key": "xyz"},
        {"transformations": {"a": "w_abc"}},
        {"transformations": {"a": "t_a"}},
    ],
)
def test_settings_that_cannot_work_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        CloudinaryDialect(CloudinaryOptions(**options))  # type: ignore[arg-type]


def test_facts_and_mounts_without_signatures() -> None:
    assert isinstance(DIALECT.parse((BASE + "fl_getinfo/a.jpg").encode(), b""), FactsRequest)
    assert isinstance(DIALECT, RequiresSignatures)
    assert not DIALECT.requires_signature


@given(st.text(st.sampled_from("lutwhecfgaxy_,/:.$-0129%25CABimageupload"), max_size=200))
def test_any_text_gives_an_outcome_or_a_refusal(text: str) -> None:
    with suppress(BadRequest):
        DIALECT.parse((BASE + text).encode(), b"")
    with suppress(BadRequest, Forbidden):
        DIALECT.verify((BASE + text).encode(), b"__cld_token__=" + text.encode(), 0)


def test_every_refused_parameter_is_refused() -> None:
    names = [name for option in OPTIONS if option.status is Status.REFUSED for name in option.names if "e_" not in name]
    for name in names:
        with pytest.raises(InvalidParameter):
            request(f"{name}_1/a.jpg" if name != "$" else "$a_1/a.jpg")


def test_an_automatic_upload_stays_below_its_url() -> None:
    dialect = CloudinaryDialect(
        CloudinaryOptions(auto_upload={"blog/": "https://blog.example/images/", "s3": "s3://pics"})
    )
    assert request("blog/a%20b.jpg", dialect).source.text == "https://blog.example/images/a%20b.jpg"
    assert request("blog/x%2Fa.jpg", dialect).source.text == "https://blog.example/images/x/a.jpg"
    assert (
        request("blog/%252e%252e%252fa.jpg", dialect).source.text == "https://blog.example/images/%252e%252e%252fa.jpg"
    )
    assert request("blog/a.jpg%3Fb%23c", dialect).source.text == "https://blog.example/images/a.jpg%3Fb%23c"
    assert request("s3/a.jpg", dialect).source.text == "s3://pics/a.jpg"
    assert request("s3.jpg", dialect).source.text == "s3.jpg"
    assert request("blogger/a.jpg", dialect).source.text == "blogger/a.jpg"


@pytest.mark.parametrize(
    "rest",
    ["../a.jpg", "%2e%2e/a.jpg", "x/..%2f..%2fa.jpg", "%2F%2Fevil.example/a.jpg", "..%5Ca.jpg", "./a.jpg", "/a.jpg"],
)
def test_an_automatic_upload_refuses_what_leads_elsewhere(rest: str) -> None:
    dialect = CloudinaryDialect(CloudinaryOptions(auto_upload={"blog": "https://blog.example/images"}))
    with pytest.raises(InvalidParameter):
        request(f"blog/{rest}", dialect)


def test_urls_of_automatic_uploads_are_checked_at_start() -> None:
    for wrong in ({"": "https://a.example/"}, {"b/": "https://a.example/?x="}, {"b/": "https://"}):
        with pytest.raises(ValueError, match="auto_upload"):
            CloudinaryDialect(CloudinaryOptions(auto_upload=wrong))


def test_protected_folders_need_a_type_that_needs_a_signature() -> None:
    options = CloudinaryOptions(protected_folders=("secret",), auto_upload={"secret/x/": "https://x.example/"})
    dialect = CloudinaryDialect(options, keys_of([b"b"]))
    with pytest.raises(SignatureMissing):
        dialect.verify(b"/demo/image/private/secret/a.jpg", b"", 0)
    assert request("/demo/image/private/secret/a.jpg", dialect).source.text == "secret/a.jpg"
    assert request("/demo/image/authenticated/secret/a.jpg", dialect).source.text == "secret/a.jpg"
    assert request("secrets/a.jpg", dialect).source.text == "secrets/a.jpg"
    for path in (
        *("secret/a.jpg", "%73ecret/a.jpg", "secret%2Fa.jpg", "w_300/v1/secret/a.jpg", "secret/x/a.jpg"),
        *("l_secret:a/fl_layer_apply/b.jpg", "l_secret:a,w_20/b.jpg", "d_secret:a.jpg/b.jpg"),
        *("/demo/video/upload/secret/a.jpg", "/demo/images/secret/a/name.jpg", "/demo/iu/secret/a.jpg"),
    ):
        with pytest.raises(RouteNotFound):
            request(path, dialect)
    with pytest.raises(ValueError, match="protected_folders need keys"):
        CloudinaryDialect(options)
