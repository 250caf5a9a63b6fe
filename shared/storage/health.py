"""Proving a store the way it is used."""

import uuid

from shared.storage.contract import Store
from shared.storage.errors import ContentMismatch


async def probe(store: Store) -> None:
    """Write, read back and delete a small object under `health-check/`; raises the `StorageError` that prevents it."""
    key = f"health-check/{uuid.uuid4().hex}"
    sent = uuid.uuid4().bytes
    await store.put(key, sent, content_type="application/octet-stream")
    try:
        received = b"".join([chunk async for chunk in store.get(key)])
    finally:
        await store.delete(key)
    if received != sent:
        raise ContentMismatch("the store returned other bytes than were written")
