"""Every example of signing makes the URLs that ``Keyring`` and ``pixmill sign`` make, and a real server accepts them."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner
from docs import signing

from pixmill.cli.program import commands
from pixmill.dialects.signing import Keyring
from tests.servers.pixmill import Pixmill
from tests.site.blocks import PHOTOS
from tests.site.languages import LANGUAGES, Language

EVERYWHERE = {"Python", "Perl", "Bash"}
"""A machine on which this is developed has these: their tests must not be skipped."""
NAMES = ("sunset.jpg", "été/café.jpg", "red shoe.jpg", "a+b.jpg", "salt&pepper.jpg")


@dataclass(frozen=True)
class Vector:
    name: str
    key: str
    target: str
    expires: int | None
    signed: str


VECTORS = [Vector(**values) for values in json.loads((signing.EXAMPLES / "vectors.json").read_text(encoding="utf-8"))]
STATUS = {vector.name: 200 for vector in VECTORS} | {"an empty value": 400}
"""No parameter may be empty, which a server says only of a URL whose signature is right."""
each_vector = pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pixmill]:
    """Has all keys and all images of the vectors."""
    images = tmp_path_factory.mktemp("images")
    for name in NAMES:
        (images / name).parent.mkdir(exist_ok=True)
        shutil.copy(PHOTOS / "sunset.jpg", images / name)
    keys = ",".join(dict.fromkeys(vector.key for vector in VECTORS))
    with Pixmill(images=str(images), keys=keys, cache="memory://", workers=1) as server:
        yield server


def test_every_language_of_the_page_is_run() -> None:
    assert list(LANGUAGES) == list(signing.LANGUAGES)
    assert len(LANGUAGES) >= 12
    shown = {name for _, name, _ in signing.LANGUAGES.values()}
    assert {path.name for path in signing.EXAMPLES.iterdir()} - shown == {"Cargo.toml", "Cargo.lock", "vectors.json"}


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=LANGUAGES)
def test_a_program_signs_as_all_others_do_and_a_server_accepts_it(
    language: Language, server: Pixmill, tmp_path: Path
) -> None:
    folder = shutil.copytree(signing.EXAMPLES, tmp_path / "signing")
    try:
        signer = language.signer(folder)
    except pytest.skip.Exception:
        assert language.name not in EVERYWHERE
        raise
    signed = {each.name: signer.sign(each.target, each.key, each.expires) for each in VECTORS}
    assert signed == {each.name: each.signed for each in VECTORS}
    assert {name: server.get(url).status for name, url in signed.items()} == STATUS


@each_vector
def test_the_server_signs_as_the_examples_do(vector: Vector) -> None:
    path, _, query = vector.target.partition("?")
    keyring = Keyring.from_text(vector.key)
    assert keyring.sign(path.encode(), query.encode(), vector.expires) == vector.signed


@each_vector
def test_the_command_signs_as_the_examples_do(vector: Vector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIXMILL_KEYS", vector.key)
    signed = vector.signed.rpartition("&sig=")[0]
    result = CliRunner().invoke(commands, ["sign", signed])
    assert result.stdout.strip() == vector.signed


@each_vector
def test_the_server_rejects_a_signature_after_a_change_that_means_the_same(vector: Vector, server: Pixmill) -> None:
    target, _, signature = vector.signed.rpartition("&sig=")
    path, _, query = target.partition("?")
    changed = f"{path}?{'&'.join(reversed(query.split('&')))}" if "&" in query else f"{path}?&{query}"
    reply = server.get(f"{changed}&sig={signature}")
    assert (reply.status, reply.json()["code"]) == (403, "signature_invalid")
