"""The library's statements. A page is found first, by what it is sorted by alone; what costs is asked for its films only."""

from sqlalchemy import TextClause, text

DAYS = 90

# From when on days have no figures of views yet.
ROLLED = text("""
SELECT coalesce((SELECT at + interval '1 day' FROM analytics.marks WHERE name = 'rolled'), '2000-01-01'),
       set_config('jit', 'off', true)
""")

_SHOWN = "coalesce(x.current_version_id, x.pending_version_id)"
_BYTES = "(SELECT coalesce(sum(r.bytes), 0) FROM media.renditions r WHERE r.version_id = ver.id)"
_SOURCE = "(CASE WHEN ver.source_dropped_at IS NULL THEN ver.source_bytes ELSE 0 END)"

# Days that have their figures, and the sessions of those that have none yet: today, and what the worker owes.
_DAYS_OF = f"""day > CAST(now() AT TIME ZONE 'UTC' AS date) - {DAYS} AND day < CAST(:rolled AS date)"""
_SINCE = f"session_id >= analytics.id_floor(greatest(now() - interval '{DAYS} days', CAST(:rolled AS timestamptz)))"

_KEPT_VIEWS = f"(SELECT coalesce(sum(d.views), 0) FROM analytics.video_days d WHERE d.video_id = x.id AND {_DAYS_OF})"  # noqa: S608
_NEW_VIEWS = f"""
latest AS MATERIALIZED (
    SELECT video_id, count(*) AS n FROM analytics.video_analytics WHERE {_SINCE} AND is_view GROUP BY video_id),
"""  # noqa: S608

_FILM = f"""
x.id, x.course_id, x.chapter_id, co.title AS course_title, ch.title, x.created_at, x.download_policy,
ver.id AS version_id, ver.original_name, ver.status, ver.percent, ver.error_code, ver.duration, ver.width, ver.height,
ver.fps, x.poster_key AS uploaded_poster, ver.chosen_poster_key AS chosen_poster, ver.poster_key AS found_poster,
{_SOURCE} AS source_bytes, {_BYTES} AS rendition_bytes,
{_KEPT_VIEWS} + (SELECT count(*) FROM analytics.video_analytics s WHERE s.video_id = x.id AND {_SINCE} AND s.is_view) AS views
"""  # noqa: S608

_FROM = f"""
media.videos x JOIN media.video_versions ver ON ver.id = {_SHOWN}
LEFT JOIN catalog.courses co ON co.id = x.course_id
LEFT JOIN catalog.chapters ch ON ch.course_version_id = co.current_version_id AND ch.id = x.chapter_id
"""

# Of all films the figures are added up in one go, of the films of some courses one by one.
_OF_ALL = {
    "size": """weights AS MATERIALIZED (SELECT version_id, sum(bytes) AS n FROM media.renditions GROUP BY version_id),""",
    "views": f"""
kept AS MATERIALIZED (
    SELECT d.video_id, sum(d.views) AS n FROM analytics.video_days d WHERE {_DAYS_OF} GROUP BY d.video_id),
{_NEW_VIEWS}""",  # noqa: S608
}
_JOINED = {
    "size": ("LEFT JOIN weights w ON w.version_id = ver.id", f"CAST({_SOURCE} + coalesce(w.n, 0) AS float8)"),
    "views": (
        "LEFT JOIN kept k ON k.video_id = x.id LEFT JOIN latest l ON l.video_id = x.id",
        "CAST(coalesce(k.n, 0) + coalesce(l.n, 0) AS float8)",
    ),
}
_ONE_BY_ONE = {
    "size": ("", f"CAST({_SOURCE} + {_BYTES} AS float8)"),
    "views": ("LEFT JOIN latest l ON l.video_id = x.id", f"CAST({_KEPT_VIEWS} + coalesce(l.n, 0) AS float8)"),
}
_SORTS = {
    "created": "CAST(extract(epoch FROM x.created_at) AS float8)",
    "name": "coalesce(ch.title, ver.original_name)",
    "duration": "coalesce(ver.duration, 0)",
}

_SCOPES = {
    "all": "true",
    "course": "x.course_id = :course_id",
    # An array, so that the planner sees a lookup for each and not a join.
    "mine": "x.course_id = ANY(ARRAY(SELECT course_id FROM catalog.course_instructors WHERE user_id = :actor_id))",
}


def films(scope: str, sort: str, *, searched: bool, by_state: bool, begun: bool) -> TextClause:
    """A page of films. Its parts come from this module alone, never from a request.

    ``begun``: it begins behind the place (``:key``, ``:id``).
    """
    name, falls = sort.removeprefix("-"), sort.startswith("-")
    before, (join, key) = "", ("", _SORTS.get(name, ""))
    if name in _JOINED:
        before = _OF_ALL[name] if scope == "all" else _NEW_VIEWS if name == "views" else ""
        join, key = _JOINED[name] if scope == "all" else _ONE_BY_ONE[name]
    wanted = ["x.deleted_at IS NULL", _SCOPES[scope]]
    if by_state:
        wanted.append("ver.status = :state")
    if searched:
        named = ("ver.original_name", "ch.title", "co.title")
        found = [f"position(lower(:q) IN lower({column})) > 0" for column in named]
        wanted.append(f"({' OR '.join(found)} OR :q IN (x.chapter_id, x.course_id, CAST(x.id AS text)))")
    kind = "text" if name == "name" else "float8"
    behind = f"WHERE (sort_key, id) {'<' if falls else '>'} (CAST(:key AS {kind}), CAST(:id AS uuid))" if begun else ""
    order = "DESC" if falls else "ASC"
    return text(f"""
WITH {before}
sorted AS (
    SELECT x.id, {key} AS sort_key
    FROM {_FROM} {join}
    WHERE {" AND ".join(wanted)}),
page AS MATERIALIZED (SELECT id, sort_key FROM sorted {behind} ORDER BY sort_key {order}, id {order} LIMIT :limit)
SELECT page.sort_key, {_FILM} FROM page JOIN media.videos x ON x.id = page.id
JOIN media.video_versions ver ON ver.id = {_SHOWN}
LEFT JOIN catalog.courses co ON co.id = x.course_id
LEFT JOIN catalog.chapters ch ON ch.course_version_id = co.current_version_id AND ch.id = x.chapter_id
ORDER BY page.sort_key {order}, page.id {order}
""")  # noqa: S608


FILM = text(f"SELECT {_FILM} FROM {_FROM} WHERE x.id = :video_id AND x.deleted_at IS NULL")  # noqa: S608

VERSIONS = text("""
SELECT v.id, v.number, v.status, v.id = x.current_version_id AS is_current, v.original_name, v.container, v.source_bytes,
       v.source_sha256, v.duration, v.created_at, v.ready_at, v.gone_at,
       (SELECT j.id FROM transcoding.video_processing_jobs j WHERE j.version_id = v.id) AS job_id
FROM media.video_versions v JOIN media.videos x ON x.id = v.video_id
WHERE x.id = :video_id AND (v.id IN (x.current_version_id, x.pending_version_id) OR v.gone_at > now())
ORDER BY v.number DESC
""")
