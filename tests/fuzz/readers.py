"""Fuzz targets for every parser of untrusted data, run by atheris (libFuzzer): any bytes give a value or a typed
error.

    python -m tests.fuzz.readers NAME [CORPUS_DIR] [-max_total_time=600 …]
    python -m tests.fuzz.readers all FOLDER [-max_total_time=600 …]

``all`` instruments the code canonical, which takes the longest, and runs each reader in a process of its own with a
corpus in the folder. libFuzzer prints a finding and saves it as ``crash-…``. ``make fuzz`` runs all of them for
longer; the tests run each one briefly.
"""

import asyncio
import os
import re
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final
from xml.parsers import expat

import atheris  # type: ignore[import-untyped]
import msgspec
from aiohttp.http_exceptions import HttpProcessingError

with atheris.instrument_imports(include=["pixmill"]):
    from pixmill.api.http.cache_headers import entity_tags
    from pixmill.api.http.form_data import FormReader
    from pixmill.api.http.negotiation import accepted_formats
    from pixmill.cache.format.entry import decode, encode, seal
    from pixmill.dialects.aem.dialect import AemDialect, AemOptions
    from pixmill.dialects.akamai.dialect import AkamaiDialect, AkamaiOptions
    from pixmill.dialects.aliyun.dialect import SERVICES as ALIYUN_SERVICES
    from pixmill.dialects.aliyun.dialect import AliyunDialect, AliyunOptions
    from pixmill.dialects.appwrite.dialect import AppwriteDialect, AppwriteOptions
    from pixmill.dialects.astro.dialect import AstroDialect, AstroOptions
    from pixmill.dialects.astro.remote_patterns import RemotePattern
    from pixmill.dialects.builderio.dialect import BuilderIoDialect, BuilderIoOptions
    from pixmill.dialects.bunny.dialect import BunnyDialect, BunnyOptions
    from pixmill.dialects.cloudflare.dialect import CloudflareDialect, CloudflareOptions
    from pixmill.dialects.cloudimage.dialect import CloudimageDialect, CloudimageOptions
    from pixmill.dialects.cloudinary.dialect import CloudinaryDialect
    from pixmill.dialects.cloudinary.settings import CloudinaryOptions
    from pixmill.dialects.contensis.dialect import ContensisDialect, ContensisOptions
    from pixmill.dialects.contentful.dialect import ContentfulDialect, ContentfulOptions
    from pixmill.dialects.cos.dialect import CosDialect, CosOptions
    from pixmill.dialects.emgr.dialect import EmgrDialect, EmgrOptions
    from pixmill.dialects.fastly.dialect import FastlyDialect, FastlyOptions
    from pixmill.dialects.fastly.gcore import GcoreDialect, GcoreOptions
    from pixmill.dialects.flyimg.dialect import FlyimgDialect, FlyimgOptions
    from pixmill.dialects.glide.dialect import GlideDialect, GlideOptions
    from pixmill.dialects.hygraph.dialect import HygraphDialect, HygraphOptions
    from pixmill.dialects.iiif.dialect import IiifDialect
    from pixmill.dialects.iiif.information import media_type
    from pixmill.dialects.iiif.options import IiifOptions, Version
    from pixmill.dialects.imageengine.dialect import ImageEngineDialect, ImageEngineOptions
    from pixmill.dialects.imagekit.dialect import ImageKitDialect, ImageKitOptions
    from pixmill.dialects.imaginary.dialect import ImaginaryDialect, ImaginaryOptions
    from pixmill.dialects.imgix.dialect import ImgixDialect
    from pixmill.dialects.imgix.services import SERVICES as IMGIX_SERVICES
    from pixmill.dialects.imgproxy.config import ImgproxyOptions
    from pixmill.dialects.imgproxy.dialect import ImgproxyDialect
    from pixmill.dialects.imgproxy.supabase import SupabaseDialect, SupabaseOptions
    from pixmill.dialects.ipx.dialect import IpxDialect, IpxOptions
    from pixmill.dialects.keycdn.directus import DirectusDialect, DirectusOptions
    from pixmill.dialects.keycdn.keycdn import KeyCdnDialect, KeyCdnOptions
    from pixmill.dialects.kit.signatures import keys_of
    from pixmill.dialects.mediacdn.dialect import MediaCdnDialect, MediaCdnOptions
    from pixmill.dialects.native.dialect import parse
    from pixmill.dialects.netlify.dialect import NetlifyDialect, NetlifyOptions
    from pixmill.dialects.nextjs.config import FLAVOURS, load_config
    from pixmill.dialects.nextjs.dialect import NextDialect
    from pixmill.dialects.photon.dialect import PhotonDialect, PhotonOptions
    from pixmill.dialects.port import Dialect, FactsRequest, ImageRedirect, ImmutableImage, Text
    from pixmill.dialects.prepr.dialect import PreprDialect, PreprOptions
    from pixmill.dialects.riapi.dialect import RiapiDialect, RiapiOptions
    from pixmill.dialects.riapi.imagesharp import ImageSharpDialect, ImageSharpOptions
    from pixmill.dialects.scene7.dialect import Scene7Dialect, Scene7Options
    from pixmill.dialects.shopify.dialect import ShopifyDialect, ShopifyOptions
    from pixmill.dialects.signing import Keyring
    from pixmill.dialects.sirv.dialect import SirvDialect, SirvOptions
    from pixmill.dialects.thumbor.aws import AwsDialect, AwsOptions
    from pixmill.dialects.thumbor.dialect import ThumborDialect
    from pixmill.dialects.thumbor.grammar import Flavour
    from pixmill.dialects.thumbor.settings import ThumborOptions
    from pixmill.dialects.thumbor.storyblok import StoryblokDialect, StoryblokOptions
    from pixmill.dialects.twicpics.dialect import TwicPicsDialect, TwicPicsOptions
    from pixmill.dialects.uploadcare.dialect import UploadcareDialect, UploadcareOptions
    from pixmill.dialects.wagtail.dialect import WagtailDialect, WagtailImage, WagtailOptions
    from pixmill.dialects.weserv.dialect import WeservDialect, WeservOptions
    from pixmill.engine import protocol
    from pixmill.engine.codecs import dib, jpeg_segments, png_reader, png_repair, webp_repair
    from pixmill.engine.codecs.gif_decoder import iter_frames, read_info
    from pixmill.engine.codecs.isobmff_colours import read_code_points
    from pixmill.engine.codecs.jxl_header import read_header
    from pixmill.engine.codecs.lossless.file_filter import with_metadata, without_metadata
    from pixmill.engine.codecs.lossless.jpeg_segments_filter import is_common_jpeg
    from pixmill.engine.codecs.metadata import RetainedMetadata
    from pixmill.engine.codecs.metadata_policy import retained_metadata
    from pixmill.engine.codecs.png_colours import png_profile
    from pixmill.engine.codecs.scanlines import Filtering, Samples, filter_rows, unfilter_rows
    from pixmill.engine.codecs.svg_sanitiser import sanitise_svg
    from pixmill.engine.codecs.webp_animation import has_alpha
    from pixmill.engine.pixels import raster_file
    from pixmill.engine.pool.call import Call
    from pixmill.engine.pool.reply_checks import ImpossibleReply, check_reply
    from pixmill.engine.raster.cicp import hdr_encoding
    from pixmill.engine.raster.icc import is_readable_profile
    from pixmill.errors import BadRequest, Forbidden, PixmillError, SourceNotFound
    from pixmill.media import OUTPUT_FORMATS, Format
    from pixmill.plan.facts import Fact, Facts, FactSelection, GpsLocation
    from pixmill.plan.hints import HintValues
    from pixmill.plan.key import Key, canonical_json
    from pixmill.plan.lengths import Size
    from pixmill.plan.limits import Limits
    from pixmill.plan.ops import Output, Plan
    from pixmill.plan.output import Metadata
    from pixmill.plan.request import ImageRequest
    from pixmill.plan.source import parse_source
    from pixmill.plan.url import canonical_url, resolve_redirect
    from pixmill.runtime.spool import Spool
    from pixmill.sources.addresses import check_address
    from pixmill.sources.http.responses import canonical_head
    from tests.cache.entries import entry_of
    from tests.css_references import loads
    from tests.pixels.signalling import P3, chrm, cicp, clli, encode_avif, encode_png, gama, patches

HERE: Final = Path(__file__).parent
CONTENTFUL: Final = ContentfulDialect(ContentfulOptions())
HYGRAPH: Final = HygraphDialect(HygraphOptions())
SHOPIFY: Final = ShopifyDialect(ShopifyOptions())
RING: Final = Keyring((b"0123456789abcdef",))
THUMBORS: Final = (
    ThumborDialect(ThumborOptions()),
    ThumborDialect(ThumborOptions(flavour=Flavour.IMAGOR)),
    StoryblokDialect(StoryblokOptions()),
    AwsDialect(AwsOptions()),
)
IPX: Final = tuple(IpxDialect(IpxOptions(version=version, alias={"x": "http://a"})) for version in (3, 4))
NETLIFY: Final = tuple(
    NetlifyDialect(NetlifyOptions(("^https://a/.*x+",), handler), site="https://b") for handler in ("hosted", "dev")
)
ASTRO: Final = tuple(
    AstroDialect(AstroOptions(("c",), (RemotePattern("https", "**.a.b", "", "/x/*"),), version), site="https://b")
    for version in (5, 6)
)
FLYIMG: Final = FlyimgDialect(FlyimgOptions())
BUILDERIO: Final = BuilderIoDialect(BuilderIoOptions())
PREPR: Final = PreprDialect(PreprOptions())
GCORE: Final = GcoreDialect(GcoreOptions())
MEDIACDN: Final = MediaCdnDialect(MediaCdnOptions())
CONTENSIS: Final = ContensisDialect(ContensisOptions())
AEM: Final = AemDialect(AemOptions({"x": "a.jpg"}, "{id}/{name}", {"wide": "2:1"}, {"small": "width=3"}))
PHOTON: Final = (PhotonDialect(PhotonOptions()), PhotonDialect(PhotonOptions(), is_tachyon=True))
WESERV: Final = WeservDialect(WeservOptions())
CLOUDFLARE: Final = (
    CloudflareDialect(CloudflareOptions(allowed_origins=("*.a.b/c",)), site="https://c.d"),
    CloudflareDialect(CloudflareOptions(), is_hosted=True, keys=keys_of((b"k",))),
)
SIRV: Final = SirvDialect(SirvOptions({"thumb": "thumbnail=150"}))
AKAMAI: Final = AkamaiDialect(
    AkamaiOptions(
        {
            "thumb": {
                "transformations": [{"transformation": "Resize", "width": {"var": "w"}}, {"transformation": "IMQuery"}],
                "variables": [{"name": "w", "defaultValue": "9"}],
            }
        }
    ),
    keys_of((b"SecurityKey",)),
)
BUNNY: Final = BunnyDialect(BunnyOptions({"thumb": "width=150"}), keys_of((b"SecurityKey",)))
COS: Final = tuple(CosDialect(name, CosOptions({"small": "imageView2/2/w/40"})) for name in ("cos", "qiniu"))
TWICPICS: Final = TwicPicsDialect(TwicPicsOptions())
IMAGEENGINE: Final = ImageEngineDialect(ImageEngineOptions())
APPWRITE: Final = AppwriteDialect(AppwriteOptions())
SCENE7: Final = Scene7Dialect(Scene7Options({"a": "wid=3"}, {"b": "3x4"}))
CLOUDIMAGE: Final = CloudimageDialect(CloudimageOptions())
ALIYUN: Final = AliyunDialect(ALIYUN_SERVICES["aliyun"], AliyunOptions({"small": "resize,w_40"}))
FASTLY: Final = FastlyDialect(FastlyOptions())
KEYCDN: Final = KeyCdnDialect(KeyCdnOptions())
UPLOADCARE: Final = UploadcareDialect(UploadcareOptions(path="{uuid}/{filename}"), keys_of((b"secret",)))
UPLOADCARE_FILE: Final = b"/00000000-0000-4000-8000-000000000000"
WAGTAIL: Final = (
    WagtailDialect(WagtailOptions(path="{id}/{filename}"), keys_of((b"secret",))),
    WagtailDialect(WagtailOptions(images={"1": WagtailImage("a.jpg", 1200, 800, 850, 150, 100, 100)})),
)
DIRECTUS: Final = DirectusDialect(DirectusOptions())
GLIDE: Final = GlideDialect(GlideOptions(presets={"small": {"w": 40}}), keys_of((b"k",)))
RIAPI: Final = (
    RiapiDialect(RiapiOptions({"thumb": "width=150"}), keys_of((b"SecurityKey",))),
    ImageSharpDialect(ImageSharpOptions(), keys_of((b"SecurityKey",))),
)
IMAGINARY: Final = ImaginaryDialect(ImaginaryOptions(api_key="x"), keys_of((b"SecurityKey",)))
IMAGEKIT: Final = ImageKitDialect(ImageKitOptions({"small": "w-40:rt-90"}))
IMGIX: Final = tuple(map(ImgixDialect, IMGIX_SERVICES.values()))
NEXT: Final = NextDialect(
    load_config(
        FLAVOURS["nextjs"],
        msgspec.Raw(b'{"remotePatterns": [{"hostname": "**.a.b", "pathname": "/**/*.jpg"}], "domains": ["c"]}'),
    )
)
IIIF: Final = IiifDialect(IiifOptions())
CLOUDINARY: Final = CloudinaryDialect(
    CloudinaryOptions(
        transformations={"a": "w_100", "b": "t_a/e_blur"}, auth_token_key="00ff", use_root_path=True, id_extension="jpg"
    )
)
KEY: Final = Key("0" * 64)
EMGR: Final = (EmgrDialect(EmgrOptions()), EmgrDialect(EmgrOptions(), Keyring((b"0123456789abcdef",))))
IMGPROXY: Final = ImgproxyDialect(
    ImgproxyOptions(source_url_encryption_key="00" * 16, watermark_url="a.png", presets="small=w:40,nested=pr:small")
)
IMGPROXY_PRESETS: Final = ImgproxyDialect(
    ImgproxyOptions(only_presets=True, info_only_presets=True, presets="small=w:40")
)
SUPABASE: Final = SupabaseDialect(SupabaseOptions(jwt_secret="super-secret-jwt-token", public_buckets=("*",)))
ORIGINAL: Final = Spool(10)
ORIGINAL.write(b"0123456789")
LOOP: Final = asyncio.new_event_loop()
LOOP.close()
PNG: Final = Plan(output=Output((Format.PNG,)))
CALLS: Final = {
    kind: [Call(ORIGINAL, plan, asyncio.Future(loop=LOOP), 0.0, 1.0, FactSelection(tuple(Fact))) for plan in plans]
    for kind, plans in (
        (protocol.RenderedImage, (PNG,)),
        (protocol.RenderedBatch, ((PNG,), (PNG, PNG))),
        (protocol.Inspected, (None,)),
        (protocol.Deferred, (PNG,)),
        (protocol.Failed, (PNG, None)),
        (protocol.Cancelled, (PNG, None)),
    )
}
"""What may have been asked of a worker that replies so."""
_MAX_FUZZED_PIXELS: Final = 100_000
_LINKS: Final = ("href", "xlink:href")


def _parse(
    dialect: Dialect, path: bytes, query: bytes, *refusals: type[PixmillError], only_images: bool = False
) -> None:
    """Parse a target; a plan of an image must have a key."""
    with suppress(*refusals):
        outcome = dialect.parse(path, query)
        assert isinstance(outcome, ImageRequest) or not only_images
        assert not isinstance(outcome, ImageRequest) or canonical_json(outcome.plan)


def grammar(data: bytes) -> None:
    with suppress(PixmillError):
        for path in (b"/resize", b"/info"):
            assert canonical_json(parse(path, data).plan)


def nextjs(data: bytes) -> None:
    """A line break separates path and query."""
    path, _, query = data.partition(b"\n")
    _parse(NEXT, path or b"/_next/image", query, BadRequest)
    assert isinstance(NEXT.error_answer(SourceNotFound(), 404, path, query), Text)


def imgproxy(data: bytes) -> None:
    """The path, then the query."""
    path, _, query = data.partition(b"?")
    for dialect in (IMGPROXY, IMGPROXY_PRESETS, SUPABASE):
        with suppress(BadRequest, Forbidden):
            dialect.verify(b"/" + path, query, 0)
        with suppress(BadRequest, Forbidden):
            dialect.parse(b"/" + path, query)


def cloudinary(data: bytes) -> None:
    """A line break separates what follows the type, and the query."""
    path, _, query = data.partition(b"\n")
    for prefix in (b"/demo/image/upload/", b"/"):
        with suppress(BadRequest, Forbidden):
            CLOUDINARY.verify(prefix + path, query, 0)
        _parse(CLOUDINARY, prefix + path, query, BadRequest)
        assert isinstance(CLOUDINARY.error_answer(SourceNotFound(), 404, prefix + path, query), Text)


def thumbor(data: bytes) -> None:
    """A line break separates path and query; each dialect of the package reads both."""
    path, _, query = data.partition(b"\n")
    for dialect in THUMBORS:
        _parse(dialect, b"/" + path, query, BadRequest)


def iiif(data: bytes) -> None:
    """A line break separates path and Accept."""
    path, _, accept = data.partition(b"\n")
    for start in (b"/iiif/2/", b"/iiif/3/", b"/iiif/3/a/"):
        with suppress(BadRequest):
            outcome = IIIF.parse(start + path, b"")
            if isinstance(outcome, FactsRequest):
                url = {"url": "http://a/info.json", "accept": accept.decode("latin-1"), "is_public_url": False}
                assert IIIF.render_facts({"width": 1, "height": 2, "request": url}, start + path, b"").body
            assert not isinstance(outcome, ImageRequest) or canonical_json(outcome.plan)
    assert all(media_type(accept.decode("latin-1"), version) for version in Version)


def ipx(data: bytes) -> None:
    """A line break separates path and query."""
    path, _, query = data.partition(b"\n")
    for dialect in IPX:
        _parse(dialect, path, query, BadRequest, Forbidden)
        assert isinstance(dialect.error_answer(SourceNotFound(), 404, path, query), Text)


def netlify(data: bytes) -> None:
    """The query."""
    for dialect in NETLIFY:
        _parse(dialect, b"/.netlify/images", data, BadRequest, Forbidden, only_images=True)


def photon(data: bytes) -> None:
    """The path, then the query; Photon and Tachyon read both."""
    path, _, query = data.partition(b"?")
    for dialect in PHOTON:
        _parse(dialect, b"/" + path, query, BadRequest)


def weserv(data: bytes) -> None:
    """The query."""
    _parse(WESERV, b"/", data, BadRequest)


def cloudflare(data: bytes) -> None:
    """The path, then the query; the dialects of a zone and of hosted images read both."""
    path, _, query = data.partition(b"?")
    for dialect in CLOUDFLARE:
        with suppress(BadRequest, Forbidden):
            dialect.verify(b"/" + path, query, 0)
        _parse(dialect, b"/" + path, query, BadRequest, Forbidden)


def akamai(data: bytes) -> None:
    """The query."""
    with suppress(BadRequest, Forbidden):
        AKAMAI.verify(b"/a.jpg", data, 0)
    _parse(AKAMAI, b"/a.jpg", data, BadRequest, only_images=True)


def astro(data: bytes) -> None:
    """The query, in both versions."""
    for dialect in ASTRO:
        _parse(dialect, b"/_image", data, BadRequest, Forbidden, only_images=True)


def flyimg(data: bytes) -> None:
    """The path below the kinds of requests, then the query."""
    path, _, query = data.partition(b"?")
    for kind in (b"/upload/", b"/path/"):
        _parse(FLYIMG, kind + path, query, BadRequest)


def builderio(data: bytes) -> None:
    """The path below the prefix, then the query."""
    path, _, query = data.partition(b"?")
    _parse(BUILDERIO, b"/api/v1/image/" + path, query, BadRequest, only_images=True)


def prepr(data: bytes) -> None:
    """The path."""
    _parse(PREPR, b"/" + data, b"", BadRequest, only_images=True)


def gcore(data: bytes) -> None:
    """The query."""
    _parse(GCORE, b"/a.jpg", data, BadRequest, only_images=True)


def mediacdn(data: bytes) -> None:
    """The operations."""
    _parse(MEDIACDN, b"/a.jpg", b"imop=" + data, BadRequest, only_images=True)


def contensis(data: bytes) -> None:
    """The query."""
    _parse(CONTENSIS, b"/a.jpg", data, BadRequest, only_images=True)


def aem(data: bytes) -> None:
    """The path below the prefix, then the query."""
    path, _, query = data.partition(b"?")
    for start in (b"/adobe/", b"/adobe/assets/x/as/"):
        _parse(AEM, start + path, query, BadRequest, only_images=True)


def contentful(data: bytes) -> None:
    """The query."""
    _parse(CONTENTFUL, b"/a.jpg", data, BadRequest, only_images=True)


def hygraph(data: bytes) -> None:
    """The path."""
    _parse(HYGRAPH, b"/" + data, b"", BadRequest, only_images=True)


def shopify(data: bytes) -> None:
    """The path, then the query."""
    path, _, query = data.partition(b"?")
    _parse(SHOPIFY, b"/" + path, query, BadRequest, only_images=True)


def bunny(data: bytes) -> None:
    """The path, then the query."""
    path, _, query = data.partition(b"?")
    with suppress(BadRequest, Forbidden):
        BUNNY.verify(b"/" + path, query, 0)
    _parse(BUNNY, b"/" + path, query, BadRequest, Forbidden, only_images=True)


def sirv(data: bytes) -> None:
    """The query."""
    with suppress(BadRequest):
        outcome = SIRV.parse(b"/a.jpg", data)
        assert isinstance(outcome, ImageRequest | FactsRequest)
        request = outcome.request if isinstance(outcome, FactsRequest) else outcome
        assert canonical_json(request.plan)


def fastly(data: bytes) -> None:
    """The query."""
    _parse(FASTLY, b"/a.jpg", data, BadRequest, Forbidden, only_images=True)


def cos(data: bytes) -> None:
    """The path, then the query."""
    path, _, query = data.partition(b"?")
    for dialect in COS:
        _parse(dialect, b"/" + path, query, BadRequest)


def twicpics(data: bytes) -> None:
    """The path, then the query."""
    path, _, query = data.partition(b"?")
    _parse(TWICPICS, b"/" + path, query, BadRequest, only_images=True)


def imageengine(data: bytes) -> None:
    """The path, then the query."""
    path, _, query = data.partition(b"?")
    with suppress(BadRequest):
        outcome = IMAGEENGINE.parse_with_hints(b"/" + path, query, HintValues(320))
        assert isinstance(outcome, ImageRequest)
        assert canonical_json(outcome.plan)


def appwrite(data: bytes) -> None:
    """The query of a preview."""
    _parse(APPWRITE, b"/v1/storage/buckets/b/files/f/preview", data, BadRequest, only_images=True)


def scene7(data: bytes) -> None:
    """The image, then the query."""
    path, _, query = data.partition(b"?")
    with suppress(BadRequest):
        outcome = SCENE7.parse(b"/is/image/" + path, query)
        assert isinstance(outcome, FactsRequest) or (isinstance(outcome, ImageRequest) and canonical_json(outcome.plan))


def cloudimage(data: bytes) -> None:
    """The path, then the query."""
    path, _, query = data.partition(b"?")
    with suppress(BadRequest):
        outcome = CLOUDIMAGE.parse(b"/" + path, query)
        assert isinstance(outcome, FactsRequest) or (isinstance(outcome, ImageRequest) and canonical_json(outcome.plan))


def aliyun(data: bytes) -> None:
    """A chain of actions."""
    with suppress(BadRequest, Forbidden):
        outcome = ALIYUN.parse(b"/a.jpg", b"x-oss-process=" + data)
        assert isinstance(outcome, FactsRequest) or (isinstance(outcome, ImageRequest) and canonical_json(outcome.plan))


def keycdn(data: bytes) -> None:
    """The query."""
    with suppress(BadRequest, Forbidden):
        outcome = KEYCDN.parse(b"/a.jpg", data)
        assert isinstance(outcome, ImageRequest)
        assert canonical_json(outcome.plan)
        KEYCDN.result_headers(b"/a.jpg", data, Size(300, 200))


def uploadcare(data: bytes) -> None:
    """The path behind a UUID, and alone."""
    for path in (UPLOADCARE_FILE + data, b"/" + data):
        with suppress(BadRequest, Forbidden):
            UPLOADCARE.verify(path, data, 0)
        with suppress(BadRequest):
            outcome = UPLOADCARE.parse(path, b"")
            if isinstance(outcome, ImageRequest):
                assert canonical_json(outcome.plan)
            else:
                UPLOADCARE.render_facts({"width": 1, "height": 1}, path, b"")


def wagtail(data: bytes) -> None:
    """The path."""
    for dialect in WAGTAIL:
        with suppress(BadRequest, Forbidden):
            dialect.verify(b"/" + data, b"", 0)
        _parse(dialect, b"/" + data, b"", BadRequest, Forbidden, only_images=True)


def directus(data: bytes) -> None:
    """The path, then the query; all of it also as transformations."""
    path, _, query = data.partition(b"?")
    for target, parameters in ((b"/assets/" + path, query), (b"/assets/a", b"transforms=" + data)):
        _parse(DIRECTUS, target, parameters, BadRequest, Forbidden, only_images=True)
        assert isinstance(DIRECTUS.error_answer(SourceNotFound(), 404, target, parameters), Text)


def glide(data: bytes) -> None:
    """The path, then the query."""
    path, _, query = data.partition(b"?")
    with suppress(BadRequest, Forbidden):
        GLIDE.verify(b"/" + path, query, 0)
    _parse(GLIDE, b"/" + path, query, BadRequest, only_images=True)


def riapi(data: bytes) -> None:
    """The query, of both dialects."""
    for dialect in RIAPI:
        with suppress(BadRequest, Forbidden):
            dialect.verify(b"/a.jpg", data, 0)
        _parse(dialect, b"/a.jpg", data, BadRequest, Forbidden, only_images=True)


def imaginary(data: bytes) -> None:
    """The path, then the query."""
    path, _, query = data.partition(b"?")
    with suppress(BadRequest, Forbidden):
        IMAGINARY.verify(b"/" + path, query, 0)
    _parse(IMAGINARY, b"/" + path, query, BadRequest, Forbidden)


def imagekit(data: bytes) -> None:
    """The path, then the query."""
    path, _, query = data.partition(b"?")
    _parse(IMAGEKIT, b"/" + path, query, BadRequest, Forbidden, only_images=True)


def imgix(data: bytes) -> None:
    """A line break separates path and query; each service of the package reads both."""
    path, _, query = data.partition(b"\n")
    for dialect in IMGIX:
        with suppress(BadRequest, Forbidden):
            dialect.verify(path, query, 0)
        _parse(dialect, path, query, BadRequest)
        assert isinstance(dialect.error_answer(SourceNotFound(), 404, path, query), Text)


def jpeg(data: bytes) -> None:
    with suppress(ValueError):
        rebuilt = jpeg_segments.rebuild_header(memoryview(data))
        assert len(rebuilt) <= len(data) + len(jpeg_segments.START_OF_IMAGE)
        jpeg_segments.has_all_scans(jpeg_segments.without_partial_segment(rebuilt))


def bitmap(data: bytes) -> None:
    """The first byte says whether it is that of an icon."""
    with suppress(PixmillError, ValueError, struct.error):
        content = memoryview(data)[1:]
        parsed = dib.read_dib(content, is_icon=data[:1] == b"\1")
        if parsed.size.pixels <= _MAX_FUZZED_PIXELS:
            decoded = dib.decode_dib(parsed, content[parsed.end :])
            assert (decoded.image.width, decoded.image.height) == (parsed.size.width, parsed.size.height)


def png(data: bytes) -> None:
    """A PNG that libpng refuses, or that we read ourselves; of small sizes, which the caller checks."""
    width, height = (int.from_bytes(data[at : at + 4]) for at in (16, 20))
    if width * height <= _MAX_FUZZED_PIXELS:
        frame = png_reader.read_png(memoryview(data))
        assert frame is None or len(frame.pixels) == width * height * frame.layout.channels
        with suppress(ValueError, struct.error):
            assert any(png_repair.repair_png(memoryview(data)).rows)


def rows(data: bytes) -> None:
    """The rows of a PNG, whose sizes are in front: as they are, and packed and filtered as pixels."""
    if len(data) < 4:
        return
    width, height, channels, filtering = *data[:2], 1 + data[2] % 4, Filtering(data[3] % len(Filtering))
    content = data[4:]
    with suppress(ValueError):
        assert len(unfilter_rows(bytearray(content), width, height, channels)) == width * height * channels
    with suppress(ValueError):
        filtered = filter_rows(Samples(content, width, height, channels, channels), filtering)
        assert unfilter_rows(filtered, width, height, channels) == content[: width * height * channels]


def raster(data: bytes) -> None:
    """What another worker has written."""
    frame = raster_file.read_raster(memoryview(data), "as asked")
    assert frame is None or memoryview(frame.pixels).nbytes == frame.size.pixels * frame.layout.stored_channels


def riff(data: bytes) -> None:
    """A WebP that libwebp refuses."""
    with suppress(ValueError):
        assert webp_repair.repair_webp(memoryview(data)).file.startswith(b"RIFF")


def emgr(data: bytes) -> None:
    """The query of a resize, the name of a file, and both with a signature."""
    name, _, query = data.partition(b"?")
    for dialect in EMGR:
        for path, values in (
            (b"/api/images/resize", data),
            (b"/api/images/files/" + name, query),
            (b"/" + name, query),
        ):
            with suppress(BadRequest, Forbidden):
                dialect.verify(path, values, 0)
            with suppress(BadRequest):
                outcome = dialect.parse(path, values)
                if isinstance(outcome, ImageRedirect | ImmutableImage):
                    assert canonical_json(outcome.request.plan)
                if isinstance(outcome, ImageRedirect):
                    assert dialect.location(path, values, '"0123456789abcdef"', None).isascii()


def signature(data: bytes) -> None:
    with suppress(PixmillError):
        RING.verify(b"/resize", data, 0)
        raise AssertionError("signature accepted without the key")


def url(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    with suppress(PixmillError):
        canonical = canonical_url("http://" + text)
        assert canonical_url(canonical) == canonical
    with suppress(PixmillError):
        resolve_redirect("http://example.com/a/b", text)
    with suppress(PixmillError):
        parse_source(text)


def headers(data: bytes) -> None:
    text = data.decode("latin-1")
    assert len(accepted_formats(text)) <= len(text)
    entity_tags(text)


def responses(data: bytes) -> None:
    with suppress(HttpProcessingError):
        fields = canonical_head(data).lower().split(b"\r\n")
        assert sum(field.startswith((b"content-length:", b"transfer-encoding:")) for field in fields) <= 1
        assert b"connection: close" in fields


def forms(data: bytes) -> None:
    """A form in chunks; files and fields together are never longer than it."""
    form, file_bytes, step = FormReader(b"b"), 0, 1 + data[0] % 64 if data else 1
    with suppress(BadRequest):
        for start in range(1, len(data), step):
            file_bytes += sum(map(len, form.feed(data[start : start + step])))
        assert file_bytes + sum(len(value) for _, value in form.fields) <= len(data)
        form.finish().decode("ascii")


def entry(data: bytes) -> None:
    decode(KEY, data)
    half = len(data) // 2
    decode(KEY, seal(data[:half], data[half:]))


def messages(data: bytes) -> None:
    with suppress(protocol.ProtocolError):
        protocol._decode(protocol._COMMAND_DECODER, data)
    with suppress(protocol.ProtocolError):
        protocol._decode(protocol._REPLY_DECODER, data)


def replies(data: bytes) -> None:
    """Whatever passes the checks has durations, sizes and parts that can be used without another look."""
    with suppress(protocol.ProtocolError, ImpossibleReply):
        outcome = protocol.decode_reply(data)
        if isinstance(outcome, protocol.Ready):
            return
        for call in CALLS[type(outcome)]:
            with suppress(ImpossibleReply):
                check_reply(outcome, call, 1_000, Limits(), elapsed_s=1.0)
                _check_passed(outcome)


def _check_passed(outcome: protocol.Outcome) -> None:
    images = outcome.results if isinstance(outcome, protocol.RenderedBatch) else (outcome,)
    end = 0
    for image in images:
        if isinstance(image, protocol.RenderedImage | protocol.BatchItem):
            assert image.format is Format.PNG
            assert min(image.width, image.height) >= 1
            assert all(stage.isascii() and 0 <= seconds < 2 for stage, seconds in image.seconds.items())
        elif isinstance(image, protocol.Failed):
            assert type(protocol.error_from_wire(image)).code == image.code
    parts = [(each.offset, each.size_bytes) for each in images if isinstance(each, protocol.BatchItem)]
    for offset, size in sorted(parts):
        assert end <= offset < offset + size <= 1_000
        end = offset + size


def address(data: bytes) -> None:
    with suppress(PixmillError):
        check_address(data.decode("latin-1"))


def svg(data: bytes) -> None:
    with suppress(PixmillError, expat.ExpatError):
        canonical = sanitise_svg(data).serialise()
        assert sanitise_svg(canonical).serialise() == canonical
        _check_svg(canonical)


def _loads_nothing(css: str) -> bool:
    return all(url.startswith(("#", "data:")) for url in loads(css))


def _check_svg(text: bytes) -> None:
    """Check the output with a parser of its own."""
    parser = expat.ParserCreate()
    within: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        within.append(name)
        assert name.lower() not in ("script", "foreignobject", "iframe", "handler"), text
        for attribute, value in attributes.items():
            assert attribute[:2].lower() != "on", text
            assert attribute not in ("ping", "xml:base"), text
            assert attribute not in _LINKS or re.match(r"\s*#|data:image/", value, re.IGNORECASE), text
            assert attribute in _LINKS or "(" not in value or _loads_nothing(value), text

    def text_content(data: str) -> None:
        assert within[-1] != "style" or _loads_nothing(data), text

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: within.pop()
    parser.CharacterDataHandler = text_content
    parser.buffer_text = True
    parser.Parse(text, True)


def gif(data: bytes) -> None:
    """The blocks of a GIF; pixels are left to Pillow."""
    with suppress(PixmillError):
        info = read_info(memoryview(data))
        assert info.size.width < 2**17
        frames = sum(bool(frame.data) for frame in iter_frames(memoryview(data)))
        assert len(info.delays_ms) == frames or (info.truncated and len(info.delays_ms) == frames - 1)


def webp(data: bytes) -> None:
    """The frames of an animated WebP."""
    with suppress(PixmillError):
        assert has_alpha(memoryview(data)) in (True, False)


def colours(data: bytes) -> None:
    """What a file says of its colours: an ICC profile that can be applied, or nothing."""
    source = memoryview(data)
    profiles = [png_profile(source, b"", grey=grey) for grey in (False, True)]
    for sequence in (False, True):
        if points := read_code_points(source, sequence=sequence):
            profiles += [points.profile(grey=grey) for grey in (False, True)]
    assert all(is_readable_profile(profile) for profile in profiles if profile)
    hdr_encoding(data)
    with suppress(IndexError, ValueError):
        read_header(source)


def metadata(data: bytes) -> None:
    """The bytes are EXIF, XMP and IPTC; what is kept of them is kept as it is another time."""
    for policy in (Metadata.COPYRIGHT, Metadata.KEEP, Metadata.ALL):
        kept = retained_metadata(policy, data, data, data)
        if policy is not Metadata.COPYRIGHT:
            assert retained_metadata(policy, kept.exif, kept.xmp, kept.iptc) == kept
        assert max(len(kept.exif), len(kept.iptc)) < 65_000


def containers(data: bytes) -> None:
    """Files of every format whose metadata is exchanged, or looked for, without decoding."""
    source = memoryview(data)
    is_common_jpeg(source)
    for form in OUTPUT_FORMATS:
        without_metadata(data, form)
        for kept in (RetainedMetadata(), RetainedMetadata(b"II*\0\x08\0\0\0", b"<x/>", b"\x1c\2")):
            result = with_metadata(source, form, kept)
            assert result is None or len(result) <= len(data) + 1_000


READERS: Final[dict[str, Callable[[bytes], None]]] = {
    reader.__name__: reader
    for reader in (
        grammar,
        nextjs,
        imgproxy,
        thumbor,
        iiif,
        cloudinary,
        ipx,
        netlify,
        cloudflare,
        weserv,
        imagekit,
        imaginary,
        riapi,
        imgix,
        fastly,
        aliyun,
        cloudimage,
        scene7,
        appwrite,
        imageengine,
        keycdn,
        wagtail,
        twicpics,
        cos,
        directus,
        glide,
        uploadcare,
        bunny,
        sirv,
        akamai,
        photon,
        astro,
        flyimg,
        builderio,
        prepr,
        gcore,
        mediacdn,
        contensis,
        aem,
        contentful,
        hygraph,
        shopify,
        signature,
        emgr,
        url,
        headers,
        responses,
        forms,
        entry,
        messages,
        replies,
        address,
        svg,
        jpeg,
        metadata,
        containers,
        bitmap,
        png,
        rows,
        riff,
        gif,
        webp,
        colours,
        raster,
    )
}


def _encoded_messages() -> list[bytes]:
    plan = parse(b"/resize", b"url=a&width=4&format=jpeg").plan
    messages = (protocol.Render(1, 20, plan), protocol.Inspect(1, 20), protocol.Ready(), protocol.Cancelled(1, 20))
    return [protocol._ENCODER.encode(message) for message in messages]


def _encoded_replies() -> list[bytes]:
    item = protocol.BatchItem(0, 500, Format.PNG, 3, 4, {"encode": 0.5})
    failed = protocol.Failed(1, 2, "image_too_large", "too large", "width", "detail")
    facts = Facts(Format.GIF, 1, 2, 3, True, 8, "srgb", "Display P3", 10, gps=GpsLocation(1.5, 2.5), exif={"A": 1.5})
    outcomes = (
        protocol.RenderedImage(1, 2, Format.PNG, 3, 4, {"decode": 0.5}),
        protocol.RenderedBatch(1, 2, (item, failed)),
        protocol.Inspected(1, 2, facts),
        protocol.Deferred(1, 2, 3.5),
        failed,
    )
    return [protocol._ENCODER.encode(outcome) for outcome in outcomes]


_GENERATED_SEEDS: Final[dict[str, Callable[[], list[bytes]]]] = {
    "replies": _encoded_replies,
    "colours": lambda: [
        *(bytes(encode_png(patches(), *chunks)) for chunks in ((cicp(9, 16), clli(400)), (gama(1), chrm(*P3)))),
        *(bytes(encode_avif(patches(), *points)) for points in ((12, 13), (9, 18))),
        *(bytes(encode_avif(patches(), 12, 13)).replace(name, b"free") for name in (b"colr", b"ipma")),
    ],
    "entry": lambda: [encode(KEY, entry_of())],
    "messages": _encoded_messages,
}
"""Seeds in formats that change with the code: as files they would no longer be valid."""


def seeds(name: str) -> list[bytes]:
    """The inputs that fuzzing of this target starts with."""
    generate = _GENERATED_SEEDS.get(name, list)
    return [path.read_bytes() for path in sorted((HERE / "corpus" / name).glob("*"))] + generate()


def fuzz(name: str, options: list[str]) -> None:
    """Fuzz one target; does not return."""
    atheris.Setup([sys.argv[0], *options], READERS[name])
    atheris.Fuzz()


def fuzz_all(folder: Path, options: list[str]) -> None:
    """Fuzz every target in a process of its own; exit at the first finding."""
    for name in READERS:
        corpus = folder / name
        corpus.mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(seeds(name)):
            (corpus / f"seed-{number}").write_bytes(seed)
        child = os.fork()
        if not child:
            print(name, file=sys.stderr, flush=True)  # noqa: T201
            fuzz(name, [str(corpus), *options])
        _, status = os.waitpid(child, 0)
        if status:
            sys.exit(f"{name} ended with {status}")


if __name__ == "__main__":
    first, *rest = sys.argv[1:]
    if first == "all":
        fuzz_all(Path(rest[0]), rest[1:])
    else:
        fuzz(first, rest)
