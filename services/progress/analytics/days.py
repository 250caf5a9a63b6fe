"""The figures of a day and a film, out of the sessions that were opened on it: one definition, for roll-ups and for the
dashboards of a day that has none yet."""

BUCKET = 1.1
"""The width of a bucket of start-up times: from one edge to the next. Its middle is at most 5 % off what fell into it."""

COMPLETED = 90
"""The percentage of a film that a session has played to count as completed, as for a chapter of which nothing is said."""

COLUMNS = (
    "day, video_id, course_id, chapter_id, sessions, views, viewers, completed, watch_ms, completion_sum, bytes,"
    " bytes_by_rendition, startup_buckets, startup_counts, stall_count, stall_ms, errors, devices"
)


def figures(sessions: str) -> str:
    """A SELECT of ``COLUMNS`` out of ``sessions``, the name of a relation with the columns of ``video_analytics`` and ``day``.

    Names are counted where they occur, and numbers where the sessions are: neither multiplies the other.
    """
    return f"""
SELECT b.day, b.video_id, b.course_id, b.chapter_id, b.sessions, b.views, b.viewers, b.completed, b.watch_ms,
       b.completion_sum, b.bytes, coalesce(r.named, '{{}}') AS bytes_by_rendition,
       coalesce(u.buckets, '{{}}') AS startup_buckets, coalesce(u.counts, '{{}}') AS startup_counts,
       b.stall_count, b.stall_ms, coalesce(e.named, '{{}}') AS errors, coalesce(d.named, '{{}}') AS devices
FROM (SELECT day, video_id, coalesce(max(course_id), '') AS course_id, coalesce(max(chapter_id), '') AS chapter_id,
             CAST(count(*) AS integer) AS sessions, CAST(count(*) FILTER (WHERE is_view) AS integer) AS views,
             CAST(count(DISTINCT user_id) FILTER (WHERE is_view) AS integer) AS viewers,
             CAST(count(*) FILTER (WHERE completion_rate >= {COMPLETED}) AS integer) AS completed,
             CAST(sum(round(watch_duration * 1000)) AS bigint) AS watch_ms,
             CAST(sum(round(completion_rate * 1000)) AS bigint) AS completion_sum,
             CAST(sum(bandwidth_used) AS bigint) AS bytes, CAST(sum(stall_count) AS bigint) AS stall_count,
             CAST(sum(stall_ms) AS bigint) AS stall_ms
      FROM {sessions} GROUP BY day, video_id) b
LEFT JOIN ({_named(sessions, "bytes_by_rendition")}) r ON r.day = b.day AND r.video_id = b.video_id
LEFT JOIN ({_named(sessions, "errors")}) e ON e.day = b.day AND e.video_id = b.video_id
LEFT JOIN (SELECT day, video_id, jsonb_object_agg(device_type, n) AS named
           FROM (SELECT day, video_id, device_type, count(*) AS n FROM {sessions} WHERE device_type IS NOT NULL
                 GROUP BY day, video_id, device_type) counted GROUP BY day, video_id) d
       ON d.day = b.day AND d.video_id = b.video_id
LEFT JOIN (SELECT day, video_id, array_agg(bucket ORDER BY bucket) AS buckets, array_agg(n ORDER BY bucket) AS counts
           FROM (SELECT day, video_id, CAST(floor(ln(greatest(startup_ms, 1)) / ln({BUCKET})) AS smallint) AS bucket,
                        CAST(count(*) AS integer) AS n
                 FROM {sessions} WHERE startup_ms IS NOT NULL GROUP BY 1, 2, 3) counted GROUP BY day, video_id) u
       ON u.day = b.day AND u.video_id = b.video_id
"""  # noqa: S608


def _named(sessions: str, column: str) -> str:
    """The sums of the numbers that stand in ``column`` under each name."""
    return f"""SELECT day, video_id, jsonb_object_agg(name, n) AS named
           FROM (SELECT day, video_id, one.key AS name, sum(CAST(one.value AS bigint)) AS n
                 FROM {sessions}, jsonb_each_text({column}) one GROUP BY day, video_id, one.key) counted
           GROUP BY day, video_id"""  # noqa: S608
