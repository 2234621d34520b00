"""What the simulated world is made of, read from one JSON file. It holds no state."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from patrol.camera import CameraLens
from patrol.clock import parse_utc
from patrol.errors import ConfigError
from patrol.geo import GeoPoint, from_geojson

RESPONSES = ("disperses", "stubborn")
_PEOPLE_MAX = 200  # more would cost more than the tenth of a second a picture has

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathering:
    """People who come together at a place."""

    place: GeoPoint
    people_count: int = 32
    response: str = "disperses"  # or "stubborn": they hear and stay


@dataclass(frozen=True, slots=True, kw_only=True)
class SimCamera:
    """The lens and how often it gives a picture, per wall second."""

    lens: CameraLens = field(
        default_factory=lambda: CameraLens(width_px=1280, height_px=720, hfov_deg=40.0)
    )
    frames_per_s: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One world. Equal scenario and seed give an equal world."""

    home: GeoPoint
    home_elevation_amsl_m: float
    start_utc: datetime
    gathering: Gathering | None = None
    passers_by_count: int = 0
    passers_by_place: GeoPoint | None = None  # None: around the gathering, or else around home
    camera: SimCamera = field(default_factory=SimCamera)

    def without_people(self) -> Scenario:
        """The same world with nobody in it."""
        return replace(self, gathering=None, passers_by_count=0)


def load_scenario(path: Path) -> Scenario:
    """Read a scenario file; ConfigError says in one line what is wrong with it."""
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise ConfigError(f"{path}: not JSON ({error})") from error
    try:
        return scenario_from_dict(body)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def scenario_from_dict(body: object) -> Scenario:
    """Read a scenario object; ConfigError names the field that is wrong."""
    fields = _Fields(body, where="")
    scenario = Scenario(
        home=fields.read("home", _place),
        home_elevation_amsl_m=fields.read("home_elevation_amsl_m", _number(-500.0, 9000.0)),
        start_utc=fields.read("start_utc", lambda value: parse_utc(str(value))),
        gathering=fields.read("gathering", _gathering, None),
        passers_by_count=fields.read("passers_by", _whole(0, _PEOPLE_MAX), 0),
        passers_by_place=fields.read("passers_by_place", _place, None),
        camera=fields.read("camera", _camera, SimCamera()),
    )
    fields.refuse_the_rest()
    return scenario


class _Fields:
    """One JSON object being read; remembers what was asked for, so that a typing error is found."""

    def __init__(self, body: object, where: str) -> None:
        if not isinstance(body, dict):
            raise ConfigError(f"{where or 'the scenario'} is not a JSON object")
        self._body: dict[str, Any] = body
        self._where = where
        self._known: set[str] = set()

    def read(self, name: str, convert: Callable[[Any], T], *default: T) -> T:
        """The field converted; its default when it is missing (or null, if null is the default)."""
        self._known.add(name)
        value = self._body.get(name)
        if default and (name not in self._body or (value is None and default[0] is None)):
            return default[0]
        if name not in self._body:
            raise ConfigError(f"{self._where}{name} is missing")
        try:
            return convert(value)
        except (TypeError, ValueError, IndexError) as error:
            raise ConfigError(f"{self._where}{name}: {error}") from error

    def refuse_the_rest(self) -> None:
        """ConfigError when the object holds a name that nobody reads."""
        for name in self._body:
            if name not in self._known:
                raise ConfigError(f"{self._where}{name} is not a field of a scenario")


def _gathering(value: Any) -> Gathering:
    fields = _Fields(value, where="gathering.")
    gathering = Gathering(
        place=fields.read("place", _place),
        people_count=fields.read("people", _whole(1, _PEOPLE_MAX), 32),
        response=fields.read("response", _response, "disperses"),
    )
    fields.refuse_the_rest()
    return gathering


def _camera(value: Any) -> SimCamera:
    fields = _Fields(value, where="camera.")
    # H.264 with 4:2:0 colour wants even sides.
    lens = CameraLens(
        width_px=fields.read("width_px", _whole(64, 3840, step=2), 1280),
        height_px=fields.read("height_px", _whole(64, 2160, step=2), 720),
        hfov_deg=fields.read("hfov_deg", _number(5.0, 120.0), 40.0),
    )
    frames_per_s = fields.read("frames_per_s", _whole(1, 30), 10)
    fields.refuse_the_rest()
    return SimCamera(lens=lens, frames_per_s=frames_per_s)


def _place(value: Any) -> GeoPoint:
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError(f"a place is [longitude, latitude], not {value!r}")
    return from_geojson([_number(-180.0, 180.0)(value[0]), _number(-90.0, 90.0)(value[1])])


def _response(value: Any) -> str:
    if value not in RESPONSES:
        raise ValueError(f"one of {', '.join(RESPONSES)}, not {value!r}")
    return str(value)


def _number(low: float, high: float) -> Callable[[Any], float]:
    def convert(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"a number is wanted, not {value!r}")
        if not math.isfinite(value) or not low <= value <= high:
            raise ValueError(f"{value} is not between {low:g} and {high:g}")
        return float(value)

    return convert


def _whole(low: int, high: int, step: int = 1) -> Callable[[Any], int]:
    def convert(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError(f"a whole number is wanted, not {value!r}")
        if not low <= value <= high or value % step:
            raise ValueError(
                f"{value} is not {'even and ' if step == 2 else ''}between {low} and {high}"
            )
        return value

    return convert
