"""The stores of a configuration, each put through its trial."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx

from cli.doctor import addresses, disk
from cli.doctor.faults import Bucket, Folder
from cli.doctor.report import Doubtful, Finding, Report
from cli.doctor.stores import Trial
from deploy.embedded.environment import storage_urls
from deploy.embedded.home import Home
from deploy.embedded.settings import RunSettings
from shared.settings import S3Access
from shared.storage import LocalStore, MultipartStore, Retries, S3Settings, StorageError, open_store

_QUICK = Retries(tries=2, first=0.2)
_NOT_TRIED = "not tried, as nothing could be written"


@dataclass(frozen=True)
class Stores:
    """What the settings say. ``public_base`` is absolute; None where it is the gateway's own and that is unknown."""

    private: str
    public: str
    downloads: str | None
    setting: Mapping[str, str]
    public_base: str
    own_gateway: bool
    origin: str
    s3: S3Settings | None

    @classmethod
    def of(cls, settings: RunSettings, browser_origin: str | None) -> "Stores":
        """Raises SetupProblemError where the settings are none."""
        given = settings.given
        private, public, base = storage_urls(given, Home(settings.home))
        one = "STORAGE_URL" if not {"PRIVATE_STORAGE_URL", "PUBLIC_STORAGE_URL"} <= given.keys() else None
        own = given.get("PUBLIC_URL") or settings.url
        fields = {name: given[name.upper()] for name in S3Access.model_fields if name.upper() in given}
        return cls(
            private=private,
            public=public,
            downloads=given.get("DOWNLOADS_STORAGE_URL"),
            setting={
                "private": one or "PRIVATE_STORAGE_URL",
                "public": one or "PUBLIC_STORAGE_URL",
                "downloads": "DOWNLOADS_STORAGE_URL",
            },
            public_base=(base if "://" in base else f"{own.rstrip('/')}{base}").rstrip("/"),
            own_gateway="://" not in base,
            origin=_origin(browser_origin or own),
            s3=S3Access.model_validate(fields).s3,
        )


async def examine(stores: Stores, *, uploads: bool) -> list[Finding]:
    """Every check of every store; ``uploads`` says whether browsers shall send films straight to the bucket."""
    # trust_env: what stands between us and an S3 server stands there for the services as well.
    async with httpx.AsyncClient(timeout=30, follow_redirects=False) as http:
        found = await _one("private", stores.private, stores, http, uploads=uploads)
        found += await _one("public", stores.public, stores, http, uploads=False)
        if stores.downloads:
            found += await _one("downloads", stores.downloads, stores, http, uploads=False)
        return found


async def _one(name: str, url: str, stores: Stores, http: httpx.AsyncClient, *, uploads: bool) -> list[Finding]:
    setting = stores.setting[name]
    parts = urlsplit(url)
    if parts.scheme == "s3" and stores.s3 is None:
        said = f"{setting} names a bucket ({url}): set S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY, too."
        return [Finding(name, "settings", "failed", said)]
    if parts.scheme == "s3" and stores.s3 is not None:
        s3 = stores.s3
        bucket = Bucket(setting, parts.netloc, s3.endpoint_url, s3.region, s3.access_key_id)
        report = Report(name, bucket.explain)
        if s3.endpoint_url and not await _answers(report, http, s3.endpoint_url):
            return report.findings
    else:
        report = Report(name, Folder(setting, unquote(parts.path)).explain)
    try:
        store = _opened(url, stores.s3)
    except ValueError as error:
        report.add("settings", "failed", f"{setting} cannot be used ({error}): .env.example shows its form.")
        return report.findings
    except StorageError as error:
        report.add("write", "failed", report.explain("write", error))
        return report.findings
    try:
        await _tried(Trial.of(store, report), name, stores, http, uploads=uploads)
    finally:
        await store.close()
    return report.findings


async def _answers(report: Report, http: httpx.AsyncClient, endpoint: str) -> bool:
    await report.check("server", addresses.server_answers(http, endpoint))
    return report.findings[-1].state != "failed"


def _opened(url: str, s3: S3Settings | None) -> Any:
    """As the services open it, but less patient: a person waits."""
    if not url.startswith("s3:") or s3 is None:
        return open_store(url)
    from shared.storage.s3 import S3Store

    parts = urlsplit(url)
    if parts.query:
        raise ValueError("a store's address has no query")
    return S3Store(parts.netloc, s3, prefix=parts.path.strip("/"), retries=_QUICK)


async def _tried(trial: Trial, name: str, stores: Stores, http: httpx.AsyncClient, *, uploads: bool) -> None:
    report = trial.report
    if isinstance(trial.store, LocalStore):
        await _disk(trial, name, stores)
    if not await trial.written():
        report.skip("read", "ranges", "list", "multipart", "delete", because=_NOT_TRIED)
        return
    try:
        await trial.used()
        if isinstance(trial.store, MultipartStore):
            await report.check("presigned", addresses.presigned_url_gives_it(http, trial))
            if uploads:
                await report.check("browsers", addresses.browsers_may_upload(http, trial, trial.store, stores.origin))
        if name == "public":
            await _public(trial, stores, http)
        elif isinstance(trial.store, MultipartStore):
            base = None if stores.own_gateway else stores.public_base
            await report.check("not_public", addresses.nobody_reads_it(http, trial, base))
    finally:
        await trial.removed()


async def _public(trial: Trial, stores: Stores, http: httpx.AsyncClient) -> None:
    report, base = trial.report, stores.public_base
    if stores.own_gateway and not await addresses.is_reached(http, base.removesuffix("/public")):
        report.add("address", "skipped", f"not tried, as no Lectern answers at {base}: start it and ask again")
        return
    if await report.check("address", addresses.public_address_gives_it(http, trial, base, stores.setting["public"])):
        await report.check("missing", addresses.public_address_hides_what_is_gone(http, trial, base))


async def _disk(trial: Trial, name: str, stores: Stores) -> None:
    path = Path(unquote(urlsplit(getattr(stores, name)).path))

    async def room() -> str:
        return disk.room(path, stores.setting[name])

    async def apart() -> str:
        public = urlsplit(stores.public)
        if public.scheme != "file":
            raise Doubtful("The public store is a bucket and this one a directory: both should be of one kind.")
        return disk.apart(path, Path(unquote(public.path)))

    await trial.report.check("room", room())
    if name != "public":
        await trial.report.check("apart", apart())


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
