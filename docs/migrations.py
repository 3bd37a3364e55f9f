"""Writes a page for the migration from each big service: an entry to try, what differs, and how to switch over.

What differs is read from the tables of options of the dialects.
"""

import importlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pixmill.dialects.kit.options import Option, Status

HOST = "img.example.com"


@dataclass(frozen=True)
class Migration:
    """``request`` is a URL of the service that works with the sample photos and ``entry``; ``keys`` says how URLs are signed."""

    file: str
    title: str
    page: str
    request: str
    entry: dict[str, Any]
    keys: str
    clients: str
    settings: dict[str, str] = field(default_factory=dict)
    options: str = "OPTIONS"
    accept: str = ""


_SAME_KEY = 'Put the key of your account into `keys`; several, separated by commas, during a change. `""` answers unsigned URLs.'

MIGRATIONS = (
    Migration("imgproxy", "imgproxy", "imgproxy", "/unsafe/rs:fill:300:200/plain/sunset.jpg@webp", {"dialect": "imgproxy", "host": HOST, "keys": ""}, "`options` takes `key` and `salt` as imgproxy has them. `pixmill config import imgproxy` converts all of its settings.", "imgproxy's own libraries, and all that write its URLs"),
    Migration("thumbor", "thumbor and imagor", "thumbor", "/unsafe/300x200/smart/sunset.jpg", {"dialect": "thumbor", "host": HOST, "keys": ""}, '`keys` is `SECURITY_KEY`, or `IMAGOR_SECRET` with `"dialect": "imagor"`.', "libthumbor and its ports"),
    Migration("cloudinary", "Cloudinary", "cloudinary", "/demo/image/upload/c_fill,w_300,h_200/sunset.jpg", {"dialect": "cloudinary", "host": HOST, "keys": "", "options": {"cloud_name": "demo"}}, "`keys` is the API secret. Signed URLs (`s--…--`) stay valid.", "Cloudinary's SDKs, with `secure_distribution` set to your host"),
    Migration("imgix", "imgix", "imgix", "/sunset.jpg?w=300&h=200&fit=crop", {"dialect": "imgix", "host": HOST, "keys": ""}, "`keys` is the token of the source. Signed URLs (`s=`) stay valid.", "imgix's libraries, with your host as the domain"),
    Migration("cloudflare", "Cloudflare Images", "cloudflare", "/cdn-cgi/image/width=300,height=200,fit=cover/sunset.jpg", {"dialect": "cloudflare", "host": HOST}, "URLs of `/cdn-cgi/image/` are not signed: limit the sources by `source`.", "everything that writes `/cdn-cgi/image/`"),
    Migration("nextjs", "Next.js and Vercel", "nextjs", "/_next/image?url=%2Fsunset.jpg&w=640&q=75", {"dialect": "nextjs"}, "URLs are not signed. `options` takes `images` of `next.config`, or the manifest of a build.", "`next/image` as it is, if a proxy sends `/_next/image` to Pixmill", accept="image/webp"),
    Migration("nuxt", "Nuxt Image and ipx", "ipx", "/_ipx/w_300,f_webp/sunset.jpg", {"dialect": "ipx"}, "URLs are not signed: `domains` limits the sources.", "`<NuxtImg>` as it is, if a proxy sends `/_ipx/` to Pixmill"),
    Migration("iiif", "IIIF servers (Cantaloupe, IIPImage, Loris)", "iiif", "/iiif/3/sunset.jpg/full/300,/0/default.jpg", {"dialect": "iiif"}, "The API has no signatures: limit the sources by `source`.", "OpenSeadragon, Mirador, Universal Viewer"),
    Migration("imagekit", "ImageKit", "imagekit", "/tr:w-300,h-200/sunset.jpg", {"dialect": "imagekit", "host": HOST, "keys": ""}, "`keys` is the private key of the account. Signed URLs (`ik-s=`) stay valid.", "ImageKit's SDKs, with your host as the URL endpoint"),
    Migration("bunny", "Bunny Optimizer", "bunny", "/sunset.jpg?width=300&aspect_ratio=3:2", {"dialect": "bunny", "host": HOST, "keys": ""}, "`keys` is the key of token authentication.", "all that adds parameters to image URLs"),
    Migration("fastly", "Fastly Image Optimizer", "fastly", "/sunset.jpg?width=300&height=200&fit=crop", {"dialect": "fastly", "host": HOST}, "There are no signatures: limit the sources by `source`.", "all that adds parameters to image URLs"),
    Migration("netlify", "Netlify Image CDN", "netlify", "/.netlify/images?url=/sunset.jpg&w=300&h=200&fit=cover", {"dialect": "netlify"}, "URLs are not signed: `remote_images` limits the sources.", "all that writes `/.netlify/images`"),
)  # fmt: skip


def pages() -> dict[str, str]:
    """Return each page by its path in ``docs``, and an index."""
    texts = {f"migrate/{it.file}.md": "\n".join(_page(it)) + "\n" for it in MIGRATIONS}
    return texts | {"migrate/README.md": "\n".join(_index()) + "\n"}


def _index() -> Iterable[str]:
    yield "# Migrate from another service\n"
    yield "Pixmill answers the URLs of other services, so pages and client libraries stay as they are. Each page has an entry to try on the"
    yield "sample photos, what differs, and how to switch over.\n"
    yield "| from | a URL that works |"
    yield "| --- | --- |"
    yield from (f"| [{it.title}]({it.file}.md) | `{it.request}` |" for it in MIGRATIONS)
    yield "\n[All dialects](../dialects.md): more than fifty. With none of them, write [native URLs](../parameters.md)."


def _page(it: Migration) -> Iterable[str]:
    host = f"-H 'Host: {HOST}' " if "host" in it.entry else ""
    accept = f"-H 'Accept: {it.accept}' " if it.accept else ""
    yield f"# Migrate from {it.title}\n"
    yield f"Pixmill answers your URLs as they are: {it.clients}.\n"
    yield "## 1. Try it\n"
    yield "```dotenv"
    yield "PIXMILL_IMAGES=photos"
    yield "PIXMILL_ALLOWED_SOURCES=path:"
    yield f"PIXMILL_DIALECTS=[{json.dumps(it.entry)}]"
    yield "```\n"
    yield "```sh"
    yield f"curl {host}{accept}-o result 'http://127.0.0.1:8080{it.request}'"
    yield "```\n"
    yield "## 2. Sources and keys\n"
    yield '- `source` of the entry is where your originals are: `"source": "https://www.example.com"`, `"s3://bucket/"`, or a folder of the'
    yield "  image root. Without it they are files of the image root, as here."
    yield f"- {it.keys}\n"
    yield "## 3. What differs\n"
    options = _different(it)
    if options:
        yield "| option | is | |"
        yield "| --- | --- | --- |"
        yield from (
            f"| {', '.join(f'`{name}`' for name in option.names)} | {option.status} | {_note(option)} |"
            for option in options
        )
        yield "\nAll others work as they do there."
    else:
        yield "All options work as they do there."
    yield f"[{it.title}, in full](../dialects/{it.page}.md) has the table of all options, and what differs besides.\n"
    yield "## 4. Switch over\n"
    yield "1. Write the entry with your sources and keys, start Pixmill, and run `pixmill doctor`."
    yield "2. Take some URLs from your pages or from the access log, and ask Pixmill for them, with the `Host` header of the old domain."
    yield "   `pixmill translate URL` says what a URL means."
    yield "3. Compare the images side by side. They are equal in size and crop; at the same quality number they may be sharper."
    yield "4. Point the domain, or the origin of your CDN, at Pixmill. Keep the old service until you no longer need the way back."
    yield "5. Watch `pixmill_requests_total` by route and status, and the log for 404."


def _different(it: Migration) -> list[Option]:
    table: Iterable[Option] = getattr(importlib.import_module(f"pixmill.dialects.{it.page}.options"), it.options)
    return [option for option in table if option.status is not Status.SUPPORTED]


def _note(option: Option) -> str:
    return (option.note or option.meaning).replace("|", "\\|")
