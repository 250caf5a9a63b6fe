"""Captions as the API tells of them. Times are seconds of the film."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from shared.contracts.model import Document, Moment, Text

Kind = Literal["captions", "subtitles"]
State = Literal["draft", "published"]
Label = Annotated[Text, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]


class Captions(Document):
    """One language. ``url`` is the plain track as WebVTT; with ``.srt`` in place of ``.vtt`` it is SubRip."""

    language: str
    label: str
    kind: Kind
    is_default: bool
    state: State
    source: Literal["upload", "embedded", "transcription"]
    cue_count: int
    url: str
    updated_at: Moment


class CaptionDraft(Document):
    """A draft that staff asked for and that is not there yet. ``error`` says why there will be none."""

    language: str
    status: Literal["preparing", "failed"]
    error: str | None
    message: str | None


class CaptionList(Document):
    """``drafting`` is empty for who does not teach the course, as are drafts among ``captions``."""

    video_id: str
    captions: list[Captions]
    drafting: list[CaptionDraft]


class CaptionChange(Document):
    """What is left out stays as it is."""

    label: Label | None = None
    kind: Kind | None = None
    is_default: bool | None = None
    state: State | None = None


class DraftWanted(Document):
    language: Annotated[str, StringConstraints(min_length=2, max_length=35)]


class FoundCue(Document):
    """``headline`` is the text as HTML, with what was found in ``<mark>`` and no other markup."""

    language: str
    label: str
    start: float
    end: float
    text: str
    headline: str


class CaptionSearch(Document):
    """``isComplete`` is false where there is more than ``results`` has."""

    video_id: str
    query: str
    results: list[FoundCue]
    is_complete: bool = Field(default=True)
