"""Roads of the API: each says what its answer looks like."""

from __future__ import annotations

import typing
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.responses import Response

_DONE = "Done, or found."


class Road(APIRoute):
    """A road whose return annotation is the shape of its answer, in the OpenAPI.

    It is not checked while the station runs: what was done is never answered with a fault because
    its description lags behind. Tests hold every answer against it.
    """

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., Any],
        *,
        responses: dict[int | str, dict[str, Any]] | None = None,
        status_code: int | None = None,
        **more: Any,  # noqa: ANN401  # as the framework hands them on
    ) -> None:
        shape = typing.get_type_hints(endpoint)["return"]
        own = dict(responses or {})
        is_file = isinstance(shape, type) and issubclass(shape, Response)
        if shape is not type(None) and not is_file:
            done = own.get(status_code or 200, {})
            own[status_code or 200] = {"description": _DONE} | done | {"model": shape}
        super().__init__(
            path, endpoint, **more | {"response_model": None},
            responses=own, status_code=status_code,
        )  # fmt: skip


def roads(**how: Any) -> APIRouter:  # noqa: ANN401  # as the framework's router takes them
    """A router of such roads."""
    return APIRouter(route_class=Road, **how)
