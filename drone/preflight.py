"""Every reason not to take off, in the order a pilot thinks. A missing value is never a pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from drone.failsafes import check_failsafes
from drone.findings import live_stop, note, stop, warn
from drone.preflight_battery import check_battery
from drone.preflight_limits import Limits, is_old
from patrol.declaration import Declaration
from patrol.geo import distance_m
from patrol.plan import Finding, MissionPlan, stops
from patrol.telemetry import Fix, TelemetrySample
from patrol.vehicle import Facts

__all__ = ["CHECKS", "Limits", "may_heal", "preflight"]

# What comes right by itself within seconds of a start though it does not forbid, and what forbids
# and never does.
_MAY_HEAL = frozenset({"speaker.silent", "camera.dark", "clock.unknown"})
_STAYS = frozenset(
    {"failsafe.off", "failsafe.other", "return_type.other", "return.high", "return.low",
     "battery.understated", "home.lower", "terrain.unknown", "clock.off",
     "declare.missing", "declare.automatic", "declare.old", "declare.remote_id",
     "declare.weather"}
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What the checks look at."""

    facts: Facts
    sample: TelemetrySample
    plan: MissionPlan
    speaker_ok: bool | None
    camera_ok: bool | None
    declaration: Declaration | None
    now_wall_s: float
    limits: Limits = field(default_factory=Limits)


def preflight(
    facts: Facts,
    sample: TelemetrySample | None,
    plan: MissionPlan,
    *,
    speaker_ok: bool | None,
    camera_ok: bool | None,
    now_wall_s: float,
    declaration: Declaration | None = None,
    limits: Limits | None = None,
) -> list[Finding]:
    """All findings; the aircraft is ready when none is a STOP."""
    if sample is None:
        return [stop("link.none", "the aircraft has told nothing", "未收到飞行器数据")]
    asked = _Asked(
        facts=facts, sample=sample, plan=plan, speaker_ok=speaker_ok, camera_ok=camera_ok,
        declaration=declaration, now_wall_s=now_wall_s, limits=limits or Limits(),
    )  # fmt: skip
    return [finding for check in CHECKS for finding in check(asked)]


def may_heal(findings: list[Finding]) -> bool:
    """Whether asking again soon may find less: an autopilot just started is not ready at once."""
    forbidding = {finding.code for finding in stops(findings)}
    if forbidding & _STAYS:
        return False
    return bool(forbidding) or any(finding.code in _MAY_HEAL for finding in findings)


def _link(asked: _Asked) -> Iterator[Finding]:
    age_s = asked.now_wall_s - asked.sample.heard_at_s
    if age_s > asked.limits.link_age_s:
        yield stop(
            "link.stale", f"the aircraft was last heard {age_s:.0f} s ago",
            f"飞行器已{age_s:.0f}秒无数据", "GLOBAL_POSITION_INT does not come",
        )  # fmt: skip


def _gnss(asked: _Asked) -> Iterator[Finding]:
    gnss, limits, hint = asked.sample.gnss, asked.limits, "GPS_RAW_INT"
    if gnss is None or is_old(asked.sample.ages.gnss_s, limits):
        yield stop(
            "gnss.unknown", "the satellite position's quality is not known", "卫星定位质量未知",
            hint,
        )  # fmt: skip
    elif gnss.fix < Fix.THREE_D or gnss.satellites < limits.satellites_min:
        yield stop(
            "gnss.weak", f"the satellite position is weak ({gnss.satellites} satellites)",
            f"卫星定位不足（{gnss.satellites}颗星）", f"fix type {int(gnss.fix)}",
        )  # fmt: skip
    elif gnss.hdop is None:
        yield stop("gnss.hdop_unknown", "the autopilot does not tell its HDOP", "HDOP 未知", hint)
    elif gnss.hdop > limits.hdop_max:
        yield stop(
            "gnss.hdop", f"HDOP {gnss.hdop:.1f} is too high", f"HDOP {gnss.hdop:.1f} 过高",
            f"at most {limits.hdop_max:.1f}",
        )  # fmt: skip


def _home(asked: _Asked) -> Iterator[Finding]:
    home = asked.sample.home
    if home is None:
        yield stop("home.unknown", "the home position is not known", "返航点未知", "HOME_POSITION")
    elif (off_m := distance_m(home, asked.plan.home)) > asked.limits.home_distance_m:
        yield stop(
            "home.elsewhere", f"the aircraft stands {off_m:.0f} m from the plan's launch point",
            f"飞行器距计划起飞点{off_m:.0f}米", "plan again from here, or carry it there",
        )  # fmt: skip


def _battery(asked: _Asked) -> Iterator[Finding]:
    return check_battery(asked.sample, asked.plan, asked.limits)


def _failsafes(asked: _Asked) -> Iterator[Finding]:
    return check_failsafes(asked.facts.parameters or {}, asked.plan)


def _aboard(asked: _Asked) -> Iterator[Finding]:
    facts, hint = asked.facts, "downloaded and compared item by item"
    if not facts.is_mission_confirmed:
        yield stop("mission.unconfirmed", "the mission was not read back", "航线未回读确认", hint)
    if not facts.is_fence_confirmed:
        yield stop("fence.unconfirmed", "the fence was not read back", "电子围栏未回读确认", hint)
    if facts.is_armable is None:
        yield stop("armable.unknown", "the autopilot does not say if it can arm", "能否解锁未知")
    elif not facts.is_armable:
        yield stop(
            "armable.no", "the autopilot is not ready to arm", "飞控未就绪，无法解锁",
            "its STATUSTEXT says why",
        )  # fmt: skip


def _terrain(asked: _Asked) -> Iterator[Finding]:
    """Heights are above home and no elevation is known: what is below, a person must have seen.

    An aircraft that tells its height above ground tells that of the place where it stands.
    """
    sample, limits = asked.sample, asked.limits
    at_m, planned_m = sample.home_altitude_amsl_m, asked.plan.home_elevation_amsl_m
    if at_m is None:
        yield stop("home.height_unknown", "the home's altitude is not known", "返航点海拔未知")
    elif at_m < planned_m - limits.home_elevation_m:
        yield live_stop(
            asked.plan.is_exercise, "home.lower",
            f"home is {at_m:.0f} m above the sea, in the plan {planned_m:.0f} m: it would fly that "
            "much lower than planned",
            f"返航点海拔{at_m:.0f}米，低于计划的{planned_m:.0f}米：全程高度将低于计划",
            "HOME_POSITION and MissionPlan.home_elevation_amsl_m",
        )  # fmt: skip
    elif at_m > planned_m + limits.home_elevation_m:
        yield warn(
            "home.higher",
            f"home is {at_m:.0f} m above the sea, in the plan {planned_m:.0f} m: it would fly that "
            "much higher above the ground",
            f"返航点海拔{at_m:.0f}米，高于计划的{planned_m:.0f}米：全程离地高度将偏高",
            "HOME_POSITION and MissionPlan.home_elevation_amsl_m",
        )  # fmt: skip
    said = asked.declaration
    if said is not None and said.by.strip() and said.terrain.strip():
        yield warn(
            "terrain.declared",
            f"the ground below the route is known by {said.by}'s word alone: "
            f"{said.terrain.strip()}",
            f"航线下方地形仅凭{said.by}申报：{said.terrain.strip()}", "no elevation data",
        )  # fmt: skip
        return
    tells = sample.height_agl_m is not None
    yield live_stop(
        asked.plan.is_exercise, "terrain.unknown",
        "the ground below the route is not known: heights count from home, and nobody has declared "
        "that they clear it" + (" (in flight the aircraft tells its height above ground)" * tells),
        "航线下方地形未知：高度自返航点起算，且无人申报离地高度足够"
        + "（飞行中由飞行器提供真高）" * tells,
        "`declaration.terrain` of the launch; no elevation data",
    )  # fmt: skip


def _payload(asked: _Asked) -> Iterator[Finding]:
    if not asked.speaker_ok:
        yield warn(
            "speaker.silent", "the loudspeaker does not answer: nothing can be announced",
            "喊话器无应答：无法喊话", "the payload agent's /health",
        )  # fmt: skip
    if not asked.camera_ok:
        yield warn(
            "camera.dark", "the camera gives no picture: nothing can be counted",
            "相机无画面：无法计数", "the camera's RTSP stream",
        )  # fmt: skip


def _clock(asked: _Asked) -> Iterator[Finding]:
    off_s, hint = asked.facts.clock_off_s, "SYSTEM_TIME against the station's clock"
    if off_s is None:
        yield warn(
            "clock.unknown", "the autopilot does not tell its time: the station's clock is alone",
            "飞控未提供时间：无法核对地面站时钟", hint,
        )  # fmt: skip
    elif abs(off_s) > asked.limits.clock_off_s:
        is_minor = abs(off_s) <= asked.limits.clock_wrong_s
        yield live_stop(
            asked.plan.is_exercise or is_minor, "clock.off",
            f"the station's clock and the autopilot's differ by {abs(off_s):.0f} s: records would "
            "bear a wrong time",
            f"地面站与飞控时钟相差{abs(off_s):.0f}秒：记录时间可能有误", hint,
        )  # fmt: skip


def _firmware(asked: _Asked) -> Iterator[Finding]:
    if asked.facts.autopilot is None:
        yield live_stop(
            asked.plan.is_exercise, "firmware.unknown",
            "the autopilot's firmware is not known", "飞控固件未知", "AUTOPILOT_VERSION",
        )  # fmt: skip


def _declared(asked: _Asked) -> Iterator[Finding]:
    """A person's word on what no message tells."""
    said, is_exercise = asked.declaration, asked.plan.is_exercise
    if said is None or not said.by.strip():
        yield live_stop(
            is_exercise, "declare.missing",
            "nobody has declared that remote identification sends and the weather is fit",
            "无人申报运行识别已开启、天气适飞", "`declaration` of the launch; `fly --declare`",
        )  # fmt: skip
        return
    if said.is_automatic and not is_exercise:
        yield stop(
            "declare.automatic", f"{said.by} is no person: a live flight is declared by one",
            f"{said.by}并非自然人，实飞须由人员申报",
        )  # fmt: skip
    age = asked.sample.time_utc - said.at_utc
    if abs(age) > asked.limits.declared_for:
        yield live_stop(
            is_exercise, "declare.old", f"what {said.by} declared is not of this flight",
            f"{said.by}的申报已失效", f"{age} old",
        )  # fmt: skip
    if not said.remote_id_ok:
        yield live_stop(
            is_exercise, "declare.remote_id", f"{said.by} says that no remote identification sends",
            f"{said.by}申报运行识别未开启", "GB 46750-2025",
        )  # fmt: skip
    if not said.weather.strip():
        yield live_stop(
            is_exercise, "declare.weather", f"{said.by} has not said what the weather is",
            f"{said.by}未申报天气",
        )  # fmt: skip
    yield note(
        "declare.by", f"declared by {said.by}: weather {said.weather.strip() or 'not said'}",
        f"申报人{said.by}：天气{said.weather.strip() or '未填'}",
    )  # fmt: skip


Check = Callable[[_Asked], Iterator[Finding]]
# A check is a row, in the order a pilot thinks.
CHECKS: tuple[Check, ...] = (
    _link, _gnss, _home, _battery, _failsafes, _aboard, _terrain, _payload, _clock, _firmware,
    _declared,
)  # fmt: skip
