"""The seeds' answer to a request for an access token, and how a back end asks for one."""

from ipaddress import IPv6Address, ip_address
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator

from shared.contracts.model import Document, ExternalId, Moment


def _address(written: str) -> str:
    """In its shortest form, and an IPv4 client as one. Raises ValueError."""
    try:
        parsed = ip_address(written.strip())
    except ValueError:
        raise ValueError("it is no IPv4 or IPv6 address") from None
    if isinstance(parsed, IPv6Address):
        if parsed.scope_id is not None:
            raise ValueError("an address of one link (with %) is nobody's on the Internet")
        return str(parsed.ipv4_mapped or parsed)
    return str(parsed)


class TokenFor(Document):
    """A back end's wish: a token for a student of its own."""

    user_id: ExternalId
    video_id: UUID
    client_ip: Annotated[str, AfterValidator(_address)] | None = None
    """Whose network may spend it; without it, whoever spends it first binds it."""


class AccessToken(Document):
    token: str
    stream_url: str
    expires_at: Moment
