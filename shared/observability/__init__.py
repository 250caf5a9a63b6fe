"""Logs that lead from a request to what it caused, and never hold a secret."""

from shared.observability.logs import (
    IS_MASKED,
    configure_logging,
    mask_path,
    new_request_id,
    request_id,
    request_id_scope,
)

__all__ = ["IS_MASKED", "configure_logging", "mask_path", "new_request_id", "request_id", "request_id_scope"]
