"""How PX4 is to return: the parameter that makes it come home as the plan says."""

from __future__ import annotations

from patrol.plan import Finding, Level, MissionPlan, WayHome

RETURN_TYPE = "RTL_TYPE"
# PX4 v1.16.1, rtl_params.c. 0: straight to the nearest of home and rally points; 1: a mission
# landing or rally point, home where there is none; 2: back along the mission when it has no landing
# of its own (ours have none), rally points left out; 3: the nearest of all; 4: as 2 for ours.
# The first of each is what to set.
_FITTING: dict[WayHome, tuple[int, ...]] = {
    WayHome.STRAIGHT: (0, 1, 3),  # with no rally point on board
    WayHome.RALLY: (0, 3),
    WayHome.ROUTE: (2, 4),
}


def return_type(plan: MissionPlan) -> int:
    """The value that the plan's way home needs."""
    return _FITTING[plan.way_home][0]


def check_return_type(value: float | None, plan: MissionPlan) -> Finding | None:
    """What speaks against the value that was read back; None when nothing does."""
    if value is None:
        return Finding(
            code="return_type.unknown",
            level=Level.STOP,
            text="how the autopilot returns could not be read",
            text_zh="返航方式未能读取",
            hint=RETURN_TYPE,
        )
    if value in _FITTING[plan.way_home]:
        return None
    return Finding(
        code="return_type.other",
        level=Level.STOP,
        text=f"the plan comes home by {plan.way_home.value}, the autopilot would not",
        text_zh="飞控的返航方式与计划不符",
        hint=f"{RETURN_TYPE} is {value:g}, {return_type(plan)} is needed",
    )
