"""Signed URLs for a store on disk: what S3 does with SigV4, by HMAC-SHA256.

The URL is `{base_url}/{key}?expires=...&signature=...[&filename=...]`. The service behind `base_url` gives the query
back to `verify` before it sends the file. The base URL is signed too, so that a URL of one store is void at another.
"""

import hashlib
import hmac
import math
import time
from collections.abc import Callable
from urllib.parse import quote, urlencode

from shared.storage.contract import validate_expiry
from shared.storage.keys import validate_key

MIN_SECRET_BYTES = 16


class SignatureRefused(Exception):
    """The URL is not one of ours, was changed, or its time is over (`expired`)."""

    def __init__(self, *, expired: bool) -> None:
        super().__init__("the signed URL has expired" if expired else "the signature does not fit the URL")
        self.expired = expired


class LocalSigner:
    def __init__(self, secret: bytes, base_url: str, *, clock: Callable[[], float] = time.time) -> None:
        if len(secret) < MIN_SECRET_BYTES:
            raise ValueError(f"a signing secret has at least {MIN_SECRET_BYTES} bytes")
        self._secret = secret
        self._base_url = base_url.rstrip("/")
        self._clock = clock

    def url(self, key: str, expires_in: int, filename: str | None = None) -> str:
        """A URL that `verify` accepts for `expires_in` seconds (1 s-7 d)."""
        validate_key(key)
        # Rounded up: a URL never lives shorter than it was asked to.
        expires = str(math.ceil(self._clock() + validate_expiry(expires_in)))
        query = {"expires": expires, "signature": self._sign(key, expires, filename)}
        if filename is not None:
            query["filename"] = filename
        return f"{self._base_url}/{quote(key)}?{urlencode(query)}"

    def verify(self, key: str, *, expires: str, signature: str, filename: str | None = None) -> None:
        """Returns if `url` made this key and query, as decoded from the request; else raises `SignatureRefused`."""
        expected = self._sign(key, expires, filename)
        if not hmac.compare_digest(expected.encode(), signature.encode(errors="replace")):
            raise SignatureRefused(expired=False)
        if self._clock() >= int(expires):
            raise SignatureRefused(expired=True)

    def _sign(self, key: str, expires: str, filename: str | None) -> str:
        # Each field with its length, so that nothing can be moved from one field into the next.
        fields = ("lectern-get-v1", self._base_url, key, expires, *(() if filename is None else (filename,)))
        raw = [field.encode(errors="surrogatepass") for field in fields]
        message = b"".join(len(field).to_bytes(4) + field for field in raw)
        return hmac.new(self._secret, message, hashlib.sha256).hexdigest()
