"""A real Chromium on loopback, stopped by its process id, for tests that need to know how a browser shows something.

    with open_browser() as browser:
        page = browser.contexts[0].new_page()

It is the one of this machine, or else Debian's, with the libraries it needs and this machine lacks: downloaded below
``tests.material.folder`` and unpacked there, so that nothing is installed and no root is needed. Knows nothing of
images: ``tests/conformance/judge.py`` does.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from playwright.sync_api import Browser, sync_playwright

from tests import material

START_S: Final = 120.0
STOP_S: Final = 20.0

NAMES: Final = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
FLAGS: Final = (
    "--headless",
    "--no-sandbox",  # needs privileges that neither root nor a container has
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--disable-background-timer-throttling",
    "--disable-ipc-flooding-protection",  # of pages that change their address more often than a person can
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
    "--hide-scrollbars",
    "--mute-audio",
    "--no-first-run",
    "--no-default-browser-check",
    "--password-store=basic",
    "--use-mock-keychain",
    "--force-color-profile=srgb",
    "--force-device-scale-factor=1",
    "--remote-debugging-port=0",  # on loopback, a free one, which it writes into its folder
)
_XDG: Final = ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")
_FONTS: Final = """\
<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{root}/usr/share/fonts</dir><cachedir>{root}/cache</cachedir></fontconfig>
"""


class Chromium:
    """One browser with a profile of its own. ``endpoint`` is where DevTools clients, such as Playwright, connect."""

    def __init__(self, *flags: str) -> None:
        self._flags = flags
        self._folder = tempfile.TemporaryDirectory(prefix="pixmill-chromium-", ignore_cleanup_errors=True)
        self._profile = Path(self._folder.name, "profile")
        self._process: subprocess.Popen[bytes] | None = None
        self.endpoint = ""

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> Self:
        command, extra = program()
        log = Path(self._folder.name, "log")
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                [*command, *FLAGS, *self._flags, f"--user-data-dir={self._profile}", "about:blank"],
                env=os.environ | dict.fromkeys(("HOME", *_XDG), self._folder.name) | extra,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd=self._folder.name,
                start_new_session=True,
            )
        port = self._profile / "DevToolsActivePort"
        deadline = time.monotonic() + START_S
        while not (said := port.read_text().splitlines() if port.exists() else []):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Chromium did not start:\n{log.read_text(errors='replace')[-3000:]}")
            time.sleep(0.02)
        self.endpoint = f"http://127.0.0.1:{int(said[0])}"
        return self

    def stop(self) -> None:
        """End the browser; whatever it has started is in its session."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._process = None

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._folder.cleanup()


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Start one, and connect Playwright, whose event loop is that of the calling thread."""
    with Chromium() as chromium, sync_playwright() as playwright:
        browser = playwright.chromium.connect_over_cdp(chromium.endpoint)
        try:
            yield browser
        finally:
            browser.close()


def program() -> tuple[list[str], dict[str, str]]:
    """Return the command, and what its environment needs besides; skips the test if there is none and no network."""
    if found := next(filter(None, map(shutil.which, NAMES)), None):
        return [found], {}
    command, extra = material.program("chromium", "chromium")
    root = Path(command[0]).parents[2]
    fonts = root / "fonts.conf"
    if not fonts.exists():
        fonts.write_text(_FONTS.format(root=root))
    if not Path("/etc/fonts/fonts.conf").exists():
        extra["FONTCONFIG_FILE"] = str(fonts)
    return [str(root / "usr/lib/chromium/chromium")], extra  # /usr/bin has a script for one that is installed
