"""The in-flight rules as rows, gravest first. Pure: what applies, and what it asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from drone.giving_way import is_free_again, must_give_way
from drone.guard_seen import GuardLimits, Seen
from patrol.plan import MissionPlan
from patrol.telemetry import TelemetrySample
from patrol.vehicle import Command, Hold, Land, ReturnHome


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardRule:
    """A value that is missing makes a row of its own apply."""

    rule: str
    applies: Callable[[Seen], bool]
    action: Command | None  # None: warn only
    word: str
    text: str
    text_zh: str
    lasting_s: float = 0.0  # wall; it acts when the row has applied for so long without a break


def _row(
    rule: str,
    applies: Callable[[Seen], bool],
    action: Command | None,
    text: str,
    text_zh: str,
    *,
    lasting_s: float = 0.0,
) -> GuardRule:
    word = {Land(): "land", ReturnHome(): "return", Hold(): "hold", None: "warn"}[action]
    return GuardRule(
        rule=rule, applies=applies, action=action, word=word, text=text, text_zh=text_zh,
        lasting_s=lasting_s,
    )  # fmt: skip


WAY_HOME_TAKEN, WAY_HOME_FREE = "way_home.taken", "way_home.free"
_GUST_S = 5.0  # a gust, or one estimate that is off, ends no patrol

# An aircraft that we no longer hear may still hear us: it is called home by `link.stale`. Its own
# link-loss fail-safe would not act, for to it the link is whole.
RULES = (
    # Nobody is landed upon while there is charge for a few metres; at 5 % PX4 lands by itself.
    _row("battery.critical_near_crowd",
         lambda s: s.charge_pct < s.limits.land_pct and s.is_near_crowd
         and s.is_home_away_from_crowd, ReturnHome(),
         "the battery is nearly empty and a crowd is near: away from it first",
         "电量严重不足且临近人群，先行远离"),
    _row("battery.critical", lambda s: s.charge_pct < s.limits.land_pct, Land(),
         "the battery is nearly empty", "电量严重不足"),
    _row("fence.breached", lambda s: s.is_outside, ReturnHome(),
         "it is outside the fence", "越出围栏"),
    _row("ceiling.breached", lambda s: s.is_too_high, ReturnHome(),
         "it is above the ceiling", "超过限高"),
    _row("standoff.breached", lambda s: s.is_standoff_breached and s.is_home_away_from_crowd,
         ReturnHome(), "a crowd is nearer than the stand-off, or would be before it could stop",
         "与人群距离小于安全距离，或来不及在此距离外停住"),
    _row("standoff.pinned", lambda s: s.is_standoff_breached and not s.is_home_away_from_crowd,
         Hold(), "a crowd is nearer than the stand-off and the way home leads no farther from it",
         "与人群距离小于安全距离，且返航路线不会远离人群"),
    _row("separation.lost", lambda s: s.is_near_another, Hold(),
         "another of our aircraft is too near", "与本队另一飞行器距离过近"),
    _row(WAY_HOME_TAKEN, must_give_way, Hold(),
         "another of ours comes home beside and is nearer: it waits until that one is down",
         "本队另一飞行器正返回相邻起降点且更近，等待其落地"),
    _row(WAY_HOME_FREE, is_free_again, ReturnHome(),
         "it has waited for another of ours, and goes on home", "等待结束，继续返航"),
    _row("battery.low", lambda s: s.charge_pct < s.limits.return_pct or s.is_energy_low,
         ReturnHome(), "the battery has to last for the way home", "电量仅够返航"),
    _row("link.stale", lambda s: s.age_s > s.limits.link_age_s, ReturnHome(),
         "it is no longer heard", "失去联系"),
    _row("gnss.lost", lambda s: s.has_no_fix, Hold(),
         "it has no satellite position", "定位丢失"),
    _row("wind.strong", lambda s: s.is_wind_above(s.limits.wind_return_m_s), ReturnHome(),
         "the wind is too strong", "风力过大", lasting_s=_GUST_S),
    _row("position.unknown", lambda s: s.sample.position is None, None,
         "its position is not known", "位置未知"),
    _row("height.unknown", lambda s: s.sample.height_above_home_m is None, None,
         "its height is not known", "高度未知"),
    # No deed: that height is told seldom, and what was told in the climb would stop the mission.
    _row("ground.near", lambda s: s.is_ground_near, None,
         "its mission leads too near to the ground", "航线离地高度不足"),
    _row("mode.unknown", lambda s: not s.is_mode_known, None,
         "what it does is not known, so the guardian commands nothing", "飞行模式未知，不发送指令"),
    _row("battery.unknown", lambda s: not s.is_battery_known, None,
         "its battery is not known", "电量未知"),
    _row("airborne.unknown", lambda s: s.sample.is_in_air is None, None,
         "it does not say whether it flies", "是否在空中未知"),
    _row("separation.unknown", lambda s: bool(s.silent_others), None,
         "another of our aircraft is in the air and is not heard: nothing keeps them apart",
         "本队另一飞行器在空中失联，无法保证间距"),
    _row("standoff.on_way_home", lambda s: not s.is_near_crowd and s.is_way_home_crowded, None,
         "its way home leads past a crowd nearer than the stand-off",
         "返航路线与人群距离小于安全距离"),
    _row("gnss.unknown", lambda s: not s.is_gnss_told, None,
         "the satellite position's quality is not known", "卫星定位质量未知"),
    _row("gnss.weak", lambda s: s.has_few_satellites, None,
         "it sees few satellites", "可见卫星少"),
    _row("wind.fresh", lambda s: s.is_wind_above(s.limits.wind_warn_m_s), None,
         "the wind is fresh", "风力较大"),
    _row("wind.unknown", lambda s: s.is_flying and not s.is_wind_known, None,
         "the wind is not known", "风力未知"),
    _row("terrain.unknown", lambda s: s.is_flying and not s.is_ground_known, None,
         "its height above ground is not known: it counts from home", "真高未知，按返航点高度计算"),
)  # fmt: skip


def applying(seen: Seen) -> list[GuardRule]:
    """Every row that applies, gravest first."""
    return [row for row in RULES if row.applies(seen)]


def decide(
    sample: TelemetrySample,
    plan: MissionPlan,
    limits: GuardLimits | None = None,
    *,
    age_s: float = 0.0,
) -> GuardRule | None:
    """The gravest row that applies to an aircraft by itself, or None."""
    seen = Seen(sample=sample, plan=plan, limits=limits or GuardLimits(), age_s=age_s)
    return next(iter(applying(seen)), None)
