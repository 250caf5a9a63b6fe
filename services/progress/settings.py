"""What progress needs to know."""

from pydantic import SecretStr

from shared.settings import DatabaseSettings, ListenSettings


class ProgressSettings(DatabaseSettings, ListenSettings):
    progress_service_secret: SecretStr
