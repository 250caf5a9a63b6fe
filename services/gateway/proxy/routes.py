"""Which address goes to which service, and who may go there."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from starlette.routing import compile_path

from services.gateway.audit.trail import concerns
from services.gateway.identity.client_ip import client_ip
from services.gateway.identity.dependencies import signed_in
from services.gateway.limits.bodies import MOST
from services.gateway.proxy.early import refused_by_headers
from services.gateway.proxy.passing import BodyLimit, LingeringRefusal, pass_on
from services.gateway.proxy.tus import Endpoint, speaks_tus
from services.gateway.proxy.tus import router as tus_router
from services.gateway.tokens.endpoints import video_id_of
from services.gateway.tokens.entitlement import Entitled, Entitlement
from shared.contracts.access import Actor, Role
from shared.contracts.model import is_external_id

LISTS_BODY = 8 * 1024 * 1024
"""Ten thousand enrolments with long ids."""

CAPTIONS_BODY = 2 * 1024 * 1024

Guard = Literal["signed in", "may watch", "may study", "students may study", "link"]

LINK_HOLDER = Actor(user_id="upload-link", role=Role.STUDENT)
"""Who holds an upload link, to a service: nobody in particular, with no right but what the link in the path gives."""


@dataclass(frozen=True)
class Route:
    """``guard`` is asked here; what a role may do beyond it is the service's own to decide."""

    method: str
    path: str
    service: str
    guard: Guard = "signed in"
    film: bool = False
    """Whether the body is a film, or a part of one, limited as such."""
    begins: bool = False
    """Whether it begins an upload: so many of these may one user within a minute."""
    vouches: bool = False
    """Whether the service is told of the playback session in which the actor watches the chapter now."""
    tells_right: bool = False
    """Whether the service is told what the platform says of the actor's part in the course, where it is asked."""
    body: int = MOST
    """The most bytes of a body that is no film."""


ROUTES = (
    Route("GET", "/api/videos/by-content", "media"),
    Route("POST", "/api/videos/from-existing", "media"),
    Route("POST", "/api/videos/upload", "media", film=True, begins=True),
    Route("PUT", "/api/videos/{video_id}/replace", "media", film=True, begins=True),
    Route("POST", "/api/videos/ingest", "media", begins=True),
    Route("POST", "/api/videos/batch-status", "media"),
    Route("POST", "/api/uploads", "media", begins=True),
    Route("GET", "/api/uploads/{upload_id}", "media"),
    Route("DELETE", "/api/uploads/{upload_id}", "media"),
    Route("POST", "/api/uploads/{upload_id}/parts", "media"),
    Route("GET", "/api/uploads/{upload_id}/parts", "media"),
    Route("POST", "/api/uploads/{upload_id}/complete", "media"),
    Route("POST", "/api/uploads/tus", "media", film=True, begins=True),
    Route("HEAD", "/api/uploads/tus/{upload_id}", "media"),
    Route("PATCH", "/api/uploads/tus/{upload_id}", "media", film=True),
    Route("DELETE", "/api/uploads/tus/{upload_id}", "media"),
    Route("GET", "/api/upload-links", "media"),
    Route("POST", "/api/upload-links", "media"),
    Route("DELETE", "/api/upload-links/{link_id}", "media"),
    Route("GET", "/api/upload-links/{token}", "media", "link"),
    Route("POST", "/api/upload-links/{token}/upload", "media", "link", film=True, begins=True),
    Route("POST", "/api/upload-links/{token}/tus", "media", "link", film=True, begins=True),
    Route("HEAD", "/api/upload-links/{token}/tus/{upload_id}", "media", "link"),
    Route("PATCH", "/api/upload-links/{token}/tus/{upload_id}", "media", "link", film=True),
    Route("DELETE", "/api/upload-links/{token}/tus/{upload_id}", "media", "link"),
    Route("GET", "/api/videos/{video_id}/status", "media", "may watch"),
    Route("GET", "/api/videos/{video_id}/events", "media", "may watch"),
    Route("GET", "/api/videos/{video_id}/thumbnails", "media", "may watch"),
    Route("GET", "/api/videos/{video_id}/storyboard.vtt", "media", "may watch"),
    Route("GET", "/api/videos/{video_id}/storyboard.json", "media", "may watch"),
    Route("POST", "/api/videos/{video_id}/rollback", "media"),
    Route("GET", "/api/videos/{video_id}/captions", "media", "may watch"),
    Route("GET", "/api/videos/{video_id}/captions/search", "media", "may watch"),
    Route("GET", "/api/videos/{video_id}/captions/{language}.vtt", "media", "may watch"),
    Route("GET", "/api/videos/{video_id}/captions/{language}.srt", "media", "may watch"),
    Route("PUT", "/api/videos/{video_id}/captions/{language}", "media", body=CAPTIONS_BODY),
    Route("PATCH", "/api/videos/{video_id}/captions/{language}", "media"),
    Route("DELETE", "/api/videos/{video_id}/captions/{language}", "media"),
    Route("POST", "/api/videos/{video_id}/captions/draft", "media"),
    Route("DELETE", "/api/videos/{video_id}", "media"),
    Route("PUT", "/api/videos/{video_id}/download-policy", "media"),
    Route("POST", "/api/videos/{video_id}/analytics", "progress", "may watch"),
    Route("GET", "/api/courses", "media"),
    Route("GET", "/api/courses/{course_id}", "media", tells_right=True),
    Route("PUT", "/api/admin/courses/{course_id}", "media"),
    Route("GET", "/api/admin/courses/{course_id}/quota", "media"),
    Route("PUT", "/api/admin/courses/{course_id}/quota", "media"),
    Route("PUT", "/api/admin/courses/{course_id}/instructors/{user_id}", "media"),
    Route("DELETE", "/api/admin/courses/{course_id}/instructors/{user_id}", "media"),
    Route("GET", "/api/admin/enrollments", "media"),
    Route("POST", "/api/admin/enrollments", "media", body=LISTS_BODY),
    Route("POST", "/api/admin/enrollments/withdraw", "media", body=LISTS_BODY),
    Route("PUT", "/api/admin/enrollments/{course_id}/{user_id}", "media"),
    Route("DELETE", "/api/admin/enrollments/{course_id}/{user_id}", "media"),
    Route("GET", "/api/admin/keys", "media"),
    Route("POST", "/api/admin/keys/rotate", "media"),
    Route("POST", "/api/admin/keys/rewrap", "media"),
    Route("GET", "/api/admin/storage", "media"),
    Route("POST", "/api/admin/storage/reconcile", "media"),
    Route("GET", "/api/admin/costs", "progress"),
    Route("GET", "/api/admin/jobs", "transcoder"),
    Route("GET", "/api/admin/jobs/{job_id}", "transcoder"),
    Route("POST", "/api/admin/jobs/{job_id}/cancel", "transcoder"),
    Route("POST", "/api/admin/jobs/{job_id}/pause", "transcoder"),
    Route("POST", "/api/admin/jobs/{job_id}/resume", "transcoder"),
    Route("POST", "/api/admin/jobs/{job_id}/retry", "transcoder"),
    Route("PUT", "/api/admin/jobs/{job_id}/priority", "transcoder"),
    Route("GET", "/api/admin/workers", "transcoder"),
    Route("PUT", "/api/progress/chapters/{chapter_id}", "progress", "may study", vouches=True),
    Route("GET", "/api/progress/chapters/{chapter_id}", "progress"),
    Route("POST", "/api/progress/chapters/{chapter_id}/complete", "progress", "students may study"),
    Route("POST", "/api/progress/chapters/{chapter_id}/reset", "progress"),
    Route("GET", "/api/progress/chapters/{chapter_id}/history", "progress"),
    Route("GET", "/api/progress/courses/{course_id}", "progress", tells_right=True),
    Route("GET", "/api/progress/continue", "progress"),
    Route("GET", "/api/progress/stats", "progress"),
    Route("GET", "/api/progress/events", "progress"),
    Route("GET", "/api/admin/statements", "progress"),
    Route("GET", "/api/admin/webhooks", "progress"),
    Route("POST", "/api/admin/webhooks", "progress"),
    Route("GET", "/api/admin/webhooks/{webhook_id}", "progress"),
    Route("PATCH", "/api/admin/webhooks/{webhook_id}", "progress"),
    Route("DELETE", "/api/admin/webhooks/{webhook_id}", "progress"),
    Route("GET", "/api/admin/webhooks/{webhook_id}/secret", "progress"),
    Route("POST", "/api/admin/webhooks/{webhook_id}/rotate-secret", "progress"),
    Route("POST", "/api/admin/webhooks/{webhook_id}/test", "progress"),
    Route("POST", "/api/admin/webhooks/{webhook_id}/replay", "progress"),
    Route("GET", "/api/admin/webhooks/{webhook_id}/deliveries", "progress"),
    Route("POST", "/api/admin/webhooks/{webhook_id}/deliveries/{delivery_id}/replay", "progress"),
    Route("GET", "/api/admin/analytics/videos", "progress"),
    Route("GET", "/api/admin/analytics/chapters", "progress"),
    Route("GET", "/api/admin/analytics/users/{user_id}", "progress"),
    Route("GET", "/api/admin/analytics/struggling", "progress"),
    Route("GET", "/api/admin/analytics/matrix/{course_id}", "progress"),
    Route("GET", "/api/admin/analytics/retention/{video_id}", "progress"),
    Route("GET", "/api/admin/analytics/experience", "progress"),
    Route("GET", "/api/admin/analytics/bandwidth", "progress"),
)


LARGER_BODIES = tuple(
    (compile_path(route.path)[0], None if route.film else route.body)
    for route in ROUTES
    if route.film or route.body > MOST
)
"""What the paths look like whose bodies may be large, and the most bytes of them; None for films."""


def proxy_router() -> APIRouter:
    router = APIRouter(include_in_schema=False)
    for route in ROUTES:
        endpoint = _endpoint(route)
        if route.guard == "link":
            endpoint = _counting_unknown(endpoint)
        if "/tus" in route.path:
            endpoint = speaks_tus(endpoint)
        router.add_api_route(route.path, endpoint, methods=[route.method])
    router.include_router(tus_router)
    return router


def _endpoint(route: Route) -> Callable[[Request], Awaitable[Response]]:
    async def pass_through(request: Request) -> Response:
        actor = LINK_HOLDER if route.guard == "link" else await signed_in(request)
        entitled = await _check(route, request, actor)
        state = request.app.state
        if route.begins and route.guard != "link":
            await state.limits.upload(actor)
        claims: dict[str, Any] = {}
        if route.vouches and entitled is not None and entitled.video_id is not None:
            claims["session"] = await state.sessions.vouch(actor, entitled.video_id)
        if route.tells_right:
            claims |= await _course_right(request, actor)
        limit = BodyLimit(state.settings.max_upload_bytes, film=True) if route.film else BodyLimit(route.body)
        if route.film and (refusal := refused_by_headers(request, actor, limit)):
            concerns(problem=refusal.code)
            return LingeringRefusal(refusal)
        return await pass_on(request, state.upstreams[route.service], actor, limit, **claims)

    return pass_through


def _counting_unknown(endpoint: Endpoint) -> Endpoint:
    """``endpoint`` of a link: whoever guesses at links from one network is stopped as with access tokens."""

    async def counting(request: Request) -> Response:
        limits, ip = request.app.state.limits, client_ip(request, request.app.state.settings.proxy_networks)
        await limits.call_without_sign_in(ip)
        response = await endpoint(request)
        if response.status_code == HTTPStatus.NOT_FOUND:
            await limits.refused_token(ip)
        return response

    return counting


async def _course_right(request: Request, actor: Actor) -> dict[str, bool]:
    """What the platform says of the actor's part in the course that the path names, where it is asked."""
    course_id: str = request.path_params["course_id"]
    if not is_external_id(course_id):
        # No course has this for an id: no question to the platform.
        return {}
    entitlement: Entitlement = request.app.state.entitlement
    right = await entitlement.course_right(course_id, actor)
    return {} if right is None else {"course_right": right}


async def _check(route: Route, request: Request, actor: Actor) -> Entitled | None:
    entitlement: Entitlement = request.app.state.entitlement
    video_id = await video_id_of(request.path_params["video_id"]) if "video_id" in request.path_params else None
    concerns(video_id=video_id, chapter_id=request.path_params.get("chapter_id"))
    if route.service == "media" and actor.role is Role.SERVICE:
        # A back end watches nothing and is enrolled in nothing; it looks after the films.
        return None
    if route.guard == "may watch" and video_id is not None:
        return await entitlement.require_video(video_id, actor, running=True)
    if route.guard == "may study" or (route.guard == "students may study" and actor.role is Role.STUDENT):
        return await entitlement.require_chapter(request.path_params["chapter_id"], actor, running=True)
    return None
