"""JPEGs with a scratch that browsers show, JPEGs that are cut off, and CMYK without Adobe's marker."""

import re
import struct
from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
import pyvips
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from pixmill.engine.pixels.pipeline import render
from pixmill.errors import UndecodableImage
from pixmill.media import Format
from pixmill.plan.limits import Limits, OnTruncated
from pixmill.plan.ops import Output, Plan, Resize
from tests.pixels.images import LIMITS, Pixels, encode_image, photo, pixels_of, render_image

SHOW = Limits(on_truncated=OnTruncated.SHOW)
JFIF = b"\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"
KINDS: dict[str, Callable[[], bytes]] = {
    "baseline": lambda: bytes(encode_image(photo(), "JPEG", quality=88)),
    "progressive": lambda: bytes(encode_image(photo(), "JPEG", quality=88, progressive=True)),
    "grey": lambda: bytes(encode_image(photo().convert("L"), "JPEG", quality=88)),
    "restarts": lambda: bytes(encode_image(photo(), "JPEG", quality=88, restart_marker_blocks=4)),
    "cmyk": lambda: bytes(encode_image(photo().convert("CMYK"), "JPEG", quality=88)),
}


def without(data: bytes, marker: bytes) -> bytes:
    """The file without the segments of this marker before its first scan."""
    out, at = data[:2], 2
    while data[at : at + 2] != b"\xff\xda":
        end = at + 2 + struct.unpack_from(">H", data, at + 2)[0]
        out += b"" if data[at : at + 2] == marker else data[at:end]
        at = end
    return out + data[at:]


def inserted(data: bytes, before: bytes, more: bytes) -> bytes:
    at = data.index(before)
    return data[:at] + more + data[at:]


def adobe(transform: int) -> bytes:
    return b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0" + bytes([transform])


def shown(data: bytes, limits: Limits = LIMITS, width: int = 0) -> Pixels:
    plan = Plan(resize=Resize(width), output=Output(formats=(Format.PNG,)))
    return np.asarray(Image.open(BytesIO(render(memoryview(data), plan, limits).body)).convert("RGBA"))


SCRATCHES: dict[str, Callable[[bytes], bytes]] = {
    "no end marker": lambda data: data[:-2],
    "half an end marker": lambda data: data[:-1],
    "zeros instead of an end marker": lambda data: data[:-2] + bytes(99),
    "more after the end": lambda data: data + b"\0more" * 99,
    "more before the end": lambda data: data[:-2] + b"more" + data[-2:],
    "a second file behind it": lambda data: data + data,
    "junk before the tables": lambda data: inserted(data, b"\xff\xdb", b"junk"),
    "junk before the scan": lambda data: inserted(data, b"\xff\xda", b"\0\0\0"),
    "fill bytes": lambda data: inserted(data, b"\xff\xdb", b"\xff\xff\xff"),
    "a temporary marker": lambda data: inserted(data, b"\xff\xdb", b"\xff\x01"),
    "a restart marker in the header": lambda data: inserted(data, b"\xff\xdb", b"\xff\xd3"),
    "a temporary marker, and no end": lambda data: inserted(data, b"\xff\xdb", b"\xff\x01")[:-2],
    "an Adobe segment that is too short": lambda data: inserted(data, b"\xff\xdb", b"\xff\xee\0\x08Adobe\0"),
    "an empty comment": lambda data: inserted(data, b"\xff\xdb", b"\xff\xfe\0\2"),
    "EXIF that leads nowhere": lambda data: data[:2] + b"\xff\xe1\0\x12Exif\0\0II*\0\xff\xff\xff\xff??" + data[2:],
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_jpeg_with_a_scratch_is_shown_as_the_whole_one(kind: str) -> None:
    data = KINDS[kind]()
    whole, other = shown(data), list[str]()
    for name, scratch in SCRATCHES.items():
        if not np.array_equal(shown(scratch(data)), whole):
            other.append(name)
    assert other == []


def test_a_large_jpeg_without_its_end_is_shown_as_the_whole_one_when_it_is_scaled_while_decoding() -> None:
    data = bytes(encode_image(photo(1200, 900), "JPEG"))
    assert np.array_equal(shown(data[:-2], width=90), shown(data, width=90))


def test_a_frame_of_motion_jpeg_without_huffman_tables_is_shown() -> None:
    data = KINDS["baseline"]()
    assert np.array_equal(shown(without(data, b"\xff\xc4")), shown(data))


def test_a_jpeg_without_restart_markers_that_it_says_it_has_is_shown() -> None:
    data = KINDS["restarts"]()
    at = data.index(b"\xff\xda")
    assert shown(data[:at] + re.sub(rb"\xff[\xd0-\xd7]", b"", data[at:])).shape == (160, 240, 4)


@pytest.mark.parametrize("part", [0.4, 0.6, 0.8, 0.95])
@pytest.mark.parametrize("kind", KINDS)
def test_a_jpeg_that_is_cut_off_is_refused_or_its_rows_are_shown(kind: str, part: float) -> None:
    whole = KINDS[kind]()
    data = whole[: int(len(whole) * part)]
    with pytest.raises(UndecodableImage, match="cut off"):
        shown(data)
    found, expected = shown(data, SHOW), shown(whole)
    visible = found[..., 3] > 0
    if kind == "progressive":  # the first scans cover all of it
        assert visible.all()
        assert np.abs(found.astype(int) - expected).mean() < 8
        return
    rows = visible.all(axis=1)
    assert 0.1 < rows.mean() < 1
    assert np.array_equal(rows, np.sort(rows)[::-1])  # from the top
    assert np.array_equal(visible.any(axis=1), rows)
    upper = int(rows.sum()) - 16  # the last blocks that are there lack those below, from which chroma is interpolated
    assert np.array_equal(found[:upper], expected[:upper])


def test_only_a_result_of_a_file_that_is_cut_off_is_marked() -> None:
    whole, plan = KINDS["baseline"](), Plan(resize=Resize(width=50))
    assert not render(memoryview(whole), plan, SHOW).truncated
    assert not render(memoryview(whole[:-2]), plan, SHOW).truncated
    assert render(memoryview(whole[:-900]), plan, SHOW).truncated


@pytest.mark.parametrize("options", [{"progressive": True}, {}], ids=["progressive", "one scan a component"])
def test_a_jpeg_whose_last_scan_is_missing_is_cut_off(options: dict[str, bool]) -> None:
    data = bytes(encode_image(photo(), "JPEG", **options)) if options else one_scan_a_component()
    assert shown(data[:-2]).shape == (160, 240, 4)
    with pytest.raises(UndecodableImage, match="cut off"):
        shown(data[: data.rindex(b"\xff\xda")])
    assert (shown(data[: data.rindex(b"\xff\xda")], SHOW)[..., 3] == 255).all()


def one_scan_a_component() -> bytes:
    """A sequential JPEG that is not interleaved: three grey ones of the same tables in one."""
    parts = [bytes(encode_image(band, "JPEG", quality=90)) for band in photo().convert("YCbCr").split()]
    scans = [part.index(b"\xff\xda") for part in parts]
    frame, tables = parts[0].index(b"\xff\xc0"), parts[0].index(b"\xff\xc4")
    components = b"".join(bytes((number, 0x11, 0)) for number in (1, 2, 3))
    head = parts[0][:frame] + struct.pack(">HHB", 0xFFC0, 17, 8) + parts[0][frame + 5 : frame + 9] + b"\3" + components
    coded = (part[scan + 10 : -2] for part, scan in zip(parts, scans, strict=True))
    body = b"".join(
        b"\xff\xda\0\x08\1" + bytes((number, 0)) + b"\0\x3f\0" + data for number, data in enumerate(coded, 1)
    )
    return head + parts[0][tables : scans[0]] + body + b"\xff\xd9"


def test_a_header_that_is_cut_off_is_refused_by_either_rule() -> None:
    data = KINDS["baseline"]()
    for limits in (LIMITS, SHOW):
        with pytest.raises(UndecodableImage):
            shown(data[:300], limits)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:2] + data[2:][: data.index(b"\xff\xda") - 2],
        lambda data: inserted(data, b"\xff\xdb", b"\xff\xfe\xff\xff"),
        lambda data: without(data, b"\xff\xdb"),
        lambda data: data[:2] + data,
        lambda data: inserted(data, b"\xff\xdb", b"\xff\x02" * 20_000),
    ],
    ids=["no scan", "a comment beyond the end", "no quantisation tables", "two starts", "many unknown markers"],
)
def test_what_browsers_do_not_show_is_refused(damage: Callable[[bytes], bytes]) -> None:
    with pytest.raises(UndecodableImage):
        shown(damage(KINDS["baseline"]()))


@pytest.mark.parametrize("width", [0, 50])
def test_four_components_without_a_marker_are_read_as_those_with_one(width: int) -> None:
    """255 is no ink, as in Chromium, Firefox, ImageMagick and libvips."""
    marked = KINDS["cmyk"]()
    bare = without(marked, b"\xff\xee")
    expected = shown(marked, width=width)
    other = b"\xff\xee\0\x0eOther\0\x64\0\0\0\0\0"
    for head in (b"", JFIF, other, adobe(0), JFIF + adobe(0)):
        assert np.array_equal(shown(bare[:2] + head + bare[2:], width=width), expected)


@pytest.mark.parametrize("profile", [True, False])
def test_the_marker_of_cmyk_decides_of_ycck_only(profile: bool) -> None:
    """Transform 2 and unknown ones are YCCK (Adobe technical note 5116), whatever else the file says."""
    options = {"icc_profile": bytes(pyvips.Image.profile_load("cmyk"))} if profile else {}
    bare = without(bytes(encode_image(photo().convert("CMYK"), "JPEG", quality=95, **options)), b"\xff\xee")
    ycck = [shown(bare[:2] + adobe(transform) + bare[2:]) for transform in (2, 1, 77)]
    assert all(np.array_equal(pixels, ycck[0]) for pixels in ycck)
    assert not np.array_equal(ycck[0], shown(bare))


def test_cmyk_shows_the_colours_that_its_inks_stand_for() -> None:
    found = pixels_of(render_image(memoryview(without(KINDS["cmyk"](), b"\xff\xee"))))
    assert np.abs(found.astype(int) - pixels_of(photo())).mean() < 25  # a negative is 100 away


def renamed(data: bytes, names: bytes) -> bytes:
    """The file with other component identifiers, in its frame and its scan."""
    out = bytearray(data)
    frame, scan = out.index(b"\xff\xc0"), out.index(b"\xff\xda")
    for number, name in enumerate(names):
        out[frame + 10 + 3 * number] = out[scan + 5 + 2 * number] = name
    return bytes(out)


def test_components_named_r_g_b_are_not_converted() -> None:
    data = without(bytes(encode_image(photo(), "JPEG", quality=95, subsampling=0, keep_rgb=True)), b"\xff\xee")
    found = shown(renamed(data, b"RGB"))[..., :3]
    assert np.abs(found.astype(int) - pixels_of(photo())).mean() < 3


@pytest.mark.parametrize("names", [b"\0\1\2", b"\1\2\3", b"\5\11\13"])
def test_components_of_other_names_are_luma_and_chroma(names: bytes) -> None:
    data = KINDS["baseline"]()
    assert np.array_equal(shown(renamed(without(data, b"\xff\xe0"), names)), shown(data))


def test_a_truncated_image_is_decoded_once_if_it_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole files are not decoded again."""
    opened = list[int]()
    init = JpegImageFile.__init__

    def counted(self: JpegImageFile, *arguments: object) -> None:
        opened.append(1)
        init(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(JpegImageFile, "__init__", counted)
    data = KINDS["baseline"]()
    render(memoryview(data), Plan(resize=Resize(width=50)), LIMITS)
    assert len(opened) == 1
    render(memoryview(data[:-2]), Plan(resize=Resize(width=50)), LIMITS)
    assert len(opened) > 2
