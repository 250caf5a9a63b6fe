"""One-time tokens and devices, as hashes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text

from shared.db import Session, new_id
from shared.db.models.access import VideoAccessToken

_GOOD = """
WHERE token_hash = :hash AND spent_at IS NULL AND expires_at > now()
  AND (:anywhere OR client_ip IS NULL
       -- Of the other family there is no network of so many bits, and asking for it is an error.
       OR CASE WHEN family(client_ip) = family(CAST(:ip AS inet))
               THEN set_masklen(client_ip, :bits)::cidr >>= CAST(:ip AS inet) ELSE false END)
"""

# The conditions and the spending are one statement: of any number of tries at once, Postgres lets one win.
SPEND = text(
    "UPDATE access.video_access_tokens SET spent_at = now(), client_ip = coalesce(client_ip, CAST(:ip AS inet))"  # noqa: S608 - our own text
    f"{_GOOD} RETURNING video_id, user_id, role, device_id"
)

LOOK = text(f"SELECT video_id, user_id, role, device_id FROM access.video_access_tokens {_GOOD}")  # noqa: S608 - our own text

REASON = text("""
SELECT spent_at IS NOT NULL AS spent, expires_at <= now() AS expired, user_id, role, video_id, device_id
FROM access.video_access_tokens WHERE token_hash = :hash
""")

DEVICE = text("""
INSERT INTO access.devices (id, user_id, fingerprint, user_agent) VALUES (:id, :user_id, :fingerprint, :user_agent)
ON CONFLICT (user_id, fingerprint) DO UPDATE SET last_seen_at = now(), user_agent = excluded.user_agent
RETURNING id
""")


@dataclass(frozen=True)
class Spent:
    video_id: UUID
    user_id: str
    role: str
    device_id: UUID | None


async def record_device(session: Session, user_id: str, fingerprint: bytes, user_agent: str) -> UUID:
    values = {"id": new_id(), "user_id": user_id, "fingerprint": fingerprint, "user_agent": user_agent}
    device: UUID = (await session.execute(DEVICE, values)).scalar_one()
    return device


async def issue(session: Session, token: VideoAccessToken) -> None:
    session.add(token)


async def spend(session: Session, token_hash: bytes, ip: str, bits: int | None) -> Spent | None:
    """Spend a token from ``ip``; ``bits`` is how much of the address must be the same, None for nothing of it.

    A token that is bound to no address binds to this one now.
    """
    return await _one(session, SPEND, token_hash, ip, bits)


async def look(session: Session, token_hash: bytes, ip: str, bits: int | None) -> Spent | None:
    """As ``spend``, and nothing is spent."""
    return await _one(session, LOOK, token_hash, ip, bits)


async def _one(session: Session, query: TextClause, token_hash: bytes, ip: str, bits: int | None) -> Spent | None:
    values = {"hash": token_hash, "ip": ip, "bits": bits or 0, "anywhere": bits is None}
    row = (await session.execute(query, values)).mappings().first()
    return Spent(**row) if row else None


async def why_not(session: Session, token_hash: bytes) -> tuple[str, dict[str, Any]]:
    """What stands against spending a token that could not be spent (unknown, spent, expired or elsewhere), and whose it
    is, where it is known."""
    row = (await session.execute(REASON, {"hash": token_hash})).mappings().first()
    if row is None:
        return "unknown", {}
    whose = {name: row[name] for name in ("user_id", "role", "video_id", "device_id")}
    return "spent" if row["spent"] else "expired" if row["expired"] else "elsewhere", whose


REVOKE = text("""
UPDATE access.video_access_tokens SET expires_at = now()
WHERE spent_at IS NULL AND expires_at > now()
  AND (CAST(:user AS text) IS NULL OR user_id = :user) AND (CAST(:video AS uuid) IS NULL OR video_id = :video)
  AND (CAST(:device AS uuid) IS NULL OR device_id = :device)
""")


async def revoke(
    session: Session, *, user_id: str | None = None, video_id: UUID | None = None, device_id: UUID | None = None
) -> None:
    """Unspent tokens that all of what is named applies to are expired from now on. Something must be named."""
    if user_id is None and video_id is None and device_id is None:
        raise ValueError("name whose tokens are to end")
    await session.execute(REVOKE, {"user": user_id, "video": video_id, "device": device_id})


async def forget_expired(session: Session, before: datetime) -> None:
    await session.execute(text("DELETE FROM access.video_access_tokens WHERE expires_at < :before"), {"before": before})
