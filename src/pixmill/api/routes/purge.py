"""``/admin/purge`` and ``/admin/purges``: purging by source, tag or prefix.

Knows HTTP and the grammar of purge targets.
"""

from typing import Annotated, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from pixmill.api.admin_access import authorize, decode_body, json_response
from pixmill.errors import MissingParameter
from pixmill.plan.purge import PurgeScope, PurgeTarget, parse_target
from pixmill.runtime.event_log import EventLog

MAX_TARGETS: Final = 1_000
"""Maximum per kind and request."""

TargetList = Annotated[list[str], msgspec.Meta(max_length=MAX_TARGETS)]


class PurgeRequest(msgspec.Struct, forbid_unknown_fields=True):
    """What to purge; ``soft`` marks results stale instead of removing them."""

    sources: TargetList = []
    tags: TargetList = []
    prefixes: TargetList = []
    all: bool = False
    soft: bool = False


async def post_purge(request: Request) -> Response:
    """POST: purge what the body names; in force on this server once this is answered."""
    purger = (await authorize(request)).purger
    purge_request = await decode_body(request, PurgeRequest)
    targets = _targets(purge_request)
    if not targets:
        raise MissingParameter("Nothing to purge: give sources, tags, prefixes or all")
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
    return json_response(
        {
            "issued": result.issued,
            "removed": result.removed,
            "unsynced": result.unsynced,
            "confirmed": result.confirmed,
            "unconfirmed": result.unconfirmed,
        }
    )


async def get_purges(request: Request) -> Response:
    """GET: active purges, and the progress of removal."""
    purger = (await authorize(request)).purger
    rules = [
        {"kind": rule.scope, "value": rule.value, "digest": rule.digest, "soft": not rule.hard, "at": rule.at}
        for rule in purger.active_purges()
    ]
    return json_response(
        {
            "active_purges": rules,
            "count": purger.count_purges(),
            "removed": purger.removed_by_tier(),
            "sweeping": purger.is_sweeping(),
        }
    )


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


_LOG = EventLog("admin")
