"""Making, checking and revoking API keys.

A key is ``lk_<id>_<secret>``: 22 characters of its row's UUID and 43 of 256 random bits, both base64url. The prefix and
the fixed form let scanners find one that was published by mistake.
"""

import base64
import hashlib
import hmac
import re
import secrets
from uuid import UUID

from services.gateway.apikeys import errors, repository
from services.gateway.apikeys.schemas import ApiKeyAnswer, MadeApiKey, NewApiKey
from services.gateway.apikeys.scopes import ROUTES, Scope
from services.gateway.audit.trail import concerns
from shared.contracts.access import Actor, Role
from shared.db import Database, new_id
from shared.db.models.access import ApiKey

PREFIX = "lk_"
SECRET_BYTES = 32
USED_GRAIN = 60
_FORM = re.compile(r"lk_([A-Za-z0-9_-]{22})_[A-Za-z0-9_-]{43}")


class ApiKeyService:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def admit(self, key: str, method: str, path: str) -> Actor:
        """The back end behind ``key``, if it may call the route of a path template; Problem with the reason if not."""
        written = _FORM.fullmatch(key)
        if written is None:
            raise errors.invalid_key()
        key_id = UUID(bytes=base64.urlsafe_b64decode(written[1] + "=="))
        async with self._database.session_scope() as session:
            row = await repository.find(session, key_id, USED_GRAIN)
            # An unknown id costs the same comparison, and fails it.
            known = row["key_hash"] if row is not None else bytes(32)
            if not hmac.compare_digest(known, _digest(key)) or row is None:
                raise errors.invalid_key()
            concerns(actor_id=f"apikey:{key_id}", role=Role.SERVICE.value, api_key_id=key_id)
            if row["revoked"]:
                raise errors.revoked_key()
            if row["expired"]:
                raise errors.expired_key()
            needed = ROUTES.get((method, path))
            if needed is None or not {needed.value, Scope.ALL.value} & set(row["scopes"]):
                raise errors.scope_required(needed)
            if row["to_note"]:
                await repository.used(session, key_id, USED_GRAIN)
        return Actor(user_id=f"apikey:{key_id}", role=Role.SERVICE)

    async def make(self, wanted: NewApiKey, by: Actor) -> MadeApiKey:
        key_id = new_id()
        place = base64.urlsafe_b64encode(key_id.bytes).rstrip(b"=").decode()
        key = f"{PREFIX}{place}_{secrets.token_urlsafe(SECRET_BYTES)}"
        row = ApiKey(
            id=key_id,
            name=wanted.name,
            key_hash=_digest(key),
            scopes=sorted({scope.value for scope in wanted.scopes}),
            created_by=by.user_id,
            expires_at=wanted.expires_at,
        )
        async with self._database.session_scope() as session:
            await repository.add(session, row)
            concerns(api_key_id=key_id, user_id=None)
            return MadeApiKey(key=key, **_answer(row).model_dump())

    async def list(self) -> list[ApiKeyAnswer]:
        """All keys, revoked ones too, the newest first."""
        async with self._database.session_scope() as session:
            return [_answer(row) for row in await repository.everyone(session)]

    async def revoke(self, key_id: UUID) -> None:
        concerns(api_key_id=key_id, user_id=None)
        async with self._database.session_scope() as session:
            if not await repository.revoke(session, key_id):
                raise errors.key_not_found()


def _digest(key: str) -> bytes:
    """What is stored. The secret in it has 256 random bits, so a plain hash is enough."""
    return hashlib.sha256(key.encode()).digest()


def _answer(row: ApiKey) -> ApiKeyAnswer:
    return ApiKeyAnswer(
        id=str(row.id),
        name=row.name,
        scopes=list(row.scopes),
        created_by=row.created_by,
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )
