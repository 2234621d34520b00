"""Every reason not to take off, in the order a pilot thinks. A missing value is never a pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from patrol.geo import distance_m
from patrol.plan import Finding, Level, MissionPlan
from patrol.telemetry import Fix, TelemetrySample
from patrol.vehicle import Facts

# PX4 parameters that the fail-safes hang on, and the values that make them act (FACTS: PX4).
LINK_LOSS_ACTION, LOW_BATTERY_ACTION = "NAV_DLL_ACT", "COM_LOW_BAT_ACT"
FENCE_ACTION, RETURN_HEIGHT = "GF_ACTION", "RTL_RETURN_ALT"
FAILSAFE_PARAMETERS = (LINK_LOSS_ACTION, LOW_BATTERY_ACTION, FENCE_ACTION, RETURN_HEIGHT)


# What PX4 documents for them. Refused beside "none" and "warning": GF_ACTION 4 and NAV_DLL_ACT 5
# and 6, which cut the motors above a district, and all that this list does not know.
_LOW_BATTERY_ACTS = {2: "land", 3: "return, then land"}
_FENCE_ACTS = {2: "hold", 3: "return", 5: "land"}
_LINK_LOSS_ACTS = {"hold": {1: "hold"}, "return": {2: "return"}, "land": {3: "land"}}
_ONLY_WARN = {LINK_LOSS_ACTION: {0}, LOW_BATTERY_ACTION: {0}, FENCE_ACTION: {0, 1}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Our defaults [P]; configurable."""

    link_age_s: float = 3.0
    satellites_min: int = 8
    hdop_max: float = 2.0
    reserve_pct: float = 30.0
    home_distance_m: float = 50.0


def preflight(
    facts: Facts,
    sample: TelemetrySample | None,
    plan: MissionPlan,
    *,
    speaker_ok: bool | None,
    camera_ok: bool | None,
    now_wall_s: float,
    limits: Limits | None = None,
) -> list[Finding]:
    """All findings; the aircraft is ready when none is a STOP."""
    limits = limits or Limits()
    if sample is None:
        return [_stop("link.none", "the aircraft has told nothing", "未收到飞行器数据")]
    return [
        *_link(sample, now_wall_s, limits),
        *_position(sample, plan, limits),
        *_energy(sample, plan, limits),
        *_autopilot(facts),
        *_failsafes(facts, plan),
        *_payload(speaker_ok, camera_ok),
        _note(
            "declare.remote_id", "remote identification and weather are for the pilot to check",
            "运行识别与天气须由操控员确认",
        ),
    ]  # fmt: skip


def _link(sample: TelemetrySample, now_wall_s: float, limits: Limits) -> Iterator[Finding]:
    age_s = now_wall_s - sample.heard_at_s
    if age_s > limits.link_age_s:
        yield _stop(
            "link.stale", f"the aircraft was last heard {age_s:.0f} s ago",
            f"飞行器已{age_s:.0f}秒无数据",
        )  # fmt: skip


def _position(sample: TelemetrySample, plan: MissionPlan, limits: Limits) -> Iterator[Finding]:
    gnss = sample.gnss
    if gnss is None:
        yield _stop(
            "gnss.unknown", "the satellite position's quality is not known", "卫星定位质量未知"
        )
    elif gnss.fix < Fix.THREE_D or gnss.satellites < limits.satellites_min:
        yield _stop(
            "gnss.weak", f"the satellite position is weak ({gnss.satellites} satellites)",
            f"卫星定位不足（{gnss.satellites}颗星）",
        )  # fmt: skip
    elif gnss.hdop is None:
        yield _stop("gnss.hdop_unknown", "the autopilot does not tell its HDOP", "HDOP 未知")
    elif gnss.hdop > limits.hdop_max:
        yield _stop("gnss.hdop", f"HDOP {gnss.hdop:.1f} is too high", f"HDOP {gnss.hdop:.1f} 过高")
    if sample.home is None:
        yield _stop("home.unknown", "the home position is not known", "返航点未知")
    elif (off_m := distance_m(sample.home, plan.home)) > limits.home_distance_m:
        yield _stop(
            "home.elsewhere", f"the aircraft stands {off_m:.0f} m from the plan's launch point",
            f"飞行器距计划起飞点{off_m:.0f}米",
        )  # fmt: skip


def _energy(sample: TelemetrySample, plan: MissionPlan, limits: Limits) -> Iterator[Finding]:
    if sample.battery is None:
        yield _stop("battery.unknown", "the battery's charge is not known", "电量未知")
        return
    need_pct = plan.battery_need_pct + limits.reserve_pct
    if sample.battery.charge_pct < min(need_pct, 100.0):
        yield _stop(
            "battery.low",
            f"{sample.battery.charge_pct:.0f} % charge; the plan needs "
            f"{plan.battery_need_pct:.0f} % and {limits.reserve_pct:.0f} % in reserve",
            f"电量{sample.battery.charge_pct:.0f}%，计划需{plan.battery_need_pct:.0f}%并保留"
            f"{limits.reserve_pct:.0f}%",
        )  # fmt: skip


def _autopilot(facts: Facts) -> Iterator[Finding]:
    if facts.is_armable is None:
        yield _stop("armable.unknown", "the autopilot does not say if it can arm", "能否解锁未知")
    elif not facts.is_armable:
        yield _stop("armable.no", "the autopilot is not ready to arm", "飞控未就绪，无法解锁")
    if not facts.is_mission_confirmed:
        yield _stop("mission.unconfirmed", "the mission was not read back", "航线未回读确认")
    if not facts.is_fence_confirmed:
        yield _stop("fence.unconfirmed", "the fence was not read back", "电子围栏未回读确认")
    if facts.autopilot is None:
        yield _warn("firmware.unknown", "the autopilot's firmware is not known", "飞控固件未知")


def _failsafes(facts: Facts, plan: MissionPlan) -> Iterator[Finding]:
    values = facts.parameters or {}
    yield from _return_height(values.get(RETURN_HEIGHT), plan)
    for name, text, text_zh, accepted in (
        (LINK_LOSS_ACTION, "on link loss", "失联", _LINK_LOSS_ACTS.get(plan.on_link_loss, {})),
        (LOW_BATTERY_ACTION, "on low battery", "低电量", _LOW_BATTERY_ACTS),
        (FENCE_ACTION, "at the fence", "越界", _FENCE_ACTS),
    ):
        value = values.get(name)
        if value is None:
            yield _stop(
                "failsafe.unknown", f"what the autopilot does {text} could not be read",
                f"{text_zh}保护设置未能读取", name,
            )  # fmt: skip
        elif value in _ONLY_WARN[name]:
            yield _stop(
                "failsafe.off", f"the autopilot does nothing {text} ({name} is {value:g})",
                f"{text_zh}保护未启用（{name}={value:g}）", name,
            )  # fmt: skip
        elif value not in accepted:
            wanted = " or ".join(f"{number} ({act})" for number, act in accepted.items())
            yield _stop(
                "failsafe.other",
                f"what the autopilot does {text} does not fit the plan: {name} is {value:g}, "
                f"accepted is {wanted or 'nothing'}",
                f"{text_zh}保护设置与计划不符：{name}={value:g}", name,
            )  # fmt: skip


def _return_height(height_m: float | None, plan: MissionPlan) -> Iterator[Finding]:
    if height_m is None:
        yield _stop(
            "return.unknown",
            "the return height could not be read",
            "返航高度未能读取",
            RETURN_HEIGHT,
        )
    elif height_m > plan.ceiling_agl_m:
        yield _stop(
            "return.high", f"it would return at {height_m:.0f} m, above the ceiling",
            f"返航高度{height_m:.0f}米，超过上限", RETURN_HEIGHT,
        )  # fmt: skip
    elif height_m < plan.return_height.metres - 0.5:
        yield _stop(
            "return.low", f"it would return at {height_m:.0f} m, lower than the plan's "
            f"{plan.return_height.metres:.0f} m",
            f"返航高度{height_m:.0f}米，低于计划", RETURN_HEIGHT,
        )  # fmt: skip


def _payload(speaker_ok: bool | None, camera_ok: bool | None) -> Iterator[Finding]:
    if not speaker_ok:
        yield _warn(
            "speaker.silent", "the loudspeaker does not answer: nothing can be announced",
            "喊话器无应答：无法喊话",
        )  # fmt: skip
    if not camera_ok:
        yield _warn(
            "camera.dark", "the camera gives no picture: nothing can be counted",
            "相机无画面：无法计数",
        )  # fmt: skip


def _stop(code: str, text: str, text_zh: str, hint: str = "") -> Finding:
    return Finding(code=code, level=Level.STOP, text=text, text_zh=text_zh, hint=hint)


def _warn(code: str, text: str, text_zh: str) -> Finding:
    return Finding(code=code, level=Level.WARN, text=text, text_zh=text_zh)


def _note(code: str, text: str, text_zh: str) -> Finding:
    return Finding(code=code, level=Level.NOTE, text=text, text_zh=text_zh)
