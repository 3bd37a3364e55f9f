"""libvips reads nothing but what codecs request by loader name, from memory."""

from io import BytesIO
from pathlib import Path

import pytest
import pyvips
from PIL import Image

import pixmill.engine.codecs.table  # noqa: F401 - loading it is what is tested

SAVED = ["csv", "mat", "v", "ppm", "hdr", "tif", "png", "jpg", "webp", "gif", "avif"]


def encode_sample(kind: str) -> bytes:
    out = BytesIO()
    Image.new("RGB", (8, 8), "red").save(out, kind)
    return out.getvalue()


@pytest.mark.parametrize("ending", SAVED)
def test_no_file_is_read_by_its_name(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"good.{ending}"
    image = pyvips.Image.black(8, 8, bands=1 if ending in {"csv", "mat"} else 3).copy(interpretation="srgb")
    try:
        image.write_to_file(str(path))
    except pyvips.Error:
        path.write_bytes(
            b"P6 1 1 255 123"
        )  # libvips' wheel does not write it; it shall not be asked whether it reads it
    with pytest.raises(pyvips.Error):
        pyvips.Image.new_from_file(str(path))


@pytest.mark.parametrize(
    "loader", ["csvload", "matrixload", "vipsload", "rawload", "pngload", "jpegload", "svgload", "gifload"]
)
def test_a_loader_that_is_called_by_name_does_not_run_either(loader: str, tmp_path: Path) -> None:
    path = tmp_path / "good"
    path.write_bytes(encode_sample("PNG"))
    with pytest.raises(pyvips.Error):
        pyvips.Operation.call(loader, str(path), *([1, 1, 1] if loader == "rawload" else []))


@pytest.mark.parametrize("kind", ["PPM", "TIFF", "AVIF"])
def test_out_of_memory_libvips_reads_no_format_that_others_are_better_at(kind: str) -> None:
    with pytest.raises(pyvips.Error):
        pyvips.Image.new_from_buffer(encode_sample(kind), "").avg()


@pytest.mark.parametrize("kind", ["PNG", "GIF", "WEBP", "JPEG"])
def test_what_codecs_ask_for_is_read(kind: str) -> None:
    assert pyvips.Image.new_from_buffer(encode_sample(kind), "").width == 8
