"""The text of a cue: which markup is kept, and what it says without any. Pure.

What a player draws from a cue must never be more than letters in a known style, whoever wrote the file. So text is not
cleaned of what is bad: it is taken apart, and only what is known is written down again.
"""

import html
import re

_KEPT = frozenset({"b", "i", "u", "ruby", "rt", "v", "lang"})
_ANNOTATED = frozenset({"v", "lang"})
"""Tags that say something: who speaks, or which language it is."""
_COMMENT = re.compile(r"<!--.*?(?:-->|$)", re.DOTALL)
_TAG = re.compile(r"<(?P<end>/?)(?P<name>[A-Za-z][A-Za-z0-9]*+)(?P<rest>[^<>]*)>|<[0-9:.]+>")
_OVERRIDES = re.compile(r"\{\\[^{}]*\}")
"""What SubStation writes among the words, and many an SRT with it."""
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x85\u2028\u2029\ufeff\ufffe\uffff]")


def kept_markup(text: str) -> str:
    """``text`` as WebVTT cue text: known tags, in pairs, without classes; all else as the letters that it is."""
    out: list[str] = []
    opened: list[str] = []
    place = 0
    source = _OVERRIDES.sub("", _COMMENT.sub("", _CONTROLS.sub("", text)))
    for found in _TAG.finditer(source):
        out.append(_letters(source[place : found.start()]))
        place = found.end()
        name = (found["name"] or "").lower()
        if name not in _KEPT:
            continue
        if not found["end"]:
            opened.append(name)
            out.append(f"<{name}{_annotation(name, found['rest'])}>")
        elif name in opened:
            # What was opened within it ends with it.
            while opened:
                last = opened.pop()
                out.append(f"</{last}>")
                if last == name:
                    break
    out.append(_letters(source[place:]))
    out += [f"</{name}>" for name in reversed(opened)]
    lines = (" ".join(line.split()) for line in "".join(out).split("\n"))
    return "\n".join(line for line in lines if line)


def plain_text(text: str) -> str:
    """The words of WebVTT cue text, in one line."""
    return " ".join(html.unescape(_TAG.sub("", text)).split())


def as_subrip(text: str) -> str:
    """WebVTT cue text as SRT has it: of tags only bold, italic and underlined, and no escapes."""

    def kept(found: re.Match[str]) -> str:
        name = (found["name"] or "").lower()
        return f"<{found['end']}{name}>" if name in {"b", "i", "u"} else ""

    return html.unescape(_TAG.sub(kept, text))


def _letters(text: str) -> str:
    # Numbers of characters may stand for what Postgres and players do not take.
    plain = _CONTROLS.sub("", html.unescape(text))
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\xa0", "&nbsp;")


def _annotation(name: str, rest: str) -> str:
    said = " ".join(rest.partition(" ")[2].split()) if name in _ANNOTATED else ""
    return f" {_letters(said)}" if said else ""
