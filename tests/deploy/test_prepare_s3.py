"""The job that makes the S3 server ready, against a small Garage that keeps its books as the real one does."""

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.support.running import ROOT
from tests.support.served import Asked, Reply, StandIn

TOKEN = "admin-token"
REGION = "garage"
KEYS = {service: (f"GK{service[0].lower()}", f"secret-{service}") for service in ("GATEWAY", "MEDIA", "TRANSCODER")}


class FakeGarage(StandIn):
    """What Garage 2 answers to the calls of its admin API that we use; 500 for buckets and keys without a layout."""

    def __init__(self) -> None:
        super().__init__()
        self.version = 0
        self.staged: dict[str, Any] | None = None
        self.role: dict[str, Any] | None = None
        self.buckets: dict[str, dict[str, Any]] = {}
        self.keys: dict[str, dict[str, str]] = {}
        self.rights: dict[tuple[str, str], set[str]] = {}
        self.refused_first = 0
        self.changes: list[str] = []
        self.rules: dict[tuple[str, str], str] = {}
        self.refuses_rules = False

    def reply(self, asked: Asked) -> Reply:
        url = urlsplit(asked.path)
        if asked.method == "PUT":
            return self.take_rules(url.path.strip("/"), url.query.removesuffix("="), asked)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        status, said = 403, {"code": "AccessDenied"}
        if asked.headers["Authorization"] == f"Bearer {TOKEN}":
            status, said = self.call(url.path.removeprefix("/v2/"), query, json.loads(asked.body or b"{}"))
        return Reply(status, json.dumps(said).encode())

    def take_rules(self, bucket: str, kind: str, asked: Asked) -> Reply:
        """By the S3 API: from who owns the bucket just now, signed as botocore signs."""
        key_id, secret = KEYS["MEDIA"]
        asked = asked._replace(headers={name.lower(): value for name, value in asked.headers.items()})
        if asked.headers["authorization"] != _signature(self.url, asked, key_id, secret):
            return Reply(403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>")
        if self.refuses_rules or "owner" not in self.rights[key_id, f"id-{bucket}"]:
            return Reply(403, b"<Error><Code>AccessDenied</Code></Error>")
        self.rules[bucket, kind] = asked.body.decode()
        return Reply(200)

    def call(self, name: str, query: dict[str, str], body: dict[str, Any]) -> tuple[int, Any]:
        if self.refused_first:
            self.refused_first -= 1
            return 503, {"code": "ServiceUnavailable"}
        if name == "GetClusterStatus":
            return 200, {"layoutVersion": self.version, "nodes": [{"id": "n1", "isUp": True, "role": self.role}]}
        if name == "GetClusterLayout":
            return 200, {"version": self.version, "roles": []}
        if name == "UpdateClusterLayout":
            (self.staged,) = body["roles"]
            return 200, {}
        if name == "ApplyClusterLayout":
            assert body == {"version": self.version + 1}
            self.version, self.role = self.version + 1, self.staged
            return 200, {}
        if self.role is None:
            return 500, {"code": "InternalError", "message": "Layout not ready"}
        answer: tuple[int, Any] = getattr(self, name)(query, body)
        return answer

    def GetBucketInfo(self, query: dict[str, str], _: Any) -> tuple[int, Any]:
        found = self.buckets.get(query["globalAlias"])
        return (200, {"id": found["id"]}) if found else (404, {"code": "NoSuchBucket"})

    def CreateBucket(self, _: Any, body: dict[str, Any]) -> tuple[int, Any]:
        self.changes.append("CreateBucket")
        self.buckets[body["globalAlias"]] = {"id": f"id-{body['globalAlias']}", "web": False}
        return 200, {"id": f"id-{body['globalAlias']}"}

    def UpdateBucket(self, query: dict[str, str], body: dict[str, Any]) -> tuple[int, Any]:
        next(b for b in self.buckets.values() if b["id"] == query["id"])["web"] = body["websiteAccess"]["enabled"]
        return 200, {}

    def GetKeyInfo(self, query: dict[str, str], _: Any) -> tuple[int, Any]:
        if query["id"] not in self.keys:
            return 404, {"code": "NoSuchAccessKey"}
        return 200, {"accessKeyId": query["id"], "secretAccessKey": self.keys[query["id"]]["secretAccessKey"]}

    def ImportKey(self, _: Any, body: dict[str, str]) -> tuple[int, Any]:
        self.changes.append("ImportKey")
        if body["accessKeyId"] in self.keys:
            return 409, {"code": "KeyAlreadyExists"}
        self.keys[body["accessKeyId"]] = body
        return 200, {}

    def AllowBucketKey(self, _: Any, body: dict[str, Any]) -> tuple[int, Any]:
        self._pair(body).update(right for right, yes in body["permissions"].items() if yes)
        return 200, {}

    def DenyBucketKey(self, _: Any, body: dict[str, Any]) -> tuple[int, Any]:
        self._pair(body).difference_update(right for right, yes in body["permissions"].items() if yes)
        return 200, {}

    def _pair(self, body: dict[str, Any]) -> set[str]:
        return self.rights.setdefault((body["accessKeyId"], body["bucketId"]), set())


def _signature(url: str, asked: Asked, key_id: str, secret: str) -> str:
    signer = S3SigV4Auth(Credentials(key_id, secret), "s3", REGION)
    headers = {name: asked.headers[name] for name in ("content-md5", "host", "x-amz-content-sha256", "x-amz-date")}
    request = AWSRequest(asked.method, f"{url}{asked.path}", headers=headers, data=asked.body)
    request.context["timestamp"] = headers["x-amz-date"]
    text = signer.string_to_sign(request, signer.canonical_request(request))
    scope, names = f"{key_id}/{headers['x-amz-date'][:8]}/{REGION}/s3/aws4_request", ";".join(headers)
    signature = signer.signature(text, request)
    return f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={names}, Signature={signature}"


@pytest.fixture
def garage(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGarage]:
    fake = FakeGarage()
    monkeypatch.setenv("S3_ADMIN_URL", fake.url)
    monkeypatch.setenv("S3_ADMIN_TOKEN", TOKEN)
    monkeypatch.setenv("S3_ENDPOINT_URL", fake.url)
    monkeypatch.setenv("S3_REGION", REGION)
    for service, (key_id, secret) in KEYS.items():
        monkeypatch.setenv(f"S3_{service}_KEY_ID", key_id)
        monkeypatch.setenv(f"S3_{service}_SECRET", secret)
    with fake, fake.serving():
        yield fake


def load() -> ModuleType:
    """The script as a module: it runs in an image without our packages, so it is no part of them."""
    path: Path = ROOT / "deploy" / "docker" / "prepare_s3.py"
    spec = importlib.util.spec_from_file_location("prepare_s3", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = load()
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.0)
    return module


def rights(fake: FakeGarage) -> dict[tuple[str, str], set[str]]:
    named = {(key, bucket.removeprefix("id-lectern-")): held for (key, bucket), held in fake.rights.items()}
    return {pair: held for pair, held in named.items() if held}


EXPECTED = {
    ("GKg", "public"): {"read"},
    ("GKm", "private"): {"read", "write"},
    ("GKm", "public"): {"read", "write"},
    ("GKm", "downloads"): {"read", "write"},
    ("GKt", "private"): {"read"},
    ("GKt", "public"): {"read", "write"},
    ("GKt", "downloads"): {"read", "write"},
}


def test_a_fresh_server_gets_a_layout_three_buckets_and_each_service_its_rights(
    garage: FakeGarage, script: ModuleType
) -> None:
    garage.refused_first = 3
    assert script.main() == 0
    assert garage.role is not None
    assert {name: bucket["web"] for name, bucket in garage.buckets.items()} == {
        "lectern-private": False,
        "lectern-public": True,
        "lectern-downloads": False,
    }
    assert {key: found["secretAccessKey"] for key, found in garage.keys.items()} == dict(KEYS.values())
    assert rights(garage) == EXPECTED


def test_a_second_run_changes_nothing_and_takes_back_what_was_opened_by_hand(
    garage: FakeGarage, script: ModuleType
) -> None:
    assert script.main() == 0
    done, version = list(garage.changes), garage.version
    garage.buckets["lectern-private"]["web"] = True
    garage.rights["GKt", "id-lectern-private"].add("write")
    assert script.main() == 0
    assert (garage.changes, garage.version) == (done, version)
    assert garage.buckets["lectern-private"]["web"] is False
    assert rights(garage) == EXPECTED


def test_a_changed_secret_under_the_same_key_is_refused_with_the_way_out(
    garage: FakeGarage, script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert script.main() == 0
    monkeypatch.setenv("S3_MEDIA_SECRET", "another")
    with pytest.raises(SystemExit, match="S3_MEDIA_KEY_ID"):
        script.main()


def test_a_wrong_admin_token_ends_the_job_at_once(
    garage: FakeGarage, script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("S3_ADMIN_TOKEN", "wrong")
    assert script.main() == 1
    assert "403" in capsys.readouterr().err
    assert not garage.changes


@pytest.mark.parametrize(
    ("told", "origin"),
    [(None, "*"), ("https://lectern.example/", "https://lectern.example"), ("http://[::1]:8000", "http://[::1]:8000")],
)
def test_browsers_may_send_parts_into_the_private_bucket_alone(
    garage: FakeGarage, script: ModuleType, monkeypatch: pytest.MonkeyPatch, told: str | None, origin: str
) -> None:
    if told:
        monkeypatch.setenv("S3_UPLOADS_FROM", told)
    assert script.main() == 0
    assert {bucket for bucket, kind in garage.rules if kind == "cors"} == {"lectern-private"}
    cors = garage.rules["lectern-private", "cors"]
    for part in (f"<AllowedOrigin>{origin}<", "<AllowedMethod>PUT<", "<ExposeHeader>ETag<", "<AllowedHeader>*<"):
        assert part in cors
    assert cors.count("<AllowedMethod>") == 1
    # Nobody is left the owner of anything.
    assert rights(garage) == EXPECTED


def test_uploads_that_nobody_ends_are_given_up(garage: FakeGarage, script: ModuleType) -> None:
    assert script.main() == 0
    kept = {bucket: rule for (bucket, kind), rule in garage.rules.items() if kind == "lifecycle"}
    assert set(kept) == {"lectern-private", "lectern-public", "lectern-downloads"}
    assert all("<DaysAfterInitiation>7<" in rule for rule in kept.values())


def test_a_server_that_takes_no_rules_is_ready_all_the_same(
    garage: FakeGarage, script: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    garage.refuses_rules = True
    assert script.main() == 0
    assert "Bucket lectern-private took no rules" in capsys.readouterr().err
    assert rights(garage) == EXPECTED
