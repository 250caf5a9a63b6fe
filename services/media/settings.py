"""What media needs to know."""

from pydantic import Field, SecretStr

from shared.settings import (
    DatabaseSettings,
    DownloadStorageSettings,
    ListenSettings,
    LogSettings,
    MasterKeySettings,
    PublicStorageSettings,
    RedisSettings,
)


class _Common(DatabaseSettings, RedisSettings, DownloadStorageSettings, PublicStorageSettings, MasterKeySettings):
    public_base_url: str = "/public"
    max_upload_bytes: int = Field(default=2_147_483_648, ge=1)


class MediaSettings(_Common, ListenSettings):
    media_service_secret: SecretStr


class MediaWorkerSettings(_Common, LogSettings):
    download_keep_days: float = Field(default=30, gt=0, le=3650)
    """How long a film to take home is kept after somebody took it last."""
