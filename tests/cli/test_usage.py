"""What is said of wrong usage: what is wrong, what is near it, an example; never a sentence of a library."""

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from pixmill.cli.option_rows import OptionRow
from pixmill.cli.options import DocumentedOption, normalised
from pixmill.cli.renamed import renamed_option
from pixmill.settings import Settings
from tests.cli.program import Run

PHOTO = str(Path(__file__).parents[2] / "examples" / "photos" / "sunset.jpg")
OF_LIBRARIES = re.compile(
    r"No such|Got unexpected|requires an argument|Missing (argument|option|parameter)|Invalid value|Try '|Errno|"
    r"Input should|validation error|Usage:|Error:"
)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("reszie a b", "pixmill: there is no command 'reszie'; did you mean resize?"),
        ("xyz", "choose from serve, doctor"),
        ("config improt", "pixmill config: there is no command 'improt'; did you mean import?"),
        ("resize a.jpg b.jpg --widht 3", "pixmill resize: there is no option --widht; did you mean --width?"),
        ("resize a.jpg b.jpg --max_widht 3", "did you mean --max-width?"),
        ("resize a.jpg b.jpg -z 3", "there is no option -z"),
        ("resize a.jpg b.jpg --width", "--width needs a value, such as --width 800"),
        ("resize a.jpg b.jpg --fit", "--fit needs a value, such as --fit cover"),
        ("resize a.jpg", "TARGET, for a.jpg, is missing"),
        ("resize", "INPUT and TARGET are missing"),
        ("serve --log-format console --prot 80", "did you mean --port?"),
        ("serve --log-format console --port", "--port needs a value, such as --port 8080"),
        ("doctor more", "'more' is one argument too many"),
        ("explain", "URL is missing"),
        ("completion", "SHELL is missing"),
        ("purge", "give --source, --tag, --prefix or --all"),
        ("translate /a --dialect imgixx", "did you mean imgix?"),
        ("sign /a --expires-in soon", "--expires-in"),
        ("--nonsense", "there is no option --nonsense"),
    ],
)
def test_wrong_usage_says_what_is_near(run: Run, typed: str, said: str) -> None:
    done = run(*typed.split(" "))
    assert (done.code, done.out) == (2, b"")
    assert said in done.err
    assert not OF_LIBRARIES.search(done.err), done.err
    assert "Help:    pixmill" in done.err


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("info nowhere.jpg", "pixmill: nowhere.jpg is not there; check the name"),
        ("info /", "/ is a folder, not a file"),
        ("warm nowhere.txt", "pixmill: nowhere.txt is not there"),
        ("config import imgproxy nowhere.env", "pixmill: nowhere.env is not there"),
        ("purge --all --server http://127.0.0.1:1", "http://127.0.0.1:1 is not listening; is the server running?"),
        ("purge --all --server nonsense", "nonsense is not the URL of a server"),
        ("resize a.jpg nowhere/b.jpg", "make it with mkdir -p nowhere"),
        (f"resize {PHOTO} {PHOTO}/b.jpg", "sunset.jpg/b.jpg, is a file"),
        ("explain /resize?url=a.jpg&widht=3", "pixmill: There is no parameter widht; did you mean width?"),
    ],
)
def test_a_failure_is_one_sentence_of_our_own(run: Run, typed: str, said: str) -> None:
    done = run(*typed.split(" "), PIXMILL_ADMIN_TOKEN="0123456789abcdef0123456789abcdef")
    assert (done.code, done.out) == (1, b"")
    assert said in done.err
    assert not OF_LIBRARIES.search(done.err), done.err
    assert done.err.count("\n") == 1


def test_no_option_has_the_name_of_one_that_was_renamed() -> None:
    assert renamed_option("--drain-s") == "--drain-timeout-s"
    assert not any(renamed_option(f"--{name}") for name in Settings.model_fields)


FLAG = OptionRow("enlarge", ("--enlarge", "--upscale"), "", "", "", words=("true", "false", "error"), is_flag=True)
VALUE = OptionRow("max_width", ("--max-width", "-m"), "", "PX", "")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("--enlarge a.jpg", "--enlarge=true a.jpg"),
        ("--enlarge true a.jpg", "--enlarge=true a.jpg"),
        ("--enlarge OFF", "--enlarge=OFF"),
        ("--enlarge error", "--enlarge=error"),
        ("--enlarge=false", "--enlarge=false"),
        ("--no-enlarge true", "--enlarge=false true"),
        ("--no-upscale", "--upscale=false"),
        ("--max_width 3 --max_width=4 -m 5", "--max-width 3 --max-width=4 -m 5"),
        ("--max-width --enlarge", "--max-width --enlarge"),
        ("-- --enlarge --max_width", "-- --enlarge --max_width"),
        ("--all --enlarge", "--all --enlarge=true"),
        ("a_b.jpg --other_name", "a_b.jpg --other-name"),
    ],
)
def test_boolean_options_are_flags_that_take_a_value(given: str, expected: str) -> None:
    params = [
        DocumentedOption(FLAG.flags, row=FLAG),
        DocumentedOption(VALUE.flags, row=VALUE),
        click.Option(["--all"], is_flag=True),
    ]
    assert normalised(params, given.split()) == expected.split()


def test_boolean_options_of_settings_and_of_parameters(run: Run) -> None:
    told = run("config", "--json", "--no-metrics", "--images_hidden", "--http2", "false").json()
    assert {name: told[f"PIXMILL_{name}"] for name in ("METRICS", "IMAGES_HIDDEN", "HTTP2")} == {
        "METRICS": {"value": "false", "source": "flag"},
        "IMAGES_HIDDEN": {"value": "true", "source": "flag"},
        "HTTP2": {"value": "false", "source": "flag"},
    }
    assert "small.png: " not in run("resize", PHOTO, "small.png", "-w", 20, "--grayscale", "--no-enlarge").err
    assert "40 x " in run("resize", "small.png", "large.png", "--enlarge", "true", "-w", 40).err


def test_a_reader_that_has_enough_is_no_error(tmp_path: Path) -> None:
    command = f"{sys.executable} -m pixmill config | head -n 1"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, check=True, timeout=120, cwd=tmp_path
    )
    assert done.stdout.startswith("PIXMILL_")
    assert done.stderr == ""
