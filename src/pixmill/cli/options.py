"""Options and commands as ``--help`` shows them: groups, types, defaults, environment names and examples.

Kebab-case is advertised, snake_case accepted. Boolean options are flags that also take a value.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import click
from click.shell_completion import CompletionItem

from pixmill.cli.option_rows import OptionRow, read

Command = Callable[..., None]

YES: Final = ("true", "1", "yes", "on")
NO: Final = ("false", "0", "no", "off")
_END: Final = "--"


class DocumentedOption(click.Option):
    """An option with the heading of ``--help`` below which it stands, and words that the shell completes."""

    def __init__(self, *args: Any, row: OptionRow | None = None, group: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.row = row
        self.group = group or (row.group if row else "")

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return flags with the type, and the description with default, environment name and examples."""
        record = super().get_help_record(ctx)
        if record is None or self.row is None:
            return record
        row = self.row
        long_flags, short_flags = _sorted_flags(row.flags)
        spec = ", ".join([*short_flags, *long_flags])
        words = "|".join(word for word in row.words if word not in {*YES, *NO})
        if row.is_flag:
            spec += f", --no-{long_flags[0].removeprefix(_END)}" + (f", {long_flags[0]} {words}" if words else "")
        else:
            spec += f" {row.type}".rstrip()
        return spec, f"{_sentence(row.help)}{_in_brackets(row)}"

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete the words of the option; files where it takes any text."""
        if self.row is None or not self.row.words:
            return super().shell_complete(ctx, incomplete)
        return [CompletionItem(word) for word in self.row.words if word.startswith(incomplete)]


def _sorted_flags(flags: Iterable[str]) -> tuple[list[str], list[str]]:
    long_flags = [flag for flag in flags if flag.startswith(_END)]
    return long_flags, [flag for flag in flags if not flag.startswith(_END)]


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", ":")) else f"{text}."


def _in_brackets(row: OptionRow) -> str:
    """Return default, environment name and examples in brackets."""
    parts = [f"default: {row.default}"] if row.default else []
    if not row.words or not row.is_flag:
        parts += [f"such as {' or '.join(row.examples)}"] if row.examples else []
    parts += [f"env: {row.env}"] if row.env else []
    return f" [{'; '.join(parts)}]" if parts else ""


class DocumentedCommand(click.Command):
    """Lists its options under the headings of their groups, and examples in front of them."""

    def __init__(self, *args: Any, examples: Mapping[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = examples or {}

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_help_text(ctx, formatter)
        if self.examples:
            with formatter.section("Examples"):
                formatter.write_dl(list(self.examples.items()), col_max=52)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        groups: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx) if isinstance(param, click.Option) else None
            if record is not None:
                groups.setdefault(getattr(param, "group", "") or "Options", []).append(record)
        own = groups.pop("Options", [])
        for title, records in (("Options", own), *groups.items()):
            with formatter.section(title):
                formatter.write_dl(records)

    def get_help_option_names(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        return ["-h", "--help"]

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = "Show this help."
        return option

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete ``--no-…`` of boolean options too."""
        items = super().shell_complete(ctx, incomplete)
        rows = [row for param in self.get_params(ctx) if (row := getattr(param, "row", None)) is not None]
        negations = (f"--no-{row.flags[0].removeprefix(_END)}" for row in rows if row.is_flag)
        if incomplete.startswith("--n"):
            items += [CompletionItem(flag) for flag in negations if flag.startswith(incomplete)]
        return items

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        is_group = isinstance(self, click.Group)
        ctx.allow_extra_args = True  # the sentence about them is ours
        try:
            rest = super().parse_args(ctx, normalised(self.get_params(ctx), args))
        except click.UsageError as error:
            error.ctx = error.ctx or ctx
            raise
        if rest and not is_group and not ctx.resilient_parsing:
            raise click.UsageError(f"{rest[0]!r} is one argument too many", ctx)
        return rest


class DocumentedGroup(DocumentedCommand, click.Group):
    """A command with options of its own that has subcommands too."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_options(ctx, formatter)
        self.format_commands(ctx, formatter)


def normalised(params: Sequence[click.Parameter], args: Sequence[str]) -> list[str]:
    """Return arguments with long options in kebab-case, and a value for each boolean option.

    ``--enlarge`` becomes ``--enlarge=true``, ``--no-enlarge`` ``--enlarge=false``; ``--enlarge true`` is one option.
    """
    options = {flag: param for param in params if isinstance(param, click.Option) for flag in param.opts}
    result: list[str] = []
    rest = list(args)
    while rest:
        token = rest.pop(0)
        if token == _END:
            return [*result, token, *rest]
        flag, equals, value = token.partition("=")
        flag = flag.replace("_", "-") if flag.startswith(_END) else flag
        positive = _END + flag.removeprefix("--no-") if flag.startswith("--no-") else flag
        option = options.get(flag) or options.get(positive)
        row = getattr(option, "row", None)
        if row is not None and row.is_flag and not equals and option is not options.get(flag):
            result.append(f"{positive}=false")
        elif row is not None and row.is_flag and not equals:
            takes_next = bool(rest) and rest[0].lower() in {*row.words, *YES, *NO}
            result.append(f"{flag}={rest.pop(0) if takes_next else 'true'}")
        else:
            result.append(flag + equals + value)
            if option is not None and not equals and not option.is_flag and rest:
                result.append(rest.pop(0))
    return result


def with_settings(command: Command) -> Command:
    """Add every setting as an option, and the file that may have others."""
    config = click.option(
        "--config",
        metavar="FILE",
        type=click.Path(),
        cls=DocumentedOption,
        help="Read settings from this TOML file; those of .env, the environment and options take precedence.",
    )
    return config(_with_rows(command, read("settings")))


def with_params(command: Command) -> Command:
    """Add every parameter that changes the image as an option."""
    return _with_rows(command, read("resize"))


def with_param_lists(command: Command) -> Command:
    """Add every parameter that changes the image as an option that may be given several times."""
    return _with_rows(command, read("resize"), multiple=True)


def with_info_params(command: Command) -> Command:
    """Add every parameter that selects image information as an option."""
    return _with_rows(command, read("info"))


def _with_rows(command: Command, rows: Sequence[OptionRow], *, multiple: bool = False) -> Command:
    for row in reversed(rows):
        command = with_row(row, multiple=multiple)(command)
    return command


def with_row(row: OptionRow, *, multiple: bool = False, is_switch: bool = False) -> Callable[[Command], Command]:
    """Return a decorator that adds an option; ``is_switch``: it takes no value, ``multiple``: it may be repeated."""
    option: dict[str, Any] = {"is_flag": True} if is_switch else {"metavar": row.type, "multiple": multiple}
    return click.option(*row.flags, row.name, cls=DocumentedOption, row=row, help=row.help, **option)
