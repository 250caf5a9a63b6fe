"""Whether an error says no more than that Postgres is away, or too busy to answer."""

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoFreeConnection

CONNECTION_LOST = (
    ConnectionError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    # Of a connection that broke while a statement was on its way: what asyncpg was doing is not what it is told next.
    asyncpg.InternalClientError,
)
"""What asyncpg raises of a connection that is gone or cannot be made."""


def is_away(error: BaseException) -> bool:
    if isinstance(error, DBAPIError):
        cause = error.orig.__cause__ if error.orig is not None else None
        return error.connection_invalidated or isinstance(cause, CONNECTION_LOST)
    return isinstance(error, (*CONNECTION_LOST, NoFreeConnection, TimeoutError))
