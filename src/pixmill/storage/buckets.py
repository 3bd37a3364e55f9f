"""Clients for buckets: what a URL and its credentials become.

Knows obstore's constructors. Must never let the environment's endpoint or token mix with the credentials of a named
store: obstore reads from the environment whatever it is not told, and would send our keys to AWS_ENDPOINT_URL_S3.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from obstore.store import AzureStore, GCSStore, S3Store

from pixmill.storage.bucket import Bucket
from pixmill.storage.config import NamedStore
from pixmill.storage.failures import FOREIGN, translate
from pixmill.storage.objects import ObjectStore

if TYPE_CHECKING:  # names that exist in stub files only
    from obstore.store import AzureConfig, ClientConfig, GCSConfig, RetryConfig, S3Config, S3Credential

Client = S3Store | GCSStore | AzureStore

_RETRIES: Final = 2
_FIRST_PAUSE: Final = timedelta(milliseconds=50)
_LONGEST_PAUSE: Final = timedelta(milliseconds=500)
_LONGEST_TRANSFER: Final = timedelta(hours=1)
"""Streams are bounded chunk by chunk; obstore's default would cut every body after 30 seconds."""


def connect(bucket: Bucket, named: NamedStore | None, timeout_s: float) -> ObjectStore:
    """Build the client, without a word over the network. Raises StoreError for credentials that cannot be read."""
    options: dict[str, Any] = {
        "prefix": bucket.prefix or None,
        "client_options": _client_options(named, timeout_s),
        "retry_config": _retry_config(timeout_s),
    }
    try:
        return ObjectStore(_CONNECT[bucket.scheme](bucket.name, named, options), timeout_s)
    except FOREIGN as error:
        raise translate(error) from error


def _client_options(named: NamedStore | None, timeout_s: float) -> "ClientConfig":
    patience = timedelta(seconds=timeout_s)
    return {
        # Plain HTTP where an endpoint says so, named or of the environment; all that we choose ourselves are HTTPS.
        "allow_http": named is None or not named.endpoint.startswith("https://"),
        "connect_timeout": patience,
        "read_timeout": patience,
        "timeout": max(patience, _LONGEST_TRANSFER),
    }


def _retry_config(timeout_s: float) -> "RetryConfig":
    return {
        "max_retries": _RETRIES,
        "retry_timeout": timedelta(seconds=timeout_s),
        "backoff": {"init_backoff": _FIRST_PAUSE, "max_backoff": _LONGEST_PAUSE, "base": 2},
    }


def _s3(name: str, named: NamedStore | None, options: dict[str, Any]) -> S3Store:
    # Deleting one by one works with every service that speaks S3, and its refusals come as typed errors.
    config: S3Config = {"disable_bulk_delete": True}
    if named is None:
        return S3Store(name, config=config, **options)
    ours = bool(named.access_key_id or named.anonymous)
    region = named.region or ("us-east-1" if ours else "")
    endpoint = named.endpoint or (f"https://s3.{region}.amazonaws.com" if ours else "")
    config["skip_signature"] = named.anonymous
    if region:
        config["region"] = region
    if endpoint:
        config["endpoint"] = config["aws_endpoint_url_s3"] = endpoint
    provider = _s3_credentials(named) if named.access_key_id else None
    return S3Store(name, config=config, credential_provider=provider, **options)


def _s3_credentials(named: NamedStore) -> "Callable[[], S3Credential]":
    """As a provider, because a session token that is not given would be taken from the environment."""

    def provide() -> "S3Credential":
        return {
            "access_key_id": named.access_key_id,
            "secret_access_key": named.secret_access_key.get_secret_value(),
            "token": named.session_token.get_secret_value() or None,
            "expires_at": None,
        }

    return provide


def _gcs(name: str, named: NamedStore | None, options: dict[str, Any]) -> GCSStore:
    if named is None:
        return GCSStore(name, **options)
    config: GCSConfig = {"skip_signature": named.anonymous}
    key = named.service_account_key.get_secret_value()
    if key:
        config["service_account_key"] = key
    endpoint = named.endpoint or ("https://storage.googleapis.com" if key or named.anonymous else "")
    if endpoint:
        config["base_url"] = endpoint
    return GCSStore(name, config=config, **options)


def _azure(name: str, named: NamedStore | None, options: dict[str, Any]) -> AzureStore:
    if named is None:
        return AzureStore(name, **options)
    config: AzureConfig = {"skip_signature": named.anonymous}
    if key := named.account_key.get_secret_value():
        config["account_key"] = key
    if signature := named.sas_key.get_secret_value():
        config["sas_key"] = signature
    if named.account_name:
        config["account_name"] = named.account_name
        config["endpoint"] = named.endpoint or f"https://{named.account_name}.blob.core.windows.net"
    return AzureStore(name, config=config, **options)


_CONNECT: Final[dict[str, Callable[[str, NamedStore | None, dict[str, Any]], Client]]] = {
    "s3": _s3,
    "gs": _gcs,
    "az": _azure,
}
