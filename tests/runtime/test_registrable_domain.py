"""Names of one owner share a domain; names of different owners do not."""

import pytest

from pixmill.runtime.registrable_domain import load_public_suffixes, registrable_domain


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("example.com", "example.com"),
        ("a.b.c.example.com", "example.com"),
        ("IMAGES.Example.COM.", "example.com"),
        ("a.example.co.uk", "example.co.uk"),
        ("one.github.io", "one.github.io"),
        ("photos.s3.amazonaws.com", "photos.s3.amazonaws.com"),
        ("a.hang.test", "hang.test"),
        ("xn--mnchen-3ya.de", "xn--mnchen-3ya.de"),
        ("co.uk", "co.uk"),
        ("localhost", "localhost"),
        ("192.0.2.7", "192.0.2.7"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("", ""),
    ],
)
def test_the_domain_is_what_its_owner_has_registered(host: str, domain: str) -> None:
    load_public_suffixes()
    assert registrable_domain(host) == domain
