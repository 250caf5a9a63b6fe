"""``/api/me``, and signing in to the demo where Lectern runs by itself."""

from datetime import UTC, datetime, timedelta
from typing import Literal

from fastapi import APIRouter, Request, Response

from services.gateway.identity.dependencies import Anybody, SignedIn
from services.gateway.identity.jwt import PlatformJwts
from shared.contracts.access import Actor, Role
from shared.contracts.model import Document, Moment
from shared.http import Problem

router = APIRouter(tags=["identity"])

DEMO_COURSE = "demo"
DEMO_LIFETIME = timedelta(hours=12)
DEMO_ACTORS = {
    "admin": Actor(user_id="demo-admin", role=Role.ADMIN, name="Demo admin"),
    "student": Actor(user_id="demo-student", role=Role.STUDENT, name="Demo student"),
}


class Me(Document):
    user_id: str
    role: Role
    name: str | None
    email: str | None


class Demo(Document):
    enabled: bool
    course_id: str


class DemoSignIn(Document):
    role: Literal["admin", "student"]


class DemoSession(Document):
    token: str
    expires_at: Moment
    user_id: str
    name: str | None
    role: Role


@router.get("/api/me")
async def me(actor: SignedIn) -> Me:
    return Me(**actor.model_dump())


def _require_demo(request: Request) -> None:
    if not request.app.state.settings.demo_sign_in:
        raise Problem(404, "no_demo", "This installation has no demo. Sign in through the platform.")


@router.get("/api/demo", dependencies=[Anybody])
async def demo(request: Request) -> Demo:
    _require_demo(request)
    return Demo(enabled=True, course_id=DEMO_COURSE)


@router.post("/api/demo/sign-in", dependencies=[Anybody])
async def sign_in(request: Request, body: DemoSignIn, response: Response) -> DemoSession:
    _require_demo(request)
    jwts: PlatformJwts = request.app.state.jwts
    actor = DEMO_ACTORS[body.role]
    response.headers["Cache-Control"] = "no-store"
    return DemoSession(
        token=jwts.make(actor, int(DEMO_LIFETIME.total_seconds())),
        expires_at=datetime.now(UTC) + DEMO_LIFETIME,
        user_id=actor.user_id,
        name=actor.name,
        role=actor.role,
    )
