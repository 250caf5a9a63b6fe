"""Who may take a film home."""

from typing import Literal

from shared.contracts.model import Document

Policy = Literal["inherit", "off", "enrolled"]


class DownloadPolicy(Document):
    policy: Policy


class DownloadPolicyAnswer(Document):
    """``effective`` is what follows from it and from the course: ``off`` or ``enrolled``."""

    video_id: str
    policy: str
    effective: str
