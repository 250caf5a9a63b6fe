"""What the person who runs Lectern chose: the environment, then `.env` in the checkout, then the defaults."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.embedded.problem import SetupProblemError

CHECKOUT = Path(__file__).resolve().parents[2]
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})
SERVICES = ("gateway", "media", "transcoder", "progress")


@dataclass(frozen=True)
class RunSettings:
    """`given` is everything that was set, by name; the fields are what the supervisor itself decides by."""

    given: Mapping[str, str] = field(repr=False)
    home: Path
    host: str
    port: int
    demo_course: bool
    demo_sign_in: bool

    @property
    def own_database(self) -> bool:
        return "DATABASE_URL" in self.given

    @property
    def own_queue(self) -> bool:
        return "REDIS_URL" in self.given

    @property
    def names_own_servers(self) -> bool:
        """Whether a database, a queue or a store of the user's own is named."""
        storage = ("STORAGE_URL", "PRIVATE_STORAGE_URL", "PUBLIC_STORAGE_URL")
        return self.own_database or self.own_queue or any(name in self.given for name in storage)

    @property
    def url(self) -> str:
        """Where a browser on this machine finds the gateway."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)  # noqa: S104 - read, not bound
        return f"http://{f'[{host}]' if ':' in host and not host.startswith('[') else host}:{self.port}"


def load_settings(environ: Mapping[str, str], checkout: Path = CHECKOUT) -> RunSettings:
    """Reads `.env` and the environment, which wins. Empty values count as not set. Raises SetupProblemError."""
    given = {name: value for name, value in {**_dotenv(checkout / ".env"), **environ}.items() if value.strip()}
    host = given.get("HOST", "127.0.0.1")
    # Whoever reaches the page could sign in as admin: by default only where that is this machine, on embedded data.
    private = host in LOOPBACK_HOSTS and "DATABASE_URL" not in given
    return RunSettings(
        given=given,
        home=_home(given, checkout),
        host=host,
        port=_port(given.get("PORT", "8000")),
        demo_course=_flag(given, "DEMO_COURSE", default="DATABASE_URL" not in given),
        demo_sign_in=_flag(given, "DEMO_SIGN_IN", default=private),
    )


def _home(given: Mapping[str, str], checkout: Path) -> Path:
    chosen = Path(given["LECTERN_HOME"]).expanduser() if "LECTERN_HOME" in given else checkout / ".lectern"
    return chosen if chosen.is_absolute() else Path.cwd() / chosen


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and 0 < int(text) < 65536:
        return int(text)
    raise SetupProblemError(f"PORT is {text!r} and has to be a number from 1 to 65535, for example PORT=8001 make run.")


def _flag(given: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = given.get(name, "").strip().lower()
    if not text:
        return default
    if text in ("1", "true", "yes", "on"):
        return True
    if text in ("0", "false", "no", "off"):
        return False
    raise SetupProblemError(f"{name} is {text!r} and has to be 1 or 0.")


def _dotenv(path: Path) -> dict[str, str]:
    from dotenv import dotenv_values

    try:
        with path.open(encoding="utf-8") as file:
            read = dotenv_values(stream=file, interpolate=False)
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SetupProblemError(f"{path} cannot be read ({error}): mend it or remove it.") from error
    return {name: value for name, value in read.items() if value is not None}
