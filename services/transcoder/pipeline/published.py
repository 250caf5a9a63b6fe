"""A film as it was published: its segments in the clear, for what is made of them beside the streams."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from uuid import UUID

from services.transcoder.ladder.schema import Plan
from services.transcoder.pipeline.repository import Source, content_key
from shared.contracts.video import public_prefix, segment_key
from shared.crypto import KeyRing, decrypt_segment, segment_key_and_iv
from shared.db import Session
from shared.storage import Store


class PublishedFilm:
    """``public`` holds the segments, ``keyring`` opens their content secret."""

    def __init__(self, public: Store, keyring: KeyRing, source: Source, plan: Plan) -> None:
        self._public = public
        self._keyring = keyring
        self._source = source
        self._prefix = public_prefix(
            str(source.video_id), str(source.version_id), source.key_epoch, source.public_secret
        )
        self.plan = plan

    @property
    def version_id(self) -> UUID:
        return self._source.version_id

    async def secret(self, session: Session) -> bytes:
        row = await content_key(session, self.version_id, self._source.key_epoch)
        assert row is not None, "media writes the content key together with the version"
        return self._keyring.open(row)

    async def segments(self, name: str, secret: bytes) -> AsyncGenerator[bytes, None]:
        """Each segment of a rendition decrypted, while the one after it is fetched."""
        coming = asyncio.create_task(self._segment(name, 0, secret))
        try:
            for index in range(self.plan.segment_count):
                segment = await coming
                if index + 1 < self.plan.segment_count:
                    coming = asyncio.create_task(self._segment(name, index + 1, secret))
                yield segment
        finally:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)

    async def _segment(self, name: str, index: int, secret: bytes) -> bytes:
        ciphertext = bytearray()
        async with aclosing(self._public.get(segment_key(self._prefix, name, index))) as pieces:
            async for piece in pieces:
                ciphertext += piece
        key, iv = segment_key_and_iv(secret, name, index)
        return await asyncio.to_thread(decrypt_segment, bytes(ciphertext), key, iv)


def place_of(source: Source) -> tuple[int, str, int]:
    """Which segments a version has: another epoch, place or run has others."""
    return source.key_epoch, source.public_secret, source.run
