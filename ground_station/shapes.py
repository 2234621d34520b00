"""The JSON shapes of what the API answers, drawn from the records themselves: told once.

A record is a dataclass and its JSON form is what `encode` makes of it; a `TypedDict` under
`@recorded` says what a view adds to that. Nothing is checked here while the station runs: an answer
to what has been done is never turned into a fault because its description lags behind. The tests
hold every answer against these shapes.
"""

from __future__ import annotations

import dataclasses
import enum
import types
import typing
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, Generic, NotRequired, Required, TypeVar

from pydantic import WithJsonSchema
from sqlalchemy import Table
from typing_extensions import TypedDict

T = TypeVar("T")
Json = dict[str, Any]
Made = Callable[[type[T]], type[T]]


class Page(TypedDict, Generic[T]):
    """A part of a list."""

    items: list[T]
    next: str | None  # asks for the page after this one as `cursor`; null: this is the last


class Items(TypedDict, Generic[T]):
    """A list that is never long."""

    items: list[T]


def recorded(*kinds: type[Any], is_stored: bool = False) -> Made[Any]:
    """The JSON form of these dataclasses together, and what the decorated class adds to it.

    Of what is `is_stored`, and shown as it was written, an older row may lack what has a default.
    """

    def made(extras: type[T]) -> type[T]:
        fields: dict[str, Any] = {}
        for kind in kinds:
            fields |= _fields(kind, is_stored)
        return _shape(extras, fields)

    return made


def listed(table: Table, *left_out: str) -> Made[Any]:
    """The columns of a table but those, and what the decorated class adds."""

    def made(extras: type[T]) -> type[T]:
        fields = {
            column.name: column.type.python_type | None if column.nullable
            else column.type.python_type
            for column in table.columns
            if column.name not in left_out
        }  # fmt: skip
        return _shape(extras, fields)

    return made


def always(whole: type[T]) -> type[T]:
    """The decorated TypedDict with every key there, also those that its base may lack."""
    told = typing.get_type_hints(whole, include_extras=True)
    hints = {name: Required[hint] for name, hint in told.items()}
    made: type[T] = _typed_dict(whole.__name__, hints, whole)
    return made


def with_more(shape: type[T]) -> type[T]:
    """The decorated TypedDict may hold keys that it does not name."""
    shape.__pydantic_config__ = {"extra": "allow"}  # type: ignore[attr-defined]
    return shape


def one_of(kind: type[enum.Enum], *more: str) -> WithJsonSchema:
    """In `Annotated[str, one_of(State)]`: the text is the value of one of these."""
    return WithJsonSchema({"type": "string", "enum": [*(one.value for one in kind), *more]})


def _shape(extras: type[T], fields: Mapping[str, Any]) -> type[T]:
    own = typing.get_type_hints(extras, include_extras=True)
    shape: type[T] = _typed_dict(extras.__name__, {**fields, **own}, extras)
    return shape


def _typed_dict(name: str, fields: Mapping[str, Any], like: type[Any]) -> Any:  # noqa: ANN401
    make: Any = TypedDict  # as a function: mypy knows it only with a name that is written out
    shape = make(name, dict(fields))
    shape.__doc__, shape.__module__ = like.__doc__, like.__module__
    return shape


@cache
def _nested(kind: type[Any], is_stored: bool) -> Any:  # noqa: ANN401  # a type
    """The shape of a record within another; one name for what is the same either way."""
    whole = _fields(kind, False)
    if not is_stored:
        return _typed_dict(kind.__name__, whole, kind)
    fields = _fields(kind, True)
    if fields == whole:
        return _nested(kind, False)  # type: ignore[arg-type]  # a type is hashable
    return _typed_dict(f"Stored{kind.__name__}", fields, kind)


def _fields(kind: type[Any], is_stored: bool) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    fields = {}
    for field in dataclasses.fields(kind):
        hint = _json(hints[field.name], is_stored)
        is_always = (
            field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        )
        fields[field.name] = NotRequired[hint] if is_stored and not is_always else hint
    return fields


def _json(hint: Any, is_stored: bool) -> Any:  # noqa: ANN401  # types
    """What `encode` makes of a value of this type; TypeError for one it makes nothing of."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return typing.Union[tuple(_json(one, is_stored) for one in inner)]  # noqa: UP007
    if origin is tuple and inner[-1] is not Ellipsis:
        same = dict.fromkeys(_json(one, is_stored) for one in inner)
        return list[typing.Union[tuple(same)]]  # type: ignore[misc]  # noqa: UP007
    if origin in (tuple, list):
        return list[_json(inner[0], is_stored)]  # type: ignore[misc]
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return dict[str, _json(inner[1], is_stored)]  # type: ignore[misc]
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return _nested(hint, is_stored)
    is_plain = hint in (str, int, float, bool, datetime, types.NoneType)
    if is_plain or (isinstance(hint, type) and issubclass(hint, enum.Enum)):
        return hint
    raise TypeError(f"no JSON form for {hint}")
