"""What stands in storage: ciphertext where the world may read, and nothing of the source anywhere it may."""

import http.client
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.support import caching, player
from tests.support.clients import Course, Platform, good
from tests.support.films import FFMPEG
from tests.support.patience import until
from tests.support.running import Suite

Shown = tuple[Course, str]


def raw_get(suite: Suite, path: str) -> tuple[int, bytes]:
    """GET exactly this path: no client tidies it up on the way."""
    connection = http.client.HTTPConnection("127.0.0.1", suite.port, timeout=30)
    try:
        connection.putrequest("GET", path, skip_accept_encoding=True)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_segments_in_storage_are_ciphertext(platform: Platform, suite: Suite, shown: Shown, tmp_path: Path) -> None:
    course, video = shown
    view = platform.watch(platform.student(course), video)
    key = platform.key(view)
    playlists = [variant.url for variant in player.read_master(view.master)] + [player.audio_url(view.master)]
    stored = {name for name in suite.files("public") if name.startswith(f"{video}/") and name.endswith(".ts")}
    seen = set()
    for url in playlists:
        for segment in player.read_media(url):
            body = player.fetch(segment.url)
            seen.add(segment.url.split("/public/")[1])
            assert len(body) % 16 == 0
            assert not player.is_transport_stream(body)
            # A transport stream repeats 0x47 every 188 bytes, wherever one begins to read; here that is chance.
            most = max(sum(body[place] == 0x47 for place in range(start, len(body), 188)) for start in range(188))
            assert most < max(8, len(body) / 188 / 4)
            plain = player.decrypt(body, key, segment.iv)
            assert player.is_transport_stream(plain)
    assert seen == stored, "every segment in storage is one that a playlist names, and was looked at"


def test_ffmpeg_plays_no_segment_without_its_key(suite: Suite, shown: Shown) -> None:
    _, video = shown
    segments = sorted(name for name in suite.files("public") if name.startswith(f"{video}/") and name.endswith(".ts"))
    assert segments
    for name in segments:
        for demuxer in (["-f", "mpegts"], []):
            path = str(suite.home / "storage" / "public" / name)
            command = [FFMPEG, "-nostdin", "-v", "error", *demuxer, "-i", path, "-f", "framecrc", "-"]
            done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=60, check=False)
            pictures = [line for line in done.stdout.splitlines() if not line.startswith("#")]
            assert done.returncode != 0 or pictures == []


def _take_home(platform: Platform, video: str, course: Course) -> None:
    good(platform.admin.put(f"/api/videos/{video}/download-policy", json={"policy": "enrolled"}))
    student, wants = platform.student(course), {"Accept": "application/json"}
    until(lambda: student.get(f"/api/videos/{video}/download", headers=wants).status_code == 200, "the file to be made")
    good(platform.admin.put(f"/api/videos/{video}/download-policy", json={"policy": "inherit"}))


def test_the_public_root_gives_segments_and_images_and_nothing_else(
    platform: Platform, suite: Suite, shown: Shown
) -> None:
    course, video = shown
    _take_home(platform, video, course)
    sources = sorted(suite.files("private"))
    # Below another film's folder, where one of the same file was there before.
    source = "SELECT v.source_key FROM media.video_versions v WHERE v.video_id = $1::text::uuid"
    assert suite.query(source, video)[0]["source_key"] in sources
    assert any(name.startswith(f"{video}/") and "/downloads/" in name for name in sources)
    public = next(name for name in sorted(suite.files("public")) if name.startswith(video) and name.endswith(".ts"))
    assert raw_get(suite, f"/public/{public}")[0] == 200
    folders = public.split("/")
    home = str(suite.home)
    for source in sources:
        body = (suite.home / "storage" / "private" / source).read_bytes()
        for path in (
            f"/public/{source}",
            f"/public//{source}",
            f"/public/private/{source}",
            f"/public/../private/{source}",
            f"/public/..%2fprivate/{source}",
            f"/public/..%2Fprivate%2F{source.replace('/', '%2F')}",
            f"/public/%2e%2e/private/{source}",
            f"/public/%2e%2e%2fprivate%2f{source}",
            f"/public/%252e%252e/private/{source}",
            f"/public/..%5cprivate/{source}",
            f"/public/{folders[0]}/../../private/{source}",
            f"/public/{folders[0]}/..%2f..%2fprivate/{source}",
            f"/public/.%2e/private/{source}",
            f"/public/%00/../private/{source}",
            f"/public{home}/storage/private/{source}",
            f"/public/%2f{home.strip('/')}/storage/private/{source}",
            f"/private/{source}",
            f"/storage/private/{source}",
            f"/{source}",
            f"/..%2fstorage/private/{source}",
            f"/assets/..%2f..%2f..%2fstorage%2fprivate%2f{source}",
        ):
            status, answer = raw_get(suite, path)
            assert body not in answer and answer != body, f"{path} gives the source"
            if path.startswith("/public"):
                assert status == 404, f"{path}: {status}"


def test_the_public_root_lists_nothing_and_leads_nowhere_else(suite: Suite, shown: Shown) -> None:
    _, video = shown
    public = next(name for name in sorted(suite.files("public")) if name.startswith(video) and name.endswith(".ts"))
    folders = public.split("/")
    home = str(suite.home)
    places = ["/".join(folders[:count]) for count in range(len(folders))]
    for path in (
        *(f"/public/{place}" for place in places),
        *(f"/public/{place}/" for place in places),
        "/public/.incoming/",
        "/public/../../secrets.env",
        "/public/..%2f..%2fsecrets.env",
        f"/public/%2f{home.strip('/')}/secrets.env",
        "/public/..%2f..%2flogs%2fgateway.log",
        "/public//etc/passwd",
        "/public/%2fetc%2fpasswd",
        "/public/..%2f..%2f..%2f..%2f..%2f..%2f..%2fetc/passwd",
    ):
        status, answer = raw_get(suite, path)
        assert status == 404, f"{path}: {status}"
        assert b"root:" not in answer and b"SECRET" not in answer


def test_the_prefix_of_a_film_cannot_be_guessed(suite: Suite, shown: Shown) -> None:
    _, video = shown
    names = {name for name in suite.files("public") if name.startswith(f"{video}/")}
    random_parts = {name.split("/")[2].rsplit("-", 1)[1] for name in names}
    assert len(random_parts) == 1
    (random_part,) = random_parts
    assert len(bytes.fromhex(random_part)) == 16
    assert raw_get(suite, "/public/" + next(iter(names)).replace(random_part, "0" * 32))[0] == 404


def test_every_kind_of_answer_says_how_long_it_may_be_kept(platform: Platform, suite: Suite, shown: Shown) -> None:
    course, video = shown
    here = platform.client()

    def headers_of(key: str) -> Mapping[str, str]:
        answer = here.get(f"/public/{key}")
        assert answer.status_code == 200
        return answer.headers

    caching.check_objects((name for name in suite.files("public") if name.startswith(f"{video}/")), headers_of)
    caching.check_session(platform, platform.watch(platform.student(course), video), "180p")


def test_playlists_that_grow_are_asked_for_again(platform: Platform, short_film: Path) -> None:
    course = platform.new_course(restricted=True)
    view = platform.watch(platform.student(course), platform.ready(course.chapters[0], short_film))
    answer = platform.client().get(view.path("180p.m3u8"))
    assert "#EXT-X-PLAYLIST-TYPE:EVENT" in answer.text
    assert answer.headers["cache-control"] == caching.GROWING
