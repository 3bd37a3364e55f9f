"""``pixmill completion``."""

import click
from click.shell_completion import CompletionItem, get_completion_class

from pixmill.cli.options import DocumentedCommand

SHELLS = ("bash", "zsh", "fish")


def _complete_shells(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(shell) for shell in SHELLS if shell.startswith(incomplete)]


@click.command(
    cls=DocumentedCommand,
    examples={
        'eval "$(pixmill completion bash)"': "in ~/.bashrc",
        'eval "$(pixmill completion zsh)"': "in ~/.zshrc, after compinit",
        "pixmill completion fish | source": "in ~/.config/fish/config.fish",
    },
)
@click.argument("shell", metavar="SHELL", shell_complete=_complete_shells)
def command(shell: str) -> None:
    """Print a script for SHELL (bash, zsh or fish) that completes commands, options and values on Tab."""
    from pixmill.cli.usage import WrongUsage

    kind = get_completion_class(shell) if shell in SHELLS else None
    if kind is None:
        raise WrongUsage(f"there is no completion for {shell[:64]!r}; choose from {', '.join(SHELLS)}")
    click.echo(kind(click.get_current_context().find_root().command, {}, "pixmill", "_PIXMILL_COMPLETE").source())
