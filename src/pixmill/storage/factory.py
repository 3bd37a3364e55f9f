"""Opens stores by URL: the one place that knows every backend.

``memory://?max_bytes=256MiB`` · ``file:///absolute/path`` or a bare path · ``s3://bucket/prefix`` · ``gs://`` ·
``az://`` · the name of a named store. Opening sends nothing over the network: ``ping`` does.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from pixmill.errors import ObjectNotFound, StoreDenied, StoreError
from pixmill.plan.source import OBJECT_STORE_SCHEMES
from pixmill.ports.storage import Store
from pixmill.runtime.quantities import parse_size
from pixmill.storage.bucket_url import BucketUrl
from pixmill.storage.config import NamedStore, StorageConfig
from pixmill.storage.files import FileStore
from pixmill.storage.memory import MemoryStore
from pixmill.storage.rooted_fs import ALL_FILES, ServedFiles

_DEFAULT_MEMORY_SIZE: Final = "256MiB"


class _DirectoryOptions(NamedTuple):
    create: bool
    served: ServedFiles


def open_store(url: str, config: StorageConfig, *, create: bool = False, served: ServedFiles = ALL_FILES) -> Store:
    """Open the store at ``url``; ``create`` makes a missing directory, and ``served`` limits what is read of it.

    Raises StoreDenied for a bucket that is not named unless ambient credentials are allowed, StoreError for an
    invalid URL.
    """
    if url in config.stores:
        url = config.stores[url].url
    scheme, separator, _ = url.partition("://")
    opener = _OPENERS.get(scheme) if separator else _open_path
    if opener is None:
        raise StoreError(
            f"{scheme[:32]}:// is no kind of store: write a folder, s3://bucket, gs://bucket or az://container"
        )
    return opener(url, config, _DirectoryOptions(create, served))


def locate(url: str, config: StorageConfig) -> tuple[str, str]:
    """Split the URL of an object into the URL of its store, for ``open_store``, and the path in it.

    Raises StoreDenied for a bucket, or a part of it, that is not named unless ambient credentials are allowed, and
    ObjectNotFound for a URL that no object can have.
    """
    try:
        object_url = BucketUrl.of_object(url)
    except StoreError as error:
        raise ObjectNotFound(detail=url) from error
    named_store = _named_store_for(object_url, config)
    store_url = BucketUrl.parse(named_store.url) if named_store else BucketUrl(object_url.scheme, object_url.name, "")
    key = object_url.prefix
    path = key[len(store_url.prefix) :].removeprefix("/") if store_url.prefix else key
    return "/".join(part for part in (f"{store_url.scheme}://{store_url.name}", store_url.prefix) if part), path


def _open_memory(url: str, _config: StorageConfig, _options: _DirectoryOptions) -> Store:
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    size = options.pop("max_bytes", _DEFAULT_MEMORY_SIZE)
    if options or parts.netloc or parts.path:
        raise StoreError("Write a memory store as memory://?max_bytes=256MiB", detail=url)
    try:
        return MemoryStore(parse_size(size))
    except ValueError as error:
        raise StoreError(str(error), detail=url) from error


def _open_file(url: str, config: StorageConfig, options: _DirectoryOptions) -> Store:
    parts = urlsplit(url)
    if parts.netloc not in {"", "localhost"} or not parts.path or parts.query or parts.fragment:
        raise StoreError("Write a directory as file:///absolute/path, without options", detail=url)
    return _open_directory(Path(unquote(parts.path)), config, options)


def _open_path(url: str, config: StorageConfig, options: _DirectoryOptions) -> Store:
    if not url or "\0" in url:
        raise StoreError("Not a path of a folder")
    return _open_directory(Path(url).expanduser(), config, options)


def _open_directory(root: Path, config: StorageConfig, options: _DirectoryOptions) -> Store:
    return FileStore(root, config.store_timeout_s, create=options.create, served=options.served)


def _open_bucket(url: str, config: StorageConfig, _options: _DirectoryOptions) -> Store:
    from pixmill.storage.object_store_clients import build_object_store  # noqa: PLC0415 - loads obstore: 4 MiB that most installations do not need

    bucket_url = BucketUrl.parse(url)
    return build_object_store(bucket_url, _named_store_for(bucket_url, config), config.store_timeout_s)


def _named_store_for(bucket_url: BucketUrl, config: StorageConfig) -> NamedStore | None:
    """Return the named store with the longest matching prefix; None means ambient credentials, if allowed."""
    covering = [named for named in config.stores.values() if BucketUrl.parse(named.url).covers(bucket_url)]
    if covering:
        return max(covering, key=lambda named: len(named.url))
    if config.stores_allow_unnamed:
        return None
    raise StoreDenied(f"{bucket_url.scheme}://{bucket_url.name} is not among the stores of this server")


_OPENERS: Final[dict[str, Callable[[str, StorageConfig, _DirectoryOptions], Store]]] = {
    "memory": _open_memory,
    "file": _open_file,
    **dict.fromkeys(OBJECT_STORE_SCHEMES, _open_bucket),
}
