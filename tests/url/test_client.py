"""Clients: addresses, keys, expiries, sets of images, HTML, errors; and what an import costs."""

import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath
from typing import Any, Final

import pytest

import pixmill
import pixmill.url
from pixmill.dialects.signing import Keyring, MountSignatures
from pixmill.errors import error_classes_by_code
from pixmill.url import (
    Client,
    ConflictingParameters,
    InvalidParameter,
    InvalidSetting,
    MissingParameter,
    RepeatedParameter,
    UnknownParameter,
    UrlError,
)
from pixmill.url.signing import signature

KEY: Final = "a-secret-of-16-chars-or-more"
VECTORS: Final = json.loads((Path(__file__).parents[2] / "examples" / "signing" / "vectors.json").read_text("utf-8"))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["name"]))
def test_signatures_are_those_of_all_clients(vector: dict[str, Any]) -> None:
    target = vector["target"] + (f"&expires={vector['expires']}" if vector["expires"] else "")
    assert f"{target}&sig={signature(vector['key'].encode(), target)}" == vector["signed"]


def test_a_signed_url_is_that_of_the_page() -> None:
    client = Client("https://images.example.com", KEY)
    assert client.url("sunset.jpg", width=400) == f"https://images.example.com{VECTORS[0]['signed']}"
    assert client.url("sunset.jpg", width=400, expires=4102444800).endswith(VECTORS[1]["signed"])


@pytest.mark.parametrize(
    ("base", "start"),
    [
        ("https://images.example.com", "https://images.example.com/resize?"),
        ("https://images.example.com/", "https://images.example.com/resize?"),
        ("https://example.com/img/", "https://example.com/img/resize?"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/resize?"),
        ("//images.example.com", "//images.example.com/resize?"),
        ("/img", "/img/resize?"),
        ("", "/resize?"),
    ],
)
def test_a_base_is_what_urls_begin_with(base: str, start: str) -> None:
    assert Client(base).url("a.jpg").startswith(start)


@pytest.mark.parametrize("base", ["images.example.com", "ftp://example.com", "https://", "https://a/b?c=d", "https://ä.com", "https:/a", "/a b"])  # fmt: skip
def test_a_base_that_is_no_address_is_refused(base: str) -> None:
    with pytest.raises(InvalidSetting) as refused:
        Client(base)
    assert (refused.value.code, refused.value.param) == ("invalid_setting", "base")


def test_a_mount_is_signed_and_the_path_of_the_base_is_not() -> None:
    client = Client("https://a.example/img", KEY, mount="/native/")
    path, _, query = client.url("a.jpg", width=4).removeprefix("https://a.example/img").partition("?")
    assert path == "/native/resize"
    assert MountSignatures(Keyring.from_text(KEY), "/native").verify(b"/resize", query.encode(), 0) is None
    query = Client("https://a.example/img", KEY).url("a.jpg").partition("?")[2]
    assert Keyring.from_text(KEY).verify(b"/resize", query.encode(), 0) is None


@pytest.mark.parametrize(
    "keys", [KEY, f"{KEY},older-key-of-16-chars", KEY.encode(), [KEY, b"older-key-of-16-chars"], f" {KEY} ,"]
)
def test_the_first_key_signs(keys: Any) -> None:
    assert Client("", keys).url("sunset.jpg", width=400) == VECTORS[0]["signed"]


@pytest.mark.parametrize("keys", ["", " , ", "short", [], f"{KEY},short", b""])
def test_a_key_that_is_none_is_refused_without_being_shown(keys: Any) -> None:
    with pytest.raises(InvalidSetting) as refused:
        Client("", keys)
    assert refused.value.param == "key"
    assert KEY not in str(refused.value)
    assert KEY not in repr(Client("", KEY))


def test_urls_end_at_multiples_so_that_they_stay_the_same_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_800_000_000.5
    monkeypatch.setattr("time.time", lambda: now)
    client = Client("", KEY, expires_in=timedelta(hours=1), expires_every=86_400)
    first = client.url("a.jpg")
    end = int(first.partition("&expires=")[2].partition("&")[0])
    assert end % 86_400 == 0
    assert now + 3_600 <= end < now + 3_600 + 86_400
    now += 60
    assert client.url("a.jpg") == first
    assert "expires" not in client.url("a.jpg", expires_in=None)
    exact = Client("", KEY, expires_in=10, expires_every=1)
    assert f"&expires={int(now) + 10}&" in exact.url("a.jpg")
    assert f"&expires={int(now) // 50 * 50 + 50}&" in Client("", KEY, expires_in=10, expires_every=50).url("a.jpg")


def test_an_expiry_is_a_time_with_its_zone() -> None:
    client = Client("", KEY)
    assert "&expires=1924992000&sig=" in client.url("a.jpg", expires=datetime(2031, 1, 1, tzinfo=UTC))
    with pytest.raises(InvalidParameter, match="time zone"):
        client.url("a.jpg", expires=datetime(2031, 1, 1))  # noqa: DTZ001 - that is what is refused
    for wrong in (0, -1, 10**12, "tomorrow", True, 1.5):
        with pytest.raises(InvalidParameter):
            client.url("a.jpg", expires=wrong)  # type: ignore[arg-type]
    with pytest.raises(ConflictingParameters):
        client.url("a.jpg", expires=5, expires_in=5)
    with pytest.raises(MissingParameter):
        Client("").url("a.jpg", expires_in=5)
    with pytest.raises(InvalidSetting):
        Client("", expires_in=5)
    with pytest.raises(InvalidSetting):
        Client("", KEY, expires_in=0)


@pytest.mark.parametrize(
    ("base", "name", "source"),
    [
        ("s3://photos", "a b.jpg", "s3://photos/a%20b.jpg"),
        ("s3://photos/2026/", "/a.jpg", "s3://photos/2026/a.jpg"),
        ("https://example.com/media/", "ü b.jpg", "https://example.com/media/%25C3%25BC%2520b.jpg"),
        ("media", "a.jpg", "media/a.jpg"),
        ("media", "https://other.example/a.jpg", "https://other.example/a.jpg"),
        ("media", "canvas:8x6", "canvas:8x6"),
        ("", "a:b.jpg", "/a:b.jpg"),
    ],
)
def test_names_are_relative_to_the_base_of_sources(base: str, name: str, source: str) -> None:
    assert Client("", source_base=base).url(name) == f"/resize?url={source}"


def test_defaults_are_replaced_and_taken_away() -> None:
    client = Client("", defaults={"format": "webp", "quality": 70})
    assert client.url("a.jpg", width=8) == "/resize?url=a.jpg&width=8&format=webp&quality=70"
    assert client.url("a.jpg", format="avif", quality=None) == "/resize?url=a.jpg&format=avif"  # type: ignore[arg-type]
    assert client.url("a.jpg", quality=80) == "/resize?url=a.jpg&format=webp"
    assert client.url("a.jpg", max_age=timedelta(hours=1)) == "/resize?url=a.jpg&format=webp&quality=70&max_age=3600"
    assert client.url("a.jpg", preset="card", quality=80) == "/resize?url=a.jpg&preset=card&format=webp&quality=80"
    with pytest.raises(InvalidParameter):
        Client("", defaults={"width": 0})


@pytest.mark.parametrize(
    ("params", "error", "param"),
    [
        ({"widht": 4}, UnknownParameter, "widht"),
        ({"widths": "1,2"}, UnknownParameter, "widths"),
        ({"sig": "x"}, UnknownParameter, "sig"),
        ({"width": 4, "w": 5}, RepeatedParameter, "width"),
        ({"width": 16_384}, InvalidParameter, "width"),
        ({"width": 1.5}, InvalidParameter, "width"),
        ({"width": True}, InvalidParameter, "width"),
        ({"width": float("nan")}, InvalidParameter, "width"),
        ({"dpr": float("inf")}, InvalidParameter, "dpr"),
        ({"fit": "crop"}, InvalidParameter, "fit"),
        ({"background": "blueish"}, InvalidParameter, "background"),
        ({"filename": "a\nb"}, InvalidParameter, "filename"),
        ({"then": []}, InvalidParameter, "then"),
        ({"then": [{"format": "webp"}]}, UnknownParameter, "format"),
        ({"overlay": {"size": 4}}, InvalidParameter, "overlay"),
        ({"fallback": "../x.jpg"}, InvalidParameter, "fallback"),
    ],
)
def test_an_error_names_the_parameter_and_has_the_code_of_the_server(
    params: dict[str, Any], error: type[UrlError], param: str
) -> None:
    with pytest.raises(error) as refused:
        Client("").url("a.jpg", **params)
    assert refused.value.param == param
    assert refused.value.code in error_classes_by_code()


def test_a_hint_names_the_parameter_that_was_meant() -> None:
    with pytest.raises(UnknownParameter, match="did you mean width"):
        Client("").url("a.jpg", widht=4)  # type: ignore[call-arg]


def test_short_names_are_those_of_the_server_everywhere() -> None:
    client = Client("", defaults={"q": 70, "w": 300})  # type: ignore[arg-type]
    assert client.url("a.jpg", width=8) == "/resize?url=a.jpg&width=8&quality=70"
    assert (
        client.srcset("a.jpg", [16], w=8)
        == "/resize?url=a.jpg&width=8&quality=70 8w, /resize?url=a.jpg&width=16&quality=70 16w"
    )
    assert "<picture" not in client.picture("a.jpg", alt="", fm="webp")  # type: ignore[call-arg]
    other: Any = {"trim-colour": "red", "width": None}
    assert client.url("a.jpg", **other) == "/resize?url=a.jpg&trim_color=ff0000&quality=70"


def test_other_endpoints() -> None:
    client = Client("/img", KEY)
    assert client.info_url("a.jpg", include=["palette", "blurhash"]).startswith(
        "/img/info?url=a.jpg&include=palette,blurhash&sig="
    )
    url = client.srcset_url("a.jpg", widths=[320, 640], sizes="50vw", alt="A mill")
    assert url.startswith("/img/srcset?url=a.jpg&widths=320,640&sizes=50vw&alt=A%20mill&sig=")


def test_a_set_has_widths_or_densities() -> None:
    client = Client("")
    assert client.srcset("a.jpg", [640, 320]) == "/resize?url=a.jpg&width=320 320w, /resize?url=a.jpg&width=640 640w"
    assert client.srcset("a.jpg", densities=[1, 1.5, 2], width=101, height=50, fit="cover") == (
        "/resize?url=a.jpg&width=101&height=50&fit=cover 1x, /resize?url=a.jpg&width=152&height=75&fit=cover 1.505x, "
        "/resize?url=a.jpg&width=202&height=100&fit=cover 2x"
    )
    assert [one[1] for one in client.candidates("a.jpg", [320, 640, 1280, 2560], size=(1000, 500))] == [320, 640, 1000]
    assert client.srcset("a.jpg", densities=[1, 2], width=300, size=(450, 300)).endswith("width=450 1.5x")
    for keywords, error in (
        ({"densities": [1, 2]}, MissingParameter),
        ({"densities": [5], "width": 4}, InvalidParameter),
        ({"densities": [1], "widths": [5], "width": 4}, ConflictingParameters),
        ({"widths": []}, InvalidParameter),
        ({"widths": [0]}, InvalidParameter),
        ({"width": "pct:50"}, ConflictingParameters),
        ({"height": 50}, ConflictingParameters),
    ):
        with pytest.raises(error):
            client.srcset("a.jpg", **keywords)


class Elements(HTMLParser):
    """The tags of a text, with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_a_picture_has_a_source_per_format_and_escapes_all_texts() -> None:
    alt = "\"><script>alert(1)</script> & '"
    html = Client("/img", KEY).picture(
        "a&b.jpg", alt=alt, width=400, height=300, fit="cover", attributes={"class_": "hero", "data_id": 7}
    )
    picture, avif, webp, img = Elements(html).found
    assert [one[0] for one in (picture, avif, webp, img)] == ["picture", "source", "source", "img"]
    assert (avif[1]["type"], webp[1]["type"]) == ("image/avif", "image/webp")
    assert "a%26b.jpg" in str(avif[1]["srcset"])
    assert "&format=avif&sig=" in str(avif[1]["srcset"])
    attributes = img[1]
    assert attributes["alt"] == alt
    assert (attributes["width"], attributes["height"], attributes["class"], attributes["data-id"]) == (
        "400",
        "300",
        "hero",
        "7",
    )
    assert (attributes["loading"], attributes["decoding"]) == ("lazy", "async")
    assert attributes["sizes"] == "auto, (min-width: 400px) 400px, 100vw"
    assert str(attributes["src"]).startswith("/img/resize?url=a%26b.jpg&width=400&height=300&fit=cover&sig=")
    assert html.__html__() == html


def test_an_image_of_known_size_has_its_height() -> None:
    [(_, img)] = Elements(Client("").img("a.jpg", alt="", width=400, size=(3000, 2000))).found
    assert (img["width"], img["height"]) == ("400", "267")
    [(_, img)] = Elements(Client("").img("a.jpg", alt="", width=400, height=100, size=(3000, 2000))).found
    assert (img["width"], img["height"]) == ("150", "100")
    [(_, img)] = Elements(Client("").img("a.jpg", alt="", width=400)).found
    assert "height" not in img
    [(_, img)] = Elements(Client("").img("a.jpg", alt="", width=400, attributes={"fetchpriority": "high"})).found
    assert "loading" not in img
    assert img["sizes"] == "(min-width: 400px) 400px, 100vw"


def test_a_placeholder_is_a_colour_a_uri_or_a_tiny_copy() -> None:
    client = Client("", KEY)
    for placeholder, part in (
        ("#aabbcc", "background:#aabbcc"),
        ("blur", "background:url(/resize?url=a.jpg&width=24&"),
        ("data:image/png;base64,AA==", "url(data:image/png;base64,AA==)"),
    ):
        [(_, img)] = Elements(client.img("a.jpg", alt="", width=40, placeholder=placeholder)).found
        assert part in str(img["style"])
    for wrong in ("red;color:blue", "url(x)", "}", "data:text/html,x"):
        with pytest.raises(InvalidParameter):
            client.img("a.jpg", alt="", width=40, placeholder=wrong)
    [(_, img)] = Elements(client.img("a.jpg", alt="", width=40, placeholder="data:image/png,a) ;x:'")).found
    assert "data:image/png,a%29%20;x:%27)" in str(img["style"])


def test_what_is_no_element_is_refused() -> None:
    client = Client("")
    with pytest.raises(TypeError):
        client.img("a.jpg", width=4)  # type: ignore[call-arg]
    with pytest.raises(MissingParameter):
        client.img("a.jpg", alt=None, width=4)  # type: ignore[arg-type]
    with pytest.raises(InvalidParameter):
        client.img("a.jpg", alt="", width=4, attributes={"on click=": "x"})
    with pytest.raises(ConflictingParameters):
        client.picture("a.jpg", alt="", width=4, format="webp", formats=["avif"])
    assert "<picture" not in client.picture("a.jpg", alt="", width=4, format="webp")


def test_an_import_loads_nothing_heavy() -> None:
    code = "import sys, pixmill.url; pixmill.url.Client('', 'k' * 16).url('a.jpg', width=4); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-S", "-I", "-c", f"import sys; sys.path.insert(0, {str(Path(pixmill.__file__).parents[1])!r}); {code}"],
                            capture_output=True, text=True, check=True, timeout=60).stdout.split()  # fmt: skip
    heavy = {
        "typing",
        "dataclasses",
        "inspect",
        "urllib.parse",
        "json",
        "asyncio",
        "msgspec",
        "pyvips",
        "PIL",
        "html",
        "datetime",
        "difflib",
    }
    assert not heavy.intersection(loaded)
    assert not {name for name in loaded if name.startswith("pixmill.") and not name.startswith("pixmill.url")} - {
        "pixmill.url"
    }


def test_the_version_is_that_of_the_server() -> None:
    assert pixmill.url.__version__ == pixmill.__version__


def test_a_name_stays_below_the_base_of_sources() -> None:
    for base in ("https://example.com/media", "s3://photos", "folder"):
        with pytest.raises(InvalidParameter):
            Client("", source_base=base).url("../../secret.jpg")
    with pytest.raises(InvalidParameter, match="source_base"):
        Client("", source_base="https://example.com/media?token=1")


def test_a_path_with_a_colon_is_no_scheme_with_or_without_a_slash() -> None:
    client = Client("")
    assert client.url("a:b.jpg") == client.url("/a:b.jpg") == "/resize?url=/a:b.jpg"
    assert Client("", source_base="c:d").url("a.jpg") == "/resize?url=/c:d/a.jpg"
    assert client.url(PurePosixPath("folder/a.jpg")) == "/resize?url=folder/a.jpg"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "param"),
    [
        ({"base": None}, "base"),
        ({"base": "https://a.example?b=c"}, "base"),
        ({"base": "https://a.example\n"}, "base"),
        ({"base": "https://user:secret@a.example"}, "base"),
        ({"base": "", "mount": None}, "mount"),
        ({"base": "", "mount": "native"}, "mount"),
        ({"base": "", "key": 7}, "key"),
        ({"base": "", "key": [7]}, "key"),
        ({"base": "", "defaults": [("width", 4)]}, "defaults"),
    ],
)
def test_settings_of_wrong_types_are_named(arguments: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidSetting) as refused:
        Client(**arguments)
    assert refused.value.param == param


def test_all_urls_of_an_element_end_at_once_also_the_placeholder() -> None:
    client = Client("", KEY)
    for keywords in ({"expires": 1_924_992_000}, {"expires_in": 60}):
        html = client.picture("a.jpg", alt="", width=40, placeholder="blur", **keywords)  # type: ignore[arg-type]
        ends = re.findall(r"&amp;expires=(\d+)&amp;sig=", html)
        assert len(ends) == html.count("/resize?") > 6
        assert len({*ends}) == 1
    assert "&expires=1924992000&" in client.placeholder_url("a.jpg", expires=1_924_992_000)


def test_a_placeholder_shows_the_same_part_in_the_same_shape() -> None:
    client = Client("", defaults={"height": 200, "sharpen": 1})
    [(_, img)] = Elements(
        client.img("a.jpg", alt="", width=400, fit="cover", gravity="north", crop="1,2,800,600", placeholder="blur",
                   lossless=True, format="webp", attributes={"style": "border-radius:4px"})
    ).found  # fmt: skip
    style = str(img["style"])
    assert style.startswith("max-width:100%;height:auto;background:url(/resize?url=a.jpg&crop=1,2,800,600&width=24&")
    assert "&height=12&fit=cover&gravity=north&blur=1&animated=false&format=webp&quality=40)" in style
    assert style.endswith(";border-radius:4px")


def test_sizes_and_descriptors_are_those_of_the_result() -> None:
    client = Client("")
    assert 'sizes="auto, (min-width: 400px) 400px, 100vw"' in client.img("a.jpg", alt="", width="400")
    widths = [one[1] for one in client.candidates("a.jpg", [200, 400, 800], crop=(10, 20, 300, 200))]
    assert widths == [200, 300]
    assert [one[1] for one in client.candidates("a.jpg", [200, 400], crop="0,0,300,200", size=(250, 250))] == [200, 250]
    assert [one[1] for one in client.candidates("a.jpg", [400, 800], rotate=90, size=(300, 900))] == [400, 800]
    assert [one[1] for one in client.candidates("a.jpg", [400, 800], crop="pct:0,0,50,50")] == [400, 800]
    [(_, img)] = Elements(client.img("a.jpg", alt="", width=300, size=(600, 400), enlarge=False)).found
    assert img["height"] == "200"
    [(_, img)] = Elements(client.img("a.jpg", alt="", width=300, size=(600, 400), orientation=6)).found
    assert "height" not in img


@pytest.mark.parametrize(
    "keywords",
    [
        {"size": (0, 5)},
        {"size": "400x300"},
        {"size": (1.5, 2)},
        {"widths": 400},
        {"densities": 2},
        {"formats": 7},
        {"sizes": 400},
        {"layout": ["full"]},
        {"placeholder": 7},
        {"attributes": "class"},
        {"expires_in": 10**400},
    ],
)
def test_arguments_of_wrong_types_are_errors_of_the_client(keywords: dict[str, Any]) -> None:
    with pytest.raises(UrlError):
        Client("", KEY).picture("a.jpg", alt="", **{"width": 40, **keywords})
    with pytest.raises(ConflictingParameters, match="one format"):
        Client("").img("a.jpg", alt="", formats="webp")  # type: ignore[call-arg]
