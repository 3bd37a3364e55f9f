"""The application: ``INSTALLED_APPS = [..., "pixmill_url.django"]`` adds template tags and checks."""

from __future__ import annotations

from django.apps import AppConfig
from django.core.checks import register


class PixmillConfig(AppConfig):
    """Registers the checks of the settings."""

    name = __name__.rpartition(".")[0]
    label = "pixmill"
    verbose_name = "Pixmill"

    def ready(self) -> None:
        from .checks import check_settings  # noqa: PLC0415 - settings are complete only now

        register(check_settings)
