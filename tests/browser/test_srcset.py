"""HTML of ``/srcset`` pasted into a page of another host: what a browser loads, and what its visitors see."""

import json
import re
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page, Route

from pixmill.dialects.signing import Keyring
from tests.browser.conftest import STEP_MS
from tests.servers.pixmill import Pixmill
from tests.servers.site import Site

PHOTOS = Path(__file__).parents[2] / "examples" / "photos"
KEY = "a-key-for-the-tests-of-pages"
PHOTO_SIDES = (4_272, 2_848)

SHIFTS_JS = """() => {
    window.shifts = [];
    new PerformanceObserver(list => window.shifts.push(...list.getEntries().map(entry => entry.value)))
        .observe({type: "layout-shift", buffered: true});
}"""
COMPLETE_JS = "Array.from(document.images).every(image => image.complete && image.naturalWidth > 0)"
SETTLED_JS = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 0))))"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    (folder / "photo.jpg").write_bytes((PHOTOS / "sunset.jpg").read_bytes())
    clear = Image.new("RGBA", (1_200, 800), (0, 0, 0, 0))
    ImageDraw.Draw(clear).ellipse((400, 200, 800, 600), fill=(200, 0, 0, 255))
    clear.save(folder / "clear.png")
    return folder


@pytest.fixture(scope="module")
def images(folder: Path) -> Iterator[Pixmill]:
    dialects = '[{"dialect": "ipx", "source": "/"}]'
    with Pixmill(images=str(folder), workers=1, cache="memory://", dialects=dialects) as server:
        yield server


def told(server: Pixmill, query: str) -> dict[str, Any]:
    reply = server.get(f"/srcset?{query}")
    assert reply.status == 200, reply.body
    found: dict[str, Any] = reply.json()
    return found


def around(html: str, style: str = "", head: str = "") -> str:
    """A page that has nothing of its own for images."""
    return (
        f"<!doctype html><meta name=viewport content='width=device-width'><style>body {{ margin: 0 }} {style}</style>"
        f"{head}<main>{html}</main><p id=after>After the image.</p>"
    )


def on_another_host(html: str) -> Site:
    return Site(html, host="localhost")


def width_of(url: str) -> int:
    found = re.search(r"[?&]width=(\d+)", url)
    assert found, url
    return int(found[1])


def wait_for(page: Page, is_true: Callable[[], bool]) -> None:
    """Let the browser go on until something has happened."""
    for _ in range(STEP_MS // 20):
        if is_true():
            return
        page.wait_for_timeout(20)
    raise AssertionError("it did not happen")


def loaded(page: Page) -> list[dict[str, Any]]:
    """What each image of the page shows, once all are there."""
    wait_for(page, lambda: page.evaluate(COMPLETE_JS))
    found: list[dict[str, Any]] = page.evaluate(
        "Array.from(document.images, image => ({url: image.currentSrc, natural: image.naturalWidth,"
        " width: image.getBoundingClientRect().width, height: image.getBoundingClientRect().height}))"
    )
    return found


def opened(browser: Browser, viewport: int, density: float = 1) -> Page:
    context = browser.new_context(viewport={"width": viewport, "height": 900}, device_scale_factor=density)
    context.set_default_timeout(STEP_MS)
    return context.new_page()


VIEWPORTS = [
    # viewport, density, the candidate that is next to viewport × density
    (390, 1, 640),
    (390, 2, 828),
    (1_200, 1, 1_200),
    (1_200, 2, 2_560),
    (2_560, 1, 2_560),
    (2_560, 2, 3_840),
]


@pytest.mark.parametrize("loading", ["lazy", "eager"])
@pytest.mark.parametrize(("viewport", "density", "width"), VIEWPORTS)
def test_the_candidate_is_that_of_the_screen_and_nothing_overflows(
    browser: Browser, images: Pixmill, viewport: int, density: float, width: int, loading: str
) -> None:
    html = told(images, f"url=photo.jpg&formats=webp,jpeg&loading={loading}&placeholder=none")["html"]
    page = opened(browser, viewport, density)
    with on_another_host(around(html)) as site:
        page.goto(site.url)
        (image,) = loaded(page)
        assert image["url"].startswith(images.url + "/resize?")
        assert (width_of(image["url"]), "format=webp" in image["url"]) == (width, True)
        assert image["width"] == viewport
        assert abs(image["height"] - viewport * PHOTO_SIDES[1] / PHOTO_SIDES[0]) <= 1
        assert page.evaluate("document.documentElement.scrollWidth") == viewport
    page.context.close()


@pytest.mark.parametrize("query", ["", "&width=400", "&layout=full", "&width=500&densities=1,2", "&loading=eager"])
def test_nothing_moves_while_images_load(browser: Browser, images: Pixmill, query: str) -> None:
    html = told(images, f"url=photo.jpg&formats=jpeg{query}")["html"]
    assert shift_of(browser, html) == 0


def test_without_its_shape_the_page_would_move(browser: Browser, images: Pixmill) -> None:
    html = told(images, "url=photo.jpg&formats=jpeg&width=400&loading=eager")["html"]
    assert shift_of(browser, re.sub(r' (?:width|height|style)="[^"]*"', "", html)) > 0


def shift_of(browser: Browser, html: str) -> float:
    """The cumulative layout shift of a page whose images come after its first frames."""
    page = opened(browser, 1_200)
    gate = Gate(page)
    with on_another_host(around(html, "#after { height: 40px; background: silver }")) as site:
        page.goto(site.url, wait_until="domcontentloaded")
        page.evaluate(SHIFTS_JS)
        page.evaluate(SETTLED_JS)
        wait_for(page, lambda: bool(gate.held))
        gate.open()
        loaded(page)
        page.evaluate(SETTLED_JS)
        shifts: list[float] = page.evaluate("window.shifts")
    page.context.close()
    return sum(shifts)


class Gate:
    """Keeps the images of a page back until it is opened."""

    def __init__(self, page: Page) -> None:
        self.held: list[Route] = []
        self._is_open = False
        page.route("**/resize?*", self.handle)

    def handle(self, route: Route) -> None:
        if self._is_open:
            route.continue_()
        else:
            self.held.append(route)

    def open(self) -> None:
        self._is_open = True
        while self.held:
            self.held.pop().continue_()


def test_a_lazy_image_is_as_wide_as_its_place_in_the_layout(browser: Browser, images: Pixmill) -> None:
    html = told(images, "url=photo.jpg&formats=jpeg")["html"]
    page = opened(browser, 1_200)
    with on_another_host(around(html, "main { width: 300px }")) as site:
        page.goto(site.url)
        (image,) = loaded(page)
        assert (width_of(image["url"]), image["width"]) == (384, 300)
    page.context.close()


def test_an_image_that_is_not_lazy_cannot_know_its_place(browser: Browser, images: Pixmill) -> None:
    html = told(images, "url=photo.jpg&formats=jpeg&loading=eager")["html"]
    page = opened(browser, 1_200)
    with on_another_host(around(html, "main { width: 300px }")) as site:
        page.goto(site.url)
        (image,) = loaded(page)
        assert (width_of(image["url"]), image["width"]) == (1_200, 300)
    page.context.close()


def test_a_lazy_image_below_is_not_loaded_until_it_is_near(browser: Browser, images: Pixmill) -> None:
    html = told(images, "url=photo.jpg&formats=jpeg&width=300")["html"]
    page = opened(browser, 1_200)
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    with on_another_host(around("<div style='height: 20000px'></div>" + html)) as site:
        page.goto(site.url, wait_until="load")
        page.evaluate(SETTLED_JS)
        assert [url for url in requests if "/resize?" in url] == []
        page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
        assert [width_of(image["url"]) for image in loaded(page)] == [300]
    page.context.close()


@pytest.mark.parametrize(("density", "width"), [(1, 200), (2, 400), (3, 600)])
def test_densities_choose_by_screen_alone(browser: Browser, images: Pixmill, density: float, width: int) -> None:
    html = told(images, "url=photo.jpg&formats=jpeg&width=200&densities=1,2,3")["html"]
    page = opened(browser, 1_200, density)
    with on_another_host(around(html)) as site:
        page.goto(site.url)
        (image,) = loaded(page)
        assert (width_of(image["url"]), image["width"]) == (width, 200)
    page.context.close()


def test_a_width_is_the_most_that_is_shown(browser: Browser, images: Pixmill) -> None:
    html = told(images, "url=photo.jpg&formats=jpeg&width=720")["html"]
    for viewport, density, shown, width in ((1_200, 1, 720, 720), (1_200, 2, 720, 1_440), (390, 1, 390, 640)):
        page = opened(browser, viewport, density)
        with on_another_host(around(html)) as site:
            page.goto(site.url)
            (image,) = loaded(page)
            assert (image["width"], width_of(image["url"])) == (shown, width)
            assert page.evaluate("document.documentElement.scrollWidth") == viewport
        page.context.close()


# ---------------------------------------------------------------- placeholders


def seen(page: Page) -> Image.Image:
    return Image.open(BytesIO(page.locator("img").screenshot())).convert("RGB")


def mean(image: Image.Image) -> tuple[int, ...]:
    one = image.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    assert isinstance(one, tuple)
    return one


def held_and_loaded(browser: Browser, html: str) -> tuple[Image.Image, Image.Image]:
    """What is seen of an image before it comes, and after."""
    page = opened(browser, 800)
    gate = Gate(page)
    with on_another_host(around(html, "body { background: rgb(0, 255, 0) }")) as site:
        page.goto(site.url, wait_until="domcontentloaded")
        wait_for(page, lambda: bool(gate.held))
        page.evaluate(SETTLED_JS)
        before = seen(page)
        gate.open()
        loaded(page)
        page.evaluate(SETTLED_JS)
        after = seen(page)
    page.context.close()
    return before, after


@pytest.mark.parametrize("kind", ["lqip", "color", "blurhash", "thumbhash"])
def test_a_placeholder_is_seen_until_the_image_covers_it(browser: Browser, images: Pixmill, kind: str) -> None:
    query = f"url=photo.jpg&formats=jpeg&width=400&placeholder={kind}"
    before, after = held_and_loaded(browser, told(images, query)["html"])
    assert before.size == after.size == (400, 267)
    assert max(abs(one - other) for one, other in zip(mean(before), mean(after), strict=True)) <= 24
    url = f"{images.url}/resize?url=photo.jpg&format=jpeg&width=400"
    itself = Image.open(BytesIO(images.get(url.removeprefix(images.url)).body)).convert("RGB")
    assert max(abs(one - other) for one, other in zip(mean(itself), mean(after), strict=True)) <= 3
    assert detail(after) > 2 * detail(before)


def detail(image: Image.Image) -> float:
    """How much neighbours differ, which is little in what is blurred."""
    grey = image.convert("L")
    moved = grey.crop((1, 0, grey.width, grey.height)).tobytes()
    rows = grey.crop((0, 0, grey.width - 1, grey.height)).tobytes()
    return sum(abs(one - other) for one, other in zip(moved, rows, strict=True)) / len(moved)


def test_without_a_placeholder_the_page_is_seen(browser: Browser, images: Pixmill) -> None:
    html = told(images, "url=photo.jpg&formats=jpeg&width=400&placeholder=none")["html"]
    before, _ = held_and_loaded(browser, html)
    assert mean(before) == (0, 255, 0)


@pytest.mark.parametrize("kind", ["lqip", "color"])
@pytest.mark.parametrize("query", ["url=clear.png", "url=photo.jpg&radius=60"])
def test_nothing_is_left_behind_what_is_transparent(browser: Browser, images: Pixmill, kind: str, query: str) -> None:
    html = told(images, f"{query}&formats=webp,png&width=400&placeholder={kind}")["html"]
    _, after = held_and_loaded(browser, html)
    assert after.getpixel((2, 2)) == (0, 255, 0)
    middle = after.getpixel((after.width // 2, after.height // 2))
    assert middle != (0, 255, 0)


# ---------------------------------------------------------------- whole pages


def test_a_preload_and_the_image_are_one_request(browser: Browser, images: Pixmill) -> None:
    answer = told(images, "url=photo.jpg&formats=avif,jpeg&fetchpriority=high")
    page = opened(browser, 1_200)
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    with on_another_host(around(answer["html"], head=answer["preload"])) as site:
        page.goto(site.url)
        (image,) = loaded(page)
        assert [url for url in requests if "/resize?" in url] == [image["url"]]
        assert "format=avif" in image["url"]
        assert page.evaluate("performance.getEntriesByType('resource')[0].initiatorType") == "link"
    page.context.close()


def test_a_url_of_another_dialect_is_shown_too(browser: Browser, images: Pixmill) -> None:
    html = told(images, "of=/_ipx/w_300,blur_3/photo.jpg&formats=jpeg&alt=A+photo")["html"]
    page = opened(browser, 1_200)
    with on_another_host(around(html)) as site:
        page.goto(site.url)
        (image,) = loaded(page)
        assert (image["width"], image["natural"], "blur=" in image["url"]) == (300, 300, True)
        assert page.get_by_role("img", name="A photo").is_visible()
    page.context.close()


def test_a_page_shows_signed_images_and_presets(browser: Browser, folder: Path) -> None:
    presets = {"small": "width=100", "large": "width=200"}
    settings: dict[str, Any] = {"keys": KEY, "presets": json.dumps(presets), "presets_only": "true"}
    with Pixmill(images=str(folder), workers=1, cache="memory://", **settings) as server:
        ring = Keyring.from_text(KEY)
        html = server.get(ring.sign(b"/srcset", b"url=photo.jpg&variants=small,large&formats=jpeg")).json()["html"]
        page = opened(browser, 1_200)
        with on_another_host(around(html)) as site:
            page.goto(site.url)
            (image,) = loaded(page)
            assert (image["width"], image["natural"]) == (200, 200)
            assert "&sig=" in image["url"]
        page.context.close()


def test_a_strict_policy_of_the_page_is_kept(browser: Browser, images: Pixmill) -> None:
    html = told(images, "url=photo.jpg&formats=jpeg&width=300&layout=none&class=photo")["html"]
    policy = f"default-src 'none'; img-src {images.url}"
    page = opened(browser, 1_200)
    violations: list[str] = []
    page.on("console", lambda message: violations.append(message.text))
    with Site(f"<!doctype html>{html}", {"Content-Security-Policy": policy}, host="localhost") as site:
        page.goto(site.url)
        (image,) = loaded(page)
        assert (image["width"], [text for text in violations if "Content Security" in text]) == (300, [])
    page.context.close()
