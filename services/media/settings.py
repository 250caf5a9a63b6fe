"""What media needs to know."""

from pydantic import Field, SecretStr

from shared.settings import (
    DatabaseSettings,
    ListenSettings,
    LogSettings,
    MasterKeySettings,
    PrivateStorageSettings,
    PublicStorageSettings,
    RedisSettings,
)


class _Common(DatabaseSettings, RedisSettings, PrivateStorageSettings, PublicStorageSettings, MasterKeySettings):
    public_base_url: str = "/public"
    max_upload_bytes: int = Field(default=2_147_483_648, ge=1)


class MediaSettings(_Common, ListenSettings):
    media_service_secret: SecretStr


class MediaWorkerSettings(_Common, LogSettings):
    pass
