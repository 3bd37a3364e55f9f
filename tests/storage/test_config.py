"""Named stores are checked when they are read, and their secrets stay secret."""

import json

import pytest
from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from pixmill.plan.source import OBJECT_STORE_SCHEMES
from pixmill.storage.config import CREDENTIAL_FIELDS, NamedStore, StorageConfig

PHOTOS = {"url": "s3://photos", "access_key_id": "AK", "secret_access_key": "hush-1", "session_token": "hush-2"}
ARCHIVE = {"url": "gs://archive/2020", "service_account_key": '{"private_key": "hush-3"}'}
BLOBS = {"url": "az://blobs", "account_name": "me", "account_key": "hush-4"}
STORES = {"photos": PHOTOS, "archive": ARCHIVE, "blobs": BLOBS}


class Settings(StorageConfig, BaseSettings):
    model_config = SettingsConfigDict(env_prefix="PIXMILL_")


def test_several_stores_come_from_one_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIXMILL_STORES", json.dumps(STORES))
    stores = Settings().stores
    assert {name: store.scheme for name, store in stores.items()} == {"photos": "s3", "archive": "gs", "blobs": "az"}
    assert stores["photos"].secret_access_key.get_secret_value() == "hush-1"


def test_each_kind_of_bucket_has_its_credentials() -> None:
    assert set(CREDENTIAL_FIELDS) == set(OBJECT_STORE_SCHEMES)


def test_no_text_of_the_settings_shows_a_secret() -> None:
    config = StorageConfig.model_validate({"stores": STORES})
    for text in (repr(config), str(config), config.model_dump_json(), repr(config.model_dump())):
        assert "hush" not in text
        assert "photos" in text


@pytest.mark.parametrize(
    ("store", "complaint"),
    [
        ({"url": "photos"}, "begins with s3://"),
        ({"url": "https://photos"}, "begins with s3://"),
        ({}, "Field required"),
        ({"url": "s3://photos", "secret_acess_key": "hush"}, "not permitted"),
        ({"url": "s3://photos", "secret_access_key": "hush"}, "go together"),
        ({"url": "s3://photos", "access_key_id": "AK"}, "go together"),
        ({"url": "s3://photos", "session_token": "hush"}, "session_token goes with"),
        ({"url": "gs://photos", "secret_access_key": "hush"}, "secret_access_key do not apply to gs://"),
        ({"url": "s3://photos", "account_key": "hush"}, "account_key do not apply to s3://"),
        ({"url": "az://photos", "account_key": "hush"}, "go with account_name"),
        ({"url": "az://photos", "account_name": "me", "account_key": "hush", "sas_key": "hush"}, "exclude each other"),
    ],
)
def test_a_store_that_cannot_be_meant_is_refused_without_its_secrets(store: dict[str, str], complaint: str) -> None:
    with pytest.raises(ValidationError) as refused:
        StorageConfig.model_validate({"stores": {"it": store}})
    assert complaint in str(refused.value)
    assert "hush" not in str(refused.value)


def test_without_a_word_no_bucket_is_open() -> None:
    assert (StorageConfig().stores, StorageConfig().stores_allow_unnamed) == ({}, False)


def test_each_setting_and_each_field_of_a_store_says_what_it_is() -> None:
    for model in (StorageConfig, NamedStore):
        assert all((field.description or "").endswith(".") for field in model.model_fields.values())
