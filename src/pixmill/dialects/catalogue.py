"""The services whose URLs there are dialects for: names, titles, pages, and the marks of their URLs.

Knows words and patterns only; it must never import a dialect. ``factory.py`` has the dialects themselves.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Service:
    """A service: ``name`` of its dialect, ``title``, an ``example`` of its URLs, and the ``page`` below docs/dialects/.

    ``path_mark`` and ``query_mark`` match URLs that no other service has; empty if there is no such mark. A mark is
    tried once from each position at most, so that its time is linear.
    """

    name: str
    title: str
    example: str
    page: str
    path_mark: str = ""
    query_mark: str = ""


_UUID: Final = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"

SERVICES: Final = (
    Service(
        "imgproxy",
        "imgproxy",
        "/SIGNATURE/rs:fit:300:300/plain/https://example.com/a.jpg",
        "imgproxy",
        "/[^/:]{1,128}/(?:plain/|enc/|[a-z_]{1,40}(?::|%3[Aa]))",
    ),
    Service(
        "supabase",
        "Supabase Storage",
        "/storage/v1/render/image/public/BUCKET/a.jpg?width=300",
        "imgproxy",
        "/storage/v1/render/image/",
    ),
    Service("nextjs", "Next.js", "/_next/image?url=%2Fa.jpg&w=640&q=75", "nextjs", "/_next/image"),
    Service("vercel", "Vercel", "/_vercel/image?url=%2Fa.jpg&w=640&q=75", "nextjs", "/_vercel/image"),
    Service("amplify", "AWS Amplify", "/_amplify/image?url=%2Fa.jpg&w=640&q=75", "nextjs", "/_amplify/image"),
    Service("netlify", "Netlify Image CDN", "/.netlify/images?url=/a.jpg&w=300", "netlify", r"/\.netlify/images"),
    Service("ipx", "ipx (Nuxt Image, Nitro)", "/_ipx/w_300,f_webp/a.jpg", "ipx", "/_ipx/"),
    Service("thumbor", "thumbor", "/unsafe/300x200/smart/a.jpg", "thumbor", "/(?:unsafe/|[A-Za-z0-9_-]{27}=/)"),
    Service("imagor", "imagor", "/unsafe/fit-in/300x200/a.jpg", "thumbor"),
    Service(
        "storyblok", "Storyblok", "/f/88751/1200x800/HASH/a.jpg/m/300x200", "thumbor", "/f/[0-9]{1,12}/[^?]{1,512}/m/"
    ),
    Service("aws", "AWS Dynamic Image Transformation", "/fit-in/300x300/filters:grayscale()/a.jpg", "thumbor"),
    Service("iiif", "IIIF Image API 2.1 and 3.0", "/iiif/3/a.jpg/full/300,/0/default.jpg", "iiif", "/iiif/[23]/"),
    Service("cloudflare", "Cloudflare Images", "/cdn-cgi/image/width=300/a.jpg", "cloudflare", "/cdn-cgi/image/"),
    Service("imagedelivery", "Cloudflare Images, hosted", "/ACCOUNT/ID/public", "cloudflare"),
    Service("imgix", "imgix", "/a.jpg?w=300&h=200&fit=crop", "imgix"),
    Service("prismic", "Prismic", "/a.jpg?auto=compress,format&w=300", "imgix"),
    Service("sanity", "Sanity", "/images/PROJECT/DATASET/ID-1200x800.jpg?w=300", "imgix"),
    Service("gumlet", "Gumlet", "/a.jpg?w=300&mode=crop", "imgix"),
    Service("kontent", "Kontent.ai", "/PROJECT/ID/a.jpg?w=300&fit=crop", "imgix"),
    Service("weserv", "weserv (wsrv.nl)", "/?url=example.com/a.jpg&w=300", "weserv"),
    Service("photon", "Photon (Jetpack, WordPress.com)", "/example.com/a.jpg?resize=300,200", "photon"),
    Service("tachyon", "Tachyon", "/uploads/a.jpg?resize=300,200", "photon"),
    Service(
        "cloudinary",
        "Cloudinary",
        "/CLOUD/image/upload/c_fill,w_300,h_200/v1/a.jpg",
        "cloudinary",
        "(?:/[^/]{1,128})?/(?:image|video|raw)/(?:upload|fetch|private|authenticated)/",
    ),
    Service("imagekit", "ImageKit", "/tr:w-300,h-200/a.jpg", "imagekit", "(?:/[^/]{1,128})?/tr:", "tr=[a-z]"),
    Service("bunny", "Bunny Optimizer", "/a.jpg?width=300&crop=200,200", "bunny"),
    Service("fastly", "Fastly Image Optimizer", "/a.jpg?width=300&fit=bounds", "fastly"),
    Service("contentstack", "Contentstack", "/v3/assets/STACK/ID/a.jpg?width=300", "fastly"),
    Service("keycdn", "KeyCDN", "/a.jpg?width=300&fit=cover", "keycdn"),
    Service("directus", "Directus", "/assets/UUID?width=300&fit=cover", "keycdn", f"/assets/{_UUID}"),
    Service("glide", "Glide (Statamic, Laravel)", "/a.jpg?w=300&h=200&fit=crop", "glide"),
    Service("shopify", "Shopify", "/cdn/shop/files/a_300x.jpg", "shopify"),
    Service("uploadcare", "Uploadcare", "/UUID/-/resize/300x/", "uploadcare", f"/{_UUID}/-/"),
    Service("contentful", "Contentful", "/SPACE/ID/HASH/a.jpg?w=300&fit=fill", "contentful"),
    Service(
        "hygraph", "Hygraph", "/ENVIRONMENT/resize=width:300/HANDLE", "hygraph", "/[^?]{0,256}/resize=[a-z]{1,16}:"
    ),
    Service("imaginary", "imaginary", "/crop?width=300&file=a.jpg", "imaginary"),
    Service("riapi", "ImageResizer and Imageflow (RIAPI)", "/a.jpg?width=300&mode=crop", "riapi"),
    Service("imagesharp", "ImageSharp.Web", "/a.jpg?width=300&rmode=crop", "riapi"),
    Service("sirv", "Sirv", "/a.jpg?w=300&scale.option=fill", "sirv"),
    Service(
        "akamai", "Akamai Image & Video Manager", "/a.jpg?im=Resize,width=300", "akamai", "", "im(?:policy)?=[A-Za-z(]"
    ),
    Service(
        "wagtail", "Wagtail", "/images/SIGNATURE/1/fill-300x200/", "wagtail", "/images/[A-Za-z0-9_-]{27}=/[0-9]{1,18}/"
    ),
    Service("aliyun", "Aliyun OSS", "/a.jpg?x-oss-process=image/resize,w_300", "aliyun", "", "x-oss-process="),
    Service("obs", "Huawei OBS", "/a.jpg?x-image-process=image/resize,w_300", "aliyun", "", "x-image-process="),
    Service("bos", "Baidu BOS", "/a.jpg?x-bce-process=image/resize,w_300", "aliyun", "", "x-bce-process="),
    Service("cos", "Tencent COS", "/a.jpg?imageMogr2/thumbnail/300x", "cos", "", "imageMogr2/"),
    Service("qiniu", "Qiniu", "/a.jpg?imageView2/1/w/300/h/200", "cos", "", "image(?:View2|Slim|Ave)(?:/|&|$)"),
    Service("twicpics", "TwicPics", "/a.jpg?twic=v1/cover=300x200", "twicpics", "", "twic=v1"),
    Service("imageengine", "ImageEngine", "/a.jpg?imgeng=/w_300", "imageengine", "", "imgeng=/"),
    Service("scene7", "Adobe Scene7", "/is/image/COMPANY/a?wid=300", "scene7", "/is/image/"),
    Service(
        "appwrite", "Appwrite", "/v1/storage/buckets/B/files/F/preview?width=300", "appwrite", "/v1/storage/buckets/"
    ),
    Service("cloudimage", "Cloudimage, Filerobot", "/v7/photos/a.jpg?w=300&func=crop", "cloudimage"),
    Service("astro", "Astro", "/_image?href=%2Fa.jpg&w=300&f=webp", "astro", "/_image"),
    Service(
        "flyimg",
        "flyimg",
        "/upload/w_300,h_200/https://example.com/a.jpg",
        "flyimg",
        "/(?:upload|path)/[^/]{1,256}/https?:/",
    ),
    Service("builderio", "Builder.io", "/api/v1/image/assets%2FSPACE%2FID?width=300", "builderio", "/api/v1/image/"),
    Service("prepr", "Prepr", "/w_300,h_200,c_north/a.jpg", "prepr"),
    Service("gcore", "Gcore Image Stack", "/a.jpg?width=300&height=200&fit=bounds", "fastly"),
    Service("mediacdn", "Google Media CDN, Cloud CDN", "/a.jpg?imop=Resize,width=300", "mediacdn", "", "imop=[A-Z]"),
    Service("contensis", "Contensis", "/image-library/a.jpg?w=300&h=200&fit=crop", "contensis"),
    Service(
        "aem",
        "AEM Assets",
        "/adobe/assets/urn:aaid:aem:UUID/as/a.jpg?width=300",
        "aem",
        "/adobe/(?:assets|dynamicmedia)/",
    ),
    Service("emgr", "EmgR", "/api/images/resize?url=a.jpg&width=300", "emgr", "/api/images/"),
)
"""In the order of the index. A mark that is a special case of another one stands before it."""

_PATH_MARKS: Final = tuple(
    (re.compile(service.path_mark.encode()), service) for service in SERVICES if service.path_mark
)
_QUERY_MARKS: Final = tuple(
    (re.compile(b"(?:^|&)" + service.query_mark.encode()), service) for service in SERVICES if service.query_mark
)

MAX_MARKED_BYTES: Final = 2_048
"""Of a path and of a query: marks are looked for in their beginnings."""


def marked_services(path: bytes, query: bytes) -> Iterator[Service]:
    """Yield the services that a URL bears the mark of; none is guessed from names that several share."""
    path, query = path[:MAX_MARKED_BYTES], query[:MAX_MARKED_BYTES]
    yield from (service for mark, service in _PATH_MARKS if mark.match(path))
    yield from (service for mark, service in _QUERY_MARKS if mark.search(query))


def services_of(names: Iterable[str]) -> tuple[Service, ...]:
    """Return the services whose dialects are among these names, in the order of the index."""
    known = frozenset(names)
    return tuple(service for service in SERVICES if service.name in known)
