"""The web application: door checks, the words of refusals, and the routes put together."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from importlib.resources import files

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from ground_station.api.callers import INSIDE
from ground_station.api.cases import case_routes
from ground_station.api.clearance import clearance_routes
from ground_station.api.documents import document
from ground_station.api.files import file_routes
from ground_station.api.health import health_routes
from ground_station.api.intake import intake_routes
from ground_station.api.limits import BodyLimit, EntityTags
from ground_station.api.lists import list_routes
from ground_station.api.measures import measure_routes
from ground_station.api.missions import mission_routes
from ground_station.api.patrols import patrol_routes
from ground_station.api.problems import ERRORS, add_problems, problem
from ground_station.api.read import read_routes
from ground_station.api.replays import Replays
from ground_station.api.shifts import shift_routes
from ground_station.api.sightings import sighting_routes
from ground_station.api.sign_in import people_routes
from ground_station.api.sockets import socket_routes
from ground_station.api.verbs import verb_routes
from ground_station.api.words import words_routes
from ground_station.headers import headers_for
from ground_station.parts import Parts
from ground_station.people.door import CONSOLE_HEADER
from ground_station.settings import StationSettings

_log = structlog.get_logger(__name__)


def make_app(parts: Parts) -> FastAPI:
    """Everything under one address: `/api`, the live sockets and the console's files."""
    app = FastAPI(
        title="GridPatrol", docs_url=None, redoc_url=None, openapi_url="/api/openapi.json"
    )
    app.state.people = parts.people
    # Whatever is added to these is for people who are in.
    for routes in (
        read_routes, verb_routes, words_routes, case_routes, intake_routes, shift_routes,
        file_routes, list_routes, sighting_routes, measure_routes, patrol_routes,
        clearance_routes, mission_routes,
    ):  # fmt: skip
        app.include_router(routes(parts), prefix="/api", dependencies=INSIDE, responses=ERRORS)
    for prefix in ("/api", "/ws"):
        app.include_router(socket_routes(parts), prefix=prefix)
    app.include_router(people_routes(parts), prefix="/api", responses=ERRORS)
    app.include_router(health_routes(parts), prefix="/api")
    add_problems(app)
    document(app)
    _add_door(app)
    built = files("ground_station") / "console" / "built"
    if built.is_dir():
        app.mount("/", StaticFiles(directory=str(built), html=True), name="console")
    # What is added last is asked first.
    app.add_middleware(EntityTags)
    app.add_middleware(
        Replays, store=parts.centre.store, door=parts.people.door, now=parts.people.now
    )
    app.add_middleware(BodyLimit)
    app.add_middleware(OwnHosts, allowed=_allowed_hosts(parts.settings))
    return app


def _allowed_hosts(settings: StationSettings) -> frozenset[str]:
    own = {"127.0.0.1", "localhost", "[::1]", settings.host}
    return frozenset(own | {name.lower() for name in settings.names})


class OwnHosts:
    """Refuse requests that name another host, or come from another site's page (DNS rebinding)."""

    def __init__(self, app: Callable[..., Awaitable[None]], allowed: frozenset[str]) -> None:
        self._app = app
        self._allowed = allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check Host and Origin of every request and socket."""
        if scope["type"] in ("http", "websocket"):
            headers = {
                key.decode().lower(): value.decode("latin-1") for key, value in scope["headers"]
            }
            host, origin = headers.get("host", ""), headers.get("origin")
            # Another port of this machine is another site: cookies do not tell ports apart.
            is_same_site = origin is None or origin.partition("://")[2] == host
            if not self._is_ours(host) or not is_same_site:
                if scope["type"] == "websocket":
                    await send({"type": "websocket.close", "code": 1008})
                    return
                words = "this host or site is not allowed here"
                refusal = problem(Request(scope), 403, words, "不允许从此主机名或网站访问")
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _is_ours(self, host: str) -> bool:
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        return name.lower() in self._allowed


def _add_door(app: FastAPI) -> None:
    @app.middleware("http")
    async def door(
        request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        request.state.request_id = uuid.uuid4().hex[:12]
        headers = headers_for(request.url)
        is_change = request.method not in ("GET", "HEAD", "OPTIONS")
        is_program = "authorization" in request.headers  # which no page can make a browser send
        if is_change and not is_program and CONSOLE_HEADER not in request.headers:
            words = f"the header {CONSOLE_HEADER} is missing"
            return problem(request, 403, words, "缺少页面凭证，请刷新页面")
        response = await call_next(request)
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        return response
