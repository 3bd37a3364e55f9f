"""Builds the dialect registry from ``PIXMILL_DIALECTS``.

The one module that knows every dialect: a new one is a row of ``DIALECTS``.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, Protocol, TypeVar

import msgspec
from msgspec.structs import replace as replace_struct

from pixmill.dialects.aem.dialect import AemDialect, AemOptions
from pixmill.dialects.akamai.dialect import AkamaiDialect, AkamaiOptions
from pixmill.dialects.aliyun.dialect import SERVICES as ALIYUN_SERVICES
from pixmill.dialects.aliyun.dialect import AliyunDialect, AliyunOptions
from pixmill.dialects.appwrite.dialect import AppwriteDialect, AppwriteOptions
from pixmill.dialects.astro.dialect import AstroDialect, AstroOptions
from pixmill.dialects.builderio.dialect import BuilderIoDialect, BuilderIoOptions
from pixmill.dialects.bunny.dialect import BunnyDialect, BunnyOptions
from pixmill.dialects.cloudflare.dialect import CloudflareDialect, CloudflareOptions
from pixmill.dialects.cloudimage.dialect import CloudimageDialect, CloudimageOptions
from pixmill.dialects.cloudinary.dialect import CloudinaryDialect
from pixmill.dialects.cloudinary.settings import CloudinaryOptions
from pixmill.dialects.contensis.dialect import ContensisDialect, ContensisOptions
from pixmill.dialects.contentful.dialect import ContentfulDialect, ContentfulOptions
from pixmill.dialects.cos.dialect import NAMES as COS_NAMES
from pixmill.dialects.cos.dialect import CosDialect, CosOptions
from pixmill.dialects.emgr.dialect import EmgrDialect, EmgrOptions
from pixmill.dialects.fastly.dialect import ContentstackOptions, FastlyDialect, FastlyOptions
from pixmill.dialects.fastly.gcore import GcoreDialect, GcoreOptions
from pixmill.dialects.flyimg.dialect import FlyimgDialect, FlyimgOptions
from pixmill.dialects.glide.dialect import GlideDialect, GlideOptions
from pixmill.dialects.hygraph.dialect import HygraphDialect, HygraphOptions
from pixmill.dialects.iiif.dialect import IiifDialect
from pixmill.dialects.iiif.options import IiifOptions
from pixmill.dialects.imageengine.dialect import ImageEngineDialect, ImageEngineOptions
from pixmill.dialects.imagekit.dialect import ImageKitDialect, ImageKitOptions
from pixmill.dialects.imaginary.dialect import ImaginaryDialect, ImaginaryOptions
from pixmill.dialects.imgix.dialect import ImgixDialect, ImgixOptions
from pixmill.dialects.imgix.services import SERVICES as IMGIX_SERVICES
from pixmill.dialects.imgproxy.config import ImgproxyOptions
from pixmill.dialects.imgproxy.dialect import ImgproxyDialect
from pixmill.dialects.imgproxy.supabase import SupabaseDialect, SupabaseOptions
from pixmill.dialects.ipx.dialect import IpxDialect, IpxOptions
from pixmill.dialects.keycdn.directus import DirectusDialect, DirectusOptions
from pixmill.dialects.keycdn.keycdn import KeyCdnDialect, KeyCdnOptions
from pixmill.dialects.kit.signatures import Key, hex_keys, keys_of
from pixmill.dialects.mediacdn.dialect import MediaCdnDialect, MediaCdnOptions
from pixmill.dialects.native.dialect import NativeDialect
from pixmill.dialects.native.presets import NO_PRESETS, Presets
from pixmill.dialects.netlify.dialect import NetlifyDialect, NetlifyOptions
from pixmill.dialects.nextjs.config import FLAVOURS, load_config
from pixmill.dialects.nextjs.dialect import NextDialect
from pixmill.dialects.photon.dialect import PhotonDialect, PhotonOptions
from pixmill.dialects.port import Dialect, LimitsSources, RequiresSignatures
from pixmill.dialects.prepr.dialect import PreprDialect, PreprOptions
from pixmill.dialects.registry import DialectRegistry, MountedDialect
from pixmill.dialects.riapi.dialect import RiapiDialect, RiapiOptions
from pixmill.dialects.riapi.imagesharp import ImageSharpDialect, ImageSharpOptions
from pixmill.dialects.scene7.dialect import Scene7Dialect, Scene7Options
from pixmill.dialects.shopify.dialect import ShopifyDialect, ShopifyOptions
from pixmill.dialects.signing import Keyring
from pixmill.dialects.sirv.dialect import SirvDialect, SirvOptions
from pixmill.dialects.source_mapping import AllowsSource, SourceMapping, check_base, resolve_source
from pixmill.dialects.thumbor.aws import AwsDialect, AwsOptions
from pixmill.dialects.thumbor.dialect import ThumborDialect
from pixmill.dialects.thumbor.grammar import Flavour
from pixmill.dialects.thumbor.settings import ThumborOptions
from pixmill.dialects.thumbor.storyblok import StoryblokDialect, StoryblokOptions
from pixmill.dialects.twicpics.dialect import TwicPicsDialect, TwicPicsOptions
from pixmill.dialects.uploadcare.dialect import UploadcareDialect, UploadcareOptions
from pixmill.dialects.wagtail.dialect import WagtailDialect, WagtailOptions
from pixmill.dialects.weserv.dialect import WeservDialect, WeservOptions
from pixmill.errors import BadRequest
from pixmill.plan.limits import DEFAULT_LIMITS, Limits
from pixmill.plan.output import RenderMode
from pixmill.plan.request import OF_ERROR, Fallback
from pixmill.plan.source import SourceRef, parse_source

NATIVE: Final = "native"

_HOST = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*|\[[0-9a-f:.]{2,45}\]")
_MOUNT = re.compile(r"(?:/[A-Za-z0-9._~-]+)+")
_ADMIN: Final = "/admin/"
"""On every host: responses below it lack the headers that let other origins embed images."""

_RESERVED_MOUNTS: Final = ("/health/", "/metrics/", "/openapi.json/")
"""Pixmill's own paths; a dialect with a host of its own may have them there."""


class MountEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An entry of ``PIXMILL_DIALECTS``.

    ``source`` is the base of relative sources, or a template with ``{path}``; ``sources`` is an allow-list for all
    others. ``default_scheme`` is that of URLs without one, empty for that of the service. ``fallback`` is the source of
    an image that is sent for one that cannot be fetched or decoded, with ``fallback_status``, 0 for that of the error.
    ``keys``: None for those of the server, if URLs of the service are signed, empty for unsigned requests.
    """

    dialect: str
    host: str = ""
    mount: str = ""
    source: str = ""
    sources: str = ""
    default_scheme: Literal["", "http", "https"] = ""
    fallback: str = ""
    fallback_status: int = 200
    keys: str | None = None
    options: msgspec.Raw = msgspec.Raw(b"{}")


@dataclass(frozen=True, slots=True)
class ServerDefaults:
    """What dialects inherit from the server.

    ``allows_source`` is the check of the allow-list; None without one. ``parse_sources`` turns such a list into its
    check, and raises ValueError. ``allows_unsigned``: the operator wants an open proxy. ``fallback`` is for entries
    that have none.
    """

    presets: Presets = NO_PRESETS
    render_mode: RenderMode = RenderMode.BALANCED
    keyring: Keyring | None = None
    allows_source: AllowsSource | None = None
    parse_sources: Callable[[str], AllowsSource] | None = None
    allows_unsigned: bool = False
    limits: Limits = DEFAULT_LIMITS
    fallback: Fallback | None = None


OptionsT = TypeVar("OptionsT")
OptionsT_contra = TypeVar("OptionsT_contra", contravariant=True)
DialectFactory = Callable[[MountEntry, ServerDefaults], Dialect]


def _keyless(build: Callable[[OptionsT, RenderMode], Dialect], options_type: type[OptionsT]) -> DialectFactory:
    """Return the factory of a dialect without signatures."""

    def make(entry: MountEntry, server: ServerDefaults) -> Dialect:
        _refuse_keys(entry)
        return build(msgspec.json.decode(entry.options, type=options_type), server.render_mode)

    return make


def _signed(
    build: Callable[[OptionsT, tuple[Key, ...], str, RenderMode], Dialect], options_type: type[OptionsT]
) -> DialectFactory:
    """Return the factory of a dialect with signatures of its service, over the mount and what follows."""

    def make(entry: MountEntry, server: ServerDefaults) -> Dialect:
        options = msgspec.json.decode(entry.options, type=options_type)
        return build(options, _secrets(entry, server), entry.mount, server.render_mode)

    return make


class _SiteDialect(Protocol[OptionsT_contra]):
    """Builds the dialect of a site, whose base has the paths that URLs name."""

    def __call__(
        self, options: OptionsT_contra, *, mount: str, site: str, keyring: Keyring | None, mode: RenderMode
    ) -> Dialect: ...


def _site_signed(build: _SiteDialect[OptionsT], options_type: type[OptionsT]) -> DialectFactory:
    """Return the factory of a dialect of a site, with Pixmill's own signatures if the entry names keys."""

    def make(entry: MountEntry, server: ServerDefaults) -> Dialect:
        options = msgspec.json.decode(entry.options, type=options_type)
        keyring = _own_keyring(entry)
        return build(options, mount=entry.mount, site=entry.source, keyring=keyring, mode=server.render_mode)

    return make


def _native(entry: MountEntry, server: ServerDefaults) -> NativeDialect:
    msgspec.json.decode(entry.options, type=_NoOptions)
    return NativeDialect(server.presets, server.render_mode, _keyring(entry, server), entry.mount.encode())


def _emgr(entry: MountEntry, server: ServerDefaults) -> EmgrDialect:
    options = msgspec.json.decode(entry.options, type=EmgrOptions)
    keyring = _keyring(entry, server)
    return EmgrDialect(options, keyring, entry.mount.encode(), server.allows_source, server.render_mode)


def _akamai(entry: MountEntry, server: ServerDefaults) -> AkamaiDialect:
    options = msgspec.json.decode(entry.options, type=AkamaiOptions)
    keys = hex_keys(entry.keys or "")
    if entry.keys and not keys:
        raise ValueError('keys are blank: "" is for unsigned requests')
    return AkamaiDialect(options, keys, entry.mount, server.render_mode)


def _fastly(entry: MountEntry, server: ServerDefaults) -> FastlyDialect:
    _refuse_keys(entry)
    kind = ContentstackOptions if entry.dialect == "contentstack" else FastlyOptions
    return FastlyDialect(msgspec.json.decode(entry.options, type=kind), server.render_mode)


def _flyimg(entry: MountEntry, server: ServerDefaults) -> FlyimgDialect:
    _refuse_keys(entry)
    return FlyimgDialect(msgspec.json.decode(entry.options, type=FlyimgOptions), entry.mount, server.render_mode)


def _nextjs(entry: MountEntry, server: ServerDefaults) -> NextDialect:
    keyring = _own_keyring(entry)
    config = load_config(FLAVOURS[entry.dialect], entry.options)
    return NextDialect(config, mount=entry.mount, site=entry.source, keyring=keyring, mode=server.render_mode)


def _imgix(entry: MountEntry, server: ServerDefaults) -> ImgixDialect:
    return ImgixDialect(
        IMGIX_SERVICES[entry.dialect],
        msgspec.json.decode(entry.options, type=ImgixOptions),
        _secrets(entry, server),
        mount=entry.mount,
        mode=server.render_mode,
    )


def _imgproxy(entry: MountEntry, server: ServerDefaults) -> ImgproxyDialect:
    options = msgspec.json.decode(entry.options, type=ImgproxyOptions)
    return ImgproxyDialect(options, _keyring(entry, server), server.render_mode, entry.mount)


def _supabase(entry: MountEntry, server: ServerDefaults) -> SupabaseDialect:
    _refuse_keys(entry)
    options = msgspec.json.decode(entry.options, type=SupabaseOptions)
    if not (options.public_buckets or options.jwt_secret or options.authenticated):
        if not server.allows_unsigned:
            raise ValueError("supabase answers nothing: name public_buckets, or set jwt_secret, in its options")
        options = replace_struct(options, public_buckets=("*",))
    return SupabaseDialect(options, server.render_mode)


def _thumbor(entry: MountEntry, server: ServerDefaults) -> ThumborDialect:
    settings = msgspec.json.decode(entry.options, type=ThumborOptions)
    return ThumborDialect(settings, _secrets(entry, server), entry.default_scheme, server.render_mode, entry.mount)


def _imagor(entry: MountEntry, server: ServerDefaults) -> ThumborDialect:
    settings = replace_struct(msgspec.json.decode(entry.options, type=ThumborOptions), flavour=Flavour.IMAGOR)
    return ThumborDialect(settings, _secrets(entry, server), entry.default_scheme, server.render_mode, entry.mount)


def _storyblok(entry: MountEntry, server: ServerDefaults) -> StoryblokDialect:
    _refuse_keys(entry)
    settings = msgspec.json.decode(entry.options, type=StoryblokOptions)
    return StoryblokDialect(settings, entry.default_scheme, server.render_mode)


def _aws(entry: MountEntry, server: ServerDefaults) -> AwsDialect:
    settings = msgspec.json.decode(entry.options, type=AwsOptions)
    return AwsDialect(settings, _secrets(entry, server), entry.default_scheme, server.render_mode)


def _ipx(entry: MountEntry, server: ServerDefaults) -> IpxDialect:
    options = msgspec.json.decode(entry.options, type=IpxOptions)
    keyring = _own_keyring(entry)
    return IpxDialect(options, mount=entry.mount, keyring=keyring, mode=server.render_mode)


def _cloudflare(entry: MountEntry, server: ServerDefaults) -> CloudflareDialect:
    return CloudflareDialect(
        msgspec.json.decode(entry.options, type=CloudflareOptions),
        keys=_secrets(entry, replace(server, keyring=None)),
        site=entry.source,
        site_only=not entry.sources and server.allows_source is None,
        is_hosted=entry.dialect == "imagedelivery",
        mode=server.render_mode,
    )


def _iiif(entry: MountEntry, server: ServerDefaults) -> IiifDialect:
    _refuse_keys(entry)
    options = msgspec.json.decode(entry.options, type=IiifOptions)
    return IiifDialect(options, entry.mount, server.limits, server.render_mode)


def _uploadcare(entry: MountEntry, server: ServerDefaults) -> UploadcareDialect:
    options = msgspec.json.decode(entry.options, type=UploadcareOptions)
    try:
        keys = hex_keys(entry.keys or "")
    except ValueError as error:
        raise ValueError("keys must be hexadecimal digits, as the secrets of signed URLs are") from error
    return UploadcareDialect(options, keys, entry.mount, server.render_mode)


def _weserv(entry: MountEntry, server: ServerDefaults) -> WeservDialect:
    return WeservDialect(
        msgspec.json.decode(entry.options, type=WeservOptions),
        mount=entry.mount,
        default_scheme=entry.default_scheme,
        keyring=_own_keyring(entry),
        mode=server.render_mode,
    )


def _cloudinary(entry: MountEntry, server: ServerDefaults) -> CloudinaryDialect:
    options = msgspec.json.decode(entry.options, type=CloudinaryOptions)
    return CloudinaryDialect(options, _secrets(entry, server), entry.mount.encode(), server.render_mode)


def _imagekit(entry: MountEntry, server: ServerDefaults) -> ImageKitDialect:
    options = msgspec.json.decode(entry.options, type=ImageKitOptions)
    return ImageKitDialect(options, _secrets(entry, server), server.render_mode, entry.mount)


def _keycdn(entry: MountEntry, server: ServerDefaults) -> KeyCdnDialect:
    _refuse_keys(entry)
    options = msgspec.json.decode(entry.options, type=KeyCdnOptions)
    return KeyCdnDialect(options, server.limits, server.render_mode)


def _imaginary(entry: MountEntry, server: ServerDefaults) -> ImaginaryDialect:
    options = msgspec.json.decode(entry.options, type=ImaginaryOptions)
    return ImaginaryDialect(options, _secrets(entry, server), entry.mount, server.limits, server.render_mode)


def _photon(entry: MountEntry, server: ServerDefaults) -> PhotonDialect:
    _refuse_keys(entry)
    options = msgspec.json.decode(entry.options, type=PhotonOptions)
    return PhotonDialect(options, is_tachyon=entry.dialect == "tachyon", mode=server.render_mode)


def _aliyun(entry: MountEntry, server: ServerDefaults) -> AliyunDialect:
    _refuse_keys(entry)
    options = msgspec.json.decode(entry.options, type=AliyunOptions)
    return AliyunDialect(ALIYUN_SERVICES[entry.dialect], options, server.render_mode)


def _cos(entry: MountEntry, server: ServerDefaults) -> CosDialect:
    _refuse_keys(entry)
    options = msgspec.json.decode(entry.options, type=CosOptions)
    return CosDialect(entry.dialect, options, server.render_mode)


DIALECTS: Final[Mapping[str, DialectFactory]] = {
    NATIVE: _native,
    "emgr": _emgr,
    **dict.fromkeys(FLAVOURS, _nextjs),
    "iiif": _iiif,
    "imgproxy": _imgproxy,
    "supabase": _supabase,
    "thumbor": _thumbor,
    "imagor": _imagor,
    "storyblok": _storyblok,
    "aws": _aws,
    "ipx": _ipx,
    "netlify": _site_signed(NetlifyDialect, NetlifyOptions),
    "cloudflare": _cloudflare,
    "imagedelivery": _cloudflare,
    "weserv": _weserv,
    "cloudinary": _cloudinary,
    "glide": _signed(GlideDialect, GlideOptions),
    "imagekit": _imagekit,
    "contentful": _keyless(ContentfulDialect, ContentfulOptions),
    "hygraph": _keyless(HygraphDialect, HygraphOptions),
    "shopify": _keyless(ShopifyDialect, ShopifyOptions),
    "keycdn": _keycdn,
    "directus": _keyless(DirectusDialect, DirectusOptions),
    **dict.fromkeys(IMGIX_SERVICES, _imgix),
    "bunny": _signed(BunnyDialect, BunnyOptions),
    "akamai": _akamai,
    "photon": _photon,
    "tachyon": _photon,
    "fastly": _fastly,
    "contentstack": _fastly,
    **dict.fromkeys(ALIYUN_SERVICES, _aliyun),
    "cloudimage": _keyless(CloudimageDialect, CloudimageOptions),
    "wagtail": _signed(WagtailDialect, WagtailOptions),
    "sirv": _keyless(SirvDialect, SirvOptions),
    "scene7": _keyless(Scene7Dialect, Scene7Options),
    "appwrite": _keyless(AppwriteDialect, AppwriteOptions),
    "imageengine": _keyless(ImageEngineDialect, ImageEngineOptions),
    "twicpics": _keyless(TwicPicsDialect, TwicPicsOptions),
    "astro": _site_signed(AstroDialect, AstroOptions),
    "flyimg": _flyimg,
    "builderio": _keyless(BuilderIoDialect, BuilderIoOptions),
    "prepr": _keyless(PreprDialect, PreprOptions),
    "gcore": _keyless(GcoreDialect, GcoreOptions),
    "mediacdn": _keyless(MediaCdnDialect, MediaCdnOptions),
    "contensis": _keyless(ContensisDialect, ContensisOptions),
    "aem": _keyless(AemDialect, AemOptions),
    **dict.fromkeys(COS_NAMES, _cos),
    "uploadcare": _uploadcare,
    "imaginary": _imaginary,
    "riapi": _signed(RiapiDialect, RiapiOptions),
    "imagesharp": _signed(ImageSharpDialect, ImageSharpOptions),
}
"""By the name that an entry gives."""


class _NoOptions(msgspec.Struct, forbid_unknown_fields=True):
    pass


def parse_mounts(text: str) -> tuple[MountEntry, ...]:
    """Parse ``PIXMILL_DIALECTS``, a JSON list of entries. Raises ValueError that names the bad entry."""
    try:
        raw_entries = msgspec.json.decode(text or "[]", type=list[msgspec.Raw])
    except msgspec.DecodeError as error:
        raise ValueError(f"must be a JSON list of objects: {error}") from error
    entries: list[MountEntry] = []
    for number, raw in enumerate(raw_entries, 1):
        try:
            entry = msgspec.json.decode(raw, type=MountEntry)
            mounted = _mount(entry, ServerDefaults())
        except (ValueError, BadRequest) as error:
            raise ValueError(f"entry {number}: {error}") from error
        if (mounted.host, mounted.mount, mounted.name) in {(one.host, one.mount, one.dialect) for one in entries}:
            raise ValueError(f"entry {number}: {entry.dialect} is mounted there already")
        entries.append(msgspec.structs.replace(entry, host=mounted.host))
    return tuple(entries)


def build_registry(entries: tuple[MountEntry, ...], server: ServerDefaults) -> DialectRegistry:
    """Return the mounted dialects, with native behind them."""
    native = NativeDialect(server.presets, server.render_mode, server.keyring)
    native_mount = MountedDialect(NATIVE, native, fallback=server.fallback)
    return DialectRegistry([*(_mount(entry, server) for entry in entries), native_mount])


def ad_hoc_registry(name: str, mount: str = "") -> DialectRegistry:
    """Return a registry of one dialect on every host, without signatures, to read URLs with. Raises ValueError."""
    entry = MountEntry(name, "" if mount else "localhost", mount, keys="")
    return DialectRegistry([replace(_mount(entry, ServerDefaults(allows_unsigned=True)), host="")])


def _mount(entry: MountEntry, server: ServerDefaults) -> MountedDialect:
    """Check an entry and build its dialect. Raises ValueError."""
    if entry.dialect not in DIALECTS:
        raise ValueError(f"there is no dialect {entry.dialect[:64]!r}; choose from {', '.join(DIALECTS)}")
    host = entry.host.lower()
    if host and not _HOST.fullmatch(host):
        raise ValueError(f"host {host[:64]!r} is not a host name; leave out scheme and port")
    if entry.mount and not _MOUNT.fullmatch(entry.mount):
        raise ValueError(f"mount {entry.mount[:64]!r} must be a path such as /img: no final slash, no escapes")
    if f"{entry.mount}/".startswith((_ADMIN,) if host else (_ADMIN, *_RESERVED_MOUNTS)):
        raise ValueError(f"mount {entry.mount[:64]!r} is a path of Pixmill's own")
    if entry.source:
        check_base(entry.source)
    own_list = server.parse_sources(entry.sources) if entry.sources and server.parse_sources else None
    allows = _both(server.allows_source, own_list)
    dialect = DIALECTS[entry.dialect](entry, replace(server, allows_source=allows))
    if not host and not entry.mount and not dialect.prefix:
        raise ValueError(f"{entry.dialect} needs a host or a mount: its URLs have no prefix of their own")
    prefix = f"{entry.mount}/" if entry.mount else "" if host else dialect.prefix
    is_signed = isinstance(dialect, RequiresSignatures) and dialect.requires_signature
    is_limited = is_signed or (isinstance(dialect, LimitsSources) and dialect.limits_sources)
    is_limited = is_limited or bool(entry.sources) or server.allows_source is not None
    relative_only = bool(entry.source) and not is_limited and not server.allows_unsigned
    trusts = _everything if is_signed else allows
    return MountedDialect(
        entry.dialect,
        dialect,
        host,
        entry.mount,
        SourceMapping(entry.source, own_list, relative_only, trusts),
        prefix.encode(),
        is_open=not is_limited and not entry.source,
        fallback=_fallback(entry) or server.fallback,
    )


def _everything(_: SourceRef) -> bool:
    return True


def _fallback(entry: MountEntry) -> Fallback | None:
    """Return the fallback of an entry, which is the operator's: no list of the entry limits it.

    Raises ValueError, BadRequest.
    """
    if entry.fallback_status not in FALLBACK_STATUSES:
        raise ValueError("fallback_status must be 0, for that of the error, or 200 to 299 or 400 to 599")
    if not entry.fallback:
        return None
    source = parse_source(entry.fallback)
    return Fallback(resolve_source(entry.source, source) if entry.source else source, status=entry.fallback_status)


FALLBACK_STATUSES: Final = frozenset({OF_ERROR, *range(200, 300), *range(400, 600)})


def _both(first: AllowsSource | None, second: AllowsSource | None) -> AllowsSource | None:
    """Return the check of both lists, None if there is neither."""
    if first is None or second is None:
        return first or second
    return lambda ref: first(ref) and second(ref)


def _refuse_keys(entry: MountEntry) -> None:
    if entry.keys:
        raise ValueError(f"{entry.dialect} does not use keys: leave them out")


def _own_keyring(entry: MountEntry) -> Keyring | None:
    """Return the keys that an entry itself names."""
    return Keyring.from_text(entry.keys) if entry.keys else None


def _keyring(entry: MountEntry, server: ServerDefaults) -> Keyring | None:
    if entry.keys is None:
        return server.keyring
    return _own_keyring(entry)


def _secrets(entry: MountEntry, server: ServerDefaults) -> tuple[Key, ...]:
    """Return the keys of another service, which may be short, newest first; those of the server if none are given."""
    if entry.keys is None:
        return keys_of(server.keyring.keys) if server.keyring else ()
    secrets = [key.strip().encode() for key in entry.keys.split(",") if key.strip()]
    if entry.keys and not secrets:
        raise ValueError('keys are blank: "" is for unsigned requests')
    return keys_of(secrets)
