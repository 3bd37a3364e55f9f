"""No result tells what its request removed: formats in × formats out × policies × operations, read by ExifTool.

Every place that a format has for metadata holds a text of its own, which begins with what it is: a place, a person, the
author, a detail, or something that no longer fits. With ``PIXMILL_TEST_LEAKS=all`` every combination is tried, otherwise
a selection in which each format in meets each format out with each policy.
"""

import os
import re
import struct
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from pixmill.dialects.native.dialect import parse
from pixmill.engine.pixels.pipeline import render
from pixmill.engine.pixels.probe import inspect
from pixmill.errors import UnsupportedOutput
from pixmill.media import Format
from pixmill.plan.facts import Fact, FactSelection
from tests.exiftool import read_tags, write_tags
from tests.pixels.images import LIMITS, encode_image, photo

EVERYTHING: Final = os.environ.get("PIXMILL_TEST_LEAKS") == "all"

KINDS: Final = ("Plc", "Thm", "Old", "Det", "Ppl", "Own", "Cap")
"""Place, thumbnail, no longer fits, detail, person, author, caption that repeats a place."""

ALLOWED: Final = {
    "strip": (),
    "copyright": ("Own",),
    "keep": ("Own", "Det", "Ppl"),
    "all": ("Own", "Det", "Ppl", "Plc", "Cap"),
}
TAGS: Final = {
    "Plc": """
        XMP-photoshop:City XMP-photoshop:State XMP-photoshop:Country XMP-iptcCore:Location XMP-iptcExt:LocationCreatedCity
        XMP-iptcExt:LocationShownSublocation XMP-iptcExt:LocationShownProvinceState XMP-iptcCore:CreatorCity
        XMP-iptcCore:CreatorAddress XMP-iptcCore:CreatorRegion XMP-iptcCore:CreatorCountry XMP-dc:Coverage
        XMP-plus:LicensorCity XMP-plus:LicensorStreetAddress XMP-exif:GPSAreaInformation XMP-xmpDM:ShotLocation
        XMP-mwg-coll:CollectionName XMP-lr:WeightedFlatSubject XMP-digiKam:TagsList XMP-acdsee:Categories
        IPTC:City IPTC:Sub-location IPTC:Province-State IPTC:Country-PrimaryLocationName IPTC:ContentLocationName
        GPS:GPSAreaInformation GPS:GPSMapDatum GPS:GPSProcessingMethod GPS:GPSSatellites
    """,
    "Old": """
        XMP-crs:RawFileName XMP-crs:LookName XMP-photoshop:ICCProfileName XMP-photoshop:History
        XMP-photoshop:DocumentAncestors XMP-xmpMM:PreservedFileName XMP-xmpMM:HistoryParameters
        XMP-xmpMM:DerivedFromFilePath XMP-xmpMM:DocumentID XMP-mwg-rs:RegionName XMP-mwg-rs:RegionDescription
        XMP-MP:RegionPersonDisplayName XMP-iptcExt:ImageRegionName XMP-exif:RelatedSoundFile XMP-exif:NativeDigest
        XMP-GCamera:BurstID XMP-GDepth:Mime XMP-GImage:Mime XMP-GAudio:Mime XMP-xmp:BaseURL XMP-dc:Format
        ExifIFD:RelatedSoundFile IFD0:DocumentName IFD0:PageName IFD0:TargetPrinter
        Photoshop:URL Photoshop:PhotoshopFormat
        PNG:Comment PNG:Warning PNG:Source GIF:Comment File:Comment
    """,
    "Thm": "XMP-xmp:ThumbnailImage",
    "Det": """
        XMP-dc:Title XMP-dc:Description XMP-dc:Subject XMP-xmp:CreatorTool XMP-xmp:Label XMP-photoshop:Headline
        XMP-photoshop:Instructions XMP-tiff:Make XMP-tiff:Model XMP-tiff:Software XMP-aux:Lens XMP-aux:SerialNumber
        XMP-exifEX:LensModel XMP-exif:UserComment XMP-xmpRights:UsageTerms XMP-iptcCore:Scene XMP-iptcExt:Event
        IFD0:ImageDescription IFD0:Make IFD0:Model IFD0:Software IFD0:XPTitle IFD0:XPKeywords ExifIFD:UserComment
        ExifIFD:LensModel ExifIFD:LensSerialNumber ExifIFD:ImageUniqueID
        IPTC:ObjectName IPTC:Keywords IPTC:Headline IPTC:SpecialInstructions
    """,
    "Ppl": "XMP-iptcExt:PersonInImage ExifIFD:OwnerName IPTC:Writer-Editor XMP-photoshop:CaptionWriter IPTC:Contact",
    "Own": "IFD0:Artist IFD0:Copyright XMP-dc:Creator XMP-dc:Rights IPTC:By-line IPTC:CopyrightNotice",
}
CAPTIONS: Final = ("XMP-dc:Subject", "IPTC:Keywords", "IPTC:Caption-Abstract", "XMP-iptcCore:AltTextAccessibility")
OTHERS: Final = (
    *("GPS:GPSLatitude=48.858370", "GPS:GPSLongitude=2.294481", "GPS:GPSLatitudeRef=N", "GPS:GPSLongitudeRef=E"),
    *("XMP-exif:GPSLatitude=48.858370", "XMP-exif:GPSLongitude=2.294481", "XMP-drone-dji:GpsLatitude=48.858370"),
    *("XMP-drone-dji:GpsLongtitude=2.294481", "XMP-lr:HierarchicalSubject=Places|France|PlcHierarchy"),
    *(
        "XMP-tiff:Orientation#=6",
        "XMP-tiff:ImageWidth=6000",
        "XMP-tiff:ImageHeight=4000",
        "XMP-exif:ExifImageWidth=6000",
    ),
    *("ExifIFD:ExifImageWidth=6000", "ExifIFD:ExifImageHeight=4000", "ExifIFD:ColorSpace#=1", "XMP-exif:ColorSpace#=1"),
    *(
        "XMP-crs:CropTop=0.1",
        "XMP-crs:HasCrop=True",
        "XMP-GPano:FullPanoWidthPixels=6000",
        "ExifIFD:SubjectArea=1 2 3 4",
    ),
    *(
        "XMP-GCamera:MicroVideo=1",
        "XMP-GCamera:MicroVideoOffset=100",
        "InteropIFD:InteropIndex=R03",
        "PNG:ModifyDate=now",
    ),
)
WRONG_GROUPS: Final = re.compile(
    "IFD1|SubIFD|MPF|MakerNotes|Apple|XMP-(?:xmpMM|crs|mwg-rs|MP|GCamera|GDepth|GImage|GPano|GAudio|hdrgm|xmpGImg)|InteropIFD"
    "|JFXX|Photoshop"
)
WRONG_NAMES: Final = re.compile(
    "Thumbnail|Preview(?!Time|Duration)|JpgFromRaw|MPImage|GainMap|MotionPhoto|EmbeddedVideo|DepthMap|Trailer"
)
PLACE_NAMES: Final = re.compile(
    "GPS|Latitude|Longt?itude|City|Country|Location|Sublocation|Province|HierarchicalSubject"
)
SIZES: Final = re.compile(r"(?:ExifIFD|XMP-\w+):(?:Exif)?Image(?:Width|Height)|Pixel[XY]Dimension")


def assignments() -> list[str]:
    """Arguments of ExifTool that write every tag with a text of its own."""
    written = [f"-{tag}={kind}{number:03}" for kind, tags in TAGS.items() for number, tag in enumerate(tags.split())]
    repeated = [f"-{tag}+=Cap{number:03} in plc000" for number, tag in enumerate(CAPTIONS)]
    return [*written, *repeated, *(f"-{other}" for other in OTHERS)]


def segment(marker: int, content: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(content) + 2) + content


def thumbnail(name: str) -> bytes:
    """A small JPEG with a comment, by which it is found."""
    return bytes(encode_image(photo(32, 24), "JPEG", comment=b"Thm" + name.encode()))


def with_everything(kind: str, file: bytes) -> bytes:
    """Add what ExifTool does not write."""
    if kind == "jpeg":
        extension = (
            b"http://ns.adobe.com/xmp/extension/\0" + b"0" * 32 + struct.pack(">II", 40, 0) + b"OldExtended".ljust(40)
        )
        small = thumbnail("Photoshop")
        resource = (
            b"8BIM\x04\x0c\0\0" + struct.pack(">I", len(small) + 28) + bytes(28) + small + b"\0" * (len(small) % 2)
        )
        added = (
            *(segment(0xE0, b"JFXX\0\x10" + thumbnail("Jfxx")), segment(0xE1, extension)),
            *(segment(0xE2, b"MPF\0II*\0\x08\0\0\0\0\0OldMpf"), segment(0xED, b"Photoshop 3.0\0" + resource)),
            segment(0xEB, b"JP\0\1\0\0\0\1OldJumbf"),
        )
        return file[:20] + b"".join(added) + file[20:] + thumbnail("Trailer") + b"\0\0\0\x18ftypmp42OldMotion"
    if kind == "png":
        raw = b"Raw profile type exif\0\0" + zlib.compress(b"\nexif\n      10\n" + b"PlcRaw".hex().encode())
        return file[:33] + png_chunk(b"zTXt", raw) + png_chunk(b"tEXt", b"Author\0OwnText") + file[33:] + b"OldTrailer"
    if kind == "webp":
        body = file[8:] + b"note" + struct.pack("<I", 10) + b"OldUnknown"
        return b"RIFF" + struct.pack("<I", len(body)) + body
    return file


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def plain_files() -> dict[str, bytes]:
    """A file of each format that ExifTool writes to."""
    image, more = photo(96, 64), [photo(96, 64).rotate(90)]
    rendered = {
        kind.value: render(
            encode_image(image, "PNG"), parse(b"/resize", b"url=a&format=" + kind.value.encode()).plan, LIMITS
        ).body
        for kind in (Format.HEIC, Format.JXL)
    }
    box = b"\0\0\0\x0cJXL \r\n\x87\n" + b"\0\0\0\x14ftypjxl \0\0\0\0jxl " + struct.pack(">I", len(rendered["jxl"]) + 8)
    return {
        "jpeg": bytes(encode_image(image, "JPEG", exif=exif_with_thumbnail())),
        "png": bytes(encode_image(image, "PNG")),
        "webp": bytes(encode_image(image, "WEBP")),
        "gif": bytes(encode_image(image, "GIF")),
        "tiff": bytes(encode_image(image, "TIFF")),
        "avif": bytes(encode_image(image, "AVIF")),
        "heic": rendered["heic"],
        "jxl": box + b"jxlc" + rendered["jxl"],
        "apng.png": bytes(encode_image(image, "PNG", save_all=True, append_images=more)),
        "animated.webp": bytes(encode_image(image, "WEBP", save_all=True, append_images=more)),
    }


def exif_with_thumbnail() -> bytes:
    small = thumbnail("Exif")
    second = struct.pack("<HHHII", 3, 259, 3, 1, 6) + struct.pack("<HHII", 513, 4, 1, 8 + 2 + 12 + 4 + 2 + 36 + 4)
    first = struct.pack("<HHHII", 1, 274, 3, 1, 1)
    block = b"II*\0\x08\0\0\0" + first + struct.pack("<I", 8 + 2 + 12 + 4) + second
    return b"Exif\0\0" + block + struct.pack("<HHII", 514, 4, 1, len(small)) + bytes(4) + small


def svg(jpeg: bytes) -> bytes:
    return (
        b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:i="http://www.inkscape.org/namespaces/inkscape" width="96" height="64" '
        b'i:export-filename="/home/OldPath"><!-- OldComment --><metadata>OldMetadata</metadata>'
        b'<rect width="96" height="64" fill="red"/><image width="48" height="32" href="data:image/jpeg;base64,'
        + b64encode(jpeg)
        + b'"/></svg>'
    )


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("originals")
    for name, body in plain_files().items():
        (folder / (name if "." in name else f"plain.{name}")).write_bytes(body)
    paths = sorted(folder.iterdir())
    write_tags(assignments(), paths)
    files = {path.name: with_everything(path.suffix[1:], path.read_bytes()) for path in paths}
    return files | {"plain.svg": svg(files["plain.jpeg"])}


OUTPUTS: Final = (
    *("format=jpeg", "format=jpeg&trellis=true", "format=png", "format=png&colors=16", "format=webp"),
    *("format=webp&near_lossless=60", "format=avif", "format=avif&lossless=true", "format=heic", "format=jxl"),
    *("format=tiff", "format=gif", "format=bmp", "format=ico", "format=auto", "format=original"),
)
OPERATIONS: Final = (
    *("width=40", "crop=0,0,20,20", "blur=20", "blur_areas=20;0,0,20,20", "mask=circle", "rotate=90", "flip=h"),
    *(
        "",
        "animated=false",
        "page=1",
        "overlay=text:Hello",
        "width=30&height=30&fit=cover",
        "blur_faces=8",
        "profile=keep",
    ),
)


def combinations(names: list[str]) -> Iterator[tuple[str, str, str, str]]:
    """Yield file, output, policy, operation; in the selection the operations follow one another."""
    operations = cycle(OPERATIONS)
    for name in names:
        for number, output in enumerate(OUTPUTS):
            for place, policy in enumerate(ALLOWED):
                if EVERYTHING:
                    yield from ((name, output, policy, operation) for operation in OPERATIONS)
                elif policy == "keep" or (number + place) % 3 == 0 or output == "format=original":
                    yield name, output, policy, "" if output == "format=original" else next(operations)


def texts_in(body: bytes) -> set[str]:
    """All our texts in a file: as they are, in wide characters, and in compressed chunks of a PNG."""
    found = set[str]()
    parts = [body]
    if body.startswith(b"\x89PNG"):
        parts.extend(inflated(body))
    parts.extend(b64decode(match) for match in re.findall(rb";base64,([A-Za-z0-9+/=]+)", body))
    for part in parts:
        for form in (part, part.replace(b"\0", b"")):
            found.update(
                match.decode() for match in re.findall(rb"(?:Plc|Thm|Old|Det|Ppl|Own|Cap)[A-Z0-9]\w{2,}", form)
            )
    return found


def inflated(body: bytes) -> Iterator[bytes]:
    at = 8
    while at + 12 <= len(body):
        size, kind = struct.unpack(">I4s", body[at : at + 8])
        if kind in (b"zTXt", b"iTXt", b"iCCP"):
            for start in range(at + 8, min(at + 120, at + 8 + size)):
                try:
                    yield zlib.decompress(body[start : at + 8 + size])
                except zlib.error:
                    continue
        at += 12 + size


def faults_of(tags: dict[str, Any], policy: str) -> Iterator[str]:
    """What ExifTool finds in a result that it should not have."""
    for name, value in tags.items():
        group, _, tag = name.partition(":")
        if WRONG_GROUPS.fullmatch(group) or WRONG_NAMES.search(tag):
            yield f"{name}={value!r:.60}"
        if tag == "Orientation" and value not in (1, "1"):
            yield f"{name}={value}"
        if policy != "all" and group != "Composite" and PLACE_NAMES.search(tag):
            yield f"{name}={value}"
        if tag == "ColorSpace" and group == "ExifIFD":
            yield f"{name}={value}"
        if SIZES.search(name) and value in (6000, 4000, "6000", "4000"):
            yield f"{name}={value}"


@pytest.mark.timeout(7_200 if EVERYTHING else 600)
def test_no_result_tells_what_its_request_removed(originals: dict[str, bytes], tmp_path: Path) -> None:
    faults: list[str] = []
    rendered: dict[str, tuple[str, str]] = {}
    for number, (name, output, policy, operation) in enumerate(combinations(sorted(originals))):
        said = f"{name} {output} {policy} {operation}"
        query = "&".join(part for part in ("url=a", output, f"metadata={policy}", operation) if part)
        try:
            result = render(memoryview(originals[name]), parse(b"/resize", query.encode()).plan, LIMITS)
        except UnsupportedOutput:
            continue
        unchanged = result.body == originals[name]
        if unchanged and policy == "all":
            continue
        file = f"{number}.{result.format.value}"
        (tmp_path / file).write_bytes(result.body)
        rendered[file] = said, policy
        faults.extend(
            f"{said}: {text}"
            for text in sorted(texts_in(result.body))
            if not text.startswith(ALLOWED[policy] or ("-",))
        )
    found = read_tags(tmp_path)
    assert found.keys() == rendered.keys()
    for file, tags in found.items():
        said, policy = rendered[file]
        faults.extend(f"{said}: {fault}" for fault in faults_of(tags, policy))
    assert faults == []
    assert len(rendered) > 250


def test_the_originals_have_what_is_looked_for(originals: dict[str, bytes]) -> None:
    """The test above would pass with nothing written."""
    found = {name: texts_in(body) for name, body in originals.items()}
    for kind in KINDS:
        assert any(text.startswith(kind) for text in found["plain.jpeg"]), kind
    assert len(found["plain.jpeg"]) > 100
    for name in (
        "plain.png",
        "plain.webp",
        "plain.tiff",
        "plain.avif",
        "plain.heic",
        "plain.jxl",
        "animated.webp",
        "apng.png",
    ):
        assert len([text for text in found[name] if text.startswith("Plc")]) > 15, name
    assert any(text.startswith("Plc") for text in found["plain.gif"])


def test_what_may_stay_is_kept(originals: dict[str, bytes]) -> None:
    for target, count in {"jpeg": 30, "png": 25, "webp": 25, "avif": 25, "heic": 25, "jxl": 25, "tiff": 18}.items():
        for policy, kind in (("keep", "Det"), ("all", "Plc")):
            query = f"url=a&format={target}&metadata={policy}&width=40".encode()
            body = render(memoryview(originals["plain.jpeg"]), parse(b"/resize", query).plan, LIMITS).body
            found = [text for text in texts_in(body) if text.startswith(kind)]
            assert len(found) >= (count if kind == "Det" else 12), (target, policy, sorted(found))


def test_info_tells_no_place_unasked(originals: dict[str, bytes]) -> None:
    for name, body in originals.items():
        facts = inspect(memoryview(body), LIMITS, FactSelection((Fact.EXIF, Fact.IPTC, Fact.XMP)))
        told = texts_in(msgspec.json.encode(facts))
        assert not [text for text in told if text.startswith(("Plc", "Cap", "Thm"))], name
        assert b"48.85" not in msgspec.json.encode(facts)
