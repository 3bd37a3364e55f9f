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

from pixmill.api.proxies import bucket_of, client_of
from pixmill.api.services import ApiServices, Operated, services_of
from pixmill.errors import (
    AdminDenied,
    InvalidParameter,
    MalformedRequest,
    MissingParameter,
    NoSuchRoute,
    UploadTooLarge,
)
from pixmill.plan.purge import Scope, Target, target

MAX_BODY_BYTES: Final = 1024 * 1024
MAX_TARGETS: Final = 1_000
"""Of each kind, in one order."""

Order = TypeVar("Order")
Texts = Annotated[list[str], msgspec.Meta(max_length=MAX_TARGETS)]


class PurgeOrder(msgspec.Struct, forbid_unknown_fields=True):
    """What to purge; ``soft`` lets it be served as stale until it is made anew."""

    sources: Texts = []
    tags: Texts = []
    prefixes: Texts = []
    all: bool = False
    soft: bool = False


async def post_purge(request: Request) -> Response:
    """Purge what the body names: in force here when this is answered."""
    purger = admitted(request).purger
    order = await ordered(request, PurgeOrder)
    targets = _targets(order)
    if not targets:
        raise MissingParameter("Nothing is named: give sources, tags, prefixes or all")
    done = await purger.purge(targets)
    client = request.client.host if request.client else ""
    _LOG.info("purge", remote=client, rules=done.rules, soft=order.soft, all=order.all, first=targets[0].value[:200])
    return answer({"rules": done.rules, "removed": done.removed, "unwritten": done.unwritten})


async def get_purges(request: Request) -> Response:
    """What is purged, and how far its removal has come."""
    purger = admitted(request).purger
    rules = [
        {"kind": rule.target.scope, "value": rule.target.value, "soft": not rule.target.hard, "at": rule.at}
        for rule in purger.rules()
    ]
    return answer({"purges": rules, "removed": purger.removed(), "sweeping": purger.sweeping()})


def admitted(request: Request) -> Operated:
    """What the operator may command. Raises NoSuchRoute where there are no tokens, AdminDenied for a wrong one."""
    services = services_of(request)
    tokens = services.config.admin_tokens()
    if not tokens or services.operated is None:
        raise NoSuchRoute
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    client = _client(request, services)
    if services.guesses.too_many(client) or scheme.lower() != "bearer" or not _is_one_of(given.strip(), tokens):
        services.guesses.wrong(client)
        _deny(request)
    return services.operated


def _client(request: Request, services: ApiServices) -> Hashable:
    """Whose guesses these are."""
    peer = request.client.host if request.client else ""
    return bucket_of(client_of(peer, request.scope["headers"], services.config.proxies()))


def _deny(request: Request) -> None:
    _LOG.warning("admin_denied", remote=request.client.host if request.client else "")
    raise AdminDenied


def _is_one_of(given: str, tokens: tuple[str, ...]) -> bool:
    """Each is compared, in a time that tells nothing."""
    said = given.encode(errors="surrogatepass")
    return sum(hmac.compare_digest(said, token.encode()) for token in tokens) > 0


async def ordered(request: Request, kind: type[Order]) -> Order:
    """What the body says. Raises UploadTooLarge, MalformedRequest, InvalidParameter."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise UploadTooLarge(f"An order has at most {MAX_BODY_BYTES} bytes")
    try:
        return msgspec.json.decode(bytes(body), type=kind)
    except msgspec.ValidationError as error:
        raise InvalidParameter(str(error)) from error
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise MalformedRequest("The body is no JSON") from error


def _targets(order: PurgeOrder) -> list[Target]:
    named = {Scope.SOURCE: order.sources, Scope.TAG: order.tags, Scope.PREFIX: order.prefixes}
    found = [target(scope, text, hard=not order.soft) for scope, texts in named.items() for text in texts]
    return [*found, target(Scope.ALL, hard=not order.soft)] if order.all else found


def answer(value: object, status: int = 200) -> Response:
    """For the operator alone, and now."""
    return Response(
        msgspec.json.encode(value), status, media_type="application/json", headers={"cache-control": "no-store"}
    )


_LOG = structlog.get_logger("admin")
