"""Access to ``/admin``: bearer token, JSON bodies and responses.

Without a configured token these paths do not exist. No response is readable by pages of other origins: the
middleware leaves out the CORS headers below ``/admin``.
"""

import asyncio
import hmac
from collections.abc import Hashable
from typing import Final, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from pixmill.api.context import AdminServices, ApiContext, context_of
from pixmill.api.http.forwarded import client_address, throttle_key
from pixmill.errors import (
    AdminDenied,
    InvalidParameter,
    MalformedRequest,
    RouteNotFound,
    UploadTooLarge,
)
from pixmill.runtime.event_log import EventLog

MAX_BODY_BYTES: Final = 1024 * 1024

Body = TypeVar("Body")

_LOG = EventLog("admin")


async def authorize(request: Request) -> AdminServices:
    """Check the bearer token and return the admin services; after a delay if this client has sent wrong ones.

    Raises RouteNotFound if no token is configured, AdminDenied for a wrong one.
    """
    context = context_of(request)
    tokens = context.config.admin_tokens()
    if not tokens:
        raise RouteNotFound
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    is_valid = scheme.lower() == "bearer" and _is_valid_token(given.strip(), tokens)
    throttle, client = context.admin.auth_throttle, _client_key(request, context)
    delay_s = throttle.delay_s(client)
    if not is_valid:
        throttle.record_failure(client)  # before the delay: guesses that are sent at once count at once
    if delay_s:
        await asyncio.sleep(delay_s)
    if not is_valid:
        _deny(request)
    return context.admin


def _client_key(request: Request, context: ApiContext) -> Hashable:
    peer = request.client.host if request.client else ""
    return throttle_key(client_address(peer, request.scope["headers"], context.config.proxy_networks()))


def _deny(request: Request) -> None:
    _LOG.warning("admin_denied", remote=request.client.host if request.client else "")
    raise AdminDenied


def _is_valid_token(given: str, tokens: tuple[str, ...]) -> bool:
    """Compare with every token, in constant time."""
    given_bytes = given.encode(errors="surrogatepass")
    return sum(hmac.compare_digest(given_bytes, token.encode()) for token in tokens) > 0


async def read_body(request: Request, max_bytes: int) -> bytes:
    """Return the body. Raises UploadTooLarge."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            raise UploadTooLarge(f"The body may have at most {max_bytes} bytes")
    return bytes(body)


async def decode_body(request: Request, body_type: type[Body]) -> Body:
    """Decode the JSON body. Raises UploadTooLarge, MalformedRequest, InvalidParameter."""
    body = await read_body(request, MAX_BODY_BYTES)
    try:
        return msgspec.json.decode(body, type=body_type)
    except msgspec.ValidationError as error:
        raise InvalidParameter(str(error)) from error
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise MalformedRequest("The body is not valid JSON") from error


def json_response(value: object, status: int = 200) -> Response:
    """Encode as JSON that must not be cached."""
    return Response(
        msgspec.json.encode(value), status, media_type="application/json", headers={"cache-control": "no-store"}
    )
