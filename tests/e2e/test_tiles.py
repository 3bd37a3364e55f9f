"""Tiles of a large original: what a viewer that zooms in requests of a server."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.e2e.scenes import metric, noise
from tests.servers.pixmill import Pixmill

SIDE = 2_400


@pytest.mark.parametrize("change", ["none", "another image"])
def test_tiles_are_those_of_the_original_as_it_is_now(tmp_path: Path, change: str) -> None:
    file = tmp_path / "noise.png"
    image = Image.open(BytesIO(noise(SIDE))).convert("RGB")
    image.save(file, compress_level=1)
    mounts = '[{"dialect": "iiif", "source": "/"}]'
    with Pixmill(images=str(tmp_path), dialects=mounts, originals_cache="", cache="", cache_ttl_s=0) as server:
        for number, left in enumerate((0, 512, 1_024, 1_536, 1_700)):
            if change == "another image" and number == 3:
                image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
                image.save(file, compress_level=1)
            reply = server.get(f"/iiif/3/noise.png/{left},512,512,512/512,/0/default.png")
            assert reply.status == 200, reply.body
            expected = np.asarray(image.crop((left, 512, left + 512, 1_024))).astype(int)
            assert np.abs(np.asarray(Image.open(BytesIO(reply.body)).convert("RGB")) - expected).max() <= 1
        hits = metric(server, "pixmill_cache_lookups_total", tier="rasters", outcome="hit")
        assert hits == (3 if change == "none" else 1)
        assert metric(server, "pixmill_cache_bytes", tier="rasters") >= 3 * SIDE * SIDE
