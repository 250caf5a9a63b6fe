"""Readiness: a name for each thing a service leans on, asked at once, each with a time-out."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from fastapi import FastAPI
from fastapi.responses import JSONResponse

Check = Callable[[], Awaitable[object]]
TIMEOUT = 5.0


async def run_checks(checks: Mapping[str, Check]) -> tuple[bool, dict[str, str]]:
    """Whether all hold, and ``ok`` or what is wrong for each."""

    async def one(check: Check) -> str:
        try:
            async with asyncio.timeout(TIMEOUT):
                await check()
        except TimeoutError:
            return f"no answer within {TIMEOUT:.0f} s"
        except Exception as error:
            return f"{type(error).__name__}: {error}"[:200]
        return "ok"

    answers = await asyncio.gather(*(one(check) for check in checks.values()))
    named = dict(zip(checks, answers, strict=True))
    return all(answer == "ok" for answer in answers), named


def add_readiness(app: FastAPI, checks: Callable[[], Mapping[str, Check]]) -> None:
    """Mount ``/health/ready``. ``checks`` is asked per request, when the lifespan has made what it names."""

    @app.get("/health/ready", tags=["health"], summary="Whether the service can do its work")
    async def ready() -> JSONResponse:
        fine, named = await run_checks(checks())
        return JSONResponse({"status": "ok" if fine else "unavailable", "checks": named}, 200 if fine else 503)
