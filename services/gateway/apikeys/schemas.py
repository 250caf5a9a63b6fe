"""API keys as an admin asks for them and sees them."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field, StringConstraints, field_validator

from services.gateway.apikeys.scopes import Scope
from shared.contracts.model import Document, GivenMoment, Moment

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class NewApiKey(Document):
    name: Name
    scopes: list[Scope] = Field(min_length=1, max_length=len(Scope))
    expires_at: GivenMoment | None = None
    """Never, by default."""

    @field_validator("name")
    @classmethod
    def _is_text(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError("a name is printable text on one line")
        return value

    @field_validator("expires_at")
    @classmethod
    def _is_to_come(cls, value: datetime | None) -> datetime | None:
        if value is not None and value <= datetime.now(UTC):
            raise ValueError("that moment is past")
        return value


class ApiKeyAnswer(Document):
    id: str
    name: str
    scopes: list[str]
    created_by: str
    created_at: Moment
    last_used_at: Moment | None
    """To a minute; null until it was used."""
    expires_at: Moment | None
    revoked_at: Moment | None


class MadeApiKey(ApiKeyAnswer):
    key: str
    """The key itself. It is shown this once: only its hash is kept."""


class ApiKeyList(Document):
    api_keys: list[ApiKeyAnswer]
