"""Languages as captions name them: RFC 5646 tags in one spelling."""

import langcodes
from langcodes.tag_parser import LanguageTagError

from shared.contracts.video import SUBTITLES_PREFIX

UNKNOWN = "und"
_LONGEST = 32 - len(SUBTITLES_PREFIX)
"""A subtitle rendition is named by its language, and names of renditions have 32 characters."""
_NAMELESS = "Subtitles"


def language_tag(given: str) -> str | None:
    """The tag in its usual spelling ("KAT" is "ka"); None for what names no language. ``und`` is one not known."""
    try:
        language = langcodes.Language.get(given, normalize=True)
    except LanguageTagError:
        return None
    tag = language.to_tag()
    return tag if language.is_valid() and len(tag) <= _LONGEST else None


def own_name(tag: str) -> str:
    """What its speakers call it: "ქართული", "English"."""
    if tag == UNKNOWN:
        return _NAMELESS
    name = langcodes.Language.get(tag).autonym()
    return name[:1].title() + name[1:]  # not upper(): Georgian has no capitals within a word
