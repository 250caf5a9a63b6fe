"""The sound tracks of a film: which audio streams become a rendition each, and what each is called."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from services.transcoder.ladder.languages import language_tag, own_name
from services.transcoder.ladder.limits import is_readable
from services.transcoder.ladder.model import AudioStream

MOST_TRACKS = 16
_LONGEST_LABEL = 60
_NAMELESS = "Audio"
_CHANNELS = """
    audio back c center centre ch channel front fc fl fr handler in input l left lfe line lowfrequency main
    media mic microphone mix mono r rear right sb side sl sound soundhandler sr stereo surround track
"""
_PLACES = frozenset(_CHANNELS.split())
"""Words of a title that name a channel or an input."""


@dataclass(frozen=True)
class Track:
    """One rendition to be. Several `streams` are the channels of one mix, in their order.

    `name` is fit for a path ([a-z0-9-]), `label` for a menu; both are unique
    in the film. `language` is an RFC 5646 tag.
    """

    name: str
    label: str
    language: str | None
    streams: tuple[AudioStream, ...]
    is_default: bool

    @property
    def start(self) -> Fraction:
        return min(s.start for s in self.streams)

    @property
    def end(self) -> Fraction:
        return max(s.end for s in self.streams)


def tracks(streams: tuple[AudioStream, ...]) -> tuple[Track, ...]:
    """The tracks worth publishing, the default one first, the others as the file has them; at most MOST_TRACKS.

    The default is the stream marked so, else the one with most channels, else
    the first. Streams that cannot be read here are left out.
    """
    readable = tuple(s for s in streams if is_readable(s))
    if not readable:
        return ()
    groups = [readable] if _are_one_mix(readable) else [(s,) for s in readable]
    default = max(groups, key=lambda g: (g[0].is_default, g[0].channels, -g[0].index))
    groups.sort(key=lambda g: g is not default)
    names: list[str] = []
    labels: list[str] = []
    found: list[Track] = []
    for group in groups[:MOST_TRACKS]:
        language = next((tag for s in group if (tag := language_tag(s.language))), None)
        title = one_line(group[0].title) if len(group) == 1 else None
        names.append(_name(language, names))
        labels.append(_label(title, language, labels))
        found.append(Track(names[-1], labels[-1], language, group, group is default))
    return tuple(found)


def _are_one_mix(streams: tuple[AudioStream, ...]) -> bool:
    """Cameras and recorders write each microphone or loudspeaker as a mono stream of its own."""
    if len(streams) < 2:
        return False
    kinds = {(s.codec, s.sample_rate, s.channels) for s in streams}
    languages = {tag for s in streams if (tag := language_tag(s.language))}
    contents = {_content(s) for s in streams}
    return len(kinds) == 1 and streams[0].channels == 1 and len(languages) < 2 and len(contents) == 1


def _content(stream: AudioStream) -> str:
    """What the title says of what is heard, beside which channel or microphone of it this is."""
    words = re.findall(r"[^\W\d_]+", (one_line(stream.title) or "").casefold())
    return " ".join(word for word in words if word not in _PLACES)


def _name(language: str | None, taken: list[str]) -> str:
    if not taken:
        return "audio"
    wanted = f"audio-{language.lower()}" if language else f"audio-{len(taken) + 1}"
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted}-{number}", number + 1
    return name


def _label(title: str | None, language: str | None, taken: list[str]) -> str:
    spoken = own_name(language) if language else None
    wanted = title or spoken or _NAMELESS
    choices = [wanted]
    if title and spoken and spoken not in title:
        choices.append(f"{title} ({spoken})")
    number = 2
    while (choice := choices.pop(0)) in taken:
        if not choices:
            choices.append(f"{wanted} {number}")
            number += 1
    return choice


def one_line(title: str | None) -> str | None:
    """A stream's title in one line, without what would end a quoted string in a playlist."""
    words = "".join(c if c.isprintable() and c != '"' else " " for c in title or "").split()
    return " ".join(words)[:_LONGEST_LABEL].rstrip() or None
