"""arq as a doorbell: it wakes whoever can work, and the work itself stands in Postgres."""

from shared.jobs.queue import Doorbell, JobHandler, redis_settings, run_until_stopped, run_worker, worker_for

__all__ = ["Doorbell", "JobHandler", "redis_settings", "run_until_stopped", "run_worker", "worker_for"]
