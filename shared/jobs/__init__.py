"""arq as a doorbell: it wakes whoever can work, and the work itself stands in Postgres."""

from shared.jobs.queue import Doorbell, JobHandler, every, redis_settings, run_until_stopped, run_worker, worker_for

__all__ = ["Doorbell", "JobHandler", "every", "redis_settings", "run_until_stopped", "run_worker", "worker_for"]
