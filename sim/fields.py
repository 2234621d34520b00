"""Reads JSON objects field by field; what is wrong is told in one sentence that names the field."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

from patrol.errors import ConfigError

T = TypeVar("T")


class Fields:
    """One JSON object being read; remembers what was asked for, so that a typing error is found."""

    def __init__(self, body: object, where: str = "") -> None:
        if not isinstance(body, dict):
            raise ConfigError(f"{where or 'the scenario'} is not a JSON object")
        self._body: dict[str, Any] = body
        self._prefix = f"{where}." if where else ""
        self._known: set[str] = set()

    def read(self, name: str, convert: Callable[[Any], T], *default: T) -> T:
        """The field converted; its default when it is missing (or null, if null is the default)."""
        self._known.add(name)
        value = self._body.get(name)
        if default and (name not in self._body or (value is None and default[0] is None)):
            return default[0]
        if name not in self._body:
            raise ConfigError(f"{self._prefix}{name} is missing")
        try:
            return convert(value)
        except (TypeError, ValueError, IndexError, OverflowError) as error:
            raise ConfigError(f"{self._prefix}{name}: {error}") from error

    def refuse_the_rest(self) -> None:
        """ConfigError when the object holds a name that nobody reads."""
        for name in self._body:
            if name not in self._known:
                raise ConfigError(f"{self._prefix}{name} is not a field of a scenario")


def number(low: float, high: float) -> Callable[[Any], float]:
    """Converts a JSON number within limits; ValueError for anything else."""

    def convert(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"a number is wanted, not {value!r}")
        if not low <= value <= high:  # NaN and infinity are outside too
            raise ValueError(f"{value} is not between {low:g} and {high:g}")
        return float(value)

    return convert


def whole(low: int, high: int, *, is_even: bool = False) -> Callable[[Any], int]:
    """Converts a JSON whole number within limits; ValueError for anything else."""

    def convert(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError(f"a whole number is wanted, not {value!r}")
        if not low <= value <= high or (is_even and value % 2):
            raise ValueError(f"{value} is not {'even and ' * is_even}between {low} and {high}")
        return value

    return convert


def one_of(*words: str) -> Callable[[Any], str]:
    """Converts one of some words; ValueError that lists them for anything else."""

    def convert(value: Any) -> str:
        if not isinstance(value, str) or value not in words:
            raise ValueError(f"one of {', '.join(words)}, not {value!r}")
        return value

    return convert


def bearing(value: Any) -> float:
    """Degrees clockwise from true north, 0 to 360."""
    return math.fmod(number(0.0, 360.0)(value), 360.0)
