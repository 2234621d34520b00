"""The web application: door checks, the words of refusals, and the routes put together."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from importlib.resources import files

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from ground_station.api_read import read_routes
from ground_station.api_sockets import socket_routes
from ground_station.api_verbs import verb_routes
from ground_station.parts import Parts
from patrol.errors import NotPermitted, PatrolError, Refused, StoreFull, Transient
from patrol.plan import Finding

CONSOLE_HEADER = "X-GridPatrol"  # a form on another site cannot send it, so it stops forged POSTs
_SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; "
        "worker-src 'self' blob:; connect-src 'self'; object-src 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_log = structlog.get_logger(__name__)


def make_app(parts: Parts) -> FastAPI:
    """Everything under one address: `/api`, the live sockets and the console's files."""
    app = FastAPI(
        title="GridPatrol", docs_url=None, redoc_url=None, openapi_url="/api/openapi.json"
    )
    app.include_router(read_routes(parts), prefix="/api")
    app.include_router(verb_routes(parts), prefix="/api")
    app.include_router(socket_routes(parts), prefix="/api")
    _add_error_words(app)
    _add_door(app)
    built = files("ground_station") / "console" / "built"
    if built.is_dir():
        app.mount("/", StaticFiles(directory=str(built), html=True), name="console")
    app.add_middleware(LocalHosts, allowed=_allowed_hosts(parts.settings.host))
    return app


def _allowed_hosts(host: str) -> frozenset[str]:
    return frozenset({"127.0.0.1", "localhost", "[::1]", host})


class LocalHosts:
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
            origin = headers.get("origin", "")
            if not self._is_ours(headers.get("host", "")) or (
                origin and not self._is_ours(origin.partition("://")[2])
            ):
                if scope["type"] == "websocket":
                    await send({"type": "websocket.close", "code": 1008})
                    return
                refusal = JSONResponse(
                    {"error": "this host or site is not allowed here"}, 403, _SECURITY_HEADERS
                )
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _is_ours(self, host: str) -> bool:
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        return name in self._allowed


def _add_door(app: FastAPI) -> None:
    @app.middleware("http")
    async def door(
        request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        request.state.request_id = uuid.uuid4().hex[:12]
        if (
            request.method not in ("GET", "HEAD", "OPTIONS")
            and CONSOLE_HEADER not in request.headers
        ):
            words = f"the header {CONSOLE_HEADER} is missing"
            return JSONResponse({"error": words}, 403, _SECURITY_HEADERS)
        response = await call_next(request)
        for name, value in _SECURITY_HEADERS.items():
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
        if isinstance(error, StoreFull):
            status = 507
        return JSONResponse(
            {"error": str(error), "error_zh": error.text_zh, "findings": _findings(error)}, status
        )

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
        return JSONResponse({"error": words}, 500, _SECURITY_HEADERS)


def _findings(error: PatrolError) -> list[dict[str, object]]:
    found: tuple[Finding, ...] = getattr(error, "findings", ())
    return [finding.to_dict() for finding in found]
