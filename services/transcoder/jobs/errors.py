"""Why a job cannot be found or steered."""

from shared.http import Problem


def job_not_found(job_id: object) -> Problem:
    return Problem(404, "job_not_found", f"There is no job {job_id}. GET /api/admin/jobs lists them.")


def chunk_not_found(chunk_id: str) -> Problem:
    return Problem(404, "chunk_not_found", f"This job has no chunk {chunk_id}. GET the job to see its chunks.")


def rendition_not_found(name: str) -> Problem:
    return Problem(404, "rendition_not_found", f"This job makes no rendition {name}. GET the job to see what it makes.")


def already_ended(state: str) -> Problem:
    return Problem(409, "job_ended", f"The job has ended ({state}): there is nothing to stop. Retry it to begin anew.")


def still_running() -> Problem:
    return Problem(409, "job_running", "The job is still running. Cancel it first, or wait for its end.")


def not_wanted() -> Problem:
    return Problem(409, "video_gone", "The film was deleted or replaced; nothing can be made of this upload any more.")


def source_dropped() -> Problem:
    return Problem(
        409,
        "source_dropped",
        "The uploaded file of this film was let go after some time, as this installation is set up, so nothing can be "
        "made of it again. Upload the film with PUT /api/videos/{id}/replace.",
    )
