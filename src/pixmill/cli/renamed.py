"""Options that were renamed."""

from pixmill.cli.option_source import kebab_case
from pixmill.setting_errors import PREFIX, env_name
from pixmill.settings import RENAMED


def renamed_option(option: str) -> str:
    """Return what an option is called now; empty if it was never one."""
    name = RENAMED.get(env_name(option.lstrip("-").replace("-", "_")))
    return f"--{kebab_case(name.removeprefix(PREFIX).lower())}" if name else ""
