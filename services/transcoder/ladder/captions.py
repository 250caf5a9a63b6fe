"""The text tracks of a source that are taken over: which of them, and what each is called."""

from __future__ import annotations

from services.transcoder.ladder.languages import language_tag
from services.transcoder.ladder.model import SubtitleStream
from services.transcoder.ladder.schema import CaptionPlan
from services.transcoder.ladder.tracks import one_line

MOST_CAPTIONS = 32
TEXT_CODECS = frozenset({"mov_text", "subrip", "ass", "ssa", "webvtt", "text"})
"""What FFmpeg reads as text. Pictures of text (DVD, Blu-ray, broadcast) are none."""


def caption_tracks(streams: tuple[SubtitleStream, ...]) -> tuple[CaptionPlan, ...]:
    """All text tracks as the file has them. Forced ones, which say only what is foreign in the film, come last: a track
    that says everything goes before one of the same language that does not."""
    texts = sorted((s for s in streams if s.codec in TEXT_CODECS), key=lambda s: s.is_forced)
    return tuple(
        CaptionPlan(
            stream_index=stream.index,
            language=language_tag(stream.language),
            title=one_line(stream.title),
            is_default=stream.is_default,
            tells_sounds=stream.tells_sounds,
        )
        for stream in texts[:MOST_CAPTIONS]
    )
