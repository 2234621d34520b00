"""What the autopilot does by itself when something fails, read back and held against the plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from drone.findings import stop
from drone.return_type import RETURN_TYPE, check_return_type
from patrol.plan import Finding, MissionPlan

# PX4 parameters that the fail-safes hang on, and the values that make them act (FACTS: PX4).
LINK_LOSS_ACTION, LOW_BATTERY_ACTION = "NAV_DLL_ACT", "COM_LOW_BAT_ACT"
FENCE_ACTION, RETURN_HEIGHT = "GF_ACTION", "RTL_RETURN_ALT"
FAILSAFE_PARAMETERS = (
    LINK_LOSS_ACTION, LOW_BATTERY_ACTION, FENCE_ACTION, RETURN_TYPE, RETURN_HEIGHT,
)  # fmt: skip


# What PX4 documents for them. Refused beside "none" and "warning": GF_ACTION 4 and NAV_DLL_ACT 5
# and 6, which cut the motors above a district, and all that this list does not know.
_LOW_BATTERY_ACTS = {2: "land", 3: "return, then land"}
_FENCE_ACTS = {2: "hold", 3: "return", 5: "land"}
_LINK_LOSS_ACTS = {"hold": {1: "hold"}, "return": {2: "return"}, "land": {3: "land"}}
_ONLY_WARN = {LINK_LOSS_ACTION: {0}, LOW_BATTERY_ACTION: {0}, FENCE_ACTION: {0, 1}}
_LOWER_M = 0.5


def check_failsafes(values: Mapping[str, float | None], plan: MissionPlan) -> Iterator[Finding]:
    """Link loss, low battery, fence, return type and height."""
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
            yield stop(
                "failsafe.other",
                f"what the autopilot does {text} does not fit the plan: {name} is {value:g}, "
                f"accepted is {wanted or 'nothing'}",
                f"{text_zh}保护设置与计划不符：{name}={value:g}", name,
            )  # fmt: skip
    objection = check_return_type(values.get(RETURN_TYPE), plan)
    if objection is not None:
        yield objection
    yield from _return_height(values.get(RETURN_HEIGHT), plan)


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
