"""The playground below a path, with and without its final slash."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.playground import WAIT_MS
from tests.servers.pixmill import Pixmill


@pytest.fixture(scope="module")
def server() -> Iterator[Pixmill]:
    with Pixmill("--demo", path_prefix="/shop/images", workers=1) as server:
        yield server


def test_the_playground_works_below_a_path(server: Pixmill, page: Page) -> None:
    origin = f"http://127.0.0.1:{server.port}"
    outside: list[str] = []
    failed: list[str] = []
    page.on("request", lambda request: outside.append(request.url) if request.url.startswith(origin) else None)
    page.on("response", lambda response: failed.append(response.url) if response.status >= 400 else None)
    page.goto(f"{origin}/shop/images")
    expect(page.locator("#after img")).to_have_js_property("naturalWidth", 800, timeout=WAIT_MS)
    assert page.url.startswith(f"{origin}/shop/images/#url=fig.jpg")
    assert [url for url in outside if not url.startswith(f"{origin}/shop/images/")] == [f"{origin}/shop/images"]
    page.get_by_role("tab", name="Code").click()
    code = page.locator("#pane-code")
    expect(code).to_contain_text(f'srcset="{origin}/shop/images/resize?url=fig.jpg', timeout=WAIT_MS)
    expect(code).to_contain_text("curl -fsS", timeout=WAIT_MS)
    assert f"{origin}/resize" not in code.inner_text()
    assert failed == []
