"""What a player is told of a film that is still being made."""

from shared.contracts.model import Document


class Availability(Document):
    """``renditions``: name -> [from, to] in seconds of each stretch that is in storage; empty where everything is."""

    is_complete: bool
    renditions: dict[str, list[tuple[float, float]]]
