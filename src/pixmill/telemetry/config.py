"""Settings of logs and metrics. Knows no library that writes them."""

from typing import Literal

from pydantic import ConfigDict, Field

from pixmill.runtime.setting_types import SettingGroup


class TelemetryConfig(SettingGroup):
    model_config = ConfigDict(frozen=True)

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Minimum log level: debug, info, warning or error."
    )
    log_format: Literal["auto", "json", "console"] = Field(
        default="auto",
        description="Log format: json, console (human-readable), or auto: console on a terminal, otherwise json.",
    )
    access_log: bool = Field(default=True, description="Access log: one line per request, with secrets removed.")
    metrics: bool = Field(default=True, description="Serve Prometheus metrics at /metrics.")
    otlp_metrics: bool = Field(
        default=False,
        description="Send the metrics by OTLP too, with the extra pixmill[otel]. OTEL_EXPORTER_OTLP_ENDPOINT says "
        "where to, OTEL_METRIC_EXPORT_INTERVAL how often.",
    )
    traces: bool = Field(
        default=False,
        description="Send traces by OTLP, with the extra pixmill[otel]. The standard variables say where to and how "
        "many: OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_SAMPLER.",
    )
    trust_traceparent: Literal["proxies", "all", "none"] = Field(
        default="proxies",
        description="Whose trace a request continues, by its header traceparent: that of PIXMILL_TRUSTED_PROXIES, of "
        "all clients, or of none. Others get a trace of their own, which is linked to theirs.",
    )
