"""Languages as containers write them, and as playlists and people read them."""

from __future__ import annotations

import langcodes
from langcodes.tag_parser import LanguageTagError

# What containers write where nobody said anything, or where no one language can be named.
_NONE = frozenset({"und", "mis", "mul", "zxx"})


def language_tag(code: str | None) -> str | None:
    """The RFC 5646 tag of an ISO 639 code of two or three letters, or of a tag: "geo" and "kat" are "ka".

    None for what names no language.
    """
    if not code:
        return None
    try:
        language = langcodes.Language.get(code.strip().replace("_", "-"), normalize=True)
    except LanguageTagError:
        return None
    spoken = language.language
    if not spoken or not 2 <= len(spoken) <= 3 or spoken in _NONE or not language.is_valid():
        return None
    if len(spoken) == 3 and "qaa" <= spoken <= "qtz":  # set aside for private use
        return None
    return langcodes.Language.make(spoken, script=language.script, territory=language.territory).to_tag()


def own_name(tag: str) -> str:
    """What speakers of the language call it: "ქართული", "English", "Português"."""
    name = langcodes.Language.get(tag).autonym()
    return name[:1].title() + name[1:]  # not upper(): Georgian has no capitals within a word
