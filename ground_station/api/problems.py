"""What the API says no with: `application/problem+json` (RFC 9457), in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Literal

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from ground_station.headers import headers_for
from ground_station.people.errors import DoorRefused, TooMany
from ground_station.shown import FindingView
from patrol.errors import (
    ConfigError,
    NotPermitted,
    PatrolError,
    Refused,
    StoreFull,
    Transient,
)
from patrol.plan import Finding

MEDIA_TYPE = "application/problem+json"
_log = structlog.get_logger(__name__)


class Problem(BaseModel):
    """Why something was not done. `error` is for people, `type` and `status` for programs."""

    type: str = Field(default="about:blank", description="a stable name such as `refused`")
    title: str
    status: int
    detail: str
    instance: str = Field(default="", description="the request's id, as the audit log has it")
    error: str
    error_zh: str
    findings: list[FindingView] = Field(default_factory=list)
    announcement: str = Field(default="", description="the blocked one, which a leader overrides")
    needs: Literal["sign_in", "pin", "password", ""] = Field(
        default="", description="what has to be done first"
    )
    roles: list[str] = Field(default_factory=list, description="for one of which a PIN is needed")
    retry_after_s: int = Field(default=0, description="when to try again, as `Retry-After` has it")


_MEANINGS: Mapping[int, str] = {
    400: "The request cannot be read, or names something that the register does not have.",
    401: "Sign in first, or show a token that counts.",
    403: "The person does not hold the role that this needs, or has first to enter a PIN.",
    404: "There is no such thing, or it lies in another part of the district.",
    405: "This address is not asked like that.",
    409: "Refused in the present state; `findings` says every reason.",
    413: "The body is larger than a request may be.",
    422: "The body or a parameter is not as it has to be.",
    429: "Too many tries; `Retry-After` says when again.",
    500: "A fault of ours; it is in the station's log.",
    503: "Something outside is away for now; try again.",
    507: "The disk is full: a person has to make room.",
}
# For `include_router`: every error of every road is documented, with its body.
ERRORS: dict[int | str, dict[str, Any]] = {
    status: {
        "description": meaning,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for status, meaning in _MEANINGS.items()
}


def problem(
    request: Request,
    status: int,
    error: str,
    error_zh: str = "",
    *,
    name: str = "",
    headers: Mapping[str, str] | None = None,
    **more: Any,  # noqa: ANN401  # JSON values
) -> JSONResponse:
    """One answer; `more` are extension members such as `findings`."""
    body = {
        "type": name or "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": error,
        "instance": getattr(request.state, "request_id", ""),
        "error": error,
        "error_zh": error_zh or error,
        **more,
    }
    sent = dict(headers_for(request.url)) | dict(headers or {})
    return JSONResponse(body, status, sent, media_type=MEDIA_TYPE)


def add_problems(app: FastAPI) -> None:
    """Turn every error of the house into its answer; only this boundary catches everything."""

    @app.exception_handler(PatrolError)
    async def refused(request: Request, error: PatrolError) -> JSONResponse:
        return problem(
            request, _status(error), str(error), error.text_zh, name=_name(error),
            **_more(error),
        )  # fmt: skip

    @app.exception_handler(DoorRefused)
    async def not_in(request: Request, error: DoorRefused) -> JSONResponse:
        headers = {"Retry-After": str(error.retry_after_s)} if isinstance(error, TooMany) else None
        return problem(
            request, error.status, str(error), error.text_zh, name=_name(error), headers=headers,
            **error.more,
        )  # fmt: skip

    @app.exception_handler(LookupError)
    async def unknown(request: Request, error: LookupError) -> JSONResponse:
        words = str(error.args[0] if error.args else error)
        return problem(request, 404, words, "没有找到，或不在您的管辖范围内", name="unknown")

    @app.exception_handler(HTTPException)
    async def no_such_address(request: Request, error: HTTPException) -> JSONResponse:
        return problem(request, error.status_code, str(error.detail), headers=error.headers)

    @app.exception_handler(RequestValidationError)
    async def wrong_body(request: Request, error: RequestValidationError) -> JSONResponse:
        lines = [f"{'.'.join(str(p) for p in e['loc'][1:])}: {e['msg']}" for e in error.errors()]
        asked = {part for one in error.errors() for part in one["loc"]}
        words_zh = "请说明用途（purpose）" if "purpose" in asked else "请求内容不正确"
        return problem(request, 422, "; ".join(lines), words_zh, name="wrong_input")

    @app.exception_handler(Exception)
    async def bug(request: Request, error: Exception) -> JSONResponse:
        _log.error("request failed", path=request.url.path, exc_info=error)
        words = "a fault of ours; it is in the station's log"
        return problem(request, 500, words, "系统故障，已记入日志", name="fault")


def _status(error: PatrolError) -> int:
    match error:
        case NotPermitted():
            return 403
        case Refused():
            return 409
        case StoreFull():
            return 507
        case Transient():
            return 503
        case ConfigError():
            return 400
        case _:
            return 400


def _name(error: PatrolError) -> str:
    """The class's name in snake case: stable, and the same in the log."""
    plain = type(error).__name__
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in plain).lstrip("_")


def _findings(error: PatrolError) -> list[dict[str, object]]:
    found: tuple[Finding, ...] = getattr(error, "findings", ())
    return [finding.to_dict() for finding in found]


def _more(error: PatrolError) -> dict[str, Any]:
    """Every reason, and which announcement it was that a rule forbade."""
    blocked: str = getattr(error, "announcement_id", "")
    return {"findings": _findings(error)} | ({"announcement": blocked} if blocked else {})
