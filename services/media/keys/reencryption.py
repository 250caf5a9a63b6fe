"""The same segments under other keys: read, decrypted, encrypted and stored beside the old ones.

What comes out follows from the plaintext and the new secret alone, so two that do the same work write the same bytes,
and who takes it on after a crash only has to see what is there.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from shared.contracts.video import SEGMENT_CACHE_CONTROL, SEGMENT_TYPE, segment_key
from shared.crypto import decrypt_segment, encrypt_segment, segment_key_and_iv
from shared.storage import ObjectNotFound, Store

AT_ONCE = 4
TS_PACKET, TS_SYNC = 188, 0x47

Written = Callable[[int], Awaitable[None]]
"""Told the bytes of each segment that was stored."""


class NotReadable(Exception):
    """A segment is not in storage, or is not what the old key made."""


@dataclass(frozen=True)
class Epoch:
    """Where the segments of one epoch stand, and the secret that their keys follow from."""

    prefix: str
    secret: bytes


async def reencrypt(
    store: Store, old: Epoch, new: Epoch, segments: Iterable[tuple[str, int]], written: Written
) -> None:
    """Bring each (rendition, index) into the new epoch; those that stand there already are left alone."""
    there = {item.key async for item in store.list(f"{new.prefix}/")}
    left = iter([one for one in segments if segment_key(new.prefix, *one) not in there])

    async def line() -> None:
        for rendition, index in left:
            await written(await _one(store, old, new, rendition, index))

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(line())


async def _one(store: Store, old: Epoch, new: Epoch, rendition: str, index: int) -> int:
    key = segment_key(old.prefix, rendition, index)
    try:
        ciphertext = b"".join([piece async for piece in store.get(key)])
    except ObjectNotFound:
        raise NotReadable(f"{key} is not in storage") from None

    def turned() -> bytes:
        plaintext = decrypt_segment(ciphertext, *segment_key_and_iv(old.secret, rendition, index))
        if len(plaintext) % TS_PACKET or plaintext[:1] != bytes([TS_SYNC]):
            raise ValueError("no transport stream")
        return encrypt_segment(plaintext, *segment_key_and_iv(new.secret, rendition, index))

    try:
        body = await asyncio.to_thread(turned)
    except ValueError:
        raise NotReadable(f"{key} is not what its key made") from None
    await store.put(
        segment_key(new.prefix, rendition, index),
        body,
        content_type=SEGMENT_TYPE,
        cache_control=SEGMENT_CACHE_CONTROL,
    )
    return len(body)
