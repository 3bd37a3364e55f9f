"""Template tags, storage, checks and Wagtail's renditions, each in a process of its own: a project has one setting."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
from msgspec.structs import replace

from pixmill.dialects.native.dialect import NativeDialect
from pixmill.dialects.wagtail.dialect import WagtailDialect, WagtailImage, WagtailOptions
from pixmill.plan.ops import Input
from pixmill.plan.request import ImageRequest
from pixmill.startup import DEMO_PHOTOS
from tests.frameworks.sample_apps import KEY, ROOT, environment
from tests.servers.pixmill import Pixmill

WAIT_S: Final = 300
START: Final = """
import json, sys, django
from django.conf import settings
settings.configure(**json.loads(sys.argv[1]))
django.setup()
def show(value): print("RESULT", json.dumps(value))
"""
PROJECT: Final[dict[str, Any]] = {
    "SECRET_KEY": "x",
    "INSTALLED_APPS": ["pixmill_url.django"],
    "TEMPLATES": [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    "PIXMILL": {"BASE": "https://img.example", "KEY": KEY},
}


def run(code: str, tmp_path: Path, **settings: Any) -> Any:
    """Run code in a project, and return what it showed."""
    command = [sys.executable, "-W", "error::DeprecationWarning", "-c", START + code, json.dumps(PROJECT | settings)]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment(""), capture_output=True, text=True, check=False, timeout=WAIT_S
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.rpartition("RESULT ")[2])


def test_template_tags_escape_and_take_files_of_models(tmp_path: Path) -> None:
    code = """
from django.db import models
from django.template import engines
class Article(models.Model):
    wide = models.IntegerField(default=3000)
    high = models.IntegerField(default=2000)
    photo = models.ImageField(width_field="wide", height_field="high")
    class Meta: app_label = "articles"
article = Article()
article.photo.name = "a&b/fig 1.jpg"
def render(text): return engines["django"].from_string("{% load pixmill %}" + text).render({"article": article, "empty": Article(), "alt": '"><b>'})
show([render(text) for text in (
    "{% pixmill_url article.photo width=400 %}",
    "{% pixmill_url article.photo width=400 as url %}{{ url }}",
    "{% autoescape off %}{% pixmill_url 'a.jpg' width=400 %}{% endautoescape %}",
    "{% pixmill_url empty.photo width=400 %}{% pixmill_img empty.photo alt='' %}",
    "{% pixmill_img article.photo alt=alt width=400 class='hero' data_id=7 loading='eager' %}",
    "{% pixmill_picture article.photo alt=alt widths='320,640' formats='webp' as element %}{{ element }}",
    "{% pixmill_srcset article.photo densities='1,2' width=100 %}",
    "{% load i18n %}{% pixmill_img article.photo alt=_('A mill') title=_('A mill') width='400' expires_in=60 %}",
)])
"""
    plain, named, raw, empty, img, element, srcset, translated = run(code, tmp_path)
    assert plain.startswith("https://img.example/resize?url=a%26b/fig%201.jpg&amp;width=400&amp;sig=")
    assert named == plain
    assert raw.startswith("https://img.example/resize?url=a.jpg&width=400&sig=")
    assert empty == ""
    assert 'alt="&quot;&gt;&lt;b&gt;"' in img
    assert 'width="400" height="267"' in img
    assert 'class="hero" data-id="7"' in img
    assert "loading" not in img
    assert element.startswith(
        '<picture>\n  <source type="image/webp" srcset="https://img.example/resize?url=a%26b/fig%201.jpg&amp;width=320&amp;format=webp&amp;sig='
    )
    assert srcset.count("&amp;sig=") == 2
    assert srcset.endswith(" 2x")
    assert 'alt="A mill"' in translated
    assert 'title="A mill"' in translated
    assert "(min-width: 400px) 400px" in translated
    assert translated.count("&amp;expires=") == translated.count("/resize?")


def test_a_storage_gives_images_urls_of_their_own_and_leaves_other_files(tmp_path: Path) -> None:
    code = """
from django.core.files.storage import default_storage, storages
from django.db.migrations.writer import MigrationWriter
show([default_storage.url("a b.jpg"), default_storage.url("a.pdf"), default_storage.image_url("a.png", width=50),
      MigrationWriter.serialize(default_storage._wrapped)[0]])
"""
    backend = {"BACKEND": "pixmill_url.django.storage.PixmillStorage", "OPTIONS": {"params": {"width": 300}}}
    image, other, own, written = run(code, tmp_path, STORAGES={"default": backend, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}, MEDIA_URL="/media/",
                                     PIXMILL=PROJECT["PIXMILL"] | {"SOURCE_BASE": "s3://photos"})  # fmt: skip
    assert image.startswith("https://img.example/resize?url=s3://photos/a%20b.jpg&width=300&sig=")
    assert other == "/media/a.pdf"
    assert "url=s3://photos/a.png&width=50&" in own
    assert written == "pixmill_url.django.storage.PixmillStorage(params={'width': 300})"


@pytest.mark.parametrize(
    ("declared", "ids", "text"),
    [
        (PROJECT["PIXMILL"], [], ""),
        (None, ["pixmill.E001"], "missing"),
        ({}, ["pixmill.E002"], "BASE"),
        ({"BASE": "img.example"}, ["pixmill.E002"], "base must be a URL"),
        ({"BASE": "/", "KEY": "short"}, ["pixmill.E002"], "16 bytes"),
        ({"BASE": "/", "KEYS": KEY}, ["pixmill.E002"], "no option KEYS"),
        ({"BASE": "/", "KEY": KEY, "DEFAULTS": {"width": 0}}, ["pixmill.E002"], "width"),
        ({"BASE": "/", "KEY": KEY, "EXPIRES_IN": "1 day"}, ["pixmill.E002"], "expires_in"),
        ({"BASE": "/"}, ["pixmill.W001"], "not signed"),
    ],
)
def test_a_check_names_what_is_wrong_with_a_setting(declared: Any, ids: list[str], text: str, tmp_path: Path) -> None:
    code = """
from django.core.checks import run_checks
show([[one.id, one.msg] for one in run_checks() if one.id.startswith("pixmill")])
"""
    found = run(code, tmp_path, PIXMILL=declared)
    assert [one[0] for one in found] == ids
    assert all(text in one[1] for one in found)
    assert KEY not in str(found)


WAGTAIL: Final[dict[str, Any]] = {
    "INSTALLED_APPS": [
        *("pixmill_url.django", "pixmill_url.wagtail", "wagtail.users", "wagtail.images", "wagtail.search", "wagtail"),
        *("taggit", "django.contrib.auth", "django.contrib.contenttypes"),
    ],
    "DATABASES": {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
    "STATIC_URL": "/static/",
}

SPECS: Final = [
    "width-400", "height-200", "max-300x200", "min-300x200", "fill-300x200", "fill-300x200-c60", "fill-100x400-c100", "scale-50",
    "original", "width-9000", "fill-5000x5000", "fill-200x200|jpegquality-40", "width-300|bgcolor-ff0",
    "fill-300x200|width-100|scale-150",
]  # fmt: skip


@pytest.mark.parametrize("focus", [None, (900, 300, 200, 100), (1_590, 10, 40, 40)], ids=str)
def test_a_rendition_means_what_the_dialect_of_wagtail_reads(
    focus: tuple[int, int, int, int] | None, tmp_path: Path
) -> None:
    code = """
from wagtail.images.models import Filter, Image
focus, specs = json.loads(WANTED)
image = Image(title="A", file="a.jpg", width=1600, height=900, collection_id=1)
if focus: image.focal_point_x, image.focal_point_y, image.focal_point_width, image.focal_point_height = focus
found = image.get_renditions(*specs)
one = image.get_rendition(specs[0])
assert one.pk is None and one.url == found[specs[0]].url and one.img_tag({"class": "x"}).count("img.example") == 1
for name in ("folder.d/scan", "scan.backup"):  # no ending, or that of another file
    image.file.name = name
    assert "format=original" in image.get_rendition("width-40").url
show([[rendition.url, rendition.width, rendition.height] for rendition in found.values()])
""".replace("WANTED", repr(json.dumps([focus, [f"{spec}|format-webp" for spec in SPECS]])))
    found = run(code, tmp_path, **WAGTAIL, PIXMILL={"BASE": "https://img.example"})
    names = ("focal_point_x", "focal_point_y", "focal_point_width", "focal_point_height")
    image = WagtailImage("a.jpg", 1_600, 900, **dict(zip(names, focus or (None,) * 4, strict=True)))
    dialect = WagtailDialect(WagtailOptions(images={"1": image}, version=8))
    for spec, (url, width, height) in zip(SPECS, found, strict=True):
        path = f"/images/{'A' * 27}=/1/{spec}|format-webp/a.jpg".replace("|", "%7C")
        expected = dialect.parse(path.encode(), b"")
        actual = NativeDialect().parse(b"/resize", url.partition("?")[2].encode())
        assert isinstance(expected, ImageRequest)
        assert actual.plan == replace(expected.plan, input=Input()), spec  # no drawing gets there
        if actual.plan.resize.width:
            assert (actual.plan.resize.width, actual.plan.resize.height) == (width, height), spec


def test_a_rendition_can_be_read(tmp_path: Path) -> None:
    code = """
from wagtail.images.models import Image
image = Image(title="A", file="fig.jpg", width=1600, height=1067, collection_id=1)
rendition = image.get_rendition("fill-60x40|format-png")
with rendition.get_willow_image() as opened: show([*opened.get_size(), opened.format_name])
"""
    with Pixmill(images=str(DEMO_PHOTOS), keys=KEY, workers=1) as server:
        assert run(code, tmp_path, **WAGTAIL, PIXMILL={"BASE": server.url, "KEY": KEY}) == [60, 40, "png"]


def test_jinja_has_filters_and_functions() -> None:
    jinja2 = pytest.importorskip("jinja2")
    from pixmill.url import Client  # noqa: PLC0415
    from pixmill.url.jinja import install  # noqa: PLC0415

    environment = jinja2.Environment(autoescape=True)
    install(environment, Client("/img"))
    text = "{{ 'a&b.jpg' | pixmill_url(width=4) }}|{{ pixmill_img('a.jpg', alt='<x>', width=4) }}|{{ none | pixmill_url }}|{{ 'a.jpg' | pixmill_srcset(widths=[4]) }}"
    url, img, nothing, srcset = environment.from_string(text).render().split("|")
    assert url == "/img/resize?url=a%26b.jpg&amp;width=4"
    assert 'alt="&lt;x&gt;"' in img
    assert img.startswith("<img ")
    assert (nothing, srcset) == ("", "/img/resize?url=a.jpg&amp;width=4 4w")


def test_the_package_is_the_one_of_the_server() -> None:
    assert (ROOT / "packages" / "pixmill-url" / "src" / "pixmill_url").resolve() == ROOT / "src" / "pixmill" / "url"
