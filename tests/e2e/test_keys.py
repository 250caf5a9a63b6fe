"""Keys are rotated without transcoding, and nobody who watches notices; master keys are turned."""

import asyncio
import base64
import contextlib
import secrets
import threading
from collections.abc import AsyncIterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.media.keys.periods import Periods
from services.media.keys.rotation import Rotation
from shared.contracts.jobs import MEDIA_QUEUE
from shared.crypto import KeyRing
from shared.db import Database
from shared.jobs import Doorbell
from shared.storage import Store, StoredObject, open_store
from tests.support import player
from tests.support.clients import Platform, View, good, refused
from tests.support.films import make_film
from tests.support.patience import until
from tests.support.running import Suite, run_async

WORKER = "services.media.worker"
FRAMES = 350


@pytest.fixture(scope="module")
def film(films: Path) -> Path:
    return make_film(films / "keys.mp4", seconds=14, size="640x360")


@pytest.fixture
def video(platform: Platform, film: Path) -> str:
    return platform.ready(platform.new_course(free=True).chapters[0], film)


def rotations(platform: Platform, video: str) -> list[dict[str, Any]]:
    listed = good(platform.admin.get("/api/admin/keys", params={"limit": 500}))["rotations"]
    return [one for one in listed if one["videoId"] == video]


def rotated(platform: Platform, video: str, state: str = "done") -> dict[str, Any]:
    """The film's latest rotation, once it is in ``state``."""

    def look() -> dict[str, Any] | None:
        found = rotations(platform, video)
        return found[0] if found and found[0]["state"] == state else None

    found = until(look, f"the rotation to be {state}")
    assert found is not None
    return found


def plaintexts(platform: Platform, view: View) -> dict[str, bytes]:
    """Every segment of every rendition, decrypted as a player does."""
    found: dict[str, bytes] = {}
    urls = [variant.url for variant in player.read_master(view.master)] + [player.audio_url(view.master)]
    for url in urls:
        for number, segment in enumerate(player.read_media(url)):
            key = player.fetch(segment.key_url)
            platform.suite.spoken.add(key.hex())
            found[f"{url.rsplit('/', 1)[1]} {number}"] = player.decrypt(player.fetch(segment.url), key, segment.iv)
    return found


def test_a_film_is_rotated_and_nobody_notices(suite: Suite, platform: Platform, video: str) -> None:
    before = platform.watch(platform.person("student"), video)
    recorded = {url: player.fetch(url) for url in [one.url for one in player.read_master(before.master)]}
    seen = plaintexts(platform, before)
    old_key = platform.key(before)
    stored = {name for name in suite.files("public") if video in name and name.endswith(".ts")}

    good(platform.admin.post("/api/admin/keys/rotate", json={"videoId": video}), 202)
    log = rotated(platform, video)
    assert (log["epoch"], log["reason"], log["objects"], log["error"]) == (2, "command", len(stored), None)
    now = {name for name in suite.files("public") if video in name and name.endswith(".ts")}
    assert now > stored and len(now) == 2 * len(stored)
    sizes = {name: (suite.home / "storage" / "public" / name).stat().st_size for name in now}
    assert log["bytes"] == sum(sizes[name] for name in now - stored)

    # Who was watching reads the same playlists and gets the same keys.
    assert {url: player.fetch(url) for url in recorded} == recorded
    assert platform.key(before) == old_key
    played = player.play(before.master)
    assert (played.frames, played.complaints) == (FRAMES, "")
    # Who comes now gets other ciphertext by other keys, and the very same pictures.
    after = platform.watch(platform.person("student"), video)
    assert platform.key(after, epoch=2) != old_key
    assert plaintexts(platform, after) == seen
    addresses = {one.url for one in player.read_media(player.read_master(after.master)[0].url)}
    assert addresses.isdisjoint({one.url for one in player.read_media(player.read_master(before.master)[0].url)})
    played = player.play(after.master)
    assert (played.frames, played.complaints) == (FRAMES, "")

    # When the longest session has ended, the old ciphertext goes, and its keys with it.
    done = "UPDATE media.storage_tombstones SET not_before = now() WHERE prefix LIKE $1 AND reason = 'keys rotated'"
    suite.query(done, f"{video}/%")
    until(lambda: not any(suite.files("public") & {name} for name in stored), "the old ciphertext to leave")
    played = player.play(platform.watch(platform.person("student"), video).master)
    assert (played.frames, played.complaints) == (FRAMES, "")


def test_what_is_watched_is_rotated_when_it_is_due_and_the_rest_is_moved_on(
    suite: Suite, platform: Platform, film: Path
) -> None:
    watched, unwatched = (platform.ready(platform.new_course(free=True).chapters[0], film) for _ in range(2))
    view = platform.watch(platform.person("student"), watched)
    platform.key(view)
    due = """UPDATE media.content_keys SET key_rotation_at = now() - interval '1 hour', created_at = created_at -
             interval '8 days' WHERE version_id IN (SELECT current_version_id FROM media.videos WHERE id = $1::text::uuid)"""
    for video in (watched, unwatched):
        suite.query(due, video)
    # The clock looks when a worker starts, too.
    suite.process(WORKER).kill()
    assert rotated(platform, watched)["reason"] == "schedule"
    when = """SELECT key_rotation_at > now() + interval '6 days' AS later, epoch FROM media.content_keys WHERE version_id =
              (SELECT current_version_id FROM media.videos WHERE id = $1::text::uuid) AND retired_at IS NULL"""
    until(lambda: suite.query(when, unwatched) == [{"later": True, "epoch": 1}], "the other to be moved on")
    assert suite.query(when, watched) == [{"later": True, "epoch": 2}]
    assert rotations(platform, unwatched) == []
    assert platform.key(view), "the session goes on with its own epoch"
    # A growing or renewed playlist of that session stays in its epoch.
    assert "key/1/0.key" in player.fetch(view.url + view.path("360p.m3u8")).decode()


class Halting:
    """A store that stops before its third object is written, until it is let go on."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._count = 0
        self.reached, self.go_on = threading.Event(), threading.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def put(self, key: str, source: AsyncIterable[bytes] | bytes, **more: Any) -> StoredObject:
        self._count += 1
        if self._count == 3:
            self.reached.set()
            await asyncio.to_thread(self.go_on.wait)
        return await self._store.put(key, source, **more)


class Hands:
    """The rotation's own work, in this process, while the suite's worker of the same kind is stopped."""

    def __init__(self, suite: Suite, video: str) -> None:
        self._suite = suite
        row = suite.query("SELECT current_version_id AS id FROM media.videos WHERE id = $1::text::uuid", video)[0]
        self.version = row["id"]

    def work(self, halting: list[Halting] | None = None) -> None:
        async def run() -> None:
            database = Database(self._suite.facts()["databaseUrl"], application="test", pool_size=4)
            public = open_store((self._suite.home / "storage" / "public").as_uri(), None)
            bell = Doorbell(self._suite.process(WORKER).environ()["REDIS_URL"], MEDIA_QUEUE)
            keyring = KeyRing.parse(self._suite.secrets()["MASTER_KEYS"])
            store: Any = public
            if halting is not None:
                store = Halting(public)
                halting.append(store)
            try:
                periods = Periods(timedelta(days=7), timedelta(hours=24))
                await Rotation(database, keyring, store, bell, periods).work(self.version)
            finally:
                await bell.close()
                await public.close()
                await database.close()

        run_async(run())

    @contextlib.contextmanager
    def half_way(self) -> Iterator[None]:
        """A worker that has written two segments and hangs while the block runs; afterwards it goes on."""
        halting: list[Halting] = []
        thread = threading.Thread(target=self.work, args=[halting])
        thread.start()
        try:
            until(lambda: halting and halting[0].reached.is_set(), "two segments to be written")
            yield
        finally:
            for store in halting:
                store.go_on.set()
            thread.join()

    def lose_the_lease(self) -> None:
        self._suite.query("UPDATE media.key_rotations SET lease_until = now() WHERE version_id = $1", self.version)


def test_a_rotation_cut_off_is_gone_on_with_and_twice_changes_nothing(
    suite: Suite, platform: Platform, video: str
) -> None:
    seen = plaintexts(platform, platform.watch(platform.person("student"), video))
    hands = Hands(suite, video)
    with suite.held(WORKER):
        good(platform.admin.post("/api/admin/keys/rotate", json={"videoId": video}), 202)
        with hands.half_way():
            hands.work()
            assert rotations(platform, video)[0]["state"] == "running", "who holds no lease does nothing"

            def taken_over() -> bool:
                # Again, where the one that hangs renewed it for a segment that was on its way.
                hands.lose_the_lease()
                hands.work()
                return bool(rotations(platform, video)[0]["state"] == "done")

            until(taken_over, "another worker to go on with it")
            done = rotations(platform, video)[0]
            assert done["error"] is None
        # The one that was believed dead came back, and found nothing to do.
        hands.work()
        assert rotations(platform, video) == [done]
    assert plaintexts(platform, platform.watch(platform.person("student"), video)) == seen


def test_a_film_made_again_or_deleted_meanwhile_is_not_turned(suite: Suite, platform: Platform, video: str) -> None:
    hands = Hands(suite, video)
    job = str(
        suite.query("SELECT id FROM transcoding.video_processing_jobs WHERE version_id = $1", hands.version)[0]["id"]
    )
    with suite.held(WORKER):
        good(platform.admin.post("/api/admin/keys/rotate", json={"videoId": video}), 202)
        with hands.half_way():
            good(platform.admin.post(f"/api/admin/jobs/{job}/retry", json={"rendition": "360p"}), 202)
            refused(platform.admin.post("/api/admin/keys/rotate", json={"videoId": video}), 409, "video_not_ready")
            state = "SELECT state FROM transcoding.video_processing_jobs WHERE version_id = $1"
            until(lambda: suite.query(state, hands.version)[0]["state"] == "done", "the rung to be made again")
        assert rotated(platform, video, "given_up")["error"] == "A part of the film was made again meanwhile."
        played = player.play(platform.watch(platform.person("student"), video).master)
        assert (played.frames, played.complaints) == (FRAMES, "")

        good(platform.admin.post("/api/admin/keys/rotate", json={"videoId": video}), 202)
        with hands.half_way():
            good(platform.admin.delete(f"/api/videos/{video}"), 204)
        assert rotations(platform, video)[0]["state"] == "given_up"
    until(lambda: not [name for name in suite.files("public") if video in name], "all of it to leave storage")


def test_a_segment_that_cannot_be_read_leaves_the_film_as_it_is(suite: Suite, platform: Platform, video: str) -> None:
    hands = Hands(suite, video)
    [broken] = [name for name in suite.files("public") if video in name and name.endswith("360p/1.ts")]
    (suite.home / "storage" / "public" / broken).write_bytes(b"not what it was")
    with suite.held(WORKER):
        good(platform.admin.post("/api/admin/keys/rotate", json={"videoId": video}), 202)
        for _ in range(5):
            hands.lose_the_lease()
            hands.work()
    log = rotated(platform, video, "given_up")
    assert "360p/1.ts is not what its key made" in log["error"]
    assert (
        "key/1/0.key"
        in player.fetch(platform.watch(platform.person("student"), video).master.replace("master", "360p")).decode()
    )


def test_only_admins_turn_keys(platform: Platform, video: str) -> None:
    for role in ("student", "instructor", "service"):
        who = platform.person(role)
        for answer in (
            who.get("/api/admin/keys"),
            who.post("/api/admin/keys/rotate", json={"videoId": video}),
            who.post("/api/admin/keys/rewrap"),
        ):
            refused(answer, 403, "role_required")
    unknown = {"videoId": "01890000-0000-7000-8000-000000000000"}
    refused(platform.admin.post("/api/admin/keys/rotate", json=unknown), 404, "video_not_found")


@pytest.mark.acceptance
def test_a_master_key_is_turned(tmp_path: Path, short_film: Path) -> None:
    suite = Suite(tmp_path / "home").start()
    platform = Platform(suite)
    try:
        video = platform.ready(platform.new_course(free=True).chapters[0], short_film)
        old = suite.secrets()["MASTER_KEYS"]
        new = "newer:" + base64.b64encode(secrets.token_bytes(32)).decode()
        for ring, wrapped in ((f"{new},{old}", {old.split(":")[0]: 1}), (new, {"newer": 1})):
            suite.stop()
            suite.settings["MASTER_KEYS"] = ring
            suite.start()
            platform.close()
            platform = Platform(suite)
            listed = good(platform.admin.get("/api/admin/keys"))
            assert (listed["masterKey"], listed["wrappedBy"]) == ("newer", wrapped)
            played = player.play(platform.watch(platform.person("student"), video).master)
            assert (played.frames, played.complaints) == (200, "")
            answer = good(platform.admin.post("/api/admin/keys/rewrap"))
            assert answer == {"rewrapped": 0 if ring == new else 1, "masterKey": "newer"}
        suite.stop()
        suite.settings["MASTER_KEYS"] = old
        suite.start()
        platform.close()
        platform = Platform(suite)
        refused(platform.admin.post("/api/admin/keys/rewrap"), 409, "master_key_missing")
    finally:
        platform.close()
        suite.stop()


def test_a_rotation_that_was_given_up_stands_in_no_later_ones_way(suite: Suite, platform: Platform, video: str) -> None:
    """Its key is forgotten in time and its row is not: as of a film that was replaced meanwhile, and rolled back to."""
    suite.query(
        "INSERT INTO media.key_rotations (version_id, epoch, state, reason, created_at) "
        "SELECT current_version_id, 2, 'given_up', 'schedule', now() - interval '1 day' FROM media.videos "
        "WHERE id = $1::text::uuid",
        video,
    )
    assert good(platform.admin.post("/api/admin/keys/rotate", json={"videoId": video}), 202)["begun"] == 1
    assert rotated(platform, video)["epoch"] == 3
    assert player.play(platform.watch(platform.person("student"), video).master).frames == FRAMES
