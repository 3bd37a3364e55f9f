"""Changes to a context that ``build_services`` has made."""

from dataclasses import replace

from pixmill.api.context import ApiContext
from pixmill.api.fastpath.telemetry_batch import TelemetryBatch
from pixmill.api.middleware.telemetry import AccessLogger


def with_access_log(context: ApiContext, access_log: AccessLogger) -> ApiContext:
    """The same, writing to another log."""
    telemetry = context.telemetry
    count_hits = context.images.resizer.lookup.results.count_hits
    batch = TelemetryBatch(telemetry.request_metrics, access_log, count_hits)
    return replace(context, telemetry=replace(telemetry, access_log=access_log, batch=batch))
