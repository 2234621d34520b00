"""The API's own description: every road with every error, and what the live socket sends."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, Field, TypeAdapter

from ground_station.api.headers_told import SCHEMES, tell_headers, tell_security
from ground_station.api.problems import MEDIA_TYPE, Problem
from ground_station.shown import Event, State, StatePatch

_ABOUT = (
    "One station's API. Sign in by session (the console) or send `Authorization: Bearer TOKEN` "
    "(`gridpatrol users token`). Every POST takes an `Idempotency-Key`; JSON answers carry an "
    "`ETag`; lists are paged by `cursor` and `limit`. `GET /ws/live` upgrades to a WebSocket that "
    "sends `LiveMessage`s: one `state`, then patches of whole keys and events as they come. A "
    "reader that comes back with `?run=RUN&seq=SEQ` (of the last state, of the last message) goes "
    "on behind its place, or gets the state where that is not known any more; it is pinged every "
    "30 s. See docs/api.md."
)


class _Numbered(BaseModel):
    seq: int = Field(ge=0, description="rises; a message holds all changes up to this number")


class StateMessage(_Numbered):
    """First, and again when all is different: everything that the caller may see."""

    type: Literal["state"]
    run: str = Field(description="to be sent with `seq` by a reader that comes back")
    state: State


class PatchMessage(_Numbered):
    """Keys of the state that have changed, whole; a key that is not there has not changed."""

    type: Literal["patch"]
    since: int = Field(ge=0, description="the number of the message before")
    patch: StatePatch


class EventMessage(_Numbered):
    """One line of the story, after it was recorded."""

    type: Literal["event"]
    event: Event


LiveMessage = Annotated[StateMessage | PatchMessage | EventMessage, Field(discriminator="type")]


def document(app: FastAPI) -> None:
    """Give the application its description; made once, when it is first asked for."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = get_openapi(
                title="GridPatrol 格巡", version="1", description=_ABOUT, routes=app.routes
            )
            app.openapi_schema = _completed(made)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI's documentation does it


def _completed(made: dict[str, Any]) -> dict[str, Any]:
    schemas = made.setdefault("components", {}).setdefault("schemas", {})
    kinds: dict[str, Any] = {"Problem": Problem, "LiveMessage": LiveMessage}
    for name, kind in kinds.items():
        shape = TypeAdapter(kind).json_schema(
            ref_template="#/components/schemas/{model}", mode="serialization"
        )
        schemas.update(shape.pop("$defs"))
        schemas[name] = shape
    made["components"]["securitySchemes"] = SCHEMES
    for path, roads in made["paths"].items():
        for method, road in roads.items():
            tell_security(path, method, road)
            tell_headers(method, road)
            wrong = road["responses"].get("422", {}).get("content", {})
            if "application/json" in wrong:  # FastAPI's own words, which we do not use
                del wrong["application/json"]
            road["responses"].setdefault("422", {"description": "wrong input"})
            road["responses"]["422"]["content"] = {
                MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}
            }
    return made
