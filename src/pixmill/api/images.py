"""``/resize``: from the raw URL to the bytes of a picture.

Knows HTTP on one side and the Resize Service on the other; must never know where pictures come from or how they are made.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from pixmill.api.caching import entity_tags, is_unmodified, server_timing
from pixmill.api.connection import while_connected
from pixmill.api.familiar import named
from pixmill.api.pictures import picture_headers
from pixmill.api.reading import read_request
from pixmill.api.services import ApiServices, services_of
from pixmill.errors import PixmillError, UploadTimeout, UploadTooLarge
from pixmill.plan.key import result_key
from pixmill.plan.request import ImageRequest
from pixmill.ports import Entry
from pixmill.services.answers import Answer
from pixmill.services.renewal import unchanged_of
from pixmill.spool import Spool

LINGER_S = 5.0
"""How long a refusal waits for a client who is still sending its picture (nginx's ``lingering_timeout``)."""


async def get_image(request: Request) -> Response:
    """GET and HEAD: the picture at ``url``, as the parameters want it."""
    services = services_of(request)
    name, *_ = named(request.scope, services.familiar.tag_header)
    with services.rush.expected(name):
        image, expires = read_request(request, services)
        if image.plan.output.negotiated:
            request.state.vary = "Accept"
        known = entity_tags(request.headers.get("if-none-match"))
        key = result_key(image.source.identity, image.plan)
        answer = services.resizer.cached(image, known, key)
        if answer is None:
            answer = await while_connected(request.receive, services.resizer.resize(image, known, key))
        if answer.tier:
            services.rush.found(name)
    since = request.headers.get("if-modified-since")
    if since and not known and is_unmodified(answer.entry, since) and isinstance(answer.entry, Entry):
        answer = replace(answer, entry=unchanged_of(answer.entry))
    services.familiar.remember(request.scope, name, image, key, expires)
    return image_response(request, image, answer, services, expires=expires)


async def post_image(request: Request) -> Response:
    """POST: the picture in the body, as the parameters want it. The result is not stored."""
    services = services_of(request)
    with ExitStack() as coming:
        try:
            image, _ = read_request(request, services, upload=True)
            coming.enter_context(services.resizer.coming())
        except PixmillError:
            await _discard(request, services.max_upload_bytes)
            raise
        async with _uploaded(request, services) as body:
            coming.close()
            answer = await while_connected(request.receive, services.resizer.resize_upload(body, image.plan))
    return image_response(request, image, answer, services)


def image_response(
    request: Request, image: ImageRequest, answer: Answer, services: ApiServices, *, expires: int | None = None
) -> Response:
    """The HTTP form of an answer: 200 with the picture, or 304 without."""
    entry = answer.entry
    headers = picture_headers(image, answer, expires)
    if services.config.server_timing and answer.seconds:
        headers["server-timing"] = server_timing(answer)
    if not isinstance(entry, Entry):
        return Response(status_code=304, headers=headers)
    request.state.format = entry.format.value
    return Response(b"" if request.method == "HEAD" else entry.body, headers=headers)


@asynccontextmanager
async def _uploaded(request: Request, services: ApiServices) -> AsyncIterator[Spool]:
    """The body in a spool; refused by its stated length before a byte is read, and by its real one."""
    limit = services.max_upload_bytes
    stated = request.headers.get("content-length", "0")
    if stated.isdecimal() and int(stated) > limit:
        raise UploadTooLarge(f"The picture sent may have at most {limit} bytes")
    with Spool(limit, UploadTooLarge, services.budget.claim()) as spool:
        spool.expect(int(stated) if stated.isdecimal() else 0)
        try:
            latest = services.config.upload_end(asyncio.get_running_loop().time())
            async with asyncio.timeout_at(latest(0)) as deadline:
                async for chunk in request.stream():
                    await spool.append(chunk)
                    deadline.reschedule(latest(spool.size))
        except TimeoutError as error:
            raise UploadTimeout from error
        yield spool


async def _discard(request: Request, max_bytes: int) -> None:
    """Read what is still being sent, within bounds: most clients listen only then, and take a closed connection for a fault.

    One that waits for 100 Continue is answered without.
    """
    if "expect" in request.headers:
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(LINGER_S):
            async for chunk in request.stream():
                max_bytes -= len(chunk)
                if max_bytes < 0:
                    return
