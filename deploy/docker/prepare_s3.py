"""Makes Garage ready for Lectern: one node, three buckets, a key per service with just its rights. Safe to run again.

    python prepare_s3.py        with S3_ADMIN_URL, S3_ADMIN_TOKEN, and per service S3_<SERVICE>_KEY_ID and ..._SECRET

With S3_ENDPOINT_URL and S3_REGION, buckets get rules, too: browsers of S3_UPLOADS_FROM (an origin, or * for any) may send
parts of films by presigned URL, and uploads that nobody ends are given up after a week.

It runs in a bare Python image, so it uses nothing but the standard library. It speaks Garage's admin API v2, which stays
as it is for all of Garage 2.
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

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
ABANDONED_DAYS = 7
XMLNS = "http://s3.amazonaws.com/doc/2006-03-01/"
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


class Bucket:
    """A bucket's settings by the S3 API itself, for which the key has to own it for a moment."""

    def __init__(self, endpoint: str, region: str, key_id: str, secret: str, name: str) -> None:
        self._endpoint = endpoint.rstrip("/")
        self._region = region
        self._key_id = key_id
        self._secret = secret
        self._name = name

    def let_browsers_upload(self, origin: str) -> None:
        """PUT from pages of this origin, or of any (`*`): a presigned URL is the permission, this only lets it be used."""
        self._put(
            "cors",
            f'<CORSConfiguration xmlns="{XMLNS}"><CORSRule><AllowedOrigin>{escape(origin)}</AllowedOrigin>'
            "<AllowedMethod>PUT</AllowedMethod><AllowedHeader>*</AllowedHeader><ExposeHeader>ETag</ExposeHeader>"
            "<MaxAgeSeconds>3600</MaxAgeSeconds></CORSRule></CORSConfiguration>",
        )

    def give_up_abandoned(self, days: int = ABANDONED_DAYS) -> None:
        """Parts that were sent for an upload which nobody completed take room and are seen by nobody."""
        self._put(
            "lifecycle",
            f'<LifecycleConfiguration xmlns="{XMLNS}"><Rule><ID>lectern-abandoned-uploads</ID><Status>Enabled</Status>'
            f"<Filter></Filter><AbortIncompleteMultipartUpload><DaysAfterInitiation>{days}</DaysAfterInitiation>"
            "</AbortIncompleteMultipartUpload></Rule></LifecycleConfiguration>",
        )

    def _put(self, subresource: str, document: str) -> None:
        """Raises Refused, or OSError where nobody answers."""
        body = document.encode()
        url = f"{self._endpoint}/{self._name}?{subresource}="
        request = urllib.request.Request(  # noqa: S310 - the address is the operator's own
            url, data=body, headers=self._signed(subresource, body), method="PUT"
        )
        try:
            with _opener.open(request, timeout=15):
                return
        except urllib.error.HTTPError as error:
            raise Refused(error.code, error.read(400).decode(errors="replace")) from None

    def _signed(self, subresource: str, body: bytes) -> dict[str, str]:
        """The headers of a PUT by AWS Signature Version 4."""
        now = datetime.now(UTC)
        day, moment, payload = f"{now:%Y%m%d}", f"{now:%Y%m%dT%H%M%SZ}", hashlib.sha256(body).hexdigest()
        md5 = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
        signed = {
            "content-md5": md5,
            "host": urlsplit(self._endpoint).netloc,
            "x-amz-content-sha256": payload,
            "x-amz-date": moment,
        }
        names = ";".join(signed)
        lines = "".join(f"{name}:{value}\n" for name, value in signed.items())
        canonical = f"PUT\n/{self._name}\n{subresource}=\n{lines}\n{names}\n{payload}"
        scope = f"{day}/{self._region}/s3/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        key = f"AWS4{self._secret}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.digest(key, text.encode(), "sha256").hex()
        authorization = (
            f"AWS4-HMAC-SHA256 Credential={self._key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
        )
        return {**signed, "authorization": authorization, "content-type": "application/xml"}


def _rule(garage: Garage, buckets: dict[str, str]) -> None:
    """What buckets do by themselves. `prepare` takes the ownership back that this needs."""
    if "S3_ENDPOINT_URL" not in os.environ:
        return
    key_id, secret = os.environ["S3_MEDIA_KEY_ID"], os.environ["S3_MEDIA_SECRET"]
    for name in (PRIVATE, PUBLIC, DOWNLOADS):
        owner = {"bucketId": buckets[name], "accessKeyId": key_id, "permissions": {"owner": True}}
        garage.ask("AllowBucketKey", owner)
        bucket = Bucket(os.environ["S3_ENDPOINT_URL"], os.environ.get("S3_REGION", "garage"), key_id, secret, name)
        try:
            bucket.give_up_abandoned()
            if name == PRIVATE:
                bucket.let_browsers_upload(_origin(os.environ.get("S3_UPLOADS_FROM") or "*"))
        except Refused as refusal:
            # Films come in through Lectern all the same, and Lectern gives up by itself what it knows of.
            print(f"Bucket {name} took no rules, so browsers cannot upload into it. {refusal}", file=sys.stderr)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else url


def prepare(garage: Garage) -> None:
    _lay_out(garage)
    buckets = {name: _bucket(garage, name) for name in (PRIVATE, PUBLIC, DOWNLOADS)}
    # Only the public bucket has an anonymous door. Said of both, so that a door opened by mistake is closed again.
    garage.ask(
        f"UpdateBucket?id={buckets[PUBLIC]}", {"websiteAccess": {"enabled": True, "indexDocument": "index.html"}}
    )
    for name in (PRIVATE, DOWNLOADS):
        garage.ask(f"UpdateBucket?id={buckets[name]}", {"websiteAccess": {"enabled": False}})
    keys = {service: _key(garage, service) for service in RIGHTS}
    _rule(garage, buckets)
    for service, rights in RIGHTS.items():
        key_id = keys[service]
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
