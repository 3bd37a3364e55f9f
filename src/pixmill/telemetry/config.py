"""What an operator may decide about logs and metrics. Knows no library that makes them."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class TelemetryConfig(BaseModel):
    """The settings of logs and metrics."""

    model_config = ConfigDict(frozen=True)

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least level of what is logged: debug, info, warning or error."
    )
    log_format: Literal["auto", "json", "console"] = Field(
        default="auto",
        description="How lines are written: json, console (for people), or auto: console on a terminal, else json.",
    )
    access_log: bool = Field(
        default=True, description="Whether each request is logged, as one line with secrets removed."
    )
    metrics: bool = Field(default=True, description="Whether /metrics answers with Prometheus metrics.")
