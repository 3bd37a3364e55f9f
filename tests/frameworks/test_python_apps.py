"""Sample apps of Django, Flask and Wagtail: each page is opened in Chromium, and every image has its pixels."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Page

from pixmill.startup import DEMO_PHOTOS
from tests.frameworks.sample_apps import KEY, environment, running
from tests.servers.pixmill import Pixmill

LOADED: Final = "() => [...document.images].every(image => image.complete)"
IMAGES: Final = """() => Object.fromEntries([...document.images].map(image => [
    image.id || image.parentElement.id, {
        shown: image.currentSrc, width: image.naturalWidth, height: image.naturalHeight,
        box: [image.clientWidth, image.clientHeight], alt: image.alt, style: image.getAttribute("style") || ""}]))"""
SCREENSHOTS: Final = os.environ.get("SCREENSHOTS", "")
"""A folder in which what was seen stays."""


@pytest.fixture(scope="module")
def server() -> Iterator[Pixmill]:
    with Pixmill(images=str(DEMO_PHOTOS), keys=KEY) as server:
        yield server


def seen(page: Page, url: str, name: str) -> dict[str, dict[str, Any]]:
    """Open a page, wait for its images, and return what each of them is."""
    failures: list[str] = []
    page.on(
        "response",
        lambda answer: (
            failures.append(f"{answer.status} {answer.url}")
            if answer.status >= 400 and "favicon" not in answer.url
            else None
        ),
    )
    page.goto(url)
    page.wait_for_load_state("networkidle")
    page.wait_for_function(LOADED)
    if SCREENSHOTS:
        page.screenshot(path=Path(SCREENSHOTS, f"{name}.png"), full_page=True)
    assert failures == []
    images: dict[str, dict[str, Any]] = page.evaluate(IMAGES)
    assert all(image["width"] for image in images.values()), images
    return images


def test_a_page_of_django(server: Pixmill, page: Page, tmp_path: Path) -> None:
    variables = environment(server.url, {"PHOTOS": str(DEMO_PHOTOS)})
    with running("django", ["app.py", "runserver", "--noreload", "PORT"], variables, tmp_path / "log") as url:
        images = seen(page, url, "django")
    element = images["picture"]
    assert element["box"] == [640, 360]
    assert "format=avif" in element["shown"]
    assert "width=1280&height=720" in element["shown"], "two device pixels per CSS pixel"
    assert element["alt"] == "Figs & <sunsets>"
    assert "blur=1" in element["style"]
    assert "width=400&" in images["densities"]["shown"]
    assert images["densities"]["box"][0] == 200
    assert (images["url"]["width"], images["url"]["height"]) == (120, 120)
    assert images["storage"]["width"] == 300
    assert "&expires=" in images["storage"]["shown"]
    assert "&sig=" in images["storage"]["shown"]


def test_a_page_of_flask(server: Pixmill, page: Page, tmp_path: Path) -> None:
    arguments = ["-m", "flask", "--app", "app", "run", "--port", "PORT"]
    with running("flask", arguments, environment(server.url), tmp_path / "log") as url:
        images = seen(page, url, "flask")
    element = images["picture"]
    assert element["box"] == [640, 360]
    assert "width=1280&height=720&fit=cover&format=avif&quality=75" in element["shown"]
    assert "background:#c96" in element["style"]
    assert "width=400&quality=75" in images["densities"]["shown"]
    assert (images["url"]["width"], images["url"]["height"]) == (120, 120)


def test_a_page_of_wagtail(page: Page, tmp_path: Path) -> None:
    media = tmp_path / "site" / "media"
    media.mkdir(parents=True)
    with Pixmill(images=str(media), keys=KEY) as server:
        variables = environment(server.url, {"PHOTOS": str(DEMO_PHOTOS), "SITE_FOLDER": str(tmp_path / "site")})
        with running("wagtail", ["app.py", "runserver", "--noreload", "PORT"], variables, tmp_path / "log") as url:
            images = seen(page, url, "wagtail")
    assert [path.name for path in media.iterdir()] == ["original_images"], "no rendition is written"
    element = images["picture"]
    assert element["shown"].startswith(server.url)
    assert "format=avif" in element["shown"]
    assert "width=800&height=450" in element["shown"]
    assert images["width"]["width"] == 300
    assert "format=jpeg" in images["width"]["shown"]
    assert (images["fill"]["width"], images["fill"]["height"]) == (200, 200)
    assert "format=webp" in images["fill"]["shown"]
    assert "width=400" in images["srcset"]["shown"]
    assert "width=400&sepia=60" in images["own"]["shown"]
    assert images["width"]["alt"] == "Figs & <leaves>"
