"""``pixmill serve``."""

import sys
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, NoReturn

import click

from pixmill.cli.options import DocumentedCommand, DocumentedOption, with_settings

if TYPE_CHECKING:
    from pixmill.settings import Settings


@click.command(
    cls=DocumentedCommand,
    examples={
        "pixmill serve --demo": "sample photos",
        "pixmill serve .": "images of this folder",
        "pixmill serve": "images of the web",
    },
    epilog="Settings come from options, the environment, .env in the current folder, and the file of --config, in this "
    "order of precedence.",
)
@click.argument("root", required=False, metavar="[IMAGES]", type=click.Path())
@click.option(
    "--demo", is_flag=True, cls=DocumentedOption, help="Serve sample photos, and store results in memory only."
)
@with_settings
def command(root: str | None, *, demo: bool, **flags: str | None) -> None:
    """Run the service until SIGTERM or Ctrl-C. SIGHUP reloads settings.

    IMAGES is the image root, as in --images: a folder, or the URL of a store such as s3://bucket/prefix.
    """
    from pixmill.cli.error_messages import failure_of
    from pixmill.cli.usage import WrongUsage
    from pixmill.runtime.systemd import inherited_listener
    from pixmill.server import serve as run
    from pixmill.settings import SettingsError, load
    from pixmill.startup import load_demo, logs_json

    roots = [name for name, value in (("IMAGES", root), ("--images", flags["images"]), ("--demo", demo)) if value]
    if len(roots) > 1:
        raise WrongUsage(f"give one of {' and '.join(roots)}: each says which images are served")
    given = {name: value for name, value in (flags | {"images": root or flags["images"]}).items() if value is not None}
    try:
        try:
            listener = inherited_listener()
        except ValueError as error:
            raise SettingsError(str(error)) from error
        if listener is not None:
            address, port, *_ = listener.getsockname()
            given |= {"host": address, "port": str(port)}  # so that access control is checked for this address
        load_again = partial(load_demo if demo else load, given)
        settings = load_again()
        run(settings, partial(_report_start, settings), load_again, listener)
    except Exception as error:
        failure = failure_of(error)
        if failure is not None:
            _fail_to_start(failure.text, failure.code, flags)
        if not logs_json(flags):
            raise
        import structlog

        structlog.get_logger().critical("stopped by an error", exc_info=True)
        sys.exit(1)


def _report_start(settings: "Settings", port: int) -> None:
    from pixmill.runtime.systemd import notify
    from pixmill.startup import log_startup

    notify("READY=1")
    log_startup(settings, port)


def _fail_to_start(message: str, code: int, flags: Mapping[str, str | None]) -> NoReturn:
    from pixmill.startup import print_failure

    print_failure(message, flags)
    sys.exit(code)
