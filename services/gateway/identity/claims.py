"""Where a platform puts what Lectern wants to know into its tokens, and what it calls the roles."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from services.gateway.identity import errors
from shared.contracts.access import Actor, Role
from shared.contracts.model import is_external_id

_DEFAULT = {"user_id": "sub", "role": "role", "name": "name", "email": "email"}
LONGEST_TEXT = 512


@dataclass(frozen=True)
class ClaimMap:
    """``claims`` has the claim for each of user_id, role, name and email; ``roles`` Lectern's role for the platform's."""

    claims: Mapping[str, str] = field(default_factory=lambda: dict(_DEFAULT))
    roles: Mapping[str, Role] = field(default_factory=lambda: {role.value: role for role in Role})

    @classmethod
    def parse(cls, claims: str, roles: str) -> "ClaimMap":
        """From ``user_id=sub,role=https://school/role`` and ``teacher=instructor``. Raises ValueError.

        What is not named stays as it is; once roles are named, only those are known.
        """
        named = _pairs(claims)
        unknown = sorted(named.keys() - _DEFAULT.keys())
        if unknown:
            raise ValueError(f"it names {', '.join(unknown)}; there are {', '.join(_DEFAULT)}")
        try:
            given = {theirs: Role(ours) for theirs, ours in _pairs(roles).items()}
        except ValueError as error:
            raise ValueError(f"{error}; the roles are {', '.join(Role)}") from None
        return cls({**_DEFAULT, **named}, given or {role.value: role for role in Role})

    def actor(self, claims: Mapping[str, Any]) -> Actor:
        """Who is named by the claims of a token. Raises Problem ``invalid_jwt``."""
        user_id = self._of(claims, "user_id")
        if not is_external_id(user_id):
            place = self.claims["user_id"]
            raise errors.invalid_jwt(f"its {place} must be 1 to 128 of the characters A-Z a-z 0-9 . _ : -")
        role = self._role(self._of(claims, "role"))
        if role is None:
            raise errors.invalid_jwt(f"its {self.claims['role']} must be {_or(list(self.roles))}")
        try:
            return Actor(user_id=user_id, role=role, name=self._text(claims, "name"), email=self._text(claims, "email"))
        except ValidationError:
            raise errors.invalid_jwt("its name or email is no text") from None

    def _role(self, written: Any) -> Role | None:
        """A role by itself, or a list with just one that is known: of several, nobody could say which one is meant."""
        given = written if isinstance(written, list) else [written]
        known = {self.roles[one] for one in given if isinstance(one, str) and one in self.roles}
        return known.pop() if len(known) == 1 else None

    def _text(self, claims: Mapping[str, Any], what: str) -> Any:
        found = self._of(claims, what)
        return found[:LONGEST_TEXT] if isinstance(found, str) else found

    def _of(self, claims: Mapping[str, Any], what: str) -> Any:
        """A claim by its whole name (a URL has dots of its own), else step by step at the dots."""
        place = self.claims[what]
        if place in claims:
            return claims[place]
        found: Any = claims
        for step in place.split("."):
            if not isinstance(found, Mapping):
                return None
            found = found.get(step)
        return found


def _pairs(written: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in written.split(","))):
        name, equals, value = part.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise ValueError(f"{part!r} is not of the form name=value")
        pairs[name.strip()] = value.strip()
    return pairs


def _or(words: list[str]) -> str:
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))
