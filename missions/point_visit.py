"""A patrol to one place: there, a look from the stand-off, and back. Pure, in ENU metres."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from shapely.geometry import LineString, Point
from shapely.geometry.polygon import orient

from missions.assembly import RESERVE_PCT, SHORTEST_LOOK_S
from missions.checks import check_plan
from missions.codes import without_district
from missions.findings import stop
from missions.flat import to_place
from missions.grid import Grid
from missions.open_air import Surroundings
from missions.request import STANDOFF_MIN_M
from patrol.camera import CameraLens
from patrol.energy import Power, energy_need_pct
from patrol.geo import Datum, GeoPoint, Height, LocalFrame, bearing_true_deg
from patrol.pattern import Pattern
from patrol.plan import Finding, LookHold, MissionPlan, Waypoint

_FENCE_HALF_M = 40.0  # around the way and the place: room to stand off on any side of it
_HOLD_S = 60.0  # the first look [P]
_LIFT_S = 10.0  # arming, and from the ground to a safe height [P]


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitRequest:
    """What a visit is planned from."""

    point: GeoPoint
    grid: Grid  # in which the point lies
    register_version: str
    home: GeoPoint
    home_elevation_amsl_m: float
    lens: CameraLens
    created_utc: datetime
    endurance_s: float
    is_exercise: bool = False
    height_agl_m: float = 30.0
    speed_m_s: float = 4.8
    ceiling_agl_m: float = 110.0  # 10 m under the 120 m of the law, DOMAIN 2.5
    charge_pct: float = 100.0  # when it takes off
    wind_m_s: float | None = None
    wind_from_true_deg: float | None = None
    around: Surroundings = field(default_factory=Surroundings)


def standoff_m(height_agl_m: float) -> float:
    """How far from people it stays, on the ground: no nearer than it is high."""
    return max(STANDOFF_MIN_M, height_agl_m)


def time_there_s(distance_m: float, request: VisitRequest) -> float:
    """From the order to the first look: lift, climb, and the way."""
    return _LIFT_S + request.height_agl_m / Power().climb_m_s + distance_m / request.speed_m_s


def plan_visit(request: VisitRequest) -> tuple[MissionPlan, list[Finding]]:
    """The plan and every finding about it.

    A STOP is among them where the charge does not bring it back with the reserve, and where the
    wind is too strong for the way (its need is then infinite).
    """
    frame = LocalFrame(origin=request.home)
    place = frame.to_enu(request.point)
    away_m = math.hypot(place.east_m, place.north_m)
    short_m = standoff_m(request.height_agl_m)
    # From overhead of the place itself it backs off to the south.
    unit = (place.east_m / away_m, place.north_m / away_m) if away_m > 0.5 else (0.0, 1.0)
    stop = (place.east_m - unit[0] * short_m, place.north_m - unit[1] * short_m)
    flown_m = math.dist((0.0, 0.0), stop)
    plan = _with_look(request, _assemble(request, stop, flown_m, frame))
    checked = check_plan(plan, request.grid, request.lens, request.around)
    # The charge that there is says it all; and one place cannot be split into sorties.
    others = [finding for finding in checked if finding.code != "battery.reserve"]
    return plan, [*others, *_charge(request, plan)]


def _assemble(
    request: VisitRequest, stop: tuple[float, float], flown_m: float, frame: LocalFrame
) -> MissionPlan:
    height = Height(metres=request.height_agl_m, datum=Datum.HOME)
    spot = to_place(stop, frame)
    waypoint = Waypoint(
        point=spot,
        height=height,
        speed_m_s=request.speed_m_s,
        hold_s=_HOLD_S,
        gimbal_pitch_deg=-round(
            math.degrees(math.atan2(request.height_agl_m, standoff_m(request.height_agl_m))), 1
        ),
        camera_bearing_true_deg=round(bearing_true_deg(spot, request.point), 1) % 360.0,
    )
    landing_s = request.height_agl_m / Power().descent_m_s
    duration_s = time_there_s(flown_m, request) + _HOLD_S + flown_m / request.speed_m_s + landing_s
    way = LineString([(0.0, 0.0), stop]) if flown_m > 0.0 else Point(0.0, 0.0)
    ring = orient(way.buffer(_FENCE_HALF_M, quad_segs=2)).exterior.coords[:-1]
    return MissionPlan(
        plan_id=f"V-{request.created_utc:%Y%m%dT%H%M%S}-{without_district(request.grid.code)}",
        grid_code=request.grid.code,
        grid_name=request.grid.name_spoken,
        register_version=request.register_version,
        pattern=Pattern.HOLD.value,
        home=request.home,
        home_elevation_amsl_m=request.home_elevation_amsl_m,
        waypoints=(waypoint,),
        fence=tuple(to_place(corner, frame) for corner in ring),
        ceiling_agl_m=request.ceiling_agl_m,
        return_height=height,
        look_hold=None,
        length_m=round(2.0 * flown_m, 1),
        duration_s=round(duration_s, 1),
        battery_need_pct=100.0,
        created_utc=request.created_utc,
        is_exercise=request.is_exercise,
    )


def _with_look(request: VisitRequest, plan: MissionPlan) -> MissionPlan:
    """With the longest look at a crowd that its charge allows, and what all of it takes."""
    power = Power(endurance_s=request.endurance_s)
    short_m = standoff_m(request.height_agl_m)

    def with_look(look_s: float) -> MissionPlan:
        look = LookHold(standoff_min_m=short_m, longest_s=look_s) if look_s else None
        tried = replace(plan, look_hold=look)
        need_pct = energy_need_pct(
            tried, wind_m_s=request.wind_m_s, wind_from_true_deg=request.wind_from_true_deg,
            power=power,
        )  # fmt: skip
        return replace(tried, battery_need_pct=round(need_pct, 1))

    bare = with_look(0.0)
    spare_pct = request.charge_pct - RESERVE_PCT - bare.battery_need_pct
    look_s = math.floor(min(LookHold().longest_s, spare_pct / 100.0 * request.endurance_s))
    return with_look(float(look_s)) if look_s >= SHORTEST_LOOK_S else bare


def _charge(request: VisitRequest, plan: MissionPlan) -> Iterator[Finding]:
    """Whether it comes back with the reserve from what is in the battery now."""
    if not plan.battery_need_pct <= request.charge_pct - RESERVE_PCT:
        yield stop(
            "battery.charge",
            f"{request.charge_pct:.0f} % charge: there and back takes "
            f"{plan.battery_need_pct:.0f} %, and {RESERVE_PCT:.0f} % must remain",
            f"电量{request.charge_pct:.0f}%：往返需{plan.battery_need_pct:.0f}%，"
            f"并须保留{RESERVE_PCT:.0f}%",
        )
