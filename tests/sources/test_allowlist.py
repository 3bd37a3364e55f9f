"""What the patterns of PIXMILL_ALLOWED_SOURCES admit, and what they do not."""

import pytest
from pydantic import ValidationError

from pixmill.errors import SourceForbidden
from pixmill.plan.source import parse_source
from pixmill.sources.allowlist import AllowList
from pixmill.sources.config import SourcesConfig

ADMITTED = [
    ("", "http://anything.example/"),
    ("", "a/path.jpg"),
    (" , ", "s3://any/key"),
    ("https://img.example/", "https://img.example/a.jpg"),
    ("https://img.example", "https://img.example/a.jpg"),
    ("HTTPS://IMG.example:443", "https://img.example/a.jpg"),
    ("https://img.example/photos", "https://img.example/photos"),
    ("https://img.example/photos", "https://img.example/photos?size=1"),
    ("https://img.example/photos", "https://img.example/photos/a.jpg"),
    ("https://img.example/photos/", "https://img.example/x/../photos/a.jpg"),
    ("https://img.example/photos/", "https://img.example/photos/a%2Fb.jpg"),
    ("https://img.example/%7Eme/", "https://img.example/~me/a.jpg"),
    ("https://*.example.com/", "https://a.example.com/"),
    ("https://*.example.com/", "https://a.b.example.com/x"),
    ("https://*.example.com/photos/", "https://a.example.com/photos/x"),
    ("http://*.example.com:8080/", "http://a.example.com:8080/x"),
    ("http://bücher.example/", "http://xn--bcher-kva.example/x"),
    ("http://[2001:db8:0::1]/", "http://[2001:db8::1]/x"),
    ("s3://bucket/", "s3://bucket/key"),
    ("s3://bucket", "s3://bucket/a/b"),
    ("s3://bucket/photos/", "s3://bucket/photos/a"),
    ("path:", "a/b.jpg"),
    ("path:photos", "photos/a.jpg"),
    ("path:/photos/", "/photos/a.jpg"),
    ("https:", "https://anything.example/x"),
    ("gs:", "gs://any-bucket/x"),
    ("http://one.example/, s3://two/", "s3://two/key"),
]

REFUSED = [
    ("https://example.com", "https://example.com.evil.org/"),
    ("https://example.com", "https://example.comevil.org/"),
    ("https://example.com/", "http://example.com/"),
    ("https://example.com/", "https://example.com:8443/"),
    ("https://example.com/", "https://www.example.com/"),
    ("https://example.com/", "https://evil.org/https://example.com/"),
    ("https://example.com/", "https://evil.org/?https://example.com/"),
    ("https://*.example.com/", "https://example.com/"),
    ("https://*.example.com/", "https://evilexample.com/"),
    ("https://*.example.com/", "https://a.example.com.evil.org/"),
    ("https://*.example.com/", "https://a.example.com:8443/"),
    ("https://img.example/photos", "https://img.example/photosynthesis"),
    ("https://img.example/photos/", "https://img.example/photos"),
    ("https://img.example/photos/", "https://img.example/photos/../private/a"),
    ("https://img.example/photos/", "https://img.example/photos/%2e%2e/private/a"),
    ("https://img.example/photos/", "https://img.example/photos/..%2fprivate/a"),
    ("https://img.example/photos/", "https://img.example/photos/a%2F..%2F..%2Fprivate"),
    ("https://img.example/photos/", "https://img.example/photos/..%5Cprivate"),
    ("https://img.example/photos/", "https://img.example/photos/..;x/private"),
    ("https://img.example/photos/", "https://img.example/Photos/a"),
    ("s3://bucket/", "s3://bucket2/key"),
    ("s3://bucket/", "gs://bucket/key"),
    ("s3://bucket/photos", "s3://bucket/photos2/key"),
    ("s3://bucket/", "bucket/key"),
    ("path:photos", "photos2/a.jpg"),
    ("path:photos", "photos"),
    ("path:", "http://example.com/path:"),
    ("https:", "http://example.com/"),
    ("https://example.com/", "a.jpg"),
]


@pytest.mark.parametrize(("patterns", "source"), ADMITTED)
def test_it_admits(patterns: str, source: str) -> None:
    AllowList.parse(patterns).check(parse_source(source))


@pytest.mark.parametrize(("patterns", "source"), REFUSED)
def test_it_refuses(patterns: str, source: str) -> None:
    with pytest.raises(SourceForbidden):
        AllowList.parse(patterns).check(parse_source(source))


@pytest.mark.parametrize(
    "pattern",
    ["example.com", "*", "https://*/", "https://a.*.com/", "https://*", "ftp://h/", "file:", "s3://*.bucket/", "https://u@h/",
     "https://h/?q", "https://h/#f", "https:/h/", "https:h", "https:\\\\h/", "s3://", "s3:///x", "https://", "https:///x", "https://*.1.2.3/", "//h/"],
)  # fmt: skip
def test_a_pattern_that_means_nothing_is_an_error_of_the_setting_that_quotes_it(pattern: str) -> None:
    with pytest.raises(ValidationError) as caught:
        SourcesConfig(allowed_sources=pattern)
    assert repr(pattern) in str(caught.value)


def test_a_network_that_means_nothing_is_an_error_of_the_setting() -> None:
    with pytest.raises(ValidationError):
        SourcesConfig(allowed_networks="10.0.0.1/8")


def test_the_detail_of_a_refusal_names_the_source_and_the_message_does_not() -> None:
    with pytest.raises(SourceForbidden) as caught:
        AllowList.parse("path:").check(parse_source("s3://bucket/key"))
    assert caught.value.detail == "s3://bucket/key"
    assert "bucket" not in caught.value.message


@pytest.mark.parametrize(
    ("url", "is_allowed"),
    [
        ("s3://b/public/x", True),
        ("s3://b/public//x", True),
        ("s3://b/public///secret/x", True),
        ("s3://b/public\\x", False),
        ("s3://b//public/x", False),
        ("s3://b/x//public/x", False),
        ("s3://b/publicity//x", False),
        ("http://h/public/a b", True),
        ("http:\\\\h\\public\\..\\secret\\x", False),
        ("http:/h/public/x", True),
        ("http://h\\@evil/public/x", False),
    ],
)
def test_other_spellings_lead_nowhere_else(url: str, *, is_allowed: bool) -> None:
    """An odd key, and an odd spelling of a URL, are held against the pattern as they are fetched."""
    assert AllowList.parse("s3://b/public/, http://h/public/").allows(parse_source(url)) is is_allowed
