"""What the transcoder needs to know."""

from pathlib import Path

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


class TranscoderSettings(DatabaseSettings, RedisSettings, ListenSettings):
    transcoder_service_secret: SecretStr


class TranscoderWorkerSettings(
    DatabaseSettings, RedisSettings, DownloadStorageSettings, PublicStorageSettings, MasterKeySettings, LogSettings
):
    ffmpeg_path: Path
    work_dir: Path
    transcoder_slots: int = Field(default=1, ge=1, le=64)
    """Chunks encoded at once by this worker. FFmpeg fills all cores with one, so more only helps on many cores."""
    source_cache_bytes: int = Field(default=64 * 1024**3, ge=1024**3)
    """What the copies of sources on S3 may hold together on this host. Unused where sources lie on disk."""
    chunk_disk_bytes: int = Field(default=4 * 1024**3, ge=64 * 1024**2)
    """What the files of one chunk may hold together while it is made."""
    transcribe_command: str = ""
    """A command line that writes captions: ``{audio}`` is a WAV file, ``{output}`` where they go, ``{language}`` theirs."""
    transcribe_timeout: float = Field(default=4 * 3600, gt=0)
    """Seconds after which it is ended."""
    video_encoder: str = "libx264"
    """FFmpeg's name of an H.264 encoder, or ``auto``; tried when the worker starts."""
