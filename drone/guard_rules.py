"""The in-flight rules as rows, gravest first. Pure: what applies, and what it asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

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


def _row(
    rule: str,
    applies: Callable[[Seen], bool],
    action: Command | None,
    text: str,
    text_zh: str,
) -> GuardRule:
    word = {Land(): "land", ReturnHome(): "return", Hold(): "hold", None: "warn"}[action]
    return GuardRule(
        rule=rule, applies=applies, action=action, word=word, text=text, text_zh=text_zh
    )


# An aircraft that we no longer hear may still hear us: it is called home by `link.stale`. Its own
# link-loss fail-safe would not act, for to it the link is whole.
RULES = (
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
    _row("battery.low", lambda s: s.charge_pct < s.limits.return_pct or s.is_energy_low,
         ReturnHome(), "the battery has to last for the way home", "电量仅够返航"),
    _row("link.stale", lambda s: s.age_s > s.limits.link_age_s, ReturnHome(),
         "it is no longer heard", "失去联系"),
    _row("gnss.lost", lambda s: s.has_no_fix, Hold(),
         "it has no satellite position", "定位丢失"),
    _row("wind.strong", lambda s: s.is_wind_above(s.limits.wind_return_m_s), ReturnHome(),
         "the wind is too strong", "风力过大"),
    _row("position.unknown", lambda s: s.sample.position is None, None,
         "its position is not known", "位置未知"),
    _row("height.unknown", lambda s: s.sample.height_above_home_m is None, None,
         "its height is not known", "高度未知"),
    _row("battery.unknown", lambda s: s.sample.battery is None, None,
         "its battery is not known", "电量未知"),
    _row("airborne.unknown", lambda s: s.sample.is_in_air is None, None,
         "it does not say whether it flies", "是否在空中未知"),
    _row("gnss.weak", lambda s: s.has_few_satellites, None,
         "it sees few satellites", "可见卫星少"),
    _row("wind.fresh", lambda s: s.is_wind_above(s.limits.wind_warn_m_s), None,
         "the wind is fresh", "风力较大"),
    _row("wind.unknown", lambda s: s.is_flying and s.sample.wind is None, None,
         "the wind is not known", "风力未知"),
    _row("terrain.unknown", lambda s: s.is_flying and s.sample.height_agl_m is None, None,
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
