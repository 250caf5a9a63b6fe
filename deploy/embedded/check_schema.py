"""`make check`: whether models and migrations agree, on an embedded Postgres that is gone afterwards."""

import asyncio
import sys

from deploy.embedded.problem import SetupProblemError
from deploy.embedded.throwaway import throwaway_postgres
from shared.db.check import check


async def _faults() -> list[str]:
    async with throwaway_postgres() as url:
        # Alembic runs an event loop of its own.
        return await asyncio.to_thread(check, url)


def main() -> int:
    try:
        faults = asyncio.run(_faults())
    except SetupProblemError as problem:
        faults = [str(problem)]
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
