"""How long pictures are good, through the whole server, with an origin that answers conditions and can change its
mind."""

import io
import json
import time
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from PIL import Image

from pixmill.dialects.signing import Keyring
from tests.e2e.scenes import metric, small_photo, until
from tests.servers.origin import Origin
from tests.servers.pixmill import Pixmill, Reply


@pytest.fixture(scope="module")
def server() -> Iterator[Pixmill]:
    with Pixmill(allowed_networks="127.0.0.0/8", workers=1) as server:
        yield server


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as origin:
        yield origin


def picture(colour: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (60, 40), colour).save(out, "PNG")
    return out.getvalue()


def colour_of(reply: Reply) -> Any:
    with Image.open(io.BytesIO(reply.body)) as image:
        return image.convert("RGB").getpixel((5, 5))


def status_of(reply: Reply) -> str:
    return str(reply.headers["cache-status"])


def test_every_size_is_renewed_without_a_download_or_a_render(server: Pixmill, origin: Origin) -> None:
    url = origin.publish("/a.jpg", small_photo(300), {"ETag": '"1"', "Cache-Control": "no-cache"})
    first = {width: server.get("/resize", url=url, width=width) for width in (100, 200)}
    sent, renders = origin.sent, metric(server, "pixmill_renders_total")
    for width, before in first.items():
        again = server.get("/resize", url=url, width=width)
        assert (again.body, again.headers["etag"]) == (before.body, before.headers["etag"])
        assert status_of(again) == "Pixmill; fwd=stale; fwd-status=304; stored"
    assert origin.sent == sent
    assert metric(server, "pixmill_renders_total") == renders
    assert metric(server, "pixmill_source_fetches_total", outcome="not_modified") >= 2


def test_an_original_that_changes_changes_the_picture_and_its_tag(server: Pixmill, origin: Origin) -> None:
    headers = {"Cache-Control": "no-cache"}
    url = origin.publish("/b.png", picture("red"), headers | {"ETag": '"1"'})
    asked: dict[str, Any] = {"url": url, "width": 30, "format": "png"}
    red = server.get("/resize", **asked)
    origin.publish("/b.png", picture("blue"), headers | {"ETag": '"2"'})
    blue = server.get("/resize", headers={"if-none-match": red.headers["etag"]}, **asked)
    assert (colour_of(red), colour_of(blue), blue.status) == ((255, 0, 0), (0, 0, 255), 200)
    assert blue.headers["etag"] != red.headers["etag"]
    assert status_of(blue) == "Pixmill; fwd=stale; fwd-status=200; stored"
    same = server.get("/resize", headers={"if-none-match": blue.headers["etag"]}, **asked)
    assert (same.status, same.body) == (304, b"")
    for name in ("etag", "cache-control", "vary"):
        assert same.headers[name] == blue.headers[name]


def test_a_stale_picture_is_served_and_renewed_behind_the_answer(origin: Origin) -> None:
    url = origin.publish("/c.jpg", small_photo(200), {"Last-Modified": "Sun, 06 Nov 1994 08:49:37 GMT"})
    with Pixmill(allowed_networks="127.0.0.0/8", workers=1, cache_ttl_s=1) as server:
        server.get("/resize", url=url, width=50)
        until(lambda: "ttl=-" in status_of(server.get("/resize", url=url, width=50)), 60, "a stale picture is served")
        until(lambda: origin.count("/c.jpg") > 1, 60, "its origin is asked")
        assert origin.sent == len(small_photo(200))
        assert metric(server, "pixmill_renders_total", outcome="ok") == 1


def test_a_stale_picture_whose_original_is_gone_is_served_once_and_no_more(origin: Origin) -> None:
    url = origin.publish("/gone.jpg", small_photo(200), {"ETag": '"1"'})
    with Pixmill(
        allowed_networks="127.0.0.0/8", workers=1, cache_ttl_s=1, cache_stale_while_revalidate_s=3_600
    ) as server:
        assert server.get("/resize", url=url, width=50).status == 200
        origin.serve("/gone.jpg", status=410)
        until(lambda: server.get("/resize", url=url, width=50).status == 404, 60, "the picture is gone")
        origin.serve("/gone.jpg", status=503)
        assert server.get("/resize", url=url, width=50).status in {404, 502}, "nor does it come back"


def test_an_origin_that_fails_is_stood_in_for_and_one_that_has_no_picture_is_not(origin: Origin) -> None:
    said = "max-age=0, stale-if-error=60"
    with Pixmill(
        allowed_networks="127.0.0.0/8", workers=1, cache_stale_while_revalidate_s=0, cache_min_ttl_s=1
    ) as server:
        url = origin.publish("/d.jpg", small_photo(200), {"ETag": '"1"', "Cache-Control": said})
        assert "stale-if-error=60" in server.get("/resize", url=url, width=50).headers["cache-control"]
        origin.serve("/d.jpg", status=503)
        until(lambda: "stale-if-error" in status_of(server.get("/resize", url=url, width=50)), 60, "it is stood in for")
        assert server.get("/resize", url=url, width=50).status == 200
        assert server.get("/resize", url=url, width=51).status == 502, "there is nothing to serve"
        origin.serve("/d.jpg", status=404)
        until(lambda: server.get("/resize", url=url, width=50).status == 404, 60, "the picture is gone")


def test_nothing_is_said_to_be_stored_where_there_is_no_cache(origin: Origin) -> None:
    url = origin.publish("/e.jpg", small_photo(200), {"ETag": '"1"'})
    with Pixmill(allowed_networks="127.0.0.0/8", workers=1, cache="") as server:
        assert status_of(server.get("/resize", url=url, width=50)) == "Pixmill; fwd=uri-miss"


def test_another_size_of_the_same_picture_costs_no_download(server: Pixmill, origin: Origin) -> None:
    url = origin.publish("/f.jpg", small_photo(300), {"ETag": '"1"', "Cache-Control": "max-age=60"})
    sizes = [server.get("/resize", url=url, width=width) for width in (40, 50, 60)]
    assert [reply.status for reply in sizes] == [200, 200, 200]
    assert origin.count("/f.jpg") == 1
    assert metric(server, "pixmill_cache_bytes", tier="originals") >= len(small_photo(300))


def test_a_kept_original_that_has_changed_is_replaced(server: Pixmill, origin: Origin) -> None:
    for number, colour in enumerate(("red", "blue", "red")):
        url = origin.publish("/g.png", picture(colour), {"ETag": f'"{number}"', "Cache-Control": "no-cache"})
        assert colour_of(server.get("/resize", url=url, width=31 + number, format="png"))[0] == 255 * (colour == "red")


def test_a_source_that_has_no_picture_is_not_asked_for_each_request(server: Pixmill, origin: Origin) -> None:
    url = origin.url("/none.jpg")
    replies = [server.get("/resize", url=url, width=width) for width in (10, 20)]
    assert [reply.status for reply in replies] == [404, 404]
    assert [status_of(reply) for reply in replies] == [
        "Pixmill; fwd=uri-miss; detail=source_not_found",
        "Pixmill; hit; detail=negative-source_not_found",
    ]
    assert origin.count("/none.jpg") == 1


def test_a_picture_that_is_none_is_told_so_without_another_try(server: Pixmill, origin: Origin) -> None:
    url = origin.publish("/words.txt", b"no picture", {"ETag": '"1"', "Cache-Control": "max-age=50"})
    renders = metric(server, "pixmill_renders_total")
    told = metric(server, "pixmill_negative_cache_hits_total", outcome="unsupported_image")
    replies = [server.get("/resize", url=url, width=width) for width in (10, 20, 20)]
    assert [reply.status for reply in replies] == [415, 415, 415]
    assert status_of(replies[0]) == "Pixmill; fwd=uri-miss; detail=unsupported_image"
    assert status_of(replies[2]) == "Pixmill; hit; detail=negative-unsupported_image"
    ages = [int(reply.headers["cache-control"].removeprefix("public, max-age=")) for reply in replies]
    assert all(20 < age <= 50 for age in ages), "no longer than the origin vouches for it"
    assert metric(server, "pixmill_renders_total") == renders + 1
    assert metric(server, "pixmill_negative_cache_hits_total", outcome="unsupported_image") == told + 2
    assert server.get("/info", url=url).status == 415
    assert origin.count("/words.txt") == 1


def test_a_damaged_picture_is_tried_again_when_it_has_changed(server: Pixmill, origin: Origin) -> None:
    whole, headers = small_photo(200), {"Cache-Control": "no-cache"}
    url = origin.publish("/half.jpg", whole[:300], headers | {"ETag": '"half"'})
    renders = metric(server, "pixmill_renders_total")
    replies = [server.get("/resize", url=url, width=10) for _ in range(2)]
    assert [reply.status for reply in replies] == [422, 422]
    assert replies[1].headers["cache-control"] == "public, no-cache"
    assert metric(server, "pixmill_renders_total") == renders + 1
    origin.publish("/half.jpg", whole, headers | {"ETag": '"whole"'})
    assert server.get("/resize", url=url, width=10).status == 200


def test_what_was_kept_of_originals_is_counted(server: Pixmill, origin: Origin) -> None:
    before = {
        outcome: metric(server, "pixmill_cache_lookups_total", tier="originals", outcome=outcome)
        for outcome in ("hit", "miss")
    }
    url = origin.publish("/counted.jpg", small_photo(200), {"ETag": '"1"'})
    for width in (10, 20, 30):
        server.get("/resize", url=url, width=width)
    for outcome, more in (("miss", 1), ("hit", 2)):
        now = metric(server, "pixmill_cache_lookups_total", tier="originals", outcome=outcome)
        assert now == before[outcome] + more


FOR_EVER = "public, max-age=31536000, immutable"
TOKEN = "a token of the operator"


def purged(server: Pixmill, source: str) -> None:
    body, head = json.dumps({"sources": [source]}).encode(), {"authorization": f"Bearer {TOKEN}"}
    asked = urllib.request.Request(f"{server.url}/admin/purge", body, head, method="POST")
    with urllib.request.urlopen(asked, timeout=60) as answer:
        assert answer.status == 200


def test_each_version_is_a_picture_of_its_own_that_does_not_change_until_it_is_purged(origin: Origin) -> None:
    def coloured(colour: str) -> str:
        return origin.publish("/v.png", picture(colour), {"Cache-Control": "no-cache", "ETag": f'"{colour}"'})

    def seen(version: str, width: int = 30) -> str:
        reply = server.get("/resize", url=url, width=width, v=version, format="png")
        assert reply.headers["cache-control"] == FOR_EVER
        return {(255, 0, 0): "red", (0, 0, 255): "blue", (255, 255, 0): "yellow"}[colour_of(reply)]

    url = coloured("red")
    settings: dict[str, Any] = {"workers": 1, "admin_token": TOKEN, "cache_unsigned_version_ttl_s": 31_536_000}
    with Pixmill(allowed_networks="127.0.0.0/8", **settings) as server:
        assert seen("1") == "red"
        coloured("blue")
        assert [seen("1"), seen("2"), seen("2", 31), seen("1")] == ["red", "blue", "blue", "red"]
        assert origin.count("/v.png") == 2
        coloured("yellow")
        assert colour_of(server.get("/resize", url=url, width=30, format="png")) == (255, 255, 0), (
            "no version is the last"
        )
        purged(server, url)
        assert [seen("1"), seen("2"), seen("1", 31)] == ["yellow"] * 3


def far_future(origin: Origin, path: str, colour: str) -> str:
    """Publish as owners do who rely on versions: good for a year."""
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "ETag": f'"{colour}"'}
    return origin.publish(path, picture(colour), headers)


def test_a_stranger_who_asks_for_the_next_version_does_not_keep_the_old_image_in_it(origin: Origin) -> None:
    url = far_future(origin, "/hero.png", "red")
    with Pixmill(allowed_networks="127.0.0.0/8", workers=1, cache_unsigned_version_ttl_s=2) as server:

        def ask(version: str) -> Reply:
            return server.get("/resize", url=url, width=30, format="png", v=version)

        early = ask("2")  # the stranger, while the old file is there
        assert colour_of(early) == (255, 0, 0)
        assert early.headers["cache-control"] == "public, max-age=2, stale-if-error=86400"
        far_future(origin, "/hero.png", "blue")  # the owner, who links v=2 from now on
        until(lambda: colour_of(ask("2")) == (0, 0, 255), 30, "the new picture")
        assert colour_of(ask("2")) == (0, 0, 255)
        assert colour_of(ask("3")) == (0, 0, 255)


def test_versions_without_a_signature_are_good_for_five_minutes_and_cost_no_download_then(
    server: Pixmill, origin: Origin
) -> None:
    url = far_future(origin, "/minutes.png", "red")
    reply = server.get("/resize", url=url, width=30, v="2026")
    assert reply.headers["cache-control"] == "public, max-age=300, stale-if-error=86400"
    assert server.get("/info", url=url, v="2026").status == 200
    assert origin.count("/minutes.png") == 1


def test_what_an_unsigned_mount_asks_for_is_not_served_to_signed_urls(origin: Origin) -> None:
    key = "a-new-key-0123456789"
    url = far_future(origin, "/mixed.png", "red")
    query = urlencode({"url": url, "width": 30, "format": "png", "v": "2"})
    settings: dict[str, Any] = {
        "allowed_networks": "127.0.0.0/8",
        "workers": 1,
        "keys": key,
        "allowed_sources": f"http://127.0.0.1:{origin.port}",
        "dialects": '[{"dialect": "native", "mount": "/open", "keys": ""}]',
    }
    with Pixmill(**settings) as server:
        assert server.get("/resize", url=url, width=30, format="png", v="2").status == 403, "nobody else can name it"
        stranger = server.get(f"/open/resize?{query}")
        assert stranger.status == 200, stranger.body
        assert colour_of(stranger) == (255, 0, 0)
        far_future(origin, "/mixed.png", "blue")
        signed = server.get(Keyring.from_text(key).sign(b"/resize", query.encode()))
        assert colour_of(signed) == (0, 0, 255)
        assert signed.headers["cache-control"] == FOR_EVER


def test_a_signed_version_is_good_for_no_longer_than_its_url(origin: Origin) -> None:
    key = "a-new-key-0123456789"
    url = origin.publish("/signed.png", picture("red"), {"Cache-Control": "max-age=5"})
    query = urlencode({"url": url, "width": 30, "v": "1"})
    ends = int(time.time()) + 100
    with Pixmill(allowed_networks="127.0.0.0/8", workers=1, keys=key) as server:
        for expires, most in ((ends, 100), (None, 31_536_000)):
            signed = Keyring.from_text(key).sign(b"/resize", query.encode(), expires)
            with urllib.request.urlopen(f"{server.url}{signed}", timeout=60) as answer:
                said = answer.headers["cache-control"]
                left = int(said.removeprefix("public, max-age=").removesuffix(", immutable"))
            assert most - 20 < left - int(answer.headers["age"]) <= most


def test_a_client_who_knows_the_date_only_is_spared_the_bytes_and_a_tag_goes_before_it(
    server: Pixmill, origin: Origin
) -> None:
    before, then, after = (f"Sun, 06 Nov 1994 08:49:{second} GMT" for second in (36, 37, 38))
    url = origin.publish("/dated.jpg", small_photo(200), {"Last-Modified": then, "Cache-Control": "max-age=60"})
    for _ in range(3):  # made, read from memory, and on the short way
        assert server.get("/resize", url=url, width=50).headers["last-modified"] == then
    for width, tries in ((50, 2), (51, 2)):
        for _ in range(tries):
            statuses = [
                server.get("/resize", headers={"If-Modified-Since": date} | more, url=url, width=width).status
                for date, more in (
                    (before, {}),
                    (then, {}),
                    (after, {}),
                    ("yesterday", {}),
                    (after, {"If-None-Match": '"another"'}),
                )
            ]
            assert statuses == [200, 304, 304, 200, 200]
    undated = origin.publish("/undated.jpg", small_photo(200), {"ETag": '"1"'})
    reply = server.get("/resize", headers={"If-Modified-Since": after}, url=undated, width=50)
    assert (reply.status, reply.headers["last-modified"]) == (200, None)


def test_an_origin_tells_us_another_time_than_clients(server: Pixmill, origin: Origin) -> None:
    told = {}
    for name, control in (
        ("a", {"Cache-Control": "max-age=5"}),
        ("b", {"Cache-Control": "no-store"}),
        ("c", {}),
        ("d", {"Cache-Control": "no-cache"}),
    ):
        url = origin.publish(
            f"/cdn-{name}.jpg", small_photo(200), {"ETag": '"1"', "CDN-Cache-Control": "max-age=600"} | control
        )
        replies = [server.get("/resize", url=url, width=50) for _ in range(3)]
        told[name] = replies[-1].headers["cache-control"]
        ttl = int(status_of(replies[-1]).partition("hit; ttl=")[2].partition(";")[0])
        assert 500 < ttl <= 600
        assert origin.count(f"/cdn-{name}.jpg") == 1
    left = int(told["a"].removeprefix("public, max-age="))
    assert 5 <= left < 100, "five seconds from now, and the age"
    assert (told["b"], told["d"]) == ("no-store", "public, no-cache")
    assert told["c"].startswith("public, max-age=600"), (
        "no longer than our own rule where nothing is said, nor than for us"
    )
