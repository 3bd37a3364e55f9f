"""The playground in a browser, as its tests use it: what they see of it, and how they wait for it."""

import re
from typing import Final
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Locator, Page, Request, Response, expect

from tests.servers.pixmill import Pixmill

WAIT_MS: Final = 60_000
EXPECTED_ERROR: Final = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")

PIXELS_JS: Final = """() => {
  const image = document.querySelector("#after img");
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 32;
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0, 32, 32);
  const sides = `${image.naturalWidth}x${image.naturalHeight}`;
  return `${sides} ${Array.from(context.getImageData(0, 0, 32, 32).data).join()}`;
}"""
"""The sides of the result and a small copy of its pixels."""

SHIFTS_JS: Final = """() => {
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts.push(entry.value);
  }).observe({ type: "layout-shift", buffered: true });
}"""


class Playground:
    """A page of the playground. ``problems``: whatever a browser complains about, and requests to other origins."""

    def __init__(self, page: Page, server: Pixmill, *, may_fail: bool = False) -> None:
        self.page = page
        self.server = server
        self.problems: list[str] = []
        self.requests: list[str] = []
        self.responses: list[Response] = []
        self._may_fail = may_fail
        page.set_default_timeout(WAIT_MS)
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("request", self._ask)
        page.on("response", lambda response: self.responses.append(response))  # noqa: PLW0108 - no built-in can be one

    def _hear(self, message: ConsoleMessage) -> None:
        is_expected = self._may_fail and EXPECTED_ERROR.match(message.text)
        if message.type in {"error", "warning"} and not is_expected:
            self.problems.append(message.text)

    def _ask(self, request: Request) -> None:
        if request.url.startswith(("blob:", "data:")):
            return
        self.requests.append(request.url)
        if urlsplit(request.url).netloc != urlsplit(self.server.url).netloc:
            self.problems.append(f"a request to {request.url}")

    def open(self, query: str = "") -> None:
        self.page.goto(f"{self.server.url}/{f'#{query}' if query else ''}")
        self.settle()

    def settle(self) -> None:
        """Wait until the latest result, or its error, is there."""
        expect(self["#stage"]).to_have_attribute("aria-busy", "false", timeout=WAIT_MS)

    def __getitem__(self, selector: str) -> Locator:
        return self.page.locator(selector)

    @property
    def url(self) -> str:
        return self["#url"].input_value()

    @property
    def path(self) -> str:
        return self.url.removeprefix(self.server.url)

    def expect_path(self, path: str | re.Pattern[str]) -> None:
        wanted = (
            re.compile(re.escape(self.server.url) + path.pattern)
            if isinstance(path, re.Pattern)
            else self.server.url + path
        )
        expect(self["#url"]).to_have_value(wanted, timeout=WAIT_MS)

    def show(self, name: str) -> None:
        """Bring the field of a parameter into view, by its name."""
        self["#search"].fill(name)
        expect(self[f".field[data-name={name}]"]).to_be_visible()

    def field(self, name: str) -> Locator:
        return self[f".field[data-name={name}]"]

    def fact(self, name: str) -> str:
        return self[f".fact:has(span:text-is('{name}')) .figure"].inner_text()

    def pixels(self) -> str:
        return str(self.page.evaluate(PIXELS_JS))

    def statuses(self, path: str) -> list[int]:
        return [one.status for one in self.responses if one.url == self.server.url + path]
