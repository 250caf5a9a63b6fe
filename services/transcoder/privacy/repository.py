"""Where the ledger names people, and what becomes of it."""

from shared.db.people import Fate, Mention, PeopleMap

PEOPLE = PeopleMap(
    mentions=(
        # A worker's id as a rule, and the admin's who paused, cancelled or retried.
        Mention("transcoding.job_events", "worker", Fate.AUTHOR),
    )
)
