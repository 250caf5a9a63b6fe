"""What the transcoder needs to know."""

from pathlib import Path

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


class TranscoderSettings(DatabaseSettings, RedisSettings, ListenSettings):
    transcoder_service_secret: SecretStr


class TranscoderWorkerSettings(
    DatabaseSettings, RedisSettings, PrivateStorageSettings, PublicStorageSettings, MasterKeySettings, LogSettings
):
    ffmpeg_path: Path
    work_dir: Path
    transcoder_slots: int = Field(default=1, ge=1, le=64)
    """Chunks encoded at once by this worker. FFmpeg fills all cores with one, so more only helps on many cores."""
