"""The result for a request, in the first format that is possible for it.

Knows the resize service. Must never know headers or bodies.
"""

from collections.abc import Awaitable, Callable, Container
from typing import Final, TypeVar

from msgspec import structs
from starlette.requests import Request

from pixmill.api.context import ApiContext
from pixmill.api.http.disconnect import cancel_on_disconnect
from pixmill.errors import MissingExtra, PixmillError, ResultTooLarge, UnsupportedOutput, release_frames
from pixmill.plan.key import Key, result_key
from pixmill.plan.request import ImageRequest
from pixmill.services.results.answer import ResizeResult

_FORMAT_ERRORS: Final = (UnsupportedOutput, MissingExtra, ResultTooLarge)

Produced = TypeVar("Produced")


async def in_first_possible_format(
    image_request: ImageRequest, make: Callable[[ImageRequest], Awaitable[Produced]]
) -> tuple[ImageRequest, Produced]:
    """Return what ``make`` returns, with its request: the next format is tried where one cannot be.

    Such failures are cached by format, so that they cost little when the request is repeated. Raises the last one.
    """
    while True:
        try:
            return image_request, await make(image_request)
        except PixmillError as error:
            if not image_request.alternatives or not _is_of_format(error):
                raise
            release_frames(error)
            plan, *others = image_request.alternatives
            image_request = structs.replace(image_request, plan=plan, alternatives=tuple(others))


def _is_of_format(error: PixmillError) -> bool:
    """Whether another format may be possible."""
    return isinstance(error, _FORMAT_ERRORS) and error.param == "format"


async def find_result(
    request: Request, context: ApiContext, image_request: ImageRequest, client_etags: Container[str] = ()
) -> tuple[Key, ResizeResult]:
    """Return the key and the result; ``client_etags`` are those of the copies that the client has."""
    key = result_key(image_request.source.identity, image_request.plan)
    result = context.images.resizer.peek(image_request, client_etags, key)
    if result is None:
        result = await cancel_on_disconnect(
            request.receive, context.images.resizer.resize(image_request, client_etags, key)
        )
    return key, result
