"""The xAPI video profile's rules for the statements of a player, as published (https://w3id.org/xapi/video): what has to be
there, and of which form."""

import re
from typing import Any

from jsonschema_rs import Draft202012Validator

BASE = "https://w3id.org/xapi/video/extensions/"
UUID_4 = r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"
SEGMENTS = r"^$|^\d+(\.\d{1,3})?\[\.\]\d+(\.\d{1,3})?(\[,\]\d+(\.\d{1,3})?\[\.\]\d+(\.\d{1,3})?)*$"

_NUMBER = {"type": "number", "minimum": 0}
_SHARE = {"type": "number", "minimum": 0, "maximum": 1}
_FORMS: dict[str, dict[str, Any]] = {
    "session-id": {"type": "string", "pattern": UUID_4},
    "length": _NUMBER,
    "completion-threshold": _SHARE,
    "time": _NUMBER,
    "time-from": _NUMBER,
    "time-to": _NUMBER,
    "progress": _SHARE,
    "played-segments": {"type": "string", "pattern": SEGMENTS},
}
_VERBS = {
    "http://adlnet.gov/expapi/verbs/initialized": ((), ("session-id", "length")),
    "https://w3id.org/xapi/video/verbs/played": (("time",), ("session-id",)),
    "https://w3id.org/xapi/video/verbs/paused": (("time", "progress", "played-segments"), ("session-id", "length")),
    "https://w3id.org/xapi/video/verbs/seeked": (("time-from", "time-to"), ("session-id",)),
    "http://adlnet.gov/expapi/verbs/completed": (("time", "progress", "played-segments"), ("session-id", "length")),
    "http://adlnet.gov/expapi/verbs/terminated": (("time", "progress", "played-segments"), ("session-id", "length")),
}
"""For each verb the extensions of the result, and those of the context, that have to be there."""


def _extensions(names: tuple[str, ...]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": [BASE + name for name in names],
        "properties": {BASE + name: form for name, form in _FORMS.items()},
        "additionalProperties": False,
    }


def faults(statement: dict[str, Any]) -> list[str]:
    """What of a statement is not as the profile, and xAPI 1.0.3 below it, want it."""
    verb = statement.get("verb", {}).get("id")
    if verb not in _VERBS:
        return [f"no verb of the profile: {verb}"]
    result, context = _VERBS[verb]
    activity = {
        "type": "object",
        "required": ["id", "definition"],
        "properties": {
            "objectType": {"const": "Activity"},
            "id": {"type": "string", "pattern": r"^https?://[^\s]+$"},
            "definition": {"properties": {"type": {"const": "https://w3id.org/xapi/video/activity-type/video"}}},
        },
    }
    schema: dict[str, Any] = {
        "type": "object",
        "required": ["id", "actor", "verb", "object", "context", "timestamp", *(["result"] if result else [])],
        "additionalProperties": False,
        "properties": {
            "id": {"type": "string", "pattern": r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"},
            "timestamp": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"},
            "actor": {
                "type": "object",
                "required": ["account"],
                "properties": {
                    "account": {
                        "required": ["homePage", "name"],
                        "properties": {"homePage": {"type": "string", "pattern": r"^https?://[^\s]+$"}},
                    }
                },
            },
            "verb": {"required": ["id", "display"]},
            "object": activity,
            "result": {"type": "object", "required": ["extensions"], "properties": {"extensions": _extensions(result)}},
            "context": {
                "type": "object",
                "required": ["contextActivities", "extensions"],
                "properties": {
                    "contextActivities": {
                        "required": ["category"],
                        "properties": {
                            "category": {"contains": {"properties": {"id": {"const": "https://w3id.org/xapi/video"}}}}
                        },
                    },
                    "extensions": _extensions(context),
                },
            },
        },
    }
    if "completed" in verb:
        schema["properties"]["result"]["required"] = ["extensions", "completion", "duration"]
        schema["properties"]["result"]["properties"]["duration"] = {"pattern": r"^PT\d+(\.\d{1,2})?S$"}
    found = [f"{error.instance_path}: {error.message}" for error in Draft202012Validator(schema).iter_errors(statement)]
    if "completed" in verb and not found:
        done = statement["result"]["extensions"][BASE + "progress"]
        if done < statement["context"]["extensions"].get(BASE + "completion-threshold", 1):
            found.append(f"completed with a progress of {done}")
    return found


def segments(statement: dict[str, Any]) -> list[tuple[float, float]]:
    """The played segments of a statement, in seconds."""
    told = statement["result"]["extensions"][BASE + "played-segments"]
    return [(float(a), float(b)) for a, b in re.findall(r"([\d.]+)\[\.\]([\d.]+)", told)]
