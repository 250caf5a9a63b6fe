"""What a player is told of a film that is still being made."""

from shared.contracts.model import Document


class Availability(Document):
    """``renditions``: name -> [first, after) of each run of segments in storage; empty where all are."""

    is_complete: bool
    renditions: dict[str, list[tuple[int, int]]]
