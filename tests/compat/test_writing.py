"""URLs that are written for a native request, sent to the server: they give the image of that request.

Each differs from the image of the native URL by less than the encoders and the spaces of their pixels do.
"""

import json
from typing import Final

import pytest
from PIL import Image, ImageChops, ImageStat

from pixmill.dialects.factory import ServerDefaults, build_registry, parse_mounts
from pixmill.dialects.native.dialect import parse as parse_native
from pixmill.dialects.writing import write
from pixmill.plan.request import ImageRequest
from tests.compat.mounts import MOUNTS
from tests.compat.runner import Reply, Service

NAMES: Final = (
    *("imgproxy", "thumbor", "imagor", "aws", "ipx", "iiif", "cloudflare", "imgix", "prismic", "gumlet", "weserv"),
    *(
        "cloudinary",
        "bunny",
        "fastly",
        "contentstack",
        "keycdn",
        "glide",
        "shopify",
        "contentful",
        "imaginary",
        "riapi",
    ),
    *("imagesharp", "sirv", "akamai", "aliyun", "obs", "bos", "cos", "qiniu", "twicpics", "imageengine", "cloudimage"),
    *("netlify", "tachyon", "kontent"),
)
"""Mounts on a host of their own that name ``L.jpg`` as it is."""

REQUESTS: Final = {
    "width": ("width=300", 3),
    "cover": ("width=200&height=200&fit=cover", 3),
    "north": ("width=300&height=100&fit=cover&gravity=north", 3),
    "southeast": ("width=100&height=300&fit=cover&gravity=southeast", 3),
    "point": ("width=100&height=300&fit=cover&gravity=fp:0.3,0.5", 3),
    "contain": ("width=300&height=300&fit=contain&background=00ffff", 3),
    "fill": ("width=300&height=100&fit=fill", 3),
    "rotate": ("width=300&rotate=90", 3),
    "flip": ("width=300&flip=h", 3),
    "crop": ("crop=500,300,300,200&width=150", 3),
    "blur": ("width=300&blur=5", 9),  # 7.5 of it is that of services which blur sRGB values
    "brightness": ("width=300&brightness=20", 3),
    "contrast": ("width=300&contrast=-30", 3),
    "saturation": ("width=300&saturation=-50", 3),
    "invert": ("width=300&invert=true", 3),
}
"""The query, and by how much a component may differ on average."""


def written(mount: str, query: str) -> str | None:
    """The URL of a mount, as a server with its entry alone writes it."""
    entry = {"host": f"{mount}.test"} | MOUNTS[mount]
    text = json.dumps([entry]).replace("{origin}", "http://127.0.0.1:1")
    source = "http://127.0.0.1:1/L.jpg" if "source" in entry else "L.jpg"  # a relative name is below the base
    request = parse_native(b"/resize", f"url={source}&{query}".encode())
    assert isinstance(request, ImageRequest)
    registry = build_registry(parse_mounts(text), ServerDefaults(allows_unsigned=True))
    return write(registry, request)[0].url


def picture_of(reply: Reply) -> Image.Image:
    assert reply.status == 200, reply.text[:300]
    image = reply.image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


@pytest.mark.parametrize("mount", NAMES)
def test_what_is_written_gives_the_image_of_the_request(service: Service, mount: str) -> None:
    sent = 0
    for name, (query, most) in REQUESTS.items():
        url = written(mount, query)
        if url is None:
            continue
        sent += 1
        target = url.removeprefix(f"//{mount}.test")
        found = picture_of(service.request(mount, target))
        expected = picture_of(
            service.request(mount, f"/resize?url=L.jpg&{query}&format=png", headers={"Host": "any.test"})
        )
        assert all(abs(one - other) <= 1 for one, other in zip(found.size, expected.size, strict=True)), (name, url)
        difference = ImageChops.difference(found.resize(expected.size), expected)
        assert max(ImageStat.Stat(difference).mean) <= most, (name, url)
    assert sent >= 4
