"""What an upload answers."""

from shared.contracts.model import Document


class UploadAccepted(Document):
    video_id: str
    status: str
