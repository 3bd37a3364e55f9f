"""Origins that are slow, endless, lie, cut off, loop, change and compress bombs: each costs its own pictures only."""

import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.faults.traffic import Traffic, Wanted, chart, sizes, while_going
from tests.servers.names import NameServer
from tests.servers.origin import Origin
from tests.servers.pixmill import Pixmill

FETCHED = {
    "cache": "memory://?max_bytes=16MiB",
    "allowed_networks": "127.0.0.0/8",
    "source_timeout_s": 4,
    "source_idle_timeout_s": 3,
    "max_source_bytes": 200_000,
}


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as server:
        yield server


@dataclass(frozen=True)
class Fault:
    """``serve`` gives a URL of the chart 9; what may come of it besides the picture."""

    name: str
    serve: Callable[[Origin], str]
    allowed: tuple[tuple[int, str], ...]


_BROKEN = ((502, "source_bad_response"), (502, "source_unreachable"))
_LATE = ((504, "source_timeout"),)
_LARGE = ((413, "source_too_large"),)
_DAMAGED = ((422, "undecodable_image"), (415, "unsupported_image"))
_BOMB = gzip.compress(bytes(50_000_000), 9)


def _served(name: str, **how: object) -> Callable[[Origin], str]:
    return lambda origin: origin.serve(f"/{name}", chart(9), **how)


FAULTS = (
    Fault("slow", _served("slow", wait_s=0.3, pace_s=0.05), _LATE),
    Fault("silent", _served("silent", wait_s=30), _LATE),
    Fault("endless", _served("endless", endless=True), (*_LARGE, *_LATE, *_DAMAGED)),
    Fault("claims more", _served("more", claim=50_000), (*_BROKEN, *_LATE)),
    Fault("claims less", _served("less", claim=40), (*_BROKEN, *_DAMAGED)),
    Fault("claims too much", _served("huge", claim=10**12), _LARGE),
    Fault("cut off", _served("cut", cut_after=100), _BROKEN),
    Fault("partial", _served("partial", status=206), _BROKEN),
    Fault("bomb", lambda o: o.serve("/bomb", _BOMB, headers={"Content-Encoding": "gzip"}), (*_LARGE, *_LATE)),
    Fault("loop", lambda o: o.redirect("/loop", "/loop"), ((502, "too_many_redirects"), *_BROKEN)),
)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_an_origin_that_fails_touches_its_own_pictures_only(
    origin: Origin, fault: Fault, survived: Callable[..., None]
) -> None:
    good = origin.serve("/good.png", chart(5))
    bad = fault.serve(origin)
    asked = sizes("good", good, [5], range(20, 80), ("png", "webp")) + sizes("bad", bad, [9], range(20, 80), ("png",))
    with Pixmill(**FETCHED) as server:  # type: ignore[arg-type]
        with Traffic(server, asked, clients=6) as traffic:
            while_going(traffic, 60)
        traffic.assert_only("good")
        traffic.assert_only("bad", *fault.allowed)
        survived(traffic)


def test_an_original_that_changes_between_requests_is_one_version_or_the_other_never_both(
    origin: Origin, survived: Callable[..., None]
) -> None:
    versions = list(range(10, 20))
    url = origin.serve("/changing.png", chart(versions[0]), headers={"Cache-Control": "max-age=0"})
    asked: list[Wanted] = sizes("changing", url, versions, range(20, 60), ("png", "webp"))
    with Pixmill(**FETCHED) as server:  # type: ignore[arg-type]
        with Traffic(server, asked) as traffic:
            for version in versions[1:]:
                origin.serve("/changing.png", chart(version), headers={"Cache-Control": "max-age=0"})
                while_going(traffic, 15)
        traffic.assert_only("changing")
        survived(traffic)


def test_origins_whose_name_servers_are_silent_touch_their_own_images_only(
    origin: Origin, survived: Callable[..., None]
) -> None:
    """Sixty-four names of one domain and of many, while others are fetched by name and by address."""
    with NameServer() as names:
        names.serve("good.test", "127.0.0.1")
        hosts = [f"n{number}.hang.test" for number in range(32)] + [f"d{number}.test" for number in range(32)]
        for host in hosts:
            names.hang(host)
        asked = []
        for number in range(40):
            address = origin.serve(f"/good{number}.png", chart(5))
            asked += sizes("address", address, [5], [30], ("png",))
            asked += sizes("named", address.replace("127.0.0.1", "good.test"), [5], [40], ("png",))
        asked += [Wanted("silent", f"http://{host}/a.png", 20, "png", (9,)) for host in hosts]
        settings = FETCHED | {"dns_servers": names.address, "source_connect_timeout_s": 2}
        with Pixmill(**settings) as server:  # type: ignore[arg-type]
            with Traffic(server, asked, clients=24) as traffic:
                while_going(traffic, 200)
            traffic.assert_only("named")
            traffic.assert_only("address")
            traffic.assert_only("silent", *_LATE, (503, "source_busy"))
            survived(traffic)
