"""A patrol that can be approved and flown, and the findings that speak against it."""

from __future__ import annotations

import enum
import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from patrol.clock import parse_utc, utc_text
from patrol.geo import Datum, GeoPoint, Height, from_geojson, to_geojson

PLAN_FORMAT = "gridpatrol-plan/1"


class Level(enum.Enum):
    """How grave a finding is; only a STOP forbids."""

    NOTE = "note"
    WARN = "warn"
    STOP = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing a check found."""

    code: str  # stable, such as `route.outside_grid`
    level: Level
    text: str  # for the operator, English
    text_zh: str = ""  # for the operator, Chinese
    hint: str = ""  # for the engineer
    article: str = ""  # the clause it cites
    leg: int | None = None  # index of the waypoint that the leg ends at

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "code": self.code,
            "level": self.level.value,
            "text": self.text,
            "text_zh": self.text_zh,
            "hint": self.hint,
            "article": self.article,
            "leg": self.leg,
        }


def stops(findings: Sequence[Finding]) -> list[Finding]:
    """Those that forbid."""
    return [finding for finding in findings if finding.level is Level.STOP]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waypoint:
    """Where to fly next, and how the camera looks on the way there."""

    point: GeoPoint
    height: Height
    speed_m_s: float
    hold_s: float = 0.0
    gimbal_pitch_deg: float | None = None  # negative below the horizon
    camera_bearing_true_deg: float | None = None
    is_transit: bool = False  # nobody is counted on the way there
    ground_above_home_m: float | None = None  # of the place, where elevation data is known

    @property
    def height_above_home_m(self) -> float | None:
        """What an autopilot flies by; None for a height that nobody can reckon from home."""
        if self.height.datum is Datum.HOME:
            return self.height.metres
        if self.height.datum is Datum.GROUND and self.ground_above_home_m is not None:
            return self.height.metres + self.ground_above_home_m
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class LookHold:
    """What the approved plan allows without asking again: stop and look at a candidate crowd."""

    standoff_min_m: float = 30.0
    longest_s: float = 660.0  # 11 minutes: on-delay plus the +10 min observation


class WayHome(enum.Enum):
    """How the autopilot comes home, from wherever it is told to or does so by itself."""

    STRAIGHT = "straight"
    RALLY = "rally"  # straight to the nearest of home and the rally points; it lands there
    ROUTE = "route"  # to the nearest waypoint, then back along the route flown so far


@dataclass(frozen=True, slots=True, kw_only=True)
class RallyPoint:
    """A place to land at that is not home."""

    point: GeoPoint
    ground_above_home_m: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MissionPlan:
    """One sortie: take off at home, fly the waypoints, return and land."""

    plan_id: str
    grid_code: str
    grid_name: str
    register_version: str
    pattern: str  # such as "boundary"
    home: GeoPoint
    home_elevation_amsl_m: float
    waypoints: tuple[Waypoint, ...]
    fence: tuple[GeoPoint, ...]  # one polygon with home inside, not closed
    ceiling_agl_m: float
    return_height: Height
    look_hold: LookHold | None
    length_m: float
    duration_s: float
    battery_need_pct: float
    created_utc: datetime
    is_exercise: bool
    on_link_loss: str = "return"
    way_home: WayHome = WayHome.STRAIGHT
    rally_points: tuple[RallyPoint, ...] = ()
    sortie_number: int = 1  # of a patrol that takes several
    sortie_count: int = 1
    approved_by: str = ""
    approved_utc: datetime | None = None

    @property
    def digest(self) -> str:
        """SHA-256 of everything a person approves (all but the approval itself)."""
        body = self._approved_body()
        if self.way_home is WayHome.STRAIGHT and not self.rally_points:
            # As in files from before there was a choice: what was approved then stays approved.
            del body["way_home"], body["rally_points"]
        return _sha256(body)

    @property
    def route_digest(self) -> str:
        """SHA-256 of what is flown: the plan without its name, its date and whether it is live.

        The grid's version stays in: over a changed grid it is another route.
        """
        body = self._approved_body()
        for paper in ("plan_id", "created_utc", "is_exercise"):
            del body[paper]
        return _sha256(body)

    @property
    def climb_height_m(self) -> float:
        """To where it climbs above home before it sets out.

        Where the first height cannot be reckoned from home, the plan cannot be uploaded either.
        """
        first = self.waypoints[0]
        return max(first.height_above_home_m or 0.0, first.height.metres)

    @property
    def highest_true_m(self) -> float:
        """The greatest height above ground that it is flown or comes home at.

        It returns at one height above home: what lies lower adds to it. Where the plan does not
        know the ground, that is flat.
        """
        below_m = max((0.0, *(-(one.ground_above_home_m or 0.0) for one in self.waypoints)))
        is_above_home = self.return_height.datum is Datum.HOME
        return_m = self.return_height.metres + (below_m if is_above_home else 0.0)
        return max((return_m, *(waypoint.height.metres for waypoint in self.waypoints)))

    def approved(self, by: str, at_utc: datetime) -> MissionPlan:
        """The same plan with a name under it."""
        return replace(self, approved_by=by, approved_utc=at_utc)

    def to_dict(self) -> dict[str, Any]:
        """JSON form; positions as GeoJSON pairs (longitude first)."""
        return self._approved_body() | {
            "digest": self.digest,
            "approved_by": self.approved_by,
            "approved_utc": utc_text(self.approved_utc) if self.approved_utc else None,
        }

    def _approved_body(self) -> dict[str, Any]:
        """What a person approves."""
        several = {"sortie_number": self.sortie_number, "sortie_count": self.sortie_count}
        return (several if self.sortie_count > 1 else {}) | {
            "format": PLAN_FORMAT,
            "plan_id": self.plan_id,
            "grid_code": self.grid_code,
            "grid_name": self.grid_name,
            "register_version": self.register_version,
            "pattern": self.pattern,
            "home": to_geojson(self.home),
            "home_elevation_amsl_m": self.home_elevation_amsl_m,
            "waypoints": [_waypoint_to_dict(waypoint) for waypoint in self.waypoints],
            "fence": [to_geojson(point) for point in self.fence],
            "ceiling_agl_m": self.ceiling_agl_m,
            "return_height": _height_to_dict(self.return_height),
            "look_hold": None
            if self.look_hold is None
            else {
                "standoff_min_m": self.look_hold.standoff_min_m,
                "longest_s": self.look_hold.longest_s,
            },
            "length_m": self.length_m,
            "duration_s": self.duration_s,
            "battery_need_pct": self.battery_need_pct,
            "created_utc": utc_text(self.created_utc),
            "is_exercise": self.is_exercise,
            "on_link_loss": self.on_link_loss,
            "way_home": self.way_home.value,
            "rally_points": [
                {"point": to_geojson(rally.point), "ground_above_home_m": rally.ground_above_home_m}
                for rally in self.rally_points
            ],
        }


def plan_from_dict(body: dict[str, Any]) -> MissionPlan:
    """Read what `to_dict` wrote; KeyError, TypeError or ValueError when it is not that."""
    if body["format"] != PLAN_FORMAT:
        raise ValueError(f"not a {PLAN_FORMAT} file but {body['format']!r}")
    look_hold, approved = body["look_hold"], body.get("approved_utc")
    if not body["waypoints"] or len(body["fence"]) < 3:
        raise ValueError("it has no waypoints, or no fence of three corners or more")
    if not isinstance(body["is_exercise"], bool):
        raise TypeError("is_exercise is neither true nor false")
    return MissionPlan(
        plan_id=str(body["plan_id"]),
        grid_code=str(body["grid_code"]),
        grid_name=str(body["grid_name"]),
        register_version=str(body["register_version"]),
        pattern=str(body["pattern"]),
        home=from_geojson(body["home"]),
        home_elevation_amsl_m=_finite(body["home_elevation_amsl_m"]),
        waypoints=tuple(_waypoint_from_dict(item) for item in body["waypoints"]),
        fence=tuple(from_geojson(position) for position in body["fence"]),
        ceiling_agl_m=_finite(body["ceiling_agl_m"]),
        return_height=_height_from_dict(body["return_height"]),
        look_hold=None
        if look_hold is None
        else LookHold(
            standoff_min_m=_finite(look_hold["standoff_min_m"]),
            longest_s=_finite(look_hold["longest_s"]),
        ),
        length_m=_finite(body["length_m"]),
        duration_s=_finite(body["duration_s"]),
        battery_need_pct=_finite(body["battery_need_pct"]),
        created_utc=parse_utc(body["created_utc"]),
        is_exercise=body["is_exercise"],
        on_link_loss=str(body["on_link_loss"]),
        way_home=WayHome(body.get("way_home", WayHome.STRAIGHT.value)),
        rally_points=tuple(_rally_from_dict(item) for item in body.get("rally_points", ())),
        sortie_number=int(body.get("sortie_number", 1)),
        sortie_count=int(body.get("sortie_count", 1)),
        approved_by=str(body.get("approved_by", "")),
        approved_utc=parse_utc(approved) if approved else None,
    )


def _sha256(body: dict[str, Any]) -> str:
    text = json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _finite(value: Any) -> float:  # noqa: ANN401  # JSON value
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"not a number to fly by: {value}")
    return number


def _height_to_dict(height: Height) -> dict[str, Any]:
    return {"metres": height.metres, "datum": height.datum.value}


def _height_from_dict(body: dict[str, Any]) -> Height:
    return Height(metres=_finite(body["metres"]), datum=Datum(body["datum"]))


def _rally_from_dict(body: dict[str, Any]) -> RallyPoint:
    return RallyPoint(
        point=from_geojson(body["point"]),
        ground_above_home_m=_finite(body["ground_above_home_m"]),
    )


def _waypoint_to_dict(waypoint: Waypoint) -> dict[str, Any]:
    """What is not said is left out: the digest of a plan from before it could be said stays."""
    body = {
        "point": to_geojson(waypoint.point),
        "height": _height_to_dict(waypoint.height),
        "speed_m_s": waypoint.speed_m_s,
        "hold_s": waypoint.hold_s,
        "gimbal_pitch_deg": waypoint.gimbal_pitch_deg,
        "camera_bearing_true_deg": waypoint.camera_bearing_true_deg,
    }
    ground_m = waypoint.ground_above_home_m
    body |= {"is_transit": True} if waypoint.is_transit else {}
    return body | ({} if ground_m is None else {"ground_above_home_m": ground_m})


def _waypoint_from_dict(body: dict[str, Any]) -> Waypoint:
    pitch, bearing = body["gimbal_pitch_deg"], body["camera_bearing_true_deg"]
    ground = body.get("ground_above_home_m")
    return Waypoint(
        point=from_geojson(body["point"]),
        height=_height_from_dict(body["height"]),
        speed_m_s=_finite(body["speed_m_s"]),
        hold_s=_finite(body["hold_s"]),
        gimbal_pitch_deg=None if pitch is None else _finite(pitch),
        camera_bearing_true_deg=None if bearing is None else _finite(bearing),
        is_transit=bool(body.get("is_transit", False)),
        ground_above_home_m=None if ground is None else _finite(ground),
    )
