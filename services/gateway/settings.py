"""What the gateway needs to know."""

import re
from dataclasses import fields
from datetime import timedelta
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal, cast, get_args

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from services.gateway.identity.claims import ClaimMap
from services.gateway.identity.jwks import checked_url
from services.gateway.identity.keys import PlatformKey, pem_keys
from services.gateway.limits.headers import origin_of
from services.gateway.limits.rates import Rates
from services.gateway.sessions.schemas import WatermarkPart
from shared.settings import (
    DatabaseSettings,
    ListenSettings,
    MasterKeySettings,
    PublicStorageSettings,
    SessionSettings,
)

SHORTEST_SECRET = 32

_ORIGIN = re.compile(r"https?://[A-Za-z0-9.*\[\]:-]+")
# As in a Content-Security-Policy, where a star may stand for the first labels of a name and for nothing else.
_ANCESTOR = re.compile(r"https?://(\*\.)?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*(:[0-9]{1,5})?")


class GatewaySettings(DatabaseSettings, ListenSettings, PublicStorageSettings, MasterKeySettings, SessionSettings):
    media_url: str
    progress_url: str
    transcoder_url: str
    media_service_secret: SecretStr
    progress_service_secret: SecretStr
    transcoder_service_secret: SecretStr

    platform_jwt_secret: SecretStr = Field(min_length=SHORTEST_SECRET)
    platform_jwt_issuer: str = "lectern"
    platform_jwt_audience: str = "lectern"
    platform_jwt_public_key: str = ""
    """One or more RSA or P-256 public keys as PEM, or the path of a file that holds them."""
    platform_jwks_url: str = ""
    """Where the platform publishes its keys: https, or http on this machine."""
    platform_jwt_claims: str = ""
    """Which claims say what, as ``user_id=sub,role=https://school/role,name=name,email=email``."""
    platform_jwt_roles: str = ""
    """What the platform calls our roles, as ``teacher=instructor,learner=student``; no other is known then."""

    entitlement_url: str = ""
    """Where the platform says who may watch, in place of enrolments: https, or http on this machine."""
    entitlement_secret: SecretStr = Field(default=SecretStr(""), validate_default=True)
    """Signs what is asked there."""

    ip_policy: Literal["prefix", "exact", "off"] = "prefix"
    max_streams: int = Field(default=2, ge=0)
    """Streams of one student at once; the newest wins. 0 for any number."""
    watermark: str = "name,time"
    """What our player writes over a student's picture, of ``name``, ``email``, ``userId`` and ``time``; or ``none``."""
    trusted_proxies: str = ""
    """CIDRs of the proxies whose X-Forwarded-For or Forwarded is believed, separated by commas."""
    cors_allowed_origins: str = ""
    """Origins of the platform's pages, separated by commas."""
    public_base_url: str = "/public"
    """Where browsers fetch public objects: our own pages may load them from there."""
    csp_sources: str = ""
    """Origins beside that one which our own pages may load from, separated by commas."""
    embed_ancestors: str = ""
    """Origins whose pages may show ``/embed`` in a frame beside our own, separated by commas."""
    hsts_seconds: int = Field(default=31_536_000, ge=0)
    """For how long browsers that came by https shall come by nothing else; 0 tells them nothing."""

    redis_url: SecretStr | None = None
    """Where limits are counted; without it each gateway counts for itself."""
    rate_access_tokens: int = Field(default=Rates.access_tokens, ge=0)
    rate_refused_tokens: int = Field(default=Rates.refused_tokens, ge=0)
    rate_refused_sign_ins: int = Field(default=Rates.refused_sign_ins, ge=0)
    rate_uploads: int = Field(default=Rates.uploads, ge=0)
    rate_calls: int = Field(default=Rates.calls, ge=0)
    rate_back_end_calls: int = Field(default=Rates.back_end_calls, ge=0)
    """Each within a minute, as ``Rates`` has them; 0 is no limit."""

    audit_retention_days: float = Field(default=90, ge=0)
    """For how long decisions about access are kept; 0 for ever."""
    audit_full_ip: bool = False
    """Whether they are kept with the client's address, and not just its network."""
    max_upload_bytes: int = Field(default=2_147_483_648, ge=1)
    web_root: Path | None = None
    demo_sign_in: bool = False

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies(cls, value: str) -> str:
        for part in _split(value):
            ip_network(part)
        return value

    @field_validator("watermark")
    @classmethod
    def _watermark(cls, value: str) -> str:
        for part in [] if value == "none" else _split(value):
            if part not in get_args(WatermarkPart):
                raise ValueError(f"{part!r} is none of {', '.join(get_args(WatermarkPart))}")
        return value

    @field_validator("csp_sources")
    @classmethod
    def _sources(cls, value: str) -> str:
        for part in _split(value):
            if not _ORIGIN.fullmatch(part):
                raise ValueError(f"{part!r} is no origin, as https://uploads.example.org")
        return value

    @field_validator("embed_ancestors")
    @classmethod
    def _ancestors(cls, value: str) -> str:
        for part in _split(value):
            if not _ANCESTOR.fullmatch(part):
                raise ValueError(f"{part!r} is no origin, as https://school.example.org or https://*.example.org")
        return value

    @field_validator("platform_jwt_public_key")
    @classmethod
    def _pem(cls, value: str) -> str:
        """The text itself, where a path was given: it is read once."""
        if not value or "-----BEGIN" in value:
            text = value
        else:
            try:
                text = Path(value).expanduser().read_text(encoding="ascii")
            except (OSError, UnicodeDecodeError) as error:
                raise ValueError(f"it is neither a PEM text nor a file of one ({type(error).__name__})") from None
        if text:
            pem_keys(text)
        return text

    @field_validator("platform_jwks_url", "entitlement_url")
    @classmethod
    def _address(cls, value: str) -> str:
        return checked_url(value) if value else value

    @field_validator("entitlement_secret")
    @classmethod
    def _signs(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        if info.data.get("entitlement_url") and len(value.get_secret_value()) < SHORTEST_SECRET:
            raise ValueError(f"ENTITLEMENT_URL needs it, with {SHORTEST_SECRET} characters or more")
        return value

    @field_validator("platform_jwt_claims")
    @classmethod
    def _claims(cls, value: str) -> str:
        ClaimMap.parse(value, "")
        return value

    @field_validator("platform_jwt_roles")
    @classmethod
    def _roles(cls, value: str) -> str:
        ClaimMap.parse("", value)
        return value

    @property
    def watermark_parts(self) -> tuple[WatermarkPart, ...]:
        return () if self.watermark == "none" else tuple(cast("WatermarkPart", part) for part in _split(self.watermark))

    @property
    def platform_keys(self) -> tuple[PlatformKey, ...]:
        return pem_keys(self.platform_jwt_public_key) if self.platform_jwt_public_key else ()

    @property
    def claim_map(self) -> ClaimMap:
        return ClaimMap.parse(self.platform_jwt_claims, self.platform_jwt_roles)

    @cached_property
    def proxy_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        return tuple(ip_network(part) for part in _split(self.trusted_proxies))

    @property
    def origins(self) -> list[str]:
        return _split(self.cors_allowed_origins)

    @property
    def page_sources(self) -> list[str]:
        films = origin_of(self.public_base_url)
        return [*([films] if films else []), *_split(self.csp_sources)]

    @property
    def ancestors(self) -> list[str]:
        return _split(self.embed_ancestors)

    @property
    def rates(self) -> Rates:
        return Rates(**{field.name: getattr(self, f"rate_{field.name}") for field in fields(Rates)})

    @property
    def audit_retention(self) -> timedelta | None:
        return timedelta(days=self.audit_retention_days) if self.audit_retention_days else None


def _split(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]
