"""The application: with ``"pixmill_url.wagtail"`` in ``INSTALLED_APPS`` renditions are URLs of Pixmill.

``{% image page.photo width-400 %}``, ``{% picture %}``, ``{% srcset_image %}``, the API and the admin write no files
and no rows; templates stay as they are.
"""

from __future__ import annotations

from django.apps import AppConfig


class PixmillWagtailConfig(AppConfig):
    """Replaces how images of Wagtail get their renditions."""

    name = __name__.rpartition(".")[0]
    label = "pixmill_wagtail"
    verbose_name = "Pixmill for Wagtail"

    def ready(self) -> None:
        from .renditions import install  # noqa: PLC0415 - models are loaded only now

        install()
