"""What the autopilot does by itself when something fails, read back and held against the plan."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from drone.findings import stop, warn
from drone.return_type import RETURN_TYPE, check_return_type
from patrol.plan import Finding, MissionPlan

# PX4 parameters that the fail-safes hang on, and the values that make them act (FACTS: PX4).
LINK_LOSS_ACTION, LOW_BATTERY_ACTION = "NAV_DLL_ACT", "COM_LOW_BAT_ACT"
FENCE_ACTION, RETURN_HEIGHT = "GF_ACTION", "RTL_RETURN_ALT"
LINK_LOSS_AFTER = "COM_DL_LOSS_T"
FAILSAFE_PARAMETERS = (
    LINK_LOSS_ACTION, LINK_LOSS_AFTER, LOW_BATTERY_ACTION, FENCE_ACTION, RETURN_TYPE, RETURN_HEIGHT,
)  # fmt: skip


# What PX4 v1.16.1 does (failsafe.cpp). Refused beside "none" and "warning": all that cuts the
# motors above a district, all that does not bring it home, and what this list does not know.
_LOW_BATTERY_ACTS = {3: "return, then land"}
_FENCE_ACTS = {3: "return"}
_HOLDS_OUTSIDE = (
    "it would stay where it left the fence until a person or the empty battery ends that",
    "将停在围栏外，直至有人处置或电量耗尽",
)
_LANDS_OUTSIDE = ("it would land outside the fence, on whatever is there", "将在围栏外就地降落")
_LANDS_ANYWHERE = (
    "it would land where it is, on whatever is there, though it could still come home",
    "仍可返航却就地降落",
)
_CUTS_MOTORS = ("it would stop its motors in the air and fall", "将空中停桨坠落")
_REASONS = {
    (FENCE_ACTION, 2): _HOLDS_OUTSIDE, (FENCE_ACTION, 4): _CUTS_MOTORS,
    (FENCE_ACTION, 5): _LANDS_OUTSIDE, (LOW_BATTERY_ACTION, 2): _LANDS_ANYWHERE,
    (LINK_LOSS_ACTION, 5): _CUTS_MOTORS, (LINK_LOSS_ACTION, 6): _CUTS_MOTORS,
}  # fmt: skip
_LATE_S = 30.0  # PX4's own is 10 s
_LINK_LOSS_ACTS = {"hold": {1: "hold"}, "return": {2: "return"}, "land": {3: "land"}}
_ONLY_WARN = {LINK_LOSS_ACTION: {0}, LOW_BATTERY_ACTION: {0}, FENCE_ACTION: {0, 1}}
_LOWER_M = 0.5


def check_failsafes(told: Mapping[str, float | None], plan: MissionPlan) -> Iterator[Finding]:
    """Link loss and how soon, low battery, fence, return type and height."""
    # A NaN is neither too high nor too low: it is no value.
    values = {
        name: value for name, value in told.items() if value is not None and math.isfinite(value)
    }
    for name, text, text_zh, accepted in (
        (LINK_LOSS_ACTION, "on link loss", "失联", _LINK_LOSS_ACTS.get(plan.on_link_loss, {})),
        (LOW_BATTERY_ACTION, "on low battery", "低电量", _LOW_BATTERY_ACTS),
        (FENCE_ACTION, "at the fence", "越界", _FENCE_ACTS),
    ):
        value = values.get(name)
        if value is None:
            yield stop(
                "failsafe.unknown", f"what the autopilot does {text} could not be read",
                f"{text_zh}保护设置未能读取", name,
            )  # fmt: skip
        elif value in _ONLY_WARN[name]:
            yield stop(
                "failsafe.off", f"the autopilot does nothing {text} ({name} is {value:g})",
                f"{text_zh}保护未启用（{name}={value:g}）", name,
            )  # fmt: skip
        elif value not in accepted:
            wanted = " or ".join(f"{number} ({act})" for number, act in accepted.items())
            why, why_zh = _REASONS.get((name, int(value)), ("", ""))
            yield stop(
                "failsafe.other",
                f"what the autopilot does {text} does not fit the plan: {name} is {value:g}"
                f"{why and f' ({why})'}, accepted is {wanted or 'nothing'}",
                f"{text_zh}保护设置与计划不符：{name}={value:g}{why_zh and f'（{why_zh}）'}", name,
            )  # fmt: skip
    yield from _link_loss_after(values.get(LINK_LOSS_AFTER))
    objection = check_return_type(values.get(RETURN_TYPE), plan)
    if objection is not None:
        yield objection
    yield from _return_height(values.get(RETURN_HEIGHT), plan)


def _link_loss_after(after_s: float | None) -> Iterator[Finding]:
    if after_s is None:
        yield stop(
            "failsafe.unknown", "how soon the autopilot notices a lost link could not be read",
            "失联判定时间未能读取", LINK_LOSS_AFTER,
        )  # fmt: skip
    elif after_s > _LATE_S:
        yield warn(
            "failsafe.late",
            f"the autopilot notices a lost link only after {after_s:.0f} s: until then it flies on",
            f"飞控在失联{after_s:.0f}秒后才会处置，其间继续飞行", LINK_LOSS_AFTER,
        )  # fmt: skip


def _return_height(height_m: float | None, plan: MissionPlan) -> Iterator[Finding]:
    if height_m is None:
        yield stop(
            "return.unknown", "the return height could not be read", "返航高度未能读取",
            RETURN_HEIGHT,
        )  # fmt: skip
    elif height_m > plan.ceiling_agl_m:
        yield stop(
            "return.high", f"it would return at {height_m:.0f} m, above the ceiling",
            f"返航高度{height_m:.0f}米，超过上限", RETURN_HEIGHT,
        )  # fmt: skip
    elif height_m < plan.return_height.metres - _LOWER_M:
        yield stop(
            "return.low", f"it would return at {height_m:.0f} m, lower than the plan's "
            f"{plan.return_height.metres:.0f} m",
            f"返航高度{height_m:.0f}米，低于计划", RETURN_HEIGHT,
        )  # fmt: skip
