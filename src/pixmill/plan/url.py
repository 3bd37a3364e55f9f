"""Canonical http(s) URLs, and the resolution of redirects.

Knows the grammar of URLs (RFC 3986, and yarl, which is also the parser of the HTTP client, so that the URL that is
checked is the URL that is fetched). Must never know whether an address may be fetched: ``sources`` decides that.
"""

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from unicodedata import normalize
from urllib.parse import quote, urljoin

from pixmill.errors import InvalidParameter

MAX_URL_LENGTH = 8192
CDN_ID = "pixmill"
"""Our identifier in the ``CDN-Loop`` header (RFC 8586)."""

_MAX_AUTHORITY_LENGTH = 300
"""A host has at most 253 characters (RFC 1035 §2.3.4). IDNA is not linear in it, and makes 18 of some characters."""

_C0_OR_SPACE = "".join(map(chr, range(0x21)))
_DROPPED = dict.fromkeys(map(ord, "\t\n\r"))
_SPECIAL_SCHEME = re.compile(
    r"[\x00-\x20]*(h[\t\n\r]*t[\t\n\r]*t[\t\n\r]*p(?:[\t\n\r]*s)?)[\t\n\r]*:", re.IGNORECASE | re.ASCII
)
_END_OF_PATH = re.compile(r"[?#]")
_AUTHORITY = re.compile(r"[^/?#]*")
_PORT = re.compile(r"[^:]*|\[[^\]]*\]|.*:[0-9]{0,5}")
_HOST = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
_NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})?")
_UNDECODED = re.compile("[\udc80-\udcff]")
_PARTIAL_ESCAPE = re.compile(r"%[0-9A-Fa-f]?\Z")
_HOST_PREFIX = re.compile(r"[a-z0-9_.:\[\]-]*")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_IN_PATH = "/:@!$&'()*+,;=%"
_IN_QUERY = _IN_PATH + "?"
_DEFAULT_PORTS = {"http": 80, "https": 443}
_PLAIN_URL = re.compile(
    r"https?://(?=[^/]{1,253}/)(?!.*(?:/\.|xn--))(?:[a-z0-9_-]{1,63}\.)*[a-z][a-z0-9_-]{0,62}(?::(?!80/|443/)[1-9][0-9]{0,3})?"
    r"/[\w.~/:@!$&'()*+,;=-]*(?:\?[\w.~/:@!$&'()*+,;=?-]+)?",
    re.ASCII,
)
"""The canonical form of a usual URL: no escapes, no port of five digits, no address, no name that needs care."""


def special_url(text: str) -> str:
    """Return an http(s) URL in the spelling of RFC 3986, from all that browsers take for one; empty for other texts.

    As the basic URL parser of the URL Standard (WHATWG §4.4): spaces and control characters around it are dropped, tabs
    and line breaks anywhere; a backslash before the query is a slash, and any number of slashes follows the scheme.
    ``canonical_url`` does the rest; what is checked and what is fetched is its result.
    """
    found = _SPECIAL_SCHEME.match(text)
    if not found:
        return ""
    rest = text[found.end() :].rstrip(_C0_OR_SPACE).translate(_DROPPED)
    end = _END_OF_PATH.search(rest)
    path, rest = (rest[: end.start()], rest[end.start() :]) if end else (rest, "")
    path = path.replace("\\", "/").lstrip("/")
    return f"{found[1].translate(_DROPPED).lower()}://{path}{rest}"


def is_plain_url(text: str) -> bool:
    """Whether the text is certainly what ``canonical_url`` makes of it; saves a tenth of a parse, for most URLs."""
    return _PLAIN_URL.fullmatch(text) is not None


def canonical_url(text: str) -> str:
    """Canonicalise an absolute http(s) URL: no fragment, no default port, escapes in their shortest form.

    Raises InvalidParameter for anything that two parsers could interpret differently, and for a user name or password.
    """
    from yarl import URL  # noqa: PLC0415 - workers import plans too, but parse no URLs: 2 MiB in each

    scheme, _, rest = text.partition("://")
    authority = _AUTHORITY.match(rest)
    _check_authority(authority.group() if authority else "")
    try:
        parsed, raw = URL(text), URL(text, encoded=True)
        host = _canonical_host(parsed.raw_host or "")
        port = parsed.explicit_port
        path = _remove_dot_segments(_normalize_escapes(raw.raw_path or "/", _IN_PATH))
        query = _normalize_escapes(raw.raw_query_string, _IN_QUERY)
    except ValueError as error:
        raise invalid_url("The URL cannot be parsed", detail=str(error)) from error
    return _check_length(
        f"{scheme.lower()}://{host}{_port_suffix(scheme.lower(), port)}{path}{'?' + query if query else ''}"
    )


def canonical_prefix(scheme: str, rest: str) -> str:
    """Canonicalise a prefix of URLs, which may end anywhere after ``scheme://``. Raises InvalidParameter."""
    authority = _AUTHORITY.match(rest)
    host = authority.group() if authority else ""
    if "#" in rest:
        raise invalid_url("The URL must not have a fragment here")
    if host == rest:
        return f"{scheme}://{_canonical_host_prefix(host.lower(), _DEFAULT_PORTS[scheme])}"
    path, separator, query = rest[len(host) :].partition("?")
    return (
        canonical_url(f"{scheme}://{host}/").removesuffix("/")
        + (
            _remove_dot_segments(_normalize_escapes(path or "/", _IN_PATH))
            if separator
            else _canonical_path_prefix(path)
        )
        + (separator + _normalize_prefix_escapes(query, _IN_QUERY))
    )


def _canonical_host_prefix(host: str, default_port: int) -> str:
    if not _HOST_PREFIX.fullmatch(host):
        raise invalid_url(
            "The prefix of a host must be ASCII, without user name and password; end a complete host with a slash"
        )
    return host.removesuffix(f":{default_port}")


def _canonical_path_prefix(path: str) -> str:
    folders, _, name = _normalize_prefix_escapes(path, _IN_PATH).rpartition("/")
    return _remove_dot_segments(folders + "/") + name


def _normalize_prefix_escapes(text: str, allowed: str) -> str:
    """Normalise the escapes of a prefix; the last one may be incomplete."""
    partial = _PARTIAL_ESCAPE.search(text)
    return (
        _normalize_escapes(text[: partial.start()], allowed) + partial.group().upper()
        if partial
        else _normalize_escapes(text, allowed)
    )


def resolve_redirect(base: str, location: str) -> str:
    """Resolve the ``Location`` of a response against ``base``, without canonicalising it.

    Tolerates spaces, backslashes and bytes that are no UTF-8, as browsers do. Raises InvalidParameter.
    """
    location = _UNDECODED.sub(lambda found: f"%{ord(found[0]) - 0xDC00:02X}", location).strip(_C0_OR_SPACE)
    location = location.translate(_DROPPED)
    end = _END_OF_PATH.search(location)
    path, rest = (location[: end.start()], location[end.start() :]) if end else (location, "")
    try:
        return special_url(location) or urljoin(base, (path.replace("\\", "/") + rest).replace(" ", "%20"))
    except ValueError as error:
        raise invalid_url("The redirect cannot be parsed", detail=str(error)) from error


def invalid_url(message: str, *, detail: str = "") -> InvalidParameter:
    """Build an error that names the parameter."""
    return InvalidParameter(message, param="url", detail=detail)


def _check_authority(authority: str) -> None:
    if not authority:
        raise invalid_url("The URL has no host")
    if len(authority) > _MAX_AUTHORITY_LENGTH or len(normalize("NFKC", authority)) > _MAX_AUTHORITY_LENGTH:
        raise invalid_url("The host of the URL is too long")
    if "@" in authority:
        raise invalid_url("The URL must not contain a user name or password")
    if not _PORT.fullmatch(authority):
        raise invalid_url("The port of the URL is not a number")


def _canonical_host(host: str) -> str:
    if ":" in host:
        return _canonical_ipv6(host)
    name = host.removesuffix(".")
    if len(name) > 253 or not _HOST.fullmatch(name):  # noqa: PLR2004 - RFC 1035 §2.3.4
        raise invalid_url("The host of the URL is not a valid name or address")
    return _canonical_ipv4(name) if _NUMERIC.fullmatch(name.rpartition(".")[2]) else name


def _canonical_ipv6(host: str) -> str:
    try:
        if "%" not in host:  # a scope id makes sense on one machine only
            return f"[{IPv6Address(host).compressed}]"
    except AddressValueError:
        pass
    raise invalid_url("The host of the URL is not a valid IPv6 address")


def _canonical_ipv4(name: str) -> str:
    """Canonicalise a host that ends in a number: an IPv4 address (WHATWG URL §3.5), here in four decimal parts only."""
    try:
        return str(IPv4Address(name))
    except AddressValueError as error:
        raise invalid_url("An IPv4 address must be written as four decimal numbers") from error


def _port_suffix(scheme: str, port: int | None) -> str:
    if port == 0:
        raise invalid_url("The port of the URL must not be 0")
    return "" if port is None or port == _DEFAULT_PORTS[scheme] else f":{port}"


def _normalize_escapes(text: str, allowed: str) -> str:
    """Decode unreserved characters, and escape what is not allowed, in upper case (RFC 3986 §6.2.2)."""
    return quote(_ESCAPE.sub(_normalize_escape, text), safe=allowed)


def _normalize_escape(escape: re.Match[str]) -> str:
    digits = escape[1]
    if digits is None:
        return "%25"
    char = chr(int(digits, 16))
    return char if char in _UNRESERVED else escape[0].upper()


def _remove_dot_segments(path: str) -> str:
    """Remove ``.`` and ``..`` (RFC 3986 §5.2.4)."""
    output: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del output[-1:]
        elif segment != ".":
            output.append(segment)
    if segments[-1] in {".", ".."}:
        output.append("")
    return "/" + "/".join(output)


def _check_length(url: str) -> str:
    if len(url) > MAX_URL_LENGTH:
        raise invalid_url(f"The URL is longer than {MAX_URL_LENGTH} characters")
    return url
