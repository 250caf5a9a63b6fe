"""Words as a search knows them: of a cue, of a question, and where one is found in the other. Pure.

Postgres keeps and compares them (configuration ``simple``: no language of ours has a dictionary there that knows
Georgian). What a word is, is decided here, so that it does not hang on the locale a database was made with. A question
finds every word that begins with its stem, which is how the many cases of a Georgian noun are found by one of them.
"""

import html
import re
import unicodedata

MOST_QUESTION = 200
_MOST_WORDS = 12
_WORD = re.compile(r"[^\W_]+")
_SHORTEST = 3
_GEORGIAN = re.compile("[\u10d0-\u10ff]+")
# Endings of case and number with the postpositions that are written as one word with them; longer ones first.
_GEORGIAN_ENDINGS = tuple(
    sorted(
        [
            "ი",
            "მა",
            "ს",
            "ის",
            "ით",
            "ად",
            "ო",
            "ში",
            "ზე",
            "თან",
            "დან",
            "გან",
            "თვის",
            "მდე",
            "ისთვის",
            "ისგან",
            "იდან",
            "ამდე",
            "ისთან",
            "ები",
            "ებმა",
            "ებს",
            "ების",
            "ებით",
            "ებად",
            "ებო",
            "ებში",
            "ებზე",
            "ებთან",
            "ებიდან",
            "ებისთვის",
            "ებისგან",
            "ებამდე",
        ],
        key=len,
        reverse=True,
    )
)
_VOWELS = "აეიოუ"
_SYNCOPE = re.compile("(?<=[^აეიოუ])[აეო](?=[ლრნმ]$)")
"""The vowel that goes: before the l, r, n or m at the end of a stem."""
_LATIN_ENDINGS = ("ing", "ies", "es", "ed", "s")


def words(text: str) -> list[str]:
    """The words of a plain text, in one spelling each."""
    return [_spelled(found.group()) for found in _WORD.finditer(unicodedata.normalize("NFC", text))]


def indexed(text: str) -> list[str]:
    """What a text is found by: its words, and the stems that lose a vowel in other cases, without it."""
    found = words(text)
    return [*found, *dict.fromkeys(short for word in found if (short := _shortened(_stem(word))))]


def stems(question: str) -> list[str]:
    """What the words of a question begin with, each once."""
    return list(dict.fromkeys(_stem(word) for word in words(question)))[:_MOST_WORDS]


def ts_query(question: str) -> str | None:
    """A ``tsquery`` of Postgres for all words of the question; None where it has none."""
    # Nothing but letters and digits is left of it, so nothing has to be quoted.
    return " & ".join(_either(stem) for stem in stems(question)) or None


def _either(stem: str) -> str:
    short = _shortened(stem)
    return f"('{stem}':* | '{short}':*)" if short else f"'{stem}':*"


def headline(text: str, question: str) -> str:
    """``text`` as HTML in which the words that were found stand in ``<mark>``, and which has no other markup."""
    known = stems(question)
    sought = (*known, *filter(None, map(_shortened, known)))
    normal = unicodedata.normalize("NFC", text)
    out, place = [], 0
    for found in _WORD.finditer(normal):
        if sought and _is_found(_spelled(found.group()), sought):
            out += [html.escape(normal[place : found.start()]), f"<mark>{html.escape(found.group())}</mark>"]
            place = found.end()
    return "".join([*out, html.escape(normal[place:])])


def _is_found(word: str, sought: tuple[str, ...]) -> bool:
    short = _shortened(_stem(word))
    return word.startswith(sought) or (short is not None and short.startswith(sought))


def _shortened(stem: str) -> str | None:
    """A Georgian stem as it is in the cases in which it loses its last vowel: წყალ-ი, წყლ-ის. None where it keeps it."""
    short = _SYNCOPE.sub("", stem)
    return short if short != stem and _GEORGIAN.fullmatch(stem) and len(short) >= _SHORTEST else None


def _spelled(word: str) -> str:
    """Without regard to case. Georgian capitals (Mtavruli) are Mkhedruli to a reader, and casefold says so."""
    return word.casefold()


def _stem(word: str) -> str:
    if _GEORGIAN.fullmatch(word):
        for ending in _GEORGIAN_ENDINGS:
            if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST:
                return word.removesuffix(ending).rstrip(_VOWELS if len(word) - len(ending) > _SHORTEST else "")
        return word.rstrip(_VOWELS) if len(word) > _SHORTEST + 1 else word
    if word.isascii():
        for ending in _LATIN_ENDINGS:
            if word.endswith(ending) and len(word) - len(ending) > _SHORTEST:
                return word.removesuffix(ending)
    return word
