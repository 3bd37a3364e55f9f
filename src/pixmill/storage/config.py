"""Settings of the stores: buckets, credentials and timeouts.

Knows no client library. Must never reveal a secret, not even in the text of an error.
"""

from typing import Final, Self
from urllib.parse import urlsplit

import msgspec
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from pixmill.runtime.json_errors import json_problem
from pixmill.runtime.setting_types import Duration, SettingGroup

_BLANK = SecretStr("")

CREDENTIAL_FIELDS: Final[dict[str, frozenset[str]]] = {
    "s3": frozenset({"access_key_id", "secret_access_key", "session_token", "region"}),
    "gs": frozenset({"service_account_key"}),
    "az": frozenset({"account_name", "account_key", "sas_key"}),
}
"""The fields that apply to one kind of bucket only; the others apply to all."""

MAX_NAME_CHARACTERS: Final = 64
"""Of a store, as of a preset: names are in messages and log lines."""


class NamedStore(BaseModel):
    """An allowed bucket, or the part of it below a prefix, with its credentials.

    Without credentials the ambient ones are used: the environment, a role, a workload identity.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: str = Field(description="s3://bucket, gs://bucket or az://container, each with an optional /prefix.")
    endpoint: str = Field(default="", description="Base URL of the service; empty: the provider's own.")
    anonymous: bool = Field(default=False, description="Send unsigned requests, for public buckets.")
    region: str = Field(default="", description="S3 region; default with credentials: us-east-1.")
    access_key_id: str = Field(default="", description="S3 access key.")
    secret_access_key: SecretStr = Field(default=_BLANK, description="S3 secret key.")
    session_token: SecretStr = Field(default=_BLANK, description="S3 session token of temporary credentials.")
    service_account_key: SecretStr = Field(default=_BLANK, description="GCS service account key, as a JSON text.")
    account_name: str = Field(default="", description="Azure storage account.")
    account_key: SecretStr = Field(default=_BLANK, description="Azure account key.")
    sas_key: SecretStr = Field(default=_BLANK, description="Azure shared access signature.")

    @property
    def scheme(self) -> str:
        return self.url.partition("://")[0]

    @model_validator(mode="after")
    def _validate_scheme(self) -> Self:
        if self.scheme not in CREDENTIAL_FIELDS:
            schemes = " or ".join(f"{scheme}://" for scheme in CREDENTIAL_FIELDS)
            raise ValueError(f"the url of a named store begins with {schemes}")
        if "@" in self.url.partition("://")[2].partition("/")[0]:
            raise ValueError("the url of a named store has no credentials; they are fields, such as access_key_id")
        other_fields = frozenset().union(*CREDENTIAL_FIELDS.values()) - CREDENTIAL_FIELDS[self.scheme]
        if misplaced_fields := sorted(other_fields & self.model_fields_set):
            raise ValueError(f"{', '.join(misplaced_fields)} do not apply to {self.scheme}://")
        return self

    @model_validator(mode="after")
    def _validate_endpoint(self) -> Self:
        try:
            parts = urlsplit(self.endpoint)
            is_url = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
        except ValueError:
            is_url = False
        if self.endpoint and (not is_url or parts.username is not None):
            raise ValueError("endpoint must be a URL without credentials, such as https://storage.example.com:9000")
        return self

    @model_validator(mode="after")
    def _validate_credentials(self) -> Self:
        if bool(self.access_key_id) != bool(self.secret_access_key.get_secret_value()):
            raise ValueError("access_key_id and secret_access_key go together")
        if self.session_token.get_secret_value() and not self.access_key_id:
            raise ValueError("session_token goes with access_key_id and secret_access_key")
        if bool(self.account_key.get_secret_value() or self.sas_key.get_secret_value()) > bool(self.account_name):
            raise ValueError("account_key and sas_key go with account_name")
        if self.account_key.get_secret_value() and self.sas_key.get_secret_value():
            raise ValueError("account_key and sas_key exclude each other")
        return self


class StorageConfig(SettingGroup):
    """Settings of the Storage Service."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    stores: dict[str, NamedStore] = Field(
        default_factory=dict,
        examples=['{"photos": {"url": "s3://photos", "region": "eu-central-1"}}'],
        description='Allowed buckets, by name, as a JSON object such as {"photos": {"url": "s3://photos", '
        '"endpoint": "https://…", "access_key_id": "…", "secret_access_key": "…"}}.',
    )

    @field_validator("stores", mode="before")
    @classmethod
    def _read_stores(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            stores = msgspec.json.decode(value or "{}", type=dict[str, object])
        except msgspec.MsgspecError as error:
            raise ValueError(json_problem(error, value)) from None
        if not all(name.isprintable() and 0 < len(name) <= MAX_NAME_CHARACTERS for name in stores):
            raise ValueError(
                f"the name of a store has 1 to {MAX_NAME_CHARACTERS} characters, without control characters"
            )
        return stores

    stores_allow_unnamed: bool = Field(
        default=False,
        description="Allow buckets that are not listed in the stores, with ambient credentials.",
    )
    store_timeout_s: Duration = Field(
        default=10.0,
        gt=0,
        le=600,
        description="Timeout of one storage operation, or one chunk of a stream.",
    )
