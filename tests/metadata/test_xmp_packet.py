"""Which XMP properties stay, in every way of writing them."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixmill.engine.metadata.place_names import PlaceNames
from pixmill.engine.metadata.xmp_packet import XmpContent, parse_xmp, place_names, write_xmp
from pixmill.engine.metadata.xmp_properties import PREFIXES

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
PHOTOSHOP = "http://ns.adobe.com/photoshop/1.0/"
CORE = "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/"
EXT = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"


def packet(description: str, attributes: str = "") -> bytes:
    """A packet of one description, with every known prefix declared."""
    declared = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in PREFIXES.items())
    return (
        f"<x:xmpmeta {declared}><rdf:RDF><rdf:Description {attributes}>{description}</rdf:Description></rdf:RDF>"
        "</x:xmpmeta>"
    ).encode()


def kept(source: bytes, content: XmpContent = XmpContent.DETAILS) -> str:
    properties = parse_xmp(source)
    names = PlaceNames(place_names(properties)) if content is not XmpContent.DETAILS_AND_PLACE else PlaceNames([])
    text = write_xmp(properties, content, names.allows)
    if text:
        ET.fromstring(text)  # noqa: S314 - what we wrote ourselves is well-formed
    return text


PLACES = {
    "attribute": packet("", 'photoshop:City="Canary"'),
    "element": packet("<photoshop:State>Canary</photoshop:State>"),
    "another prefix": f'<rdf:RDF xmlns:rdf="{RDF}"><rdf:Description xmlns:p="{PHOTOSHOP}" p:Country="Canary"/></rdf:RDF>'.encode(),
    "prefix declared at the element": f'<rdf:RDF xmlns:rdf="{RDF}"><rdf:Description><q:City xmlns:q="{PHOTOSHOP}">Canary</q:City></rdf:Description></rdf:RDF>'.encode(),
    "default namespace": f'<RDF xmlns="{RDF}"><Description><City xmlns="{PHOTOSHOP}">Canary</City></Description></RDF>'.encode(),
    "no declaration": b'<x:xmpmeta><rdf:RDF><rdf:Description photoshop:City="Canary"/></rdf:RDF></x:xmpmeta>',
    "a prefix of a known namespace for another": f'<rdf:RDF xmlns:rdf="{RDF}"><rdf:Description xmlns:dc="{PHOTOSHOP}" dc:City="Canary" dc:title="Canary"/></rdf:RDF>'.encode(),
    "URI without its last character": f'<rdf:RDF xmlns:rdf="{RDF}"><rdf:Description xmlns:p="{PHOTOSHOP[:-1]}" p:City="Canary"/></rdf:RDF>'.encode(),
    "character references": packet("", 'photoshop:City="&#67;anary"'),
    "CDATA": packet("<photoshop:City><![CDATA[Canary]]></photoshop:City>"),
    "second description": packet('</rdf:Description><rdf:Description photoshop:City="Canary">'),
    "second RDF": packet('</rdf:Description></rdf:RDF><rdf:RDF><rdf:Description photoshop:City="Canary">'),
    "structure": packet(
        '<Iptc4xmpExt:LocationCreated rdf:parseType="Resource"><Iptc4xmpExt:City>Canary</Iptc4xmpExt:City></Iptc4xmpExt:LocationCreated>'
    ),
    "array of structures": packet(
        "<Iptc4xmpExt:LocationShown><rdf:Bag><rdf:li><rdf:Description><Iptc4xmpExt:Sublocation>Canary</Iptc4xmpExt:Sublocation></rdf:Description></rdf:li></rdf:Bag></Iptc4xmpExt:LocationShown>"
    ),
    "structure of attributes": packet('<Iptc4xmpExt:LocationShown Iptc4xmpExt:CountryName="Canary"/>'),
    "address of the creator": packet(
        '<Iptc4xmpCore:CreatorContactInfo Iptc4xmpCore:CiAdrCity="Canary" Iptc4xmpCore:CiEmailWork="a@example.org"/>'
    ),
    "address of the licensor": packet(
        '<plus:Licensor><rdf:Seq><rdf:li plus:LicensorName="L" plus:LicensorCity="Canary"/></rdf:Seq></plus:Licensor>'
    ),
    "sublocation": packet("", 'Iptc4xmpCore:Location="Canary"'),
    "area of GPS": packet("", 'exif:GPSAreaInformation="Canary"'),
    "GPS of software that writes lower case": packet("", 'exif:gpsNote="Canary"'),
    "coverage": packet("<dc:coverage>Canary</dc:coverage>"),
    "hierarchy of keywords": packet(
        "<lr:hierarchicalSubject><rdf:Bag><rdf:li>Places|Land|Canary</rdf:li></rdf:Bag></lr:hierarchicalSubject>"
    ),
    "keyword that repeats it": packet(
        "<dc:subject><rdf:Bag><rdf:li>canary</rdf:li><rdf:li>tree</rdf:li></rdf:Bag></dc:subject>",
        'photoshop:City="Canary"',
    ),
    "caption that repeats it": packet(
        '<dc:description><rdf:Alt><rdf:li xml:lang="x-default">A tree in Canary, today</rdf:li></rdf:Alt></dc:description>',
        'photoshop:City="Canary"',
    ),
    "caption that repeats it without accents": packet("", 'photoshop:City="St. Cänary" dc:title="To St Canary"'),
    "keyword that joins its words": packet("", 'photoshop:City="Canary Town" dc:subject="#canarytown"'),
    "coordinates in a caption": packet("", 'dc:description="Canary: 48.8583, 2.2945"'),
    "qualifier": packet(
        '<dc:title rdf:parseType="Resource"><rdf:value>A tree</rdf:value><photoshop:City>Canary</photoshop:City></dc:title>'
    ),
    "drone": b'<rdf:RDF><rdf:Description xmlns:d="http://www.dji.com/drone-dji/1.0/" d:GpsLatitude="+48.1" d:GpsLongtitude="+2.1" d:Note="Canary"/></rdf:RDF>',
    "private namespace": b'<rdf:RDF><rdf:Description xmlns:a="http://ns.example.org/" a:Where="Canary"/></rdf:RDF>',
    "identifier of the description": packet("<dc:title>A tree</dc:title>", 'rdf:about="Canary"'),
    "comment": packet("<!-- Canary --><dc:title>A tree</dc:title>"),
    "processing instruction": packet("<?note Canary?><dc:title>A tree</dc:title>"),
    "pantry": packet(
        '<xmpMM:Pantry><rdf:Bag><rdf:li rdf:parseType="Resource"><photoshop:City>Canary</photoshop:City></rdf:li></rdf:Bag></xmpMM:Pantry>'
    ),
    "document type": b'<!DOCTYPE x [<!ENTITY c "Canary">]>'
    + packet("<dc:title>&c;</dc:title>").replace(b'"tree"', b'"tree"'),
    "latin-1": b'<?xml version="1.0" encoding="iso-8859-1"?>' + packet("", 'photoshop:City="Canary\xe9"'),
    "not well formed": packet("", 'photoshop:City="Canary"')[:-3],
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
@pytest.mark.parametrize("case", PLACES)
def test_no_way_of_writing_a_place_is_kept(case: str, encoding: str) -> None:
    source = PLACES[case]
    if encoding != "utf-8":
        source = source.replace(b' encoding="iso-8859-1"', b"").decode().encode(encoding)
    for content in (XmpContent.DETAILS, XmpContent.ORIGINAL_WITHOUT_PLACE):
        assert "canary" not in kept(source, content).lower()


def test_only_what_tells_a_place_is_lost() -> None:
    assert "tree" in kept(PLACES["keyword that repeats it"])
    assert "a@example.org" in kept(PLACES["address of the creator"])
    assert 'LicensorName="L"' in kept(PLACES["address of the licensor"])
    assert "A tree" in kept(PLACES["qualifier"])


@pytest.mark.parametrize(
    "case",
    [
        *("attribute", "element", "structure", "array of structures", "area of GPS", "drone", "private namespace"),
        *("hierarchy of keywords", "caption that repeats it", "coverage", "latin-1", "another prefix"),
    ],
)
def test_a_place_is_kept_if_all_is_asked_for(case: str) -> None:
    assert "Canary" in kept(PLACES[case], XmpContent.DETAILS_AND_PLACE)


@pytest.mark.parametrize(
    "description",
    [
        *("<tiff:Orientation>6</tiff:Orientation>", "<tiff:ImageWidth>6000</tiff:ImageWidth>"),
        *("<exif:PixelXDimension>6000</exif:PixelXDimension>", "<exif:ColorSpace>1</exif:ColorSpace>"),
        "<xmp:Thumbnails><rdf:Alt><rdf:li rdf:parseType='Resource'><xmpGImg:image>/9j/</xmpGImg:image></rdf:li></rdf:Alt></xmp:Thumbnails>",
        "<crs:CropTop>0.1</crs:CropTop>",
        "<mwg-rs:Regions rdf:parseType='Resource'><mwg-rs:RegionList><rdf:Bag><rdf:li mwg-rs:Name='Ann'/></rdf:Bag></mwg-rs:RegionList></mwg-rs:Regions>",
        "<Iptc4xmpExt:ImageRegion><rdf:Bag><rdf:li Iptc4xmpExt:RegionBoundary='1'/></rdf:Bag></Iptc4xmpExt:ImageRegion>",
        "<xmpMM:History><rdf:Seq><rdf:li rdf:parseType='Resource'/></rdf:Seq></xmpMM:History>",
        "<xmpNote:HasExtendedXMP>0123</xmpNote:HasExtendedXMP>",
        "<hdrgm:Version>1.0</hdrgm:Version>",
        "<GPano:FullPanoWidthPixels>1000</GPano:FullPanoWidthPixels>",
        "<GCamera:MicroVideo xmlns:GCamera='http://ns.google.com/photos/1.0/camera/'>1</GCamera:MicroVideo>",
        "<Container:Directory xmlns:Container='http://ns.google.com/photos/1.0/container/'/>",
        "<GDepth:Data xmlns:GDepth='http://ns.google.com/photos/1.0/depthmap/'>AAAA</GDepth:Data>",
        "<HDRGainMap:HDRGainMapVersion xmlns:HDRGainMap='http://ns.apple.com/HDRGainMap/1.0/'>1</HDRGainMap:HDRGainMapVersion>",
        "<MP:RegionInfo xmlns:MP='http://ns.microsoft.com/photo/1.2/'>Ann</MP:RegionInfo>",
        "<photoshop:ICCProfile>Display P3</photoshop:ICCProfile>",
        "<a:Preview xmlns:a='http://ns.example.org/'>AAAA</a:Preview>",
        "<a:Note xmlns:a='http://ns.example.org/'>" + "A" * 9_000 + "</a:Note>",
        "<dc:format>image/tiff</dc:format>",
        "<xmpMM:DerivedFrom rdf:resource='file:///home/ann/photo.psd'/>",
    ],
)
def test_what_no_longer_fits_is_never_kept(description: str) -> None:
    for content in (XmpContent.DETAILS, XmpContent.DETAILS_AND_PLACE):
        assert kept(packet(description), content) == ""


def test_details_are_kept_with_their_structure() -> None:
    source = packet(
        '<dc:title><rdf:Alt><rdf:li xml:lang="de">T&amp;ür</rdf:li></rdf:Alt></dc:title><exif:Flash exif:Fired="True"/>'
        '<cc:license rdf:resource="https://example.org/by"/><exifEX:LensModel>50 mm</exifEX:LensModel>',
        'xmp:Rating="5" tiff:Make="A &lt;Maker&gt;" xmpRights:Marked="True"',
    )
    text = kept(source)
    assert kept(text.encode()) == text
    for part in (
        '<dc:title><rdf:Alt><rdf:li xml:lang="de">T&amp;ür</rdf:li></rdf:Alt></dc:title>',
        '<exif:Flash exif:Fired="True"/>',
        '<cc:license rdf:resource="https://example.org/by"/>',
        "<exifEX:LensModel>50 mm</exifEX:LensModel>",
        "<xmp:Rating>5</xmp:Rating>",
        "<tiff:Make>A &lt;Maker&gt;</tiff:Make>",
        "<xmpRights:Marked>True</xmpRights:Marked>",
    ):
        assert part in text


def test_of_the_original_what_describes_it_is_told() -> None:
    text = kept(
        packet("<xmpMM:DocumentID>1</xmpMM:DocumentID><tiff:ImageWidth>6000</tiff:ImageWidth>"),
        XmpContent.ORIGINAL_WITHOUT_PLACE,
    )
    assert "<xmpMM:DocumentID>1</xmpMM:DocumentID>" in text
    assert "<tiff:ImageWidth>6000</tiff:ImageWidth>" in text


@pytest.mark.parametrize(
    "source",
    [
        b"<a>" * 100_000,
        b"<a>" * 61 + b"<dc:title>x</dc:title>" + b"</a>" * 61,
        b"<a " + b" ".join(b'xmlns:p%d="u"' % number for number in range(30_000)) + b"><dc:title>x</dc:title></a>",
        b"<a>" + b'<b xmlns:p="u"/>' * 30_000 + b"<dc:title>x</dc:title></a>",
        b"<" + b"p" * 200_000 + b":a/>",
    ],
)
def test_packets_beyond_the_limits_are_left_out(source: bytes) -> None:
    assert parse_xmp(source) == []


def test_a_long_prefix_does_not_multiply() -> None:
    """A namespace declared twice, with a long and a short prefix, is written with one that is short."""
    long = "p" * 50_000
    source = f'<x:xmpmeta xmlns:{long}="u:u" xmlns:s="u:u"><{long}:a>1</{long}:a>{"<s:a>1</s:a>" * 5_000}</x:xmpmeta>'
    assert len(kept(source.encode(), XmpContent.DETAILS_AND_PLACE)) < 200_000


@settings(deadline=None, max_examples=200)
@given(
    st.lists(
        st.sampled_from(
            [
                *('<rdf:Description photoshop:City="Canary">', "<rdf:Description>", "</rdf:Description>", "<dc:title>"),
                *("</dc:title>", "Canary", "x", "<rdf:Bag>", "</rdf:Bag>", "<rdf:li>", "</rdf:li>", "<photoshop:City>"),
                *("</photoshop:City>", "<photoshop:City/>", ' rdf:parseType="Resource"', "<!--", "-->"),
            ]
        ),
        max_size=20,
    )
)
def test_any_combination_is_well_formed_or_left_out(pieces: list[str]) -> None:
    for content in XmpContent:
        kept(packet("".join(pieces)), content)
