"""A name that changes its answer, and redirects inward, gain nothing. Against real origins on loopback."""

from collections.abc import Iterator

import pytest

from pixmill.errors import AddressForbidden, PixmillError, SourceUnreachable
from pixmill.plan.source import parse_source
from pixmill.sources.config import SourcesConfig
from pixmill.sources.http.source import HttpSource
from tests.servers.origin import Origin

OUTSIDE = "127.0.0.2"  # stands for the public address: the only one that the guard lets through here
INSIDE = "127.0.0.1"


@pytest.fixture
def outside() -> Iterator[Origin]:
    with Origin(OUTSIDE) as origin:
        yield origin


@pytest.fixture
def inside(outside: Origin) -> Iterator[Origin]:
    """On the same port, as rebinding needs it."""
    with Origin(INSIDE, outside.port) as origin:
        origin.serve("/", b"secret")
        yield origin


def refused_by_the_guard(error: BaseException) -> bool:
    """Whether the address guard refused: of a name the answer says no more than of one that does not exist."""
    return isinstance(error, AddressForbidden) or (
        isinstance(error, SourceUnreachable) and isinstance(error.__cause__, AddressForbidden)
    )


class Names:
    """A name server that gives its answers in turn, the last one for ever."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self, _host: str, _port: int) -> list[str]:
        self.asked += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


async def fetch(url: str, names: Names, times: int = 1) -> list[bytes]:
    source = HttpSource(SourcesConfig(allowed_networks=f"{OUTSIDE}/32"), lookup=names)
    await source.open()
    bodies = []
    try:
        for _ in range(times):
            with (await source.fetch(parse_source(url))).spool as spool:
                bodies.append(spool.read())
    finally:
        await source.close()
    return bodies


async def test_the_address_that_was_judged_is_the_one_connected(outside: Origin, inside: Origin) -> None:
    """An attack on those who resolve twice, once to judge and once to connect."""
    outside.serve("/", b"picture")
    names = Names([OUTSIDE], [INSIDE])
    assert await fetch(f"http://rebind.example:{outside.port}/", names) == [b"picture"]
    assert names.asked == 1
    assert inside.connections == 0


async def test_the_next_connection_is_judged_by_the_next_answer(outside: Origin, inside: Origin) -> None:
    outside.serve("/", b"picture", close=True)
    with pytest.raises(PixmillError, check=refused_by_the_guard):
        await fetch(f"http://rebind.example:{outside.port}/", Names([OUTSIDE], [INSIDE]), times=2)
    assert outside.count("/") == 1
    assert inside.connections == 0


async def test_a_pooled_connection_stays_where_it_was_made(outside: Origin, inside: Origin) -> None:
    outside.serve("/", b"picture")
    names = Names([OUTSIDE], [INSIDE])
    assert await fetch(f"http://rebind.example:{outside.port}/", names, times=3) == [b"picture"] * 3
    assert (outside.connections, inside.connections) == (1, 0)


async def test_a_retry_is_judged_again(outside: Origin, inside: Origin) -> None:
    outside.reset("/")
    with pytest.raises(PixmillError, check=refused_by_the_guard):
        await fetch(f"http://rebind.example:{outside.port}/", Names([OUTSIDE], [INSIDE]))
    assert outside.count("/") == 1
    assert inside.connections == 0


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1:{port}/",
        "//127.0.0.1:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://[::1]:{port}/",
        "http://inside.example:{port}/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[fd00:ec2::254]/",
    ],
)
async def test_a_redirect_inward_is_refused(outside: Origin, inside: Origin, location: str) -> None:
    outside.redirect("/", location.format(port=inside.port))
    with pytest.raises(PixmillError, check=refused_by_the_guard):
        await fetch(f"http://outside.example:{outside.port}/", Names([OUTSIDE], [INSIDE]))
    assert outside.count("/") == 1
    assert inside.connections == 0


async def test_a_refused_address_is_not_tried_again(inside: Origin) -> None:
    names = Names([INSIDE])
    with pytest.raises(PixmillError, check=refused_by_the_guard):
        await fetch(f"http://inside.example:{inside.port}/", names)
    assert names.asked == 1
