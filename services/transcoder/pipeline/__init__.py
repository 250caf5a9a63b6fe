"""From a stored source to published segments: the ledger, planning, and the work on chunks."""
