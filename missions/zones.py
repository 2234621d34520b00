"""Holds a plan against the airspace: every leg, the way out and the way home. Pure."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import shapely
from shapely.geometry import GeometryCollection, LineString, MultiPoint
from shapely.geometry.base import BaseGeometry

from missions.airspace import AGE_MAX, ARTICLES, CLOSED, Airspace, AirspaceZone, ZoneKind
from missions.areas import polygons
from missions.findings import note, stop, warn
from missions.flat import to_metres, to_position
from missions.request import PlanRequest
from patrol.camera import CameraLens
from patrol.clock import SHANGHAI
from patrol.geo import GeoPoint, LocalFrame, from_geojson
from patrol.plan import Finding, MissionPlan
from patrol.way_home import way_back

_MARGIN_M = 5.0  # around a zone: position error; a route that is planned keeps more
_HEIGHT_MARGIN_M = 5.0
_CLOCK_SLACK = timedelta(minutes=5)
_SEEN_MAX_M = 1000.0  # where the picture shows the horizon, [P]
_BEARINGS = 5  # across the picture

# What `airspace_findings` may say.
ABOUT_AIRSPACE = frozenset(
    f"airspace.{what}"
    for what in ("unknown", "age", "stale", "from_future", "times_reversed", "heights_reversed",
                 "zone", "permitted", "quiet", "later")
)  # fmt: skip
ZONE_WORDS = {
    ZoneKind.CONTROLLED: ("controlled airspace", "管制空域"),
    ZoneKind.TEMP: ("a temporary restriction", "临时管制空域"),
    ZoneKind.CATEGORY_BAN: ("a local ban", "地方禁飞区"),
    ZoneKind.NO_SHOOT: ("a place that may not be filmed", "禁止拍摄区域"),
    ZoneKind.NOISE_QUIET: ("a quiet area", "静音区域"),
}


def around_zones(request: PlanRequest) -> PlanRequest:
    """The request with every closed zone kept out that the patrol could meet."""
    rings = [ring for zone in closed_zones(request) for ring in _rings(zone)]
    around = replace(request.around, kept_out=(*request.around.kept_out, *rings))
    return replace(request, around=around) if rings else request


def closed_zones(request: PlanRequest) -> list[AirspaceZone]:
    """Those at the patrol's time and heights, wherever they are."""
    airspace = request.around.airspace
    end_utc = request.created_utc + timedelta(seconds=request.endurance_s)
    return [
        zone for zone in (airspace.zones if airspace is not None else ())
        if zone.kind in CLOSED
        and zone.is_in_force(request.created_utc, end_utc)
        and zone.is_at_height(0.0, request.height_agl_m + _HEIGHT_MARGIN_M)
    ]  # fmt: skip


def _by_nothing(_: AirspaceZone) -> str:
    return ""


def airspace_findings(
    plan: MissionPlan,
    airspace: Airspace | None,
    now_utc: datetime,
    opened_by: Callable[[AirspaceZone], str] = _by_nothing,
) -> Iterator[Finding]:
    """How old the data is, what is wrong with it, and which legs meet a zone.

    `opened_by` is asked about each closed zone that is met: the id of the permit that opens it.
    """
    if airspace is None:
        yield warn(
            "airspace.unknown",
            "no airspace data: nobody has told which zones are closed",
            "没有空域数据：不掌握管制空域和禁飞区",
            article=ARTICLES[ZoneKind.CONTROLLED],
        )
        return
    yield _age(airspace, now_utc)
    yield from airspace.problems
    frame = LocalFrame(origin=plan.home)
    end_utc = now_utc + timedelta(seconds=plan.duration_s + _look_s(plan))
    for zone in airspace.zones:
        if zone.is_in_force(now_utc, end_utc):
            yield from _meetings(plan, zone, frame, opened_by)
        elif zone.kind in CLOSED and zone.is_in_force(end_utc, now_utc + AGE_MAX):
            yield from _later(plan, zone, frame)


def filming_findings(
    plan: MissionPlan, airspace: Airspace | None, lens: CameraLens, now_utc: datetime
) -> Iterator[Finding]:
    """Legs on which the picture shows what may not be filmed."""
    zones = airspace.zones if airspace is not None else ()
    frame = LocalFrame(origin=plan.home)
    end_utc = now_utc + timedelta(seconds=plan.duration_s + _look_s(plan))
    for zone in zones:
        if zone.kind is not ZoneKind.NO_SHOOT or not zone.is_in_force(now_utc, end_utc):
            continue
        area = to_metres(zone.shape, frame)
        for leg, seen in _pictures(plan, lens, frame):
            if seen.intersects(area):
                yield stop(
                    "airspace.filmed",
                    f"on the leg to waypoint {leg + 1} the camera sees {zone.name}, which may not "
                    "be filmed",
                    f"飞往第{leg + 1}航点时画面会拍到“{zone.name}”，该处禁止拍摄",
                    leg=leg,
                    article=ARTICLES[zone.kind],
                )


def _age(airspace: Airspace, now_utc: datetime) -> Finding:
    age = now_utc - airspace.oldest_utc
    hours = age / timedelta(hours=1)
    at = airspace.oldest_utc.astimezone(SHANGHAI)
    told = f"airspace data of {airspace.source}, fetched {at:%Y-%m-%d %H:%M} (Beijing)"
    told_zh = f"空域数据来源：{airspace.source}，获取于{at:%Y-%m-%d %H:%M}"
    if age < -_CLOCK_SLACK:
        return stop(
            "airspace.from_future",
            f"{told}: later than now; set the clock or the data right",
            f"{told_zh}：晚于当前时间，请校正时钟或数据",
        )
    if age > AGE_MAX:
        return stop(
            "airspace.stale",
            f"{told}: {hours:.0f} hours old, more than 24; fetch it again",
            f"{told_zh}：已过{hours:.0f}小时，超过24小时，请重新获取",
            article=ARTICLES[ZoneKind.TEMP],
        )
    return note("airspace.age", f"{told}: {hours:.1f} hours old", f"{told_zh}：已过{hours:.1f}小时")


def _meetings(
    plan: MissionPlan,
    zone: AirspaceZone,
    frame: LocalFrame,
    opened_by: Callable[[AirspaceZone], str],
) -> Iterator[Finding]:
    area = to_metres(zone.shape, frame).buffer(_MARGIN_M)
    shapely.prepare(area)
    kind, kind_zh = ZONE_WORDS[zone.kind]
    article = ARTICLES[zone.kind] or zone.source
    say = stop if zone.kind in CLOSED else warn
    code = "airspace.zone" if zone.kind in CLOSED else "airspace.quiet"
    for leg, line, lowest_m, highest_m in _legs(plan, frame):
        if not zone.is_at_height(lowest_m, highest_m) or not area.intersects(line):
            continue
        what, what_zh = f"the leg to waypoint {leg + 1}", f"飞往第{leg + 1}航点的航段"
        if leg == len(plan.waypoints):
            what, what_zh = "a way home", "返航路线"
        if zone.kind in CLOSED and (permit := opened_by(zone)):
            yield warn(
                "airspace.permitted",
                f"{zone.name}, {kind} ({zone.source}), is entered by permit {permit}",
                f"依许可{permit}进入“{zone.name}”（{kind_zh}，来源：{zone.source}）",
                article=article,
            )
            return
        yield say(
            code,
            f"{what} meets {zone.name}, {kind} ({zone.source})",
            f"{what_zh}进入“{zone.name}”（{kind_zh}，来源：{zone.source}）",
            leg=leg if leg < len(plan.waypoints) else None,
            article=article,
        )


def _later(plan: MissionPlan, zone: AirspaceZone, frame: LocalFrame) -> Iterator[Finding]:
    """A zone that is not closed yet: the patrol has to be over by then."""
    area = to_metres(zone.shape, frame).buffer(_MARGIN_M)
    begins = zone.from_utc.astimezone(SHANGHAI) if zone.from_utc else None
    is_met = any(
        zone.is_at_height(lowest_m, highest_m) and area.intersects(line)
        for _, line, lowest_m, highest_m in _legs(plan, frame)
    )
    if is_met and begins is not None:
        yield warn(
            "airspace.later",
            f"{zone.name} closes at {begins:%H:%M} on {begins:%Y-%m-%d} (Beijing): the aircraft "
            "must have landed by then",
            f"“{zone.name}”将于{begins:%Y-%m-%d %H:%M}起管制：飞行器须在此前降落",
            article=ARTICLES[zone.kind] or zone.source,
        )


def _legs(plan: MissionPlan, frame: LocalFrame) -> Iterator[tuple[int, BaseGeometry, float, float]]:
    """The way out, every leg, and all ways home; with the heights flown on each."""
    home = to_position(plan.home, frame)
    points = [to_position(waypoint.point, frame) for waypoint in plan.waypoints]
    heights_m = [waypoint.height.metres for waypoint in plan.waypoints]
    top_m = plan.highest_true_m + _HEIGHT_MARGIN_M
    yield 0, _line([home, points[0]]), 0.0, top_m
    for number, (a, b) in enumerate(itertools.pairwise(points), 1):
        pair = heights_m[number - 1 : number + 1]
        band = min(pair) - _HEIGHT_MARGIN_M, max(pair) + _HEIGHT_MARGIN_M
        yield number, _line([a, b]), *band
    yield len(points), _ways_home(plan, frame), 0.0, top_m


def _ways_home(plan: MissionPlan, frame: LocalFrame) -> BaseGeometry:
    """From every waypoint, by the way that the plan has."""
    ways = []
    for waypoint in plan.waypoints:
        chain = [waypoint.point, *way_back(waypoint.point, plan)]
        corners = [to_position(place, frame) for place in chain]
        ways += [_line([a, b]) for a, b in itertools.pairwise(corners)]
    return GeometryCollection(ways)


def _pictures(
    plan: MissionPlan, lens: CameraLens, frame: LocalFrame
) -> Iterator[tuple[int, BaseGeometry]]:
    """The ground that each leg's picture sweeps over."""
    at = to_position(plan.home, frame)
    for leg, waypoint in enumerate(plan.waypoints):
        there = to_position(waypoint.point, frame)
        pitch_deg, bearing_deg = waypoint.gimbal_pitch_deg, waypoint.camera_bearing_true_deg
        if pitch_deg is not None and bearing_deg is not None:
            seen = lens.footprint(
                height_agl_m=max(waypoint.height.metres, 0.1), pitch_deg=pitch_deg
            )
            far_m = min(_SEEN_MAX_M, seen.far_m) / math.cos(math.radians(lens.hfov_deg / 2.0))
            corners = [(at.x, at.y), (there.x, there.y)]
            for number in range(_BEARINGS):
                off_deg = (number / (_BEARINGS - 1) - 0.5) * lens.hfov_deg
                turn = math.radians(bearing_deg + off_deg)
                reach = math.sin(turn) * far_m, math.cos(turn) * far_m
                corners += [(p.x + reach[0], p.y + reach[1]) for p in (at, there)]
            yield leg, MultiPoint(corners).convex_hull
        at = there


def _line(points: Sequence[BaseGeometry]) -> BaseGeometry:
    first, last = points
    return first if first.equals(last) else LineString([first, last])


def _look_s(plan: MissionPlan) -> float:
    return plan.look_hold.longest_s if plan.look_hold else 0.0


def _rings(zone: AirspaceZone) -> Iterator[tuple[GeoPoint, ...]]:
    for part in polygons(zone.shape):
        yield tuple(from_geojson(corner) for corner in part.exterior.coords[:-1])
