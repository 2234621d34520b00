"""Every reason not to fly a plan, and what its pilot should know, all at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import shapely
from shapely.geometry import Polygon

from missions.counting import COUNTING_SPEED_MAX_M_S, counting_findings
from missions.fence_corners import FENCE_CORNERS_MAX
from missions.flat import legs_between, to_metres, to_position, to_positions
from missions.grid import Grid
from missions.open_air import Surroundings
from missions.relief import from_plan_findings, relief_findings
from missions.way_home import way_home_findings
from missions.zones import airspace_findings, filming_findings
from patrol.camera import CameraLens
from patrol.clock import SHANGHAI
from patrol.energy import energy_need_pct
from patrol.geo import Datum, LocalFrame, distance_m
from patrol.plan import Finding, Level, MissionPlan

LEGAL_CEILING_AGL_M = 120.0  # Interim Regulation on UAS flight, Art. 19
_RESERVE_PCT = 30.0
_ROUNDING_PCT = 1.0
_SLACK_M = 0.02  # shapes come from seven decimals
_FULL_LOOK_S = 660.0
_ART_19 = "《无人驾驶航空器飞行管理暂行条例》第十九条"
_ART_31 = "《无人驾驶航空器飞行管理暂行条例》第三十一条"
_ART_64 = "《噪声污染防治法》第六十四条"


def check_plan(
    plan: MissionPlan, grid: Grid, lens: CameraLens, around: Surroundings | None = None
) -> list[Finding]:
    """All findings; the gravest are STOP."""
    return [
        *_route(plan, grid),
        *check_flight(plan, around),
        *counting_findings(plan, lens),
        *_filming(plan, lens, around),
    ]


def check_flight(plan: MissionPlan, around: Surroundings | None = None) -> list[Finding]:
    """What can be told from the plan alone, without the grid and the camera it was made for."""
    checks: tuple[Check, ...] = (_legs, _heights, _speeds, _duration, _battery, _law)
    found = [finding for check in checks for finding in check(plan)]
    around = around or Surroundings()
    zones = airspace_findings(plan, around.airspace, plan.created_utc)
    return [*found, *zones, *_relief(plan, around), *way_home_findings(plan, around)]


def _filming(plan: MissionPlan, lens: CameraLens, around: Surroundings | None) -> Iterator[Finding]:
    if around is not None:
        yield from filming_findings(plan, around.airspace, lens, plan.created_utc)


def _relief(plan: MissionPlan, around: Surroundings) -> Iterator[Finding]:
    if around.elevation_amsl_m is not None:
        yield from relief_findings(plan, around.elevation_amsl_m)
    elif any(waypoint.height.datum is Datum.GROUND for waypoint in plan.waypoints):
        yield from from_plan_findings(plan)


Check = Callable[[MissionPlan], Iterator[Finding]]


def _route(plan: MissionPlan, grid: Grid) -> Iterator[Finding]:
    frame = LocalFrame(origin=plan.home)
    outline = to_metres(grid.shape, frame)
    shapely.prepare(outline)
    legs = legs_between(to_positions([one.point for one in plan.waypoints], frame))
    is_inside = shapely.covers(outline, legs)
    for number in range(max(1, first_leg(plan)), len(plan.waypoints)):
        leg = legs[number - 1]
        if not is_inside[number - 1] and leg.difference(outline).length > _SLACK_M:
            yield _leg("route.leg_outside_grid", number, "leaves the grid", "越出网格")


def first_leg(plan: MissionPlan) -> int:
    """The waypoint that the patrol's first leg ends at; the way out may lead over other grids."""
    for number, waypoint in enumerate(plan.waypoints):
        if not waypoint.is_transit:
            return number
        if waypoint.hold_s > 0.0:
            return number + 1
    return 0


def _legs(plan: MissionPlan) -> Iterator[Finding]:
    frame = LocalFrame(origin=plan.home)
    fence = Polygon(to_positions(plan.fence, frame)).buffer(_SLACK_M)
    shapely.prepare(fence)
    places = [plan.home, *(waypoint.point for waypoint in plan.waypoints)]
    home = to_position(plan.home, frame)
    if not fence.contains(home):
        yield Finding(
            code="fence.home_outside",
            level=Level.STOP,
            text="the launch point lies outside the fence",
            text_zh="起飞点在电子围栏之外",
        )
    if len(plan.fence) > FENCE_CORNERS_MAX:
        yield Finding(
            code="fence.corners",
            level=Level.STOP,
            text=f"the fence has {len(plan.fence)} corners, the autopilot keeps "
            f"{FENCE_CORNERS_MAX}: plan a smaller grid or a shorter route",
            text_zh=f"电子围栏有{len(plan.fence)}个顶点，飞控最多保存{FENCE_CORNERS_MAX}个："
            "请规划更小的网格或更短的航线",
            hint="PX4 v1.16 answers the upload with MAV_MISSION_NO_SPACE",
        )
    is_inside = shapely.covers(fence, legs_between(to_positions(places, frame)))
    for number in range(len(plan.waypoints)):
        if not is_inside[number]:
            yield _leg("fence.leg_outside", number, "leaves the fence", "越出电子围栏")


def _leg(code: str, number: int, text: str, text_zh: str) -> Finding:
    return Finding(
        code=code,
        level=Level.STOP,
        text=f"the leg to waypoint {number + 1} {text}",
        text_zh=f"飞往第{number + 1}航点的航段{text_zh}",
        leg=number,
    )


def _heights(plan: MissionPlan) -> Iterator[Finding]:
    heights = (plan.return_height, *(waypoint.height for waypoint in plan.waypoints))
    highest_m = max(height.metres for height in heights)
    if highest_m > plan.ceiling_agl_m or plan.ceiling_agl_m > LEGAL_CEILING_AGL_M:
        yield Finding(
            code="height.above_ceiling",
            level=Level.STOP,
            text=f"{highest_m:.0f} m is above the ceiling of {plan.ceiling_agl_m:.0f} m "
            f"(the law's limit is {LEGAL_CEILING_AGL_M:.0f} m above ground)",
            text_zh=f"高度{highest_m:.0f}米超过上限{plan.ceiling_agl_m:.0f}米（法定真高120米）",
            article=_ART_19,
        )
    if any(waypoint.height.datum is Datum.HOME for waypoint in plan.waypoints):
        yield Finding(
            code="terrain.unknown",
            level=Level.WARN,
            text="no elevation data: heights are above the launch point, not above ground",
            text_zh="没有地形高程数据：高度相对起飞点，而非真高",
            hint="flat ground is assumed; fly only where a person has checked the relief",
            article=_ART_19,
        )


def _speeds(plan: MissionPlan) -> Iterator[Finding]:
    counting = [one.speed_m_s for one in plan.waypoints if not one.is_transit]
    fastest = max(counting, default=0.0)
    if fastest > COUNTING_SPEED_MAX_M_S:
        yield Finding(
            code="count.too_fast",
            level=Level.WARN,
            text=f"at {fastest:g} m/s no count is valid (at most {COUNTING_SPEED_MAX_M_S:g} m/s)",
            text_zh=f"速度{fastest:g}米/秒时计数无效（不超过{COUNTING_SPEED_MAX_M_S:g}米/秒）",
        )


def _duration(plan: MissionPlan) -> Iterator[Finding]:
    """The battery was reckoned from the stated duration; the route itself must not take longer."""
    flown_s, at = 0.0, plan.home
    for waypoint in plan.waypoints:
        if waypoint.speed_m_s <= 0.0:
            yield Finding(
                code="speed.none",
                level=Level.STOP,
                text=f"a speed of {waypoint.speed_m_s:g} m/s flies nowhere",
                text_zh=f"速度{waypoint.speed_m_s:g}米/秒无法飞行",
            )
            return
        flown_s += distance_m(at, waypoint.point) / waypoint.speed_m_s + waypoint.hold_s
        at = waypoint.point
    flown_s += distance_m(at, plan.home) / plan.waypoints[-1].speed_m_s
    if flown_s > plan.duration_s + 1.0:
        yield Finding(
            code="duration.understated",
            level=Level.STOP,
            text=f"the route takes {flown_s:.0f} s and the plan states {plan.duration_s:.0f} s: "
            "its battery is reckoned too small",
            text_zh=f"航线需飞行{flown_s:.0f}秒，计划仅写{plan.duration_s:.0f}秒：电量估算不足",
        )


def _battery(plan: MissionPlan) -> Iterator[Finding]:
    if plan.battery_need_pct > 100.0 - _RESERVE_PCT:
        yield Finding(
            code="battery.reserve",
            level=Level.STOP,
            text=f"the patrol needs {plan.battery_need_pct:.0f} % of a battery and "
            f"{_RESERVE_PCT:.0f} % must remain: choose a launch point nearer to the route, or "
            "split the grid into sorties",
            text_zh=f"需用电量{plan.battery_need_pct:.0f}%，须保留{_RESERVE_PCT:.0f}%："
            "请选择更近的起飞点，或分架次巡查",
        )
    need_pct = energy_need_pct(plan)
    if plan.battery_need_pct < need_pct - _ROUNDING_PCT and need_pct < math.inf:
        yield Finding(
            code="battery.understated",
            level=Level.STOP,
            text=f"the plan states {plan.battery_need_pct:.0f} % of a battery; its route, its look "
            f"and the way home take {need_pct:.0f} %",
            text_zh=f"计划自述需电量{plan.battery_need_pct:.0f}%；按航线、停留观察及返航核算需"
            f"{need_pct:.0f}%",
        )
    look_s = plan.look_hold.longest_s if plan.look_hold else 0.0
    if look_s < _FULL_LOOK_S:
        yield Finding(
            code="battery.short_look",
            level=Level.WARN,
            text=f"the battery allows {look_s / 60:.0f} minutes at a crowd; a full observation "
            f"takes {_FULL_LOOK_S / 60:.0f}",
            text_zh=f"电量仅允许停留观察{look_s / 60:.0f}分钟；"
            f"完整观察需{_FULL_LOOK_S / 60:.0f}分钟",
        )


def _law(plan: MissionPlan) -> Iterator[Finding]:
    look = plan.look_hold
    does = "is sent home" if look is None else f"stops {look.standoff_min_m:.0f} m"
    does_zh = "自动返航" if look is None else "停住"
    yield Finding(
        code="law.no_overflight",
        level=Level.NOTE,
        text=f"flying over gathered people needs a flight application; this patrol {does} before "
        "them",
        text_zh=f"飞越集会人群上空须申请飞行活动；本航线在人群前{does_zh}，不飞越",
        article=f"{_ART_31}第二款第三项",
    )
    hour = plan.created_utc.astimezone(SHANGHAI).hour
    if hour >= 22 or hour < 6:
        yield Finding(
            code="noise.quiet_hours",
            level=Level.WARN,
            text="it is between 22:00 and 06:00: announcements are blocked",
            text_zh="现为22时至次日6时：禁止喊话",
            article=_ART_64,
        )
