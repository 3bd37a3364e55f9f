"""The page about deployment names what exists."""

import re

from pixmill.settings import Settings, variable
from tests.deploy.chart import DEPLOY, EXAMPLES

DOCS = DEPLOY.parent / "docs"
PAGE = (DOCS / "deployment.md").read_text(encoding="utf-8")


def test_every_setting_that_it_names_is_one() -> None:
    named = set(re.findall(r"PIXMILL_[A-Z0-9_]+", PAGE))
    assert len(named) > 10
    assert named <= {variable(name) for name in Settings.model_fields}


def test_every_link_leads_to_a_file() -> None:
    links = re.findall(r"\]\(([^)]+)\)", PAGE)
    assert links
    assert all((DOCS / link).is_file() for link in links)


def test_every_example_is_introduced() -> None:
    assert EXAMPLES
    assert all(f"(../deploy/helm/examples/{path.name})" in PAGE for path in EXAMPLES)
