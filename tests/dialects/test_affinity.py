"""All sizes of an original have one key for a load balancer, and other originals have others, in the URLs of every dialect."""

import re

import pytest

from pixmill.dialects.affinity import SOURCE_PATTERNS, source_key
from pixmill.dialects.builders.table import DIALECTS
from pixmill.dialects.catalogue import SERVICES

OPTIONS = (
    ("300", "640"),
    ("fit", "crop"),
    ("smart", "top"),
    ("grayscale", "blur"),
    ("north", "south"),
    ("public", "large"),
)
SOURCES = (("a.jpg", "b.jpg"), ("/ID", "/JD"), ("2FID", "2FJD"), ("UUID", "VUID"), ("/F/", "/G/"), ("HANDLE", "JANDLE"))
NAMED_SOURCES = (("files/a_", "files/b_"), ("COMPANY/a", "COMPANY/b"), ("SIGNATURE/1/", "SIGNATURE/2/"))
KEPT = {"fit": {"aws", "imagor"}, "public": {"supabase"}}
"""Words that do not mean a size there."""


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_sizes_share_a_key_and_originals_do_not(service) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    key = source_key(service.name, service.example)
    for one, other in OPTIONS:
        if service.name not in KEPT.get(one, ()):
            assert source_key(service.name, service.example.replace(one, other)) == key
    others = [
        service.example.replace(one, other) for one, other in (*SOURCES, *NAMED_SOURCES) if one in service.example
    ]
    assert others
    assert all(source_key(service.name, other) != key for other in others)


def test_every_pattern_belongs_to_a_dialect_and_is_one_of_balancers() -> None:
    assert SOURCE_PATTERNS.keys() <= DIALECTS.keys() | {"native"}
    for pattern in SOURCE_PATTERNS.values():
        assert not re.search(r"\(\?[=!<]", pattern), "RE2 has no look-around"


def test_encoded_sources_of_imgproxy_share_a_key() -> None:
    keys = {
        source_key("imgproxy", f"/SIG/rs:fit:{width}:300/aHR0cHM6Ly9leGFtcGxlLmNvbS9hLmpwZw.webp") for width in (1, 2)
    }
    assert keys == {"aHR0cHM6Ly9leGFtcGxlLmNvbS9hLmpwZw"}
