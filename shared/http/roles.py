"""Which roles a route lets in, as parameters that cannot be forgotten halfway."""

from typing import Annotated

from fastapi import Depends

from shared.contracts.access import Actor, Role
from shared.http.inner import ActingPerson
from shared.http.problems import Problem


def _one_of(*roles: Role) -> object:
    names = " or ".join(role.value for role in roles)

    async def check(actor: ActingPerson) -> Actor:
        if actor.role not in roles:
            raise Problem(
                403, "role_required", f"This needs the role {names}; you are signed in as {actor.role.value}."
            )
        return actor

    return Depends(check)


Staff = Annotated[Actor, _one_of(Role.INSTRUCTOR, Role.ADMIN)]
Admin = Annotated[Actor, _one_of(Role.ADMIN)]
StaffOrService = Annotated[Actor, _one_of(Role.INSTRUCTOR, Role.ADMIN, Role.SERVICE)]
AdminOrService = Annotated[Actor, _one_of(Role.ADMIN, Role.SERVICE)]
