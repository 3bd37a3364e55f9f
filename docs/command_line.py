"""Writes the page of the command line: tasks first, then what each command takes, from its own help."""

from collections.abc import Iterable, Mapping
from inspect import cleandoc

import click

from pixmill.cli.commands import COMMANDS
from pixmill.cli.option_rows import OptionRow, read
from pixmill.cli.program import commands

INTRODUCTION = """\
# Command line

```sh
pixmill resize photo.jpg small.webp -w 400
pixmill resize *.jpg thumbs/ -w 400 --format webp
pixmill info *.jpg
pixmill serve .
```

`pixmill --help` lists the commands, `pixmill resize --help` (or `-h`) what one takes: types, words, defaults, environment names, examples.

## Resize files

| to | command |
|---|---|
| resize one file; the ending says the format | `pixmill resize photo.jpg small.avif -w 400` |
| crop to a square | `pixmill resize photo.jpg square.jpg -w 300 -H 300 --fit cover --gravity smart` |
| resize several into a folder, which is made | `pixmill resize *.jpg thumbs/ -w 400 --format webp` |
| choose the names | `pixmill resize *.jpg 'out/{stem}-{width}.{ext}' -w 400` |
| keep apart what has the same name | `pixmill resize */cover.jpg 'out/{parent}-{stem}.{ext}' -w 400` |
| resize an image of the web | `pixmill resize https://example.com/a.jpg a.webp -w 400` |
| resize between two programs | `curl -s https://example.com/a.jpg \\| pixmill resize - - -w 400 -f webp > a.webp` |
| replace the inputs themselves | `pixmill resize *.jpg . --max-width 2000 --overwrite` |

The last name is the target:

| target | results |
|---|---|
| `thumbs/`, or a folder that is there | in the folder, under the names of the inputs |
| a name with `{stem}`, `{name}`, `{parent}`, `{ext}`, `{format}` or a parameter that is given, such as `{width}` | one for each input; folders are made |
| `small.webp` | this file, from one input |
| `-` | standard output, from one input |

- The format is that of `--format`, else of the ending of the target, else of each input. Where none says it (a raw photo into a folder, `--format auto`), it is
  chosen by content, and the ending follows.
- An input is never replaced without `--overwrite`, nor a single named file of the same kind: `*.jpg` may be two files, of which the second would be
  the target. Other files under the names of results are replaced, each at once: a run that is stopped leaves no half file.
- Two results with one name, a misspelt option, ending or value stop the command before anything is written, with exit code 2.
- An input that cannot be read or decoded is named, and does not stop the others; the exit code is then 1.
- All workers are used, `PIXMILL_WORKERS` of them: by default one per core. They are sandboxed as those of the server are.

Many thousands of files, buckets, several sizes of each: `pixmill batch`.

## Look at files

```sh
pixmill info photo.jpg                     # on a terminal: one fact a line
pixmill info *.jpg                         # a table
pixmill info photo.jpg --json              # JSON, as it is too if the output is piped
pixmill info *.jpg | jq -r .source         # several: an object a line
pixmill info photo.jpg --include palette,exif
```

## Spellings

| what | how |
|---|---|
| options | `--max-width`; `--max_width`, as in URLs, means the same |
| values | `--width 400`, `--width=400`, `-w 400`, `-w400` |
| boolean options | `--enlarge`, `--no-enlarge`, `--enlarge true`, `--enlarge=false` |
| `-h` | help, in every command. Short for `--height` is `-H`. |
| sizes and durations of settings | `64MiB`, `12h`, plain numbers as bytes and seconds |
| a name that begins with `-` | behind `--`: `pixmill resize -w 400 -- -photo.jpg out.jpg` |

Settings come from options of `serve` and `config`, else from the environment (`PIXMILL_WORKERS`), else from `.env` in the current folder, else they have their
defaults. `pixmill config` shows which.

## For programs

| command | JSON |
|---|---|
| `pixmill info FILE --json` | the object of [`GET /info`](parameters.md#image-information); with several inputs an object a line, with `source` |
| `pixmill config --json` | an object of each setting by its environment name: `value`, `source`; secrets are masked |
| `pixmill doctor --json` | `ok`, and each check with its state and what to change |
| `pixmill explain URL`, `pixmill translate URL --json` | dialect, source, plan and cache key |

Results go to standard output, messages to standard error.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | failed, at least in part: an image, a server, a check of `doctor` |
| 2 | nothing was done: wrong usage, or settings that are not valid |
| 130 | interrupted (Ctrl-C) |

## Completion

Tab completes commands, options, files, and values: formats, fits, dialects, words of settings.

| shell | in | line |
|---|---|---|
| bash | `~/.bashrc` | `eval "$(pixmill completion bash)"` |
| zsh | `~/.zshrc`, after `compinit` | `eval "$(pixmill completion zsh)"` |
| fish | `~/.config/fish/config.fish` | `pixmill completion fish \\| source` |

Each costs a tenth of a second at the start of a shell. To avoid that, write the script to a file once: `pixmill completion bash > ~/.pixmill-completion.bash`,
and `source` it.

## Commands
"""

_SHARED_ROWS = frozenset(row for table in ("settings", "resize", "info") for row in read(table))


def page() -> str:
    """Return the page."""
    return "\n".join(_lines()).rstrip() + "\n"


def _lines() -> Iterable[str]:
    yield INTRODUCTION
    context = click.Context(commands, info_name="pixmill")
    for section in dict.fromkeys(row.section for row in COMMANDS.values()):
        yield f"{section}: " + ", ".join(
            f"[`{name}`](#pixmill-{name})" for name, row in COMMANDS.items() if row.section == section
        )
        yield ""
    for name in COMMANDS:
        command = commands.get_command(context, name)
        if command is not None:
            yield from _command(command, click.Context(command, info_name=name, parent=context))


def _command(command: click.Command, context: click.Context) -> Iterable[str]:
    yield f"### {context.command_path}\n"
    yield _text(command.help or "")
    yield ""
    examples: Mapping[str, str] = getattr(command, "examples", {})
    if examples:
        yield from _table(("example", ""), ((_code(example), meaning) for example, meaning in examples.items()))
    own = [param for param in command.params if isinstance(param, click.Option) and not _is_shared(param)]
    if own:
        yield from _table(("option", "meaning"), map(_option, own))
    yield from _shared(command)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            subcommand = command.get_command(context, name)
            if subcommand is not None:
                yield from _command(subcommand, click.Context(subcommand, info_name=name, parent=context))


def _row_of(param: click.Parameter) -> OptionRow | None:
    return getattr(param, "row", None)


def _is_shared(param: click.Parameter) -> bool:
    """Return whether an option is a parameter or a setting, which have pages of their own."""
    row = _row_of(param)
    return row is not None and row in _SHARED_ROWS


def _shared(command: click.Command) -> Iterable[str]:
    """Name the options that have pages of their own: settings by a rule, parameters by their groups, once."""
    rows = [row for param in command.params if (row := _row_of(param)) in _SHARED_ROWS and row is not None]
    if any(row.env for row in rows):
        yield "Each [setting](settings.md) is an option: `PIXMILL_PORT` is `--port`.\n"
    elif rows and command.name == "batch":
        yield "Each [parameter](parameters.md) is an option too, as in [resize](#pixmill-resize), with one value or several.\n"
    elif rows:
        yield "Each [parameter](parameters.md) that makes sense without a server is an option too:\n"
        groups: dict[str, list[str]] = {}
        for row in rows:
            groups.setdefault(row.group, []).append(_code(row.flags[0]))
        yield from _table(("group", "options"), ((group, ", ".join(flags)) for group, flags in groups.items()))


def _option(param: click.Option) -> tuple[str, str]:
    row = _row_of(param)
    kind = f" {param.metavar}" if param.metavar and not param.is_flag else ""
    text = (row.help if row else param.help) or ""
    if row is not None and row.default:
        text += f" Default: {row.default}."
    return f"`{', '.join(param.opts)}{kind}`".replace("|", "\\|"), text


def _text(text: str) -> str:
    return "\n\n".join(paragraph.replace("\n", " ") for paragraph in cleandoc(text).split("\n\n"))


def _code(text: str) -> str:
    return f"`{text}`".replace("|", "\\|")


def _table(columns: tuple[str, str], rows: Iterable[tuple[str, str]]) -> Iterable[str]:
    yield f"| {' | '.join(columns)} |"
    yield "|---|---|"
    yield from (f"| {' | '.join(row)} |" for row in rows)
    yield ""
