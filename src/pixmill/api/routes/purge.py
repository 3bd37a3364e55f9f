"""``/admin``: orders of the operator, who proves to be that by a token.

Knows HTTP and what an order may say. Without a token in the settings there is nothing here. No answer is for the pages of
browsers: ``middleware.py`` leaves out the headers that would let them read it.
"""

import hmac
from collections.abc import Hashable
from typing import Annotated, Final, TypeVar

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response

from pixmill.api.context import AdminOperations, ApiContext, context_of
from pixmill.api.http.forwarded import client_address, throttle_key
from pixmill.errors import (
    AdminDenied,
    InvalidParameter,
    MalformedRequest,
    MissingParameter,
    RouteNotFound,
    UploadTooLarge,
)
from pixmill.plan.purge import PurgeScope, PurgeTarget, parse_target

MAX_BODY_BYTES: Final = 1024 * 1024
MAX_TARGETS: Final = 1_000
"""Of each kind, in one order."""

Body = TypeVar("Body")
TargetList = Annotated[list[str], msgspec.Meta(max_length=MAX_TARGETS)]


class PurgeRequest(msgspec.Struct, forbid_unknown_fields=True):
    """What to purge; ``soft`` lets it be served as stale until it is made anew."""

    sources: TargetList = []
    tags: TargetList = []
    prefixes: TargetList = []
    all: bool = False
    soft: bool = False


async def post_purge(request: Request) -> Response:
    """Purge what the body names: in force here when this is answered."""
    purger = authorize(request).purger
    purge_request = await decode_body(request, PurgeRequest)
    targets = _targets(purge_request)
    if not targets:
        raise MissingParameter("Nothing is named: give sources, tags, prefixes or all")
    result = await purger.purge(targets)
    client = request.client.host if request.client else ""
    _LOG.info(
        "purge",
        remote=client,
        issued=result.issued,
        soft=purge_request.soft,
        all=purge_request.all,
        first=targets[0].value[:200],
    )
    return json_response({"issued": result.issued, "removed": result.removed, "unsynced": result.unsynced})


async def get_purges(request: Request) -> Response:
    """What is purged, and how far its removal has come."""
    purger = authorize(request).purger
    rules = [
        {"kind": rule.target.scope, "value": rule.target.value, "soft": not rule.target.hard, "at": rule.at}
        for rule in purger.active_purges()
    ]
    return json_response(
        {"active_purges": rules, "removed": purger.removed_by_tier(), "sweeping": purger.is_sweeping()}
    )


def authorize(request: Request) -> AdminOperations:
    """What the operator may command. Raises NoSuchRoute where there are no tokens, AdminDenied for a wrong one."""
    context = context_of(request)
    tokens = context.config.admin_tokens()
    if not tokens or context.admin is None:
        raise RouteNotFound
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    client = _client_key(request, context)
    if (
        context.auth_throttle.is_blocked(client)
        or scheme.lower() != "bearer"
        or not _is_valid_token(given.strip(), tokens)
    ):
        context.auth_throttle.record_failure(client)
        _deny(request)
    return context.admin


def _client_key(request: Request, context: ApiContext) -> Hashable:
    """Whose guesses these are."""
    peer = request.client.host if request.client else ""
    return throttle_key(client_address(peer, request.scope["headers"], context.config.proxy_networks()))


def _deny(request: Request) -> None:
    _LOG.warning("admin_denied", remote=request.client.host if request.client else "")
    raise AdminDenied


def _is_valid_token(given: str, tokens: tuple[str, ...]) -> bool:
    """Each is compared, in a time that tells nothing."""
    given_bytes = given.encode(errors="surrogatepass")
    return sum(hmac.compare_digest(given_bytes, token.encode()) for token in tokens) > 0


async def decode_body(request: Request, body_type: type[Body]) -> Body:
    """What the body says. Raises UploadTooLarge, MalformedRequest, InvalidParameter."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise UploadTooLarge(f"An order has at most {MAX_BODY_BYTES} bytes")
    try:
        return msgspec.json.decode(bytes(body), type=body_type)
    except msgspec.ValidationError as error:
        raise InvalidParameter(str(error)) from error
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise MalformedRequest("The body is no JSON") from error


def _targets(purge_request: PurgeRequest) -> list[PurgeTarget]:
    values_by_scope = {
        PurgeScope.SOURCE: purge_request.sources,
        PurgeScope.TAG: purge_request.tags,
        PurgeScope.PREFIX: purge_request.prefixes,
    }
    targets = [
        parse_target(scope, text, hard=not purge_request.soft)
        for scope, texts in values_by_scope.items()
        for text in texts
    ]
    return [*targets, parse_target(PurgeScope.ALL, hard=not purge_request.soft)] if purge_request.all else targets


def json_response(value: object, status: int = 200) -> Response:
    """For the operator alone, and now."""
    return Response(
        msgspec.json.encode(value), status, media_type="application/json", headers={"cache-control": "no-store"}
    )


_LOG = structlog.get_logger("admin")
