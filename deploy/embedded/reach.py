"""Whether the servers of the user's own answer, before anything else is started.

    python -m deploy.embedded.reach     reads DATABASE_URL, REDIS_URL, PRIVATE_STORAGE_URL, PUBLIC_STORAGE_URL, S3_*

Prints one sentence that names the setting and the way out, and ends with 4, at the first that does not. What is not
set is not asked. A process of its own: it has the environment that services have, and brings three clients along that
the supervisor would otherwise carry for ever.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import urlsplit

from deploy.embedded.process import SAID_WHY

# A server that is started at the same time as we are may come a little later.
PATIENCE = 5.0
ANSWER_WITHIN = 10.0
STORAGE_WITHIN = 60.0
_PAUSE = 0.25


class UnreachableError(Exception):
    """The message is the sentence for a person."""


async def reach_all(environ: Mapping[str, str]) -> None:
    """Raises UnreachableError."""
    if "DATABASE_URL" in environ:
        await _patiently(lambda: _database(environ["DATABASE_URL"]))
    if "REDIS_URL" in environ:
        await _patiently(lambda: _redis(environ["REDIS_URL"]))
    for name in ("PRIVATE_STORAGE_URL", "PUBLIC_STORAGE_URL"):
        if name in environ:
            await _storage(environ.get("STORAGE_SETTING", name), environ[name], environ)


async def _patiently(ask: Callable[[], Awaitable[None]]) -> None:
    """Asks again while nobody listens; what a server refuses is said at once."""
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while True:
        try:
            return await ask()
        except _Away as away:
            if asyncio.get_running_loop().time() > deadline:
                raise UnreachableError(str(away)) from away
        await asyncio.sleep(_PAUSE)


class _Away(Exception):
    """Nobody listens; the message is the sentence, if it stays so."""


def _place(url: str) -> str:
    """Host and port of an address: never the password."""
    return urlsplit(url).netloc.rpartition("@")[2]


def _away(name: str, url: str, error: BaseException, instead: str) -> _Away:
    reason = getattr(error, "strerror", None) or str(error) or "no answer"
    return _Away(
        f"The server that {name} names does not answer ({_place(url)}: {reason}): "
        f"start it, mend {name}, or leave it out and {instead}."
    )


async def _database(url: str) -> None:
    import asyncpg

    instead = "Lectern brings its own Postgres"
    try:
        connection = await asyncpg.connect(url, timeout=ANSWER_WITHIN)
    except (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidPasswordError) as error:
        raise UnreachableError(
            f"The Postgres at {_place(url)} refuses the login ({error}): mend user and password in DATABASE_URL."
        ) from error
    except asyncpg.InvalidCatalogNameError as error:
        raise UnreachableError(
            f"The Postgres at {_place(url)} has no such database ({error}): create it, or mend DATABASE_URL."
        ) from error
    except (OSError, TimeoutError, asyncpg.CannotConnectNowError, asyncpg.TooManyConnectionsError) as error:
        raise _away("DATABASE_URL", url, error, instead) from error
    except (ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise UnreachableError(
            f"DATABASE_URL cannot be used ({error}): it has the form postgresql://user:password@host:5432/name."
        ) from error
    await connection.close()


async def _redis(url: str) -> None:
    from redis.asyncio import Redis
    from redis.exceptions import AuthenticationError, AuthorizationError, ConnectionError, RedisError, TimeoutError

    try:
        client = Redis.from_url(url, socket_connect_timeout=ANSWER_WITHIN, socket_timeout=ANSWER_WITHIN)
    except ValueError as error:
        raise UnreachableError(
            f"REDIS_URL cannot be used ({error}): it has the form redis://:password@host:6379/0."
        ) from error
    try:
        await client.ping()
    except (AuthenticationError, AuthorizationError) as error:
        raise UnreachableError(
            f"The Redis at {_place(url)} refuses the login ({error}): mend user and password in REDIS_URL."
        ) from error
    except (ConnectionError, TimeoutError) as error:
        raise _away("REDIS_URL", url, error, "Lectern brings its own Valkey") from error
    except RedisError as error:
        raise UnreachableError(f"What REDIS_URL names is no Redis that can be used ({error}): mend it.") from error
    finally:
        await client.aclose()


async def _storage(name: str, url: str, environ: Mapping[str, str]) -> None:
    from shared.settings import S3Access
    from shared.storage import StorageError, open_store
    from shared.storage.errors import StorageDenied

    s3 = S3Access().s3
    if url.startswith("s3:") and s3 is None:
        raise UnreachableError(
            f"{name} names a bucket ({url}), so S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY have to be set."
        )
    try:
        store = open_store(url, s3)
    except ValueError as error:
        raise UnreachableError(f"{name} cannot be used ({error}): .env.example shows its form.") from error
    except StorageError as error:
        raise _no_directory(name, url, error) from error
    try:
        async with asyncio.timeout(STORAGE_WITHIN):
            await store.check()
    except StorageDenied as error:
        raise UnreachableError(
            f"The storage that {name} names refuses us ({url}: {error}): mend S3_ACCESS_KEY_ID and "
            f"S3_SECRET_ACCESS_KEY, and see that the bucket is there and that they may write to it."
        ) from error
    except StorageError as error:
        if not url.startswith("s3:"):
            raise _no_directory(name, url, error) from error
        raise _storage_away(name, url, error, environ) from error
    except TimeoutError as error:
        raise _storage_away(name, url, error, environ) from error
    finally:
        await store.close()


def _no_directory(name: str, url: str, error: Exception) -> UnreachableError:
    return UnreachableError(
        f"The directory that {name} names cannot be used ({url}: {error}): make it and give it to your user, "
        f"or mend {name}."
    )


def _storage_away(name: str, url: str, error: Exception, environ: Mapping[str, str]) -> UnreachableError:
    endpoint = f" at {environ['S3_ENDPOINT_URL']}" if "S3_ENDPOINT_URL" in environ else ""
    return UnreachableError(
        f"The storage that {name} names does not answer ({url}{endpoint}: {str(error) or 'no answer'}): "
        f"start it, or mend {name} and S3_ENDPOINT_URL."
    )


def main() -> int:
    try:
        asyncio.run(reach_all(os.environ))
    except UnreachableError as error:
        print(" ".join(str(error).split()), flush=True)
        return SAID_WHY
    return 0


if __name__ == "__main__":
    sys.exit(main())
