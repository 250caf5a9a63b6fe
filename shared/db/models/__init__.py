"""All tables, by Postgres schema. Which service may write which is in ``shared.db.roles``."""

from shared.db.models import access, analytics, captions, catalog, learning, media, transcoding, uploads
from shared.db.models.base import Base

__all__ = ["Base", "access", "analytics", "captions", "catalog", "learning", "media", "transcoding", "uploads"]
