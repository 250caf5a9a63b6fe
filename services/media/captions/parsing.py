"""From a file as people have it to cues: WebVTT and SubRip, told apart by what is in them. Pure."""

import codecs
import re
from collections.abc import Iterator

from services.media.captions.cues import LATEST_MS, MOST_BYTES, MOST_CUES, MOST_TEXT, CaptionFault, Cue
from services.media.captions.markup import kept_markup

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_TIME = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
_TIMING = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}(?:\s+(.*?))?\s*")
_LONGEST_TIMING = 400
_SETTING = re.compile(
    r"vertical:(?:rl|lr)"
    r"|line:-?\d{1,3}(?:\.\d{1,3})?%?(?:,(?:start|center|end))?"
    r"|position:\d{1,3}(?:\.\d{1,3})?%(?:,(?:line-left|center|line-right))?"
    r"|size:\d{1,3}(?:\.\d{1,3})?%"
    r"|align:(?:start|center|end|left|right)"
)
_BLOCKS = re.compile(r"(NOTE|STYLE|REGION)(?:[ \t].*)?")
_ON_TOP = re.compile(r"\{\\an[789]\}")


def parse(body: bytes) -> tuple[Cue, ...]:
    """The cues of a WebVTT or SubRip file, by their start. Raises CaptionFault with a code of docs/api.md."""
    if len(body) > MOST_BYTES:
        raise CaptionFault("too_large", f"The file has more than {MOST_BYTES:,} bytes. Captions have far less.")
    text = _decoded(body)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    is_webvtt = re.fullmatch(r"WEBVTT(?:[ \t].*)?", lines[0]) is not None
    if not is_webvtt and not any("-->" in line for line in lines):
        raise CaptionFault(
            "not_captions", "The file is neither WebVTT nor SubRip. Export it as one of them (.vtt or .srt)."
        )
    cues = list(_cues(lines, is_webvtt))
    if not cues:
        raise CaptionFault("no_cues", "The file holds no text that is shown at any time.")
    return tuple(sorted(cues, key=lambda cue: cue.start))


def _decoded(body: bytes) -> str:
    marked = [(mark, encoding) for mark, encoding in _BOMS if body.startswith(mark)]
    mark, encoding = marked[0] if marked else (b"", _without_mark(body))
    try:
        return body[len(mark) :].decode(encoding)
    except UnicodeDecodeError:
        raise CaptionFault(
            "unknown_encoding", "The letters of the file can not be told: it is not UTF-8. Save it as UTF-8."
        ) from None


def _without_mark(body: bytes) -> str:
    """UTF-16 without its mark shows by the zero bytes of its digits and spaces; all else is UTF-8, or refused."""
    start = body[:512]
    if start.count(0) < len(start) // 8 or len(start) < 8:
        return "utf-8"
    return "utf-16-be" if start[::2].count(0) > start[1::2].count(0) else "utf-16-le"


def _cues(lines: list[str], is_webvtt: bool) -> Iterator[Cue]:
    timings = [number for number, line in enumerate(lines) if "-->" in line]
    skipped = _skipped(lines) if is_webvtt else frozenset[int]()
    count = 0
    for place, number in enumerate(timings):
        if number in skipped:
            continue
        after = timings[place + 1] if place + 1 < len(timings) else len(lines)
        told = _webvtt_text(lines, number, after) if is_webvtt else _subrip_text(lines, number, after)
        cue = _cue(lines[number], number + 1, told)
        if cue is None:
            continue
        count += 1
        if count > MOST_CUES:
            raise CaptionFault("too_many_cues", f"The file has more than {MOST_CUES:,} cues. Captions have far fewer.")
        yield cue


def _skipped(lines: list[str]) -> frozenset[int]:
    """Lines of comments, style sheets and regions: nothing of them is kept."""
    found: set[int] = set()
    inside = False
    for number, line in enumerate(lines):
        begins = number > 0 and not lines[number - 1].strip() and _BLOCKS.fullmatch(line) is not None
        inside = bool(line.strip()) and (inside or begins)
        if inside:
            found.add(number)
    return frozenset(found)


def _webvtt_text(lines: list[str], number: int, after: int) -> list[str]:
    text: list[str] = []
    for line in lines[number + 1 : after]:
        if not line.strip():
            break
        text.append(line)
    else:
        # No empty line before the next cue: the line above its times may be its name.
        if after < len(lines) and text and not text[-1].strip("0123456789"):
            text.pop()
    return text


def _subrip_text(lines: list[str], number: int, after: int) -> list[str]:
    """All up to the next cue's number: many a tool leaves empty lines within a text."""
    text = lines[number + 1 : after]
    if after < len(lines):
        while text and not text[-1].strip():
            text.pop()
        if text and text[-1].strip().isdecimal():
            text.pop()
    return text


def _cue(timing: str, line: int, text: list[str]) -> Cue | None:
    """None for a cue without a word, which shows nothing."""
    found = _TIMING.fullmatch(timing) if len(timing) <= _LONGEST_TIMING else None
    if found is None:
        raise CaptionFault("bad_timing", f"Line {line} has no times that can be read: “{_short(timing)}”.", line)
    *times, given = found.groups()
    start, end = _milliseconds(times[:4]), _milliseconds(times[4:])
    if start is None or end is None:
        raise CaptionFault("bad_timing", f"Line {line} has more than 59 minutes or seconds in a time.", line)
    if end <= start:
        raise CaptionFault("bad_timing", f"The cue on line {line} ends before it begins, or at once.", line)
    if end > LATEST_MS:
        raise CaptionFault("bad_timing", f"The cue on line {line} is shown after more than a day.", line)
    joined = "\n".join(text)
    if len(joined) > MOST_TEXT:
        raise CaptionFault("cue_too_long", f"The cue on line {line} has more than {MOST_TEXT:,} characters.", line)
    written = kept_markup(joined)
    if not written:
        return None
    settings = [one for one in (given or "").split() if _SETTING.fullmatch(one)]
    if not settings and _ON_TOP.search(joined):
        settings = ["line:0"]
    return Cue(start, end, written, " ".join(settings))


def _milliseconds(parts: list[str | None]) -> int | None:
    hours, minutes, seconds, fraction = parts
    if int(minutes or 0) > 59 or int(seconds or 0) > 59:
        return None
    return ((int(hours or 0) * 60 + int(minutes or 0)) * 60 + int(seconds or 0)) * 1000 + int(f"{fraction:0<3}")


def _short(line: str) -> str:
    return line.strip()[:60]
