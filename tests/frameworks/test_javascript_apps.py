"""The sample applications of Next.js, Nuxt and Astro, built and served as in production, beside a server, in Chromium."""

import gzip
import io
import os
import re
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest
from PIL import Image
from playwright.sync_api import Browser, ConsoleMessage, Response

from tests.frameworks.projects import PACKAGE, ROOT, prepare, run
from tests.servers.pixmill import Pixmill
from tests.servers.ports import free_port

HERE: Final = Path(__file__).parent
BUILD_TIMEOUT_S: Final = 400
START_S: Final = 120
STEP_MS: Final = 120_000
KEY: Final = "a-secret-of-16-chars-or-more"
PHOTOS: Final = ROOT / "examples" / "photos"
SHOTS: Final = ROOT / "build" / "frameworks" / "shots"
LOADED: Final = "() => [...document.images].every((image) => image.complete && image.naturalWidth > 0)"
SEEN: Final = """() => [...document.images].map((image) => {
  const {width, height} = image.getBoundingClientRect();
  return {alt: image.alt, url: image.currentSrc, box: [Math.round(width), Math.round(height)]};
})"""
TYPES: Final = "--strict --target es2022 --module esnext --moduleResolution bundler --skipLibCheck --noEmit"

BUNDLE: Final = "--bundle --minify --format=esm --platform=neutral --external:react"


class Shown(NamedTuple):
    """An image of a page: pixels of the file that each screen gets, by device pixels per CSS pixel, and its format.

    ``formats``: more than one where they take equally many bytes.
    """

    alt: str
    pixels: Mapping[int, tuple[int, int]]
    formats: tuple[str, ...]
    box: tuple[int, int]


class Seen(NamedTuple):
    """An image as a browser shows it, with what the file that it has loaded contains."""

    alt: str
    url: str
    pixels: tuple[int, int]
    format: str
    box: tuple[int, int]


class App(NamedTuple):
    """An application that is served, and the servers beside it."""

    folder: Path
    url: str
    images: Pixmill


@contextmanager
def served(folder: Path, port: int, command: Sequence[str], environment: Mapping[str, str]) -> Iterator[str]:
    """Serve a built application until the end of the block; return its URL."""
    url = f"http://127.0.0.1:{port}/"
    settings = {**os.environ, **environment, "PORT": str(port), "HOST": "127.0.0.1", "NODE_ENV": "production"}
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, env=settings, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        try:
            _wait_for(url, process, folder / "server.log")
            yield url
        finally:
            process.terminate()
            process.wait(60)


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=30).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError(f"{url} does not answer: {log.read_text()[-2_000:]}")


def _pixmill(**settings: str) -> Pixmill:
    patient = {"deadline_s": "100", "queue_max_wait_s": "90"}  # a browser does not ask for an image twice
    return Pixmill(images=str(PHOTOS), allowed_networks="127.0.0.0/8", workers="1", **patient, **settings)


def look(browser: Browser, url: str, name: str, scale: int) -> list[Seen]:
    """Return the images of a page, which shows no error, and save what it looks like."""
    context = browser.new_context(viewport={"width": 1_000, "height": 2_400}, device_scale_factor=scale)
    context.set_default_timeout(STEP_MS)
    errors: list[str] = []
    responses: dict[str, Response] = {}

    def note(response: Response) -> None:
        responses[response.url] = response
        if response.status >= 400 and not response.url.endswith("/favicon.ico"):
            errors.append(f"{response.status} {response.url}")

    try:
        page = context.new_page()
        page.on("response", note)
        page.on("console", lambda message: errors.append(message.text) if is_error(message) else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(url, wait_until="networkidle")
        assert errors == []
        page.wait_for_function(LOADED)
        shown: list[dict[str, Any]] = page.evaluate(SEEN)
        images = [_seen(image, responses[image["url"]]) for image in shown]
        SHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SHOTS / f"{name}-{scale}.png")
    finally:
        context.close()
    assert errors == []
    return images


def _seen(image: Mapping[str, Any], response: Response) -> Seen:
    file = Image.open(io.BytesIO(response.body()))
    media_type = response.headers["content-type"]
    assert media_type == file.get_format_mimetype()
    width, height = image["box"]
    return Seen(image["alt"], image["url"], file.size, media_type.removeprefix("image/"), (width, height))


def is_error(message: ConsoleMessage) -> bool:
    """Whether a page has failed; what could not be loaded is a response, too."""
    return message.type == "error" and not message.text.startswith("Failed to load resource")


def check(browser: Browser, url: str, name: str, expected: Sequence[Shown], server: Pixmill) -> None:
    for scale in (1, 2):
        seen = look(browser, url, name, scale)
        assert [image.alt for image in seen] == [image.alt for image in expected]
        for image, wanted in zip(seen, expected, strict=True):
            assert urlsplit(image.url).port == server.port, image
            assert (image.pixels, image.box) == (wanted.pixels[scale], wanted.box), image
            assert image.format in wanted.formats, image


def page_source(url: str) -> str:
    with urllib.request.urlopen(url, timeout=60) as reply:
        return str(reply.read().decode())


def check_types(folder: Path, name: str) -> None:
    """Compile a program with the declarations of the framework and the package, as an application would."""
    compiler = prepare(PACKAGE) / "node_modules" / "typescript" / "bin" / "tsc"
    shutil.copyfile(HERE / "types" / name, folder / "types.ts")
    run(folder, "node", str(compiler), *TYPES.split(), "types.ts", timeout_s=BUILD_TIMEOUT_S)


def client_files(folder: Path) -> str:
    """Return all scripts that browsers load."""
    return "".join(path.read_text(encoding="utf-8", errors="replace") for path in folder.rglob("*.js"))


@pytest.fixture(scope="module")
def next_app() -> Iterator[App]:
    folder = prepare("examples/next")
    port, images = free_port(), _pixmill()
    site = f"http://127.0.0.1:{port}"
    environment = {"NEXT_PUBLIC_IMAGES_URL": f"http://127.0.0.1:{images.port}", "NEXT_PUBLIC_SITE_URL": site}
    run(folder, "npm", "run", "build", timeout_s=BUILD_TIMEOUT_S, environment=environment)
    with images, _pixmill(keys=KEY) as signed:
        environment |= {
            "IMAGES_URL": f"http://127.0.0.1:{signed.port}",
            "IMAGES_KEY": f"{KEY},an-older-key-of-16-bytes",
        }
        start = ("node", "node_modules/next/dist/bin/next", "start", "-H", "127.0.0.1", "-p", str(port))
        with served(folder, port, start, environment) as url:
            yield App(folder, url, images)


def test_images_of_next(next_app: App, browser: Browser) -> None:
    expected = (
        Shown("fixed", {1: (384, 260), 2: (640, 433)}, ("avif",), (300, 203)),
        Shown("filled", {1: (828, 552), 2: (1920, 1280)}, ("avif",), (800, 300)),
        Shown("imported", {1: (256, 256), 2: (640, 640)}, ("avif",), (200, 200)),
        Shown("picture", {1: (400, 300), 2: (800, 600)}, ("avif",), (400, 300)),
    )
    check(browser, next_app.url, "next", expected, next_app.images)
    assert KEY not in client_files(next_app.folder / ".next" / "static")
    _check_signed_images(f"{next_app.url}signed", browser)


def _check_signed_images(url: str, browser: Browser) -> None:
    for scale, size in ((1, (384, 260)), (2, (640, 433))):
        (image,) = look(browser, url, "next-signed", scale)
        assert image.pixels == size
        query = parse_qs(urlsplit(image.url).query)
        assert {"sig", "expires", "blur"} <= set(query)
        assert int(query["expires"][0]) % 86_400 == 0
    assert KEY not in page_source(url)


@pytest.fixture(scope="module")
def nuxt_app() -> Iterator[App]:
    folder = prepare("examples/nuxt")
    port, images = free_port(), _pixmill()
    environment = {"IMAGES_URL": f"http://127.0.0.1:{images.port}"}
    run(folder, "npm", "run", "build", timeout_s=BUILD_TIMEOUT_S, environment=environment)
    with images, served(folder, port, ("node", ".output/server/index.mjs"), environment) as url:
        yield App(folder, url, images)


def test_images_of_nuxt(nuxt_app: App, browser: Browser) -> None:
    check_types(nuxt_app.folder, "nuxt.ts")
    expected = (
        Shown("fixed", {1: (300, 200), 2: (600, 400)}, ("avif", "jpeg"), (300, 200)),
        Shown("sizes", {1: (600, 300), 2: (1200, 600)}, ("webp",), (600, 300)),
        Shown("picture", {1: (400, 300), 2: (800, 600)}, ("avif",), (400, 300)),
    )
    check(browser, nuxt_app.url, "nuxt", expected, nuxt_app.images)


def test_images_of_astro(browser: Browser) -> None:
    folder = prepare("examples/astro")
    check_types(folder, "astro.ts")
    for key in ("", KEY):
        port, images = free_port(), _pixmill(**({"keys": key} if key else {}))
        environment = {"IMAGES_URL": f"http://127.0.0.1:{images.port}", "SITE_URL": f"http://127.0.0.1:{port}"}
        environment |= {"IMAGES_KEY": key} if key else {}
        run(folder, "npm", "run", "build", timeout_s=BUILD_TIMEOUT_S, environment=environment)
        preview = ("node", "node_modules/astro/astro.js", "preview", "--host", "127.0.0.1", "--port", str(port))
        with images, served(folder, port, preview, {}) as url:
            check(browser, url, f"astro{'-signed' if key else ''}", ASTRO, images)
            source = unescape(page_source(url))
        assert ("&sig=" in source) == bool(key)
        assert KEY not in source


ASTRO: Final = (
    Shown("fixed", {1: (300, 200), 2: (600, 400)}, ("avif", "jpeg"), (300, 200)),
    Shown("responsive", {1: (600, 300), 2: (1200, 600)}, ("avif",), (600, 300)),
    Shown("imported", {1: (200, 200), 2: (400, 400)}, ("avif",), (200, 200)),
    Shown("picture", {1: (400, 300), 2: (800, 600)}, ("avif",), (400, 300)),
)


@pytest.mark.parametrize("entry", ["index", "next", "nuxt", "unpic", "astro", "react"])
def test_browsers_load_as_little_as_the_page_says(entry: str) -> None:
    page = (ROOT / "docs" / "javascript.md").read_text(encoding="utf-8")
    sizes = re.search(r"`createClient` is ([0-9.]+) kB, .* with an adapter less than ([0-9.]+) kB", page)
    assert sizes
    astro = prepare("examples/astro")
    source = str(ROOT / PACKAGE / "src" / f"{entry}.js")
    bundle = run(astro, "node", "node_modules/esbuild/bin/esbuild", source, *BUNDLE.split(), timeout_s=60)
    assert len(gzip.compress(bundle.encode())) < float(sizes[1 if entry == "index" else 2]) * 1_000
