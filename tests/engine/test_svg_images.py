"""Images within SVGs: data URLs in every spelling, formats that librsvg lacks, SVGs within SVGs."""

import base64
import gzip
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from PIL import Image, ImageCms

from pixmill.dialects.native.dialect import parse
from pixmill.engine.codecs.svg_data_url import read_data_url
from pixmill.engine.codecs.svg_sanitiser import MAX_NESTING, sanitise_svg
from pixmill.engine.pixels.pipeline import render
from pixmill.engine.pixels.probe import inspect
from pixmill.errors import ImageTooLarge, TooCostly, UndecodableImage
from pixmill.plan.limits import Limits
from tests.pixels import images
from tests.pixels.images import LIMITS, pixels_of, render_image
from tests.pixels.signalling import Chunk, cicp, encode_png, gama

NS = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
RED, BLUE = (255, 0, 0), (0, 0, 255)
SQUARE = f"<svg {NS} width='10' height='10'><rect width='10' height='10' fill='#f00'/></svg>"


def svg(inside: str, root: str = 'width="40" height="20"', before: str = "") -> memoryview:
    return memoryview(f"{before}<svg {NS} {root}>{inside}</svg>".encode())


def b64(data: bytes | str) -> str:
    return base64.b64encode(data.encode() if isinstance(data, str) else data).decode()


def image(url: str, attribute: str = "href") -> str:
    escaped = url.replace("&", "&amp;").replace("<", "&lt;").replace("'", "&apos;")
    return f"<image width='40' height='20' preserveAspectRatio='none' {attribute}='{escaped}'/>"


def colour(inside: str, x: int = 20, y: int = 10) -> Any:
    return tuple(pixels_of(render_image(svg(inside)), "RGBA")[y, x])


def encode_image(image: Image.Image, form: str, **options: Any) -> bytes:
    return bytes(images.encode_image(image, form, **options))


def picture(form: str, fill: Any = "red", mode: str = "RGB", **options: Any) -> bytes:
    return encode_image(Image.new(mode, (8, 8), fill), form, **options)


PNG = b64(picture("PNG"))
SPELLINGS = [
    f"data:image/png;base64,{PNG}",
    f"DATA:IMAGE/PNG;BASE64,{PNG}",
    f" \n data:image/png;base64,{PNG} ",
    f"data:image/png;charset=utf-8;name=a.png;base64,{PNG}",
    f"data:image/png; base64,{PNG}",
    f"data:;base64,{PNG}",
    f"data:base64;base64,{PNG}",
    f"data:image/jpeg;base64,{PNG}",
    f"data:image/x-png;base64,{PNG}",
    f"data:application/octet-stream;base64,{PNG}",
    f"data:image/png;base64,{PNG.rstrip('=')}",
    f"data:image/png;base64,{quote(PNG, safe='')}",
    "data:image/png;base64," + "\n  ".join(PNG[at : at + 20] for at in range(0, len(PNG), 20)),
    "data:image/png," + quote(picture("PNG"), safe=""),
    "data:," + quote(picture("PNG")),
    f"data:image/png;base64,{PNG}#fragment",
    f"data:image/svg+xml;base64,{b64(SQUARE)}",
    f"data:image/svg+xml,{quote(SQUARE)}",
    f"data:image/svg+xml;utf8,{SQUARE.replace('#', '%23')}",
    f"data:image/svg+xml;charset=utf-16;base64,{b64(SQUARE.encode('utf-16'))}",
    f"data:text/xml;base64,{b64(SQUARE)}",
]


@pytest.mark.parametrize("attribute", ["href", "xlink:href"])
@pytest.mark.parametrize("url", SPELLINGS)
def test_a_data_url_is_read_in_each_spelling(url: str, attribute: str) -> None:
    assert colour(image(url, attribute)) == (*RED, 255)


@pytest.mark.parametrize(
    "url", ["data:image/png", "data:image/png;base64,A", "data:image/png;base64,!!!!", "dat:a,b", ""]
)
def test_damaged_data_urls_are_none(url: str) -> None:
    assert read_data_url(url) is None
    assert colour(image(url) + "<rect width='9' height='20' fill='#f00'/>", 2) == (*RED, 255)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP", "AVIF", "BMP", "ICO"])
def test_each_format_that_browsers_show_is_drawn(form: str) -> None:
    drawn = colour(image(f"data:image/png;base64,{b64(picture(form))}"))
    assert all(abs(int(a) - b) <= 4 for a, b in zip(drawn, (*RED, 255), strict=True))
    kept = sanitise_svg(bytes(svg(image(f"data:image/png;base64,{b64(picture(form))}")))).serialise()
    assert b64(picture(form)).encode() in kept, "the file that stays an SVG keeps the image as it is"


def test_orientation_profile_and_cmyk_of_an_embedded_image_are_respected() -> None:
    halves = Image.new("RGB", (8, 4), "red")
    halves.paste("blue", (0, 0, 4, 4))
    exif = Image.Exif()
    exif[0x0112] = 3
    turned = b64(encode_image(halves, "JPEG", exif=exif, quality=95, subsampling=0))
    assert colour(image(f"data:image/jpeg;base64,{turned}"), 4)[0] > 240
    cmyk = b64(encode_image(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG"))
    assert colour(image(f"data:image/jpeg;base64,{cmyk}"))[0] > 200
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert colour(image(f"data:image/png;base64,{b64(picture('PNG', icc_profile=lab))}")) == (*RED, 255)


@pytest.mark.parametrize(
    ("chunk", "expected"),
    [
        (gama(1), (229, 133, 133)),
        (cicp(12, 13), (217, 42, 52)),
        (cicp(1, 16), (255, 15, 15)),
        (cicp(1, 18), (183, 46, 46)),
    ],
    ids=["linear", "P3", "PQ", "HLG"],
)
def test_an_embedded_image_has_the_colours_that_it_has_by_itself(chunk: Chunk, expected: tuple[int, ...]) -> None:
    png = encode_png(Image.new("RGB", (8, 8), (200, 60, 60)), chunk)
    drawn = colour(image(f"data:image/png;base64,{b64(bytes(png))}"))
    assert all(abs(int(one) - two) <= 2 for one, two in zip(drawn, expected, strict=False)), drawn


def test_a_drawing_in_a_drawing_is_sanitised_to_some_depth() -> None:
    inner = f"<svg {NS}><script>evil()</script><image href='http://evil/'/><rect onclick='evil()' width='9' height='9'/></svg>"
    kept = sanitise_svg(bytes(svg(image(f"data:image/svg+xml;base64,{b64(inner)}")))).serialise().decode()
    decoded = base64.b64decode(kept.partition("base64,")[2].partition('"')[0])
    assert b"<rect" in decoded
    assert b"evil" not in decoded
    assert sanitise_svg(kept.encode()).serialise().decode() == kept
    nested = SQUARE
    for depth in range(MAX_NESTING + 1):
        drawn = colour(image(f"data:image/svg+xml;base64,{b64(nested)}"))
        assert drawn == ((*RED, 255) if depth < MAX_NESTING else (0, 0, 0, 0)), depth
        nested = bytes(svg(image(f"data:image/svg+xml;base64,{b64(nested)}"))).decode()


def test_images_of_a_drawing_in_a_drawing_are_converted_too() -> None:
    inner = bytes(svg(image(f"data:image/webp;base64,{b64(picture('WEBP', lossless=True))}")))
    assert colour(image(f"data:image/svg+xml;base64,{b64(inner)}")) == (*RED, 255)


@pytest.mark.parametrize(
    "damaged", [b"<svg", b"<html/>", b"", gzip.compress(SQUARE.encode()), b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"]
)
@pytest.mark.parametrize("media_type", ["image/svg+xml", "image/png"])
def test_a_damaged_embedded_image_is_not_drawn_and_all_else_is(damaged: bytes, media_type: str) -> None:
    inside = image(f"data:{media_type};base64,{b64(damaged)}") + "<rect width='9' height='20' fill='#00f'/>"
    assert colour(inside, 2) == (*BLUE, 255)


def test_embedded_drawings_count_towards_the_limits() -> None:
    many = f"<svg {NS}>{'<g/>' * 120_000}</svg>"
    with pytest.raises(UndecodableImage):
        inspect(svg(image(f"data:image/svg+xml;base64,{b64(many)}") * 2), LIMITS)
    large = b64(encode_image(Image.new("1", (6_000, 6_000)), "PNG"))
    larger = b64(encode_image(Image.new("1", (6_000, 6_001)), "PNG"))
    inner = bytes(svg(image(f"data:image/png;base64,{large}")))
    with pytest.raises(ImageTooLarge):
        inspect(
            svg(image(f"data:image/svg+xml;base64,{b64(inner)}") + image(f"data:image/png;base64,{larger}")), LIMITS
        )
    costly = (
        f"<svg {NS} width='2000' height='2000'>" + "<g opacity='.5'><rect width='9' height='9'/></g>" * 2_000 + "</svg>"
    )
    use = f"<defs><image id='i' width='2000' height='2000' href='data:image/svg+xml;base64,{b64(costly)}'/></defs><use href='#i'/>"
    cost = sanitise_svg(bytes(svg(use, 'width="2000" height="2000"'))).cost.seconds(4_000_000)
    assert cost > 10
    with pytest.raises(TooCostly):
        render(svg(use, 'width="2000" height="2000"'), parse(b"/resize", b"format=png", upload=True).plan, Limits())


OTHER_TEXTS = {
    "latin-1": ("iso-8859-1", "iso-8859-1"),
    "windows-1251": ("windows-1251", "cp1251"),
    "shift_jis": ("Shift_JIS", "cp932"),
    "utf-16 with a mark": ("UTF-16", "utf-16"),
    "utf-16 without a mark": ("UTF-16", "utf-16-le"),
}


@pytest.mark.parametrize("name", OTHER_TEXTS)
def test_each_encoding_of_browsers_is_read(name: str) -> None:
    declared, codec = OTHER_TEXTS[name]
    character = {"cp1251": "Ж", "cp932": "本"}.get(codec, "é")
    text = f"<?xml version='1.0' encoding='{declared}'?><svg {NS} width='4' height='4'><title>{character}</title></svg>"
    for source in (text.encode(codec), gzip.compress(text.encode(codec))):
        assert inspect(memoryview(source), LIMITS).width == 4
    assert f"<title>{character}</title>" in sanitise_svg(text.encode(codec)).serialise().decode()


def test_entities_may_refer_to_entities() -> None:
    before = "<!DOCTYPE svg [<!ENTITY style 'fill:&colour;'><!ENTITY colour '#f00'>]>"
    source = svg("<rect width='40' height='20' style='&style;'/>", before=before)
    assert pixels_of(render_image(source))[10, 20].tolist() == [255, 0, 0]


REFERENCES = [
    ("a b", "#a%20b"),
    ("é", "#%C3%A9"),
    ("a%20b", "#a%20b"),
    ("a", " #a "),
]


@pytest.mark.parametrize(("id_", "reference"), REFERENCES)
def test_fragments_are_percent_decoded_unless_an_id_is_written_so(id_: str, reference: str) -> None:
    gradient = f"<linearGradient id='{id_}'><stop stop-color='#f00'/></linearGradient>"
    assert colour(f"{gradient}<rect width='40' height='20' fill='url({reference})'/>") == (*RED, 255)
    assert colour(f"<defs><rect id='{id_}' width='40' height='20' fill='#f00'/></defs><use href='{reference}'/>") == (
        *RED,
        255,
    )


def test_selectors_that_count_siblings_count_removed_elements() -> None:
    style = "<style>rect:nth-child(3){fill:#f00}</style>"
    assert colour(f"{style}<script/><rect width='40' height='20'/>") == (*RED, 255)


def test_elements_of_other_prefixes_and_of_no_namespace_are_the_same() -> None:
    square = "width='4' height='4'"
    for text in (
        f"<s:svg xmlns:s='http://www.w3.org/2000/svg' {square}><s:rect {square} fill='#f00'/></s:svg>",
        f"<svg {square}><rect {square} fill='#f00'/></svg>",
        f"<svg {square}><g xmlns='http://www.w3.org/2000/svg'><rect {square} fill='#f00'/></g></svg>",
    ):
        assert pixels_of(render_image(memoryview(text.encode())))[2, 2].tolist() == [255, 0, 0]
    other = f"<svg {NS} {square}><rect {square} fill='#f00'/><x:rect xmlns:x='http://other' {square}/><rect xmlns='' {square}/></svg>"
    assert pixels_of(render_image(memoryview(other.encode())))[2, 2].tolist() == [255, 0, 0]


def test_animations_within_the_document_stay() -> None:
    kept = sanitise_svg(
        bytes(
            svg(
                "<use href='#a'><set attributeName='href' to='#b'/><animate attributeName='xlink:href' values='#a; #b'/></use>"
            )
        )
    )
    assert kept.serialise().count(b"attributeName") == 2


BACKGROUNDS = {
    "background:#f00": (*RED, 255),
    "fill:blue; Background-Color : rgb(255,0,0) !important": (*RED, 255),
    "background:rgba(255,0,0,.5)": (255, 0, 0, 128),
    "background:#f00;background:nonsense": (*RED, 255),
    "background:transparent": (0, 0, 0, 0),
    "background:url(#a)": (0, 0, 0, 0),
    "color:red": (0, 0, 0, 0),
}


@pytest.mark.parametrize("style", BACKGROUNDS)
def test_the_background_of_the_root_is_painted(style: str) -> None:
    inside = "<rect width='2' height='10' fill='#00f'/>"
    pixels = pixels_of(render_image(svg(inside, f'width="40" height="20" viewBox="0 0 20 10" style="{style}"')), "RGBA")
    assert tuple(pixels[10, 2]) == (*BLUE, 255)
    assert np.abs(pixels[10, 38].astype(int) - BACKGROUNDS[style]).max() <= 1


def test_required_features_are_always_there_as_in_browsers() -> None:
    chosen = "<rect width='40' height='20' fill='#f00' requiredFeatures='http://www.w3.org/TR/SVG11/feature#SVGDOM'/>"
    assert colour(f"<switch>{chosen}<rect width='40' height='20' fill='#00f'/></switch>") == (*RED, 255)
