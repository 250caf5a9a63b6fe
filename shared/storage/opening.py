"""From the address of a store to the store."""

from pathlib import Path
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from shared.storage.contract import Store
from shared.storage.local import LocalStore
from shared.storage.local_signer import LocalSigner
from shared.storage.s3_settings import S3Settings


def open_store(url: str, s3: S3Settings | None = None, *, signer: LocalSigner | None = None) -> Store:
    """The store at `file:///absolute/path` or `s3://bucket[/prefix]`; `ValueError` if the URL is neither.

    `s3` is needed for the latter; `signer` gives the former signed URLs. Nothing is connected yet: `check()` tells.
    """
    parts = _split(url)
    if parts.query:
        raise ValueError(f"a store's URL has no query: {url!r} (see split_storage_url)")
    if parts.scheme == "file":
        return LocalStore(Path(unquote(parts.path)), signer=signer)
    if s3 is None:
        raise ValueError(f"{url!r} needs S3 settings")
    from shared.storage.s3 import S3Store  # not at the top: see the package

    return S3Store(parts.netloc, s3, prefix=parts.path.strip("/"))


def split_storage_url(storage_url: str) -> tuple[str, str]:
    """The URLs of the private and of the public store.

    `file:///x` gives `file:///x/private` and `file:///x/public`. `s3://private-bucket[/prefix]?public=public-bucket`
    gives both buckets, under the same prefix. One bucket for both is refused: what publishes a bucket publishes all
    of it.
    """
    parts = _split(storage_url)
    if parts.scheme == "file":
        if parts.query:
            raise ValueError(f"a file URL has no query: {storage_url!r}")
        base = f"file://{parts.path.rstrip('/')}"
        return f"{base}/private", f"{base}/public"
    query = parse_qs(parts.query)
    public = query.pop("public", [""])[0]
    if query or not public or "/" in public:
        raise ValueError(f"{storage_url!r} must name the public bucket as ?public=BUCKET, and nothing else")
    if public == parts.netloc:
        raise ValueError("the private and the public store must be two buckets")
    prefix = parts.path.rstrip("/")
    return f"s3://{parts.netloc}{prefix}", f"s3://{public}{prefix}"


def _split(url: str) -> SplitResult:
    parts = urlsplit(url)
    if (
        parts.scheme == "file"
        and not parts.netloc
        and parts.path.startswith("/")
        and parts.path.strip("/")
        and not parts.fragment
    ):
        return parts
    if parts.scheme == "s3" and parts.netloc and not parts.fragment:
        return parts
    raise ValueError(f"a storage URL is file:///absolute/path or s3://bucket[/prefix], not {url!r}")
