"""What is to be brought in: a tree of folders, or a table."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cli.imports.names import ID, chapter_id_of, id_of, natural, title_of

FILMS = {".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".m4a"}
COLUMNS = ("course_id", "course_title", "chapter_id", "title", "file", "position")
NEEDED = ("course_id", "file")
MOST_COMPLAINTS = 20


class BadSource(Exception):
    """Why nothing of it is brought in, a sentence each."""

    def __init__(self, *sentences: str) -> None:
        super().__init__(" ".join(sentences))
        self.sentences = sentences


@dataclass(frozen=True)
class Item:
    """A film and the chapter it belongs to. ``position`` is the table's, None where it has none."""

    course: str
    course_title: str
    chapter: str
    title: str
    file: Path
    position: int | None = None
    where: str = ""
    """How the source calls it, for complaints."""

    @property
    def size(self) -> int:
        return self.file.stat().st_size


def read_source(path: Path) -> list[Item]:
    """The films below a directory or in a CSV file, in the order of their chapters. Raises BadSource."""
    if path.is_dir():
        items, complaints = list(_tree(path)), _loose(path)
    elif path.is_file():
        items, complaints = _table(path)
    else:
        raise BadSource(f"There is no {path}: name a directory with a folder for each course, or a CSV file.")
    complaints += _twins(items)
    if complaints:
        raise BadSource(*complaints)
    if not items:
        kinds = " ".join(sorted(FILMS))
        raise BadSource(f"No films were found in {path}: they are files that end in one of {kinds}.")
    return items


def _tree(root: Path) -> Iterator[Item]:
    for folder in _sorted(root):
        if not folder.is_dir():
            continue
        course = id_of(folder.name)
        for film in _sorted(folder):
            if film.is_file() and film.suffix.lower() in FILMS:
                title = title_of(film.stem, numbered=True)
                chapter = chapter_id_of(course, film.stem)
                yield Item(course, title_of(folder.name), chapter, title, film, where=str(film.relative_to(root)))


def _sorted(folder: Path) -> list[Path]:
    return sorted((path for path in folder.iterdir() if not path.name.startswith(".")), key=lambda p: natural(p.name))


def _loose(root: Path) -> list[str]:
    loose = [path for path in _sorted(root) if path.is_file() and path.suffix.lower() in FILMS]
    return [f"{path.name} lies in no course: each course is a folder of {root}." for path in loose]


def _table(path: Path) -> tuple[list[Item], list[str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadSource(f"{path} cannot be read ({error}): save it as CSV in UTF-8.") from None
    first = text.partition("\n")[0]
    # Spreadsheets of many countries write semicolons.
    rows = csv.DictReader(text.splitlines(), delimiter=";" if first.count(";") > first.count(",") else ",")
    names = [name.strip() for name in rows.fieldnames or []]
    rows.fieldnames = names
    missing, unknown = [n for n in NEEDED if n not in names], [n for n in names if n not in COLUMNS]
    if missing or unknown:
        what = f"has no column {', '.join(missing)}" if missing else f"has an unknown column {', '.join(unknown)}"
        raise BadSource(
            f"Line 1 of {path} {what}: its columns are {', '.join(COLUMNS)}; the last four may be left out."
        )
    items: list[Item] = []
    complaints: list[str] = []
    for row in rows:
        try:
            items.append(_row(row, path.parent, f"line {rows.line_num}"))
        except BadSource as bad:
            complaints += bad.sentences
    return _by_position(items), complaints


def _row(row: Mapping[str, str | None], base: Path, where: str) -> Item:
    given = {name: (value or "").strip() for name, value in row.items() if isinstance(name, str)}
    complaint = f"{where[0].upper()}{where[1:]}: "
    if None in row:
        raise BadSource(f"{complaint}it has more values than there are columns. Put values with commas into quotes.")
    course, file = given["course_id"], base / given["file"]
    chapter = given.get("chapter_id") or chapter_id_of(course, file.stem)
    for name, value in (("course_id", course), ("chapter_id", chapter)):
        if not ID.fullmatch(value):
            raise BadSource(f"{complaint}{name} is {value!r}, and has to be 1 to 128 of A-Z a-z 0-9 . _ : -")
    if not given["file"] or not file.is_file():
        raise BadSource(f"{complaint}there is no file {given['file'] or '(none named)'}; it is looked for from {base}.")
    position = given.get("position") or None
    if position is not None and not (position.isascii() and position.isdigit() and int(position) <= 1_000_000):
        raise BadSource(f"{complaint}position is {position!r}, and has to be a number from 0 to 1000000, or nothing.")
    return Item(
        course=course,
        course_title=given.get("course_title") or title_of(course),
        chapter=chapter,
        title=given.get("title") or title_of(file.stem, numbered=True),
        file=file,
        position=int(position) if position is not None else None,
        where=where,
    )


def _by_position(items: list[Item]) -> list[Item]:
    """As the table has them, but for what names its place."""
    return sorted(items, key=lambda item: (item.position is None, item.position or 0))


def _twins(items: list[Item]) -> list[str]:
    seen: dict[str, Item] = {}
    complaints = []
    for item in items:
        other = seen.setdefault(item.chapter, item)
        if other is not item:
            complaints.append(
                f"{other.where} and {item.where} are both chapter {item.chapter}: give one of them another name or id."
            )
    return complaints
