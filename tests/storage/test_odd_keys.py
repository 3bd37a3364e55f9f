"""Keys of buckets that are no paths: they reach the service as they are, correctly signed."""

import hashlib
import hmac
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

import pytest

from pixmill.errors import ObjectNotFound
from pixmill.ports.storage import Store
from pixmill.storage.config import StorageConfig
from pixmill.storage.factory import locate, open_store
from tests.servers.seaweedfs import OWNER, SeaweedFS

SECRET = "the-secret"
KEYS = [
    "a//b.png", "/lead.png", "//two.png", "a///b//c.png", "a\\b.png", "x" * 300 + ".png", "é" * 500,
    "my photo+%2F%.png", "e\u0301 é//ü ~!'()*&$@=,;:.png", "a b//c#d?e.png", "...//...a", "a//" + "k" * 1_000,
]  # fmt: skip


class Bucket(ThreadingHTTPServer):
    """Answers every GET and HEAD, and records its path and what is wrong with its signature."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.targets: list[str] = []
        self.faults: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Bucket

    def do_GET(self) -> None:
        self.server.targets.append(self.path)
        authorization = self.headers.get("Authorization", "")
        if authorization.startswith("AWS4") and signature_of(self) not in authorization:
            self.server.faults.append(self.path)
        self.send_response(200)
        for name, value in {
            "ETag": '"1"',
            "Last-Modified": "Mon, 30 Nov 2026 08:00:00 GMT",
            "Content-Length": "3",
        }.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(b"pic")

    do_HEAD = do_GET  # noqa: N815 - the name that http.server calls

    def log_message(self, *_: Any) -> None:
        """Print nothing."""


def signature_of(request: BaseHTTPRequestHandler) -> str:
    """Sign a request as AWS does: version 4, the path of S3 as it is on the wire."""
    found = re.search(
        r"Credential=[^/]+/(([^/]+)/([^/]+)/s3/aws4_request), ?SignedHeaders=([^,]+)", request.headers["Authorization"]
    )
    assert found
    scope, day, region, names = found.groups()
    headers = "".join(f"{name}:{request.headers[name]}\n" for name in names.split(";"))
    canonical = "\n".join((request.command, request.path, "", headers, names, request.headers["x-amz-content-sha256"]))
    text = (
        f"AWS4-HMAC-SHA256\n{request.headers['x-amz-date']}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    )
    key = b"AWS4" + SECRET.encode()
    for part in (day, region, "s3", "aws4_request", text):
        key = hmac.digest(key, part.encode(), "sha256")
    return key.hex()


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with Bucket() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def configured(bucket: Bucket, prefix: str) -> StorageConfig:
    stores = {
        "one": {
            "url": f"s3://photos{prefix}",
            "endpoint": bucket.url,
            "access_key_id": "AK",
            "secret_access_key": SECRET,
        },
        "two": {"url": f"gs://photos{prefix}", "endpoint": bucket.url, "anonymous": True},
        "three": {
            "url": f"az://photos{prefix}",
            "endpoint": f"{bucket.url}/me",
            "account_name": "me",
            "account_key": "a2V5",
        },
    }
    return StorageConfig.model_validate({"stores": stores})


async def body_of(store: Store, path: str) -> bytes:
    _, chunks = await store.stream(path)
    return b"".join([chunk async for chunk in chunks])


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(("scheme", "root"), [("s3", "/photos/"), ("gs", "/photos/"), ("az", "/me/photos/")])
async def test_a_key_reaches_the_service_as_it_is(bucket: Bucket, scheme: str, root: str, key: str) -> None:
    for prefix in ("", "/in/side"):
        config = configured(bucket, prefix)
        store_url, path = locate(f"{scheme}://photos{prefix}/{key}"[:1_024], config)
        store = open_store(store_url, config)
        expected = unquote(f"{root}{prefix.removeprefix('/')}{'/' * bool(prefix)}") + path
        bucket.targets.clear()
        assert await body_of(store, path) == b"pic"
        assert (await store.stat(path)).size == 3
        assert {unquote(target) for target in bucket.targets} == {expected}
        await store.close()
    assert bucket.faults == []


async def test_a_key_that_is_changed_on_its_way_is_never_asked_for(bucket: Bucket) -> None:
    store = open_store("one", configured(bucket, ""))
    for key in ("", "a/", "a//", ".", "a/..//b", "../b", "a/./b", "a\0b", "a\nb", "k" * 1_025):
        with pytest.raises(ObjectNotFound):
            await body_of(store, key)
        with pytest.raises(ObjectNotFound):
            await store.stat(key)
    assert bucket.targets == []
    await store.close()


@pytest.mark.xdist_group("seaweedfs")
async def test_a_real_service_takes_the_signature_of_such_a_key(seaweedfs: SeaweedFS) -> None:
    """SeaweedFS reads an empty segment as none, so that the object is at hand; it checks signatures as S3 does."""
    seaweedfs.make_bucket("odd-keys")
    seaweedfs.put("odd-keys", "a/b c+é.png", b"pic")
    config = StorageConfig.model_validate({"stores": {"it": seaweedfs.named_store("odd-keys", OWNER)}})
    store = open_store("it", config)
    for key in ("a//b c+é.png", "/a/b c+é.png", "//a///b c+é.png"):
        assert await body_of(store, key) == b"pic"
    await store.close()
