"""Compiled options are kept by their text: few, and under short keys only."""

from pixmill.dialects.cloudflare.dialect import CloudflareDialect, CloudflareOptions
from pixmill.dialects.imgix.dialect import ImgixDialect
from pixmill.dialects.imgix.services import SERVICES
from pixmill.dialects.kit.compiled import MAX_ENTRIES, MAX_KEY_LENGTH, CompiledCache
from pixmill.dialects.photon.dialect import PhotonDialect, PhotonOptions
from pixmill.plan.request import ImageRequest


def test_entries_and_keys_are_bounded() -> None:
    cache: CompiledCache[str, int] = CompiledCache()
    for number in range(MAX_ENTRIES + 5):
        assert cache.put(str(number), number, 4) == number
    assert len(cache) == MAX_ENTRIES
    assert cache.get("0") is None
    assert cache.get("9") == 9
    assert cache.put("long", 1, MAX_KEY_LENGTH + 1) == 1
    assert cache.get("long") is None


def test_long_options_of_clients_are_not_kept() -> None:
    filler = b"x" * MAX_KEY_LENGTH
    photon = PhotonDialect(PhotonOptions())
    photon.parse(b"/example.com/a.jpg", b"w=9&unknown=" + filler)
    cloudflare = CloudflareDialect(CloudflareOptions())
    before = len(cloudflare._compiled)
    cloudflare.parse(b"/cdn-cgi/image/w=9" + b"," * MAX_KEY_LENGTH + b"/a.jpg", b"")
    imgix = ImgixDialect(SERVICES["imgix"])
    imgix.parse(b"/a.jpg", b"w=9&unknown=" + filler)
    assert (len(photon._plans), len(cloudflare._compiled) - before, len(imgix._compiled)) == (0, 0, 0)


def test_requests_with_the_same_options_share_a_plan_and_nothing_else() -> None:
    imgix = ImgixDialect(SERVICES["imgix"])
    first, second = imgix.parse(b"/a.jpg", b"w=9&expires=5&s=1"), imgix.parse(b"/b.jpg", b"w=9&s=2&expires=6")
    assert isinstance(first, ImageRequest)
    assert isinstance(second, ImageRequest)
    assert second.plan is first.plan
    assert (first.source.text, second.source.text) == ("a.jpg", "b.jpg")
