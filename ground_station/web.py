"""The web application: door checks, the words of refusals, and the routes put together."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from importlib.resources import files

import structlog
from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import URL
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from ground_station.api_people import people_routes
from ground_station.api_read import read_routes
from ground_station.api_sockets import socket_routes
from ground_station.api_verbs import verb_routes
from ground_station.headers import headers_for
from ground_station.parts import Parts
from ground_station.people.door import CONSOLE_HEADER, signed_in
from ground_station.people.errors import DoorRefused, TooMany
from ground_station.settings import StationSettings
from patrol.errors import NotPermitted, PatrolError, Refused, Transient
from patrol.plan import Finding

_log = structlog.get_logger(__name__)


def make_app(parts: Parts) -> FastAPI:
    """Everything under one address: `/api`, the live sockets and the console's files."""
    app = FastAPI(
        title="GridPatrol", docs_url=None, redoc_url=None, openapi_url="/api/openapi.json"
    )
    app.state.people = parts.people
    inside = [Depends(signed_in)]  # whatever is added to these is for people who are in
    app.include_router(read_routes(parts), prefix="/api", dependencies=inside)
    app.include_router(verb_routes(parts), prefix="/api", dependencies=inside)
    app.include_router(socket_routes(parts), prefix="/api")
    app.include_router(people_routes(parts), prefix="/api")
    _add_error_words(app)
    _add_door(app)
    built = files("ground_station") / "console" / "built"
    if built.is_dir():
        app.mount("/", StaticFiles(directory=str(built), html=True), name="console")
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
                refusal = JSONResponse(
                    {
                        "error": "this host or site is not allowed here",
                        "error_zh": "不允许从此主机名或网站访问",
                    },
                    403,
                    headers_for(URL(scope=scope)),
                )
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
            return JSONResponse({"error": words}, 403, headers)
        response = await call_next(request)
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        return response


def _add_error_words(app: FastAPI) -> None:
    @app.exception_handler(PatrolError)
    async def refused(request: Request, error: PatrolError) -> JSONResponse:
        if isinstance(error, NotPermitted):
            status = 403
        elif isinstance(error, Refused):
            status = 409
        else:
            status = 503 if isinstance(error, Transient) else 400
        return JSONResponse(
            {"error": str(error), "error_zh": _zh(error), "findings": _findings(error)}, status
        )

    @app.exception_handler(DoorRefused)
    async def not_in(request: Request, error: DoorRefused) -> JSONResponse:
        headers = {"Retry-After": str(error.retry_after_s)} if isinstance(error, TooMany) else None
        return JSONResponse(error.to_dict(), error.status, headers)

    @app.exception_handler(LookupError)
    async def unknown(request: Request, error: LookupError) -> JSONResponse:
        return JSONResponse({"error": str(error.args[0] if error.args else error)}, 404)

    @app.exception_handler(HTTPException)
    async def no_such_address(request: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse({"error": str(error.detail)}, error.status_code, error.headers)

    @app.exception_handler(RequestValidationError)
    async def wrong_body(request: Request, error: RequestValidationError) -> JSONResponse:
        lines = [f"{'.'.join(str(p) for p in e['loc'][1:])}: {e['msg']}" for e in error.errors()]
        return JSONResponse({"error": "; ".join(lines)}, 422)

    @app.exception_handler(Exception)
    async def bug(request: Request, error: Exception) -> JSONResponse:
        # The request boundary: the one place where everything is caught, and logged whole.
        _log.error("request failed", path=request.url.path, exc_info=error)
        words = "a fault of ours; it is in the station's log"
        headers = headers_for(request.url)
        return JSONResponse({"error": words}, 500, headers)


def _zh(error: PatrolError) -> str:
    if isinstance(error, NotPermitted):
        return f"{error.person} 无权执行此操作，需要角色：{error.needed_role}"
    return ""


def _findings(error: PatrolError) -> list[dict[str, object]]:
    found: tuple[Finding, ...] = getattr(error, "findings", ())
    return [finding.to_dict() for finding in found]
