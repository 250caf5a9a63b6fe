"""The seeds' answer to a request for an access token."""

from shared.contracts.model import Document, Moment


class AccessToken(Document):
    token: str
    stream_url: str
    expires_at: Moment
