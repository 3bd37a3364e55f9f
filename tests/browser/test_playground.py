"""The playground as people use it, in Chromium: every kind of control, the URL, errors, history, keyboard and width."""

import base64
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.playground import SHIFTS_JS, WAIT_MS, Playground
from tests.clients.node import PROJECT, prepare_project
from tests.servers.pixmill import Pixmill

PHOTOS = Path(__file__).parents[2] / "examples" / "photos"
START = "url=mill.png&width=300"
MAX_BYTES = 80 * 1024


@pytest.fixture(scope="module")
def server() -> Iterator[Pixmill]:
    dialects = json.dumps([{"dialect": "imgproxy", "mount": "/imgproxy"}, {"dialect": "ipx"}])
    presets = json.dumps({"card": "width=120&height=90&fit=cover"})
    with Pixmill(images=PHOTOS.as_posix(), dialects=dialects, presets=presets) as server:
        yield server


@pytest.fixture
def playground(page: Page, server: Pixmill) -> Iterator[Playground]:
    """A page that nothing is wrong with, at the end of the test, too."""
    playground = Playground(page, server)
    yield playground
    assert playground.problems == []


@pytest.fixture
def failing(page: Page, server: Pixmill) -> Iterator[Playground]:
    """A page on which requests are refused."""
    playground = Playground(page, server, may_fail=True)
    yield playground
    assert playground.problems == []


def is_accessible(page: Page) -> list[str]:
    """Return what axe-core finds that is serious or worse."""
    prepare_project()
    source = (PROJECT / "node_modules" / "axe-core" / "axe.min.js").read_text()
    page.evaluate(f"() => {{ {source} }}")
    found = page.evaluate("() => axe.run(document, { resultTypes: ['violations'] })")
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found["violations"]
        if one["impact"] in {"serious", "critical"}
        for node in one["nodes"]
    ]


# ---------------------------------------------------------------- the first minute


def test_the_first_image_is_shown_beside_its_original_with_its_facts(playground: Playground) -> None:
    playground.open()
    playground.expect_path("/resize?url=fig.jpg&width=800")
    expect(playground["#after img"]).to_be_visible()
    expect(playground["#before img"]).to_be_visible()
    expect(playground["#split"]).to_be_visible()
    assert playground.fact("Dimensions") == "800 × 541"
    assert playground.fact("Format") == "JPEG"
    expect(playground[".good .detail"]).to_have_text(re.compile(r"−\d\d % of 740 kB"))
    assert re.fullmatch(r"\d+ ms", playground.fact("Time"))
    assert playground.fact("Cache") in {"miss", "hit"}


def test_stages_of_a_render_are_broken_down(playground: Playground) -> None:
    playground.open(f"{START}&blur=1.7")
    assert playground.fact("Cache") == "miss"
    expect(playground[".legend"]).to_contain_text("decode")


def test_all_files_of_the_page_are_small_and_come_from_the_server(playground: Playground) -> None:
    playground.open()
    files = {one.url: one for one in playground.responses if re.search(r"/$|/playground/[\w.]+\.(js|css)$", one.url)}
    assert len(files) > 3
    assert sum(len(one.body()) for one in files.values()) < MAX_BYTES


def test_choosing_an_image_keeps_what_is_set(playground: Playground) -> None:
    playground.open("url=fig.jpg&width=200&sepia=50&crop=0,0,100,100")
    before = playground.pixels()
    playground["[role=option][data-source='wine.jpg']"].click()
    playground.expect_path("/resize?url=wine.jpg&width=200&sepia=50")
    playground.settle()
    assert playground.pixels() != before
    expect(playground["[role=option][data-source='wine.jpg']"]).to_have_attribute("aria-selected", "true")
    expect(playground["#source"]).to_have_value("wine.jpg")


def test_thumbnails_are_loaded(playground: Playground) -> None:
    playground.open(START)
    expect(playground["#strip img[src]"]).to_have_count(7, timeout=WAIT_MS)
    expect(playground["#strip .broken"]).to_have_count(0)


# ---------------------------------------------------------------- controls


Action = Callable[[Playground], Any]

CONTROLS: dict[str, tuple[str, str, Action, str]] = {
    "slider of whole numbers": (
        START,
        "median",
        lambda p: p["[aria-label='median, slider']"].press("End"),
        "&median=5",
    ),
    "number field": (START, "width", lambda p: p["#f-width"].fill("150"), "url=mill.png&width=150"),
    "percent in a number field": (START, "width", lambda p: p["#f-width"].fill("pct:25"), "url=mill.png&width=pct:25"),
    "slider with a default inside": (
        START,
        "brightness",
        lambda p: p["[aria-label='brightness, slider']"].press("Home"),
        "&brightness=-100",
    ),
    "slider of a long range": (START, "blur", lambda p: p["[aria-label='blur, slider']"].press("End"), "&blur=250"),
    "switch": (START, "grayscale", lambda p: p["#f-grayscale"].check(), "&grayscale=true"),
    "switch that is on": (START, "shrink", lambda p: p["#f-shrink"].uncheck(), "&shrink=false"),
    "segments": (
        START,
        "flip",
        lambda p: p.field("flip").get_by_role("radio", name="vertical").check(),
        "&flip=vertical",
    ),
    "list of words": (
        f"{START}&height=80",
        "fit",
        lambda p: (
            p.field("fit")
            .get_by_role("radio", name="fill")
            .or_(p["select#f-fit"])
            .evaluate(
                "one => { one.matches('select') ? (one.value = 'fill') : (one.checked = true);"
                " one.dispatchEvent(new Event('change', { bubbles: true })) }"
            )
        ),
        "&height=80&fit=fill",
    ),
    "colour picker": (
        f"{START}&padding=30",
        "background",
        lambda p: p.field("background").locator("[type=color]").fill("#ff0000"),
        "&padding=30&background=ff0000",
    ),
    "opacity of a colour": (
        f"{START}&padding=30&background=ff0000",
        "background",
        lambda p: p.field("background").locator("[type=range]").press("Home"),
        "&background=ff000000",
    ),
    "name of a colour": (
        f"{START}&padding=30",
        "background",
        lambda p: p["#f-background"].fill("navy"),
        "&background=navy",
    ),
    "grid of directions": (
        "url=fig.jpg&width=90&height=200&fit=cover",
        "gravity",
        lambda p: p.field("gravity").get_by_role("radio", name="west", exact=True).click(),
        "&fit=cover&gravity=west",
    ),
    "gravity by content": (
        "url=wine.jpg&width=90&height=200&fit=cover",
        "gravity",
        lambda p: p.field("gravity").get_by_role("button", name="smart", exact=True).click(),
        "&fit=cover&gravity=smart",
    ),
    "ratio": (
        START,
        "aspect",
        lambda p: p.field("aspect").get_by_role("button", name="16:9", exact=True).click(),
        "&aspect=16:9",
    ),
    "margins": (START, "padding", lambda p: p["#f-padding"].fill("10,40"), "&padding=10,40"),
    "region": (START, "crop", lambda p: p["#f-crop"].fill("100,100,300,200"), "&crop=100,100,300,200"),
    "list of colours": (
        START,
        "duotone",
        lambda p: p.field("duotone").locator("[type=color]").first.fill("#400000"),
        "&duotone=400000,fadc5a",
    ),
    "list of numbers": (
        START,
        "unsharp",
        lambda p: p.field("unsharp").get_by_label("unsharp, amount", exact=True).fill("9"),
        "&unsharp=2,9",
    ),
    "curve": (START, "curves", lambda p: p["#f-curves"].fill("0,255,255,0"), "&curves=0,255,255,0"),
    "regions of an effect": (
        START,
        "pixelate_areas",
        lambda p: p["#f-pixelate_areas"].fill("40;pct:20,20,60,60"),
        "&pixelate_areas=40;pct:20,20,60,60",
    ),
    "shape": (START, "mask", lambda p: p["#f-mask"].fill("triangle"), "&mask=triangle"),
    "overlay": (
        START,
        "overlay",
        lambda p: p["#f-overlay"].fill("text:Hi & <b>,size:60,color:red"),
        "&overlay=text:Hi%20%26%20%3Cb%3E,size:60,color:red",
    ),
    "further stages": (START, "then", lambda p: p["#f-then"].fill("rotate=20|blur=3"), "&then=rotate%3D20%7Cblur%3D3"),
}


@pytest.mark.parametrize("name", CONTROLS)
def test_a_control_changes_the_url_and_the_image(playground: Playground, name: str) -> None:
    query, parameter, act, expected = CONTROLS[name]
    playground.open(query)
    before = playground.pixels()
    playground.show(parameter)
    act(playground)
    playground.expect_path(re.compile(rf"/resize\?.*{re.escape(expected)}$"))
    playground.settle()
    assert playground.statuses(playground.path)[-1:] == [200]
    assert playground.pixels() != before


def test_the_format_changes_the_url_and_the_facts(playground: Playground) -> None:
    playground.open(START)
    playground.show("format")
    playground.field("format").get_by_role("button", name="webp").click()
    playground.expect_path(f"/resize?{START}&format=webp")
    playground.settle()
    assert playground.fact("Format") == "WEBP"
    playground.field("format").get_by_role("button", name="auto").click()
    playground.expect_path(f"/resize?{START}")


def test_several_words_are_chosen_one_by_one(playground: Playground) -> None:
    playground.open(START)
    playground.show("reject")
    for word in ("svg", "pdf"):
        playground.field("reject").get_by_role("button", name=word, exact=True).click()
    playground.expect_path(re.compile(r"/resize\?url=mill\.png.*reject=svg,pdf.*"))


def test_every_parameter_has_a_control_that_shows_its_examples(failing: Playground) -> None:
    """Some examples are refused alone, if the page has time to ask for them."""
    failing.open(START)
    config = failing.server.get("/playground/config.json").json()
    names = [one["name"] for one in config["parameters"] if one["name"] != "url"]
    fields = failing.page.locator(".field").evaluate_all("all => all.map((one) => one.dataset.name)")
    assert sorted(fields) == sorted(names)
    for one in config["parameters"]:
        name, example = one["name"], one["example"]
        if name == "url" or example == one["default"]:
            continue
        shown = failing.field(name).evaluate(
            "(field, text) => { history.replaceState(null, '', `#url=mill.png&${field.dataset.name}=${encodeURIComponent(text)}`);"
            " dispatchEvent(new PopStateEvent('popstate')); return [field.dataset.value, field.classList.contains('set')]; }",
            example,
        )
        assert shown == [example, True], name
    failing["#reset"].click()
    failing.settle()


def test_dragging_a_slider_asks_for_few_images(playground: Playground) -> None:
    playground.open(START)
    playground.show("sepia")
    before = len(playground.requests)
    slider = playground["[aria-label='sepia, slider']"]
    for _ in range(40):
        slider.press("ArrowRight", delay=0)
    playground.settle()
    asked = [url for url in playground.requests[before:] if "sepia" in url]
    assert 1 <= len(asked) < 20
    assert playground.path in asked[-1]


def test_clear_and_examples_beside_a_field(playground: Playground) -> None:
    playground.open(f"{START}&blur=9")
    playground.show("blur")
    playground["[aria-label='About blur']"].click()
    about = playground.field("blur").locator(".about")
    expect(about).to_contain_text("Gaussian blur")
    about.get_by_role("button", name="2.5").click()
    playground.expect_path(f"/resize?{START}&blur=2.5")
    playground["[aria-label='Clear blur']"].click()
    playground.expect_path(f"/resize?{START}")
    expect(playground["#f-blur"]).to_be_focused()


def test_search_finds_names_aliases_and_descriptions(playground: Playground) -> None:
    playground.open(START)
    for text, name in (("chromasub", "subsampling"), ("trim pad", "trim_padding"), ("film grain", "noise")):
        playground["#search"].fill(text)
        expect(playground.field(name)).to_be_visible()
        expect(playground.field("width")).to_be_hidden()
    playground["#search"].fill("no such thing")
    expect(playground["#nothing"]).to_be_visible()
    playground["#search"].fill("")
    expect(playground.field("width")).to_be_visible()
    expect(playground.field("noise")).to_be_hidden()


# ---------------------------------------------------------------- crop and focal point


def drag(playground: Playground, start: tuple[float, float], stop: tuple[float, float]) -> None:
    """Drag on the original, from and to shares of its sides."""
    box = playground["#overlay"].bounding_box()
    assert box
    mouse = playground.page.mouse
    for index, (x, y) in enumerate((start, stop)):
        mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=1 + 4 * index)
        (mouse.up if index else mouse.down)()


def crop_of(playground: Playground) -> list[int]:
    found = re.search(r"[?&]crop=([\d,]+)(&|$)", playground.path)
    return [int(number) for number in found[1].split(",")] if found else []


def test_a_crop_is_drawn_moved_and_resized_on_the_original(playground: Playground) -> None:
    playground.open("url=mill.png&width=300")
    playground["#crop-tool"].click()
    expect(playground["#overlay"]).to_be_visible()
    drag(playground, (0.25, 0.25), (0.75, 0.5))
    playground.expect_path(re.compile(r".*&crop=.*"))
    playground.settle()
    x, y, width, height = crop_of(playground)
    assert [abs(a - b) < 8 for a, b in zip((x, y, width, height), (200, 200, 400, 200), strict=True)] == [True] * 4
    assert playground.fact("Dimensions").split(" × ")[0] == "300"
    drag(playground, (0.5, 0.4), (0.5, 0.6))
    playground.expect_path(re.compile(r".*&crop=\d+,3[56]\d,.*"))
    moved = crop_of(playground)
    assert moved[0] == x
    assert moved[2:] == [width, height]
    assert abs(moved[1] - y - 160) < 8
    handle = playground[".handle.se"]
    handle.press("Shift+ArrowRight")
    assert abs(crop_of(playground)[2] - width - 80) < 8
    handle.press("ArrowUp")
    assert crop_of(playground)[3] == height - 4
    expect(playground["#f-crop"]).to_have_value(",".join(map(str, crop_of(playground))))


def test_a_focal_point_is_set_by_mouse_and_by_keys(playground: Playground) -> None:
    playground.open("url=wine.jpg&width=100&height=200&fit=cover")
    before = playground.pixels()
    playground.show("gravity")
    playground.field("gravity").get_by_role("button", name="focal point").click()
    expect(playground["#overlay"]).to_be_visible()
    drag(playground, (0.1, 0.5), (0.1, 0.5))
    playground.expect_path(re.compile(r".*&gravity=fp:0\.1\d*,0\.(5|49)\d*$"))
    playground.settle()
    assert playground.pixels() != before
    playground[".focus-point"].press("Shift+ArrowRight")
    playground.expect_path(re.compile(r".*&gravity=fp:0\.2\d*,0\.(5|49)\d*$"))
    playground.settle()


# ---------------------------------------------------------------- image


def test_the_split_is_moved_by_mouse_and_by_keys(playground: Playground) -> None:
    playground.open("url=fig.jpg&width=700&grayscale=true")
    split = playground["#split"]
    expect(split).to_be_visible()
    expect(split).to_have_attribute("aria-valuenow", "50")
    split.press("ArrowLeft")
    expect(split).to_have_attribute("aria-valuenow", "48")
    split.press("End")
    expect(split).to_have_attribute("aria-valuenow", "100")
    box, stage = split.bounding_box(), playground["#stage"].bounding_box()
    assert box
    assert stage
    playground.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    playground.page.mouse.down()
    playground.page.mouse.move(stage["x"] + stage["width"] / 2, box["y"] + 20, steps=4)
    playground.page.mouse.up()
    expect(split).to_have_attribute("aria-valuenow", "50")


def test_the_original_is_cut_as_the_result_is(playground: Playground) -> None:
    playground.open("url=fig.jpg&width=300&height=300&fit=cover&gravity=west&grayscale=true")
    expect(playground["#before img"]).to_be_visible()
    sides = "one => [one.naturalWidth, one.naturalHeight]"
    assert playground["#before img"].evaluate(sides) == playground["#after img"].evaluate(sides) == [300, 300]
    assert "grayscale" not in [url for url in playground.requests if "quality=95" in url][-1]


def test_zoom_and_pan_by_buttons_keys_and_wheel(playground: Playground) -> None:
    playground.open("url=fig.jpg&width=1600")
    level = playground["#zoom-level"]
    fitting = level.inner_text()
    playground["#zoom-full"].click()
    expect(level).to_have_text("100 %")
    place = playground["#after img"].bounding_box()
    playground["#stage"].press("ArrowRight")
    moved = playground["#after img"].bounding_box()
    assert place
    assert moved
    assert round(moved["x"] - place["x"]) == -40
    playground["#stage"].press("+")
    expect(level).to_have_text("125 %")
    playground["#stage"].press("0")
    expect(level).to_have_text(fitting)
    playground["#stage"].hover()
    playground.page.mouse.wheel(0, -100)
    expect(level).not_to_have_text(fitting)


def test_text_results_and_formats_that_no_browser_shows(playground: Playground) -> None:
    playground.open(f"{START}&format=blurhash")
    expect(playground["#after pre"]).to_have_text(re.compile(r"\S{6,}"))
    playground.show("format")
    playground["#f-format"].fill("tiff")
    expect(playground["#alert"]).to_contain_text("cannot show image/tiff")
    assert playground.fact("Format") == "TIFF"
    expect(playground["#after img"]).to_be_visible()


# ---------------------------------------------------------------- URL, permalink, history


def test_a_typed_url_fills_in_the_fields(playground: Playground) -> None:
    playground.open(START)
    playground["#url"].fill("/resize?url=wine.jpg&w=120&h=90&fit=cover&greyscale=1&q=40")
    playground["#url"].press("Enter")
    playground.expect_path("/resize?url=wine.jpg&width=120&height=90&fit=cover&grayscale=1&quality=40")
    expect(playground["#f-width"]).to_have_value("120")
    expect(playground["#f-quality"]).to_have_value("40")
    expect(playground["#f-grayscale"]).to_be_checked()
    playground.settle()
    assert playground.fact("Dimensions") == "120 × 90"


def test_a_permalink_restores_everything(playground: Playground, context: BrowserContext) -> None:
    playground.open(START)
    playground.show("duotone")
    playground["#f-width"].evaluate("one => one.closest('details').open = true")
    playground.field("duotone").locator("[type=color]").first.fill("#204060")
    playground.expect_path(f"/resize?{START}&duotone=204060,fadc5a")
    expect(playground.page).to_have_url(re.compile("duotone=204060,fadc5a"))
    playground.settle()
    pixels, path = playground.pixels(), playground.path
    other = Playground(context.new_page(), playground.server)
    other.open(playground.page.url.partition("#")[2])
    assert other.path == path
    assert other.pixels() == pixels
    expect(other["#strip [aria-selected=true]"]).to_have_attribute("data-source", "mill.png")
    assert other.problems == []


def test_undo_redo_and_the_buttons_of_the_browser(playground: Playground) -> None:
    playground.open(START)
    expect(playground["#undo"]).to_be_disabled()
    for width in (100, 120):
        playground["#f-width"].fill(str(width))
        expect(playground.page).to_have_url(re.compile(f"width={width}$"))
    playground["#undo"].click()
    playground.expect_path("/resize?url=mill.png&width=100")
    expect(playground["#f-width"]).to_have_value("100")
    playground.page.go_back()
    playground.expect_path(f"/resize?{START}")
    expect(playground["#undo"]).to_be_disabled()
    playground["#redo"].click()
    playground.expect_path("/resize?url=mill.png&width=100")
    playground.page.go_forward()
    playground.expect_path("/resize?url=mill.png&width=120")
    expect(playground["#redo"]).to_be_disabled()
    playground["#reset"].click()
    playground.expect_path("/resize?url=mill.png&width=800")
    playground["#stage"].press("Control+z")
    playground.expect_path("/resize?url=mill.png&width=120")
    playground.settle()


def test_presets_of_the_server_and_of_the_browser(playground: Playground) -> None:
    playground.open(f"{START}&sepia=70")
    name = 'Old <b>"print"'
    playground.page.once("dialog", lambda dialog: dialog.accept(name))
    playground["#save-preset"].click()
    playground["#presets"].select_option("preset=card")
    playground.expect_path("/resize?url=mill.png&preset=card")
    playground.settle()
    assert playground.fact("Dimensions") == "120 × 90"
    playground.page.reload()
    playground.settle()
    playground["#presets"].select_option("width=300&sepia=70")
    playground.expect_path(f"/resize?{START}&sepia=70")
    playground["#presets"].select_option(f"remove:{name}")
    expect(playground["#presets optgroup[label=Saved]"]).to_have_count(0)
    playground.settle()


# ---------------------------------------------------------------- files, grammars, signatures


DROP_JS = """([content, name]) => {
  const bytes = Uint8Array.from(atob(content), (sign) => sign.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, { type: "image/png" }));
  for (const type of ["dragenter", "dragover", "drop"]) {
    document.querySelector("#stage").dispatchEvent(new DragEvent(type, { dataTransfer: transfer, bubbles: true }));
  }
}"""


def test_a_dropped_file_is_the_image(playground: Playground) -> None:
    playground.open("url=fig.jpg&width=200")
    content = base64.b64encode((PHOTOS / "mill.png").read_bytes()).decode()
    playground.page.evaluate(DROP_JS, [content, "dropped.png"])
    playground.expect_path(re.compile(r"/resize\?url=upload:[\w-]+&width=200$"))
    playground.settle()
    assert playground.fact("Dimensions") == "200 × 200"
    expect(playground["#drop"]).to_be_hidden()
    expect(playground["[role=option][aria-selected=true]"]).to_have_text("dropped.png")


def test_a_file_is_chosen_and_pasted(playground: Playground) -> None:
    playground.open("url=fig.jpg&width=200")
    playground["#file"].set_input_files(PHOTOS / "wine.jpg")
    playground.expect_path(re.compile(r"/resize\?url=upload:[\w-]+&width=200$"))
    playground.settle()
    first = playground.path
    content = base64.b64encode((PHOTOS / "mill.png").read_bytes()).decode()
    playground.page.evaluate(
        DROP_JS.replace("DragEvent(type, { dataTransfer", "ClipboardEvent('paste', { clipboardData"), [content, "a.png"]
    )
    expect(playground["#url"]).not_to_have_value(playground.server.url + first)
    playground.settle()
    assert playground.fact("Dimensions") == "200 × 200"


def test_a_file_that_is_no_image_is_an_error(failing: Playground) -> None:
    failing.open(START)
    failing["#file"].set_input_files({"name": "notes.png", "mimeType": "image/png", "buffer": b"no image"})
    expect(failing["#alert"].or_(failing["#e-url"]).filter(visible=True)).to_contain_text(
        re.compile("image", re.IGNORECASE)
    )
    failing.settle()


def test_a_pasted_url_of_another_grammar_fills_in_the_fields(playground: Playground) -> None:
    playground.open(START)
    playground["#url"].fill(f"{playground.server.url}/_ipx/s_120x90,fit_cover,f_webp/wine.jpg")
    playground["#url"].press("Enter")
    expect(playground["#source"]).to_have_value("wine.jpg")
    expect(playground["#f-width"]).to_have_value("120")
    playground.settle()
    assert playground.fact("Dimensions") == "120 × 90"
    assert playground.fact("Format") == "WEBP"


def test_a_url_that_means_nothing_is_an_error_of_its_field(failing: Playground) -> None:
    failing.open(START)
    failing["#url"].fill("http://localhost/what/is/this")
    failing["#url"].press("Enter")
    expect(failing["#url-error"]).to_be_visible()
    expect(failing["#url"]).to_have_attribute("aria-invalid", "true")
    failing["#f-width"].fill("120")
    expect(failing["#url-error"]).to_be_hidden()
    failing.settle()


def test_the_request_in_other_grammars(playground: Playground) -> None:
    playground.open(START)
    playground["#tab-grammars"].click()
    pane = playground["#pane-grammars"]
    expect(pane.locator("section")).to_have_count(2)
    for title in ("imgproxy", "ipx"):
        expect(pane).to_contain_text(title)


def test_urls_are_signed_for_a_client_on_this_machine(page: Page) -> None:
    with Pixmill(images=PHOTOS.as_posix(), keys="a-key-of-the-tests-of-the-playground", workers=1) as server:
        playground = Playground(page, server)
        playground.open(START)
        assert re.fullmatch(rf"/resize\?{START}&sig=[\w-]{{43}}", playground.path)
        assert server.get(playground.path).status == 200
        expect(playground["#facts"]).to_contain_text("of 800 × 800")
        expect(playground["#strip img[src]"].first).to_be_visible(timeout=WAIT_MS)
        expect(playground["#before img"]).to_be_visible()
        playground.show("sepia")
        playground["#f-sepia"].fill("80")
        playground.expect_path(re.compile(rf"/resize\?{START}&sepia=80&sig=[\w-]{{43}}$"))
        playground["#tab-code"].click()
        expect(playground["#pane-code code"].first).to_contain_text("&sig=")
        expect(playground["#pane-code code"].nth(2)).to_contain_text(re.compile(r"<picture>[^$]*&amp;sig="))
        expect(playground["#pane-code"]).to_contain_text("A key must not reach a browser", ignore_case=True)
        expect(playground.page).not_to_have_url(re.compile("sig="))
        assert playground.problems == []


# ---------------------------------------------------------------- errors


def test_an_error_is_shown_at_its_field(failing: Playground) -> None:
    failing.open(START)
    field = failing["#f-width"]
    field.fill("wide")
    message = failing["#e-width"]
    expect(message).to_contain_text("width must be a whole number")
    expect(field).to_have_attribute("aria-invalid", "true")
    described = field.get_attribute("aria-describedby")
    assert described == "e-width"
    expect(failing["#alert"]).to_be_hidden()
    field.fill("120")
    expect(message).to_be_hidden()
    expect(field).not_to_have_attribute("aria-invalid", "true")
    failing.settle()


def test_an_error_in_a_closed_group_opens_it(failing: Playground) -> None:
    failing.open(f"{START}&vignette=500")
    expect(failing["#e-vignette"]).to_be_visible()
    expect(failing["#f-vignette"]).to_have_attribute("aria-invalid", "true")


def test_an_image_that_is_not_there_is_an_error_of_the_source(failing: Playground) -> None:
    failing.open(START)
    failing["#source"].fill("nowhere.jpg")
    failing["#source"].press("Enter")
    expect(failing["#e-url"]).to_be_visible()
    expect(failing["#source"]).to_have_attribute("aria-invalid", "true")
    failing["#source"].fill("wine.jpg")
    failing["#source"].press("Enter")
    expect(failing["#e-url"]).to_be_hidden()
    failing.settle()


def test_an_error_without_a_field_is_an_alert(failing: Playground) -> None:
    failing.open(f"{START}&nonsense=1")
    expect(failing["#alert"]).to_contain_text("There is no parameter nonsense")
    expect(failing["#alert"]).to_contain_text("unknown_parameter")
    failing["#reset"].click()
    expect(failing["#alert"]).to_be_hidden()
    failing.settle()


# ---------------------------------------------------------------- code


def snippet(playground: Playground, title: str) -> str:
    return playground[f"#pane-code pre[aria-label='{title}']"].inner_text()


def test_code_is_correct_and_escaped(playground: Playground, context: BrowserContext) -> None:
    text = """It's "A & B" <i> $HOME `x`"""
    playground.open(START)
    playground.show("overlay")
    playground["#f-overlay"].fill(f"text:{text},size:30")
    playground.settle()
    playground["#tab-code"].click()
    expect(playground["#pane-code code"].nth(2)).to_contain_text("<picture>")
    url = snippet(playground, "URL")
    assert url == playground.url
    assert playground.server.get(url.removeprefix(playground.server.url)).status == 200
    page = context.new_page()
    page.set_content(snippet(playground, "<img>") + snippet(playground, "<picture>"))
    sources = page.evaluate("() => [...document.images].map((one) => one.src)")
    assert sources[0] == url
    assert all(one.startswith(playground.server.url) for one in sources)
    assert page.evaluate("() => document.querySelectorAll('i').length") == 0
    assert text in snippet(playground, "Python").replace('\\"', '"')
    assert "'It'" not in snippet(playground, "curl")
    page.close()


# ---------------------------------------------------------------- keyboard, accessibility, sizes


def test_the_keyboard_is_enough(playground: Playground) -> None:
    playground.open(START)
    page = playground.page
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(playground["#search"]).to_be_focused()
    page.keyboard.type("flip")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowRight")
    playground.expect_path(f"/resize?{START}&flip=horizontal")
    page.keyboard.press("/")
    expect(playground["#search"]).to_be_focused()
    playground["#strip [role=option][tabindex='0']"].focus()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    playground.expect_path("/resize?url=wine.jpg&width=300&flip=horizontal")
    playground["#tab-edit"].focus()
    page.keyboard.press("ArrowRight")
    expect(playground["#pane-code"]).to_be_visible()
    expect(playground["#tab-code"]).to_be_focused()
    playground.settle()


def test_every_stop_of_the_tab_key_is_seen_and_named(playground: Playground) -> None:
    playground.open(START)
    seen = []
    for _ in range(60):
        playground.page.keyboard.press("Tab")
        seen.append(
            playground.page.evaluate(
                """() => {
                  const one = document.activeElement;
                  const box = one.getBoundingClientRect();
                  const name = one.ariaLabel || one.labels?.[0]?.textContent || one.textContent.trim();
                  return [one.id || one.className || one.tagName, Boolean(name), box.width > 0, one.matches(":focus-visible")];
                }"""
            )
        )
    assert [one for one in seen if one[1:] != [True, True, True]] == []
    assert {"url", "split", "source", "search", "f-width"} <= {one[0] for one in seen}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1200, 2560])
def test_nothing_serious_for_axe_and_nothing_wider_than_the_page(
    browser: Browser, server: Pixmill, scheme: Any, width: int
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    playground = Playground(context.new_page(), server)
    playground.page.add_init_script(f"({SHIFTS_JS})()")
    playground.open("url=mill.png&width=500&blur=2")
    expect(playground["#before img"]).to_be_visible()
    assert is_accessible(playground.page) == []
    assert playground.page.evaluate("() => document.documentElement.scrollWidth") == width
    playground["#form"].evaluate("one => one.querySelectorAll('details').forEach((group) => group.open = true)")
    assert is_accessible(playground.page) == []
    playground["#crop-tool"].click()
    expect(playground["#overlay"]).to_be_visible()
    playground["#tab-code"].click()
    expect(playground["#pane-code code"].nth(2)).to_contain_text("<picture>")
    assert is_accessible(playground.page) == []
    assert playground.problems == []
    context.close()


@pytest.mark.parametrize("width", [390, 1200, 2560])
def test_nothing_shifts(browser: Browser, server: Pixmill, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900})
    playground = Playground(context.new_page(), server)
    playground.page.add_init_script(f"({SHIFTS_JS})()")
    playground.open()
    expect(playground["#before img"]).to_be_visible()
    playground["#f-width"].fill("431")
    playground.settle()
    expect(playground["#strip img[src]"].nth(2)).to_be_visible(timeout=WAIT_MS)
    assert playground.page.evaluate("() => window.shifts") == []
    context.close()


# ---------------------------------------------------------------- many images, none


def test_ten_thousand_images_are_listed_page_by_page(page: Page, tmp_path: Path) -> None:
    content = (PHOTOS / "mill.png").read_bytes()
    (tmp_path / "00000.png").write_bytes(content)
    for number in range(1, 10_000):
        (tmp_path / f"{number:05}.png").hardlink_to(tmp_path / "00000.png")
    with Pixmill(images=tmp_path.as_posix(), workers=1) as server:
        playground = Playground(page, server)
        playground.open()
        playground.expect_path("/resize?url=00000.png&width=800")
        options = playground["[role=option]"]
        expect(options).to_have_count(60)
        playground["#strip"].evaluate("one => one.scrollLeft = one.scrollWidth")
        expect(options).to_have_count(120)
        assert len([url for url in playground.requests if "&height=108" in url]) < 60
        assert playground.problems == []


def test_without_images_the_page_says_what_to_do(page: Page) -> None:
    with Pixmill(workers=1) as server:
        playground = Playground(page, server)
        playground.page.goto(server.url)
        expect(playground["#empty"]).to_be_visible()
        expect(playground["#busy"]).to_be_hidden()
        assert playground.problems == []
