"""Builds the clients of buckets from a URL and credentials.

Knows obstore's constructors. Must never let the environment's endpoint or token mix with the credentials of a named
store: obstore reads every missing option from the environment, and would send our keys to AWS_ENDPOINT_URL_S3.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from obstore.store import AzureStore, GCSStore, S3Store

from pixmill.errors import ObjectNotFound
from pixmill.storage.bucket_url import BucketUrl
from pixmill.storage.config import NamedStore
from pixmill.storage.errors import OBSTORE_ERRORS, translate
from pixmill.storage.objects import ObjectStore, ObstoreClient

if TYPE_CHECKING:  # in stub files only
    from obstore.store import AzureConfig, ClientConfig, GCSConfig, RetryConfig, S3Config, S3Credential

_GCS_ENDPOINT: Final = "https://storage.googleapis.com"
_RETRIES: Final = 2
_INITIAL_BACKOFF: Final = timedelta(milliseconds=50)
_MAX_BACKOFF: Final = timedelta(milliseconds=500)
_MAX_TRANSFER: Final = timedelta(hours=1)
"""Each chunk of a stream has a timeout of its own; obstore's default would cut every body after 30 seconds."""


def build_object_store(bucket_url: BucketUrl, named_store: NamedStore | None, timeout_s: float) -> ObjectStore:
    """Build the client, without network access. Raises StoreError for invalid credentials."""
    builder = partial(_build_client, bucket_url, named_store, timeout_s)
    open_bulk = partial(builder, None, bulk=True) if bucket_url.scheme == "s3" else None
    return ObjectStore(builder(None), timeout_s, builder, open_bulk)


def _build_client(
    bucket_url: BucketUrl, named_store: NamedStore | None, timeout_s: float, folder: str | None, *, bulk: bool = False
) -> ObstoreClient:
    """Build the client of the bucket below its prefix, or of a folder there: anything between two slashes of a URL.

    ``bulk``: it deletes many objects by one request; S3 only.
    """
    options: dict[str, Any] = ({"bulk": True} if bulk else {}) | {
        "client_options": _client_options(named_store, timeout_s),
        "retry_config": _retry_config(timeout_s),
    }
    try:
        if folder is None:
            return _BUILDERS[bucket_url.scheme](
                bucket_url.name, named_store, {"prefix": bucket_url.prefix or None, **options}
            )
        location = "/".join(part for part in (bucket_url.name, bucket_url.prefix) if part) + "/" + folder
        return _FOLDER_BUILDERS[bucket_url.scheme](quote(location, safe="/~"), named_store, options)
    except OBSTORE_ERRORS as error:
        raise translate(error) from error


def _client_options(named_store: NamedStore | None, timeout_s: float) -> "ClientConfig":
    timeout = timedelta(seconds=timeout_s)
    return {
        # Plain HTTP only for an endpoint that asks for it, configured or from the environment; our defaults are HTTPS.
        "allow_http": named_store is None or not named_store.endpoint.startswith("https://"),
        "connect_timeout": timeout,
        "read_timeout": timeout,
        "timeout": max(timeout, _MAX_TRANSFER),
    }


def _retry_config(timeout_s: float) -> "RetryConfig":
    return {
        "max_retries": _RETRIES,
        "retry_timeout": timedelta(seconds=timeout_s),
        "backoff": {"init_backoff": _INITIAL_BACKOFF, "max_backoff": _MAX_BACKOFF, "base": 2},
    }


def _s3(name: str, named_store: NamedStore | None, options: dict[str, Any]) -> S3Store:
    # Single deletes work with every S3-compatible service, and their failures are typed errors.
    config: S3Config = {"disable_bulk_delete": not options.pop("bulk", False)}
    if "/" in name:
        config["virtual_hosted_style_request"] = False  # of the environment; the bucket is in the path
    if named_store is None:
        return S3Store(name, config=config, **options)
    has_own_credentials = bool(named_store.access_key_id or named_store.anonymous)
    region = named_store.region or ("us-east-1" if has_own_credentials else "")
    endpoint = named_store.endpoint or (f"https://s3.{region}.amazonaws.com" if has_own_credentials else "")
    config["skip_signature"] = named_store.anonymous
    if region:
        config["region"] = region
    if endpoint:
        config["endpoint"] = config["aws_endpoint_url_s3"] = endpoint
    provider = _s3_credentials(named_store) if named_store.access_key_id else None
    return S3Store(name, config=config, credential_provider=provider, **options)


def _s3_credentials(named_store: NamedStore) -> "Callable[[], S3Credential]":
    """Return a provider: without one, a missing session token would be taken from the environment."""

    def provide() -> "S3Credential":
        return {
            "access_key_id": named_store.access_key_id,
            "secret_access_key": named_store.secret_access_key.get_secret_value(),
            "token": named_store.session_token.get_secret_value() or None,
            "expires_at": None,
        }

    return provide


def _gcs(name: str, named_store: NamedStore | None, options: dict[str, Any], folder: str = "") -> GCSStore:
    if named_store is None:
        return GCSStore(name, config={"base_url": _GCS_ENDPOINT + folder} if folder else None, **options)
    config: GCSConfig = {"skip_signature": named_store.anonymous}
    key = named_store.service_account_key.get_secret_value()
    if key:
        config["service_account_key"] = key
    endpoint = named_store.endpoint or (_GCS_ENDPOINT if key or named_store.anonymous or folder else "")
    if endpoint:
        config["base_url"] = endpoint.removesuffix("/") + folder
    return GCSStore(name, config=config, **options)


def _azure(name: str, named_store: NamedStore | None, options: dict[str, Any], folder: str = "") -> AzureStore:
    if named_store is None:
        if folder:
            raise ObjectNotFound(detail="the account is known to the client only")
        return AzureStore(name, **options)
    config: AzureConfig = {"skip_signature": named_store.anonymous}
    if key := named_store.account_key.get_secret_value():
        config["account_key"] = key
    if signature := named_store.sas_key.get_secret_value():
        config["sas_key"] = signature
    if named_store.account_name:
        config["account_name"] = named_store.account_name
        endpoint = named_store.endpoint or f"https://{named_store.account_name}.blob.core.windows.net"
        config["endpoint"] = endpoint.removesuffix("/") + folder
    return AzureStore(name, config=config, **options)


_BUILDERS: Final[dict[str, Callable[[str, NamedStore | None, dict[str, Any]], ObstoreClient]]] = {
    "s3": _s3,
    "gs": _gcs,
    "az": _azure,
}

# The clients join the URL of the bucket, a slash and the path; so the folder belongs to the URL of the bucket.
_FOLDER_BUILDERS: Final[dict[str, Callable[[str, NamedStore | None, dict[str, Any]], ObstoreClient]]] = {
    "s3": _s3,
    "gs": lambda location, named_store, options: _gcs("", named_store, options, "/" + location.removesuffix("/")),
    "az": lambda location, named_store, options: _azure("", named_store, options, "/" + location.removesuffix("/")),
}
