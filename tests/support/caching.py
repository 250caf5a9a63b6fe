"""How long each kind of answer may be kept, and by whom; asked of a whole film."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePosixPath

from tests.support.clients import Platform, View

OBJECTS = {".ts": "public, max-age=604800, immutable", ".jpg": "public, max-age=2592000, immutable"}
FINAL, GROWING, NEVER = "private, max-age=3600", "private, no-cache", "no-store"

Headers = Callable[[str], Mapping[str, str]]


def check_objects(keys: Iterable[str], headers_of: Headers) -> None:
    """Every public object of a film says how long it is good for; ``headers_of`` a key are the answer's."""
    seen: Counter[str] = Counter()
    for key in keys:
        kind = PurePosixPath(key).suffix
        assert headers_of(key).get("cache-control") == OBJECTS[kind], key
        seen[kind] += 1
    # Segments of every rendition, and stills, sheets and a poster.
    assert seen[".ts"] > 1 and seen[".jpg"] > 1, seen


def check_session(platform: Platform, view: View, rendition: str, *, at: str | None = None) -> None:
    """What belongs to one viewer says so, and keys are kept by nobody."""
    client = platform.client(at=at)
    kept = {
        "master.m3u8": GROWING,
        f"master_{rendition}.m3u8": GROWING,
        "full/master.m3u8": GROWING,
        f"{rendition}.m3u8": FINAL,
        f"full/{rendition}.m3u8": FINAL,
        "key/1/0.key": NEVER,
        f"segment/{rendition}/0.ts": NEVER,
        "availability": NEVER,
    }
    said = {name: client.get(view.path(name)) for name in kept}
    assert {name: answer.headers.get("cache-control") for name, answer in said.items()} == kept
    assert {answer.status_code for answer in said.values()} == {200, 302}
