"""A plan as marks on a map: what GeoJSON and KML say of each place, and back again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from missions.datums import StatedDatum
from missions.findings import warn
from missions.plan_files.taken import NoPlace, Taken, number, opened
from patrol.geo import Datum, GeoPoint, Height, bearing_true_deg, distance_m
from patrol.plan import Finding, MissionPlan, RallyPoint, Waypoint

ROUTE, FENCE, HOME, WAYPOINT, RALLY = "route", "fence", "home", "waypoint", "rally"
_LINE, _AREA, _POINT = "LineString", "Polygon", "Point"
_SPEED_M_S = 4.8  # where the file says none: as slow as people are counted at


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One feature: its shape's kind, its corners with heights, and what is said of it."""

    shape: str  # LineString, Polygon or Point
    corners: tuple[tuple[GeoPoint, float | None], ...]
    said: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""


def summary_of(plan: MissionPlan) -> dict[str, Any]:
    """What concerns the whole route."""
    return {
        "pattern": plan.pattern,
        "grid_name": plan.grid_name,
        "length_m": plan.length_m,
        "duration_s": plan.duration_s,
        "battery_need_pct": plan.battery_need_pct,
        "home_elevation_amsl_m": plan.home_elevation_amsl_m,
        "digest": plan.digest,
        "datum": StatedDatum.WGS_84.value,
    }


def legs_of(plan: MissionPlan, findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """What is said of each leg, at the waypoint that it ends at."""
    said, at = [], plan.home
    for number_, waypoint in enumerate(plan.waypoints, 1):
        said.append(
            {
                "number": number_,
                "height_m": waypoint.height.metres,
                "height_above": waypoint.height.datum.value,
                "ground_above_home_m": waypoint.ground_above_home_m,
                "speed_m_s": waypoint.speed_m_s,
                "hold_s": waypoint.hold_s,
                "is_transit": waypoint.is_transit,
                "camera_bearing_true_deg": waypoint.camera_bearing_true_deg,
                "gimbal_pitch_deg": waypoint.gimbal_pitch_deg,
                "leg_length_m": round(distance_m(at, waypoint.point), 1),
                "leg_bearing_true_deg": round(bearing_true_deg(at, waypoint.point), 1) % 360.0,
                "findings": [one.code for one in findings if one.leg == number_ - 1],
            }
        )
        at = waypoint.point
    return said


def taken_from(form: str, marks: Sequence[Mark]) -> Taken:
    """A flight out of marks: ours say what they are, of others the one line is the route.

    NoPlace where there is no route, or where nobody can tell which of several lines it is.
    """
    said = {kind: [one for one in marks if one.said.get("kind") == kind] for kind in _KINDS}
    lines = said[ROUTE] or [one for one in marks if one.shape == _LINE]
    fences = said[FENCE] or [one for one in marks if one.shape == _AREA]
    if not said[WAYPOINT] and len(lines) != 1:
        raise NoPlace(
            f"{len(lines)} lines where one route should be", f"应有一条航线，实有{len(lines)}条线"
        )
    if len(fences) > 1:
        raise NoPlace(
            f"{len(fences)} polygons where one fence should be",
            f"应有一个围栏，实有{len(fences)}个多边形",
        )
    homes = [mark for mark in said[HOME] if mark.shape == _POINT]
    elevation = lines[0].said.get("home_elevation_amsl_m") if lines else None
    used = [id(mark) for mark in (*said[WAYPOINT], *lines, *fences, *homes, *said[RALLY])]
    route = said[WAYPOINT] or lines
    heights = {_height_m(corner, mark) is not None for mark in route for corner in mark.corners}
    if len(heights) > 1:
        raise NoPlace("some of the route has heights and some has none", "航线部分有高度、部分没有")
    return Taken(
        form=form,
        datum=_datum(lines),
        has_heights=heights == {True},
        waypoints=_waypoints(said[WAYPOINT], lines),
        home=homes[0].corners[0][0] if homes else None,
        home_elevation_amsl_m=None if elevation is None else number(elevation),
        fence=opened([place for place, _ in fences[0].corners]) if fences else (),
        rally_points=tuple(
            RallyPoint(
                point=mark.corners[0][0],
                ground_above_home_m=number(mark.said.get("ground_above_home_m", 0.0)),
            )
            for mark in said[RALLY]
        ),
        findings=(
            *(_assumed(route) if heights == {True} else ()),
            *_left_out([mark for mark in marks if id(mark) not in used]),
        ),
    )


_KINDS = (ROUTE, FENCE, HOME, WAYPOINT, RALLY)


def _waypoints(points: Sequence[Mark], lines: Sequence[Mark]) -> tuple[Waypoint, ...]:
    """Of marked waypoints in their order; without any, the corners of the line."""
    if points:
        ordered = sorted(points, key=lambda mark: number(mark.said["number"]))
        return tuple(_waypoint(mark.corners[0], mark) for mark in ordered)
    return tuple(_waypoint(corner, lines[0]) for corner in lines[0].corners)


def _height_m(corner: tuple[GeoPoint, float | None], mark: Mark) -> float | None:
    """What is said of the place goes before what its position holds."""
    told_m = mark.said.get("height_m")
    return corner[1] if told_m is None else number(told_m)


def _waypoint(corner: tuple[GeoPoint, float | None], mark: Mark) -> Waypoint:
    said, height_m = mark.said, _height_m(corner, mark)
    above = str(said.get("height_above", Datum.HOME.value))
    if above not in {datum.value for datum in Datum}:
        raise NoPlace(f"a height above {above!r}", f"高度基准{above!r}无法识别")
    return Waypoint(
        point=corner[0],
        height=Height(metres=0.0 if height_m is None else height_m, datum=Datum(above)),
        speed_m_s=number(said.get("speed_m_s", _SPEED_M_S)),
        hold_s=max(0.0, number(said.get("hold_s", 0.0))),
        gimbal_pitch_deg=_maybe(said.get("gimbal_pitch_deg")),
        camera_bearing_true_deg=_maybe(said.get("camera_bearing_true_deg")),
        is_transit=said.get("is_transit") is True,
        ground_above_home_m=_maybe(said.get("ground_above_home_m")),
    )


def _datum(lines: Sequence[Mark]) -> StatedDatum | None:
    said = next((mark.said["datum"] for mark in lines if "datum" in mark.said), None)
    if said is None:
        return None
    if said not in {datum.value for datum in StatedDatum}:
        raise NoPlace(f"the datum {said!s:.20} is not known", f"坐标系{said!s:.20}无法识别")
    return StatedDatum(said)


def _maybe(value: object) -> float | None:
    return None if value is None else number(value)


def _assumed(route: Sequence[Mark]) -> tuple[Finding, ...]:
    if all("height_above" in mark.said for mark in route):
        return ()
    return (
        warn(
            "file.height_assumed",
            "the file does not say what its heights are above: they are taken as above the launch "
            "point",
            "文件未写明高度基准：按相对起飞点的高度处理",
        ),
    )


def _left_out(marks: Sequence[Mark]) -> tuple[Finding, ...]:
    if not marks:
        return ()
    names = ", ".join(mark.name or mark.shape for mark in marks[:5])
    return (
        warn(
            "file.marks_left_out",
            f"{len(marks)} marks of the file are neither route, fence, launch point nor rally "
            f"point and are not taken over: {names}",
            f"文件中{len(marks)}个要素既非航线、围栏、起飞点，也非备降点，未沿用：{names}",
        ),
    )
