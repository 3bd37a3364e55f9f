"""What a file says of its colours outside ICC counts.

The expected values are what Chromium 156 shows on an sRGB canvas of the same files (``--force-color-profile=srgb``);
formulas are in docs/formats.md. The patches are (200, 60, 60), grey 128 and grey 20.
"""

import struct
from base64 import b64decode
from io import BytesIO
from typing import Final

import numpy as np
import pytest
import pyvips
from PIL import Image

from pixmill.engine.pixels.pipeline import render
from pixmill.engine.pixels.probe import inspect
from pixmill.engine.raster.cicp import cicp_profile
from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.gravity import Point
from pixmill.plan.ops import Fit, ImageOverlay, Output, Plan, ResampleSpace, Resize
from pixmill.plan.output import Encoding, Profile
from pixmill.plan.shapes import ImageMask, MaskChannel, Shape
from pixmill.plan.source import parse_source
from pixmill.plan.transforms import Trim
from tests.pixels import profiles
from tests.pixels.images import LIMITS, decode_result, encode_image, pixels_of, render_image
from tests.pixels.signalling import (
    BT709,
    P3,
    SIDE,
    Chunk,
    chrm,
    cicp,
    clli,
    encode_avif,
    encode_png,
    gama,
    iccp,
    patch_values,
    patches,
    with_chunks,
)

Red = tuple[int, int, int]

UNCHANGED: Final = ((200, 60, 60), 128, 20)
LINEAR: Final = ((229, 133, 133), 188, 79)
SHOWN_P3: Final = ((217, 42, 52), 128, 20)
SHOWN_PQ: Final = ((255, 0, 0), 132, 1)
SRGB_CHUNK: Final[Chunk] = (b"sRGB", b"\0")
P3_PROFILE: Final = bytes(pyvips.Image.profile_load("p3"))

PNG_TABLE: Final[dict[str, tuple[tuple[Chunk, ...], tuple[Red, int, int]]]] = {
    # primaries of cICP with the curve of sRGB
    "cicp 1/13": ((cicp(1, 13),), UNCHANGED),
    "cicp 4/13": ((cicp(4, 13),), ((236, 50, 49), 128, 20)),
    "cicp 5/13": ((cicp(5, 13),), ((204, 60, 60), 128, 20)),
    "cicp 6/13": ((cicp(6, 13),), ((195, 66, 59), 128, 20)),
    "cicp 7/13": ((cicp(7, 13),), ((195, 66, 59), 128, 20)),
    "cicp 8/13": ((cicp(8, 13),), ((226, 39, 51), 128, 20)),
    "cicp 9/13": ((cicp(9, 13),), ((247, 0, 53), 128, 20)),
    "cicp 10/13": ((cicp(10, 13),), ((255, 0, 79), 128, 20)),
    "cicp 11/13": ((cicp(11, 13),), ((212, 42, 53), 128, 20)),
    "cicp 12/13": ((cicp(12, 13),), SHOWN_P3),
    "cicp 22/13": ((cicp(22, 13),), ((202, 67, 59), 128, 20)),
    # transfers of cICP
    "cicp 1/1": ((cicp(1, 1),), ((197, 49, 49), 121, 7)),
    "cicp 1/4": ((cicp(1, 4),), ((201, 57, 57), 129, 12)),
    "cicp 1/5": ((cicp(1, 5),), ((189, 36, 36), 106, 3)),
    "cicp 1/6": ((cicp(1, 6),), ((197, 49, 49), 121, 7)),
    "cicp 1/7": ((cicp(1, 7),), ((206, 77, 77), 141, 38)),
    "cicp 1/8": ((cicp(1, 8),), LINEAR),
    "cicp 1/11": ((cicp(1, 11),), ((197, 49, 49), 121, 7)),
    "cicp 9/14": ((cicp(9, 14),), ((244, 0, 40), 121, 7)),
    "cicp 1/15": ((cicp(1, 15),), ((197, 49, 49), 121, 7)),
    "cicp 1/17": ((cicp(1, 17),), ((200, 44, 44), 118, 5)),
    # HDR by cICP
    "cicp 9/16": ((cicp(9, 16),), SHOWN_PQ),
    "cicp 1/16": ((cicp(1, 16),), ((255, 15, 15), 132, 1)),
    "cicp 9/18": ((cicp(9, 18),), ((230, 0, 39), 99, 5)),
    "cicp 1/18": ((cicp(1, 18),), ((183, 46, 46), 99, 5)),
    "PQ up to 400": ((cicp(9, 16), clli(400)), ((255, 0, 0), 163, 2)),
    "PQ up to 100": ((cicp(9, 16), clli(100)), ((255, 0, 0), 181, 3)),
    "PQ up to nothing": ((cicp(9, 16), clli(0)), SHOWN_PQ),
    "PQ made on 4,000": ((cicp(9, 16), (b"mDCV", bytes(16) + (40_000_000).to_bytes(4) + bytes(4))), SHOWN_PQ),
    "HLG up to 400": ((cicp(9, 18), clli(400)), ((255, 0, 50), 123, 8)),
    # a cICP that does not count
    "cicp 2/13": ((cicp(2, 13),), UNCHANGED),
    "cicp 99/13": ((cicp(99, 13),), UNCHANGED),
    "cicp 1/2": ((cicp(1, 2), gama(1)), LINEAR),
    "cicp 1/9": ((cicp(1, 9),), UNCHANGED),
    "cicp 1/12": ((cicp(1, 12),), UNCHANGED),
    "cicp of narrow range": ((cicp(12, 13, 0, 0),), UNCHANGED),
    "cicp too short": (((b"cICP", b"\x0c\x0d\0"),), UNCHANGED),
    "cicp too long": (((b"cICP", b"\x0c\x0d\0\1\0"),), UNCHANGED),
    # gAMA and cHRM
    "gAMA 0": ((gama(0),), UNCHANGED),
    "gAMA too short": (((b"gAMA", b"\0\1"),), UNCHANGED),
    "gAMA 0.1": ((gama(0.1),), ((84, 0, 0), 3, 0)),
    "gAMA 0.3": ((gama(0.3),), ((178, 22, 22), 89, 1)),
    "gAMA 0.43": ((gama(0.43),), ((199, 52, 52), 124, 9)),
    "gAMA 0.435": ((gama(0.435),), UNCHANGED),
    "gAMA 0.45455": ((gama(0.45455),), UNCHANGED),
    "gAMA 0.475": ((gama(0.475),), UNCHANGED),
    "gAMA 0.48": ((gama(0.48),), ((204, 63, 63), 134, 16)),
    "gAMA 0.55": ((gama(0.55),), ((210, 76, 76), 146, 25)),
    "gAMA 1": ((gama(1),), LINEAR),
    "gAMA 2.2": ((gama(2.2),), ((243, 191, 191), 222, 152)),
    "gAMA beyond all": (((b"gAMA", b"\xff" * 4),), ((255, 255, 255), 255, 255)),
    "cHRM alone": ((chrm(*P3),), UNCHANGED),
    "cHRM P3": ((chrm(*P3), gama(0.45455)), ((219, 37, 49), 129, 12)),
    "cHRM BT.709": ((chrm(*BT709), gama(0.45455)), ((201, 57, 57), 129, 12)),
    "cHRM under D50": ((chrm(0.3457, 0.3585, *BT709[2:]), gama(0.45455)), ((210, 59, 61), 129, 12)),
    "cHRM of ProPhoto": (
        (chrm(0.3457, 0.3585, 0.7347, 0.2653, 0.1596, 0.8404, 0.0366, 0.0001), gama(0.5556)),
        ((255, 0, 74), 146, 26),
    ),
    "cHRM beyond the plane": ((chrm(*P3[:7], -0.077), gama(0.45455)), UNCHANGED),
    "cHRM of zeros": ((chrm(*[0] * 8), gama(1)), UNCHANGED),
    "cHRM without area": ((chrm(0.3127, 0.329, *[0.3] * 6), gama(0.45455)), UNCHANGED),
    # precedence
    "sRGB, gAMA": ((SRGB_CHUNK, gama(1)), UNCHANGED),
    "gAMA, sRGB": ((gama(1), SRGB_CHUNK), UNCHANGED),
    "iCCP, gAMA": ((iccp(P3_PROFILE), gama(1)), SHOWN_P3),
    "sRGB, iCCP": ((SRGB_CHUNK, iccp(P3_PROFILE)), SHOWN_P3),
    "iCCP, cICP": ((iccp(P3_PROFILE), cicp(1, 13)), UNCHANGED),
    "cICP, gAMA": ((cicp(12, 13), gama(1)), SHOWN_P3),
    "iCCP, unknown cICP": ((iccp(P3_PROFILE), cicp(99, 13)), SHOWN_P3),
    "broken iCCP, gAMA": ((iccp(b"no profile" * 20), gama(1)), LINEAR),
    "iCCP of grey, gAMA": ((iccp(profiles.grey_profile(1)), gama(1)), UNCHANGED),
    "two cICP": ((cicp(12, 13), cicp(9, 13)), SHOWN_P3),
    "two gAMA": ((gama(1), gama(0.45455)), LINEAR),
}


def assert_shown(image: Image.Image, expected: tuple[Red, int, int], within: int = 2) -> None:
    red, middle, dark = expected
    found = np.array(patch_values(image), int)
    assert np.abs(found - [red, [middle] * 3, [dark] * 3]).max() <= within, found


@pytest.mark.parametrize("name", list(PNG_TABLE))
def test_a_png_is_shown_as_its_chunks_say(name: str) -> None:
    chunks, expected = PNG_TABLE[name]
    assert_shown(render_image(encode_png(patches(), *chunks)), expected)


SATURATED: Final = ((17, 170, 255), (170, 255, 238), (255, 238, 204))
SATURATED_TABLE: Final[dict[tuple[int, int], tuple[Red, Red, Red]]] = {
    (12, 18): ((0, 114, 255), (0, 255, 217), (255, 221, 153)),
    (11, 17): ((0, 168, 255), (142, 255, 244), (255, 244, 200)),
    (9, 16): ((0, 59, 255), (0, 255, 187), (255, 184, 90)),
    (9, 18): ((0, 115, 255), (0, 255, 213), (255, 211, 147)),
    (10, 13): ((0, 234, 255), (0, 255, 230), (255, 218, 200)),
    (9, 8): ((0, 223, 255), (179, 255, 247), (255, 247, 229)),
}


@pytest.mark.parametrize("points", list(SATURATED_TABLE), ids=str)
def test_saturated_and_bright_colours_are_clipped_as_in_browsers(points: tuple[int, int]) -> None:
    image = Image.new("RGB", (3, 1))
    image.putdata(SATURATED)
    shown = pixels_of(render_image(encode_png(image, cicp(*points))))[0].astype(int)
    assert np.abs(shown - SATURATED_TABLE[points]).max() <= 2, shown


@pytest.mark.parametrize(
    ("kind", "options"),
    [("PNG", {}), ("JPEG", {"quality": 100, "subsampling": 0}), ("WEBP", {"lossless": True})],
    ids=str,
)
def test_an_icc_profile_that_names_hdr_is_tone_mapped(kind: str, options: dict[str, int]) -> None:
    """By its tag ``cicp`` (ICC.1:2022 §10.3), as libjxl writes it."""
    for transfer, expected in ((16, SHOWN_PQ), (18, ((230, 0, 39), 99, 5))):
        profile = cicp_profile(9, transfer)
        assert_shown(render_image(encode_image(patches(), kind, icc_profile=profile, **options)), expected)


TRANSFERS: Final = ["cicp 12/13", "cicp 1/8", "cicp 9/16", "cicp 9/18", "gAMA 1", "cHRM P3"]


@pytest.mark.parametrize("name", TRANSFERS)
def test_alpha_and_palettes_and_icons_change_nothing(name: str) -> None:
    chunks, expected = PNG_TABLE[name]
    with_alpha = patches("RGBA")
    with_alpha.putalpha(200)
    result = render_image(encode_png(with_alpha, *chunks))
    assert result.mode == "RGBA"
    assert set(result.getchannel("A").tobytes()) == {200}
    assert_shown(result, expected)
    assert_shown(render_image(encode_png(patches().quantize(4), *chunks)), expected)
    png = bytes(encode_png(patches(), *chunks))
    icon = b"\0\0\1\0\1\0" + b"\x30\x10\0\0\1\0\x20\0" + len(png).to_bytes(4, "little") + b"\x16\0\0\0" + png
    assert_shown(render_image(memoryview(icon)), expected)


@pytest.mark.parametrize("name", TRANSFERS)
def test_sixteen_bits_are_converted_before_they_are_rounded(name: str) -> None:
    chunks, expected = PNG_TABLE[name]
    wide = pyvips.Image.new_from_array(pixels_of(patches()).astype(np.uint16) * 257).copy(interpretation="rgb16")
    still = bytes(wide.pngsave_buffer(keep="none"))
    source = with_chunks(still, *chunks)
    assert_shown(render_image(source), expected)


GREY_TABLE: Final = {
    "gAMA 1": ((gama(1),), (229, 188, 79)),
    "cicp 12/8": ((cicp(12, 8),), (229, 188, 79)),
    "cicp 12/13": ((cicp(12, 13),), (200, 128, 20)),
    "gAMA, cHRM": ((gama(1), chrm(*P3)), (229, 188, 79)),
    "cicp 9/16": ((cicp(9, 16),), (255, 132, 1)),
    "cicp 9/18": ((cicp(9, 18),), (202, 99, 5)),
    "iCCP of colours": ((iccp(P3_PROFILE),), (200, 128, 20)),
    "iCCP of grey": ((iccp(profiles.grey_profile(1)),), (229, 188, 79)),
}


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("name", list(GREY_TABLE))
def test_grey_is_shown_as_its_chunks_say_and_stays_grey(name: str, bits: int) -> None:
    chunks, expected = GREY_TABLE[name]
    image = patches("L")
    if bits == 16:
        image = Image.fromarray(np.asarray(image).astype(np.uint16) * 257)
    result = render_image(encode_png(image, *chunks))
    assert result.mode == "L"
    assert np.abs(np.array(patch_values(result), int)[:, 0] - expected).max() <= 2


def test_a_chunk_counts_only_where_it_belongs_and_intact() -> None:
    assert_shown(render_image(encode_png(patches(), cicp(12, 13), before=b"IEND")), UNCHANGED)
    palette = patches().quantize(4)
    assert_shown(render_image(encode_png(palette, cicp(12, 13), before=b"IDAT")), UNCHANGED)
    assert_shown(render_image(encode_png(palette, gama(1), before=b"IDAT")), LINEAR)
    damaged = bytes(encode_png(patches(), cicp(12, 13))).replace(b"\x0c\x0d\0\1", b"\x09\x0d\0\1")
    assert_shown(render_image(memoryview(damaged)), UNCHANGED)


def test_every_frame_of_an_animation_is_converted() -> None:
    frames = [patches(), patches().rotate(180)]
    source = encode_image(frames[0], "PNG", save_all=True, append_images=frames[1:], duration=100)
    source = with_chunks(bytes(source), cicp(12, 13))
    result = render_image(source)
    result.seek(1)
    assert_shown(result.rotate(180), SHOWN_P3)


@pytest.mark.parametrize("transfer", [8, 16, 18])
def test_a_checkerboard_shrinks_to_the_mean_of_its_light(transfer: int) -> None:
    """Black and the brightest white: half the light of the white as it is shown."""
    board = Image.fromarray((np.indices((64, 64)).sum(axis=0) % 2 * 255).astype(np.uint8)).convert("RGB")
    source = encode_png(board, cicp(9, transfer))
    small = render_image(source, resize=Resize(width=4, height=4), resample_space=ResampleSpace.LINEAR)
    assert np.abs(pixels_of(small).astype(int) - 188).max() <= 2


@pytest.mark.parametrize(
    ("name", "profile"),
    [
        (name, profile)
        for name in ("cicp 12/13", "cicp 1/8", "cicp 9/16", "cicp 9/18", "cHRM P3", "gAMA 0.3")
        for profile in (Profile.KEEP, Profile.P3, Profile.REC2020, Profile.ADOBE)
    ],
)
@pytest.mark.parametrize("kind", [Format.PNG, Format.WEBP, Format.AVIF])
def test_other_profiles_of_the_result_show_the_same_colours(name: str, profile: Profile, kind: Format) -> None:
    """What is kept outside sRGB is clipped here, as a display does."""
    chunks, expected = PNG_TABLE[name]
    output = Output(formats=(kind,), quality=100, profile=profile)
    result = render(encode_png(patches(), *chunks), Plan(output=output), LIMITS)
    assert decode_result(result).info.get("icc_profile")
    assert_shown(render_image(memoryview(result.body)), expected, within=6)


def test_grey_with_a_gamma_keeps_it() -> None:
    output = Output(formats=(Format.PNG,), profile=Profile.KEEP)
    result = render(encode_png(patches("L"), gama(1)), Plan(output=output), LIMITS)
    assert [values[0] for values in patch_values(decode_result(result))] == [200, 128, 20]
    assert [values[0] for values in patch_values(render_image(memoryview(result.body)))] == [229, 188, 79]


def test_the_facts_name_the_colours() -> None:
    def name(*chunks: Chunk) -> str:
        return inspect(encode_png(patches(), *chunks), LIMITS).profile

    assert name(cicp(1, 13)) == name(gama(0.45455)) == name() == ""
    assert name(cicp(12, 13)) == "Display P3"
    assert name(cicp(9, 14)) == "Rec. 2020, gamma 2.4"
    assert name(cicp(9, 16)) == "Rec. 2100 PQ"
    assert name(cicp(1, 18)) == "sRGB HLG"
    assert name(gama(1)) == "Gamma 1.00"
    assert name(gama(1), chrm(*P3)) == "Gamma 1.00 with primaries of its own"


def test_borders_are_trimmed_as_they_are_shown() -> None:
    """PQ 20 and 30 differ by 10 values; what is shown of both is black."""
    image = Image.new("RGB", (40, 40), (20, 20, 20))
    image.paste((30, 30, 30), (0, 0, 40, 5))
    image.paste((200, 60, 60), (10, 10, 30, 30))
    assert render_image(encode_png(image, cicp(9, 16)), trim=Trim(tolerance=5)).size == (20, 20)


NCLX_TABLE: Final[dict[tuple[int, int], tuple[Red, int, int]]] = {
    (1, 13): UNCHANGED,
    (2, 2): UNCHANGED,
    (1, 1): UNCHANGED,
    (1, 6): UNCHANGED,
    (1, 14): UNCHANGED,
    (4, 13): ((236, 50, 49), 128, 20),
    (5, 13): ((204, 60, 60), 128, 20),
    (6, 6): ((195, 66, 59), 128, 20),
    (9, 14): ((247, 0, 53), 128, 20),
    (12, 13): SHOWN_P3,
    (12, 1): SHOWN_P3,
    (12, 2): SHOWN_P3,
    (12, 99): SHOWN_P3,
    (2, 8): LINEAR,
    (99, 8): LINEAR,
    (1, 4): ((201, 57, 57), 129, 12),
    (1, 5): ((189, 36, 36), 106, 3),
    (1, 7): ((206, 77, 77), 141, 38),
    (1, 8): LINEAR,
    (1, 17): ((200, 44, 44), 118, 5),
    (9, 16): SHOWN_PQ,
    (2, 16): ((255, 15, 15), 132, 1),
    (9, 18): ((230, 0, 39), 99, 5),
    (1, 18): ((183, 46, 46), 99, 5),
}
"""Other than in PNG, BT.709 and its equals have the curve of sRGB."""


@pytest.mark.parametrize("points", list(NCLX_TABLE), ids=str)
def test_an_avif_is_shown_as_its_code_points_say(points: tuple[int, int]) -> None:
    assert_shown(render_image(encode_avif(patches(), *points)), NCLX_TABLE[points])


@pytest.mark.parametrize("points", [(12, 13), (1, 8), (9, 16), (9, 18)], ids=str)
def test_avifs_with_alpha_and_in_grey_and_in_motion_are_shown_so_too(points: tuple[int, int]) -> None:
    red, middle, dark = NCLX_TABLE[points]
    with_alpha = patches("RGBA")
    with_alpha.putalpha(200)
    result = render_image(encode_avif(with_alpha, *points))
    assert set(result.getchannel("A").tobytes()) == {200}
    assert_shown(result, (red, middle, dark))
    grey = render_image(encode_avif(patches("L"), *points))
    assert grey.mode == "L"
    assert np.abs(np.array(patch_values(grey), int)[1:, 0] - [middle, dark]).max() <= 2
    moving = encode_avif(patches(), *points, save_all=True, append_images=[patches().rotate(180)])
    result = render_image(moving)
    assert_shown(result, (red, middle, dark))
    result.seek(1)
    assert_shown(result.rotate(180), (red, middle, dark), within=4)


def test_an_icc_profile_precedes_code_points() -> None:
    """The profile of an AVIF and of a HEIC says more, and is what browsers apply."""
    assert_shown(render_image(encode_avif(patches(), 1, 8, icc_profile=P3_PROFILE)), SHOWN_P3)
    assert_shown(render_image(encode_heic(patches(), 1, 8, icc_profile=P3_PROFILE)), SHOWN_P3)


WITHOUT_COLR: Final = {
    "Display P3": (
        (
            "AAAAIGZ0eXBhdmlmAAAAAGF2aWZtaWYxbWlhZk1BMUEAAADybWV0YQAAAAAAAAAoaGRscgAAAAAAAAAAcGljdAAAAAAAAAAAAAAAAGxpYmF2"
            "aWYAAAAADnBpdG0AAAAAAAEAAAAeaWxvYwAAAABEAAABAAEAAAABAAABGgAAADIAAAAoaWluZgAAAAAAAQAAABppbmZlAgAAAAABAABhdjAx"
            "Q29sb3IAAAAAamlwcnAAAABLaXBjbwAAABRpc3BlAAAAAAAAABgAAAAIAAAAEHBpeGkAAAAAAwgICAAAAAxhdjFDgSAAAAAAABNmcmVleHh4"
            "eAAMAA0ABoAAAAAXaXBtYQAAAAAAAAABAAEEAQKDBAAAADptZGF0EgAKCDgQr9hDA0GkMiQQAADqnHJYBjXFx/0m3+8aOCFYZZdiN5IM3qdq"
            "jkDl74whLVg="
        ),
        SHOWN_P3,
    ),
    "PQ of 10 bits": (
        (
            "AAAAIGZ0eXBhdmlmAAAAAGF2aWZtaWYxbWlhZk1BMUEAAADybWV0YQAAAAAAAAAoaGRscgAAAAAAAAAAcGljdAAAAAAAAAAAAAAAAGxpYmF2"
            "aWYAAAAADnBpdG0AAAAAAAEAAAAeaWxvYwAAAABEAAABAAEAAAABAAABGgAAADYAAAAoaWluZgAAAAAAAQAAABppbmZlAgAAAAABAABhdjAx"
            "Q29sb3IAAAAAamlwcnAAAABLaXBjbwAAABRpc3BlAAAAAAAAABgAAAAIAAAAEHBpeGkAAAAAAwoKCgAAAAxhdjFDgSBAAAAAABNmcmVleHh4"
            "eAAJABAACYAAAAAXaXBtYQAAAAAAAAABAAEEAQKDBAAAAD5tZGF0EgAKCDgQr9jCRAJkMigQAADqnHJXt+nkXH7Hr79CnMUG0LvdqiUac0LL"
            "c7u4uYhoFcuzSUWA"
        ),
        SHOWN_PQ,
    ),
    "linear grey": (
        (
            "AAAAHGZ0eXBhdmlmAAAAAGF2aWZtaWYxbWlhZgAAAPBtZXRhAAAAAAAAAChoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAbGliYXZpZgAA"
            "AAAOcGl0bQAAAAAAAQAAAB5pbG9jAAAAAEQAAAEAAQAAAAEAAAEUAAAAIAAAAChpaW5mAAAAAAABAAAAGmluZmUCAAAAAAEAAGF2MDFDb2xv"
            "cgAAAABoaXBycAAAAElpcGNvAAAAFGlzcGUAAAAAAAAAGAAAAAgAAAAOcGl4aQAAAAABCAAAAAxhdjFDgQAcAAAAABNmcmVleHh4eAABAAgA"
            "BoAAAAAXaXBtYQAAAAAAAAABAAEEAQKDBAAAAChtZGF0EgAKCBgQr9hgIQDUMhIQAOqc2BmzQh1GITHIcY6i7dg="
        ),
        ((229, 229, 229), 188, 79),
    ),
}
"""Three squares of 8 pixels by libavif, whose box ``colr`` is renamed to ``free``."""


@pytest.mark.parametrize("name", list(WITHOUT_COLR))
def test_without_a_box_the_sequence_header_of_av1_says_the_colours(name: str) -> None:
    file, expected = WITHOUT_COLR[name]
    assert_shown(render_image(memoryview(b64decode(file))), expected)


@pytest.mark.parametrize("points", [(1, 13), (1, 1), (9, 14), (12, 13), (12, 1), (1, 8), (9, 16), (9, 18)], ids=str)
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_heic_is_shown_as_its_code_points_say(points: tuple[int, int], mode: str) -> None:
    """Chromium reads no HEIC; the values are those of AVIF."""
    assert_shown(render_image(encode_heic(patches(mode), *points)), NCLX_TABLE[points])


def test_the_facts_name_the_colours_of_code_points() -> None:
    assert inspect(encode_avif(patches(), 12, 13), LIMITS).profile == "Display P3"
    assert inspect(encode_avif(patches(), 9, 16), LIMITS).profile == "Rec. 2100 PQ"
    assert inspect(encode_avif(patches(), 1, 13), LIMITS).profile == ""
    assert inspect(encode_heic(patches(), 9, 18), LIMITS).profile == "Rec. 2100 HLG"


def wide(image: Image.Image) -> pyvips.Image:
    """The image with 16 bits per channel."""
    array = pyvips.Image.new_from_array(np.asarray(image).astype(np.uint16) * 257)
    return array.copy(interpretation="grey16" if image.mode == "L" else "rgb16")


def encode_deep_avif(image: Image.Image, primaries: int, transfer: int, bits: int) -> memoryview:
    """Encode an AVIF with a profile, whose box is given the code points instead."""
    stored = wide(image)
    stored.set_type(pyvips.GValue.blob_type, "icc-profile-data", P3_PROFILE)
    file = bytes(stored.heifsave_buffer(compression="av1", bitdepth=bits, Q=100, subsample_mode="off", keep="icc"))
    at = file.index(b"colrrICC") + 4
    points = b"nclx" + struct.pack(">3HB", primaries, transfer, 6, 0x80)
    return memoryview(file[:at] + points + file[at + len(points) :])


@pytest.mark.parametrize("bits", [10, 12])
@pytest.mark.parametrize("points", [(1, 8), (9, 16), (9, 18)], ids=str)
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_an_avif_of_more_bits_is_converted_before_it_is_rounded(points: tuple[int, int], bits: int, mode: str) -> None:
    source = encode_deep_avif(patches(mode), *points, bits)
    assert_shown(render_image(source), NCLX_TABLE[points])
    cropped = render_image(source, resize=Resize(width=SIDE, height=SIDE, fit=Fit.COVER, gravity=Point(0, 0)))
    assert cropped.size == (SIDE, SIDE)
    assert np.abs(pixels_of(cropped)[8, 8].astype(int) - NCLX_TABLE[points][0]).max() <= 2


ROTATED_PQ: Final = (
    "AAAAIGZ0eXBhdmlmAAAAAGF2aWZtaWYxbWlhZk1BMUEAAAD8bWV0YQAAAAAAAAAoaGRscgAAAAAAAAAAcGljdAAAAAAAAAAAAAAAAGxpYmF2"
    "aWYAAAAADnBpdG0AAAAAAAEAAAAeaWxvYwAAAABEAAABAAEAAAABAAABJAAAADYAAAAoaWluZgAAAAAAAQAAABppbmZlAgAAAAABAABhdjAx"
    "Q29sb3IAAAAAdGlwcnAAAABUaXBjbwAAABRpc3BlAAAAAAAAABgAAAAIAAAAEHBpeGkAAAAAAwoKCgAAAAxhdjFDgSBAAAAAABNjb2xybmNs"
    "eAAJABAACYAAAAAJaXJvdAEAAAAYaXBtYQAAAAAAAAABAAEFAQKDBIUAAAA+bWRhdBIACgg4EK/YwkQCZDIoEAAA6pxyV7fp5Fx+x6+/QpzF"
    "BtC73aolGnNCy3O7uLmIaBXLs0lFgA=="
)
"""Three squares of 8 pixels by libavif, with 10 bits and the property irot 1: a quarter turned to the left."""


def test_a_rotated_avif_of_more_bits_is_shown_upright() -> None:
    source = memoryview(b64decode(ROTATED_PQ))
    result = render_image(source)
    assert result.size == (8, 24)
    assert_shown(result.rotate(-90, expand=True), SHOWN_PQ)
    assert (inspect(source, LIMITS).width, inspect(source, LIMITS).height) == (8, 24)
    third = render_image(source, resize=Resize(width=8, height=8, fit=Fit.COVER, gravity=Point(0, 1)))
    assert np.abs(pixels_of(third)[4, 4].astype(int) - SHOWN_PQ[0]).max() <= 2


@pytest.mark.parametrize("points", [(1, 8), (9, 16), (9, 18)], ids=str)
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_a_heic_of_more_bits_is_converted_before_it_is_rounded(points: tuple[int, int], mode: str) -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    image = patches(mode).resize((192, 64), Image.Resampling.NEAREST)
    data = (np.asarray(image).astype(np.uint16) * 257).tobytes()
    out = BytesIO()
    pillow_heif.from_bytes(mode=f"{mode};16", size=image.size, data=data).save(
        out, quality=-1, chroma=444, color_primaries=points[0], transfer_characteristics=points[1], full_range_flag=1
    )
    result, (red, middle, dark) = render_image(memoryview(out.getvalue())), NCLX_TABLE[points]
    if mode == "L":
        assert result.mode == "L"
        assert np.abs(np.array(patch_values(result), int)[1:, 0] - [middle, dark]).max() <= 2
    else:
        assert_shown(result, (red, middle, dark))


@pytest.mark.parametrize("kind", [Format.PNG, Format.WEBP, Format.AVIF])
@pytest.mark.parametrize("profile", [Profile.KEEP, Profile.P3])
@pytest.mark.parametrize("name", ["cicp 12/13", "cicp 1/8", "cicp 9/16"])
def test_animations_carry_the_profile_of_their_frames(kind: Format, profile: Profile, name: str) -> None:
    chunks, expected = PNG_TABLE[name]
    frames = [patches(), patches().rotate(180)]
    source = with_chunks(
        bytes(encode_image(frames[0], "PNG", save_all=True, append_images=frames[1:], duration=100)), *chunks
    )
    output = Output(formats=(kind,), quality=100, profile=profile, encoding=Encoding(lossless=kind is Format.WEBP))
    result = render(source, Plan(output=output), LIMITS)
    shown = decode_result(result)
    assert shown.info.get("icc_profile")
    assert getattr(shown, "n_frames", 1) == 2
    assert_shown(render_image(memoryview(result.body)), expected, within=6)


@pytest.mark.parametrize("kind", [Format.PNG, Format.JPEG, Format.WEBP, Format.AVIF, Format.TIFF, Format.HEIC])
@pytest.mark.parametrize("mode", ["L", "LA"])
def test_grey_keeps_what_it_means_in_every_format(kind: Format, mode: str) -> None:
    """A grey profile in a file that stores colours is ignored by all readers: the result is sRGB then."""
    image = patches("L")
    if mode == "LA":
        image = Image.merge("LA", (image, Image.new("L", image.size, 128)))
    output = Output(formats=(kind,), quality=100, profile=Profile.KEEP)
    result = render(encode_png(image, gama(1)), Plan(output=output, background=Colour(0, 0, 0, 255)), LIMITS)
    if kind is Format.JPEG and mode == "LA":
        return  # the background shows through
    shown = [values[0] for values in patch_values(render_image(memoryview(result.body)))]
    assert np.abs(np.array(shown) - [229, 188, 79]).max() <= 3


def test_the_profile_in_a_bitmap_counts() -> None:
    """BITMAPV5HEADER with PROFILE_EMBEDDED; endpoints and gamma are ignored, as in Chromium."""
    image = patches()
    pixels = np.flip(np.asarray(image), (0, 2)).tobytes()

    def bitmap(colour_space: bytes, profile: bytes = b"") -> memoryview:
        header = struct.pack("<IiiHHIIiiII", 124, *image.size, 1, 24, 0, len(pixels), 2835, 2835, 0, 0) + bytes(16)
        header += colour_space + struct.pack("<9i3I", *[2**29] * 9, *[65_536] * 3)
        header += struct.pack("<4I", 4, 124 + len(pixels), len(profile), 0)
        return memoryview(b"BM" + struct.pack("<I4xI", 138 + len(pixels), 138) + header + pixels + profile)

    assert_shown(render_image(bitmap(b"DEBM", P3_PROFILE)), SHOWN_P3)
    assert_shown(render_image(bitmap(b"BGRs", P3_PROFILE)), UNCHANGED)
    assert_shown(render_image(bitmap(b"\0\0\0\0")), UNCHANGED)
    assert inspect(bitmap(b"DEBM", P3_PROFILE), LIMITS).profile


@pytest.mark.parametrize("name", TRANSFERS)
def test_overlays_and_masks_are_shown_as_they_say_too(name: str) -> None:
    chunks, expected = PNG_TABLE[name]
    size = SIDE * 3, SIDE
    layer = encode_png(patches(), *chunks)
    source = parse_source("layer.png")
    canvas = encode_image(Image.new("RGB", size, (255, 255, 255)), "PNG")
    plan = Plan(overlays=(ImageOverlay(source),), output=Output(formats=(Format.PNG,)))
    assert_shown(decode_result(render(canvas, plan, LIMITS, {source: layer})), expected)
    plan = Plan(shape=Shape(mask=ImageMask(source, MaskChannel.LUMINANCE)), output=Output(formats=(Format.PNG,)))
    alpha = decode_result(render(canvas, plan, LIMITS, {source: layer})).getchannel("A")
    assert [alpha.getpixel((SIDE * n + 8, 8)) for n in (1, 2)] == pytest.approx(list(expected[1:]), abs=2)


JXL_TABLE: Final[dict[str, tuple[str, Red, int, int]]] = {
    "Display P3": ("/woBBAjI5EYIAgEAjABLGIsVANRiPMY73QViABAYIUhFWMEJyIpIwJwWIkq5CYBVAg==", *SHOWN_P3),
    "Rec. 2100 PQ": ("/woBhAAC8ugRhwMAAABACAIBAIwASxiLFQDUYjzGO90FYgAQGCFIRVjBCciKSMCcFiJKuQmAVQI=", *SHOWN_PQ),
    "Rec. 2100 HLG": (
        "/woBhAAC8gwEegwAAAAAAQgCAQCMAEsYixUA1GI8xjvdBWIAEBghSEVYwQnIikjAnBYiSrkJgFUC",
        *((230, 0, 39), 99, 5),
    ),
    "sRGB, linear": ("/woBBAgoWgQIAgEAjABLGIsVANRiPMY73QViABAYIUhFWMEJyIpIwJwWIkq5CYBVAg==", *LINEAR),
    "": ("/woBBAioOMNUEQgCAQCMAEsYixUA1GI8xjvdBWIAEBghSEVYwQnIikjAnBYiSrkJgFUC", *((210, 77, 77), 146, 26)),
    "Rec. 2020": (
        "/woBBAjIUwQIAgEAjABLGIsVANRiPMY73QViABAYIUhFWMEJyIpIwJwWIkq5CYBVAg==",
        *((247, 0, 53), 128, 20),
    ),
    "DCI P3, SMPTE 428 curve": (
        "/woBBAgwTX4ECAIBAIwASxiLFQDUYjzGO90FYgAQGCFIRVjBCciKSMCcFiJKuQmAVQI=",
        *((213, 8, 33), 118, 5),
    ),
}
"""Three squares of 8 pixels by libjxl, without loss. The one without a name has a gamma of 1.8, which is known only after
decoding; the one named Rec. 2020 has the transfer of BT.709."""


@pytest.mark.parametrize("name", list(JXL_TABLE))
def test_a_jpeg_xl_is_shown_as_its_colour_encoding_says(name: str) -> None:
    pytest.importorskip("pillow_jxl")
    file, red, middle, dark = JXL_TABLE[name]
    source = memoryview(b64decode(file))
    assert inspect(source, LIMITS).profile == name
    assert_shown(render_image(source), (red, middle, dark))


def test_a_grey_jpeg_xl_in_linear_light_is_shown_so() -> None:
    pytest.importorskip("pillow_jxl")
    result = render_image(memoryview(b64decode("/woBBAiKFgEIAgEAbABLGIsVAJRkvBgv8gIwAAiMkQE0ECAs5D4JcBc=")))
    assert result.mode == "L"
    assert [values[0] for values in patch_values(result)] == [229, 188, 79]


def encode_heic(image: Image.Image, primaries: int, transfer: int, **options: bytes) -> memoryview:
    pillow_heif = pytest.importorskip("pillow_heif")
    out = BytesIO()
    image.info.update(options)
    pillow_heif.from_pillow(image).save(
        out,
        quality=-1,
        chroma=444,
        color_primaries=primaries,
        transfer_characteristics=transfer,
        matrix_coefficients=6,
        full_range_flag=1,
    )
    return memoryview(out.getvalue())


@pytest.mark.parametrize("gamma", [1.0, 1 / 1.8, 0.35])
def test_every_grey_level_of_a_gamma_is_exact(gamma: float) -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(1, 256)
    body = BytesIO()
    Image.fromarray(np.repeat(levels, 2, axis=0)).save(body, "PNG", icc_profile=profiles.grey_profile(1 / gamma))
    shown = pixels_of(render_image(memoryview(body.getvalue())))
    expected = 255 * profiles.linear_to_srgb((levels[0] / 255) ** (round(256 / gamma) / 256))
    assert np.abs(shown[0, :, 0] - expected).max() < 1
