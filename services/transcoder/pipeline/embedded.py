"""The source's own captions, looked for beside the film's first stills. A film without them is a film."""

import logging
from dataclasses import replace
from pathlib import Path

from services.transcoder.ffmpeg.options import EncodeOptions
from services.transcoder.ffmpeg.process import FFmpegFailed
from services.transcoder.ffmpeg.subtitles import extract_subtitles
from services.transcoder.pipeline.repository import ChunkClaim
from shared.contracts.captions import FILM_BEGINS_AT, EmbeddedCaptions, EmbeddedTrack

log = logging.getLogger(__name__)


async def embedded_captions(
    claim: ChunkClaim, film: Path, directory: Path, options: EncodeOptions
) -> EmbeddedCaptions | None:
    """What media takes over; None of a chunk that is not the one which looks."""
    if claim.chunk.kind != "thumbnails" or claim.chunk.first_segment != 0:
        return None
    try:
        found = await extract_subtitles(
            film, claim.plan, directory, replace(options, on_progress=None), begins_at=FILM_BEGINS_AT
        )
    except FFmpegFailed as error:
        log.warning("the captions of %s are left out: %s\n%s", claim.version_id, error, "\n".join(error.stderr_tail))
        found = []
    return EmbeddedCaptions(
        tracks=tuple(
            EmbeddedTrack(
                language=track.language,
                title=track.title,
                is_default=track.is_default,
                tells_sounds=track.tells_sounds,
                text=text,
            )
            for track, text in found
        )
    )
