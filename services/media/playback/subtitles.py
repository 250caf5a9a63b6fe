"""Captions as HLS renditions: made from Postgres for whoever asks, so that an edit shows in the next segment."""

from uuid import UUID

from services.media.captions import repository as captions
from services.media.captions.writing import borders, playlist, segment
from services.media.playback import errors
from services.media.playback.playlists import SubtitleRendition
from services.media.videos import repository
from shared.contracts.video import SUBTITLES_PREFIX
from shared.db import Session
from shared.db.models.captions import CaptionTrack


async def renditions(session: Session, video_id: UUID) -> list[SubtitleRendition]:
    """What the master playlist announces: what is published."""
    return [
        SubtitleRendition(
            name=f"{SUBTITLES_PREFIX}{track.language}",
            language=track.language,
            label=track.label,
            is_default=track.is_default,
            tells_sounds=track.kind == "captions",
        )
        for track in await captions.tracks(session, video_id)
    ]


async def subtitle_playlist(
    session: Session, video_id: UUID, version_id: UUID, name: str, windows: int | None, prefix: str
) -> str:
    """The media playlist of a language on the segments of a version, as ``PlaybackService.media`` has it."""
    track = await _track(session, video_id, name.removeprefix(SUBTITLES_PREFIX), name)
    return playlist(await _durations(session, version_id), track.language, windows=windows, prefix=prefix)


async def subtitle_segment(session: Session, video_id: UUID, version_id: UUID, language: str, index: int) -> str:
    """Every cue that is shown at any moment of one segment."""
    track = await _track(session, video_id, language, f"{SUBTITLES_PREFIX}{language}")
    grid = borders(await _durations(session, version_id))
    if index >= len(grid) - 1:
        raise errors.segment_not_found(index)
    return segment(await captions.cues(session, track.id, (grid[index], grid[index + 1])))


async def _track(session: Session, video_id: UUID, language: str, name: str) -> CaptionTrack:
    track = await captions.track(session, video_id, language)
    if track is None:
        raise errors.rendition_not_found(name)
    return track


async def _durations(session: Session, version_id: UUID) -> list[float]:
    """Seconds of each segment: the same of all renditions, to a hundredth."""
    return (await repository.renditions(session, version_id))[0].segment_durations
