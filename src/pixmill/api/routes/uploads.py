"""POST: the original comes with the request, as its body or as the file of a form (multipart/form-data).

Nothing is stored. The fields of a form are parameters, as those of the query.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from pixmill.api.context import ApiContext
from pixmill.api.http.disconnect import cancel_on_disconnect
from pixmill.api.http.facts_response import facts_response
from pixmill.api.http.form_data import MAX_OVERHEAD_BYTES, FormReader, form_boundary
from pixmill.api.request_parsing import parse_request, verify_request
from pixmill.api.routes.images import image_response
from pixmill.api.routes.info import render_own_facts
from pixmill.api.routes.results import in_first_possible_format
from pixmill.dialects.port import FactsRequest, Outcome, RequiresSignatures
from pixmill.errors import (
    MethodNotAllowed,
    PixmillError,
    SignatureMissing,
    UnsupportedImage,
    UploadTimeout,
    UploadTooLarge,
)
from pixmill.plan.request import ImageRequest
from pixmill.runtime.spool import Spool

LINGERING_TIMEOUT_S: Final = 5.0
"""How long a rejected upload is still read (nginx's ``lingering_timeout``)."""

_URL_ENCODED: Final = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Upload:
    """An original that came with a request, and what the request asks for."""

    body: Spool
    outcome: Outcome


async def post_image(context: ApiContext, request: Request) -> Response:
    """POST: the result for the image in the body; it is not stored."""
    async with _receive(request, context) as upload:
        if isinstance(upload.outcome, FactsRequest):
            return await _facts(context, request, upload)
        if not isinstance(upload.outcome, ImageRequest):
            raise MethodNotAllowed
        image_request, result = await in_first_possible_format(
            upload.outcome,
            lambda one: cancel_on_disconnect(
                request.receive, context.images.resizer.resize_upload(upload.body, one.plan)
            ),
        )
    return image_response(request, image_request, result, context)


async def post_info(context: ApiContext, request: Request) -> Response:
    """POST: facts about the image in the body."""
    async with _receive(request, context) as upload:
        return await _facts(context, request, upload)


async def _facts(context: ApiContext, request: Request, upload: Upload) -> Response:
    outcome = upload.outcome
    image_request = outcome.request if isinstance(outcome, FactsRequest) else outcome
    if not isinstance(image_request, ImageRequest):
        raise MethodNotAllowed
    facts = await cancel_on_disconnect(
        request.receive, context.images.resizer.inspect_upload(upload.body, image_request.plan.fact_selection)
    )
    if isinstance(outcome, FactsRequest):
        response = render_own_facts(context, request, outcome, facts, None)
    else:
        response = facts_response(request, facts, None)
    response.headers["cache-control"] = "no-store"
    return response


@asynccontextmanager
async def _receive(request: Request, context: ApiContext) -> AsyncIterator[Upload]:
    """Read the original; a request that is wrong without it is rejected before."""
    with ExitStack() as announcement:
        try:
            boundary = form_boundary(request.headers.get("content-type", ""))
            if boundary is None:
                outcome, _ = parse_request(request, context, upload=True)
                if not isinstance(outcome, ImageRequest | FactsRequest):
                    raise MethodNotAllowed
            else:
                verify_request(request)
            announcement.enter_context(context.images.resizer.announce_upload())
            form = None if boundary is None else FormReader(boundary)
            async with spool_upload(request, context, form) as body:
                announcement.close()
                if form is not None:
                    fields = form.finish()
                    _check_fields(request, fields)
                    outcome, _ = parse_request(request, context, upload=True, fields=fields)
                try:
                    yield Upload(body, outcome)
                except UnsupportedImage as error:
                    raise _explained(error, request) from error
        except UploadTimeout:
            raise
        except PixmillError:
            await discard_body(request, context.limits.max_upload_bytes)
            raise


def _check_fields(request: Request, fields: bytes) -> None:
    """Reject fields where URLs must be signed: the signature does not cover them."""
    dialect = request.scope["dialect_match"].mounted.dialect
    if fields and isinstance(dialect, RequiresSignatures) and dialect.requires_signature:
        raise SignatureMissing("The fields of a form are not signed: give parameters in the signed URL only")


def _explained(error: UnsupportedImage, request: Request) -> UnsupportedImage:
    """Name the cause if a form was sent in the encoding of forms without files."""
    if error.param or not request.headers.get("content-type", "").lower().startswith(_URL_ENCODED):
        return error
    message = f'{error.message}. A form with a file needs enctype="multipart/form-data"'
    return UnsupportedImage(message, detail=error.detail)


@asynccontextmanager
async def spool_upload(request: Request, context: ApiContext, form: FormReader | None = None) -> AsyncIterator[Spool]:
    """Read the body, or the file of ``form``, into a spool; one that is declared too long is not kept."""
    max_bytes = context.limits.max_upload_bytes
    max_body_bytes = max_bytes + (MAX_OVERHEAD_BYTES if form else 0)
    content_length = request.headers.get("content-length", "0")
    declared_bytes = int(content_length) if content_length.isdecimal() else 0
    if declared_bytes > max_body_bytes:
        await discard_body(request, max_body_bytes)
        raise UploadTooLarge(f"The upload may have at most {max_bytes} bytes")
    with Spool(max_bytes, UploadTooLarge, context.limits.memory_budget.new_reservation()) as spool:
        spool.expect(min(declared_bytes, max_bytes))
        async for chunk in _timed_chunks(request, context, max_body_bytes):
            for piece in form.feed(chunk) if form else [chunk]:
                await spool.append(piece)
        yield spool


async def _timed_chunks(request: Request, context: ApiContext, max_bytes: int) -> AsyncIterator[bytes]:
    received = 0
    deadline_for = context.config.upload_deadline(asyncio.get_running_loop().time())
    chunks = request.stream()
    request.state.upload_begun = True
    while True:
        try:
            async with asyncio.timeout_at(deadline_for(received)):
                chunk = await anext(chunks, None)
        except TimeoutError as error:
            raise UploadTimeout from error
        if chunk is None:
            return
        received += len(chunk)
        if received > max_bytes:
            raise UploadTooLarge(f"The upload may have at most {context.limits.max_upload_bytes} bytes")
        yield chunk


async def discard_body(request: Request, max_bytes: int) -> None:
    """Read the rest of a rejected upload, within limits.

    Most clients read the response only then, and take a reset for a failure. A client that waits for 100 Continue
    is answered at once; the first read sends it.
    """
    if "expect" in request.headers and not getattr(request.state, "upload_begun", False):
        return
    with suppress(TimeoutError, RuntimeError, ClientDisconnect):  # Starlette: the body has been read already
        async with asyncio.timeout(LINGERING_TIMEOUT_S):
            async for chunk in request.stream():
                max_bytes -= len(chunk)
                if max_bytes < 0:
                    return
