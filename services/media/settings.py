"""What media needs to know."""

from datetime import timedelta

from pydantic import Field, SecretStr

from shared.settings import (
    DatabaseSettings,
    DownloadStorageSettings,
    ListenSettings,
    LogSettings,
    MasterKeySettings,
    PublicStorageSettings,
    RedisSettings,
    SessionSettings,
)


class _Common(
    DatabaseSettings,
    RedisSettings,
    DownloadStorageSettings,
    PublicStorageSettings,
    MasterKeySettings,
    SessionSettings,
):
    public_base_url: str = "/public"
    key_rotation_days: float = Field(default=7, ge=0, le=365)
    """After how many days a film that is watched is encrypted anew; 0 for never."""
    max_upload_bytes: int = Field(default=2_147_483_648, ge=1)

    @property
    def longest_session(self) -> timedelta:
        return timedelta(hours=self.session_max_hours)

    @property
    def rotate_keys_after(self) -> timedelta | None:
        return timedelta(days=self.key_rotation_days) if self.key_rotation_days else None


class MediaSettings(_Common, ListenSettings):
    media_service_secret: SecretStr


class MediaWorkerSettings(_Common, LogSettings):
    download_keep_days: float = Field(default=30, gt=0, le=3650)
    """How long a film to take home is kept after somebody took it last."""
