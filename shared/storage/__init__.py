"""Objects by key, on disk or on S3: see `contract` for what a store guarantees, `local` and `s3` for the backends.

`open_store` imports the S3 client only for those who name a bucket: each process of an installation on disk starts a
quarter of a second sooner without it.
"""

from shared.storage.content import attachment, guess_content_type, verified
from shared.storage.contract import (
    DEFAULT_PART_SIZE,
    MAX_PARTS,
    MIN_PART_SIZE,
    CopyStore,
    LocalPaths,
    MultipartStore,
    OpenUpload,
    Part,
    PartStore,
    Store,
    StoredObject,
    part_size_for,
)
from shared.storage.errors import (
    ContentMismatch,
    InvalidKey,
    InvalidParts,
    ObjectNotFound,
    ObjectTooLarge,
    StorageDenied,
    StorageError,
    StorageFull,
    StorageUnavailable,
    UploadNotFound,
)
from shared.storage.keys import validate_key
from shared.storage.local import LocalStore
from shared.storage.local_signer import LocalSigner, SignatureRefused
from shared.storage.opening import open_store, split_storage_url
from shared.storage.s3_settings import Retries, S3Settings

__all__ = [
    "DEFAULT_PART_SIZE",
    "MAX_PARTS",
    "MIN_PART_SIZE",
    "ContentMismatch",
    "CopyStore",
    "InvalidKey",
    "InvalidParts",
    "LocalPaths",
    "LocalSigner",
    "LocalStore",
    "MultipartStore",
    "ObjectNotFound",
    "ObjectTooLarge",
    "OpenUpload",
    "Part",
    "PartStore",
    "Retries",
    "S3Settings",
    "SignatureRefused",
    "StorageDenied",
    "StorageError",
    "StorageFull",
    "StorageUnavailable",
    "Store",
    "StoredObject",
    "UploadNotFound",
    "attachment",
    "guess_content_type",
    "open_store",
    "part_size_for",
    "split_storage_url",
    "validate_key",
    "verified",
]
