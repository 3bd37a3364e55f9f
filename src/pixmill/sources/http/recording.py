"""An HTTP source that records the responses that it gets, for ``pixmill doctor``."""

from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter

from aiohttp import ClientResponse

from pixmill.sources.http.source import HttpSource

_MAX_VALUE_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class RecordedResponse:
    """Status and some header fields of a response, and the time to its headers."""

    url: str
    status: int
    content_type: str
    cache_control: str
    location: str
    seconds: float


class RecordingHttpSource(HttpSource):
    """Fetches as its parent does; ``responses`` are all that came, redirects too."""

    responses: tuple[RecordedResponse, ...] = ()

    async def _send_once(self, url: str, conditions: Mapping[str, str]) -> ClientResponse:
        started = perf_counter()
        response = await super()._send_once(url, conditions)
        values = (response.headers.get(name, "")[:_MAX_VALUE_CHARACTERS] for name in _FIELDS)
        content_type, cache_control, location = values
        took = perf_counter() - started
        recorded = RecordedResponse(url, response.status, content_type, cache_control, location, took)
        self.responses = (*self.responses, recorded)
        return response


_FIELDS = ("Content-Type", "Cache-Control", "Location")
