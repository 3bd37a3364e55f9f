"""The command line: what each command does, what it says when it cannot, and with which exit code.

Most tests call the entry point in this process, where any exception that escapes fails the test; the last ones run the
installed program.
"""

import json
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from dotenv import dotenv_values
from PIL import Image

from pixmill import __version__, parts
from pixmill.api.config import MAX_PORT
from pixmill.cli.commands import COMMANDS
from pixmill.cli.program import commands
from pixmill.dialects.native.param import Group
from pixmill.dialects.native.params import PARAMS
from pixmill.dialects.signing import Keyring
from pixmill.engine import kernel
from pixmill.engine.sandbox.policy import SandboxLayer, missing_layers
from pixmill.settings import SETTING_GROUPS, Settings, env_name
from tests.cli.program import Done, Run, opened
from tests.servers.origin import Origin
from tests.servers.pixmill import Pixmill

PHOTO = str(Path(__file__).parents[2] / "examples" / "photos" / "sunset.jpg")
KEYS = "the-newest-key-of-all,an-older-key-0123456789"


def named(given: object) -> str | None:
    """The id of a case: what was typed."""
    return " ".join(given)[-40:] if isinstance(given, tuple) else None


# ---------------------------------------------------------------- help and usage


def test_help_names_every_command(run: Run) -> None:
    done = run("--help")
    assert done.code == 0
    for command in COMMANDS:
        assert f"\n  {command} ".encode() in done.out
    assert b"..." not in done.out, "every summary is whole"


@pytest.mark.parametrize("command", ["serve", "config"])
def test_help_of_what_takes_settings_names_every_setting(run: Run, command: str) -> None:
    done = run(command, "--help")
    assert done.code == 0
    for name in Settings.model_fields:
        assert re.search(f"--{name.replace('_', '-')}[ ,]", done.out.decode())
    for typed in (
        b"--port INT",
        b"--drain-timeout-s DURATION",
        b"--max-source-bytes SIZE",
        b"--log-format auto|json|console",
    ):
        assert typed in done.out
    headings = [line.rstrip(":") for line in done.out.decode().splitlines() if re.fullmatch("[A-Z][A-Za-z ]+:", line)]
    commands = ["Commands"] if command == "config" else []
    assert headings == ["Examples", "Options", *SETTING_GROUPS, *commands], "in the order of docs/settings.md"


def test_a_renamed_flag_is_refused_with_its_new_name(run: Run) -> None:
    done = run("serve", "--drain-s", "3", "--log-format", "console")
    assert done.code == 2
    assert "--drain-s was renamed to --drain-timeout-s" in done.err
    assert run("serve", "--drane", "3").code == 2


def test_parameters_are_in_kebab_case_and_snake_case_is_taken(run: Run, tmp_path: Path) -> None:
    assert b"--max-width PX" in run("resize", "--help").out
    for number, flag in enumerate(("--max-width", "--max_width")):
        target = tmp_path / f"{number}.png"
        assert run("resize", PHOTO, target, flag, 30).code == 0
        assert opened(target).width == 30


def test_help_of_resize_names_every_parameter_that_changes_the_picture(run: Run) -> None:
    done = run("resize", "--help")
    assert done.code == 0
    for param in PARAMS:
        told = re.search(f"--{param.name.replace('_', '-')}[ ,]".encode(), done.out) is not None
        assert told == (
            param.group not in {Group.SOURCE, Group.RESPONSE, Group.ACCESS} and param.name not in {"filename", "tags"}
        )


@pytest.mark.parametrize("command", ["info", "sign", "explain", "translate", "doctor"])
def test_help_of_every_command_has_a_sentence(run: Run, command: str) -> None:
    done = run(command, "--help")
    assert done.code == 0
    assert b"." in done.out
    assert b"Usage: pixmill " + command.encode() in done.out


def test_the_version_is_told(run: Run) -> None:
    assert run("--version").out == f"pixmill, version {__version__}\n".encode()


def test_the_version_tells_of_an_installation_without_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "has_kernel", lambda: False)
    done = CliRunner().invoke(commands, ["--version"])
    assert (done.exit_code, done.output) == (
        0,
        f"pixmill, version {__version__}, without its compiled kernel (slower)\n",
    )


@pytest.mark.parametrize(
    "args",
    [
        ("nonsense",),
        ("resize",),
        ("resize", PHOTO),
        ("resize", PHOTO, "out.png", "more"),
        ("resize", PHOTO, "out.png", "--colour", "1"),
        ("resize", PHOTO, "out.png", "--width", "wide"),
        ("resize", PHOTO, "out.wepb"),
        ("info", PHOTO, "--include", "everything"),
        ("info",),
        ("sign",),
        ("sign", "/resize", "--expires-in", "0"),
        ("sign", "/resize", "--expires-in", "soon"),
        ("explain",),
        ("explain", "http://[half"),
        ("serve", "--colour", "1"),
        ("serve", "more", "evenmore"),
        ("serve", "--demo", "."),
        ("serve", "--port"),
        ("doctor", "more"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_2_with_a_sentence(run: Run, args: tuple[str, ...]) -> None:
    done = run(*args, PIXMILL_KEYS=KEYS, PIXMILL_LOG_FORMAT="console")
    assert done.code == 2
    assert "Help:    pixmill" in done.err


# ---------------------------------------------------------------- resize and info


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        ("a.jpg", "JPEG"),
        ("a.JPEG", "JPEG"),
        ("a.png", "PNG"),
        ("a.webp", "WEBP"),
        ("a.avif", "AVIF"),
        ("a.gif", "GIF"),
        ("a.tif", "TIFF"),
    ],
)
def test_the_ending_of_the_target_decides_the_format(run: Run, tmp_path: Path, target: str, kind: str) -> None:
    done = run("resize", PHOTO, target, "--width", 64)
    assert (done.code, done.out) == (0, b"")
    with opened(tmp_path / target) as image:
        assert (image.format, image.width) == (kind, 64)
        assert f"64 x {image.height}, {(tmp_path / target).stat().st_size} bytes" in done.err


def test_a_format_that_is_named_counts_more_than_the_ending(run: Run, tmp_path: Path) -> None:
    assert run("resize", PHOTO, "a.jpg", "-f", "png", "-w", 30, "-H", 20, "--fit", "cover").code == 0
    with opened(tmp_path / "a.jpg") as image:
        assert (image.format, image.size) == ("PNG", (30, 20))


def test_a_target_without_an_ending_gets_what_suits_the_original(run: Run, tmp_path: Path) -> None:
    assert run("resize", PHOTO, "thumbnail", "-w", 30).code == 0
    with opened(tmp_path / "thumbnail") as image:
        assert image.format == "JPEG"


def test_standard_input_becomes_standard_output(run: Run) -> None:
    done = run("resize", "-", "-", "-w", 40, "-f", "webp", stdin=Path(PHOTO).read_bytes())
    assert done.code == 0
    with opened(done.out) as image:
        assert (image.format, image.width) == ("WEBP", 40)


def test_a_url_is_fetched_behind_the_address_guard(run: Run, tmp_path: Path) -> None:
    with Origin() as origin:
        url = origin.serve("/a b.jpg?c=d&e", Path(PHOTO).read_bytes()).replace(" ", "%20")
        origin.serve("/a%20b.jpg?c=d&e", Path(PHOTO).read_bytes())
        refused = run("resize", url, "out.jpg", "-w", 20)
        assert (refused.code, "Address of the source is not allowed" in refused.err) == (1, True)
        assert run("resize", url, "out.jpg", "-w", 20, PIXMILL_ALLOWED_NETWORKS="127.0.0.1/32").code == 0
    with opened(tmp_path / "out.jpg") as image:
        assert image.width == 20


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("resize", "missing.jpg", "out.png"), "missing.jpg is not there"),
        (("resize", PHOTO, "missing/out.png"), "missing: this folder, for missing/out.png, is not there"),
        (("resize", "/", "out.png"), "is a folder"),
        (("resize", "ftp://example.com/a.jpg", "out.png"), "ftp"),
        (("resize", "http://[half", "out.png"), "URL"),
        (("resize", PHOTO, "out.png", "--crop", "90000,0,1,1"), "crop"),
        (("resize", PHOTO, "out.svg"), "svg"),
        (("resize", __file__, "out.png"), "not an image"),
        (("info", "missing.jpg"), "missing.jpg"),
        (("info", __file__), "not an image"),
        (("explain", "/nowhere"), "Route not found"),
        (("explain", "/resize"), "url"),
        (("explain", "/resize?url=a.jpg&widht=3"), "did you mean width"),
        (("explain", "/resize?url=%FF"), "UTF-8"),
        (("sign", "/resize?url=a.jpg"), "PIXMILL_KEYS"),
    ],
    ids=named,
)
def test_what_cannot_be_done_is_1_with_one_sentence(run: Run, tmp_path: Path, args: tuple[str, ...], said: str) -> None:
    done = run(*args)
    assert (done.code, done.out) == (1, b"")
    assert done.err.startswith("pixmill: ")
    assert said in done.err
    assert "Errno" not in done.err
    assert done.err.count("\n") == 1
    assert not list(tmp_path.iterdir()), "no half-made file is left behind"


def test_a_target_that_could_not_be_made_stays_as_it_was(run: Run, tmp_path: Path) -> None:
    (tmp_path / "out.png").write_bytes(b"before")
    assert run("resize", __file__, "out.png").code == 1
    assert (tmp_path / "out.png").read_bytes() == b"before"


def test_info_tells_the_facts_as_json(run: Run) -> None:
    for done in (run("info", PHOTO), run("info", "-", stdin=Path(PHOTO).read_bytes())):
        facts = done.json()
        with Image.open(PHOTO) as image:
            assert (facts["width"], facts["height"], facts["format"]) == (*image.size, "jpeg")
        assert facts["bytes"] == Path(PHOTO).stat().st_size


# ---------------------------------------------------------------- sign and explain


def test_a_signed_url_keeps_its_host_and_ends_when_it_is_told(run: Run) -> None:
    plain = run("sign", "/resize?url=a.jpg&w=3", PIXMILL_KEYS=KEYS).out.decode().strip()
    assert plain.startswith("/resize?url=a.jpg&w=3&sig=")
    whole = run("sign", "https://img.example.com/resize?url=a.jpg&w=3", PIXMILL_KEYS=KEYS).out.decode().strip()
    assert whole == "https://img.example.com" + plain
    timed = run("sign", "/resize?url=a.jpg", "--expires-in", 60, PIXMILL_KEYS=KEYS).out.decode()
    expires = int(timed.partition("&expires=")[2].partition("&")[0])
    assert 55 < expires - time.time() <= 60


def test_what_cannot_be_signed_is_said(run: Run) -> None:
    for url, said in {"/resize?url=ü": "percent-encoded", "/resize?url=a&sig=b": "signature already"}.items():
        done = run("sign", url, PIXMILL_KEYS=KEYS)
        assert (done.code, said in done.err) == (1, True)


def test_explain_tells_what_a_url_means_and_that_two_mean_the_same(run: Run) -> None:
    told = run("explain", "/resize?url=/a.jpg&w=30").json()
    assert told["source"] == {"kind": "path", "text": "a.jpg"}
    assert told["plan"]["resize"] == {"width": 30}
    other = run("explain", "https://img.example.com/api/v1/resize?fit=inside&width=30&url=a.jpg").json()
    assert other == told


EMGR_URL = "/api/images/resize?url=http://a/b.jpg&width=30&height=20"


def test_translate_prints_the_native_url_of_a_dialect(run: Run) -> None:
    native, _, plan = run("translate", EMGR_URL, "--dialect", "emgr").out.decode().partition("\n")
    assert native == "/resize?url=http://a/b.jpg&width=30&height=20&fit=cover&enlarge=true&format=jpeg"
    assert json.loads(plan) == run("explain", native).json()["plan"]


def test_translate_reads_configured_mounts_and_other_places(run: Run) -> None:
    mounts = json.dumps([{"dialect": "emgr", "host": "img.example.com", "mount": "/emgr", "source": "photos"}])
    url = "/api/images/resize?url=b.jpg"
    settings = {"PIXMILL_DIALECTS": mounts, "PIXMILL_ALLOWED_SOURCES": "path:"}
    told = run("translate", url, "--json", "--host", "img.example.com", "--mount", "/emgr", **settings).json()
    assert (told["dialect"], told["native"]) == ("emgr", "/resize?url=photos/b.jpg&format=jpeg")
    whole = f"http://img.example.com/emgr{url}"
    assert run("translate", whole, "--json", **settings).json() == told
    assert run("translate", f"/x{url}", "--dialect", "emgr", "--json").code == 1
    health = run("translate", "http://img.example.com/emgr/health", **settings).json()
    assert health["answer"]["body"] == "OK"


def test_translate_writes_the_url_of_another_dialect(run: Run) -> None:
    done = run("translate", "/resize?url=a.jpg&width=30&quality=50", "--to", "imgix")
    assert done.out.decode() == "/a.jpg?w=30&fit=max&q=50&auto=format\n"
    thumbor = run("translate", "/unsafe/30x20/a.jpg", "--dialect", "thumbor", "--to", "native")
    assert thumbor.out.decode() == "/resize?url=a.jpg&width=30&height=20&fit=cover&enlarge=true\n"
    every = run("translate", "/resize?url=a.jpg&width=30&vignette=20", "--to", "all").out.decode().splitlines()
    assert [line.split()[0] for line in every][:2] == ["imgproxy", "supabase"]
    assert "imgproxy      -  (vignette has no equivalent)" in every
    mounts = json.dumps([{"dialect": "imgproxy", "host": "img.example.com", "source": "s3://photos"}])
    settings = {"PIXMILL_DIALECTS": mounts, "PIXMILL_ALLOWED_SOURCES": "s3://photos/"}
    stored = run("translate", "/resize?url=s3://photos/a.jpg&width=30", "--to", "imgproxy", **settings)
    assert stored.out.decode() == "//img.example.com/unsafe/rs:fit:30:0/plain/a.jpg\n"


def test_translate_says_why_there_is_no_url_of_another_dialect(run: Run) -> None:
    done = run("translate", "/resize?url=a.jpg&width=30&vignette=20", "--to", "imgix")
    assert (done.code, done.err.strip()) == (1, "pixmill: imgix: vignette has no equivalent")
    assert run("translate", "/resize?url=a.jpg", "--to", "nothing").code == 2


def test_translate_asks_for_the_dialect_of_a_url_that_none_of_the_settings_has(run: Run) -> None:
    done = run("translate", "/unsafe/30x20/a.jpg")
    assert (done.code, "--dialect thumbor" in done.err) == (1, True)
    assert "--dialect NAME" in run("translate", "/a.jpg?w=30").err
    assert run("translate", "/unsafe/30x20/a.jpg", "--dialect", "thumbor").code == 0


def test_translate_says_which_dialects_there_are(run: Run) -> None:
    done = run("translate", "/a", "--dialect", "nothing")
    assert (done.code, "choose from native, emgr" in done.err) == (2, True)


# ---------------------------------------------------------------- config and doctor


def rows(done: Done) -> dict[str, tuple[str, str]]:
    """Source and value by name."""
    lines = (line.split(maxsplit=2) for line in done.out.decode().splitlines())
    return {name: (source, (rest or [""])[0]) for name, source, *rest in lines}


def test_config_tells_each_setting_its_value_and_where_it_came_from(run: Run, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PIXMILL_WORKERS=3\nPIXMILL_QUEUE=7\nOTHER=1\n")
    told = rows(run("config", "--port", 9999, PIXMILL_QUEUE="9"))
    assert set(told) == {env_name(name) for name in Settings.model_fields}
    assert told["PIXMILL_PORT"] == ("flag", "9999")
    assert told["PIXMILL_QUEUE"] == ("environment", "9")
    assert told["PIXMILL_WORKERS"] == (".env", "3")
    assert told["PIXMILL_HOST"] == ("default", "127.0.0.1")


def test_config_shows_no_secret(run: Run) -> None:
    stores = {"a": {"url": "s3://a", "access_key_id": "known", "secret_access_key": "most-secret"}}
    done = run("config", PIXMILL_KEYS=KEYS, PIXMILL_STORES=json.dumps(stores))
    assert done.code == 0
    assert rows(done)["PIXMILL_KEYS"] == ("environment", "**********")
    assert b"most-secret" not in done.out
    assert b"newest" not in done.out


def test_config_import_translates_an_env_file_that_the_server_takes(run: Run, tmp_path: Path) -> None:
    (tmp_path / "imgproxy.env").write_text(
        "IMGPROXY_KEY=00ff\nIMGPROXY_SALT=11ee\nIMGPROXY_AUTO_WEBP=true\nIMGPROXY_BIND=:9090\n"
        'IMGPROXY_ALLOWED_SOURCES=https://a.example/\nIMGPROXY_PRESETS="sharp=sh:0.5,it\'s=w:1"\nIMGPROXY_SENTRY_DSN=x\n'
        "IMGPROXY_PRESETS_PATH=./presets\n"
    )
    (tmp_path / "presets").write_text("# small\nsmall=w:40\n")
    done = run("config", "import", "imgproxy", "imgproxy.env", "--host", "img.example.com")
    assert done.code == 0, done.err
    assert "# IMGPROXY_SENTRY_DSN: no equivalent" in done.out.decode()
    (tmp_path / ".env").write_bytes(done.out)
    told = rows(run("config"))
    assert told["PIXMILL_PORT"] == (".env", "9090")
    (entry,) = json.loads(dotenv_values(tmp_path / ".env")["PIXMILL_DIALECTS"] or "")
    presets = "sharp=sh:0.5,it's=w:1\n# small\nsmall=w:40"
    assert entry["options"] == {"key": "00ff", "salt": "11ee", "auto_webp": True, "presets": presets}
    explained = run("explain", "http://img.example.com/x/w:300/plain/https://a.example/b.jpg")
    assert json.loads(explained.out)["dialect"] == "imgproxy"
    assert run("config", "import", "imgproxy", IMGPROXY_QUALITY="x").code == 1


def test_doctor_finds_this_installation_well(run: Run, tmp_path: Path) -> None:
    done = run(
        "doctor", PIXMILL_CACHE=f"memory://,file://{tmp_path}/cache", PIXMILL_WORKERS="1", PIXMILL_IMAGES=str(tmp_path)
    )
    text = done.out.decode()
    assert done.code == 0, text
    assert "✗" not in text
    for told in ("Reads jpeg (Pillow)", "Writes jpeg (jpegli)", "engine: ok", "images: ok", "cache disk: ok"):
        assert told in text
    assert "✓ Workers are sandboxed by limits" in text
    for layer in SandboxLayer:
        assert (f"Workers are not sandboxed by {layer.value}" in text) == (layer in missing_layers())


def test_doctor_says_by_what_workers_are_not_confined(run: Run) -> None:
    done = run("doctor", PIXMILL_CACHE="", PIXMILL_WORKERS="1", PIXMILL_SANDBOX="off")
    assert done.code == 0
    assert [line for line in done.out.decode().splitlines() if "andboxed" in line] == [
        "✓ Workers are sandboxed by limits",
        "! Workers are not sandboxed by Landlock: off",
        "! Workers are not sandboxed by seccomp: off",
    ]


def test_strict_confinement_refuses_to_start_where_the_kernel_cannot(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "missing_layers", lambda: list(SandboxLayer))
    assert run("info", PHOTO).code == 0
    done = run("info", PHOTO, PIXMILL_SANDBOX="strict")
    assert done.code != 0
    assert "PIXMILL_SANDBOX=strict needs Landlock and seccomp" in done.err


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"PIXMILL_CACHE": "file:///proc/none"}, "PIXMILL_CACHE"),
        ({"PIXMILL_IMAGES": "/nowhere/at/all"}, "/nowhere/at/all"),
        (
            {"PIXMILL_STORES": '{"a":{"url":"s3://a","endpoint":"http://127.0.0.1:1","anonymous":true}}'},
            "store a: store_unavailable",
        ),
    ],
    ids=["cache", "images", "store"],
)
def test_doctor_says_what_is_wrong_and_exits_1(run: Run, env: dict[str, str], said: str) -> None:
    done = run("doctor", **{"PIXMILL_CACHE": "", "PIXMILL_WORKERS": "1"} | env)
    assert done.code == 1
    assert [line for line in done.out.decode().splitlines() if line.startswith("✗") and said in line]


# ---------------------------------------------------------------- serve


def installed(*args: str, cwd: Path, **env: str) -> Done:
    program = Path(sys.executable).with_name("pixmill")
    done = subprocess.run(
        [program, *args],
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin", "HOME": str(cwd)} | env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr.decode())


def test_the_installed_program_resizes(tmp_path: Path) -> None:
    assert installed("resize", PHOTO, "out.webp", "-w", "50", cwd=tmp_path).code == 0
    with opened(tmp_path / "out.webp") as image:
        assert (image.format, image.width) == ("WEBP", 50)


def test_without_a_command_it_shows_its_help_and_exits_2(tmp_path: Path) -> None:
    done = installed(cwd=tmp_path)
    assert done.code == 2
    assert "Usage: pixmill" in done.err


@pytest.mark.parametrize("other_reuses", [False, True], ids=["any server", "a server that shares its port"])
def test_a_port_that_somebody_listens_on_is_1_with_a_sentence(tmp_path: Path, *, other_reuses: bool) -> None:
    with socket.socket() as other:
        if other_reuses:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = installed("serve", "--port", str(port), "--cache", "", "--log-format", "console", cwd=tmp_path)
    other_port = port + 1 if port < MAX_PORT else 8080
    said = f"PIXMILL_PORT={port} on 127.0.0.1: another process listens there; choose another port, for example --port"
    assert (done.code, done.err) == (1, f"pixmill: {said} {other_port}\n")


@pytest.mark.parametrize(
    ("flags", "code", "said"),
    [
        (("--host", "0.0.0.0"), 2, "PIXMILL_KEYS"),
        (("--host", "::"), 2, "PIXMILL_KEYS"),
        (
            ("--host", "no.such.host.invalid", "--unsigned", "allow"),
            1,
            "PIXMILL_HOST=no.such.host.invalid is neither an address nor a name",
        ),
        (("--host", "192.0.2.1", "--unsigned", "allow"), 1, "PIXMILL_HOST=192.0.2.1 is no address of this machine"),
        (("--cache", "nonsense"), 2, "PIXMILL_CACHE"),
        (("--cache", "file:///proc/none"), 2, "/proc/none"),
        (("--images", "/nowhere/at/all"), 1, "/nowhere/at/all"),
        (("--images", "s3://nobody-knows-it"), 1, "s3://nobody-knows-it"),
        (("--keys", "short"), 2, "16"),
    ],
    ids=named,
)
def test_a_server_that_cannot_start_says_why(tmp_path: Path, flags: tuple[str, ...], code: int, said: str) -> None:
    given = ("--port", "0", "--workers", "1", "--cache", "", *flags)
    done = installed("serve", "--log-format", "console", *given, cwd=tmp_path)
    assert done.code == code
    assert said in done.err
    assert done.err.startswith("pixmill: ")
    assert done.err.count("\n") == 1


def test_the_server_may_open_as_many_files_as_the_system_allows_and_the_doctor_says_when_they_are_too_few(
    tmp_path: Path,
) -> None:
    with Pixmill(workers=1, cache="") as server:
        limits = Path(f"/proc/{server.pid}/limits").read_text()
    soft, hard = re.search(r"Max open files +(\d+) +(\d+)", limits).groups()  # type: ignore[union-attr]
    assert soft == hard
    doctor = 'ulimit -n 2000; exec "$0" -m pixmill doctor'
    environment = os.environ | {"PIXMILL_CACHE": "", "PIXMILL_WORKERS": "1"}
    told = subprocess.run(
        ["sh", "-c", doctor, sys.executable], capture_output=True, text=True, check=False, cwd=tmp_path, env=environment
    )
    assert "Open files: 2000, too few for PIXMILL_MAX_CONNECTIONS=4096: raise ulimit -n to 4608" in told.stdout
    assert told.returncode == 1
    *_, heading, reason = told.stdout.splitlines()
    assert heading.startswith("Not ready, ")
    assert reason.startswith("✗ ")
    assert "\n✗ Open files: 2000" in told.stdout.partition(heading)[2], "what failed is said once more at the end"


@pytest.mark.parametrize(("host", "shown"), [("localhost", "localhost"), ("127.0.0.1", "127.0.0.1"), ("::1", "[::1]")])
def test_port_0_takes_a_free_one_and_says_which(host: str, shown: str) -> None:
    server = Pixmill(host=host, port=0, cache="", workers=1, images=str(Path(PHOTO).parent))
    server.launch()
    try:
        end = time.monotonic() + 20
        while '"try":' not in server.log() and time.monotonic() < end:
            time.sleep(0.02)
        started = next(line for line in map(json.loads, server.log().splitlines()) if line["event"] == "listening")
        address = started["url"].removeprefix("http://")
        assert address.startswith(f"{shown}:")
        with socket.create_connection((host, int(address.rpartition(":")[2])), timeout=60) as client:
            client.sendall(b"GET /health/live HTTP/1.1\r\nHost: h\r\n\r\n")
            assert client.recv(15) == b"HTTP/1.1 200 OK"
        assert started["try"].startswith(f"http://{address}/resize?url=")
        assert server.stop() == 0
    finally:
        server.__exit__(None, None, None)


def test_sign_and_explain_ask_the_dialect_of_the_url(run: Run) -> None:
    env = {
        "PIXMILL_DIALECTS": '[{"dialect": "emgr", "host": "a.example", "keys": "0123456789abcdef"}]',
        "PIXMILL_KEYS": "fedcba9876543210",
    }
    url = "http://a.example/api/images/resize?url=b.jpg&width=5"
    signed = run("sign", url, **env).out.decode().strip()
    own = Keyring.from_text("0123456789abcdef")
    assert signed == "http://a.example" + own.sign(b"/api/images/resize", b"url=b.jpg&width=5")
    told = run("explain", url, **env).json()
    assert (told["dialect"], told["source"]["text"]) == ("emgr", "b.jpg")
    assert run("explain", "http://a.example/", **env).json()["answer"]["location"] == "/health"
    assert run("explain", "http://b.example/api/images/resize?url=b.jpg", **env).code == 1
