"""Every link and anchor of the built site leads somewhere, every page is in the navigation, and nothing is loaded from
another host."""

import json
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from docs.site.build import page_paths, site_path

from tests.site.conftest import SITE

LOADED = {
    ("script", "src"),
    ("img", "src"),
    ("img", "srcset"),
    ("source", "srcset"),
    ("iframe", "src"),
    ("video", "src"),
    ("use", "href"),
    ("image", "href"),
}
LOADING_RELATIONS = {"stylesheet", "icon", "preload", "modulepreload", "manifest"}
PATHS = sorted(SITE.rglob("*.html"))


@dataclass
class Document(HTMLParser):
    """Anchors and references of a page."""

    ids: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids |= {str(given[name]) for name in ("id", "name") if given.get(name)}
        for name, value in attrs:
            relation = set((given.get("rel") or "").split())
            if (tag, name) in LOADED or (tag == "link" and name == "href" and relation & LOADING_RELATIONS):
                self.loaded.append(value or "")
            elif tag == "a" and name == "href":
                self.links.append(value or "")


def parsed(path: Path) -> Document:
    document = Document()
    document.feed(path.read_text(encoding="utf-8"))
    return document


DOCUMENTS = {path: parsed(path) for path in PATHS}


def test_the_site_has_pages(site: Path) -> None:
    assert len(DOCUMENTS) > 50
    assert sum(len(document.links) for document in DOCUMENTS.values()) > 3_000


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.relative_to(SITE).as_posix())
def test_every_link_and_anchor_leads_somewhere(path: Path) -> None:
    document = DOCUMENTS[path]
    assert [link for link in {*document.links, *document.loaded} if not leads_somewhere(path, link)] == []


def leads_somewhere(path: Path, link: str) -> bool:
    url = urlsplit(link)
    if url.scheme:
        return url.scheme in {"http", "https", "mailto", "data"}
    base = SITE if path.name == "404.html" else path.parent
    target = (SITE / url.path.lstrip("/") if url.path.startswith("/") else base / unquote(url.path)).resolve()
    target = path if not url.path else target / "index.html" if target.is_dir() else target
    if not target.is_relative_to(SITE) or not target.is_file():
        return False
    return not url.fragment or target not in DOCUMENTS or unquote(url.fragment) in DOCUMENTS[target].ids


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.relative_to(SITE).as_posix())
def test_nothing_is_loaded_from_another_host(path: Path) -> None:
    assert [link for link in DOCUMENTS[path].loaded if urlsplit(link).netloc] == []


def test_no_style_sheet_or_drawing_loads_anything_from_another_host(site: Path) -> None:
    texts = {path: path.read_text(encoding="utf-8") for ending in ("css", "svg") for path in site.rglob(f"*.{ending}")}
    assert texts
    loads = re.compile(r"(?:url\(|@import |href=)[\"']?(?:https?:)?//")
    assert [path.name for path, text in texts.items() if loads.search(text)] == []


def test_every_page_is_in_the_navigation() -> None:
    places = {(SITE / site_path(path)).with_suffix(".html") for path in page_paths()}
    home = DOCUMENTS[SITE / "index.html"]
    assert {path for path in places if path not in DOCUMENTS} == set()
    linked = {
        (path.parent / urlsplit(link).path).resolve()
        for path in (SITE / "index.html", *places)
        for link in DOCUMENTS[path].links
    }
    assert places - linked == set()
    assert len(home.links) > 8


def test_the_index_for_language_models_links_each_page_as_markdown(site: Path) -> None:
    text = (site / "llms.txt").read_text(encoding="utf-8")
    linked = re.findall(r"^- \[[^\]]+\]\(([^)]+)\)", text, re.MULTILINE)
    assert {*linked, "index.md"} == {site_path(path) for path in page_paths()}
    full = (site / "llms-full.txt").read_text(encoding="utf-8")
    for link in linked:
        page = (site / link).read_text(encoding="utf-8")
        assert page.startswith("# ")
        assert page.strip() in full


def test_the_search_knows_every_page(site: Path) -> None:
    items = json.loads((site / "search.json").read_text(encoding="utf-8"))["items"]
    known = {item["location"].partition("#")[0] for item in items}
    assert {re.sub(r"md$", "html", site_path(path)) for path in page_paths()} <= known
