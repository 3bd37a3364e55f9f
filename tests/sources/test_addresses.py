"""Nothing but public addresses is ever connected, however they are spelt and whatever a name server says."""

import errno
import socket
from collections.abc import AsyncIterator
from ipaddress import ip_network

import pytest
from pydantic import ValidationError

from pixmill.errors import AddressForbidden, InvalidParameter, PixmillError, SourceUnreachable
from pixmill.plan.source import parse_source
from pixmill.sources.addresses import FORBIDDEN, check_address
from pixmill.sources.config import SourcesConfig
from pixmill.sources.http import connections
from pixmill.sources.http.source import HttpSource

FORBIDDEN_ADDRESSES = {
    "this network": ["0.0.0.0", "0.0.0.1", "0.255.255.255"],
    "private": ["10.0.0.0", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.255.255"],
    "carrier-grade NAT": ["100.64.0.1", "100.127.255.255"],
    "loopback": ["127.0.0.0", "127.0.0.1", "127.1.2.3", "127.255.255.255", "::1"],
    "link-local": ["169.254.0.1", "169.254.255.255", "fe80::1", "fe80::a9fe:a9fe", "febf::1"],
    "metadata": [
        "169.254.169.254",  # AWS, GCP, Azure, OpenStack, DigitalOcean, Oracle
        "169.254.170.2",  # AWS containers
        "169.254.169.253",  # AWS name server
        "169.254.0.23",  # Tencent
        "100.100.100.200",  # Alibaba
        "192.0.0.192",  # Oracle
        "168.63.129.16",  # Azure wire server
        "fd00:ec2::254",  # AWS
        "fd20:ce::254",  # GCP
    ],
    "protocol assignments": ["192.0.0.1", "192.0.0.8", "192.0.0.170", "192.0.0.255"],
    "documentation": ["192.0.2.1", "198.51.100.7", "203.0.113.255", "2001:db8::1", "3fff::1", "3fff:fff:ffff::1"],
    "6to4 relay": ["192.88.99.1"],
    "AS112": ["192.31.196.1", "192.175.48.6", "192.175.48.42", "2620:4f:8000::6", "2001:4:112::1"],
    "multicast tunnelling": ["192.52.193.1", "2001:3::1"],
    "clouds, in public space": ["161.26.0.10", "161.26.255.255", "166.8.0.1", "166.9.48.1", "166.11.255.255", "192.80.8.124"],
    "benchmarking": ["198.18.0.1", "198.19.255.255", "2001:2::1"],
    "multicast": ["224.0.0.1", "239.255.255.255", "ff02::1", "ff0e::1"],
    "reserved": ["240.0.0.1", "254.255.255.255", "255.255.255.255"],
    "unspecified": ["::"],
    "unique local": ["fc00::1", "fdff:ffff::1"],
    "site-local": ["fec0::1", "feff::1"],
    "discard, dummy, SRv6": ["100::1", "100:0:0:1::1", "5f00::1"],
    "never given out": ["4000::1", "8000::1", "1::1", "e000::1"],
    "ORCHID": ["2001:10::1", "2001:20::1"],
    "6bone": ["3ffe::1"],
    "IPv4-mapped": ["::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:0.0.0.0"],
    "IPv4-compatible": ["::127.0.0.1", "::7f00:1", "::10.0.0.1", "::8.8.8.8"],
    "IPv4-translated": ["::ffff:0:127.0.0.1", "::ffff:0:a9fe:a9fe"],
    "6to4": ["2002:7f00:1::", "2002:a00:1::1", "2002:a9fe:a9fe::", "2002:808:808::1"],
    "NAT64": ["64:ff9b::127.0.0.1", "64:ff9b::a00:1", "64:ff9b::a9fe:a9fe", "64:ff9b::c0a8:101"],
    "local NAT64": ["64:ff9b:1::127.0.0.1", "64:ff9b:1:7f00:0:100::", "64:ff9b:1::8.8.8.8", "64:ff9b:1:ffff::a00:1"],
    "Teredo": ["2001:0:7f00:1::", "2001:0:4136:e378:8000:63bf:80ff:fffe", "2001::a00:1"],
    "ISATAP": ["fe80::5efe:a00:1", "2606:4700::5efe:7f00:1", "2606:4700::200:5efe:a9fe:a9fe", "2a00::5efe:192.168.0.1"],
}  # fmt: skip

REFUSED_URLS = [
    "http://localhost/", "http://localhost./", "http://LOCALHOST/", "http://lOcAlHoSt:8080/", "http://ip6-localhost/",
    "http://2130706433/", "http://017700000001/", "http://0x7f000001/", "http://0x7F000001/", "http://0177.0.0.1/",
    "http://0177.0.0.01/", "http://0x7f.0.0.1/", "http://0x7f.1/", "http://127.1/", "http://127.0.1/", "http://0/",
    "http://127.0.0.01/", "http://127.0.0.1./", "http://127.0.0.1../", "http://00000127.0.0.1/", "http://127.0.0.0x1/",
    "http://127.0.0.1:80/", "https://127.0.0.1/", "HTTP://127.0.0.1/", "http://256.256.256.256/", "http://4294967296/",
    "http://１２７.0.0.1/", "http://①②⑦.⓪.⓪.①/", "http://127。0。0。1/", "http://127．0．0．1/", "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/",
    "http://ｌｏｃａｌｈｏｓｔ/", "http://local\u00adhost/", "http://127.0.0.1\u200b/", "http://%6c%6f%63alhost/", "http://%31%32%37.0.0.1/",
    "http://[::1]/", "http://[::]/", "http://[0:0:0:0:0:0:0:1]/", "http://[0000::0001]:80/", "http://[::ffff:7f00:1]/",
    "http://[::ffff:127.0.0.1]/", "http://[0:0:0:0:0:ffff:127.0.0.1]/", "http://[::FFFF:A9FE:A9FE]/", "http://[::ffff:0177.0.0.1]/",
    "http://[fe80::1%25eth0]/", "http://[fe80::1%eth0]/", "http://[::1%25lo]/", "http://[2606:4700::1%25lo]/", "http://[v1.127]/",
    "http://127.0.0.1#@example.com/", "http://127.0.0.1?@example.com/", "http://127.0.0.1/@example.com/",
    "http://example.com@127.0.0.1/", "http://example.com:80@127.0.0.1/", "http://example.com%40127.0.0.1/", "http://127.0.0.1:80@example.com/",
    "http://user:secret@example.com/", "http://@example.com/", "http:\\\\127.0.0.1\\", "http://127.0.0.1\\.example.com/",
    "http:///127.0.0.1/", "http:127.0.0.1", "http:/127.0.0.1/", "http://", "http://?127.0.0.1", "http://:80/", "//127.0.0.1/",
    "http://127.0.0.1\t/", "http:// 127.0.0.1/", " http://127.0.0.1/", "http://127.0.0.1 /", "ht\ntp://127.0.0.1/",
    "http://[::1].example.com/", "http://example.com[::1]/", "http://[::1/", "http://::1/", "http://[127.0.0.1]/", "http://127.0.0.1,8.8.8.8/",
    "http://127.0.0.1:0/", "http://127.0.0.1:99999/", "http://127.0.0.1:80:90/", "http://127.0.0.1:8x/", "http://127.0.0.1:-1/",
    "http://metadata.google.internal/computeMetadata/v1/", "http://instance-data/latest/", "http://169.254.169.254/latest/meta-data/",
    "http://127.0.0.1.nip.example/", "http://mixed-private.example/", "http://tunnel.example/", "http://a..b/", "http://.../",
    "file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1:6379/_x", "dict://127.0.0.1:11211/", "data:image/png;base64,AA==",
    "javascript:alert(1)", "unix:///var/run/docker.sock", "jar:http://127.0.0.1!/", "blob:http://127.0.0.1/", "view-source:http://127.0.0.1/",
]  # fmt: skip

PUBLIC_URLS = [
    "http://8.8.8.8/", "http://1.1.1.1:8080/", "https://93.184.216.34/a.jpg", "http://9.255.255.255/", "http://11.0.0.0/",
    "http://100.63.255.255/", "http://100.128.0.0/", "http://172.15.255.255/", "http://172.32.0.0/", "http://192.0.1.1/",
    "http://223.255.255.255/", "http://161.25.255.255/", "http://161.27.0.0/", "http://166.7.255.255/", "http://166.12.0.0/",
    "http://192.80.8.123/", "http://192.31.195.255/", "http://192.175.49.0/", "http://[2620:4f:8001::1]/", "http://168.63.129.17/", "http://[2606:4700::1111]/", "http://[2a00:1450:4001::1]:80/",
    "http://[::ffff:8.8.8.8]/", "http://[64:ff9b::8.8.8.8]/", "http://public.example/", "http://PUBLIC.example./", "http://ｐublic.example/",
]  # fmt: skip

NAMES = {
    "localhost": ["127.0.0.1", "::1"],
    "ip6-localhost": ["::1"],
    "metadata.google.internal": ["169.254.169.254"],
    "instance-data": ["169.254.169.254"],
    "127.0.0.1.nip.example": ["127.0.0.1"],
    "mixed-private.example": ["10.0.0.1", "fd00::1", "192.168.1.1"],
    "tunnel.example": ["2002:7f00:1::1", "::ffff:127.0.0.1"],
    "public.example": ["93.184.216.34"],
}


def refused_by_the_guard(error: BaseException) -> bool:
    """Whether the address guard refused: of a name the answer says no more than of one that does not exist."""
    return isinstance(error, AddressForbidden) or (
        isinstance(error, SourceUnreachable) and isinstance(error.__cause__, AddressForbidden)
    )


async def lookup(host: str, port: int) -> list[str]:
    """The system's own reading of every spelling of an address, and the names above."""
    if found := NAMES.get(host.rstrip(".").lower()):
        return found
    answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    return [str(address[0]) for *_, address in answers]


@pytest.fixture
def connects(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int, int]]:
    """The sockets that were asked for; none is opened, so that no test reaches the network."""
    asked: list[tuple[int, int, int]] = []

    def open_nothing(family: int, kind: int, protocol: int) -> socket.socket:
        asked.append((family, kind, protocol))
        raise OSError(errno.ENETUNREACH, "no network in tests")

    monkeypatch.setattr(connections, "open_socket", open_nothing)
    return asked


@pytest.fixture
async def source(connects: list[tuple[int, int, int]]) -> AsyncIterator[HttpSource]:
    opened = HttpSource(SourcesConfig(source_retries=0), lookup=lookup)
    await opened.open()
    yield opened
    await opened.close()


ADDRESSES = [(kind, address) for kind, addresses in FORBIDDEN_ADDRESSES.items() for address in addresses]


def test_the_table_is_long_enough_to_mean_something() -> None:
    assert len(ADDRESSES) + len(REFUSED_URLS) + len(PUBLIC_URLS) >= 200


@pytest.mark.parametrize(("kind", "address"), ADDRESSES)
async def test_a_forbidden_address_in_the_url_is_refused(
    source: HttpSource, connects: list[tuple[int, int, int]], kind: str, address: str
) -> None:
    url = f"http://[{address}]/" if ":" in address else f"http://{address}/"
    with pytest.raises(AddressForbidden):
        await source.fetch(parse_source(url))
    assert not connects, kind


@pytest.mark.parametrize(("kind", "address"), ADDRESSES)
async def test_a_forbidden_address_from_a_name_server_is_refused(
    source: HttpSource,
    connects: list[tuple[int, int, int]],
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    address: str,
) -> None:
    monkeypatch.setitem(NAMES, "innocent.example", [address])
    with pytest.raises(PixmillError, check=refused_by_the_guard):
        await source.fetch(parse_source("https://innocent.example/"))
    assert not connects, kind


@pytest.mark.parametrize("url", REFUSED_URLS)
async def test_a_spelling_of_a_forbidden_place_is_refused(
    source: HttpSource, connects: list[tuple[int, int, int]], url: str
) -> None:
    with pytest.raises(
        PixmillError, check=lambda error: isinstance(error, InvalidParameter) or refused_by_the_guard(error)
    ):
        await source.fetch(parse_source(url))
    assert not connects


@pytest.mark.parametrize(
    ("url", "read_as"),
    [
        ("http://example.com\\@127.0.0.1/", "http://example.com/@127.0.0.1/"),
        ("http://127.0.0.1\n.example.com/", "http://127.0.0.1.example.com/"),
    ],
)
def test_what_looks_like_a_forbidden_place_is_read_as_browsers_read_it(url: str, read_as: str) -> None:
    """A backslash begins the path, and a line break is left out (WHATWG URL, 4.4)."""
    assert parse_source(url).text == read_as


@pytest.mark.parametrize("url", PUBLIC_URLS)
async def test_a_public_address_reaches_the_connection(
    source: HttpSource, connects: list[tuple[int, int, int]], url: str
) -> None:
    with pytest.raises(SourceUnreachable):
        await source.fetch(parse_source(url))
    assert len(connects) == 1


async def test_of_mixed_answers_only_the_public_ones_are_connected(
    source: HttpSource, connects: list[tuple[int, int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(NAMES, "mixed.example", ["127.0.0.1", "8.8.8.8", "::1", "169.254.169.254"])
    with pytest.raises(SourceUnreachable):
        await source.fetch(parse_source("http://mixed.example/"))
    assert [family for family, _, _ in connects] == [socket.AF_INET]


async def test_the_last_check_holds_even_if_a_resolver_lets_everything_through(
    source: HttpSource, connects: list[tuple[int, int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections.GuardedResolver, "_is_allowed", lambda _self, _address: True)
    for answer in (["127.0.0.1"], ["127.0.0.1", "10.0.0.1"], ["10.0.0.1", "::1", "fd00::1"]):
        monkeypatch.setitem(NAMES, "careless.example", answer)
        with pytest.raises(PixmillError) as caught:
            await source.fetch(parse_source("http://careless.example/"))
        assert isinstance(caught.value, AddressForbidden | SourceUnreachable)
    assert not connects


async def test_the_answer_to_the_client_does_not_tell_what_a_name_resolves_to(source: HttpSource) -> None:
    told = {}
    for name in ("mixed-private.example", "nowhere.example"):
        with pytest.raises(SourceUnreachable) as caught:
            await source.fetch(parse_source(f"http://{name}/"))
        told[name] = caught.value
    internal, missing = told.values()
    assert (internal.code, internal.message) == (missing.code, missing.message), "an internal name looks like any other"
    assert "10.0.0.1" in internal.detail, "the log tells"


# ---------------------------------------------------------------- allowed networks


@pytest.mark.parametrize(
    ("allowed", "address"),
    [
        ("10.1.0.0/16", "10.1.2.3"),
        ("10.1.0.0/16", "::ffff:10.1.2.3"),
        ("10.1.0.0/16", "64:ff9b::10.1.2.3"),
        ("127.0.0.0/8", "127.0.0.1"),
        ("::1/128", "::1"),
        ("fd00::/8", "fd00:ec2::254"),
        ("2002:a01::/32, 10.1.0.0/16", "2002:a01:203::1"),
        ("64:ff9b:1::/48", "64:ff9b:1::8.8.8.8"),
    ],
)
def test_an_allowed_network_is_let_through(allowed: str, address: str) -> None:
    with pytest.raises(AddressForbidden):
        check_address(address)
    check_address(address, SourcesConfig(allowed_networks=allowed).address_policy())


@pytest.mark.parametrize(
    ("allowed", "address"),
    [
        ("10.1.0.0/16", "10.2.0.1"),
        ("10.1.0.0/16", "::ffff:10.2.0.1"),
        ("10.1.0.0/16", "2002:a01:203::1"),  # the tunnel is not allowed
        ("2002::/16", "2002:7f00:1::1"),  # what is in the tunnel is not
        ("::/0", "::ffff:127.0.0.1"),
        ("fe80::/10", "fe80::1%eth0"),
        ("0.0.0.0/0", "::1"),
    ],
)
def test_an_allowed_network_lets_nothing_else_through(allowed: str, address: str) -> None:
    with pytest.raises(AddressForbidden):
        check_address(address, SourcesConfig(allowed_networks=allowed).address_policy())


# ---------------------------------------------------------------- denied networks, and NAT64 of the network's own


@pytest.mark.parametrize(
    ("denied", "address"),
    [
        ("93.184.216.0/24", "93.184.216.34"),
        ("93.184.216.0/24", "::ffff:93.184.216.34"),
        ("93.184.216.0/24", "64:ff9b::93.184.216.34"),
        ("2a00:1450::/32", "2a00:1450:4001::1"),
        ("64:ff9b::/96", "64:ff9b::8.8.8.8"),
        ("10.1.2.0/24", "10.1.2.3"),
        ("8.8.8.8", "8.8.8.8"),
    ],
)
def test_a_denied_network_is_refused_also_within_an_allowed_one(denied: str, address: str) -> None:
    policy = SourcesConfig(denied_networks=denied, allowed_networks="10.1.0.0/16").address_policy()
    with pytest.raises(AddressForbidden):
        check_address(address, policy)
    check_address("10.1.3.3", policy)
    check_address("1.1.1.1", policy)


# RFC 6052 §2.4: 192.0.2.33 in the prefixes of each length. Here 10.0.0.33, and a public address in its place.
NAT64 = [
    ("2a01:db8::/32", "2a01:db8:a00:21::", "2a01:db8:808:808::"),
    ("2a01:db8:100::/40", "2a01:db8:10a:0:21::", "2a01:db8:108:808:8::"),
    ("2a01:db8:122::/48", "2a01:db8:122:a00:0:2100::", "2a01:db8:122:808:8:800::"),
    ("2a01:db8:122:300::/56", "2a01:db8:122:30a:0:21::", "2a01:db8:122:308:8:808::"),
    ("2a01:db8:122:344::/64", "2a01:db8:122:344:a:0:2100::", "2a01:db8:122:344:8:808:800::"),
    ("2a01:db8:122:344::/96", "2a01:db8:122:344::10.0.0.33", "2a01:db8:122:344::8.8.8.8"),
]


@pytest.mark.parametrize(("prefix", "private", "public"), NAT64)
def test_behind_a_nat64_the_embedded_address_counts(prefix: str, private: str, public: str) -> None:
    check_address(private)  # who does not say so has none
    policy = SourcesConfig(nat64_prefixes=prefix).address_policy()
    with pytest.raises(AddressForbidden):
        check_address(private, policy)
    check_address(public, policy)
    check_address(private, SourcesConfig(nat64_prefixes=prefix, allowed_networks="10.0.0.0/24").address_policy())


@pytest.mark.parametrize(
    "setting",
    [
        {"denied_networks": "10.0.0.1/8"},
        {"denied_networks": "::ffff:203.0.113.0/120"},
        {"allowed_networks": "::ffff:10.0.0.0/104"},
        {"denied_networks": "internal.example"},
        {"nat64_prefixes": "2a01:db8::/33"},
        {"nat64_prefixes": "10.0.0.0/8"},
        {"dns_servers": "ns.example"},
        {"dns_servers": "10.0.0.53:0"},
        {"dns_servers": "10.0.0.53:dns"},
        {"dns_servers": "[::1"},
        {"dns_servers": "[::1]53"},
        {"dns_servers": "fe80::1%eth0;8.8.8.8"},
    ],
)
def test_a_setting_that_says_nothing_clear_is_refused(setting: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        SourcesConfig.model_validate(setting)


@pytest.mark.parametrize("text", ["", "localhost", "127.1", "0177.0.0.1", "2130706433", "1.2.3.4/8", "８.8.8.8", "::g"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(AddressForbidden):
        check_address(text)


def test_both_ends_of_every_forbidden_network_are_refused() -> None:
    for cidr in FORBIDDEN:
        network = ip_network(cidr)
        for address in (network[0], network[-1]):
            with pytest.raises(AddressForbidden):
                check_address(str(address))
