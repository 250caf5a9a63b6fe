"""From names of folders and files to ids and titles. The same name gives the same id, on every machine and for ever."""

import hashlib
import re
import unicodedata

ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
LONGEST = 128
_DIGEST = 10
_NATIONAL = (
    "ა=a ბ=b გ=g დ=d ე=e ვ=v ზ=z თ=t ი=i კ=k ლ=l მ=m ნ=n ო=o პ=p ჟ=zh რ=r ს=s ტ=t უ=u ფ=p ქ=k ღ=gh ყ=q შ=sh ჩ=ch "
    "ც=ts ძ=dz წ=ts ჭ=ch ხ=kh ჯ=j ჰ=h"
)
"""Georgian in Latin letters, as the country writes it on its road signs."""
_GEORGIAN = dict(pair.split("=") for pair in _NATIONAL.split())


def id_of(name: str, room: int = LONGEST) -> str:
    """An id of at most ``room`` characters; the name itself where it is one.

    What an id cannot hold is written otherwise, and a digest of the name keeps apart what would then be the same.
    """
    name = unicodedata.normalize("NFC", name)
    if ID.fullmatch(name) and len(name) <= room:
        return name
    latin = "".join(_GEORGIAN.get(character, character) for character in name)
    plain = unicodedata.normalize("NFKD", latin).encode("ascii", "ignore").decode()
    kept = re.sub(r"[^A-Za-z0-9._:]+", "-", plain).strip("-.")
    digest = hashlib.sha256(name.encode()).hexdigest()[:_DIGEST]
    kept = kept[: room - _DIGEST - 1].rstrip("-.")
    return f"{kept}-{digest}" if kept else digest


def chapter_id_of(course: str, stem: str) -> str:
    """The id of the chapter of a film called ``stem``: ids of chapters are unique over all courses."""
    # Half of the room for each, so that a course with a very long id still has distinct chapters.
    before = id_of(course, LONGEST // 2)
    return f"{before}:{id_of(stem, LONGEST - len(before) - 1)}"


def title_of(name: str, *, numbered: bool = False) -> str:
    """What people read. ``numbered``: without the number that only sorts it (``03_Motion`` is ``Motion``)."""
    title = " ".join(unicodedata.normalize("NFC", name).replace("_", " ").split())
    if numbered:
        title = re.sub(r"^\d{1,3}(\s*[.)\-–—:]+\s*|\s+)(?=\S)", "", title) or title
    return title[:500]


def natural(name: str) -> list[tuple[int, int, str]]:
    """A key that sorts as people count: 2 before 10."""
    pieces = re.split(r"(\d+)", unicodedata.normalize("NFC", name).casefold())
    return [(0, int(piece), "") if piece.isascii() and piece.isdigit() else (1, 0, piece) for piece in pieces]
