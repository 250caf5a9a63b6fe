"""What media needs to know."""

from datetime import timedelta
from typing import Literal

from pydantic import Field, SecretStr, field_validator

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
    keep_replaced_days: float = Field(default=7, ge=0, le=365)
    """For how many days a version that was replaced can be brought back, if that is longer than the longest session."""
    storage_quota_bytes: int = Field(default=10_000_000_000, ge=0)
    """What all stores together should hold at most; 0 for no quota. Nothing is refused, it is only told."""
    accept_webm: bool = False
    """Whether WebM is taken, too."""
    course_quota_bytes: int = Field(default=0, ge=0)
    """What a course may take up in storage where nothing else is said of it; 0 is no limit."""
    upload_expire_hours: float = Field(default=24, gt=0, le=24 * 30)
    """For how long an upload may be silent before it is given up."""
    ingest_allow: str = ""
    """Host names and CIDRs that films are fetched from although they are not public, separated by commas."""
    public_url: str = ""
    """Where people reach the gateway, as https://video.example.org: it stands in addresses that are given out."""

    @field_validator("public_url")
    @classmethod
    def _without_slash(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("it begins with https:// or http://")
        return value.rstrip("/")

    @property
    def uploads_live(self) -> timedelta:
        return timedelta(hours=self.upload_expire_hours)

    @property
    def longest_session(self) -> timedelta:
        return timedelta(hours=self.session_max_hours)

    @property
    def keep_replaced(self) -> timedelta:
        """For so long nothing of a replaced version leaves storage: somebody may be watching it, or want it back."""
        return max(self.longest_session, timedelta(days=self.keep_replaced_days))

    @property
    def rotate_keys_after(self) -> timedelta | None:
        return timedelta(days=self.key_rotation_days) if self.key_rotation_days else None


class MediaSettings(_Common, ListenSettings):
    media_service_secret: SecretStr


class MediaWorkerSettings(_Common, LogSettings):
    download_keep_days: float = Field(default=30, gt=0, le=3650)
    """How long a film to take home is kept after somebody took it last."""
    source_retention: Literal["keep", "cold", "drop"] = "keep"
    """What becomes of the uploaded file of a film that is made: it stays, is moved below ``cold/``, or is let go."""
    source_retention_days: float = Field(default=30, ge=0, le=3650)
    """After how many days that is done."""
    cold_storage_class: str | None = None
    """In which of the S3 server's storage classes what was moved is kept."""
