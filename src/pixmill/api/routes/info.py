"""Image information of an original: ``/info`` as JSON, and the answers of other dialects in their own form."""

from contextlib import suppress

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from pixmill.api.context import ApiContext
from pixmill.api.http.dialect_answers import ANSWER_HEADERS, answer_response
from pixmill.api.http.disconnect import cancel_on_disconnect
from pixmill.api.http.facts_response import facts_response, own_facts_response
from pixmill.api.http.path_prefix import prefix_of
from pixmill.api.http.public_url import public_url_of
from pixmill.api.request_parsing import parse_request
from pixmill.dialects.port import FactsRequest, Redirect, Text, image_of
from pixmill.dialects.registry import DialectMatch
from pixmill.errors import ResultTooLarge, RouteNotFound
from pixmill.plan.facts import Facts
from pixmill.plan.result_size import result_size


async def get_info(context: ApiContext, request: Request) -> Response:
    """GET and HEAD: facts from the header, and those that ``include`` asks for."""
    outcome, expires = parse_request(request, context)
    if isinstance(outcome, Redirect | Text):
        return answer_response(outcome, ANSWER_HEADERS, head=request.method == "HEAD", prefix=prefix_of(request.scope))
    if isinstance(outcome, FactsRequest):
        return await own_facts(context, request, outcome, expires)
    image_request = image_of(outcome)
    if image_request is None:
        raise RouteNotFound
    facts = await cancel_on_disconnect(
        request.receive, context.images.resizer.inspect(image_request.source, image_request.plan.fact_selection)
    )
    return facts_response(request, facts, expires)


async def own_facts(
    context: ApiContext, request: Request, facts_request: FactsRequest, expires: int | None
) -> Response:
    """Answer with the facts of an original in the form of its dialect."""
    image_request = facts_request.request
    facts = await cancel_on_disconnect(
        request.receive, context.images.resizer.inspect(image_request.source, image_request.plan.fact_selection)
    )
    return render_own_facts(context, request, facts_request, facts, expires)


def render_own_facts(
    context: ApiContext, request: Request, facts_request: FactsRequest, facts: Facts, expires: int | None
) -> Response:
    """Return facts in the form of the dialect."""
    image_request = facts_request.request
    plan = image_request.plan
    match: DialectMatch = request.scope["dialect_match"]
    described = msgspec.to_builtins(facts)
    with suppress(ResultTooLarge):  # facts can be had of originals that are larger than any result
        if size := result_size(facts, plan, context.limits.images):
            described["result"] = {"width": size.width, "height": size.height}
    config = context.config
    url = public_url_of(request.scope, config.public_url, config.proxy_networks(), match.mounted.host)
    described["request"] = {
        "url": url.text,
        "is_public_url": not url.is_private,
        "accept": ",".join(request.headers.getlist("accept")),
    }
    answer = match.render_facts(described, request.scope["query_string"])
    return own_facts_response(request, answer, image_request, expires)
