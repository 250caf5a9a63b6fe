"""The whole public API as one OpenAPI document: the gateway's own calls, and those it passes on to its services.

The gateway serves it at ``/openapi.json``; ``lectern openapi`` prints it. It is made here, as nothing else may know all
services.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI

from cli.refusals import REFUSALS
from services.gateway.proxy.routes import ROUTES, Guard
from services.progress.watching.schemas import Beat
from shared.http.described import refusal

Document = dict[str, Any]

_ABOUT = """Everything a browser or a platform's back end needs. JSON is camelCase, times are UTC ISO 8601, durations and
positions are seconds. Refusals are RFC 9457 problem documents with a stable `code`; docs/api.md says what they mean."""
_SIGNED_IN = (
    "401 sign_in_required invalid_jwt invalid_api_key api_key_expired api_key_revoked",
    "403 scope_required",
    "429 rate_limited",
)
_GUARDED: Mapping[Guard, tuple[str, ...]] = {
    "signed in": (),
    "may watch": ("403 not_entitled chapter_locked", "404 video_not_found", "503 entitlement_unavailable"),
    "link": ("404 link_not_found", "410 link_expired link_spent", "429 rate_limited"),
    "may study": ("403 not_entitled chapter_locked", "404 unknown_chapter", "503 entitlement_unavailable"),
    "students may study": ("403 not_entitled chapter_locked", "404 unknown_chapter", "503 entitlement_unavailable"),
}
_ASKS_PLATFORM = ("503 entitlement_unavailable",)
_PASSED_ON = ("502 upstream_unavailable", "504 upstream_timeout")
_ADDRESS = "414 address_too_long"
_WITH_BODY = ("400 request_interrupted", "413 too_large")
# What stands in a path may lead to no call at all: a slash in it, or nothing.
_WITH_PATH = ("404 not_found", "405 method_not_allowed")
_FILES = {
    ".m3u8": "application/vnd.apple.mpegurl",
    ".key": "application/octet-stream",
    ".vtt": "text/vtt",
    ".srt": "application/x-subrip",
}
_OF_A_FILM = {
    "status": "VideoStatusAnswer",
    "progress": "ProgressAnswer",
    "storyboard.json": "Storyboard",
    "thumbnails": "ThumbnailList",
}
_TUS = "application/offset+octet-stream"
_HLS = _FILES[".m3u8"]


def public_api(apps: Mapping[str, FastAPI]) -> Document:
    """The document for these apps, by their services' names."""
    described = {service: app.openapi() for service, app in apps.items()}
    document: Document = {
        "openapi": described["gateway"]["openapi"],
        "info": {**described["gateway"]["info"], "title": "Lectern", "description": _ABOUT},
        "paths": defaultdict(dict),
        "components": {
            "schemas": {},
            "responses": {},
            "securitySchemes": described["gateway"]["components"]["securitySchemes"],
        },
    }
    for path, operations in described["gateway"]["paths"].items():
        for method, operation in operations.items():
            _add(document, method.upper(), path, operation)
    for route in ROUTES:
        operation = described[route.service]["paths"][route.path][route.method.lower()]
        kinds = (*_GUARDED[route.guard], *_PASSED_ON, *(_ASKS_PLATFORM if route.tells_right else ()))
        security: Document = {} if route.guard == "link" else {"security": [{"bearer": []}]}
        _add(document, route.method, route.path, {**operation, **security}, kinds)
    _describe_playback(document)
    _describe_files(document)
    _describe_tus(document)
    _collect_schemas(document, described)
    return document


def _add(document: Document, method: str, path: str, operation: Document, kinds: Sequence[str] = ()) -> None:
    """Adds a call with all that it may refuse: what ``kinds`` and its form bring along, and what is its own."""
    added = {**operation, "responses": {**operation["responses"]}}
    refusals = [_ADDRESS, *kinds, *REFUSALS.get((method, path), ())]
    if "security" in operation:
        refusals += _SIGNED_IN
    if "422" in added["responses"]:
        refusals.append("422 invalid_request missing_field")
    if "requestBody" in operation:
        refusals += _WITH_BODY
    if "{" in path:
        refusals += _WITH_PATH
    asks_media = path.startswith("/api/playback/{credential}/") and not path.endswith((".key", "/renew"))
    if asks_media or path == "/api/videos/stream":
        refusals += _PASSED_ON
    added["responses"] |= _refusals(document, refusals)
    document["paths"][path][method.lower()] = added


def _refusals(document: Document, lines: Sequence[str]) -> Document:
    """The answers for such lines, each named once in the document."""
    codes: dict[str, set[str]] = defaultdict(set)
    for line in lines:
        status, *given = line.split()
        codes[status] |= set(given)
    answers = {}
    for status, named in sorted(codes.items()):
        name = ".".join([status, *sorted(named)])
        document["components"]["responses"][name] = refusal(*named)
        answers[status] = {"$ref": f"#/components/responses/{name}"}
    return answers


def _describe_playback(document: Document) -> None:
    """What FastAPI cannot see of answers that are no JSON, or that were made by another service."""
    paths = document["paths"]
    for path, operations in paths.items():
        for ending, kind in _FILES.items():
            if path.endswith(ending):
                schema = {"type": "string", "format": "binary"} if ending == ".key" else {"type": "string"}
                operations["get"]["responses"]["200"]["content"] = {kind: {"schema": schema}}
    base = "/api/playback/{credential}"
    paths["/api/videos/stream"]["get"]["responses"]["200"]["content"][_HLS] = {"schema": {"type": "string"}}
    events = paths["/api/videos/{video_id}/events"]["get"]["responses"]
    events["200"]["content"] = {"text/event-stream": {}}
    events["204"] = {"description": "Nothing will change any more."}
    segment = paths[f"{base}/segment/{{rendition}}/{{index}}.ts"]["get"]["responses"]
    segment["302"] = {"description": "Where the segment is.", "headers": {"Location": {"schema": {"type": "string"}}}}
    del segment["307"]
    paths[f"{base}/availability"]["get"]["responses"]["200"]["content"] = _json("Availability")
    for name, answer in _OF_A_FILM.items():
        paths[f"{base}/film/{name}"]["get"]["responses"]["200"]["content"] = _json(answer)
    told = paths[f"{base}/film/analytics"]["post"]
    told["requestBody"] = {"required": True, "content": _json("EventBatch")}
    told["responses"]["202"]["content"] = _json("Accepted")
    beat = paths[f"{base}/beat"]["post"]
    beat["responses"]["200"]["content"] = _json("ProgressAnswer")
    # As text/plain, so that a page that closes may send it as a beacon.
    beat["requestBody"] = {"required": True, "content": {"text/plain": {"schema": {"type": "string"}}, **_json("Beat")}}


def _describe_files(document: Document) -> None:
    """A film to take home is sent whole or in parts."""
    files = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in ("video/mp4", "audio/mp4")}
    for path in ("/api/videos/{video_id}/download", "/api/videos/download"):
        answers = document["paths"][path]["get"]["responses"]
        answers["200"]["content"] = {**answers["200"].get("content", {}), **files}
        answers["206"] = {"description": "The part that Range asks for.", "content": files}
        answers["304"] = {"description": "It is what If-None-Match names."}


def _describe_tus(document: Document) -> None:
    """What tus sends is bytes, and what it says stands in headers."""
    for path in ("/api/uploads/tus", "/api/upload-links/{token}/tus"):
        bytes_sent = {_TUS: {"schema": {"type": "string", "format": "binary"}}}
        document["paths"][path]["post"]["requestBody"] = {"required": False, "content": bytes_sent}
        document["paths"][path + "/{upload_id}"]["patch"]["requestBody"] = {"required": True, "content": bytes_sent}


def _json(schema: str) -> Document:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}


def _collect_schemas(document: Document, described: Mapping[str, Document]) -> None:
    """The schemas that the calls name, and those that these name. ValueError where two services mean different ones."""
    known: dict[str, Document] = {}
    beat = Beat.model_json_schema(by_alias=True, ref_template="#/components/schemas/{model}")
    for schemas in (*(one["components"]["schemas"] for one in described.values()), beat.pop("$defs"), {"Beat": beat}):
        for name, schema in schemas.items():
            if known.setdefault(name, schema) != schema:
                raise ValueError(f"two services have a schema {name}, and they differ: rename one")
    collected = document["components"]["schemas"]
    wanted = _named([document["paths"], document["components"]["responses"]])
    while wanted:
        name = wanted.pop()
        if name not in collected:
            collected[name] = known[name]
            wanted |= _named(known[name])


def _named(part: Any) -> set[str]:
    return set(re.findall(r"'#/components/schemas/(\w+)'", repr(part)))
