"""The figures of a day and a film, or a course, out of the sessions that were opened on it: one definition, for roll-ups and for the
dashboards of a day that has none yet."""

BUCKET = 1.1
"""The width of a bucket of start-up times: from one edge to the next. Its middle is at most 5 % off what fell into it."""

COMPLETED = 90
"""The percentage of a film that a session has played to count as completed, as for a chapter of which nothing is said."""

_NUMBERS = {
    "sessions": "CAST(count(*) AS integer)",
    "views": "CAST(count(*) FILTER (WHERE is_view) AS integer)",
    "viewers": "CAST(count(DISTINCT user_id) FILTER (WHERE is_view) AS integer)",
    "completed": f"CAST(count(*) FILTER (WHERE completion_rate >= {COMPLETED}) AS integer)",
    "watch_ms": "CAST(sum(round(watch_duration * 1000)) AS bigint)",
    "completion_sum": "CAST(sum(round(completion_rate * 1000)) AS bigint)",
    "bytes": "CAST(sum(bandwidth_used) AS bigint)",
    "stall_count": "CAST(sum(stall_count) AS bigint)",
    "stall_ms": "CAST(sum(stall_ms) AS bigint)",
}
_NAMES = ("bytes_by_rendition", "startup_buckets", "startup_counts", "errors", "devices")

READ = (
    *("user_id", "is_view", "completion_rate", "watch_duration", "bandwidth_used", "bytes_by_rendition", "startup_ms"),
    *("stall_count", "stall_ms", "errors", "device_type"),
)
"""The columns of a session that figures are made of, beside those of its place."""

OF_VIDEO = ("day", "video_id", "course_id", "chapter_id")
OF_COURSE = ("day", "course_id")


def columns(of: tuple[str, ...]) -> str:
    return ", ".join((*of, *_NUMBERS, *_NAMES))


def figures(sessions: str, of: tuple[str, ...]) -> str:
    """A SELECT of ``columns(of)`` out of ``sessions``: the name of a relation with the columns of ``video_analytics``, none
    of those of ``of`` null, and ``day``.

    Names are counted where they occur, and numbers where the sessions are: neither multiplies the other.
    """
    key = ", ".join(of)
    numbers = ", ".join(f"{expression} AS {name}" for name, expression in _NUMBERS.items())
    return f"""
SELECT {key}, {", ".join(_NUMBERS)}, coalesce(r.named, '{{}}') AS bytes_by_rendition,
       coalesce(u.buckets, '{{}}') AS startup_buckets, coalesce(u.counts, '{{}}') AS startup_counts,
       coalesce(e.named, '{{}}') AS errors, coalesce(d.named, '{{}}') AS devices
FROM (SELECT {key}, {numbers} FROM {sessions} GROUP BY {key}) b
LEFT JOIN ({_named(sessions, key, "bytes_by_rendition")}) r USING ({key})
LEFT JOIN ({_named(sessions, key, "errors")}) e USING ({key})
LEFT JOIN (SELECT {key}, jsonb_object_agg(device_type, n) AS named
           FROM (SELECT {key}, device_type, count(*) AS n FROM {sessions} WHERE device_type IS NOT NULL
                 GROUP BY {key}, device_type) counted GROUP BY {key}) d USING ({key})
LEFT JOIN (SELECT {key}, array_agg(bucket ORDER BY bucket) AS buckets, array_agg(n ORDER BY bucket) AS counts
           FROM (SELECT {key}, CAST(floor(ln(greatest(startup_ms, 1)) / ln({BUCKET})) AS smallint) AS bucket,
                        CAST(count(*) AS integer) AS n
                 FROM {sessions} WHERE startup_ms IS NOT NULL GROUP BY {key}, bucket) counted GROUP BY {key}) u USING ({key})
"""  # noqa: S608


def _named(sessions: str, key: str, column: str) -> str:
    """The sums of the numbers that stand in ``column`` under each name."""
    return f"""SELECT {key}, jsonb_object_agg(name, n) AS named
           FROM (SELECT {key}, one.key AS name, sum(CAST(one.value AS bigint)) AS n
                 FROM {sessions}, jsonb_each_text({column}) one GROUP BY {key}, one.key) counted
           GROUP BY {key}"""  # noqa: S608
