"""A worker process that fetches one source: `python -m ... SETTINGS_JSON`; tells the bytes it brought, line by line."""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any
from uuid import UUID

from services.transcoder.pipeline.repository import Source
from services.transcoder.pipeline.sources import Sources
from shared.storage import S3Settings, Store
from shared.storage.s3 import S3Store


class Counting:
    """A store that counts what it gave. With `stop_after`, it brings no more than that, and says so."""

    def __init__(self, store: Store, stop_after: int | None = None) -> None:
        self._store = store
        self._stop_after = stop_after
        self.fetched = 0
        self.ranges: list[tuple[int, int]] = []

    def __getattr__(self, name: str) -> Any:
        if name == "local_path":
            raise AttributeError(name)
        return getattr(self._store, name)

    async def get(self, key: str, start: int | None = None, end: int | None = None) -> AsyncGenerator[bytes, None]:
        self.ranges.append((start or 0, end or 0))
        async for piece in self._store.get(key, start, end):
            if self._stop_after is not None and self.fetched + len(piece) > self._stop_after:
                print("stopped", flush=True)
                await asyncio.Event().wait()
            self.fetched += len(piece)
            yield piece


def source_of(key: str, size: int, version: int = 1, container: str = "mov") -> Source:
    return Source(UUID(int=1), UUID(int=version), container, key, size, public_secret="secret", key_epoch=0, run=0)


async def main(told: dict[str, Any]) -> None:
    store = Counting(S3Store(told["bucket"], S3Settings(**told["settings"])), told["stop_after"])
    sources = Sources(store, Path(told["cache"]))  # type: ignore[arg-type]
    async with sources.whole(source_of(told["key"], told["size"])) as film:
        print("whole", store.fetched, film.path, flush=True)
    await sources.close()
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
