"""The commands: where each is and what it is for, so that help and completion import none of them."""

from collections.abc import Mapping
from typing import Final, NamedTuple


class CommandRow(NamedTuple):
    """``module`` has the command as ``command``; ``summary`` and ``section`` are those of ``pixmill --help``."""

    module: str
    summary: str
    section: str


SERVE: Final = "Serve images"
FILES: Final = "Work on files"
URLS: Final = "Work on URLs"
OPERATE: Final = "Operate a running server"
SHELL: Final = "Set up the shell"

COMMANDS: Final[Mapping[str, CommandRow]] = {
    "serve": CommandRow("pixmill.cli.serve", "Run the server.", SERVE),
    "doctor": CommandRow("pixmill.cli.doctor", "Check this installation, or try a request step by step.", SERVE),
    "config": CommandRow("pixmill.cli.config", "Show every setting, its value and its source.", SERVE),
    "resize": CommandRow("pixmill.cli.resize", "Resize files or URLs into a file or a folder.", FILES),
    "batch": CommandRow("pixmill.cli.batch", "Resize many files, of folders or buckets, into several sizes.", FILES),
    "info": CommandRow("pixmill.cli.info", "Print format, size and more of images.", FILES),
    "sign": CommandRow("pixmill.cli.sign", "Sign a URL with the newest key.", URLS),
    "explain": CommandRow("pixmill.cli.explain", "Explain a URL: dialect, source, plan and cache key.", URLS),
    "translate": CommandRow("pixmill.cli.translate", "Print the native URL of a URL of another service.", URLS),
    "purge": CommandRow("pixmill.cli.purge", "Remove or expire cached results.", OPERATE),
    "warm": CommandRow("pixmill.cli.warm", "Queue URLs for rendering ahead of requests.", OPERATE),
    "completion": CommandRow("pixmill.cli.completion", "Print a script that completes commands on Tab.", SHELL),
}
"""A new command is a row here and a module."""
