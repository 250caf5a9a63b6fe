"""Captions that the transcoder found in a source, in the words that media takes them over by."""

from pydantic import BaseModel, ConfigDict

FILM_BEGINS_AT = 100
"""Second of an embedded track's times at which the film begins, so that what starts a little early has a time, too."""


class EmbeddedTrack(BaseModel):
    """One text track of the source. ``language`` is an RFC 5646 tag; ``text`` is WebVTT as FFmpeg writes it, on a clock
    that shows ``FILM_BEGINS_AT`` when the film begins."""

    model_config = ConfigDict(frozen=True)

    language: str | None = None
    title: str | None = None
    is_default: bool = False
    tells_sounds: bool = False
    """Whether it is for people who do not hear."""
    text: str


class EmbeddedCaptions(BaseModel):
    """All of a source that can be shown, in its order."""

    model_config = ConfigDict(frozen=True)

    tracks: tuple[EmbeddedTrack, ...] = ()
