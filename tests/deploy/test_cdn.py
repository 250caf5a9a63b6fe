"""The edge with a name of its own, on a real nginx; and that Cloudflare is told the same."""

import json

import pytest

from services.gateway.site.public_files import CACHE, HEADERS, PREFLIGHT
from tests.deploy.conftest import Running
from tests.support.running import ROOT

SEGMENT = "/film/version/1-00112233445566778899aabbccddeeff/720p/0.ts"
MIB = 1024 * 1024
OTHERS = "public, max-age=3600"
FILM = bytes(range(256)) * (3 * MIB // 256) + b"the end"


@pytest.mark.parametrize(
    ("path", "cache"),
    [(SEGMENT, CACHE[".ts"]), ("/film/poster.jpg", CACHE[".jpg"]), ("/film/ka.vtt", OTHERS), ("/f/a.json", OTHERS)],
)
def test_every_kind_has_its_time_whatever_the_origin_says(on_cdn: Running, path: str, cache: str) -> None:
    said = {"Cache-Control": "no-store", "Access-Control-Allow-Origin": "nobody", "Set-Cookie": "a=b"}
    on_cdn.objects.answers[path] = (200, {**said, "Content-Type": "video/mp2t", "X-Amz-Id-2": "1"}, b"0123456789")
    answer = on_cdn.client.get(path, headers={"Origin": "https://school.example"})
    assert (answer.status_code, answer.content) == (200, b"0123456789")
    assert answer.headers.get_list("Cache-Control") == [cache]
    for name, value in HEADERS.items():
        assert answer.headers.get_list(name) == [value], name
    assert not {"set-cookie", "x-amz-id-2"} & set(answer.headers)


def test_an_object_is_fetched_once_by_the_megabyte_and_without_the_players_secrets(on_cdn: Running) -> None:
    on_cdn.objects.answers[SEGMENT] = (200, {"ETag": '"1"'}, FILM)
    secrets = {"Authorization": "Bearer abc", "Cookie": "session=1", "Referer": "http://x/api/playback/secret/a.m3u8"}
    part = on_cdn.client.get(f"{SEGMENT}?token=abc", headers={**secrets, "Range": f"bytes={2 * MIB + 5}-{2 * MIB + 9}"})
    assert (part.status_code, part.content) == (206, FILM[2 * MIB + 5 : 2 * MIB + 10])
    assert part.headers["Content-Range"] == f"bytes {2 * MIB + 5}-{2 * MIB + 9}/{len(FILM)}"
    # Who jumps waits for one piece.
    assert [seen.headers["range"] for seen in on_cdn.objects.seen] == [[f"bytes={2 * MIB}-{3 * MIB - 1}"]]
    assert on_cdn.objects.last().path == SEGMENT
    assert not {"authorization", "cookie", "referer", "x-forwarded-for"} & set(on_cdn.objects.last().headers)

    assert on_cdn.client.get(SEGMENT).content == FILM
    assert on_cdn.client.get(SEGMENT, headers={"Cookie": "session=2"}).content == FILM
    asked = sorted(seen.headers["range"][0] for seen in on_cdn.objects.seen)
    assert asked == [f"bytes={place * MIB}-{(place + 1) * MIB - 1}" for place in range(4)], "each piece once"


@pytest.mark.parametrize("status", [401, 403, 404])
def test_what_is_missing_or_hidden_is_asked_for_again(on_cdn: Running, status: int) -> None:
    on_cdn.objects.answers[SEGMENT] = (status, {"Content-Type": "text/html"}, b"<h1>no</h1>")
    answer = on_cdn.client.get(SEGMENT)
    assert (answer.status_code, answer.json()["code"]) == (404, "object_not_found")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Cache-Control" not in answer.headers
    on_cdn.objects.answers[SEGMENT] = (200, {}, b"made")
    assert on_cdn.client.get(SEGMENT).content == b"made"


def test_what_is_kept_outlives_its_origin(on_cdn: Running) -> None:
    on_cdn.objects.answers[SEGMENT] = (200, {}, b"ciphertext")
    assert on_cdn.client.get(SEGMENT).status_code == 200
    on_cdn.objects.close()
    assert on_cdn.client.get(SEGMENT).content == b"ciphertext"
    answer = on_cdn.client.get("/film/other.ts")
    assert (answer.status_code, answer.json()["code"]) == (502, "upstream_unavailable")


def test_nothing_but_published_kinds_is_asked_of_the_origin(on_cdn: Running) -> None:
    for path in (
        "/",
        "/film/source.mp4",
        "/film/",
        "/?list-type=2",
        "/.hidden/0.ts",
        "/film/.hidden.ts",
        "/a%0d%0aX.ts",
    ):
        assert on_cdn.client.get(path).status_code == 404, path
    assert on_cdn.client.put(SEGMENT).status_code == 405
    assert not on_cdn.objects.seen


def test_a_browser_may_ask_with_headers_of_its_own(on_cdn: Running) -> None:
    wish = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "x-own", "Origin": "null"}
    answer = on_cdn.client.options(SEGMENT, headers=wish)
    assert answer.status_code == 204
    for name, value in {**HEADERS, **PREFLIGHT}.items():
        assert answer.headers.get_list(name) == [value], name


def test_cloudflare_is_told_the_same_times() -> None:
    rules = json.loads((ROOT / "deploy" / "cdn" / "cloudflare-cache-rules.json").read_text())["rules"]
    times = {rule["ref"]: rule["action_parameters"]["edge_ttl"]["default"] for rule in rules}
    told = {"lectern_segments": CACHE[".ts"], "lectern_images": CACHE[".jpg"], "lectern_texts": OTHERS}
    assert {ref: f"max-age={time}" for ref, time in times.items()} == {
        ref: value.split(", ")[1] for ref, value in told.items()
    }
    for rule in rules:
        parameters = rule["action_parameters"]
        assert rule["action"] == "set_cache_settings"
        assert parameters["cache"] is True
        assert parameters["browser_ttl"] == {"mode": "respect_origin"}, "or browsers do not hear that it is immutable"
        assert parameters["edge_ttl"]["status_code_ttl"] == [
            {"status_code_range": {"from": 400, "to": 599}, "value": -1}
        ], "what is missing now may be made in a second"
