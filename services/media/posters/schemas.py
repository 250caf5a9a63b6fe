"""A poster as it is asked for."""

from pydantic import Field

from shared.contracts.model import Document


class PosterWanted(Document):
    time: float = Field(ge=0, allow_inf_nan=False)
    """Seconds into the film; the thumbnail nearest to it becomes its poster."""
