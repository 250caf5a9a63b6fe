"""What browsers meet: presigned URLs, cross-origin rules, and the public address."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import quote, urlsplit

import httpx

from cli.doctor.report import Doubtful, Wrong
from cli.doctor.stores import CONTENT, TAIL, Trial
from shared.storage import MultipartStore, Store

SKEW_LIMIT = 15 * 60
SKEW_DOUBT = 60
_EXPIRES = 300


async def server_answers(http: httpx.AsyncClient, endpoint: str) -> str:
    """Anything that speaks HTTP, and whose clock agrees with ours: by more than 15 minutes it refuses all we sign."""
    try:
        answer = await http.get(endpoint)
    except httpx.TransportError as error:
        raise Wrong(_nobody("S3_ENDPOINT_URL", endpoint, error)) from None
    try:
        there = parsedate_to_datetime(answer.headers["Date"])
    except (KeyError, ValueError):
        return f"{endpoint} answers"
    skew = (datetime.now(UTC) - there.astimezone(UTC)).total_seconds()
    if abs(skew) > SKEW_DOUBT:
        way = "ahead of" if skew > 0 else "behind"
        said = f"This machine's clock is {abs(skew):.0f} s {way} the S3 server's"
        if abs(skew) > SKEW_LIMIT:
            raise Wrong(f"{said}, which refuses what is signed so: set it (timedatectl set-ntp true).")
        raise Doubtful(f"{said}, and above 15 minutes everything would be refused: set it (timedatectl set-ntp true).")
    return f"{endpoint} answers, and its clock agrees with ours"


async def presigned_url_gives_it(http: httpx.AsyncClient, trial: Trial) -> str:
    """Signed, the address is enough, for all of the object and for a part of it."""
    url = await trial.store.presign_get(trial.object, _EXPIRES, "film.ts")
    host = urlsplit(url).netloc
    try:
        whole, part = await http.get(url), await http.get(url, headers={"Range": "bytes=10-19"})
    except httpx.TransportError as error:
        raise Wrong(_nobody("Presigned URLs", f"http(s)://{host}", error)) from None
    if whole.status_code != 200 or whole.content != CONTENT:
        raise Wrong(
            _region_said(whole)
            or f"A presigned URL does not give the object ({_answered(whole)}): {host} has to be the server's own name, "
            f"as it is part of the signature; mend S3_ENDPOINT_URL, or the proxy in front of it."
        )
    if part.status_code != 206 or part.content != CONTENT[10:20]:
        raise Wrong(f"Through a presigned URL {host} does not answer ranges ({_answered(part)}).")
    if "film.ts" not in whole.headers.get("Content-Disposition", ""):
        raise Doubtful(f"{host} leaves the name of a download out: browsers will call it by its key.")
    return "a presigned URL gives the object and its parts"


async def browsers_may_upload(http: httpx.AsyncClient, trial: Trial, store: MultipartStore, origin: str) -> str:
    """A part sent as a page at ``origin`` sends it: preflight, PUT, and the ETag readable."""
    key = f"{trial.place}sent.ts"
    upload = await store.create_multipart(key)
    try:
        url = await store.presign_part(key, upload, 1, _EXPIRES, size=len(TAIL))
        asked = {"Origin": origin, "Access-Control-Request-Method": "PUT"}
        preflight = await http.options(url, headers={**asked, "Access-Control-Request-Headers": "content-type"})
        sent = await http.put(url, content=TAIL, headers={"Origin": origin})
    except httpx.TransportError as error:
        raise Wrong(_nobody("Presigned URLs", f"http(s)://{urlsplit(url).netloc}", error)) from None
    finally:
        await store.abort_multipart(key, upload)
    if sent.status_code != 200:
        raise Wrong(
            f"A presigned URL takes no part of an upload ({_answered(sent)}): the key has to have s3:PutObject."
        )
    rule = "put deploy/s3/private-bucket-cors.json on the bucket (docs/storage.md)"
    methods = preflight.headers.get("Access-Control-Allow-Methods", "").upper()
    if not preflight.is_success or not _allows(preflight, origin) or "PUT" not in methods:
        raise Wrong(
            f"A browser at {origin} may not upload straight into the bucket ({_answered(preflight)} to its preflight): "
            f"{rule}."
        )
    exposed = {name.strip().lower() for name in sent.headers.get("Access-Control-Expose-Headers", "").split(",")}
    if not _allows(sent, origin) or not exposed & {"etag", "*"}:
        raise Wrong(f"A browser at {origin} cannot read the ETag of a part it sent: {rule}, which exposes it.")
    return f"browsers at {origin} may upload parts and read their ETag"


async def nobody_reads_it(http: httpx.AsyncClient, trial: Trial, public: str | None) -> str:
    """The private store opens to no one without a signature, neither by its own address nor by the public one."""
    bare = (await trial.store.presign_get(trial.object, _EXPIRES)).partition("?")[0]
    addresses = [bare] + ([f"{public}/{quote(trial.object)}"] if public else [])
    for address in addresses:
        try:
            answer = await http.get(address)
        except httpx.TransportError:
            continue
        if answer.content == CONTENT:
            raise Wrong(
                f"Everybody can read it at {address.partition(trial.place)[0]}...: sources of films would be public. "
                f"Take public access and its domain off this bucket; only the public store is for everybody."
            )
    return "nobody reads it without a signature"


async def public_address_gives_it(http: httpx.AsyncClient, trial: Trial, public: str, setting: str) -> str:
    """What a player does: the object by its key, a part of it, from a page of any origin."""
    address = f"{public}/{quote(trial.object)}"
    try:
        answer = await http.get(address, headers={"Origin": "https://school.example"})
        part = await http.get(address, headers={"Range": "bytes=10-19"})
    except httpx.TransportError as error:
        raise Wrong(_nobody("PUBLIC_BASE_URL", public, error)) from None
    if answer.status_code != 200 or answer.content != CONTENT:
        raise Wrong(
            f"PUBLIC_BASE_URL ({public}) does not give what is in the store that {setting} names "
            f"({_answered(answer)}): publish the bucket at that address, or mend PUBLIC_BASE_URL."
        )
    if answer.headers.get("Access-Control-Allow-Origin") not in ("*", "https://school.example"):
        raise Wrong(
            f"Pages may not read what PUBLIC_BASE_URL ({public}) gives: put deploy/s3/public-bucket-cors.json on the "
            f"bucket, or let the CDN send Access-Control-Allow-Origin: *."
        )
    if part.status_code != 206 or part.content != CONTENT[10:20]:
        raise Doubtful(f"PUBLIC_BASE_URL ({public}) does not answer ranges ({_answered(part)}).")
    return f"{public} gives it to every page"


async def public_address_hides_what_is_gone(http: httpx.AsyncClient, trial: Trial, public: str) -> str:
    """What is missing is missing, is kept by nobody, and nothing is listed."""
    missing = await http.get(f"{public}/{quote(trial.place)}missing.ts")
    if missing.is_success:
        raise Wrong(
            f"PUBLIC_BASE_URL ({public}) answers {missing.status_code} to what is not there: it has to be 403 or 404."
        )
    listing = await http.get(f"{public}/")
    if listing.is_success and b"<ListBucketResult" in listing.content:
        raise Doubtful(f"PUBLIC_BASE_URL ({public}) lists all objects to everybody: take the right to list from it.")
    return "what is not there is not found, and nothing is listed"


async def is_reached(http: httpx.AsyncClient, url: str) -> bool:
    try:
        await http.get(f"{url}/health/live")
    except httpx.TransportError:
        return False
    return True


def can_presign(store: Store) -> bool:
    return isinstance(store, MultipartStore)


def _allows(answer: httpx.Response, origin: str) -> bool:
    return answer.headers.get("Access-Control-Allow-Origin") in ("*", origin)


def _region_said(answer: httpx.Response) -> str | None:
    """Where the server says that the signature names another region than the bucket's. Calls of ours are led to the
    right one without a word; what browsers get is signed once and for all."""
    code, region = (re.search(rf"<{name}>([^<]+)</{name}>", answer.text) for name in ("Code", "Region"))
    if code is None or not code[1].startswith("Authorization"):
        return None
    there = f"S3_REGION={region[1]}" if region else "S3_REGION to the bucket's region"
    return f"Presigned URLs name another region than the bucket's ({answer.status_code} {code[1]}): set {there}."


def _answered(answer: httpx.Response) -> str:
    return f"{answer.status_code} {answer.reason_phrase}".strip()


def _nobody(what: str, address: str, error: httpx.TransportError) -> str:
    reason = " ".join(str(error).split())[:200] or type(error).__name__
    return f"{what} cannot be reached at {address} ({reason}): start what is there, or mend the address."
