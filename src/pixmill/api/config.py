"""What the API layer can be told."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from pixmill.dialects.signing import Keyring
from pixmill.media import NEGOTIABLE_FORMATS, Format


class ApiConfig(BaseModel):
    """Settings of the HTTP side."""

    model_config = ConfigDict(frozen=True)

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8080, ge=0, le=65_535, description="Port to listen on; 0 takes a free one.")
    keys: SecretStr = Field(
        SecretStr(""), description="Signing keys, comma-separated, newest first; each at least 16 characters long."
    )
    unsigned: Literal["allow", "deny", ""] = Field(
        "",
        description="Whether unsigned requests are answered: allow or deny; "
        "empty denies them when keys are set and allows them otherwise.",
    )
    auto_formats: str = Field(
        "avif,webp", description="What format=auto may choose when the client names it, comma-separated, best first."
    )
    server_timing: bool = Field(default=False, description="Tell the duration of each stage in a Server-Timing header.")
    max_url_bytes: int = Field(8_192, ge=256, description="Longest path and query accepted, in bytes.")
    upload_timeout_s: float = Field(30.0, gt=0, description="Seconds that sending a picture to POST /resize may take.")
    drain_s: float = Field(25.0, ge=0, description="Seconds that requests in flight have to finish on shutdown.")
    drain_delay_s: float = Field(
        0.0, ge=0, description="Seconds between turning readiness off and closing the listener on shutdown."
    )
    ready_timeout_s: float = Field(
        5.0, gt=0, description="Seconds that a part has to answer its probe for /health/ready."
    )
    max_connections: int = Field(4_096, ge=128, description="Connections served at one time; more wait to be accepted.")

    @field_validator("keys")
    @classmethod
    def _keys_can_sign(cls, keys: SecretStr) -> SecretStr:
        if keys.get_secret_value():
            Keyring.from_text(keys.get_secret_value())
        return keys

    @field_validator("auto_formats")
    @classmethod
    def _formats_are_negotiable(cls, text: str) -> str:
        _formats(text)
        return text

    def keyring(self) -> Keyring | None:
        """The keys that requests must be signed with; None when unsigned requests are answered."""
        keys = self.keys.get_secret_value()
        return Keyring.from_text(keys) if keys and self.unsigned != "allow" else None

    def negotiable(self) -> tuple[Format, ...]:
        """What ``auto_formats`` names."""
        return _formats(self.auto_formats)


def _formats(text: str) -> tuple[Format, ...]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    by_name = {form.value: form for form in NEGOTIABLE_FORMATS}
    if strange := [name for name in names if name not in by_name]:
        raise ValueError(f"{', '.join(strange)} cannot be negotiated; choose from {', '.join(by_name)}")
    return tuple(by_name[name] for name in names)
