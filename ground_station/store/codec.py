"""Frozen dataclasses to JSON and back, and the one spelling of JSON that hashes are taken of."""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import json
import types
import typing
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

from patrol.clock import parse_utc, utc_text

T = TypeVar("T")


def canonical_json(value: object) -> str:
    """Sorted keys, no spaces, UTF-8, no NaN (ValueError): the same value is the same text."""
    return json.dumps(
        value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False
    )


def sha256_text(text: str) -> str:
    """Hexadecimal SHA-256 of the UTF-8 text."""
    # A database row changed by hand may hold half a surrogate; it must hash, not raise.
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def encode(value: object) -> Any:
    """The JSON form of a dataclass, enum, time, tuple or plain value; TypeError otherwise."""
    match value:
        case enum.Enum():
            return value.value
        case None | bool() | int() | float() | str():
            return value
        case datetime():
            return utc_text(value)
        case Mapping():
            return {str(key): encode(item) for key, item in value.items()}
        case tuple() | list():
            return [encode(item) for item in value]
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return {
                field.name: encode(getattr(value, field.name))
                for field in dataclasses.fields(value)
            }
        case _:
            raise TypeError(f"no JSON form for {type(value).__name__}")


def decode(kind: type[T], value: Any) -> T:
    """Read what `encode` wrote; KeyError, TypeError or ValueError when it is not that."""
    return typing.cast("T", _decode(kind, value))


def _decode(hint: Any, value: Any) -> Any:
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        if value is None:
            return None
        inner = [item for item in typing.get_args(hint) if item is not types.NoneType]
        return _decode(inner[0], value)
    if origin is tuple:
        items = typing.get_args(hint)
        return tuple(_decode(items[0], item) for item in value)
    if hint is datetime:
        return parse_utc(value)
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return hint(value)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        hints = _hints(hint)
        return hint(**{name: _decode(hints[name], item) for name, item in value.items()})
    if hint is float:
        return float(value)
    return value


@cache
def _hints(kind: type[Any]) -> dict[str, Any]:
    return typing.get_type_hints(kind)
