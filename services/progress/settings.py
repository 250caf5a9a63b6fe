"""What progress needs to know."""

from pydantic import Field, SecretStr

from services.progress.analytics.policy import AddressPolicy, AnalyticsPolicy, address_key
from shared.settings import DatabaseSettings, Fragment, ListenSettings


class AnalyticsSettings(Fragment):
    """Of the service and its worker: both make rows of viewing sessions."""

    progress_service_secret: SecretStr
    view_threshold_seconds: float = Field(default=10, ge=0, allow_inf_nan=False)
    analytics_retention_days: int = Field(default=90, ge=0, le=36_500)
    analytics_ip: AddressPolicy = "truncated"

    @property
    def analytics_policy(self) -> AnalyticsPolicy:
        return AnalyticsPolicy(
            self.view_threshold_seconds,
            self.analytics_retention_days,
            self.analytics_ip,
            address_key(self.progress_service_secret.get_secret_value()),
        )


class ProgressSettings(DatabaseSettings, ListenSettings, AnalyticsSettings):
    egress_price_per_gb: float = Field(default=0, ge=0, allow_inf_nan=False)
    """What a gigabyte (10^9 bytes) that leaves costs, in the installation's own currency."""
