"""What progress needs to know."""

from pydantic import Field, SecretStr

from shared.settings import DatabaseSettings, ListenSettings


class ProgressSettings(DatabaseSettings, ListenSettings):
    progress_service_secret: SecretStr
    key_rotation_days: float = Field(default=7, ge=0, le=365)
    """As the media service has it: what storage costs depends on it."""
    public_url: str = ""
    """Where the installation is found from outside."""
    xapi_home_page: str = ""
    """The address under which the platform's ids of users, chapters and courses are unique, for statements."""

    @property
    def home_page(self) -> str:
        return (self.xapi_home_page or self.public_url or "http://localhost").rstrip("/")
