"""A quality that is all that a URL asks for: the original is encoded again, in its own format."""

import pytest

from tests.compat.runner import Case, Service, smaller_than
from tests.compat.sources import source

ALONE = {
    "akamai": "/L.jpg?output-quality=5",
    "aliyun": "/L.jpg?x-oss-process=image/quality,q_5",
    "bunny": "/L.jpg?quality=5",
    "cloudimage": "/v7/L.jpg?q=5",
    "contentful": "/L.jpg?q=5",
    "cos": "/L.jpg?imageMogr2/quality/5",
    "fastly": "/L.jpg?quality=5",
    "glide": "/L.jpg?q=5",
    "hygraph-files": "/quality=value:5/L.jpg",
    "imageengine": "/L.jpg?imgeng=/cmpr_95",
    "keycdn": "/L.jpg?quality=5",
    "shopify-names": "/L.jpg?quality=5",
    "sirv": "/L.jpg?q=5",
    "twicpics": "/L.jpg?twic=v1/quality=5",
}


@pytest.mark.parametrize("mount", ALONE)
def test_a_quality_alone_encodes_the_original_again(service: Service, mount: str) -> None:
    smaller = smaller_than(len(source("L.jpg")) * 3 // 4)
    service.check(mount, Case("quality alone", ALONE[mount], 200, "jpeg", (1200, 800), [smaller]))


@pytest.mark.parametrize(
    ("mount", "target"),
    [("aliyun", "/V.svg?x-oss-process=image/quality,q_5"), ("twicpics", "/V.svg?twic=v1/quality=5/resize=50")],
)
def test_a_drawing_stays_one(service: Service, mount: str, target: str) -> None:
    service.check(mount, Case("quality of a drawing", target, 200, "svg"))
