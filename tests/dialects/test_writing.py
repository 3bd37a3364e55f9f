"""Requests written in other grammars: which can be said, what their URLs are, and that they mean the same."""

import json
from collections.abc import Iterator
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixmill.dialects.catalogue import Service, services_of
from pixmill.dialects.factory import DIALECTS, NATIVE, ServerDefaults, ad_hoc_registry, build_registry, parse_mounts
from pixmill.dialects.native.dialect import parse as parse_native
from pixmill.dialects.port import ImageRedirect, ImmutableImage, WritesUrls
from pixmill.dialects.registry import DialectRegistry
from pixmill.dialects.writing import DialectUrl, named_request, write, write_as, write_everywhere
from pixmill.errors import BadRequest
from pixmill.plan.geometry import resolve_all
from pixmill.plan.lengths import Size
from pixmill.plan.limits import DEFAULT_LIMITS
from pixmill.plan.ops import Plan
from pixmill.plan.request import ImageRequest

NAMES: Final = [service.name for service in services_of(DIALECTS)]
UUID: Final = "a0b1c2d3-0000-4000-8000-123456789abc"
SOURCES: Final = {
    "photon": "http://example.com/a.jpg",
    "storyblok": "f/1/a.jpg",
    "supabase": "photos/a.jpg",
    "appwrite": "BUCKET/FILE",
    "hygraph": "ENVIRONMENT/HANDLE",
    "scene7": "COMPANY/a",
    "uploadcare": UUID,
    "directus": UUID,
    "wagtail": "1",
}
"""Originals that have a name in the grammar; ``a.jpg`` for all others."""


def native(query: str, source: str = "a.jpg") -> ImageRequest:
    request = parse_native(b"/resize", f"url={source}&{query}".encode())
    assert isinstance(request, ImageRequest)
    return request


def written(name: str, query: str) -> DialectUrl:
    return write_as(name, native(query, SOURCES.get(name, "a.jpg")))


REQUESTS: Final = {
    "width": "width=640",
    "height": "height=200",
    "enlarged": "width=640&enlarge=true",
    "box": "width=640&height=200",
    "cover": "width=640&height=200&fit=cover&enlarge=true",
    "cover_within": "width=640&height=200&fit=cover",
    "north": "width=640&height=200&fit=cover&gravity=north&enlarge=true",
    "southeast": "width=640&height=200&fit=cover&gravity=southeast&enlarge=true",
    "point": "width=640&height=200&fit=cover&gravity=fp:0.25,0.75&enlarge=true",
    "smart": "width=640&height=200&fit=cover&gravity=smart&enlarge=true",
    "contain": "width=640&height=200&fit=contain&background=ff0000",
    "fill": "width=640&height=200&fit=fill&enlarge=true",
    "dpr": "width=320&dpr=2",
    "webp": "width=640&format=webp",
    "jpeg": "width=640&format=jpeg",
    "quality": "width=640&quality=50",
    "rotate": "width=640&rotate=90",
    "flip": "width=640&flip=h",
    "crop": "crop=10,20,200,100&width=100",
    "blur": "width=640&blur=5",
    "sharpen": "width=640&sharpen=1",
    "grayscale": "width=640&grayscale=true",
    "brightness": "width=640&brightness=20",
    "contrast": "width=640&contrast=20",
    "saturation": "width=640&saturation=20",
    "background": "width=640&background=ff0000",
}

UNSAID: Final[dict[str, str]] = {
    "imgproxy": "sharpen",
    "supabase": "enlarged cover north southeast point smart contain fill jpeg rotate flip crop blur sharpen grayscale "
    "brightness contrast saturation background",
    "nextjs": "height enlarged box cover cover_within north southeast point smart contain fill webp jpeg quality "
    "rotate flip crop blur sharpen grayscale brightness contrast saturation background",
    "vercel": "height enlarged box cover cover_within north southeast point smart contain fill webp jpeg rotate "
    "flip crop blur sharpen grayscale brightness contrast saturation background",
    "amplify": "height enlarged box cover cover_within north southeast point smart contain fill webp jpeg rotate "
    "flip crop blur sharpen grayscale brightness contrast saturation background",
    "netlify": "enlarged cover north southeast point smart contain fill rotate flip crop blur sharpen grayscale "
    "brightness contrast saturation background",
    "ipx": "point blur sharpen brightness contrast saturation",
    "thumbor": "point sharpen contrast saturation",
    "imagor": "blur sharpen saturation",
    "storyblok": "point sharpen contrast saturation",
    "aws": "point sharpen contrast saturation",
    "iiif": "cover cover_within north southeast point smart contain quality blur sharpen brightness contrast "
    "saturation background",
    "cloudflare": "brightness",
    "imagedelivery": "brightness",
    "imgix": "",
    "prismic": "",
    "sanity": "contain rotate brightness contrast",
    "gumlet": "",
    "kontent": "contain rotate flip blur sharpen grayscale brightness contrast saturation",
    "weserv": "blur sharpen saturation",
    "photon": "smart fill jpeg rotate flip blur sharpen contrast saturation background",
    "tachyon": "enlarged cover north southeast point smart fill jpeg rotate flip blur sharpen grayscale brightness "
    "contrast saturation background",
    "cloudinary": "point background",
    "imagekit": "point brightness contrast saturation",
    "bunny": "point smart contain fill background",
    "fastly": "point rotate flip",
    "contentstack": "point rotate flip",
    "keycdn": "rotate blur sharpen brightness contrast saturation",
    "directus": "north southeast point smart contain rotate flip crop blur sharpen grayscale brightness contrast "
    "saturation background",
    "glide": "smart blur sharpen contrast saturation",
    "shopify": "enlarged cover north southeast point smart fill rotate flip blur sharpen grayscale brightness "
    "contrast saturation background",
    "uploadcare": "point contain quality crop contrast",
    "contentful": "enlarged point smart rotate flip crop blur sharpen grayscale brightness contrast saturation",
    "hygraph": "point smart contain brightness contrast saturation background",
    "imaginary": "southeast point crop blur sharpen brightness contrast saturation background",
    "riapi": "point smart sharpen saturation",
    "imagesharp": "smart rotate flip crop blur sharpen grayscale brightness contrast saturation",
    "sirv": "point smart crop background",
    "akamai": "point contain quality",
    "wagtail": "enlarged cover north southeast point smart contain fill rotate flip crop blur sharpen grayscale "
    "brightness contrast saturation",
    "aliyun": "north southeast point smart flip grayscale saturation background",
    "obs": "north southeast point smart flip grayscale saturation background",
    "bos": "north southeast point smart flip grayscale saturation background",
    "cos": "point smart saturation background",
    "qiniu": "point smart saturation background",
    "twicpics": "blur sharpen brightness contrast saturation",
    "imageengine": "enlarged cover north southeast point smart contain fill flip blur grayscale brightness contrast "
    "saturation background",
    "scene7": "cover_within point smart",
    "appwrite": "box point smart contain fill flip crop blur sharpen grayscale brightness contrast saturation",
    "cloudimage": "point sharpen saturation",
    "emgr": "box north southeast point smart contain fill webp quality rotate flip crop sharpen brightness "
    "contrast saturation background",
}
"""What the grammar of a service cannot say, of ``REQUESTS``: if it grows, something was lost."""


@pytest.mark.parametrize("name", UNSAID)
def test_simple_requests_are_said(name: str) -> None:
    unsaid = {request for request, query in REQUESTS.items() if written(name, query).url is None}
    assert unsaid == set(UNSAID[name].split())


def test_every_dialect_that_writes_is_in_the_table() -> None:
    writing = {name for name in NAMES if isinstance(ad_hoc_registry(name).mounted[0].dialect, WritesUrls)}
    assert writing == set(UNSAID)


URLS: Final = [
    ("imgproxy", "width=300", "/unsafe/rs:fit:300:0/plain/a.jpg"),
    ("imgproxy", "width=300&height=200&fit=contain", "/unsafe/rs:fit:300:200:0:1/bg:ffffff/plain/a.jpg"),
    ("imgproxy", "width=300&format=webp&quality=50", "/unsafe/rs:fit:300:0/q:50/plain/a.jpg@webp"),
    ("imgproxy", "width=300&contrast=20", "/unsafe/rs:fit:300:0/co:1.49423077/plain/a.jpg"),
    ("imgproxy", "crop=10,20,200,100", "/unsafe/c:200:100:nowe:10:20/plain/a.jpg"),
    ("thumbor", "width=300", "/unsafe/fit-in/300x0/a.jpg"),
    ("thumbor", "width=300&enlarge=true", "/unsafe/300x0/a.jpg"),
    ("thumbor", "width=300&height=200&fit=cover&gravity=smart&enlarge=true", "/unsafe/300x200/smart/a.jpg"),
    ("thumbor", "width=300&rotate=90", "/unsafe/fit-in/0x300/filters:rotate(270)/a.jpg"),
    ("imagor", "width=300&height=200&fit=cover&gravity=north&enlarge=true", "/unsafe/300x200/center/top/a.jpg"),
    ("storyblok", "width=300&format=webp", "/f/1/a.jpg/m/fit-in/300x0/filters:format(webp)"),
    ("ipx", "width=300&height=200&fit=cover&format=webp", "/_ipx/s_300x200,f_webp/a.jpg"),
    ("iiif", "width=300&flip=v&grayscale=true&format=png", "/iiif/3/a.jpg/full/300,/!180/gray.png"),
    ("iiif", "crop=pct:10,10,50,50&height=200&enlarge=true", "/iiif/3/a.jpg/pct:10,10,50,50/^,200/0/default.jpg"),
    ("cloudflare", "width=300", "/cdn-cgi/image/width=300,format=auto/a.jpg"),
    ("cloudflare", "width=300&format=original", "/cdn-cgi/image/width=300/a.jpg"),
    ("imagedelivery", "width=300", "/ACCOUNT/a.jpg/width=300,format=auto"),
    ("imgix", "width=300&height=200&fit=cover&enlarge=true", "/a.jpg?w=300&h=200&fit=crop&auto=format"),
    ("imgix", "width=300&padding=10&format=jpeg", "/a.jpg?w=320&fit=max&bg=ffffff&pad=10&fm=jpg"),
    ("gumlet", "width=300&blur=5", "/a.jpg?w=300&blur=5&auto=format"),
    ("weserv", "width=300&height=200&fit=cover&gravity=fp:0.5,0.2&enlarge=true",
     "/?url=/a.jpg&w=300&h=200&fit=cover&a=focal&fpx=0.5&fpy=0.2"),
    ("cloudinary", "width=300", "/CLOUD/image/upload/c_limit,w_300/f_auto/a.jpg"),
    ("cloudinary", "crop=10,20,200,100&width=100&blur=5&format=webp",
     "/CLOUD/image/upload/c_crop,x_10,y_20,w_200,h_100/c_limit,w_100/e_blur:100/f_webp/a.jpg"),
    ("nextjs", "width=640", "/_next/image?url=/a.jpg&w=640&q=75"),
    ("netlify", "width=300&height=200&fit=cover&gravity=north",
     "/.netlify/images?url=/a.jpg&w=300&h=200&fit=cover&position=top"),
    ("supabase", "width=300&height=200", "/storage/v1/render/image/public/photos/a.jpg?width=300&height=200&resize=contain"),
    ("aws", "width=300&height=200&fit=cover&enlarge=true&format=webp", "/300x200/filters:format(webp)/a.jpg"),
    ("photon", "width=300&height=200&fit=cover&enlarge=true", "/example.com/a.jpg?resize=300,200"),
    ("tachyon", "width=300&height=200&fit=cover&gravity=north", "/a.jpg?resize=300,200&gravity=north"),
    ("imagekit", "width=300&height=200&fit=cover&enlarge=true&gravity=face", "/tr:w-300,h-200,fo-face/a.jpg"),
    ("imagekit", "rotate=90&width=300", "/tr:rt-90:w-300,c-at_max/a.jpg"),
    ("bunny", "width=300&height=200&fit=cover", "/a.jpg?aspect_ratio=3:2&width=300&height=200"),
    ("fastly", "width=300&height=200&fit=contain",
     "/a.jpg?width=300&height=200&fit=bounds&canvas=300,200&bg-color=ffffff&auto=avif,webp"),
    ("contentstack", "width=300&format=original", "/a.jpg?width=300&disable=upscale"),
    ("keycdn", "width=300&height=200&fit=cover&enlarge=true&format=webp", "/a.jpg?width=300&height=200&enlarge=1&format=webp"),
    ("directus", "width=300&format=webp", f"/assets/{UUID}?width=300&withoutEnlargement=true&format=webp"),
    ("glide", "width=300&height=200&fit=cover&enlarge=true&gravity=fp:0.25,0.75", "/a.jpg?w=300&h=200&fit=crop-25-75"),
    ("shopify", "width=300&height=200&fit=cover&gravity=north&v=7", "/a.jpg?v=7&width=300&height=200&crop=top"),
    ("uploadcare", "width=300&height=200&fit=cover&enlarge=true", f"/{UUID}/-/scale_crop/300x200/center/"),
    ("contentful", "width=300&height=200&fit=contain&background=ff0000", "/a.jpg?w=300&h=200&fit=pad&bg=rgb:ff0000"),
    ("hygraph", "width=300&height=200&fit=cover&enlarge=true&format=webp",
     "/ENVIRONMENT/resize=width:300,height:200,fit:crop/output=format:webp/HANDLE"),
    ("imaginary", "width=300&height=200&fit=cover&gravity=north&enlarge=true",
     "/crop?file=a.jpg&width=300&height=200&gravity=north"),
    ("riapi", "width=300&height=200&fit=cover&enlarge=true&format=webp",
     "/a.jpg?width=300&height=200&mode=crop&scale=both&format=webp"),
    ("imagesharp", "width=300&height=200&fit=cover&gravity=northwest&enlarge=true",
     "/a.jpg?width=300&height=200&rmode=crop&ranchor=topleft"),
    ("sirv", "width=300&height=200&fit=cover&enlarge=true",
     "/a.jpg?w=300&h=200&scale.option=fill&cw=300&ch=200&cx=center&cy=center"),
    ("akamai", "width=300&blur=5", "/a.jpg?im=Resize,width=300,type=downsize;Blur=5"),
    ("wagtail", "width=300&height=200&fit=cover&format=webp", "/images/unsafe/1/fill-300x200%7Cformat-webp/"),
    ("aliyun", "width=300&height=200&fit=cover&enlarge=true", "/a.jpg?x-oss-process=image/resize,m_fill,w_300,h_200,limit_0"),
    ("obs", "crop=10,20,200,100", "/a.jpg?x-image-process=image/crop,x_10,y_20,w_200,h_100"),
    ("cos", "width=300&height=200&fit=cover&enlarge=true",
     "/a.jpg?imageMogr2/thumbnail/!300x200r/gravity/center/crop/300x200"),
    ("qiniu", "width=300&format=webp", "/a.jpg?imageMogr2/thumbnail/300x%3E/format/webp"),
    ("twicpics", "width=300&height=200&fit=cover&enlarge=true&gravity=smart", "/a.jpg?twic=v1/focus=auto/cover=300x200"),
    ("imageengine", "width=300&height=200&fit=cover&quality=60", "/a.jpg?imgeng=/w_300/h_200/m_cropbox/cmpr_40"),
    ("scene7", "width=300&height=200&format=jpeg", "/is/image/COMPANY/a?wid=300&hei=200&fit=constrain,0&fmt=jpeg"),
    ("appwrite", "width=300&height=200&fit=cover&enlarge=true",
     "/v1/storage/buckets/BUCKET/files/FILE/preview?width=300&height=200"),
    ("cloudimage", "width=300&height=200", "/v7/a.jpg?w=300&h=200&func=bound&org_if_sml=1"),
    ("emgr", "width=300&enlarge=true&format=png", "/api/images/resize?url=/a.jpg&width=300&format=png"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "query", "url"), URLS)
def test_urls_are_those_that_people_write(name: str, query: str, url: str) -> None:
    assert written(name, query).url == url


@pytest.mark.parametrize(
    ("name", "query", "reason"),
    [
        ("imgproxy", "width=300&vignette=50", "vignette has no equivalent"),
        ("imgproxy", "width=300&metadata=keep", "metadata would be all"),
        ("thumbor", "width=300&contrast=20", "contrast rounds differently"),
        ("iiif", "width=300&blur=2", "blur has no equivalent"),
        ("imgix", "width=300&overlay=text:a", "overlay has no equivalent"),
        ("imgix", "width=300&gamma=1.5", "gamma rounds differently"),
        ("weserv", "width=300&filename=b.jpg", "filename has no equivalent"),
        ("cloudflare", "width=300&tags=a", "tags has no equivalent"),
        ("cloudflare", "width=300&v=2", "v has no equivalent"),
        ("thumbor", "width=300&max_age=60", "max_age has no equivalent"),
        ("imgix", "width=300&fallback=b.jpg", "fallback has no equivalent"),
        ("imgix", "width=300&then=rotate=90%26width=20", "then has no equivalent"),
    ],
)
def test_the_first_thing_that_cannot_be_said_is_named(name: str, query: str, reason: str) -> None:
    assert written(name, query) == (name, None, reason)


def test_what_a_service_decides_itself_is_named() -> None:
    assert written("imgix", "width=300").reason == "by its own defaults: quality"
    assert written("imgix", "width=300&format=jpeg&quality=60").reason == ""
    assert "small originals" in written("iiif", "width=300&format=jpeg").reason
    assert "small originals" not in written("iiif", "width=300&format=jpeg&enlarge=true").reason


def registry_of(*entries: dict[str, object]) -> DialectRegistry:
    return build_registry(parse_mounts(json.dumps(entries)), ServerDefaults(allows_unsigned=True))


KEY: Final = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("name", "query", "remark"),
    [
        ("thumbor", "width=300&grayscale=true", "shades of grey"),
        ("cloudflare", "width=300&grayscale=true", "shades of grey"),
        ("imgproxy", "width=300&crop=500,300,300,200", "crops beyond the image"),
        ("ipx", "width=300&crop=500,300,300,200", "crops beyond the image"),
    ],
)
def test_pixels_that_differ_by_the_rules_of_the_service_are_remarked(name: str, query: str, remark: str) -> None:
    offered = written(name, query)
    assert offered.url is not None
    assert remark in offered.reason


def test_grey_by_the_same_weights_needs_no_remark() -> None:
    assert "grey" not in written("cloudflare", "width=300&saturation=-100").reason


def test_mounts_are_written_with_their_place_and_their_base() -> None:
    registry = registry_of(
        {"dialect": "imgix", "host": "img.example.com", "source": "https://photos.example.com/a b"},
        {"dialect": "thumbor", "mount": "/t", "keys": "", "source": "s3://photos/2026"},
        {"dialect": "ipx", "mount": "/x"},
    )
    below = write(registry, native("width=300", "https://photos.example.com/a%2520b/c%2520d.jpg"))
    assert below[0] == (
        "imgix",
        "//img.example.com/c%20d.jpg?w=300&fit=max&auto=format",
        "by its own defaults: quality",
    )
    assert below[1].url == "/t/unsafe/fit-in/300x0/https://photos.example.com/a%2520b/c%2520d.jpg"
    stored = write(registry, native("width=300", "s3://photos/2026/d.jpg"))
    assert [one.url for one in stored[1:]] == ["/t/unsafe/fit-in/300x0/d.jpg", None]
    assert write(registry, native("width=300"))[2].url == "/x/_ipx/w_300,f_auto/a.jpg"


def test_a_source_outside_of_a_base_has_no_name() -> None:
    registry = registry_of({"dialect": "imgix", "mount": "/i", "keys": "", "source": "photos"})
    assert write(registry, native("width=300", "photos/a.jpg"))[0].url == "/i/a.jpg?w=300&fit=max&auto=format"
    assert write(registry, native("width=300", "other/a.jpg"))[0] == ("imgix", None, "source has no equivalent")


def test_urls_are_signed_if_that_is_asked_for() -> None:
    registry = registry_of({"dialect": "imgproxy", "mount": "/p", "keys": KEY}, {"dialect": "iiif", "mount": "/iiif"})
    unsigned, signed = (write(registry, native("width=300"), sign=sign)[::-1] for sign in (False, True))
    assert unsigned[1] == signed[1]
    assert unsigned[0].url == "/p/unsafe/rs:fit:300:0/plain/a.jpg"
    url = signed[0].url
    assert url is not None
    assert url != unsigned[0].url
    match = registry.require(b"", url.encode())
    assert match.mounted.dialect.verify(match.path, b"", 0.0) is None


def test_a_mount_that_another_one_hides_is_not_written() -> None:
    registry = registry_of(
        {"dialect": "thumbor", "host": "a.test", "keys": ""}, {"dialect": "imagor", "host": "a.test"}
    )
    assert [one.url is None for one in write(registry, native("width=300"))] == [False, True]


def test_native_mounts_are_left_out_and_uploads_have_no_url() -> None:
    assert write(registry_of(), native("width=300")) == []
    upload = parse_native(b"/resize", b"width=300", upload=True)
    assert isinstance(upload, ImageRequest)
    assert write_as("imgix", upload) == ("imgix", None, "an upload has no URL")
    assert write_as(NATIVE, native("width=300")).url == "/resize?url=a.jpg&width=300"
    assert [one.name for one in write_everywhere(native("width=300"))] == NAMES


@pytest.mark.parametrize(
    ("name", "url", "other", "translated"),
    [
        ("thumbor", "/unsafe/300x200/smart/filters:quality(60)/a.jpg", "imgix",
         "/a.jpg?w=300&h=200&fit=crop&crop=edges&q=60&auto=format"),
        ("imgix", "/a.jpg?w=300&h=200&fit=crop&crop=top", "thumbor", "/unsafe/300x200/center/top/a.jpg"),
        ("imgproxy", "/unsafe/rs:fill:300:200:1/g:no/plain/a.jpg@webp", "cloudinary",
         "/CLOUD/image/upload/c_fill,w_300,h_200,g_north/f_webp/a.jpg"),
        ("cloudinary", "/demo/image/upload/c_fill,w_300,h_200/e_grayscale/f_auto/a.jpg", "imgproxy",
         "/unsafe/rs:fill:300:200:1/mc:1:ffffff/plain/a.jpg"),
        ("ipx", "/_ipx/s_300x200,f_webp/a.jpg", "cloudflare",
         "/cdn-cgi/image/width=300,height=200,fit=aspect-crop,format=webp/a.jpg"),
        ("weserv", "/?url=/a.jpg&w=300&output=webp", "iiif", "/iiif/3/a.jpg/full/^300,/0/default.webp"),
    ],
)  # fmt: skip
def test_a_url_of_one_service_is_translated_to_another(name: str, url: str, other: str, translated: str) -> None:
    path, _, query = url.partition("?")
    match = ad_hoc_registry(name).require(b"localhost", path.encode())
    outcome = match.parse(query.encode())
    assert isinstance(outcome, ImageRequest)
    assert write_as(other, named_request(match, outcome)).url == translated


@pytest.mark.parametrize("service", services_of(DIALECTS), ids=lambda service: service.name)
def test_the_example_of_each_service_is_translated_or_has_a_reason(service: Service) -> None:
    path, _, query = service.example.replace("UUID", UUID).replace("SIGNATURE", "unsafe").partition("?")
    match = ad_hoc_registry(service.name).require(b"localhost", path.encode())
    try:
        outcome = match.parse(query.encode())
    except BadRequest:
        return  # its originals are in lists of an entry
    if isinstance(outcome, ImageRequest):
        request = named_request(match, outcome)
        for one in (write_as(name, request) for name in ("native", "imgproxy", "cloudinary", service.name)):
            assert one.url or one.reason


# ---------------------------------------------------------------- any request

ORIGINALS: Final = (Size(6_000, 4_000), Size(4_000, 6_000))
"""Larger than all boxes: how small originals are treated makes no difference."""
PIECES: Final = st.fixed_dictionaries(
    {},
    optional={
        "width": st.integers(1, 2_000),
        "height": st.integers(1, 2_000),
        "fit": st.sampled_from(("cover", "contain", "fill", "inside", "outside", "auto")),
        "gravity": st.sampled_from(
            ("north", "se", "smart", "smart:entropy", "face", "fp:0.2,0.7", "n:5,7", "px:10,20")
        ),
        "enlarge": st.sampled_from(("true", "never")),
        "dpr": st.sampled_from(("1.5", "2")),
        "format": st.sampled_from(("webp", "jpeg", "png", "avif", "original", "gif", "auto:avif,webp")),
        "quality": st.integers(1, 100),
        "crop": st.sampled_from(("1,2,300,400", "pct:5,5,50,60", "window:300,200", "edges:1,2,3,4")),
        "rotate": st.sampled_from((90, 180, 270, 10)),
        "flip": st.sampled_from("hv"),
        "trim": st.integers(0, 255),
        "padding": st.sampled_from(("7", "1,2,3,4")),
        "background": st.sampled_from(("ff0000", "00ff0080", "transparent")),
        "blur": st.floats(0.1, 250).map(lambda sigma: round(sigma, 2)),
        "sharpen": st.floats(0.1, 10).map(lambda amount: round(amount, 2)),
        "brightness": st.integers(-100, 100),
        "contrast": st.integers(-100, 100),
        "saturation": st.integers(-100, 100),
        "gamma": st.sampled_from(("0.5", "1.7", "2.2")),
        "hue": st.integers(1, 359),
        "grayscale": st.just("true"),
        "sepia": st.integers(1, 100),
        "invert": st.just("true"),
        "pixelate": st.integers(2, 200),
        "radius": st.integers(1, 200),
        "tint": st.sampled_from(("ff0000", "00ff0080")),
        "monochrome": st.just("336699"),
        "filename": st.just("b"),
        "metadata": st.sampled_from(("keep", "copyright", "all")),
        "page": st.integers(1, 9),
        "animated": st.just("false"),
        "zoom": st.sampled_from(("0.5", "2")),
        "aspect": st.sampled_from(("16:9", "1:1")),
        "overlay": st.just("text:a"),
        "then": st.sampled_from(("rotate=90", "blur=2")),
    },
)
NAMED: Final = ("blur", "grayscale", "rotate", "flip")


def requests(pieces: dict[str, object]) -> Iterator[ImageRequest]:
    query = "&".join(f"{name}={value}" for name, value in pieces.items())
    for source in ("a.jpg", "http://example.com/a.jpg"):
        try:
            yield native(query, source)
        except BadRequest:
            return


def plan_of(written: DialectUrl) -> Plan:
    """The plan of a URL, as its dialect reads it."""
    assert written.url is not None
    path, _, query = written.url.partition("?")
    outcome = ad_hoc_registry(written.name).require(b"localhost", path.encode()).parse(query.encode())
    if isinstance(outcome, ImmutableImage | ImageRedirect):
        outcome = outcome.request
    assert isinstance(outcome, ImageRequest)
    return outcome.plan


def size_of(plan: Plan, original: Size) -> Size:
    return resolve_all(original, plan, DEFAULT_LIMITS)[-1].output


@given(PIECES)
@settings(max_examples=60, deadline=None)
def test_whatever_is_written_has_the_size_and_the_values_of_the_request(pieces: dict[str, object]) -> None:
    for request in requests(pieces):
        wanted = request.plan
        for one in write_everywhere(request):
            if one.url is None:
                assert one.reason, one
                continue
            plan = plan_of(one)
            assert one.url.isascii(), one
            for original in ORIGINALS:
                size = size_of(wanted, original)
                if size.pixels > DEFAULT_LIMITS.max_result_pixels:  # refused by each grammar in its own words
                    continue
                other = size_of(plan, original)
                assert abs(size.width - other.width) <= 1, (one, original)
                assert abs(size.height - other.height) <= 1, (one, original)
            if "quality" in pieces and "format" in pieces and plan.output.formats == wanted.output.formats:
                assert plan.output.quality == wanted.output.quality, one
            if "blur" in pieces:
                assert max(stage.blur for stage in (plan, *plan.stages)) == pytest.approx(wanted.blur, rel=1e-3), one
            assert len(plan.overlays) == len(wanted.overlays), one
