"""Damaged files that we and an independent decoder show look the same; else ours is an honest refusal."""

import os
from collections import Counter

import pytest

from tests.differential import REFERENCES, compare, damaged_files
from tests.e2e.scenes import random_of
from tests.mutations import good

TOTAL = int(os.environ.get("PIXMILL_DIFFERENTIAL", "390"))
PARTS = 2


@pytest.mark.parametrize("name", REFERENCES)
def test_a_good_file_looks_the_same(name: str) -> None:
    verdict = compare(name, good(name))
    assert verdict.ours
    assert verdict.reference
    assert not verdict.difference


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.timeout(1800)
def test_a_damaged_file_looks_as_an_independent_decoder_shows_it_or_is_refused(part: int) -> None:
    outcomes: Counter[str] = Counter()
    differences: list[str] = []
    for number, (name, body) in enumerate(damaged_files(random_of(100 + part), TOTAL // PARTS)):
        verdict = compare(name, body)
        outcomes[f"ours {verdict.ours}, reference {verdict.reference}"] += 1
        if verdict.difference:
            differences.append(f"{number} {name}: {verdict.difference}")
    print(f"{outcomes.total()} damaged files:", dict(outcomes))  # noqa: T201
    assert outcomes["ours True, reference True"] > TOTAL // PARTS // 10, "the comparison has something to compare"
    assert not differences, "\n".join(differences)
