"""Services and dialects have the same names, each has a page of one form, and marks are those of one service."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixmill.dialects.catalogue import SERVICES, Service, marked_services, services_of
from pixmill.dialects.factory import DIALECTS, NATIVE

DOCS = Path(__file__).parents[2] / "docs" / "dialects"
SERVED = services_of(DIALECTS)
SECTIONS = ("Options of URLs", "What differs", "Migration in five steps")


def test_every_dialect_is_in_the_catalogue() -> None:
    assert {service.name for service in SERVED} == set(DIALECTS) - {NATIVE}
    assert len({service.name for service in SERVICES}) == len(SERVICES)


@pytest.mark.parametrize("page", sorted({service.page for service in SERVED}))
def test_every_page_has_what_a_migration_needs(page: str) -> None:
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    headings = re.findall("^## (.+)$", text, re.MULTILINE)
    assert [heading for heading in headings if heading in SECTIONS] == list(SECTIONS)
    steps = text.partition(f"## {SECTIONS[-1]}\n")[2].partition("\n## ")[0]
    assert re.findall("^([0-9]+)[.]", steps, re.MULTILINE) == ["1", "2", "3", "4", "5"]
    assert "<!-- options" in text
    assert "PIXMILL_DIALECTS=" in text
    assert all(f'"{service.name}"' in text for service in SERVED if service.page == page)


def test_there_is_no_page_without_a_dialect() -> None:
    assert {path.stem for path in DOCS.glob("*.md")} == {service.page for service in SERVED}


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_mark_is_that_of_one_service(service: Service) -> None:
    path, _, query = service.example.replace("UUID", "a0b1c2d3-0000-4000-8000-123456789abc").partition("?")
    path = path.replace("/images/SIGNATURE", f"/images/{'A' * 27}=")
    found = [other.name for other in marked_services(path.encode(), query.encode())]
    if service.path_mark or service.query_mark:
        assert found == [service.name]
    else:
        assert found in ([], ["thumbor"])  # imagor speaks it too


@pytest.mark.parametrize(
    "target",
    ["/a.jpg?width=300&height=300", "/?url=a.jpg", "/resize?width=300", "/photos/a.jpg?w=3&fit=crop", "/", "/x:y"],
)
def test_what_several_services_share_is_no_mark(target: str) -> None:
    path, _, query = target.partition("?")
    assert not list(marked_services(path.encode(), query.encode()))


@given(st.binary(max_size=100), st.binary(max_size=100), st.integers(1, 5_000))
def test_marks_are_looked_for_in_any_bytes(path: bytes, query: bytes, times: int) -> None:
    list(marked_services(b"/" + path * times, query * times))
