"""The configuration of the image optimizer: the ``images`` of a Next.js, Vercel or Amplify project, as JSON.

Knows names, defaults and patterns. Must never know a request.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType, field

from pixmill.dialects.kit.patterns import LinearPattern, glob, regex
from pixmill.errors import InvalidParameter
from pixmill.media import BROWSER_FORMATS, MEDIA, Format
from pixmill.plan.ops import ResampleSpace
from pixmill.plan.url import canonical_url

Value = TypeVar("Value")

MAX_SIZE: Final = 16_383
_MAX_PATTERNS: Final = 200
_MAX_CONFIG_BYTES: Final = 4 * 2**20
_FORMATS: Final = {MEDIA[kind].mime: kind for kind in BROWSER_FORMATS}
_PATH: Final = re.compile(r"(?:https?://[^/?#]+)?((?:/[A-Za-z0-9._~-]+)+)/?")
_HEADER: Final = re.compile(r"[\x20-\x7e]{0,2048}")

Sizes = Annotated[tuple[Annotated[int, Meta(ge=1, le=MAX_SIZE)], ...], Meta(max_length=100)]
Qualities = Annotated[tuple[Annotated[int, Meta(ge=1, le=100)], ...], Meta(max_length=100)]


class UrlPattern(Struct, frozen=True):
    """An entry of ``remotePatterns`` or ``localPatterns``; None where any value is allowed."""

    hostname: str | None = None
    protocol: str | None = None
    port: str | None = None
    pathname: str | None = None
    search: str | None = None


class ImagesOptions(Struct, frozen=True, rename="camel"):
    """The names of ``images`` in a ``next.config`` and in the manifests that are made of it."""

    path: str | UnsetType = UNSET
    sizes: Sizes | UnsetType = UNSET
    device_sizes: Sizes | UnsetType = UNSET
    image_sizes: Sizes | UnsetType = UNSET
    qualities: Qualities | UnsetType | None = UNSET
    formats: tuple[str, ...] | UnsetType = UNSET
    domains: tuple[str, ...] | UnsetType = UNSET
    remote_patterns: tuple[UrlPattern | str, ...] | UnsetType = UNSET
    local_patterns: tuple[UrlPattern, ...] | UnsetType | None = UNSET
    minimum_cache_ttl: Annotated[int, Meta(ge=0, le=10**9)] | UnsetType = field(name="minimumCacheTTL", default=UNSET)
    minumum_cache_ttl: Annotated[int, Meta(ge=0, le=10**9)] | UnsetType = field(name="minumumCacheTTL", default=UNSET)
    dangerously_allow_svg: bool | UnsetType = field(name="dangerouslyAllowSVG", default=UNSET)
    content_security_policy: str | UnsetType = UNSET
    content_disposition_type: Literal["attachment", "inline"] | UnsetType = UNSET


class MountOptions(ImagesOptions, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """``options`` of an entry: ``config`` is a JSON file with the options, which those beside it replace.

    ``dev`` answers like the development server: small blurred placeholders, no caching by clients. ``resampling``: what
    resizing mixes, sRGB values as Next.js, or light. The last ones of Next.js have no effect here: the server has
    settings for them.
    """

    config: str = ""
    dev: bool = False
    resampling: ResampleSpace = ResampleSpace.SRGB
    dangerously_allow_local_ip: bool | UnsetType = field(name="dangerouslyAllowLocalIP", default=UNSET)
    maximum_redirects: int | UnsetType = UNSET
    maximum_response_body: int | UnsetType = UNSET
    maximum_disk_cache_size: int | UnsetType = UNSET
    loader: Literal["default"] | UnsetType = UNSET
    loader_file: str | UnsetType = UNSET
    disable_static_images: bool | UnsetType = UNSET
    unoptimized: bool | UnsetType = UNSET
    custom_cache_handler: bool | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class Flavour:
    """A service with this grammar, and its defaults.

    ``qualities``: None for any from 1 to 100. ``static_folders`` of the site are always allowed; with any, a query of a
    path must be allowed by ``localPatterns``.
    """

    name: str
    path: str
    title: str
    qualities: tuple[int, ...] | None
    minimum_cache_ttl_s: int
    has_error_codes: bool = False
    static_folders: tuple[str, ...] = ()


_STATIC_FOLDERS: Final = ("/_next/static/media", "/_next/static/immutable/media")

FLAVOURS: Final[Mapping[str, Flavour]] = {
    flavour.name: flavour
    for flavour in (
        Flavour("nextjs", "/_next/image", "Next.js", (75,), 14_400, static_folders=_STATIC_FOLDERS),
        Flavour("vercel", "/_vercel/image", "Vercel", None, 60, has_error_codes=True),
        Flavour("amplify", "/_amplify/image", "AWS Amplify", None, 60),
    )
}
_DEVICE_SIZES: Final = (640, 750, 828, 1080, 1200, 1920, 2048, 3840)
_IMAGE_SIZES: Final = (32, 48, 64, 96, 128, 256, 384)
_POLICY: Final = "script-src 'none'; frame-src 'none'; sandbox;"


@dataclass(frozen=True, slots=True)
class SourceUrl:
    """The parts of a canonical URL that patterns look at, as the URL Standard names them."""

    protocol: str
    hostname: str
    port: str
    pathname: str
    search: str

    @classmethod
    def of(cls, url: str) -> "SourceUrl":
        protocol, _, rest = url.partition("://")
        authority, slash, rest = rest.partition("/")
        pathname, mark, search = (slash + rest).partition("?")
        hostname, colon, port = authority.rpartition(":")
        if not colon or authority.endswith("]"):
            hostname, port = authority, ""
        return cls(protocol, hostname, port, pathname, mark + search)


class PatternMatcher:
    """A compiled pattern. Raises ValueError with a message for the operator."""

    def __init__(self, pattern: UrlPattern) -> None:
        self._protocol = pattern.protocol and pattern.protocol.removesuffix(":")
        self._hostname = None if pattern.hostname is None else _compile(pattern.hostname)
        self._port = pattern.port
        self._pathname = None if pattern.pathname in {None, "", "**"} else _compile(pattern.pathname or "")
        self._search = pattern.search and _canonical_search(pattern.search)
        if self._search is None and pattern.search == "":
            self._search = ""

    def matches(self, url: SourceUrl) -> bool:
        return (
            self._protocol in {None, url.protocol}
            and self._port in {None, url.port}
            and self._search in {None, url.search}
            and (self._hostname is None or self._hostname.matches(url.hostname))
            and (self._pathname is None or self._pathname.matches(url.pathname))
        )


@dataclass(frozen=True, slots=True)
class ImagesConfig:
    """The options in effect. ``local_patterns``: None allows every path of the site."""

    flavour: Flavour
    path: str
    sizes: frozenset[int]
    qualities: frozenset[int] | None
    formats: tuple[Format, ...]
    domains: frozenset[str]
    remote_patterns: tuple[PatternMatcher, ...]
    local_patterns: tuple[PatternMatcher, ...] | None
    minimum_cache_ttl_s: int
    allows_svg: bool
    content_security_policy: str
    is_inline: bool
    allows_every_host: bool
    dev: bool = False
    resampling: ResampleSpace = ResampleSpace.SRGB

    def allows_remote(self, url: SourceUrl) -> bool:
        return url.hostname in self.domains or any(pattern.matches(url) for pattern in self.remote_patterns)

    def allows_local(self, url: SourceUrl) -> bool:
        return self.local_patterns is None or any(pattern.matches(url) for pattern in self.local_patterns)


def load_config(flavour: Flavour, raw_options: msgspec.Raw) -> ImagesConfig:
    """Read the options of an entry, and the file that they name. Raises ValueError."""
    own = msgspec.json.decode(raw_options, type=MountOptions)
    options = _merged(own, _read(own.config)) if own.config else own
    remote_patterns = tuple(_pattern(given) for given in _given(options.remote_patterns, ()))
    local_patterns = _local_patterns(flavour, _given(options.local_patterns, None))
    if len(remote_patterns) + len(local_patterns or ()) > _MAX_PATTERNS:
        raise ValueError(f"there may be at most {_MAX_PATTERNS} patterns")
    if any(not pattern.hostname for pattern in remote_patterns):
        raise ValueError("each of remotePatterns needs a hostname")
    policy = _given(options.content_security_policy, _POLICY)
    if not _HEADER.fullmatch(policy):
        raise ValueError("contentSecurityPolicy must be printable ASCII")
    qualities = _given(options.qualities, flavour.qualities)
    ttl_s = _given(options.minumum_cache_ttl, flavour.minimum_cache_ttl_s)
    return ImagesConfig(
        flavour=flavour,
        path=_path(_given(options.path, flavour.path)),
        sizes=_sizes(options),
        qualities=None if qualities is None else frozenset(qualities),
        formats=_formats(_given(options.formats, ("image/webp",))),
        domains=frozenset(domain.lower() for domain in _given(options.domains, ())),
        remote_patterns=tuple(map(PatternMatcher, remote_patterns)),
        local_patterns=None if local_patterns is None else tuple(map(PatternMatcher, local_patterns)),
        minimum_cache_ttl_s=_given(options.minimum_cache_ttl, ttl_s),
        allows_svg=_given(options.dangerously_allow_svg, default=False),
        content_security_policy=policy,
        is_inline=options.content_disposition_type == "inline",
        allows_every_host=any(_allows_every_host(pattern) for pattern in remote_patterns),
        dev=own.dev,
        resampling=own.resampling,
    )


def _given(value: Value | UnsetType, default: Value) -> Value:
    return default if isinstance(value, UnsetType) else value


def _merged(own: ImagesOptions, stored: ImagesOptions) -> ImagesOptions:
    """Return the stored options, with those of the entry in their place."""
    names = ImagesOptions.__struct_fields__
    given = {name: getattr(own, name) for name in names if getattr(own, name) is not UNSET}
    return msgspec.structs.replace(stored, **given)


def _pattern(given: UrlPattern | str) -> UrlPattern:
    """Return a pattern; a text is a URL with wildcards. Raises ValueError."""
    if isinstance(given, UrlPattern):
        return given
    protocol, mark, _ = given.partition("://")
    if not mark:
        raise ValueError(f"remotePatterns: {given[:64]!r} is not a URL")
    url = SourceUrl.of(given)
    return UrlPattern(url.hostname, protocol, url.port, url.pathname or "/", url.search)


def _local_patterns(flavour: Flavour, given: tuple[UrlPattern, ...] | None) -> tuple[UrlPattern, ...] | None:
    if not flavour.static_folders:
        return given
    if given is None:
        return (UrlPattern(search=""),)
    return (*given, *(UrlPattern(pathname=f"{folder}/**", search="") for folder in flavour.static_folders))


def _read(path: str) -> ImagesOptions:
    """Read ``images`` from ``images-manifest.json``, ``required-server-files.json``, ``config.json`` or alone."""
    try:
        with Path(path).open("rb") as file:
            content = file.read(_MAX_CONFIG_BYTES + 1)
    except OSError as error:
        raise ValueError(f"config: {path[:200]} cannot be read: {error.strerror}") from error
    if len(content) > _MAX_CONFIG_BYTES:
        raise ValueError(f"config: {path[:200]} is larger than {_MAX_CONFIG_BYTES} bytes")
    try:
        document = msgspec.json.decode(content, type=dict[str, object])
        nested = document.get("config")
        if isinstance(nested, dict) and "images" in nested:
            document = nested
        images = document.get("images", document.get("imageSettings", document))
        return msgspec.convert(images, ImagesOptions)
    except msgspec.MsgspecError as error:
        raise ValueError(f"config: {path[:200]}: {error}") from error


def _path(text: str) -> str:
    """Return the path of the endpoint; with ``assetPrefix`` it is the end of a URL."""
    match = _PATH.fullmatch(text)
    if match is None:
        raise ValueError(f"path {text[:64]!r} must be a path such as /_next/image, or a URL that ends in one")
    return match[1]


def _sizes(options: ImagesOptions) -> frozenset[int]:
    given = _given(options.sizes, ())
    devices = _given(options.device_sizes, () if given else _DEVICE_SIZES)
    images = _given(options.image_sizes, () if given else _IMAGE_SIZES)
    return frozenset((*given, *devices, *images))


def _formats(names: tuple[str, ...]) -> tuple[Format, ...]:
    unknown = [name for name in names if name not in _FORMATS]
    if unknown:
        raise ValueError(f"formats: {unknown[0][:40]!r} is not one of {', '.join(_FORMATS)}")
    return tuple(dict.fromkeys(_FORMATS[name] for name in names))


def _compile(pattern: str) -> LinearPattern:
    """Compile a glob, or the regular expression that a manifest holds in its place."""
    return regex(pattern) if pattern.startswith("^") else glob(pattern)


def _canonical_search(search: str) -> str:
    try:
        return SourceUrl.of(canonical_url(f"http://n/{search}")).search
    except InvalidParameter as error:
        raise ValueError(f"search {search[:64]!r} is not the query of a URL") from error


_UNLIKELY_HOSTS: Final = ("pixmill-a.example", "b.c.d.pixmill.invalid", "198.51.100.7")


def _allows_every_host(pattern: UrlPattern) -> bool:
    """Return whether the host of a pattern is no restriction."""
    compiled = _compile(pattern.hostname or "")
    return all(compiled.matches(host) for host in _UNLIKELY_HOSTS)
