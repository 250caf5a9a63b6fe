"""What progress needs to know."""

from typing import Annotated

from pydantic import Field, SecretStr, field_validator

from services.progress.analytics.policy import AddressPolicy, AnalyticsPolicy, address_key
from shared.settings import DatabaseSettings, Fragment, ListenSettings, LogSettings, RedisSettings


class WebhookSettings(Fragment):
    webhook_secret_key: Annotated[SecretStr, Field(min_length=32)]
    """The signing secret of every endpoint is derived from it, and the key of hashed addresses."""
    webhook_allow: str = ""
    """Host names and CIDRs that webhooks may be sent to although they are not public, separated by commas."""


class StatementSettings(Fragment):
    public_url: str = ""
    """Where the installation is found from outside."""
    xapi_home_page: str = ""
    """The address under which the platform's ids of users, chapters and courses are unique, for statements."""

    @property
    def home_page(self) -> str:
        return (self.xapi_home_page or self.public_url or "http://localhost").rstrip("/")


class AnalyticsSettings(WebhookSettings):
    """Of the service and its worker: both make rows of viewing sessions, with addresses hashed under one key."""

    view_threshold_seconds: float = Field(default=10, ge=0, allow_inf_nan=False)
    analytics_retention_days: int = Field(default=90, ge=0, le=36_500)
    analytics_ip: AddressPolicy = "truncated"

    @property
    def analytics_policy(self) -> AnalyticsPolicy:
        return AnalyticsPolicy(
            self.view_threshold_seconds,
            self.analytics_retention_days,
            self.analytics_ip,
            address_key(self.webhook_secret_key.get_secret_value()),
        )


class ProgressSettings(DatabaseSettings, RedisSettings, ListenSettings, StatementSettings, AnalyticsSettings):
    progress_service_secret: SecretStr
    egress_price_per_gb: float = Field(default=0, ge=0, allow_inf_nan=False)
    """What a gigabyte (10^9 bytes) that leaves costs, in the installation's own currency."""
    key_rotation_days: float = Field(default=7, ge=0, le=365)
    """As the media service has it: what storage costs depends on it."""


class ProgressWorkerSettings(DatabaseSettings, RedisSettings, LogSettings, StatementSettings, AnalyticsSettings):
    webhook_retry_scale: float = Field(default=1, gt=0, le=1)
    """Shortens the waits between attempts, to try out a receiver in minutes instead of a day."""
    event_retention_days: float = Field(default=90, ge=8, le=3650)
    """For so long events can be read by cursor and delivered again. Media forgets what it told after a week."""
    lrs_url: str = ""
    """Where a learning record store takes statements, without ``/statements``; nothing is forwarded without it."""
    lrs_username: str = ""
    lrs_password: SecretStr = SecretStr("")

    @field_validator("lrs_url")
    @classmethod
    def _without_slash(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("it begins with https:// or http://")
        return value.rstrip("/")
