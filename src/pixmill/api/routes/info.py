"""``/info``: image information of an original, as JSON."""

from starlette.requests import Request
from starlette.responses import Response

from pixmill.api.context import ApiContext
from pixmill.api.http.disconnect import cancel_on_disconnect
from pixmill.api.http.facts_response import facts_response
from pixmill.api.request_parsing import image_of, parse_request
from pixmill.errors import RouteNotFound


async def get_info(context: ApiContext, request: Request) -> Response:
    """GET and HEAD: facts from the header, and those that ``include`` asks for."""
    outcome, expires = parse_request(request, context)
    image_request = image_of(outcome)
    if image_request is None:
        raise RouteNotFound
    facts = await cancel_on_disconnect(
        request.receive, context.images.resizer.inspect(image_request.source, image_request.plan.fact_selection)
    )
    return facts_response(request, facts, expires)
