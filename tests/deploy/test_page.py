"""The page about deployment introduces every example; ``tests/test_pages.py`` checks what else it names."""

from tests.deploy.chart import DEPLOY, EXAMPLES

PAGE = (DEPLOY.parent / "docs" / "deployment.md").read_text(encoding="utf-8")


def test_every_example_is_introduced() -> None:
    assert EXAMPLES
    assert all(f"(../deploy/helm/examples/{path.name})" in PAGE for path in EXAMPLES)
