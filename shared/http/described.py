"""How our refusals look in an OpenAPI document: FastAPI would describe its own, which nobody ever gets."""

from typing import Any

PROBLEM: dict[str, Any] = {
    "type": "object",
    "title": "Problem",
    "description": "Why a request was refused (RFC 9457). Further members belong to the code.",
    "required": ["type", "title", "status", "code", "detail", "requestId"],
    "properties": {
        "type": {"type": "string", "description": "urn:lectern:problem: and the code"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "Stable: what a program goes by."},
        "detail": {"type": "string", "description": "For a person: what to do about it."},
        "requestId": {"type": "string", "description": "Leads to the request in the log."},
        "errors": {
            "type": "array",
            "description": "Of 422: what of the request is wrong.",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}
_REPLACED = ("HTTPValidationError", "ValidationError")


def refusal(*codes: str) -> dict[str, Any]:
    """The response object for a problem document with one of ``codes``."""
    which = {"properties": {"code": {"enum": sorted(codes)}}}
    schema = {"allOf": [{"$ref": "#/components/schemas/Problem"}, which]}
    return {"description": ", ".join(sorted(codes)), "content": {"application/problem+json": {"schema": schema}}}


def with_our_refusals(document: dict[str, Any]) -> dict[str, Any]:
    """``document`` with the answer to a request that is not valid as it is really given."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in _REPLACED:
        schemas.pop(name, None)
    schemas["Problem"] = PROBLEM
    for operations in document["paths"].values():
        for operation in operations.values():
            if "422" in operation["responses"]:
                operation["responses"]["422"] = refusal("invalid_request", "missing_field")
    return document
