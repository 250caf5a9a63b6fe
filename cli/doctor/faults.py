"""From what an S3 server or a disk answers to what an operator has to do."""

from dataclasses import dataclass

from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, SSLError

from shared.storage import StorageDenied, StorageError, StorageFull
from shared.storage.s3_client import error_code, error_status

_PERMISSIONS = {
    "write": "s3:PutObject",
    "read": "s3:GetObject",
    "ranges": "s3:GetObject",
    "list": "s3:ListBucket",
    "multipart": "s3:PutObject, s3:ListMultipartUploadParts and s3:AbortMultipartUpload",
    "leftovers": "s3:ListBucketMultipartUploads",
    "delete": "s3:DeleteObject",
}
_WRONG_REGION = {"AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "InvalidRegionName"}
_ELSEWHERE = {"PermanentRedirect", "301", "TemporaryRedirect", "307", "308"}
_UNKNOWN_KEY = {"InvalidAccessKeyId", "InvalidClientTokenId", "Unauthorized", "401"}


@dataclass(frozen=True)
class Bucket:
    """Where a store is, as the settings have it. ``setting`` is the name of the one that names it."""

    setting: str
    name: str
    endpoint: str | None
    region: str
    access_key_id: str

    @property
    def at(self) -> str:
        return f"S3_ENDPOINT_URL ({self.endpoint})" if self.endpoint else f"AWS in S3_REGION ({self.region})"

    def explain(self, check: str, error: StorageError) -> str:
        """The sentence for a check that ended with ``error``."""
        cause = error.__cause__
        if isinstance(cause, ClientError):
            return self._refused(check, cause, error)
        if isinstance(cause, SSLError):
            return (
                f"The certificate of {self.at} is not trusted ({_said(cause)}): name its authority's file in "
                f"AWS_CA_BUNDLE, or mend the address."
            )
        if isinstance(cause, (EndpointConnectionError, ConnectTimeoutError, OSError)):
            return f"Nobody answers at {self.at}: start the S3 server, or mend the address ({_said(cause)})."
        return f"The S3 server did not do it ({_said(error)}): try again, and look into its log."

    def _refused(self, check: str, cause: ClientError, error: StorageError) -> str:
        code, status = error_code(cause), error_status(cause)
        answered = f"{status} {code}" if code != str(status) else code
        if said := self._known(code, answered, cause):
            return said
        if isinstance(error, StorageFull):
            return f"The bucket {self.name} is full ({answered}): raise its quota, or make room."
        if isinstance(error, StorageDenied):
            return (
                f"The key {self.access_key_id} may not do that in bucket {self.name} ({answered}): give it "
                f"{_PERMISSIONS.get(check, 'the right')} there (on R2: a token with Object Read & Write for this bucket)."
            )
        if code.isdigit() or not code:
            return f"What answers at {self.at} is no S3 server ({answered}): mend the address."
        return f"The S3 server did not do it ({answered}): try again, and look into its log."

    def _known(self, code: str, answered: str, cause: ClientError) -> str | None:
        """The sentence for what S3 servers have a code of its own for."""
        sentences = {
            "SignatureDoesNotMatch": (
                f"The S3 server does not accept what is signed by the key {self.access_key_id} ({answered}): "
                f"S3_SECRET_ACCESS_KEY is not its secret, so copy it anew, without spaces or quotes; or there is no "
                f"such key, so mend S3_ACCESS_KEY_ID; or a proxy before the server changes the Host header."
            ),
            "RequestTimeTooSkewed": (
                "The S3 server finds that this machine's clock is wrong: set it (timedatectl set-ntp true)."
            ),
            "NoSuchBucket": (
                f"There is no bucket {self.name} at {self.at}: make it (Lectern makes none), or mend {self.setting}."
            ),
        }
        if code in _UNKNOWN_KEY:
            return (
                f"The S3 server does not know the key {self.access_key_id} ({answered}): mend S3_ACCESS_KEY_ID, or "
                f"make the key (on R2: a token of this account)."
            )
        if code in _WRONG_REGION | _ELSEWHERE:
            named = _region_of(cause)
            there = f"S3_REGION={named}" if named else "S3_REGION to the bucket's region"
            return f"The bucket {self.name} is in another region than {self.region} ({answered}): set {there}."
        return sentences.get(code)


def _region_of(error: ClientError) -> str | None:
    answer = error.response
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    named = answer.get("Error", {}).get("Region") or headers.get("x-amz-bucket-region")
    return str(named) if named else None


def _said(error: BaseException) -> str:
    """Short, and on one line."""
    return " ".join(str(error).split())[:200] or type(error).__name__


@dataclass(frozen=True)
class Folder:
    """A store on disk, as the settings have it."""

    setting: str
    path: str

    def explain(self, _check: str, error: StorageError) -> str:
        if isinstance(error, StorageFull):
            return f"The disk of {self.path} is full: make room, or name another directory in {self.setting}."
        if isinstance(error, StorageDenied):
            return (
                f"{self.path} is not ours to write ({_said(error)}): give it to the user that Lectern runs as "
                f"(chown), or name another directory in {self.setting}."
            )
        return (
            f"{self.path} cannot be used ({_said(error)}): make the directory, mount its disk, or mend {self.setting}."
        )
