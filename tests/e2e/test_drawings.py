"""Drawings made to attack, through HTTP: whether they stay drawings or become pixels, they run nothing, fetch
nothing, and end."""

import base64
import gzip
import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image

from tests.e2e.scenes import in_flight, metric, small_photo, until
from tests.servers.origin import Origin
from tests.servers.pixmill import Pixmill, Reply

pytestmark = pytest.mark.xdist_group("drawings")

NS = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:h="http://www.w3.org/1999/xhtml"'
MARK = '<circle r="3" fill="#0f0"/>'
DEADLINE_S = 3.0


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with Origin() as origin:
        yield origin


@pytest.fixture(scope="module")
def server() -> Iterator[Pixmill]:
    """What it is asked for it would fetch from the origin."""
    with Pixmill(images="", cache="", allowed_networks="127.0.0.0/8", deadline_s=DEADLINE_S) as server:
        yield server


def drawing(inside: str, root: str = 'width="40" height="40"', before: str = "") -> bytes:
    return f"{before}<svg {NS} {root}>{inside}{MARK}</svg>".encode()


def made(server: Pixmill, body: bytes, form: str, **query: Any) -> Reply:
    return server.ask("POST", "/resize", data=body, format=form, **query)


# ---------------------------------------------------------------- what runs or loads

EVIL = "http://ORIGIN/evil"
INSIDE = {
    "scripts": "<script>evil()</script><script href='EVIL'/><script xlink:href='EVIL'/><h:script src='EVIL'/><style/><SCRIPT>evil()</SCRIPT>",
    "a script in CDATA": "<script type='text/ecmascript'><![CDATA[evil()]]></script>",
    "handlers": "<rect onload='evil()' onclick='evil()' oNbEgIn='evil()' onfocusin='evil()'/><animate onbegin='evil()' begin='0s'/>",
    "javascript links": "<a href='javascript:evil()'><rect/></a><a xlink:href=' java&#9;script:evil()'><rect/></a><a h:href='evil'/>",
    "links out": "<a href='EVIL' ping='EVIL'><rect/></a><a href='//ORIGIN/evil'/><a href='evil.svg#a'/>",
    "images": "<image href='EVIL' width='9' height='9'/><image xlink:href='EVIL' width='9' height='9'/><image href='evil.png'/>",
    "images of files": "<image href='file:///etc/evil' width='9' height='9'/><image href='/etc/evil' width='9' height='9'/>",
    "an image within an image": f"<image width='9' height='9' href='data:image/svg+xml;base64,{base64.b64encode(b'<svg/>').decode()}evil'/>",
    "data of other types": "<image href='data:text/html,evil'/><a href='data:text/html,evil'/><use href='data:image/svg+xml,evil#a'/>",
    "uses": "<use href='EVIL#a'/><use xlink:href='EVIL#a'/><use href='evil.svg#a'/>",
    "filters": "<filter id='f'><feImage href='EVIL'/></filter><rect filter='url(EVIL#f)' width='9' height='9'/>",
    "gradients and patterns": "<pattern id='p' href='EVIL#p'/><linearGradient id='l' xlink:href='EVIL#l'/><rect fill='url(#p)'/>",
    "text from elsewhere": "<text><tref xlink:href='EVIL#t'/><textPath href='EVIL#t'>x</textPath></text>",
    "foreign objects": "<foreignObject><h:body><h:iframe src='EVIL'/><h:img src='EVIL' onerror='evil()'/></h:body></foreignObject>",
    "elements of HTML": "<h:iframe src='EVIL'/><h:object data='EVIL'/><h:link rel='stylesheet' href='EVIL'/><h:meta content='evil'/>",
    "media": "<audio href='EVIL'/><video xlink:href='EVIL'/><iframe href='EVIL'/><discard href='EVIL'/><handler>evil</handler>",
    "imports": "<style>@import url(EVIL);@import 'EVIL';@IMPORT \"EVIL\" screen; rect{}</style>",
    "escaped imports": "<style>@\\69mport 'EVIL';@im\\70ort 'EVIL';@import/**/'EVIL';@i\\mport 'EVIL';</style>",
    "addresses in styles": "<style>rect{fill:url(EVIL);background:URL( 'EVIL' );cursor:url(\"EVIL\"),auto}</style><rect style='fill:url(EVIL)'/>",
    "escaped addresses": "<style>rect{fill:u\\rl(EVIL);mask:\\75rl(EVIL);filter:u/**/rl(EVIL) url(/**/EVIL)}</style><rect style='mask:u\\72l(EVIL)'/>",
    "fonts": "<style>@font-face{font-family:a;src:url(EVIL) format('woff')}</style><text font-family='a'>x</text>",
    "sets of images": "<style>rect{background:image-set('EVIL' 1x);mask:-webkit-image-set(url(EVIL) 1x);list-style:image('EVIL')}</style>",
    "bindings": "<rect style='-moz-binding:url(EVIL#x);behavior:url(EVIL)'/>",
    "animated addresses": "<a><set attributeName='href' to='EVIL'/><animate attributeName='xlink:href' values='EVIL;javascript:evil()'/><rect/></a>",
    "animated handlers": "<set attributeName='onclick' to='evil()'/><set attributeName=' style' to='fill:url(EVIL)'/>",
    "animated paint": "<rect><animate attributeName='fill' values='url(EVIL)'/><set attributeName='mask' to='url(EVIL)'/></rect>",
    "another base": "<g xml:base='EVIL'><image xlink:base='EVIL' href='a.png'/></g>",
    "what ends a style": "<style>&lt;/style>&lt;script>evil()&lt;/script></style>".replace("evil()", ""),
    "comments and instructions": "<!-- evil --><?evil evil?>",
    "metadata": "<metadata><h:script>evil()</h:script></metadata>",
    "an SVG within": f"<svg {NS} onload='evil()'><script>evil()</script><image href='EVIL'/></svg>",
}
BEFORE = {
    "a style sheet": "<?xml-stylesheet href='EVIL' type='text/css'?>",
    "a document type": "<!DOCTYPE svg PUBLIC '-//evil//' 'EVIL'>",
    "an entity elsewhere": "<!DOCTYPE svg [<!ENTITY x SYSTEM 'EVIL'><!ENTITY % y SYSTEM 'EVIL'> %y;]>",
    "a default handler": "<!DOCTYPE svg [<!ATTLIST svg onload CDATA 'evil()'><!ATTLIST circle onclick CDATA 'evil()'>]>",
    "a default address": "<!DOCTYPE svg [<!ATTLIST circle fill CDATA 'url(EVIL)' xlink:href CDATA 'EVIL'>]>",
    "an entity with markup": "<!DOCTYPE svg [<!ENTITY x '<script>evil()</script>'>]>",
}
NO_CSS = re.compile(rb"@(?:im)?\d[^;]*;|(?<![\w-])(?!url\()[\w-]+(?:l|none)\([^)]*\)|none\([^)]*\)")
"""What is left of escaped words once they have lost their escapes: words that say nothing."""
HANDLER = re.compile(rb"\son\w+\s*=", re.IGNORECASE)
RUNS = {"script", "foreignObject", "iframe", "object", "embed", "audio", "video", "handler", "link", "meta", "discard"}


def attacks(origin: Origin) -> dict[str, bytes]:
    def aimed(text: str) -> str:
        return text.replace("EVIL", EVIL).replace("ORIGIN", f"127.0.0.1:{origin.port}")

    inside = {name: drawing(aimed(text)) for name, text in INSIDE.items()}
    return inside | {
        name: drawing("&x;" if "ENTITY x" in text else "", before=aimed(text)) for name, text in BEFORE.items()
    }


@pytest.mark.parametrize("form", ["svg", "original", "png"])
def test_a_drawing_runs_nothing_and_loads_nothing(server: Pixmill, origin: Origin, form: str) -> None:
    for name, body in attacks(origin).items():
        reply = made(server, body, form)
        assert reply.status == 200 or (name in BEFORE and reply.status == 422), (name, reply.body)
        assert reply.headers["x-content-type-options"] == "nosniff"
        if reply.status != 200:
            continue
        if form == "png":
            with Image.open(io.BytesIO(reply.body)) as image:
                assert image.convert("RGB").getpixel((1, 1)) == (0, 255, 0), name
        else:
            assert_harmless(name, reply)
    assert not origin.requests


def assert_harmless(name: str, reply: Reply) -> None:
    """Served so that it could do nothing, and with nothing in it that would."""
    assert reply.headers["content-type"] == "image/svg+xml"
    policy = reply.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "sandbox" in policy
    assert "allow" not in policy
    assert b"EVIL" not in reply.body
    assert b"evil" not in NO_CSS.sub(b"", reply.body.lower()), (name, reply.body)
    assert b"<?" not in reply.body
    assert b"<!" not in reply.body
    assert not HANDLER.search(reply.body), name
    assert b'fill="#0f0"' in reply.body, "what is harmless stays"
    for element in ET.fromstring(reply.body).iter():  # noqa: S314 - what we wrote ourselves
        assert element.tag.removeprefix("{http://www.w3.org/2000/svg}") not in RUNS, name
        for attribute, value in element.attrib.items():
            assert not attribute.endswith("href") or value.startswith(("#", "data:image/png", "data:image/jpeg")), name


def test_one_that_is_packed_or_written_in_another_alphabet_is_made_harmless_as_well(server: Pixmill) -> None:
    evil = drawing("<script>evil()</script>").decode()
    utf16, utf7 = evil.encode("utf-16"), b'<?xml version="1.0" encoding="UTF-7"?>' + evil.encode()
    for body in (gzip.compress(evil.encode()), utf16, gzip.compress(utf16), b"\xef\xbb\xbf" + evil.encode()):
        assert_harmless("another alphabet", made(server, body, "svg"))
    assert made(server, utf7, "svg").status in {415, 422}


def test_one_from_elsewhere_is_made_harmless_too(server: Pixmill, origin: Origin) -> None:
    url = origin.serve("/evil.svg", drawing("<script>evil()</script>"), headers={"Content-Type": "text/html"})
    before = len(origin.requests)
    for form in ("svg", "auto", "original"):
        assert_harmless(form, server.get("/resize", url=url, format=form))
    assert {seen.target for seen in origin.requests[before:]} == {"/evil.svg"}
    origin.requests.clear()


# ---------------------------------------------------------------- what explodes

LAUGHS = "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 10))
BLUR = "<feGaussianBlur stdDeviation='99'/>"
USES = "".join(f"<g id='a{n}'>" + f"<use href='#a{n - 1}'/>" * 10 + "</g>" for n in range(1, 9))
STOPS = "<stop offset='.5' stop-color='red'/>" * 5_000
ATTRIBUTES = " ".join(f"a{n}='1'" for n in range(50_000))
ZIGZAG = " ".join(f"L{n % 40} {n % 37}" for n in range(20_000))
BOMBS = {
    "a billion laughs": drawing("<text>&l9;</text>", before=f"<!DOCTYPE svg [<!ENTITY l0 'lol'>{LAUGHS}]>"),
    "one long entity": drawing("<text>" + "&a;" * 9_000 + "</text>", before=f"<!DOCTYPE svg [<!ENTITY a '{'x' * 90_000}'>]>"),
    "an entity of itself": drawing("&a;", before="<!DOCTYPE svg [<!ENTITY a '&a;'>]>"),
    "parameter entities": drawing("", before="<!DOCTYPE svg [<!ENTITY % a '<!ENTITY &#37; b \"x\">'> %a; %b;]>"),
    "attributes without end": drawing(f"<rect {ATTRIBUTES}/>"),
    "a deep tree": drawing("<g>" * 100_000 + "</g>" * 100_000),
    "uses of uses": drawing(f"<defs><g id='a0'><rect width='9' height='9'/></g>{USES}</defs><use href='#a8'/>"),
    "a use of itself": drawing("<g id='a'><use href='#a'/></g>"),
    "a pattern of itself": drawing("<pattern id='p' width='1' height='1'><rect width='1' height='1' fill='url(#p)'/></pattern><rect fill='url(#p)' width='40' height='40'/>"),
    "masks in a ring": drawing("<mask id='a' mask='url(#b)'><rect/></mask><mask id='b' mask='url(#a)'><rect/></mask><rect mask='url(#a)' width='9' height='9'/>"),
    "a filter of many": drawing(f"<filter id='f'>{BLUR * 1_000}</filter><rect filter='url(#f)' width='40' height='40'/>"),
    "a wide blur": drawing("<filter id='f' x='-1e9' width='1e9' height='1e9'><feGaussianBlur stdDeviation='1e9'/></filter><rect filter='url(#f)' width='9' height='9'/>"),
    "turbulence": drawing("<filter id='f'><feTurbulence baseFrequency='9' numOctaves='2000000000'/></filter><rect filter='url(#f)' width='40' height='40'/>"),
    "morphology": drawing("<filter id='f'><feMorphology operator='dilate' radius='1e9'/></filter><rect filter='url(#f)' width='40' height='40'/>"),
    "a convolution": drawing("<filter id='f'><feConvolveMatrix order='30000' kernelMatrix='1'/></filter><rect filter='url(#f)' width='40' height='40'/>"),
    "dashes": drawing("<path d='M0 0H1e9' stroke='red' stroke-width='9' stroke-dasharray='.00001'/>"),
    "a small pattern": drawing("<pattern id='p' width='.0001' height='.0001' patternUnits='userSpaceOnUse'><rect width='1' height='1'/></pattern><rect fill='url(#p)' width='40' height='40'/>"),
    "a gradient of many": drawing(f"<linearGradient id='g'>{STOPS}</linearGradient><rect fill='url(#g)' width='40' height='40'/>"),
    "markers": drawing(f"<marker id='m'><circle r='9'/></marker><path d='M0 0{ZIGZAG}' marker-mid='url(#m)' stroke='red'/>"),
    "layers": drawing("<g opacity='.9'>" * 190 + "<rect width='40' height='40'/>" + "</g>" * 190),
    "a large text": drawing("<text font-size='1e9' y='1e9'>evil</text>"),
    "a long text": drawing(f"<text>{'evil ' * 100_000}</text>"),
    "a style of many": drawing(f"<style>{''.join(f'.a{n} .b{n} *{{fill:red}}' for n in range(2_000))}</style>" + "<g class='a1'><g class='b1'/></g>" * 1_000),
    "a style of many for many": drawing(f"<style>{'.a{fill:red}' * 20_000}</style>" + "<g class='a'/>" * 20_000),
    "selectors in each other": drawing(f"<style>{'g > ' * 5_000}g{{fill:red}}{':not(' * 5_000}</style>" + "<g>" * 150 + "</g>" * 150),
    "a huge size": drawing("", "width='4e9' height='4e9'"),
    "a size of no end": drawing("", "width='1e999' height='1e999'"),
    "a size that is none": drawing("", "width='NaN' height='-1'"),
    "a huge box": drawing("", "viewBox='0 0 1e308 1e308'"),
    "a tiny box": drawing("", "viewBox='0 0 1e-300 1e-300'"),
    "a line": drawing("", "width='1e9' height='1e-9'"),
    "packed zeros": gzip.compress(drawing(" " * 60_000_000)),
    "a size that multiplies": drawing("<g transform='scale(1e38)'><rect width='1e38' height='1e38' rx='1e38'/></g>"),
}  # fmt: skip


def test_bombs_end_and_cost_one_request_at_most(server: Pixmill) -> None:
    for name, body in BOMBS.items():
        for form, size in (("png", 40), ("svg", 0)):
            until(lambda: metric(server, "pixmill_workers") == 2, 60, "both workers are there")
            reply = made_by_a_worker(server, body, form, **({"width": size, "height": size} if size else {}))
            assert reply.status in {200, 400, 413, 415, 422, 504}, (name, form, reply.status, reply.body[:300])
    until(lambda: metric(server, "pixmill_workers") == 2, 60, "both workers are there")
    until(lambda: in_flight(server) == 0, 60, "no request is left")
    assert server.ask("POST", "/resize", data=small_photo(160), width=20).status == 200


def made_by_a_worker(server: Pixmill, body: bytes, form: str, **query: Any) -> Reply:
    """Ask again while a machine that is busy has not started a worker in time."""
    for _ in range(10):
        reply = made(server, body, form, **query)
        if reply.status != 503 or reply.json()["code"] not in {"no_worker", "queue_full"}:
            break
        until(lambda: metric(server, "pixmill_workers") == 2, 60, "both workers are there")
    return reply
