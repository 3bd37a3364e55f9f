"""The playground: its page at ``/``, and below ``/playground/`` its files and what they ask for.

Knows HTTP. What the form is made of is in ``playground/form.py``, who may use it in ``playground/access.py``.
"""

import re
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from pixmill.api.admin_access import decode_body, json_response
from pixmill.api.context import ApiContext, Playground, context_of
from pixmill.api.http.cache_headers import entity_tags
from pixmill.api.http.path_prefix import is_bare, prefix_of
from pixmill.api.http.public_url import public_base
from pixmill.api.playground.access import Caller, identify_caller
from pixmill.api.playground.assets import PAGE, Asset, assets
from pixmill.api.playground.convert import ConvertRequest, convert
from pixmill.api.playground.form import form_config
from pixmill.api.routes.uploads import discard_body, spool_upload
from pixmill.dialects.native.spelling_values import source_text
from pixmill.errors import Forbidden, InvalidParameter, MalformedRequest, PixmillError, RouteNotFound
from pixmill.plan.source import SourceKind, SourceRef
from pixmill.ports.values import ListedImage

DEFAULT_IMAGES: Final = 100
MAX_IMAGES: Final = 1_000
"""Images of one answer."""

_LIMIT = re.compile("[1-9][0-9]{0,3}")
_CONTENT_POLICY: Final = "; ".join(
    (
        *("default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' blob: data:"),
        *("connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"),
    )
)
_ASSET_HEADERS: Final = {
    "cache-control": "no-cache",
    "content-security-policy": _CONTENT_POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
}


class ListedSource(msgspec.Struct, frozen=True):
    """An image: what ``url`` says for it, its file name, and its size."""

    source: str
    name: str
    bytes: int


class ImagesResponse(msgspec.Struct, frozen=True):
    """A page of images. ``next`` is ``after`` of the next one; ``complete``: all files could be looked at."""

    images: list[ListedSource]
    next: str | None
    complete: bool


async def get_page(request: Request) -> Response:
    """GET and HEAD ``/``: the page."""
    await identify_caller(request, context_of(request), is_page=True)
    if is_bare(request.scope):  # the links of the page are relative
        return Response(status_code=308, headers=_ASSET_HEADERS | {"location": f"{prefix_of(request.scope)}/"})
    return _asset_response(request, assets()[PAGE])


async def get_asset(request: Request) -> Response:
    """GET and HEAD: a static file."""
    await identify_caller(request, context_of(request), is_page=True)
    asset = assets().get(request.path_params["name"])
    if asset is None:
        raise RouteNotFound
    return _asset_response(request, asset)


async def get_config(request: Request) -> Response:
    """GET: what the form is made of."""
    context, playground, caller = await _open(request)
    return json_response(form_config(context, playground, caller, _public_url(request, playground)))


async def get_images(request: Request) -> Response:
    """GET: images of the image root, a page at a time. Those of a server with signed URLs are for trusted callers."""
    context, playground, caller = await _open(request)
    limit = _limit(request)
    is_visible = caller.is_trusted or context.config.keyring() is None
    if playground.images is None or not is_visible:
        return json_response(ImagesResponse([], None, complete=True))
    page = await playground.images.page(request.query_params.get("after", ""), limit)
    images = [_listed_source(image) for image in page.images]
    return json_response(ImagesResponse(images, page.next_after or None, page.is_complete))


def _listed_source(image: ListedImage) -> ListedSource:
    source = source_text(SourceRef(SourceKind.PATH, image.path))
    return ListedSource(source, image.path.rpartition("/")[2], image.size)


async def post_upload(request: Request) -> Response:
    """POST: keep the image in the body for a while, and return what ``url`` says for it."""
    try:
        context, playground, caller = await _open(request)
        if not caller.is_trusted and context.config.keyring() is not None:
            raise Forbidden("Uploads are for clients on this machine, and those with an admin token")
    except PixmillError:
        await discard_body(request, context_of(request).limits.max_upload_bytes)
        raise
    async with spool_upload(request, context) as body:
        if not body.size:
            raise MalformedRequest("The body must be an image")
        source = playground.uploads.add(body)
    return json_response({"source": source.text}, 201)


async def post_convert(request: Request) -> Response:
    """POST: what a URL means, and how other grammars say it."""
    context, _, caller = await _open(request)
    body = await decode_body(request, ConvertRequest)
    return json_response(convert(context, caller, body.url, prefix_of(request.scope)))


async def _open(request: Request) -> tuple[ApiContext, Playground, Caller]:
    """Return what a handler needs, for a caller that may see it."""
    context = context_of(request)
    caller = await identify_caller(request, context)
    if context.playground is None:
        raise RouteNotFound
    return context, context.playground, caller


def _public_url(request: Request, playground: Playground) -> str:
    """Return what absolute URLs begin with, as the settings say; empty for the address in the browser."""
    return public_base(request.scope, playground.public_url, ()).text if playground.public_url else ""


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", str(DEFAULT_IMAGES))
    if not _LIMIT.fullmatch(text) or int(text) > MAX_IMAGES:
        raise InvalidParameter(f"limit must be a whole number from 1 to {MAX_IMAGES}", param="limit")
    return int(text)


def _asset_response(request: Request, asset: Asset) -> Response:
    headers = _ASSET_HEADERS | {"etag": asset.etag}
    if_none_match = request.headers.get("if-none-match")
    if if_none_match and asset.etag in entity_tags(if_none_match):
        return Response(status_code=304, headers=headers)
    response = Response(asset.content, headers=headers | {"content-type": asset.media_type})
    if request.method == "HEAD":
        response.body = b""
    return response
