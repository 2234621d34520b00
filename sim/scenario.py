"""What the simulated world is made of, read from one JSON file. It holds no state.

The fields are told in config/scenarios/README.md, with an example of each kind beside it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from patrol.camera import CameraLens
from patrol.clock import parse_utc
from patrol.errors import ConfigError
from patrol.geo import GeoPoint
from sim.fields import Fields, bearing, number, one_of, whole
from sim.terrain import Hill, hills_from, place_from
from sim.weather import CLEAR_DAY, Weather, weather_from

RESPONSES = ("disperses", "stubborn")
FORMS = ("ring", "throng", "queue")
_PEOPLE_MAX = 200  # more would cost more than the tenth of a second a picture has


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """Those who come later than the first minute."""

    people_count: int
    over_s: float  # evenly spread after the first have come


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathering:
    """People who come together at a place."""

    place: GeoPoint
    people_count: int = 32
    response: str = "disperses"  # or "stubborn": they hear and stay
    form: str = "ring"
    growth: Growth | None = None
    queue_true_deg: float = 90.0  # from the head of a queue to its tail
    service_s: float | None = None  # None: a queue that does not move

    @property
    def people_max(self) -> int:
        """How many there are when all have come."""
        return self.people_count + (self.growth.people_count if self.growth else 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimCamera:
    """The lens, how often it gives a picture per wall second, and what it does to the picture."""

    lens: CameraLens = field(
        default_factory=lambda: CameraLens(width_px=1280, height_px=720, hfov_deg=40.0)
    )
    frames_per_s: int = 10
    latency_s: float = 0.0  # wall seconds from capture to the first packet
    noise_levels: float = 0.0  # standard deviation by day, of 255; more of it by night


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One world. Equal scenario and seed give an equal world."""

    home: GeoPoint
    home_elevation_amsl_m: float
    start_utc: datetime
    gathering: Gathering | None = None
    passers_by_count: int = 0
    passers_by_place: GeoPoint | None = None  # None: around the gathering, or else around home
    walkers_count: int = 0  # along the pavements, around the same place
    weather: Weather = CLEAR_DAY
    camera: SimCamera = field(default_factory=SimCamera)
    hills: tuple[Hill, ...] = ()  # what aircraft fly over; pictures show level ground

    def without_people(self) -> Scenario:
        """The same world with nobody in it."""
        return replace(self, gathering=None, passers_by_count=0, walkers_count=0)


def load_scenario(path: Path) -> Scenario:
    """Read a scenario file; ConfigError says in one line what is wrong with it."""
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: not JSON ({error})") from error
    try:
        return scenario_from_dict(body)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def scenario_from_dict(body: object) -> Scenario:
    """Read a scenario object; ConfigError names the field that is wrong."""
    fields = Fields(body)
    scenario = Scenario(
        home=fields.read("home", place_from),
        home_elevation_amsl_m=fields.read("home_elevation_amsl_m", number(-500.0, 9000.0)),
        start_utc=fields.read("start_utc", lambda value: parse_utc(str(value))),
        gathering=fields.read("gathering", _gathering, None),
        passers_by_count=fields.read("passers_by", whole(0, _PEOPLE_MAX), 0),
        passers_by_place=fields.read("passers_by_place", place_from, None),
        walkers_count=fields.read("walkers", whole(0, _PEOPLE_MAX), 0),
        weather=fields.read("weather", weather_from, CLEAR_DAY),
        camera=fields.read("camera", _camera, SimCamera()),
        hills=fields.read("hills", hills_from, ()),
    )
    fields.refuse_the_rest()
    return scenario


def _gathering(value: Any) -> Gathering:
    fields = Fields(value, where="gathering")
    gathering = Gathering(
        place=fields.read("place", place_from),
        people_count=fields.read("people", whole(1, _PEOPLE_MAX), 32),
        response=fields.read("response", one_of(*RESPONSES), "disperses"),
        form=fields.read("form", one_of(*FORMS), "ring"),
        growth=fields.read("growth", _growth, None),
        queue_true_deg=fields.read("queue_true_deg", bearing, 90.0),
        service_s=fields.read("service_s", number(3.0, 3600.0), None),
    )
    fields.refuse_the_rest()
    if gathering.form != "queue" and gathering.service_s is not None:
        raise ConfigError(f"gathering.service_s: a {gathering.form} is not served, a queue is")
    if gathering.form == "ring" and gathering.growth is not None:
        raise ConfigError("gathering.growth: a ring does not grow, a throng or a queue does")
    if gathering.people_max > _PEOPLE_MAX:
        raise ConfigError(f"gathering.growth.people: more than {_PEOPLE_MAX} people in all")
    return gathering


def _growth(value: Any) -> Growth:
    fields = Fields(value, where="gathering.growth")
    growth = Growth(
        people_count=fields.read("people", whole(1, _PEOPLE_MAX)),
        over_s=fields.read("over_s", number(10.0, 86_400.0)),
    )
    fields.refuse_the_rest()
    return growth


def _camera(value: Any) -> SimCamera:
    fields = Fields(value, where="camera")
    # H.264 with 4:2:0 colour wants even sides.
    lens = CameraLens(
        width_px=fields.read("width_px", whole(64, 3840, is_even=True), 1280),
        height_px=fields.read("height_px", whole(64, 2160, is_even=True), 720),
        hfov_deg=fields.read("hfov_deg", number(5.0, 120.0), 40.0),
    )
    camera = SimCamera(
        lens=lens,
        frames_per_s=fields.read("frames_per_s", whole(1, 30), 10),
        latency_s=fields.read("latency_s", number(0.0, 10.0), 0.0),
        noise_levels=fields.read("noise_levels", number(0.0, 20.0), 0.0),
    )
    fields.refuse_the_rest()
    return camera
