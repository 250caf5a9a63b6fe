"""Which answers are decisions about access, and what they are called in the audit log."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Decision = Literal["granted", "refused"]


class Action(StrEnum):
    SIGN_IN = "sign_in"
    TOKEN_ISSUE = "token_issue"  # noqa: S105 - a name, no secret
    TOKEN_SPEND = "token_spend"  # noqa: S105
    SESSION_RENEW = "session_renew"
    SESSION_END = "session_end"
    DEVICE_SIGN_OUT = "device_sign_out"
    PLAYLIST = "playlist"
    KEY = "key"
    SEGMENT = "segment"
    BEAT = "beat"
    DOWNLOAD = "download"
    DOWNLOAD_FILE = "download_file"
    KEY_ROTATE = "key_rotate"
    KEY_REWRAP = "key_rewrap"
    API_KEY_CREATE = "api_key_create"
    API_KEY_REVOKE = "api_key_revoke"
    USER_EXPORT = "user_export"
    USER_ERASE = "user_erase"
    WEBHOOK_CREATE = "webhook_create"
    WEBHOOK_CHANGE = "webhook_change"
    WEBHOOK_DELETE = "webhook_delete"
    WEBHOOK_SECRET = "webhook_secret"  # noqa: S105
    CALL = "call"
    """Any other call of the API."""


_PLAYBACK = "/api/playback/{credential}"
_ROUTES = {
    ("GET", "/api/videos/{video_id}/access-token"): Action.TOKEN_ISSUE,
    ("POST", "/api/access-tokens"): Action.TOKEN_ISSUE,
    ("GET", "/api/videos/stream"): Action.TOKEN_SPEND,
    ("POST", f"{_PLAYBACK}/renew"): Action.SESSION_RENEW,
    ("POST", f"{_PLAYBACK}/film/renew"): Action.SESSION_RENEW,
    ("POST", f"{_PLAYBACK}/beat"): Action.BEAT,
    ("GET", f"{_PLAYBACK}/key/{{epoch}}/{{window}}.key"): Action.KEY,
    ("GET", f"{_PLAYBACK}/segment/{{rendition}}/{{index}}.ts"): Action.SEGMENT,
    ("DELETE", "/api/sessions/{session_id}"): Action.SESSION_END,
    ("POST", "/api/admin/sessions/revoke"): Action.SESSION_END,
    ("DELETE", "/api/devices/{device_id}"): Action.DEVICE_SIGN_OUT,
    ("GET", "/api/videos/{video_id}/download"): Action.DOWNLOAD,
    ("GET", "/api/videos/download"): Action.DOWNLOAD_FILE,
    ("POST", "/api/admin/keys/rotate"): Action.KEY_ROTATE,
    ("POST", "/api/admin/keys/rewrap"): Action.KEY_REWRAP,
    ("POST", "/api/admin/api-keys"): Action.API_KEY_CREATE,
    ("DELETE", "/api/admin/api-keys/{key_id}"): Action.API_KEY_REVOKE,
    ("GET", "/api/admin/users/{user_id}/export"): Action.USER_EXPORT,
    ("DELETE", "/api/admin/users/{user_id}"): Action.USER_ERASE,
    ("POST", "/api/admin/webhooks"): Action.WEBHOOK_CREATE,
    ("PATCH", "/api/admin/webhooks/{webhook_id}"): Action.WEBHOOK_CHANGE,
    ("DELETE", "/api/admin/webhooks/{webhook_id}"): Action.WEBHOOK_DELETE,
    ("GET", "/api/admin/webhooks/{webhook_id}/secret"): Action.WEBHOOK_SECRET,
    ("POST", "/api/admin/webhooks/{webhook_id}/rotate-secret"): Action.WEBHOOK_SECRET,
}
"""By method and path template."""

# Keys, playlists and parts of files that are given are not written one by one: that the session was opened, or the film
# asked for, says it.
_TOLD_WHEN_GRANTED = {
    Action.TOKEN_ISSUE,
    Action.TOKEN_SPEND,
    Action.SESSION_RENEW,
    Action.SESSION_END,
    Action.DEVICE_SIGN_OUT,
    Action.DOWNLOAD,
    Action.KEY_ROTATE,
    Action.KEY_REWRAP,
    Action.API_KEY_CREATE,
    Action.API_KEY_REVOKE,
    Action.USER_EXPORT,
    Action.USER_ERASE,
    Action.WEBHOOK_CREATE,
    Action.WEBHOOK_CHANGE,
    Action.WEBHOOK_DELETE,
    Action.WEBHOOK_SECRET,
}
_SIGN_IN_CODES = {"invalid_jwt", "invalid_api_key", "api_key_expired", "api_key_revoked"}
# Of these nobody was judged: there was nothing to judge by, or what was asked for is not there (yet) for anybody.
_NO_DECISIONS = {
    "sign_in_required",
    "video_not_playable",
    "segment_not_ready",
    "segment_not_found",
    "rendition_not_found",
    "key_not_found",
    "not_found",
}
_DECIDING = {401, 403, 404, 409, 410, 429}


@dataclass(frozen=True)
class Decided:
    action: Action
    decision: Decision
    code: str | None


def decided(method: str, path: str, status: int, code: str | None) -> Decided | None:
    """What an answer of the route ``path`` decided; None where it decided nothing, or nothing worth keeping.

    ``code`` is that of the problem that was answered, where the gateway itself or a service refused somebody.
    """
    action = _ROUTES.get((method, path))
    if action is None and path.startswith(_PLAYBACK):
        action = Action.PLAYLIST
    if status < 400:
        return Decided(action, "granted", None) if action in _TOLD_WHEN_GRANTED else None
    if code == "erasure_incomplete":
        # Part of it is done.
        return Decided(Action.USER_ERASE, "granted", code)
    if status not in _DECIDING or code is None or code in _NO_DECISIONS:
        return None
    if code in _SIGN_IN_CODES:
        return Decided(Action.SIGN_IN, "refused", code)
    if action is None and status not in (403, 429):
        # What is not there was asked for by mistake more often than not.
        return None
    return Decided(action or Action.CALL, "refused", code)
