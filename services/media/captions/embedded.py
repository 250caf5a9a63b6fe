"""Text tracks of a source, taken over as published captions: each language once, where the film has none of it."""

import asyncio
import logging
from uuid import UUID

from services.media.captions import repository
from services.media.captions.cues import CaptionFault, Cue
from services.media.captions.languages import UNKNOWN, language_tag
from services.media.captions.parsing import parse
from services.media.captions.repository import WrittenCue, written
from services.media.captions.service import new_track
from shared.contracts.captions import FILM_BEGINS_AT, EmbeddedCaptions, EmbeddedTrack
from shared.db import Session

log = logging.getLogger(__name__)


async def take_embedded(session: Session, video_id: UUID, embedded: EmbeddedCaptions) -> None:
    """Of several tracks of a language the first one that says anything; the caller holds the video's row.

    None is shown by default: containers mark nearly every first track so, and nobody decided it for this film.
    """
    taken = {track.language for track in await repository.tracks(session, video_id, drafts=True)}
    for found in embedded.tracks:
        language = language_tag(found.language or UNKNOWN) or UNKNOWN
        if language in taken:
            continue
        cues = await asyncio.to_thread(_on_film, found)
        if not cues:
            continue
        kind = "captions" if found.tells_sounds else "subtitles"
        track = new_track(video_id, language, "embedded", len(cues), label=found.title, kind=kind)
        await repository.add(session, track, cues)
        taken.add(language)


def _on_film(found: EmbeddedTrack) -> list[WrittenCue]:
    """What is shown while the film runs, on its clock."""
    try:
        cues = parse(found.text.encode())
    except CaptionFault as fault:
        # The film is none the worse for it.
        log.warning("an embedded text track is left out: %s", fault)
        return []
    moved = [cue.moved(-1000 * FILM_BEGINS_AT) for cue in cues]
    return written([Cue(max(0, cue.start), cue.end, cue.text, cue.settings) for cue in moved if cue.end > 0])
