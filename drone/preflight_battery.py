"""Whether the battery lasts for the plan, a look at a crowd and the way home, in the wind."""

from __future__ import annotations

import math
from collections.abc import Iterator

from drone.findings import stop, warn
from drone.preflight_limits import Limits, is_old
from patrol.energy import energy_need_pct
from patrol.plan import Finding, LookHold, MissionPlan
from patrol.telemetry import TelemetrySample


def check_battery(sample: TelemetrySample, plan: MissionPlan, limits: Limits) -> Iterator[Finding]:
    """Its charge against the plan's own figure, what the plan takes by our reckoning, and wind."""
    battery, reserve_pct = sample.battery, limits.reserve_pct
    if battery is None or is_old(sample.ages.battery_s, limits):
        yield stop("battery.unknown", "the battery's charge is not known", "电量未知", "SYS_STATUS")
        return
    look_min = (plan.look_hold.longest_s if plan.look_hold else 0.0) / 60.0
    full_min = LookHold().longest_s / 60.0
    calm_pct = energy_need_pct(plan, power=limits.power)
    need_pct = max(plan.battery_need_pct, calm_pct)
    if plan.battery_need_pct < calm_pct - limits.understated_pct:
        yield stop(
            "battery.understated",
            f"the plan says that it needs {plan.battery_need_pct:.0f} % of a battery; its route, "
            f"{look_min:.0f} minutes at a crowd and the way home take {calm_pct:.0f} %",
            f"计划自述需电量{plan.battery_need_pct:.0f}%；按航线、停留观察{look_min:.0f}分钟及返航核算需"
            f"{calm_pct:.0f}%",
            "MissionPlan.battery_need_pct; plan it again",
        )  # fmt: skip
    if battery.charge_pct < need_pct + reserve_pct:
        yield stop(
            "battery.low",
            f"{battery.charge_pct:.0f} % charge; the plan with {look_min:.0f} minutes at a crowd "
            f"needs {need_pct:.0f} %, and {reserve_pct:.0f} % in reserve",
            f"电量{battery.charge_pct:.0f}%；含停留观察{look_min:.0f}分钟，计划需"
            f"{need_pct:.0f}%并保留{reserve_pct:.0f}%",
            "MissionPlan.battery_need_pct",
        )  # fmt: skip
    yield from _in_wind(sample, plan, limits, need_pct)
    if look_min < full_min:
        yield warn(
            "battery.short_look",
            f"the plan leaves {look_min:.0f} minutes at a crowd; a full observation takes "
            f"{full_min:.0f}",
            f"计划仅允许停留观察{look_min:.0f}分钟；完整观察需{full_min:.0f}分钟",
            "MissionPlan.look_hold",
        )  # fmt: skip


def _in_wind(
    sample: TelemetrySample, plan: MissionPlan, limits: Limits, calm_pct: float
) -> Iterator[Finding]:
    """What the wind adds; how much, the autopilot can tell, on the ground it seldom does."""
    wind, left_pct = sample.wind, limits.reserve_windy_pct
    if wind is None or is_old(sample.ages.wind_s, limits):
        yield warn(
            "wind.unknown",
            f"the autopilot tells no wind: {calm_pct:.0f} % is the need in calm air, and the "
            "reserve has to last for the wind",
            f"飞控未提供风况：需电量{calm_pct:.0f}%按无风估算，风的影响由备用电量承担", "WIND_COV",
        )  # fmt: skip
        return
    need_pct = energy_need_pct(
        plan, wind_m_s=wind.speed_m_s, wind_from_true_deg=wind.from_deg_true, power=limits.power
    )
    charge_pct = sample.battery.charge_pct if sample.battery else 0.0
    if charge_pct < max(need_pct, calm_pct) + left_pct:
        need = f"{need_pct:.0f} %" if need_pct < math.inf else "more than there is"
        need_zh = f"需{need_pct:.0f}%" if need_pct < math.inf else "无法完成航线"
        yield stop(
            "battery.windy",
            f"{charge_pct:.0f} % charge; in a wind of {wind.speed_m_s:.0f} m/s the plan needs "
            f"{need}, and {left_pct:.0f} % must be left to come home with",
            f"电量{charge_pct:.0f}%；风速{wind.speed_m_s:.0f}米/秒时计划{need_zh}，且须保留{left_pct:.0f}%",
            "the plan's route, look and way home against WIND_COV",
        )  # fmt: skip
