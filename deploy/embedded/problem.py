"""What goes wrong before or while Lectern starts, as one sentence with the way out.

Standard library only: the set-up imports this before anything is installed.
"""

import errno
import os
from pathlib import Path


class SetupProblemError(Exception):
    """The message is one sentence for a person and says what to do; no traceback is shown with it."""


def disk_problem(error: OSError, place: Path) -> SetupProblemError:
    """Turns an OSError met while writing below `place` into its sentence."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return SetupProblemError(
            f"The disk that holds {place} is full: free some space, or set LECTERN_HOME to a directory on another disk."
        )
    if error.errno == errno.EROFS:
        return SetupProblemError(
            f"{place} is on a read-only file system: set LECTERN_HOME to a directory you may write."
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return SetupProblemError(_not_allowed(place))
    if error.errno in (errno.EEXIST, errno.ENOTDIR, errno.ENOENT):
        return SetupProblemError(_no_directory(place))
    reason = error.strerror or str(error)
    return SetupProblemError(f"{place} cannot be used ({reason}): set LECTERN_HOME to another directory.")


def _not_allowed(place: Path) -> str:
    if os.geteuid() == 0:
        # Root has nobody to ask and nothing to chown: it is the system that refuses.
        return (
            f"Not even root may write to {place}, which the system keeps for itself: "
            f"set LECTERN_HOME to a directory on a disk."
        )
    return (
        f"You (uid {os.geteuid()}) may not write to {place}: "
        f"give it to your user with chown, or set LECTERN_HOME to a directory you may write."
    )


def _no_directory(place: Path) -> str:
    file = next((part for part in (place, *place.parents) if part.exists() and not part.is_dir()), None)
    if file is not None:
        return f"{file} is a file, where Lectern needs a directory: set LECTERN_HOME to a directory."
    return (
        f"{place} cannot be made, because the system takes no new directories there: "
        f"set LECTERN_HOME to a directory on a disk."
    )
