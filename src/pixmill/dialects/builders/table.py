"""The dialects by name: a new one is a row. Imports no dialect but the native one."""

from collections.abc import Callable, Mapping
from typing import Final

from pixmill.dialects.builders import plain, special
from pixmill.dialects.builders.entry import MountEntry, ServerDefaults
from pixmill.dialects.port import Dialect

NATIVE: Final = "native"

DialectFactory = Callable[[MountEntry, ServerDefaults], Dialect]

DIALECTS: Final[Mapping[str, DialectFactory]] = {
    NATIVE: special.native,
    "emgr": special.emgr,
    "nextjs": special.nextjs,
    "vercel": special.nextjs,
    "amplify": special.nextjs,
    "iiif": special.iiif,
    "imgproxy": special.imgproxy,
    "supabase": special.supabase,
    "thumbor": special.thumbor,
    "imagor": special.imagor,
    "storyblok": special.storyblok,
    "aws": special.aws,
    "ipx": special.ipx,
    "netlify": plain.netlify,
    "cloudflare": special.cloudflare,
    "imagedelivery": special.cloudflare,
    "weserv": special.weserv,
    "cloudinary": special.cloudinary,
    "glide": plain.glide,
    "imagekit": special.imagekit,
    "contentful": plain.contentful,
    "hygraph": plain.hygraph,
    "shopify": plain.shopify,
    "keycdn": special.keycdn,
    "directus": plain.directus,
    "imgix": special.imgix,
    "prismic": special.imgix,
    "sanity": special.imgix,
    "gumlet": special.imgix,
    "kontent": special.imgix,
    "bunny": plain.bunny,
    "akamai": special.akamai,
    "photon": special.photon,
    "tachyon": special.photon,
    "fastly": special.fastly,
    "contentstack": special.fastly,
    "aliyun": special.aliyun,
    "obs": special.aliyun,
    "bos": special.aliyun,
    "cloudimage": plain.cloudimage,
    "wagtail": plain.wagtail,
    "sirv": plain.sirv,
    "scene7": plain.scene7,
    "appwrite": plain.appwrite,
    "imageengine": plain.imageengine,
    "twicpics": plain.twicpics,
    "astro": plain.astro,
    "flyimg": special.flyimg,
    "builderio": plain.builderio,
    "prepr": plain.prepr,
    "gcore": plain.gcore,
    "mediacdn": plain.mediacdn,
    "contensis": plain.contensis,
    "aem": plain.aem,
    "cos": special.cos,
    "qiniu": special.cos,
    "uploadcare": special.uploadcare,
    "imaginary": special.imaginary,
    "riapi": plain.riapi,
    "imagesharp": plain.imagesharp,
}
"""By the name that an entry gives."""
