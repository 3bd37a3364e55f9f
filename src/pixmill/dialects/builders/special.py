"""Builds the dialects that need more than options and keys, or share a class among several services.

Each dialect is imported when it is built, as in ``plain.py``.
"""

from dataclasses import replace

import msgspec
from msgspec.structs import replace as replace_struct

from pixmill.dialects.builders.entry import (
    MountEntry,
    NoOptions,
    ServerDefaults,
    keyring_of,
    own_keyring,
    refuse_keys,
    secrets,
)
from pixmill.dialects.kit.signatures import hex_keys
from pixmill.dialects.native.dialect import NativeDialect
from pixmill.dialects.port import Dialect


def native(entry: MountEntry, server: ServerDefaults) -> NativeDialect:
    msgspec.json.decode(entry.options, type=NoOptions)
    return NativeDialect(server.presets, server.render_mode, keyring_of(entry, server), entry.mount.encode())


def emgr(entry: MountEntry, server: ServerDefaults) -> Dialect:
    from pixmill.dialects.emgr.dialect import EmgrDialect, EmgrOptions

    options = msgspec.json.decode(entry.options, type=EmgrOptions)
    keyring = keyring_of(entry, server)
    return EmgrDialect(options, keyring, entry.mount.encode(), server.allows_source, server.render_mode)


def akamai(entry: MountEntry, server: ServerDefaults) -> Dialect:
    from pixmill.dialects.akamai.dialect import AkamaiDialect, AkamaiOptions

    options = msgspec.json.decode(entry.options, type=AkamaiOptions)
    keys = hex_keys(entry.keys or "")
    if entry.keys and not keys:
        raise ValueError('keys are blank: "" is for unsigned requests')
    return AkamaiDialect(options, keys, entry.mount, server.render_mode)


def fastly(entry: MountEntry, server: ServerDefaults) -> Dialect:
    from pixmill.dialects.fastly.dialect import ContentstackOptions, FastlyDialect, FastlyOptions

    refuse_keys(entry)
    kind = ContentstackOptions if entry.dialect == "contentstack" else FastlyOptions
    return FastlyDialect(msgspec.json.decode(entry.options, type=kind), server.render_mode)


def flyimg(entry: MountEntry, server: ServerDefaults) -> Dialect:
    from pixmill.dialects.flyimg.dialect import FlyimgDialect, FlyimgOptions

    refuse_keys(entry)
    return FlyimgDialect(msgspec.json.decode(entry.options, type=FlyimgOptions), entry.mount, server.render_mode)


def nextjs(entry: MountEntry, server: ServerDefaults) -> Dialect:
    from pixmill.dialects.nextjs.config import FLAVOURS, load_config
    from pixmill.dialects.nextjs.dialect import NextDialect

    keyring = own_keyring(entry)
    config = load_config(FLAVOURS[entry.dialect], entry.options)
    return NextDialect(config, mount=entry.mount, site=entry.source, keyring=keyring, mode=server.render_mode)


def imgix(entry: MountEntry, server: ServerDefaults) -> Dialect:
    from pixmill.dialects.imgix.dialect import ImgixDialect, ImgixOptions
    from pixmill.dialects.imgix.services import SERVICES as IMGIX_SERVICES

    return ImgixDialect(
        IMGIX_SERVICES[entry.dialect],
        msgspec.json.decode(entry.options, type=ImgixOptions),
        secrets(entry, server),
        mount=entry.mount,
        mode=server.render_mode,
    )


def imgproxy(entry: MountEntry, server: ServerDefaults) -> Dialect:
    from pixmill.dialects.imgproxy.config import ImgproxyOptions
    from pixmill.dialects.imgproxy.dialect import ImgproxyDialect

    options = msgspec.json.decode(entry.options, type=ImgproxyOptions)
    return ImgproxyDialect(options, keyring_of(entry, server), server.render_mode, entry.mount)


def supabase(entry: MountEntry, server: ServerDefaults) -> Dialect:
    from pixmill.dialects.imgproxy.supabase import SupabaseDialect, SupabaseOptions

    refuse_keys(entry)
    options = msgspec.json.decode(entry.options, type=SupabaseOptions)
    if not (options.public_buckets or options.jwt_secret or options.authenticated):
        if not server.allows_unsigned:
            raise ValueError("supabase answers nothing: name public_buckets, or set jwt_secret, in its options")
        options = replace_struct(options, public_buckets=("*",))
    return SupabaseDialect(options, server.render_mode)


def thumbor(entry: MountEntry, server: ServerDefaults) -> Dialect:
    from pixmill.dialects.thumbor.dialect import ThumborDialect
    from pixmill.dialects.thumbor.settings import ThumborOptions

    settings = msgspec.json.decode(entry.options, type=ThumborOptions)
    return ThumborDialect(settings, secrets(entry, server), entry.default_scheme, server.render_mode, entry.mount)


def imagor(entry: MountEntry, server: ServerDefaults) -> Dialect:
    from pixmill.dialects.thumbor.dialect import ThumborDialect
    from pixmill.dialects.thumbor.grammar import Flavour
    from pixmill.dialects.thumbor.settings import ThumborOptions

    settings = replace_struct(msgspec.json.decode(entry.options, type=ThumborOptions), flavour=Flavour.IMAGOR)
    return ThumborDialect(settings, secrets(entry, server), entry.default_scheme, server.render_mode, entry.mount)


def storyblok(entry: MountEntry, server: ServerDefaults) -> Dialect:
    from pixmill.dialects.thumbor.storyblok import StoryblokDialect, StoryblokOptions

    refuse_keys(entry)
    settings = msgspec.json.decode(entry.options, type=StoryblokOptions)
    return StoryblokDialect(settings, entry.default_scheme, server.render_mode)


def aws(entry: MountEntry, server: ServerDefaults) -> Dialect:
    from pixmill.dialects.thumbor.aws import AwsDialect, AwsOptions

    settings = msgspec.json.decode(entry.options, type=AwsOptions)
    return AwsDialect(settings, secrets(entry, server), entry.default_scheme, server.render_mode)


def ipx(entry: MountEntry, server: ServerDefaults) -> Dialect:
    from pixmill.dialects.ipx.dialect import IpxDialect, IpxOptions

    options = msgspec.json.decode(entry.options, type=IpxOptions)
    keyring = own_keyring(entry)
    return IpxDialect(options, mount=entry.mount, keyring=keyring, mode=server.render_mode)


def cloudflare(entry: MountEntry, server: ServerDefaults) -> Dialect:
    from pixmill.dialects.cloudflare.dialect import CloudflareDialect, CloudflareOptions

    return CloudflareDialect(
        msgspec.json.decode(entry.options, type=CloudflareOptions),
        keys=secrets(entry, replace(server, keyring=None)),
        site=entry.source,
        site_only=not entry.sources and server.allows_source is None,
        is_hosted=entry.dialect == "imagedelivery",
        mode=server.render_mode,
    )


def iiif(entry: MountEntry, server: ServerDefaults) -> Dialect:
    from pixmill.dialects.iiif.dialect import IiifDialect
    from pixmill.dialects.iiif.options import IiifOptions

    refuse_keys(entry)
    options = msgspec.json.decode(entry.options, type=IiifOptions)
    return IiifDialect(options, entry.mount, server.limits, server.render_mode)


def uploadcare(entry: MountEntry, server: ServerDefaults) -> Dialect:
    from pixmill.dialects.uploadcare.dialect import UploadcareDialect, UploadcareOptions

    options = msgspec.json.decode(entry.options, type=UploadcareOptions)
    try:
        keys = hex_keys(entry.keys or "")
    except ValueError as error:
        raise ValueError("keys must be hexadecimal digits, as the secrets of signed URLs are") from error
    return UploadcareDialect(options, keys, entry.mount, server.render_mode)


def weserv(entry: MountEntry, server: ServerDefaults) -> Dialect:
    from pixmill.dialects.weserv.dialect import WeservDialect, WeservOptions

    return WeservDialect(
        msgspec.json.decode(entry.options, type=WeservOptions),
        mount=entry.mount,
        default_scheme=entry.default_scheme,
        keyring=own_keyring(entry),
        mode=server.render_mode,
    )


def cloudinary(entry: MountEntry, server: ServerDefaults) -> Dialect:
    from pixmill.dialects.cloudinary.dialect import CloudinaryDialect
    from pixmill.dialects.cloudinary.settings import CloudinaryOptions

    options = msgspec.json.decode(entry.options, type=CloudinaryOptions)
    return CloudinaryDialect(options, secrets(entry, server), entry.mount.encode(), server.render_mode)


def imagekit(entry: MountEntry, server: ServerDefaults) -> Dialect:
    from pixmill.dialects.imagekit.dialect import ImageKitDialect, ImageKitOptions

    options = msgspec.json.decode(entry.options, type=ImageKitOptions)
    return ImageKitDialect(options, secrets(entry, server), server.render_mode, entry.mount)


def keycdn(entry: MountEntry, server: ServerDefaults) -> Dialect:
    from pixmill.dialects.keycdn.keycdn import KeyCdnDialect, KeyCdnOptions

    refuse_keys(entry)
    options = msgspec.json.decode(entry.options, type=KeyCdnOptions)
    return KeyCdnDialect(options, server.limits, server.render_mode)


def imaginary(entry: MountEntry, server: ServerDefaults) -> Dialect:
    from pixmill.dialects.imaginary.dialect import ImaginaryDialect, ImaginaryOptions

    options = msgspec.json.decode(entry.options, type=ImaginaryOptions)
    return ImaginaryDialect(options, secrets(entry, server), entry.mount, server.limits, server.render_mode)


def photon(entry: MountEntry, server: ServerDefaults) -> Dialect:
    from pixmill.dialects.photon.dialect import PhotonDialect, PhotonOptions

    refuse_keys(entry)
    options = msgspec.json.decode(entry.options, type=PhotonOptions)
    return PhotonDialect(options, is_tachyon=entry.dialect == "tachyon", mode=server.render_mode)


def aliyun(entry: MountEntry, server: ServerDefaults) -> Dialect:
    from pixmill.dialects.aliyun.dialect import SERVICES as ALIYUN_SERVICES
    from pixmill.dialects.aliyun.dialect import AliyunDialect, AliyunOptions

    refuse_keys(entry)
    options = msgspec.json.decode(entry.options, type=AliyunOptions)
    return AliyunDialect(ALIYUN_SERVICES[entry.dialect], options, server.render_mode)


def cos(entry: MountEntry, server: ServerDefaults) -> Dialect:
    from pixmill.dialects.cos.dialect import CosDialect, CosOptions

    refuse_keys(entry)
    options = msgspec.json.decode(entry.options, type=CosOptions)
    return CosDialect(entry.dialect, options, server.render_mode)
