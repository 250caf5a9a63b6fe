"""Frozen settings fragments, composed per service.

A service's settings class inherits just the fragments it needs, so that it cannot come to know a secret that is not
its own. They are read from the environment once, where the process starts; ``read`` turns what is missing or wrong
into one sentence.
"""

import sys
from typing import TypeVar

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.storage import S3Settings


class Fragment(BaseSettings):
    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)


class ListenSettings(Fragment):
    listen_host: str = "127.0.0.1"
    listen_port: int = Field(ge=0, le=65535)
    log_level: str = "INFO"


class LogSettings(Fragment):
    log_level: str = "INFO"


class DatabaseSettings(Fragment):
    database_url: SecretStr
    database_pool_size: int = Field(default=10, ge=1)


class RedisSettings(Fragment):
    redis_url: SecretStr


class S3Access(Fragment):
    s3_endpoint_url: str | None = None
    s3_region: str = "auto"
    s3_access_key_id: SecretStr | None = None
    s3_secret_access_key: SecretStr | None = None
    s3_public_endpoint_url: str | None = None
    """The same server as browsers reach it, where that is another address: presigned URLs are made for it."""

    @property
    def s3(self) -> S3Settings | None:
        """The S3 account, where one is named."""
        if self.s3_access_key_id is None or self.s3_secret_access_key is None:
            return None
        return S3Settings(
            endpoint_url=self.s3_endpoint_url,
            region=self.s3_region,
            access_key_id=self.s3_access_key_id.get_secret_value(),
            secret_access_key=self.s3_secret_access_key.get_secret_value(),
            public_endpoint_url=self.s3_public_endpoint_url,
        )


class PrivateStorageSettings(S3Access):
    private_storage_url: str


class DownloadStorageSettings(PrivateStorageSettings):
    downloads_storage_url: str = ""
    """Where films to take home are kept, where that is not the private store: it is a cache, and nobody's source."""

    @property
    def downloads_url(self) -> str:
        return self.downloads_storage_url or self.private_storage_url


class PublicStorageSettings(S3Access):
    public_storage_url: str


class MasterKeySettings(Fragment):
    master_keys: SecretStr


class SessionSettings(Fragment):
    session_max_hours: float = Field(default=24, gt=0, le=24 * 30)
    """How long a playback session may be renewed, and so for how long what it plays must stay in storage."""


Settings = TypeVar("Settings", bound=Fragment)


def read(kind: type[Settings]) -> Settings:
    """The settings of this process, from its environment; exits with one sentence per fault."""
    try:
        return kind()
    except ValidationError as error:
        for fault in error.errors():
            name = "_".join(str(part) for part in fault["loc"]).upper()
            # The value is left out on purpose: it may be a secret.
            print(f"Setting {name}: {fault['msg']}. .env.example says what it is for.", file=sys.stderr)
        raise SystemExit(2) from None
