"""What the gateway needs to know."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from shared.settings import DatabaseSettings, ListenSettings, MasterKeySettings, PublicStorageSettings


class GatewaySettings(DatabaseSettings, ListenSettings, PublicStorageSettings, MasterKeySettings):
    media_url: str
    progress_url: str
    transcoder_url: str
    media_service_secret: SecretStr
    progress_service_secret: SecretStr
    transcoder_service_secret: SecretStr

    platform_jwt_secret: SecretStr = Field(min_length=32)
    platform_jwt_issuer: str = "lectern"
    platform_jwt_audience: str = "lectern"

    ip_policy: Literal["prefix", "exact", "off"] = "prefix"
    session_max_hours: float = Field(default=24, gt=0, le=24 * 30)
    """How long a playback session may be renewed."""
    max_streams: int = Field(default=2, ge=0)
    """Streams of one student at once; the newest wins. 0 for any number."""
    trusted_proxies: str = ""
    """CIDRs of the proxies whose X-Forwarded-For is believed, separated by commas."""
    cors_allowed_origins: str = ""
    """Origins of the platform's pages, separated by commas."""
    max_upload_bytes: int = Field(default=2_147_483_648, ge=1)
    web_root: Path | None = None
    demo_sign_in: bool = False

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies(cls, value: str) -> str:
        for part in _split(value):
            ip_network(part)
        return value

    @property
    def proxy_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        return tuple(ip_network(part) for part in _split(self.trusted_proxies))

    @property
    def origins(self) -> list[str]:
        return _split(self.cors_allowed_origins)


def _split(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]
