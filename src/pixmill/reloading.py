"""Reload: puts changed settings into force while the server runs, without a dropped request.

Knows which settings can be changed so, and the applications that answer requests. New requests go to an application of
the new settings; those in flight finish in the one in which they began. Stores, caches, workers and listeners stay.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from pixmill.api.app import create_admin_app, create_app
from pixmill.api.context import ApiContext
from pixmill.setting_errors import env_name
from pixmill.settings import Settings, SettingsError
from pixmill.telemetry.logs import LEVELS, AccessLogWriter, set_log_level
from pixmill.wiring import make_image_services

RELOADABLE: Final = frozenset(
    {
        *("keys", "admin_token", "unsigned", "tag_header"),
        *("presets", "presets_only", "dialects", "render_mode"),
        *("auto_formats", "client_hints", "client_hint_widths"),
        *("fallback_image", "fallback_status", "fallback_ttl_s"),
        *("public_url", "path_prefix", "srcset_warm", "server_timing"),
        *("rate_limit", "rate_limit_burst", "trusted_proxies"),
        *("max_url_bytes", "upload_timeout_s", "upload_min_rate"),
        *("drain_timeout_s", "drain_delay_s", "log_level"),
    }
)
"""Settings that only the way from a URL to an image uses. All others are of parts that were opened at the start."""

log = structlog.get_logger()


class ReloadableApp:
    """Passes each request to the application that is in force when it comes."""

    __slots__ = ("app",)

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        return self.app(scope, receive, send)


class Reloader:
    """The settings in force and the applications with them. ``load`` reads all settings again."""

    def __init__(self, settings: Settings, context: ApiContext, load: Callable[[], Settings]) -> None:
        self.settings = settings
        self.public_app = ReloadableApp(create_app(context))
        self.admin_app = ReloadableApp(create_admin_app(context))
        self._context = context
        self._load = load

    async def run(self, requested: asyncio.Event) -> None:
        """Reload whenever ``requested`` is set."""
        while True:
            await requested.wait()
            requested.clear()
            self.reload()

    def reload(self) -> None:
        """Put changed settings into force, all of them or, with one that is invalid, none. Never raises.

        Those that need a restart are named in the log and stay as they are.
        """
        try:
            given = self._load()
            changed = [name for name in Settings.model_fields if getattr(given, name) != getattr(self.settings, name)]
            update = {name: getattr(given, name) for name in changed if name in RELOADABLE}
            settings = self.settings.model_copy(update=update)
            if problems := tuple(each.text for each in settings.contradictions()):
                raise SettingsError.of(problems)  # noqa: TRY301 - one line of log for all that is wrong
            context = _with_settings(self._context, settings)
            self.public_app.app, self.admin_app.app = create_app(context), create_admin_app(context)
        except Exception as error:
            is_expected = isinstance(error, SettingsError)
            log.error("settings_not_reloaded", error=str(error), exc_info=not is_expected)  # noqa: TRY400
            return
        set_log_level(min(self.settings.log_level, settings.log_level, key=LEVELS.__getitem__))  # this line is seen
        self.settings, self._context = settings, context
        log.info("settings_reloaded", changed=_names(update) or "nothing")
        if kept := [name for name in changed if name not in RELOADABLE]:
            log.warning("settings_need_restart", settings=_names(kept))
        _apply_log_level(settings, context)


def _with_settings(context: ApiContext, settings: Settings) -> ApiContext:
    """Return the context with the same parts and these settings. Raises ValueError."""
    playground = context.playground and replace(
        context.playground, public_url=settings.public_url if "://" in settings.public_url else ""
    )
    images = make_image_services(settings, context.images.resizer)
    return replace(context, config=settings, images=images, playground=playground)


def _apply_log_level(settings: Settings, context: ApiContext) -> None:
    set_log_level(settings.log_level)
    if isinstance(context.telemetry.access_log, AccessLogWriter):
        context.telemetry.access_log.set_level(settings.log_level)


def _names(fields: "dict[str, object] | list[str]") -> str:
    return ", ".join(map(env_name, fields))
