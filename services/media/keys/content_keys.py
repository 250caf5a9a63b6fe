"""How a film gets a content secret, for its first epoch as for any later one."""

from datetime import datetime
from uuid import UUID

from shared.crypto.keyring import KeyRing, new_content_secret, secret_context
from shared.db.models.media import ContentKey


def new_content_key(keyring: KeyRing, version_id: UUID, epoch: int, rotation_at: datetime) -> ContentKey:
    """A row with a new secret, wrapped by the first master key; due to be rotated at ``rotation_at``."""
    wrapped = keyring.wrap(new_content_secret(), secret_context(str(version_id), epoch))
    return ContentKey(
        version_id=version_id,
        epoch=epoch,
        kid=wrapped.kid,
        nonce=wrapped.nonce,
        wrapped=wrapped.ciphertext,
        key_rotation_at=rotation_at,
    )
