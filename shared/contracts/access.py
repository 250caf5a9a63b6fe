"""What the gateway vouches for when it calls an inner service on somebody's behalf."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Role(StrEnum):
    STUDENT = "student"
    INSTRUCTOR = "instructor"
    ADMIN = "admin"
    SERVICE = "service"

    @property
    def sees_all(self) -> bool:
        """Whether courses and people's progress are shown as they are, not as one student may see them.

        An instructor sees so what is of the courses they teach: ``catalog.is_staff`` says which these are.
        """
        return self in (Role.ADMIN, Role.SERVICE)


class Actor(BaseModel):
    """The person (or back end) behind a request, as the platform's JWT named them."""

    model_config = ConfigDict(frozen=True)

    user_id: str
    role: Role
    name: str | None = None
    email: str | None = None
