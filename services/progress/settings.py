"""What progress needs to know."""

from pydantic import Field, SecretStr

from shared.settings import DatabaseSettings, ListenSettings


class ProgressSettings(DatabaseSettings, ListenSettings):
    progress_service_secret: SecretStr
    key_rotation_days: float = Field(default=7, ge=0, le=365)
    """As the media service has it: what storage costs depends on it."""
