"""The helpers for frameworks sign what a server accepts. The frameworks are stand-ins: what the helpers call of them."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import cast

import pytest
from docs import signing

from tests.servers.pixmill import Pixmill
from tests.site.blocks import PHOTOS, blocks
from tests.site.languages import LANGUAGES, Signer

KEY = "a-secret-of-16-chars-or-more"
BASE = "https://img.example.com"
NAME = "red shoe+1 été.jpg"
HELPERS = {
    block.language: block.code for block in blocks("## Frameworks" + signing.page().partition("## Frameworks")[2])
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pixmill]:
    images = tmp_path_factory.mktemp("images")
    (images / NAME).write_bytes((PHOTOS / "sunset.jpg").read_bytes())
    with Pixmill(images=str(images), keys=KEY, cache="memory://", workers=1) as server:
        yield server


def is_accepted(server: Pixmill, url: str) -> bool:
    assert url.startswith(f"{BASE}/resize?")
    reply = server.get(url.removeprefix(BASE))
    return (reply.status, reply.headers.get_content_maintype()) == (200, "image")


def run(language: str, folder: Path, name: str, code: str) -> str:
    """Run the code, which is ``name`` beside a file that has ``sign`` alone."""
    signer: Signer = LANGUAGES[language].signer(folder)
    (folder / name).write_text(code, encoding="utf-8")
    program = LANGUAGES[language].run[0]
    return signer.execute((program, name), IMAGES_URL=BASE, IMAGES_KEY=KEY, PIXMILL_KEYS=KEY)


def test_the_template_tag_of_django(server: Pixmill, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("django", "django.template", "django.conf", "shop", "shop.sign")
    modules = {name: ModuleType(name) for name in names}
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    exec((signing.EXAMPLES / "sign.py").read_text(encoding="utf-8"), vars(modules["shop.sign"]))  # noqa: S102 - it is ours
    tags = SimpleNamespace(simple_tag=lambda function: function)
    vars(modules["django"])["template"] = SimpleNamespace(Library=lambda: tags)
    vars(modules["django.conf"])["settings"] = SimpleNamespace(IMAGES_URL=BASE, IMAGES_KEY=KEY)
    helper: dict[str, object] = {}
    exec(HELPERS["python"], helper)  # noqa: S102 - it is ours
    resized = cast("Callable[..., str]", helper["resized"])
    assert is_accepted(server, resized(NAME, width=40, format="webp"))


def test_the_helper_of_rails(server: Pixmill, tmp_path: Path) -> None:
    """``to_query`` sorts by name, and writes a space as ``+``."""
    sign = (signing.EXAMPLES / "sign.rb").read_text(encoding="utf-8")
    code = f"""{sign}
require "uri"
class Hash
  def to_query = URI.encode_www_form(sort_by {{ |name, _| name.to_s }})
end
images = Struct.new(:url, :key).new(ENV["IMAGES_URL"], ENV["IMAGES_KEY"])
Rails = Struct.new(:configuration).new(Struct.new(:x).new(Struct.new(:images).new(images)))
{HELPERS["ruby"]}
include ImagesHelper
puts resized_url({json.dumps(NAME, ensure_ascii=False)}, width: 40)
"""
    code = code.replace("if $PROGRAM_NAME == __FILE__", "if false")
    assert is_accepted(server, run("Ruby", tmp_path, "rails.rb", code))


def test_the_function_of_laravel(server: Pixmill, tmp_path: Path) -> None:
    sign = (signing.EXAMPLES / "sign.php").read_text(encoding="utf-8").partition("\n$key =")[0]
    config = "function config(string $name) { return getenv(['images.url' => 'IMAGES_URL', 'images.key' => 'IMAGES_KEY'][$name]); }"
    code = f"{sign}\n{config}\n{HELPERS['php']}\necho resized('{NAME}', ['width' => 40]);\n"
    assert is_accepted(server, run("PHP", tmp_path, "laravel.php", code))


def test_the_component_of_next(server: Pixmill, tmp_path: Path) -> None:
    """Its markup needs a compiler: the function that it calls for each width is run."""
    (tmp_path / "sign.mjs").write_bytes((signing.EXAMPLES / "sign.mjs").read_bytes())
    function = HELPERS["jsx"].replace('import "server-only";\n', "").partition("export default")[0]
    code = f"{function}\nconsole.log(resized({json.dumps(NAME)}, 40));\n"
    assert is_accepted(server, run("JavaScript", tmp_path, "next.mjs", code))
