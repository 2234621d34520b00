"""The web applications of a test run: hundreds of one kind, so their descriptions are made once.

FastAPI asks pydantic for an adapter of every parameter and answer of each application, which takes
longer than most tests; and it remembers thousands of roads, each of which keeps its whole house.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi._compat import v2
from fastapi.dependencies import models
from pydantic import TypeAdapter

from ground_station.parts import Parts
from ground_station.web import make_app

_REMEMBERED = (
    models._is_gen_callable_cached,
    models._is_async_gen_callable_cached,
    models._is_coroutine_callable_cached,
)
_made: dict[tuple[object, str], TypeAdapter[Any]] = {}


def _adapter_of(kind: Any, *, config: Any = None) -> TypeAdapter[Any]:  # noqa: ANN401  # any type
    """An adapter has no state: those of one type and the same constraints are one."""
    if config is not None:
        return TypeAdapter(kind, config=config)
    # The type itself, since names may be the same; the words, since constraints have no hash.
    key = (getattr(kind, "__origin__", kind), repr(kind))
    if key not in _made:
        _made[key] = TypeAdapter(kind)
    return _made[key]


v2.TypeAdapter = _adapter_of  # type: ignore[attr-defined, assignment]  # called, never asked what it is


def app_of(parts: Parts) -> FastAPI:
    """The station's own application; those made before may go."""
    for remembered in _REMEMBERED:
        remembered.cache_clear()
    return make_app(parts)
