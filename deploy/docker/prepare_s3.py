"""Makes Garage ready for Lectern: one node, three buckets, a key per service with just its rights. Safe to run again.

    python prepare_s3.py        with S3_ADMIN_URL, S3_ADMIN_TOKEN, and per service S3_<SERVICE>_KEY_ID and ..._SECRET

It runs in a bare Python image, so it uses nothing but the standard library. It speaks Garage's admin API v2, which stays
as it is for all of Garage 2.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request
from typing import Any

PRIVATE, PUBLIC, DOWNLOADS = "lectern-private", "lectern-public", "lectern-downloads"
RIGHTS: dict[str, dict[str, tuple[str, ...]]] = {
    # The gateway only has to be able to open its store; players are sent to nginx.
    "GATEWAY": {PUBLIC: ("read",)},
    # Takes uploads in, and sweeps away what is deleted.
    "MEDIA": {PRIVATE: ("read", "write"), PUBLIC: ("read", "write"), DOWNLOADS: ("read", "write")},
    # Reads sources, publishes segments, makes films to take home: a bucket of their own, so that it need not be able to
    # write where the sources are.
    "TRANSCODER": {PRIVATE: ("read",), PUBLIC: ("read", "write"), DOWNLOADS: ("read", "write")},
}
# Garage wants to know a node's size to share data out among nodes. With one node nothing depends on it.
CAPACITY_BYTES = 10**12
PATIENCE_SECONDS = 120.0
PAUSE_SECONDS = 1.0

_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Refused(Exception):
    def __init__(self, status: int, said: str) -> None:
        super().__init__(f"Garage answered {status}: {said}")
        self.status = status


class Garage:
    def __init__(self, url: str, token: str) -> None:
        self._url = url.rstrip("/")
        self._token = token

    def ask(self, call: str, body: dict[str, Any] | None = None) -> Any:
        """GET `call`, or POST it with `body`. Raises Refused, or OSError where nobody answers."""
        request = urllib.request.Request(  # noqa: S310 - the address is the operator's own
            f"{self._url}/v2/{call}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
        )
        try:
            with _opener.open(request, timeout=15) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise Refused(error.code, error.read(400).decode(errors="replace")) from None


def _lay_out(garage: Garage) -> None:
    """Give the one node its role; a cluster that has roles is somebody's work and stays as it is."""
    nodes = garage.ask("GetClusterStatus")["nodes"]
    if any(node.get("role") for node in nodes):
        return
    if len(nodes) != 1:
        raise SystemExit(f"Garage sees {len(nodes)} nodes without roles: lay the cluster out with `garage layout`.")
    role = {"id": nodes[0]["id"], "zone": "here", "capacity": CAPACITY_BYTES, "tags": []}
    garage.ask("UpdateClusterLayout", {"roles": [role]})
    garage.ask("ApplyClusterLayout", {"version": garage.ask("GetClusterLayout")["version"] + 1})


def _bucket(garage: Garage, name: str) -> str:
    """The id of the bucket of this name, made where it is missing."""
    try:
        found = garage.ask(f"GetBucketInfo?globalAlias={name}")
    except Refused as refusal:
        if refusal.status != 404:
            raise
        found = garage.ask("CreateBucket", {"globalAlias": name})
    return str(found["id"])


def _key(garage: Garage, service: str) -> str:
    """The id of the service's key, brought in where it is missing. Raises SystemExit where its secret is another."""
    key_id, secret = os.environ[f"S3_{service}_KEY_ID"], os.environ[f"S3_{service}_SECRET"]
    try:
        found = garage.ask(f"GetKeyInfo?id={key_id}&showSecretKey=true")
    except Refused as refusal:
        if refusal.status != 404:
            raise
        new = {"accessKeyId": key_id, "secretAccessKey": secret, "name": f"lectern-{service.lower()}"}
        garage.ask("ImportKey", new)
        return key_id
    if found["secretAccessKey"] != secret:
        raise SystemExit(f"Garage has another secret for key {key_id}: give S3_{service}_KEY_ID a new value as well.")
    return key_id


def prepare(garage: Garage) -> None:
    _lay_out(garage)
    buckets = {name: _bucket(garage, name) for name in (PRIVATE, PUBLIC, DOWNLOADS)}
    # Only the public bucket has an anonymous door. Said of both, so that a door opened by mistake is closed again.
    garage.ask(
        f"UpdateBucket?id={buckets[PUBLIC]}", {"websiteAccess": {"enabled": True, "indexDocument": "index.html"}}
    )
    for name in (PRIVATE, DOWNLOADS):
        garage.ask(f"UpdateBucket?id={buckets[name]}", {"websiteAccess": {"enabled": False}})
    for service, rights in RIGHTS.items():
        key_id = _key(garage, service)
        for name, bucket_id in buckets.items():
            allowed = {right: right in rights.get(name, ()) for right in ("read", "write", "owner")}
            denied = {right: not allowed[right] for right in allowed}
            pair = {"bucketId": bucket_id, "accessKeyId": key_id}
            garage.ask("DenyBucketKey", {**pair, "permissions": denied})
            if any(allowed.values()):
                garage.ask("AllowBucketKey", {**pair, "permissions": allowed})


def main() -> int:
    garage = Garage(os.environ["S3_ADMIN_URL"], os.environ["S3_ADMIN_TOKEN"])
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            prepare(garage)
        except (OSError, Refused) as error:
            # Just started, Garage refuses connections, and just laid out it knows no quorum yet. Both pass; a wrong
            # token or a malformed call does not.
            if time.monotonic() > deadline or (isinstance(error, Refused) and error.status in (400, 401, 403)):
                print(f"The S3 server could not be prepared. {error}", file=sys.stderr)
                return 1
            time.sleep(PAUSE_SECONDS)
        else:
            print("The S3 server is ready.", file=sys.stderr)
            return 0


if __name__ == "__main__":
    sys.exit(main())
