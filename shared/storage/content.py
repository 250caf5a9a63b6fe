"""What bytes are and what they are called: media types, download names, checksums."""

import asyncio
import hashlib
import mimetypes
from collections.abc import AsyncGenerator, AsyncIterable
from urllib.parse import quote

from shared.storage.errors import ContentMismatch

# Ours first: what mimetypes says of these depends on the machine's own tables.
_TYPES = {
    ".aac": "audio/aac",
    ".avi": "video/x-msvideo",
    ".gz": "application/gzip",
    ".jpg": "image/jpeg",
    ".json": "application/json",
    ".m3u8": "application/vnd.apple.mpegurl",
    ".m4s": "video/iso.segment",
    ".mkv": "video/x-matroska",
    ".mov": "video/quicktime",
    ".mp4": "video/mp4",
    ".png": "image/png",
    ".srt": "application/x-subrip",
    ".ts": "video/mp2t",
    ".vtt": "text/vtt",
    ".webm": "video/webm",
    ".webp": "image/webp",
}
_DEFAULT_TYPE = "application/octet-stream"
_HASH_INLINE = 128 * 1024


def guess_content_type(key: str) -> str:
    """The media type the key's extension stands for."""
    name = key.rpartition("/")[2]
    _, dot, extension = name.rpartition(".")
    if not dot:
        return _DEFAULT_TYPE
    return _TYPES.get(f".{extension.lower()}") or mimetypes.types_map.get(f".{extension.lower()}") or _DEFAULT_TYPE


def attachment(filename: str) -> str:
    """A `Content-Disposition` value that downloads under this name, in any script (RFC 6266)."""
    name = "".join(char for char in filename if char.isprintable() and char not in '/\\"').strip() or "download"
    plain = name.encode("ascii", "replace").decode().replace("?", "_").replace("%", "_")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


async def verified(chunks: AsyncIterable[bytes], sha256: str) -> AsyncGenerator[bytes, None]:
    """The same bytes; raises `ContentMismatch` at their end if their SHA-256 (hex) is another.

    Around the source of a `put` it lets nothing wrong be stored; around a `get` it finds what went bad at rest.
    """
    digest = hashlib.sha256()
    async for chunk in chunks:
        if len(chunk) > _HASH_INLINE:
            await asyncio.to_thread(digest.update, chunk)
        else:
            digest.update(chunk)
        yield chunk
    if digest.hexdigest() != sha256.lower():
        raise ContentMismatch(f"SHA-256 is {digest.hexdigest()}, expected {sha256.lower()}")
