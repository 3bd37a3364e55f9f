"""Which source fetches what, and what is counted."""

from collections.abc import Iterator

import pytest

from pixmill.errors import SourceBusy, SourceForbidden, SourceNotFound
from pixmill.plan.source import SourceKind, SourceRef, parse_source, upload_ref
from pixmill.ports.observe import Event, RequestStage
from pixmill.ports.values import Original
from pixmill.runtime.spool import Spool
from pixmill.sources.config import SourcesConfig
from pixmill.sources.router import Sources
from tests.servers.origin import Origin
from tests.sources.test_stores import FakeStore


class Notes:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.times: list[tuple[RequestStage, float]] = []
        self.counts: list[tuple[Event, float, dict[str, str]]] = []

    def observe_duration(self, stage: RequestStage, seconds: float) -> None:
        self.times.append((stage, seconds))

    def increment(self, event: Event, amount: float = 1, **labels: str) -> None:
        self.counts.append((event, amount, labels))


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as running:
        yield running


def locate(url: str) -> tuple[FakeStore, str]:
    return FakeStore({"key": b"stored"}), url.rpartition("/")[2]


async def fetch(ref: SourceRef, notes: Notes, *, bare: bool = False, **settings: object) -> Original:
    config = SourcesConfig.model_validate({"allowed_networks": "127.0.0.1"} | settings)
    shelf = FakeStore({"a.jpg": b"filed"})
    sources = Sources(config, notes) if bare else Sources(config, notes, images=shelf, locate=locate)
    await sources.open()
    try:
        return await sources.fetch(ref)
    finally:
        await sources.close()


async def test_an_origin_is_asked_only_so_often_and_others_are_not_kept_from_theirs(origin: Origin) -> None:
    notes = Notes()
    config = SourcesConfig.model_validate({"allowed_networks": "127.0.0.1", "source_rate_limit": 0.001})
    sources = Sources(config, notes, images=FakeStore({"a.jpg": b"filed"}), locate=locate)
    await sources.open()
    url = origin.serve("/a", b"from the web")
    (await sources.fetch(parse_source(url))).spool.close()
    with pytest.raises(SourceBusy) as refusal:
        await sources.fetch(parse_source(url + "?again"))
    assert 1 < (refusal.value.retry_after_s or 0) <= 1_000
    assert len(origin.requests) == 1
    assert (Event.REJECTED, 1, {"reason": "source_rate"}) in notes.counts
    for text in ("s3://b/key", "a.jpg", "a.jpg"):
        (await sources.fetch(parse_source(text))).spool.close()
    await sources.close()


def body(spool: Spool) -> bytes:
    with spool:
        return spool.read()


async def test_each_kind_of_reference_finds_its_source_and_is_counted(origin: Origin) -> None:
    url = origin.serve("/a", b"from the web")
    for text, expected in ((url, b"from the web"), ("a.jpg", b"filed"), ("s3://b/key", b"stored")):
        notes = Notes()
        ref = parse_source(text)
        assert body((await fetch(ref, notes)).spool) == expected
        assert notes.counts == [
            (Event.FETCH, 1, {"kind": ref.kind.value, "outcome": "ok"}),
            (Event.FETCH_BYTES, len(expected), {}),
        ]
        [(stage, seconds)] = notes.times
        assert stage is RequestStage.FETCH
        assert 0 < seconds < 5


async def test_a_failure_is_counted_by_its_code(origin: Origin) -> None:
    notes = Notes()
    with pytest.raises(SourceNotFound):
        await fetch(parse_source(origin.url("/none")), notes)
    assert notes.counts == [(Event.FETCH, 1, {"kind": "http", "outcome": "source_not_found"})]
    assert len(notes.times) == 1


@pytest.mark.parametrize("ref", [parse_source("a.jpg"), parse_source("s3://b/key"), upload_ref("d")])
async def test_a_kind_that_nothing_fetches_is_forbidden(ref: SourceRef) -> None:
    notes = Notes()
    with pytest.raises(SourceForbidden):
        await fetch(ref, notes, bare=True)
    assert notes.counts == [(Event.FETCH, 1, {"kind": ref.kind.value, "outcome": "source_forbidden"})]


async def test_what_is_not_on_the_allow_list_is_never_asked_for(origin: Origin) -> None:
    url = origin.serve("/private/a", b"secret")
    with pytest.raises(SourceForbidden):
        await fetch(parse_source(url), Notes(), allowed_sources=origin.url("/public/"))
    assert origin.connections == 0


async def test_a_redirect_off_the_allow_list_is_not_followed(origin: Origin) -> None:
    origin.serve("/private/a", b"secret")
    url = origin.redirect("/public/a", "/private/a")
    with pytest.raises(SourceForbidden):
        await fetch(parse_source(url), Notes(), allowed_sources=origin.url("/public/"))
    assert origin.count("/private/a") == 0


async def test_a_redirect_within_the_allow_list_is_followed(origin: Origin) -> None:
    origin.serve("/public/b", b"picture")
    url = origin.redirect("/public/a", "b")
    original = await fetch(parse_source(url), Notes(), allowed_sources=origin.url("/public/"))
    assert body(original.spool) == b"picture"


def test_every_kind_but_uploads_has_a_source() -> None:
    sources = Sources(SourcesConfig(), Notes(), images=FakeStore({}), locate=locate)
    assert set(sources._sources) == set(SourceKind) - {SourceKind.UPLOAD}
