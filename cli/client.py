"""The gateway's API as the commands call it. What it refuses becomes one sentence and an exit status."""

import os
from typing import Any

import httpx

from cli.output import CommandError
from cli.tokens import sign

_USER = "lectern-cli"
_TOKEN_SECONDS = 6 * 3600


def default_url() -> str:
    """Where this installation listens, by HOST and PORT."""
    from deploy.embedded.problem import SetupProblemError
    from deploy.embedded.settings import load_settings

    try:
        return load_settings(os.environ).url
    except SetupProblemError as problem:
        raise CommandError(str(problem)) from None


class Client:
    """A signed-in connection to one gateway; use it in a with statement."""

    def __init__(self, url: str | None, token: str | None) -> None:
        self._url = (url or default_url()).rstrip("/")
        bearer = token or sign("admin", _USER, _TOKEN_SECONDS)
        # A film of gigabytes may take hours, so only standing still counts as a time-out.
        timeout = httpx.Timeout(connect=10, read=120, write=120, pool=10)
        self._http = httpx.Client(base_url=self._url, headers={"Authorization": f"Bearer {bearer}"}, timeout=timeout)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    @property
    def url(self) -> str:
        return self._url

    def request(self, method: str, path: str, **options: Any) -> Any:
        """The answer's JSON document. Raises CommandError when the gateway refuses or is not there."""
        response = self.answer(method, path, **options)
        return response.json() if response.content else None

    def answer(self, method: str, path: str, *, lost: bool = False, **options: Any) -> httpx.Response:
        """The same with its headers. ``lost``: a lost connection comes out as httpx says it, for who can go on."""
        try:
            response = self._http.request(method, path, **options)
        except httpx.ConnectError:
            if lost:
                raise
            raise CommandError(
                f"Nobody answers at {self._url}: start Lectern with make run, or name its address with --url."
            ) from None
        except httpx.HTTPError as error:
            if lost:
                raise
            reason = str(error) or type(error).__name__
            raise CommandError(f"The connection to {self._url} broke ({reason}): try again.") from None
        if response.is_success:
            return response
        raise _refusal(response)


def _refusal(response: httpx.Response) -> CommandError:
    try:
        problem = response.json()
        detail, code = str(problem["detail"]), str(problem["code"])
    except (ValueError, KeyError, TypeError):
        sentence = f"The gateway answered {response.status_code} {response.reason_phrase}."
        return CommandError(sentence, status=response.status_code)
    return CommandError(detail, code, status=response.status_code)
