"""Clients are built of what was configured, whatever the environment says.

There is no server for GCS and Azure here: for these two only the building is shown.
"""

import json
from typing import Any

import pytest

from pixmill.errors import StoreError
from pixmill.storage.bucket_url import BucketUrl
from pixmill.storage.config import NamedStore
from pixmill.storage.object_store_clients import build_object_store

SECRET = "the-secret"


def client(**fields: Any) -> Any:
    named = NamedStore.model_validate(fields)
    return build_object_store(BucketUrl.parse(named.url), named, 5.0)._client


@pytest.fixture(autouse=True)
def foreign_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ENDPOINT_URL_S3": "http://evil.test",
        "AWS_ENDPOINT": "http://evil.test",
        "AWS_SESSION_TOKEN": "stray",
        "AWS_ACCESS_KEY_ID": "stray",
        "AWS_SECRET_ACCESS_KEY": "stray",
        "AWS_SKIP_SIGNATURE": "true",
        "GOOGLE_BASE_URL": "http://evil.test",
        "AZURE_STORAGE_ACCOUNT_NAME": "stray",
        "AZURE_ENDPOINT": "http://evil.test",
    }.items():
        monkeypatch.setenv(name, value)


def test_keys_for_s3_go_to_amazon_or_to_the_endpoint_given_and_nowhere_else() -> None:
    keys = {"access_key_id": "AK", "secret_access_key": SECRET}
    for extra, endpoint in (
        ({}, "https://s3.us-east-1.amazonaws.com"),
        ({"region": "eu-central-1"}, "https://s3.eu-central-1.amazonaws.com"),
        ({"endpoint": "http://127.0.0.1:9"}, "http://127.0.0.1:9"),
    ):
        config = client(url="s3://photos", **keys, **extra).config
        assert (config["endpoint"], config["endpoint_url_s3"]) == (endpoint, endpoint)
        assert config["skip_signature"] == "false"
        assert not {"access_key_id", "session_token"} & set(config)


def test_a_prefix_is_part_of_the_client() -> None:
    assert client(url="s3://photos/a/b/", anonymous=True).prefix == "a/b"
    assert client(url="s3://photos", anonymous=True).prefix is None


def test_a_gcs_client_takes_the_key_given(rsa_key: str) -> None:
    account = {"client_email": "me@test", "private_key": rsa_key, "private_key_id": "1"}
    config = client(url="gs://archive", service_account_key=json.dumps(account)).config
    assert json.loads(config["service_account_key"]) == account
    assert config["base_url"] == "https://storage.googleapis.com"


def test_a_gcs_key_that_cannot_be_read_is_a_store_error_without_the_key() -> None:
    with pytest.raises(StoreError) as refused:
        client(url="gs://archive", service_account_key='{"private_key": "hush"}')
    assert "hush" not in refused.value.detail


@pytest.mark.parametrize("field", ["account_key", "sas_key"])
def test_an_azure_client_takes_the_account_and_the_key_given(field: str) -> None:
    value = {"account_key": "a2V5", "sas_key": "sv=2024&sig=x"}[field]
    config = client(url="az://blobs", account_name="me", **{field: value}).config
    assert (config["account_name"], config[field]) == ("me", value)
    assert config["endpoint"] == "https://me.blob.core.windows.net"


@pytest.mark.parametrize(("endpoint", "plain"), [("http://127.0.0.1:9", True), ("https://s3.test", False)])
def test_plain_http_is_spoken_only_to_an_endpoint_that_says_so(endpoint: str, plain: bool) -> None:
    assert client(url="s3://photos", endpoint=endpoint).client_options["allow_http"] == str(plain).lower()


def test_a_client_shows_no_secret() -> None:
    assert SECRET not in repr(client(url="s3://photos", access_key_id="AK", secret_access_key=SECRET))
