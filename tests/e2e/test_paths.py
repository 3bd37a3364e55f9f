"""Nothing leads out of the image root: every spelling of a way up, and links, through the whole server."""

import json
from collections.abc import Iterator
from os import mkfifo
from pathlib import Path

import pytest

from tests.e2e.scenes import ask_raw, small_photo
from tests.servers.pixmill import Pixmill


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image root with a secret beside it that would be a perfectly good picture."""
    folder = tmp_path_factory.mktemp("world")
    (folder / "secret.jpg").write_bytes(small_photo())
    (folder / "images-not").mkdir()
    (folder / "images-not" / "secret.jpg").write_bytes(small_photo())
    root = folder / "images"
    (root / "sub" / "deeper").mkdir(parents=True)
    (root / "photo.jpg").write_bytes(small_photo())
    (root / "sub" / "photo.jpg").write_bytes(small_photo())
    (root / "with space & more.jpg").write_bytes(small_photo())
    (root / "ünï.jpg").write_bytes(small_photo())
    (root / "passwd.jpg").symlink_to("/etc/passwd")
    (root / "link.jpg").symlink_to("../secret.jpg")
    (root / "absolute.jpg").symlink_to(folder / "secret.jpg")
    (root / "hop.jpg").symlink_to("link.jpg")
    (root / "up").symlink_to("..")
    (root / "sub" / "up").symlink_to("../..")
    (root / "beside").symlink_to("../images-not")
    (root / "circle.jpg").symlink_to("circle.jpg")
    (root / "inside.jpg").symlink_to("sub/photo.jpg")
    (root / "fd").symlink_to("/proc/self/fd")
    for hidden in (".hidden.jpg", ".git/photo.jpg", "sub/.thumbs/photo.jpg", ".pixmill-staging/photo.jpg"):
        (root / hidden).parent.mkdir(exist_ok=True)
        (root / hidden).write_bytes(small_photo())
    (root / "to-hidden.jpg").symlink_to(".hidden.jpg")
    (root / "to-git").symlink_to(".git")
    (root / "to-staging.jpg").symlink_to(".pixmill-staging/photo.jpg")
    (root / "cache").mkdir()
    (root / "cache" / "photo.jpg").write_bytes(small_photo())
    (root / "to-cache").symlink_to("cache")
    mkfifo(root / "pipe.jpg")
    return root


@pytest.fixture(scope="module")
def server(root: Path) -> Iterator[Pixmill]:
    with Pixmill(images=str(root), cache=f"file://{root}/cache?max_bytes=64MiB", workers=1) as server:
        yield server


@pytest.mark.parametrize(
    "spelling",
    ["photo.jpg", "/photo.jpg", "sub/photo.jpg", "with%20space%20%26%20more.jpg", "%C3%BCn%C3%AF.jpg", "inside.jpg"],
)
def test_what_is_below_the_root_is_served(server: Pixmill, spelling: str) -> None:
    status, _ = ask_raw(server, b"/resize?width=16&url=" + spelling.encode())
    assert status == 200


UP = [
    b"../secret.jpg",
    b"/../secret.jpg",
    b"./../secret.jpg",
    b"sub/../../secret.jpg",
    b"sub/deeper/../../../secret.jpg",
    b"../images-not/secret.jpg",
    b"../images/photo.jpg",
    b"%2e%2e/secret.jpg",
    b"%2E%2E%2Fsecret.jpg",
    b"..%2fsecret.jpg",
    b"%2f..%2fsecret.jpg",
    b"%252e%252e%252fsecret.jpg",
    b"%25252e%25252e/secret.jpg",
    b"..%255csecret.jpg",
    b"..\\secret.jpg",
    b"..%5csecret.jpg",
    b"sub%5c..%5c..%5csecret.jpg",
    b"....//secret.jpg",
    b"..././secret.jpg",
    b".../secret.jpg",
    b"..;/secret.jpg",
    b"..%00/secret.jpg",
    b"../secret.jpg%00.jpg",
    b"photo.jpg%00",
    b"photo.jpg%00/../../secret.jpg",
    b"..%c0%afsecret.jpg",
    b"%c0%ae%c0%ae/secret.jpg",
    b"%e0%80%ae%e0%80%ae/secret.jpg",
    b"%ef%bc%8e%ef%bc%8e/secret.jpg",
    b"..%e2%88%95secret.jpg",
    b"..%ef%bc%8fsecret.jpg",
    b"%e2%80%a5/secret.jpg",
    b"..%0a/secret.jpg",
    b"..%20/secret.jpg",
    b"..%09/secret.jpg",
    b"%uff0e%uff0e/secret.jpg",
    b"//etc/passwd",
    b"///etc/passwd",
    b"/etc/passwd",
    b"%2fetc%2fpasswd",
    b"file:///etc/passwd",
    b"FILE:///etc/passwd",
    b"file:%2f%2f/etc/passwd",
    b"memory://photo.jpg",
    b"~/secret.jpg",
    b"~root/secret.jpg",
    b"$HOME/secret.jpg",
    b"/proc/self/environ",
    b"/proc/self/cwd/secret.jpg",
    b"fd/0",
    b"..",
    b".",
    b"/",
    b"",
    b"sub",
    b"sub/",
    b"photo.jpg/",
    b"photo.jpg/.",
    b"photo.jpg/../photo.jpg",
    b"sub//photo.jpg",
    b"sub/./photo.jpg",
    b".pixmill-staging/photo.jpg",
    b"a/" * 400 + b"photo.jpg",
    b"a" * 300 + b".jpg",
    b"../" * 300 + b"etc/passwd",
]
LINKS = [
    b"passwd.jpg",
    b"link.jpg",
    b"absolute.jpg",
    b"hop.jpg",
    b"up/secret.jpg",
    b"sub/up/secret.jpg",
    b"up/images/photo.jpg/../../secret.jpg",
    b"beside/secret.jpg",
    b"circle.jpg",
]
HIDDEN = [
    b".hidden.jpg",
    b".git/photo.jpg",
    b"sub/.thumbs/photo.jpg",
    b"%2ehidden.jpg",
    b".pixmill-staging/photo.jpg",
    b"to-hidden.jpg",
    b"to-git/photo.jpg",
    b"to-staging.jpg",
    b"cache/photo.jpg",
    b"to-cache/photo.jpg",
    b"pipe.jpg",
]


@pytest.mark.parametrize("spelling", HIDDEN, ids=lambda spelling: spelling.decode("latin-1")[:40])
def test_hidden_files_and_our_own_folders_are_not_found_like_any_missing_one(server: Pixmill, spelling: bytes) -> None:
    status, body = ask_raw(server, b"/resize?width=16&url=" + spelling)
    missing_status, missing_body = ask_raw(server, b"/resize?width=16&url=missing.jpg")
    told, expected = (json.loads(text[text.index(b"{") :]) for text in (body, missing_body))
    del told["instance"], expected["instance"]
    assert (status, told) == (missing_status, expected) == (404, expected)


def test_hidden_files_are_served_where_the_operator_wants_them(root: Path) -> None:
    with Pixmill(images=str(root), cache="", workers=1, images_hidden="true") as server:
        for spelling in (b".hidden.jpg", b"sub/.thumbs/photo.jpg", b"to-hidden.jpg"):
            assert ask_raw(server, b"/resize?width=16&url=" + spelling)[0] == 200
        for spelling in (b".pixmill-staging/photo.jpg", b"to-staging.jpg"):
            assert ask_raw(server, b"/resize?width=16&url=" + spelling)[0] == 404


@pytest.mark.parametrize("path", [b"/resize", b"/api/v1/resize", b"/info"])
@pytest.mark.parametrize("spelling", [*UP, *LINKS], ids=lambda spelling: spelling.decode("latin-1")[:40])
def test_nothing_leads_out_of_the_root(server: Pixmill, spelling: bytes, path: bytes) -> None:
    status, body = ask_raw(server, path + b"?url=" + spelling)
    assert status in {400, 403, 404}
    assert b"root:" not in body
    assert b"/images" not in body, "no path of this machine is told"


def test_a_path_of_the_server_itself_is_not_a_way_up_either(server: Pixmill) -> None:
    for target in (
        b"/resize/../../secret.jpg",
        b"/../secret.jpg",
        b"/%2e%2e/secret.jpg",
        b"//secret.jpg",
        b"/images/photo.jpg",
    ):
        status, _ = ask_raw(server, target)
        assert status in {400, 404}
    assert "request_failed" not in server.log()
