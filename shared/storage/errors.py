"""What can go wrong in a store, in the words of its caller.

Backends raise nothing else for a storage failure: an `OSError` or a botocore error never leaves this package.
Wrong arguments (a range that ends before it starts, a part number of 0) are plain `ValueError`.
"""


class StorageError(Exception):
    """Root of everything a store raises."""


class InvalidKey(StorageError, ValueError):
    """The key or prefix breaks the rules of `shared.storage.keys`; nothing was asked of the backend."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(f"invalid storage key {key[:80]!r}: {reason}")
        self.key = key
        self.reason = reason


class ObjectNotFound(StorageError):
    """There is no object under this key."""

    def __init__(self, key: str) -> None:
        super().__init__(f"no object {key!r}")
        self.key = key


class UploadNotFound(StorageError):
    """The multipart upload never existed, was completed, was aborted, or expired."""

    def __init__(self, upload_id: str) -> None:
        super().__init__(f"no multipart upload {upload_id!r}")
        self.upload_id = upload_id


class InvalidParts(StorageError):
    """The parts do not make an object: one is missing, unknown, in the wrong size or has another ETag."""


class ContentMismatch(StorageError):
    """The bytes are not the bytes that were promised: a checksum differs, or they ended early."""


class ObjectTooLarge(StorageError):
    """The body needs more parts than the protocol allows."""


class StorageFull(StorageError):
    """No room: the disk or the quota is exhausted. Trying again helps only after someone made room."""


class StorageUnavailable(StorageError):
    """The backend did not do it, although it was asked often enough. Trying again later may help."""


class StorageDenied(StorageUnavailable):
    """The backend refuses us: wrong credentials, no permission, no such bucket. A person must act."""
