"""What never changes, read once and kept."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Kept(Generic[Key, Value]):
    """``most`` values, the first read forgotten first. ``load`` reads one; what it raises is kept for nobody.

    Whoever asks while a value is being read waits for that: a film that a whole class opens at once is read once.
    """

    def __init__(self, most: int, load: Callable[[Key], Coroutine[Any, Any, Value]]) -> None:
        self._most = most
        self._load = load
        self._values: OrderedDict[Key, Value] = OrderedDict()
        self._loading: dict[Key, asyncio.Task[Value]] = {}

    async def get(self, key: Key) -> Value:
        if key in self._values:
            return self._values[key]
        if key not in self._loading:
            task = asyncio.create_task(self._load(key))
            self._loading[key] = task
            task.add_done_callback(lambda done: self._done(key, done))
        # Shielded: a viewer who leaves must not take it from the others.
        return await asyncio.shield(self._loading[key])

    def _done(self, key: Key, task: asyncio.Task[Value]) -> None:
        del self._loading[key]
        # Looked at even where nobody waits any more.
        if task.cancelled() or task.exception() is not None:
            return
        self._values[key] = task.result()
        if len(self._values) > self._most:
            self._values.popitem(last=False)
