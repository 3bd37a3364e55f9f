"""Builds the dialects whose factories differ in nothing but their classes.

Each dialect is imported when it is built: an import costs more than all entries of most servers.
"""

from collections.abc import Callable
from typing import Protocol, TypeVar

import msgspec

from pixmill.dialects.builders.entry import MountEntry, ServerDefaults, own_keyring, refuse_keys, secrets
from pixmill.dialects.kit.signatures import Key
from pixmill.dialects.port import Dialect
from pixmill.dialects.signing import Keyring
from pixmill.plan.output import RenderMode

OptionsT = TypeVar("OptionsT")
OptionsT_contra = TypeVar("OptionsT_contra", contravariant=True)


def _keyless(
    build: Callable[[OptionsT, RenderMode], Dialect],
    options_type: type[OptionsT],
    entry: MountEntry,
    server: ServerDefaults,
) -> Dialect:
    """Build a dialect without signatures."""
    refuse_keys(entry)
    return build(msgspec.json.decode(entry.options, type=options_type), server.render_mode)


def _signed(
    build: Callable[[OptionsT, tuple[Key, ...], str, RenderMode], Dialect],
    options_type: type[OptionsT],
    entry: MountEntry,
    server: ServerDefaults,
) -> Dialect:
    """Build a dialect with signatures of its service, over the mount and what follows."""
    options = msgspec.json.decode(entry.options, type=options_type)
    return build(options, secrets(entry, server), entry.mount, server.render_mode)


class _SiteDialect(Protocol[OptionsT_contra]):
    """Builds the dialect of a site, whose base has the paths that URLs name."""

    def __call__(
        self, options: OptionsT_contra, *, mount: str, site: str, keyring: Keyring | None, mode: RenderMode
    ) -> Dialect: ...


def _site_signed(
    build: _SiteDialect[OptionsT], options_type: type[OptionsT], entry: MountEntry, server: ServerDefaults
) -> Dialect:
    """Build the dialect of a site, with Pixmill's own signatures if the entry names keys."""
    options = msgspec.json.decode(entry.options, type=options_type)
    keyring = own_keyring(entry)
    return build(options, mount=entry.mount, site=entry.source, keyring=keyring, mode=server.render_mode)


def netlify(entry: MountEntry, server: ServerDefaults) -> Dialect:
    from pixmill.dialects.netlify.dialect import NetlifyDialect, NetlifyOptions

    return _site_signed(NetlifyDialect, NetlifyOptions, entry, server)


def glide(entry: MountEntry, server: ServerDefaults) -> Dialect:
    from pixmill.dialects.glide.dialect import GlideDialect, GlideOptions

    return _signed(GlideDialect, GlideOptions, entry, server)


def contentful(entry: MountEntry, server: ServerDefaults) -> Dialect:
    from pixmill.dialects.contentful.dialect import ContentfulDialect, ContentfulOptions

    return _keyless(ContentfulDialect, ContentfulOptions, entry, server)


def hygraph(entry: MountEntry, server: ServerDefaults) -> Dialect:
    from pixmill.dialects.hygraph.dialect import HygraphDialect, HygraphOptions

    return _keyless(HygraphDialect, HygraphOptions, entry, server)


def shopify(entry: MountEntry, server: ServerDefaults) -> Dialect:
    from pixmill.dialects.shopify.dialect import ShopifyDialect, ShopifyOptions

    return _keyless(ShopifyDialect, ShopifyOptions, entry, server)


def directus(entry: MountEntry, server: ServerDefaults) -> Dialect:
    from pixmill.dialects.keycdn.directus import DirectusDialect, DirectusOptions

    return _keyless(DirectusDialect, DirectusOptions, entry, server)


def bunny(entry: MountEntry, server: ServerDefaults) -> Dialect:
    from pixmill.dialects.bunny.dialect import BunnyDialect, BunnyOptions

    return _signed(BunnyDialect, BunnyOptions, entry, server)


def cloudimage(entry: MountEntry, server: ServerDefaults) -> Dialect:
    from pixmill.dialects.cloudimage.dialect import CloudimageDialect, CloudimageOptions

    return _keyless(CloudimageDialect, CloudimageOptions, entry, server)


def wagtail(entry: MountEntry, server: ServerDefaults) -> Dialect:
    from pixmill.dialects.wagtail.dialect import WagtailDialect, WagtailOptions

    return _signed(WagtailDialect, WagtailOptions, entry, server)


def sirv(entry: MountEntry, server: ServerDefaults) -> Dialect:
    from pixmill.dialects.sirv.dialect import SirvDialect, SirvOptions

    return _keyless(SirvDialect, SirvOptions, entry, server)


def scene7(entry: MountEntry, server: ServerDefaults) -> Dialect:
    from pixmill.dialects.scene7.dialect import Scene7Dialect, Scene7Options

    return _keyless(Scene7Dialect, Scene7Options, entry, server)


def appwrite(entry: MountEntry, server: ServerDefaults) -> Dialect:
    from pixmill.dialects.appwrite.dialect import AppwriteDialect, AppwriteOptions

    return _keyless(AppwriteDialect, AppwriteOptions, entry, server)


def imageengine(entry: MountEntry, server: ServerDefaults) -> Dialect:
    from pixmill.dialects.imageengine.dialect import ImageEngineDialect, ImageEngineOptions

    return _keyless(ImageEngineDialect, ImageEngineOptions, entry, server)


def twicpics(entry: MountEntry, server: ServerDefaults) -> Dialect:
    from pixmill.dialects.twicpics.dialect import TwicPicsDialect, TwicPicsOptions

    return _keyless(TwicPicsDialect, TwicPicsOptions, entry, server)


def astro(entry: MountEntry, server: ServerDefaults) -> Dialect:
    from pixmill.dialects.astro.dialect import AstroDialect, AstroOptions

    return _site_signed(AstroDialect, AstroOptions, entry, server)


def builderio(entry: MountEntry, server: ServerDefaults) -> Dialect:
    from pixmill.dialects.builderio.dialect import BuilderIoDialect, BuilderIoOptions

    return _keyless(BuilderIoDialect, BuilderIoOptions, entry, server)


def prepr(entry: MountEntry, server: ServerDefaults) -> Dialect:
    from pixmill.dialects.prepr.dialect import PreprDialect, PreprOptions

    return _keyless(PreprDialect, PreprOptions, entry, server)


def gcore(entry: MountEntry, server: ServerDefaults) -> Dialect:
    from pixmill.dialects.fastly.gcore import GcoreDialect, GcoreOptions

    return _keyless(GcoreDialect, GcoreOptions, entry, server)


def mediacdn(entry: MountEntry, server: ServerDefaults) -> Dialect:
    from pixmill.dialects.mediacdn.dialect import MediaCdnDialect, MediaCdnOptions

    return _keyless(MediaCdnDialect, MediaCdnOptions, entry, server)


def contensis(entry: MountEntry, server: ServerDefaults) -> Dialect:
    from pixmill.dialects.contensis.dialect import ContensisDialect, ContensisOptions

    return _keyless(ContensisDialect, ContensisOptions, entry, server)


def aem(entry: MountEntry, server: ServerDefaults) -> Dialect:
    from pixmill.dialects.aem.dialect import AemDialect, AemOptions

    return _keyless(AemDialect, AemOptions, entry, server)


def riapi(entry: MountEntry, server: ServerDefaults) -> Dialect:
    from pixmill.dialects.riapi.dialect import RiapiDialect, RiapiOptions

    return _signed(RiapiDialect, RiapiOptions, entry, server)


def imagesharp(entry: MountEntry, server: ServerDefaults) -> Dialect:
    from pixmill.dialects.riapi.imagesharp import ImageSharpDialect, ImageSharpOptions

    return _signed(ImageSharpDialect, ImageSharpOptions, entry, server)
