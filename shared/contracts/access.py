"""What the gateway vouches for when it calls an inner service on somebody's behalf."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Role(StrEnum):
    STUDENT = "student"
    INSTRUCTOR = "instructor"
    ADMIN = "admin"
    SERVICE = "service"

    @property
    def is_staff(self) -> bool:
        return self in (Role.INSTRUCTOR, Role.ADMIN)

    @property
    def sees_all(self) -> bool:
        """Whether courses and people's progress are shown as they are, not as one student may see them."""
        return self.is_staff or self is Role.SERVICE


class Actor(BaseModel):
    """The person (or back end) behind a request, as the platform's JWT named them."""

    model_config = ConfigDict(frozen=True)

    user_id: str
    role: Role
    name: str | None = None
    email: str | None = None
