"""What the help of each command shows, whole."""

import re
import shlex

import pytest
from click import Command, Context, Group, Option

from pixmill.cli.program import commands
from tests.cli.golden import FOLDER, file_of, names, shown

every_command = pytest.mark.parametrize("name", list(names()), ids=lambda name: " ".join(("pixmill", *name)))


@every_command
def test_help_is_what_was_last_looked_at(name: tuple[str, ...]) -> None:
    expected = file_of(name).read_text(encoding="utf-8")
    assert shown(name) == expected, "if it is meant: .venv/bin/python -m tests.cli.golden, and look at the difference"


def test_there_is_no_help_of_a_command_that_is_gone() -> None:
    assert sorted(FOLDER.glob("*.txt")) == sorted(file_of(name) for name in names())


@every_command
def test_h_is_help_in_every_command(name: tuple[str, ...]) -> None:
    assert shown(name, "-h") == shown(name)


@every_command
def test_help_has_examples_and_types_and_no_sentence_of_a_library(name: tuple[str, ...]) -> None:
    text = shown(name)
    assert "\nExamples:\n  " in text
    assert "Show this message and exit" not in text
    command = command_of(name)
    for option in command.params:
        if isinstance(option, Option):
            assert option.help, option.name
            assert option.is_flag or option.metavar, f"{option.name} says no type"
            assert not any("_" in flag for flag in option.opts), "kebab-case is advertised"


@every_command
def test_every_example_is_taken(name: tuple[str, ...]) -> None:
    """Each command in it exists, and so do its options."""
    examples = getattr(command_of(name), "examples", {})
    parsed = 0
    for example in examples:
        for part in re.split(r"[|>]|\$\(|\)", example):
            words = shlex.split(part.replace('"', ""), comments=True)
            if "pixmill" in words:
                typed, *arguments = words[words.index("pixmill") + 1 :]
                command_of((typed,)).make_context(typed, arguments).close()
                parsed += 1
    assert parsed >= len(examples) > 0


def command_of(name: tuple[str, ...]) -> Command:
    command: Command = commands
    for each in name:
        assert isinstance(command, Group)
        found = command.get_command(Context(command), each)
        assert found is not None
        command = found
    return command
