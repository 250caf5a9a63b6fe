"""Which films are taken here: what their first bytes say, and the settings."""

from services.media.uploads import errors
from services.media.uploads.sniff import WEBM, sniff
from shared.contracts.video import Container


class Sniffer:
    """What is taken here: ``webm`` says whether WebM is, too."""

    def __init__(self, *, webm: bool = False) -> None:
        self._webm = webm

    def container(self, head: bytes) -> Container:
        """Problem ``empty_file``, ``not_media`` or ``unsupported_container`` of what starts otherwise."""
        if not head:
            raise errors.empty_file()
        found = sniff(head)
        if found == WEBM and self._webm:
            return Container.MATROSKA
        if found is None:
            raise errors.not_media()
        if not isinstance(found, Container):
            raise errors.unsupported_container(found)
        return found
