"""The dashboards' statements. Each is one, with ``{scope}`` for whose courses are shown and an index behind that.

What is sorted comes by falling ``sort_key`` and rising ``id``, from the place ``(:number, :id)`` on.
"""

from typing import Literal

from sqlalchemy import TextClause, text

from services.progress.analytics import days
from services.progress.analytics.days import BUCKET

Scope = Literal["all", "course", "mine"]

_SCOPES: dict[Scope, str] = {
    "all": "true",
    "course": "{column} = :course_id",
    # An array, so that the planner sees a lookup for each and not a join.
    "mine": "{column} = ANY(ARRAY(SELECT course_id FROM catalog.course_instructors WHERE user_id = :actor_id))",
}


def _figures(table: str, of: tuple[str, ...]) -> str:
    """``f``: days that have their figures, and the sessions of those that have none yet: today, and what the worker owes.

    Since when that is comes as a value, so that the planner knows how few these are.
    """
    return f"""
s AS MATERIALIZED (
    SELECT CAST(uuid_extract_timestamp(session_id) AT TIME ZONE 'UTC' AS date) AS day, session_id, video_id,
           coalesce(course_id, '') AS course_id, coalesce(chapter_id, '') AS chapter_id, {", ".join(days.READ)}
    FROM analytics.video_analytics
    WHERE session_id >= analytics.id_floor(greatest(CAST(:opens AS timestamptz), CAST(:rolled AS timestamptz)))
      AND session_id < analytics.id_floor(:closes) AND {{scope}}),
f AS (
    SELECT {days.columns(of)} FROM analytics.{table}
    WHERE day >= :first AND day <= :last AND day < CAST(:rolled AS date) AND {{scope}}
    UNION ALL {days.figures("s", of).replace("{", "{{").replace("}", "}}")})
"""  # noqa: S608


_OF_VIDEOS = _figures("video_days", days.OF_VIDEO)
_OF_COURSES = _figures("course_days", days.OF_COURSE)

# A dashboard is rare, and may sort in memory; the default is for many at once. Compiling a statement takes longer than any.
ROLLED = text("""
SELECT coalesce((SELECT at + interval '1 day' FROM analytics.marks WHERE name = 'rolled'), '2000-01-01'),
       set_config('work_mem', '64MB', true), set_config('jit', 'off', true)
""")

# Else the planner would gather everybody first wherever there is memory for it, to show a page of them.
IN_ORDER = text("SELECT set_config('enable_hashagg', 'off', true), set_config('jit', 'off', true)")

_PAGE = """
WHERE sort_key < CAST(:number AS float8) OR (sort_key = CAST(:number AS float8) AND id > :id)
ORDER BY sort_key DESC, id LIMIT :limit
"""

_TITLE = """
LEFT JOIN catalog.courses co ON co.id = page.course_id
LEFT JOIN catalog.chapters ch ON ch.course_version_id = co.current_version_id AND ch.id = page.chapter_id
"""

VIDEOS = f"""
WITH {_OF_VIDEOS},
v AS (
    SELECT video_id, max(course_id) AS course_id, max(chapter_id) AS chapter_id, sum(sessions) AS sessions,
           sum(views) AS views, sum(completed) AS completed, CAST(sum(watch_ms) AS float8) / 1000 AS watch_duration,
           CAST(sum(watch_ms) AS float8) / 1000 / sum(sessions) AS average_watch_duration,
           CAST(sum(completion_sum) AS float8) / 1000 / sum(sessions) AS average_completion_rate,
           sum(bytes) AS bandwidth_used
    FROM f GROUP BY video_id),
sorted AS (SELECT v.*, CAST(video_id AS text) AS id, CAST({{sort}} AS float8) AS sort_key FROM v),
page AS (SELECT * FROM sorted {_PAGE})
SELECT page.*, ch.title FROM page {_TITLE}
ORDER BY sort_key DESC, page.id
"""  # noqa: S608

CHAPTERS = f"""
WITH c AS (
    SELECT course_id, chapter_id, count(*) AS started,
           count(completed_at) FILTER (WHERE completed_at >= :opens AND completed_at < :closes) AS completed
    FROM learning.progress WHERE {{scope}} GROUP BY course_id, chapter_id),
sorted AS (
    SELECT c.*, CAST(completed AS float8) / started AS completion_share, chapter_id AS id,
           CAST({{sort}} AS float8) AS sort_key
    FROM c),
page AS (SELECT * FROM sorted {_PAGE})
SELECT page.*, ch.title FROM page {_TITLE}
ORDER BY sort_key DESC, page.id
"""  # noqa: S608

USERS = f"""
WITH p AS (
    SELECT p.*, least(100, coalesce(100 * (SELECT sum(upper(r) - lower(r)) FROM unnest(p.watched) r)
                                    / nullif(p.duration_ms, 0), 0)) AS watch_percentage
    FROM learning.progress p WHERE p.user_id = :user_id AND {{scope}}),
sorted AS (
    SELECT p.course_id, p.chapter_id, is_completed, completed_at, position_ms, watch_time_ms, started_at, updated_at,
           CAST(coalesce(watch_percentage, 0) AS float8) AS watch_percentage, p.chapter_id AS id,
           CAST({{sort}} AS float8) AS sort_key
    FROM p),
page AS (SELECT * FROM sorted {_PAGE}),
watched AS (
    SELECT chapter_id, count(*) AS sessions, coalesce(sum(cardinality(rewinds)), 0) AS rewinds
    FROM learning.watch_sessions WHERE user_id = :user_id GROUP BY chapter_id)
SELECT page.*, coalesce(w.sessions, 0) AS sessions, coalesce(w.rewinds, 0) AS rewinds, ch.title, co.title AS course_title
FROM page
LEFT JOIN watched w ON w.chapter_id = page.chapter_id
{_TITLE}
ORDER BY sort_key DESC, page.id
"""  # noqa: S608

# In the order of an index, so that it ends as soon as a page is full: nobody asks for all of a great platform at once.
STRUGGLING = """
WITH totals AS MATERIALIZED (
    SELECT course_id, count(video_id) AS chapters FROM catalog.current_chapters WHERE {scope}
    GROUP BY course_id HAVING count(video_id) > 0),
students AS (
    SELECT course_id, user_id, count(*) FILTER (WHERE is_completed) AS completed,
           min(coalesce(started_at, created_at)) AS started_at,
           coalesce(max(position_at), max(updated_at)) AS last_active_at,
           sum(CASE WHEN is_completed THEN 1.0 ELSE least(1.0, coalesce(
               (SELECT CAST(sum(upper(r) - lower(r)) AS float8) FROM unnest(watched) r) / nullif(duration_ms, 0), 0)) END
           ) AS done
    FROM learning.progress
    WHERE {scope} AND (course_id, user_id) > (:after_course, :after_user)
    GROUP BY course_id, user_id ORDER BY course_id, user_id),
measured AS (
    SELECT st.*, (SELECT chapters FROM totals t WHERE t.course_id = st.course_id) AS chapters,
           extract(epoch FROM now() - started_at) / 86400 AS age_days,
           CAST(floor(extract(epoch FROM now() - last_active_at) / 86400) AS integer) AS absent_days
    FROM students st
    WHERE NOT EXISTS (SELECT 1 FROM catalog.course_instructors i
                      WHERE i.course_id = st.course_id AND i.user_id = st.user_id)),
judged AS (
    SELECT m.*, 100 * least(1, done / chapters) AS percentage, 100 * least(1, age_days / :pace) AS expected,
           back.chapter_id AS rewind_chapter_id, back.place AS rewind_ms, coalesce(back.n, 0) AS rewinds
    FROM measured m LEFT JOIN LATERAL (
        SELECT chapter_id, place, count(*) OVER (PARTITION BY chapter_id ORDER BY place
                                                 RANGE BETWEEN CURRENT ROW AND CAST(:near_ms AS bigint) FOLLOWING) AS n
        FROM learning.watch_sessions w, unnest(w.rewinds) place
        WHERE w.course_id = m.course_id AND w.user_id = m.user_id AND w.rewinds <> '{{}}'
        ORDER BY n DESC, chapter_id, place LIMIT 1) back ON true
    WHERE m.completed < m.chapters)
SELECT course_id, user_id, completed, chapters, started_at, last_active_at, absent_days,
       CAST(percentage AS float8) AS percentage, CAST(expected AS float8) AS expected, rewind_chapter_id, rewind_ms,
       rewinds, age_days >= :patience AND percentage < expected / 2 AS is_behind, rewinds >= :often AS goes_back,
       absent_days >= :absent AS is_absent
FROM judged
WHERE (age_days >= :patience AND percentage < expected / 2) OR rewinds >= :often OR absent_days >= :absent
ORDER BY course_id, user_id LIMIT :limit
"""

_STUDENTS = """SELECT DISTINCT user_id FROM {table} part WHERE course_id = :course_id AND user_id > :id
         AND NOT EXISTS (SELECT 1 FROM catalog.course_instructors i
                         WHERE i.course_id = :course_id AND i.user_id = part.user_id)
         ORDER BY user_id LIMIT :limit"""

# Students come in the order of two indexes, no more than the page shows, so a course of any size costs the same.
MATRIX = text(f"""
WITH chapters AS MATERIALIZED (
    SELECT chapter_id, title, position, video_id IS NOT NULL AS has_film
    FROM catalog.current_chapters WHERE course_id = :course_id),
page AS MATERIALIZED (
    SELECT user_id FROM (
        ({_STUDENTS.format(table="catalog.enrollments")})
        UNION
        ({_STUDENTS.format(table="learning.progress")})) students
    ORDER BY user_id LIMIT :limit)
SELECT page.user_id, cells.cells, e.user_id IS NOT NULL AS is_enrolled,
       (SELECT title FROM catalog.courses WHERE id = :course_id) AS title,
       (SELECT jsonb_agg(jsonb_build_object('chapter_id', chapter_id, 'title', title, 'has_film', has_film)
                         ORDER BY position) FROM chapters) AS chapters
FROM (SELECT 1) one LEFT JOIN page ON true
LEFT JOIN catalog.enrollments e ON e.course_id = :course_id AND e.user_id = page.user_id
LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object(
               'is_completed', coalesce(p.is_completed, false), 'completed_at', p.completed_at,
               'is_begun', coalesce(p.watched <> '{{}}' OR p.position_ms > 0, false),
               'watch_percentage', least(100, coalesce(100.0 * (
                   SELECT sum(upper(r) - lower(r)) FROM unnest(p.watched) r) / nullif(p.duration_ms, 0), 0)),
               'last_watched_at', coalesce(
                   p.position_at, CASE WHEN p.watched <> '{{}}' OR p.position_ms > 0 THEN p.updated_at END))
           ORDER BY ch.position) AS cells
    FROM chapters ch
    LEFT JOIN learning.progress p ON p.user_id = page.user_id AND p.chapter_id = ch.chapter_id) cells ON true
ORDER BY page.user_id
""")  # noqa: S608

FILM = text("""
SELECT v.course_id, catalog.is_staff(v.course_id, :actor_id, :role) AS is_staff,
       CAST(round(vv.duration * 1000) AS bigint) AS duration_ms
FROM media.videos v LEFT JOIN media.video_versions vv ON vv.id = v.current_version_id
WHERE v.id = :video_id AND v.deleted_at IS NULL
""")

TEACHES = text("SELECT catalog.is_staff(:course_id, :actor_id, :role)")


def _steps(ms: str, clock: str) -> str:
    """``ms`` on the clock of a version of ``clock`` milliseconds, on that of the film as it is now."""
    return f"((2 * {ms} * CAST(:duration AS bigint) + {clock}) / (2 * {clock}))"


def _touched(spans: str, clock: str) -> str:
    """The steps that a multirange has some of, each once."""
    low, high = _steps("lower(r)", clock), _steps("upper(r)", clock)
    return f"""(SELECT range_agg(int8range({low} / :step, least(({high} + :step - 1) / :step, :steps)))
               FROM unnest({spans}) r WHERE {low} / :step < least(({high} + :step - 1) / :step, :steps))"""  # noqa: S608


RETENTION = text(f"""
WITH people AS MATERIALIZED (
    SELECT {_touched("watched", "duration_ms")} AS seen FROM learning.progress
    WHERE video_id = :video_id AND NOT isempty(watched) AND duration_ms > 0),
played AS MATERIALIZED (
    SELECT {_touched("played", "coalesce(duration_ms, :duration)")} AS seen, rewinds, position_ms,
           coalesce(duration_ms, :duration) AS clock,
           state = 'ended' OR last_beat_at < now() - interval '15 minutes' AS is_over
    FROM learning.watch_sessions WHERE video_id = :video_id AND coalesce(duration_ms, :duration) > 0),
changes (step, viewers, plays, rewinds, gone) AS (
    SELECT lower(r), 1, 0, 0, 0 FROM people, unnest(seen) r
    UNION ALL SELECT upper(r), -1, 0, 0, 0 FROM people, unnest(seen) r
    UNION ALL SELECT lower(r), 0, 1, 0, 0 FROM played, unnest(seen) r
    UNION ALL SELECT upper(r), 0, -1, 0, 0 FROM played, unnest(seen) r
    UNION ALL SELECT least({_steps("place", "clock")} / :step, :steps - 1), 0, 0, 1, 0
              FROM played, unnest(rewinds) place
    UNION ALL SELECT least({_steps("position_ms", "clock")} / :step, :steps - 1), 0, 0, 0, 1 FROM played
              WHERE is_over AND position_ms < clock * 0.95),
summed AS (
    SELECT step, sum(viewers) AS viewers, sum(plays) AS plays, sum(rewinds) AS rewinds, sum(gone) AS gone
    FROM changes GROUP BY step)
SELECT step, CAST(sum(coalesce(viewers, 0)) OVER w AS bigint) AS viewers,
       CAST(sum(coalesce(plays, 0)) OVER w AS bigint) AS plays, coalesce(rewinds, 0) AS rewinds, coalesce(gone, 0) AS gone,
       (SELECT count(*) FROM people) AS all_viewers, (SELECT count(*) FROM played) AS all_sessions
FROM generate_series(CAST(0 AS bigint), CAST(:steps - 1 AS bigint)) step LEFT JOIN summed USING (step)
WINDOW w AS (ORDER BY step) ORDER BY step
""")  # noqa: S608


def _quantiles(keyed: str) -> str:
    """The buckets of the middle and of nineteen in twenty start-ups, for each id of ``keyed``."""
    return f"""(
    SELECT id, max(startups) AS startups, min(bucket) FILTER (WHERE upto >= 0.5 * startups) AS p50,
           min(bucket) FILTER (WHERE upto >= 0.95 * startups) AS p95
    FROM (SELECT id, bucket, sum(n) OVER (PARTITION BY id ORDER BY bucket) AS upto,
                 sum(n) OVER (PARTITION BY id) AS startups
          FROM (SELECT id, bucket, sum(n) AS n FROM {keyed}, unnest(startup_buckets, startup_counts) AS u (bucket, n)
                GROUP BY id, bucket) counted) ranked
    GROUP BY id)"""  # noqa: S608


def _named(column: str) -> str:
    """The sums under each name of ``column``, for each id of the page."""
    return f"""(
    SELECT id, jsonb_object_agg(name, n) AS named FROM (
        SELECT id, one.key AS name, sum(CAST(one.value AS bigint)) AS n
        FROM shown, jsonb_each_text({column}) one WHERE {column} <> '{{{{}}}}' GROUP BY id, one.key) counted
    GROUP BY id)"""  # noqa: S608


def _experience(figures: str, *, by_startup: bool) -> str:
    """Names and start-ups are added up for the page alone, but where that is sorted by start-ups."""
    of_all = f"quantiles AS MATERIALIZED {_quantiles('keyed')}," if by_startup else ""
    measured = "numbers LEFT JOIN quantiles q USING (id)" if by_startup else "numbers"
    quantiles = "quantiles" if by_startup else _quantiles("shown")
    return f"""
WITH {figures},
keyed AS MATERIALIZED (SELECT {{key}} AS id, f.* FROM f),
numbers AS (
    SELECT id, sum(sessions) AS sessions, sum(views) AS views, sum(stall_count) AS stalls, sum(stall_ms) AS stall_ms,
           CAST(sum(stall_ms) AS float8) / nullif(sum(stall_ms) + sum(watch_ms), 0) AS rebuffer_ratio
    FROM keyed GROUP BY id),
{of_all}
sorted AS (SELECT numbers.*, CAST(coalesce({{sort}}, 0) AS float8) AS sort_key FROM {measured}),
page AS MATERIALIZED (SELECT * FROM sorted {_PAGE}),
shown AS MATERIALIZED (
    SELECT id, startup_buckets, startup_counts, bytes_by_rendition, errors, devices FROM keyed
    WHERE id IN (SELECT id FROM page))
SELECT page.*, q.startups, power({BUCKET}, q.p50 + 0.5) AS p50_ms, power({BUCKET}, q.p95 + 0.5) AS p95_ms,
       r.named AS renditions, e.named AS errors, d.named AS devices
FROM page LEFT JOIN {quantiles} q USING (id) LEFT JOIN {_named("bytes_by_rendition")} r USING (id)
LEFT JOIN {_named("errors")} e USING (id) LEFT JOIN {_named("devices")} d USING (id)
ORDER BY sort_key DESC, id
"""  # noqa: S608


def experience(by: str, sort: str) -> str:
    figures = _OF_VIDEOS if by == "video" else _OF_COURSES
    return _experience(figures, by_startup=sort.endswith("startupP95"))


BANDWIDTH = f"""
WITH {_OF_COURSES},
kept AS MATERIALIZED (SELECT course_id, bytes, bytes_by_rendition FROM f),
streamed AS (SELECT course_id, sum(bytes) AS bytes FROM kept GROUP BY course_id),
fetched AS (
    SELECT v.course_id, sum(d.bytes) AS bytes FROM media.videos v JOIN analytics.downloads d ON d.video_id = v.id
    WHERE d.created_at >= :opens AND d.created_at < :closes AND {{video_scope}} GROUP BY v.course_id),
sorted AS (
    SELECT course_id AS id, coalesce(s.bytes, 0) AS streamed_bytes, coalesce(t.bytes, 0) AS downloaded_bytes,
           CAST({{sort}} * (coalesce(s.bytes, 0) + coalesce(t.bytes, 0)) AS float8) AS sort_key
    FROM streamed s FULL JOIN fetched t USING (course_id)),
page AS (SELECT * FROM sorted {_PAGE}),
named AS (
    SELECT id, jsonb_object_agg(name, n) AS renditions FROM (
        SELECT page.id, one.key AS name, sum(CAST(one.value AS bigint)) AS n
        FROM kept JOIN page ON page.id = kept.course_id CROSS JOIN LATERAL jsonb_each_text(bytes_by_rendition) one
        GROUP BY page.id, one.key) counted
    GROUP BY id)
SELECT page.*, named.renditions, co.title FROM page
LEFT JOIN named USING (id) LEFT JOIN catalog.courses co ON co.id = page.id
ORDER BY sort_key DESC, page.id
"""  # noqa: S608

KEYS = {"all": "'all'", "day": "CAST(day AS text)", "course": "course_id", "video": "CAST(video_id AS text)"}

SORTS: dict[str, dict[str, str]] = {
    "videos": {
        "views": "views",
        "sessions": "sessions",
        "watchDuration": "watch_duration",
        "averageWatchDuration": "average_watch_duration",
        "averageCompletionRate": "average_completion_rate",
        "bandwidthUsed": "bandwidth_used",
    },
    "chapters": {
        "completed": "completed",
        "started": "started",
        "completionShare": "CAST(completed AS float8) / started",
    },
    "users": {
        "updatedAt": "extract(epoch FROM updated_at)",
        "watchTime": "watch_time_ms",
        "watchPercentage": "coalesce(watch_percentage, 0)",
    },
    "experience": {
        "key": "0",
        "sessions": "numbers.sessions",
        "startupP95": "q.p95",
        "rebufferRatio": "rebuffer_ratio",
    },
}
"""What each list may be sorted by: the member's name, and the expression."""


def scoped(statement: str, scope: Scope, **parts: str) -> TextClause:
    """A statement for what ``scope`` lets see. Its parts come from this module alone, never from a request."""
    own = _SCOPES[scope].format(column="course_id")
    return text(statement.format(scope=own, video_scope=_SCOPES[scope].format(column="v.course_id"), **parts))


def falling(name: str, sort: str) -> str:
    """The expression by which rows come in falling order; with a minus before ``sort`` its own order is falling."""
    expression = SORTS[name][sort.removeprefix("-")]
    return expression if sort.startswith("-") else f"-({expression})"
