"""What a player is told of a film that is still being made."""

from typing import Annotated

from pydantic import WithJsonSchema

from shared.contracts.model import Document

# Described by what every reader of OpenAPI knows: few know prefixItems.
Stretch = Annotated[
    tuple[float, float],
    WithJsonSchema({"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}),
]


class Availability(Document):
    """``renditions``: name -> [from, to] in seconds of each stretch that is in storage; empty where everything is."""

    is_complete: bool
    renditions: dict[str, list[Stretch]]
