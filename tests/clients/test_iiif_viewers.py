"""OpenSeadragon and Mirador in Chromium: they open an image, zoom in, and show what is there, without an error."""

import io
import json
from typing import Any, Final
from urllib.request import urlopen

import pytest
from PIL import Image

from tests.clients.viewers import Viewers, Visit
from tests.compat.runner import Service

SIDE: Final = 4_096
SQUARES: Final = 8
NEARLY: Final = 12
MIRADORS_OWN: Final = "was removed in React 19"
"""A note of React on Mirador itself."""

OPENSEADRAGON: Final = """\
<!doctype html><meta charset="utf-8"><title>OpenSeadragon</title>
<style>body { margin: 0 } #viewer { width: 1200px; height: 900px }</style>
<div id="viewer"></div><script src="/openseadragon.js"></script>
<script>
"use strict";
const params = new URLSearchParams(location.search);
const found = {opened: false, loaded: 0, failures: []};
const viewer = OpenSeadragon({
  id: "viewer", tileSources: params.get("service"), drawer: "canvas", crossOriginPolicy: "Anonymous",
  animationTime: 0, immediateRender: false, showNavigator: false, showNavigationControl: false,
});
viewer.addHandler("open", () => { found.opened = true; });
viewer.addHandler("open-failed", (event) => found.failures.push(event.message));
viewer.addHandler("tile-load-failed", (event) => found.failures.push(`${event.tile.getUrl()}: ${event.message}`));
viewer.addHandler("tile-loaded", () => { found.loaded += 1; });
let drawn = 0;
viewer.addHandler("update-viewport", () => { drawn += 1; });
const loaded = () => {
  if (found.failures.length > 0) return true;
  viewer.forceRedraw();
  return found.opened && drawn > 2 && viewer.world.getItemAt(0).getFullyLoaded();
};
function zoom(factor, x, y) {
  viewer.viewport.zoomTo(viewer.viewport.getHomeZoom() * factor, new OpenSeadragon.Point(x, y), true);
  viewer.viewport.panTo(new OpenSeadragon.Point(x, y), true);
  viewer.viewport.applyConstraints(true);
  drawn = 0;
}
function colours(points) {
  const canvas = viewer.drawer.canvas, context = canvas.getContext("2d");
  return points.map(([x, y]) => {
    const point = viewer.world.getItemAt(0).imageToViewerElementCoordinates(new OpenSeadragon.Point(x, y));
    if (point.x < 4 || point.y < 4 || point.x > 1196 || point.y > 896) return null;
    return [...context.getImageData(Math.round(point.x), Math.round(point.y), 1, 1).data].slice(0, 3);
  });
}
</script>
"""

MIRADOR: Final = """\
<!doctype html><meta charset="utf-8"><title>Mirador</title>
<style>body { margin: 0 } #viewer { position: relative; width: 1200px; height: 900px }</style>
<div id="viewer"></div><script src="/mirador.js"></script>
<script>
"use strict";
Mirador.viewer({
  id: "viewer",
  windows: [{manifestId: `${location.origin}/${new URLSearchParams(location.search).get("manifest")}.json`}],
  window: {allowClose: false, sideBarOpen: false, defaultView: "single", views: [{key: "single"}, {key: "gallery"}]},
  osdConfig: {drawer: "canvas", crossOriginPolicy: "Anonymous"},
});
</script>
"""


def colour_of(column: int, row: int) -> tuple[int, int, int]:
    return 30 + 28 * column, 30 + 28 * row, 30 + 28 * ((column * 3 + row * 5) % SQUARES)


def is_near(colour: Any, expected: tuple[int, int, int]) -> bool:
    return all(abs(one - other) <= NEARLY for one, other in zip(colour, expected, strict=True))


def squares() -> bytes:
    """Draw an image of which each square has a colour of its own."""
    image = Image.new("RGB", (SQUARES, SQUARES))
    for column in range(SQUARES):
        for row in range(SQUARES):
            image.putpixel((column, row), colour_of(column, row))
    body = io.BytesIO()
    image.resize((SIDE, SIDE), Image.Resampling.NEAREST).save(body, "PNG")
    return body.getvalue()


@pytest.fixture(scope="module")
def images(service: Service) -> str:
    """Publish the image, and return where the services are."""
    service.origin.publish("/viewed/squares.png", squares(), {})
    return f"http://127.0.0.1:{service.server.port}/viewed/iiif"


def wait_until(visit: Visit, script: str) -> None:
    """Wait in the page; the time is the safety net of ``viewers.py``."""
    visit.page.wait_for_function(script)


@pytest.mark.parametrize(("version", "mount"), [(3, ""), (2, ""), (3, "-webp")])
def test_openseadragon_shows_every_level(images: str, version: int, mount: str) -> None:
    points = [(SIDE * (2 * n % 16 + 1) // 16, SIDE * (2 * (n // 8) + 1) // 16) for n in range(SQUARES**2)]
    with Viewers({"/": OPENSEADRAGON}) as viewers:
        visit = viewers.open(f"/?service={images}{mount}/{version}/squares/info.json")
        shown = 0
        for factor, x, y in ((1, 0.5, 0.5), (2, 0.2, 0.3), (4, 0.9, 0.9), (8, 0.5, 0.1)):
            wait_until(visit, "() => loaded()")
            visit.page.evaluate("([factor, x, y]) => zoom(factor, x, y)", [factor, x, y])
            wait_until(visit, "() => loaded()")
            for number, colour in enumerate(visit.page.evaluate("(points) => colours(points)", points)):
                if colour is not None:
                    shown += 1
                    expected = colour_of(number % SQUARES, number // SQUARES)
                    assert is_near(colour, expected), (factor, number, colour, expected)
        found: dict[str, Any] = visit.page.evaluate("() => found")
    assert (found["failures"], visit.errors) == ([], [])
    assert found["loaded"] > 20
    assert shown > SQUARES**2
    tiles = [url for url in visit.statuses if "/0/default." in url]
    assert {visit.statuses[url] for url in tiles} == {200}
    assert {url.rpartition(".")[2] for url in tiles} == {"webp" if mount else "jpg"}
    for url in tiles:
        width, height = size_in(url)
        with urlopen(url, timeout=60) as response:
            shown_width, shown_height = Image.open(io.BytesIO(response.read())).size
        assert (shown_width, shown_height) == (width, height or shown_height), url


def size_in(url: str) -> tuple[int, int]:
    """Return the sides that the URL of a tile names, 0 for the free one."""
    width, _, height = url.split("/")[-3].partition(",")
    return int(width), int(height or 0)


def manifest(service: str, version: int) -> str:
    """Return a manifest (Presentation API 3) of the image."""
    image = {
        "id": f"{service}/full/max/0/default.jpg",
        "type": "Image",
        "format": "image/jpeg",
        "width": SIDE,
        "height": SIDE,
        "service": [{"id": service, "type": f"ImageService{version}", "profile": "level2"}],
    }
    base = "https://manifests.example.org/squares"
    annotation = {
        "id": f"{base}/annotation",
        "type": "Annotation",
        "motivation": "painting",
        "body": image,
        "target": f"{base}/canvas",
    }
    canvas = {
        "id": f"{base}/canvas",
        "type": "Canvas",
        "width": SIDE,
        "height": SIDE,
        "items": [{"id": f"{base}/page", "type": "AnnotationPage", "items": [annotation]}],
    }
    return json.dumps(
        {
            "@context": "http://iiif.io/api/presentation/3/context.json",
            "id": base,
            "type": "Manifest",
            "label": {"en": ["Squares"]},
            "items": [canvas],
        }
    )


@pytest.mark.parametrize("version", [3, 2])
def test_mirador_shows_a_manifest(images: str, version: int) -> None:
    pages = {"/": MIRADOR, "/squares.json": manifest(f"{images}/{version}/squares", version)}
    with Viewers(pages) as viewers:
        visit = viewers.open("/?manifest=squares")
        page = visit.page
        page.wait_for_selector(".mirador-osd-container canvas, .openseadragon-canvas canvas")
        page.wait_for_load_state("networkidle")
        for _ in range(3):
            page.get_by_role("button", name="Zoom in").click()
            page.wait_for_load_state("networkidle")
        image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    assert [error for error in visit.errors if MIRADORS_OWN not in error] == []
    requests = {url: status for url, status in visit.statuses.items() if url.startswith(images)}
    assert {status for url, status in requests.items() if not url.endswith("/squares")} == {200}
    assert any(url.endswith("/info.json") for url in requests)
    assert sum("/0/default.jpg" in url for url in requests) > 4
    colours = {colour_of(column, row) for column in range(SQUARES) for row in range(SQUARES)}
    pixels = image.getcolors(1_200 * 900)
    assert pixels is not None
    assert sum(count for count, colour in pixels if any(is_near(colour, each) for each in colours)) > 200_000
