"""``/admin/peers/purges``: purges between servers that share no Redis (``PIXMILL_PEERS``).

Knows HTTP and MessagePack. Must never know how rules are kept.
"""

import asyncio
import re
from http import HTTPStatus
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from pixmill.api.admin_access import authorize, read_body
from pixmill.errors import MalformedRequest
from pixmill.plan.purge_rule import is_rule_id
from pixmill.ports.purges import PeerPurges

MAX_BODY_BYTES: Final = 32 * 2**20
"""A thousand prefixes of the longest URLs, with their text twice."""

_PLACE: Final = re.compile("[0-9]{1,18}")
_DECODER = msgspec.msgpack.Decoder(PeerPurges)


async def post_peer_purges(request: Request) -> Response:
    """POST: apply purges of another server, and confirm them."""
    exchange = (await authorize(request)).purge_exchange
    body = await read_body(request, MAX_BODY_BYTES)
    try:
        announced = _DECODER.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise MalformedRequest("The body is not a list of purges") from error
    is_confirmed = True
    if announced.server != exchange.server:
        is_confirmed = await exchange.accept([rule for rule in announced.rules if is_rule_id(rule.id)])
    return Response(exchange.server, HTTPStatus.OK if is_confirmed else HTTPStatus.SERVICE_UNAVAILABLE)


async def get_peer_purges(request: Request) -> Response:
    """GET: what this server has learned since a place of its journal."""
    exchange = (await authorize(request)).purge_exchange
    after = request.query_params.get("after", "")
    place = int(after) if _PLACE.fullmatch(after) else 0
    updates = exchange.updates(request.query_params.get("server", ""), place)
    body = await asyncio.to_thread(msgspec.msgpack.encode, updates)
    return Response(body, media_type="application/vnd.msgpack", headers={"cache-control": "no-store"})
