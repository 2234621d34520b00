"""Sends an aircraft to a place that somebody called it to: who goes, and a plan to approve."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ground_station.patrol_missions import Origin, Purpose
from ground_station.plan_desk import PlanDesk, require_planner
from ground_station.shown import GoingThere, Sent
from ground_station.switchboard import Desks, Switchboard
from missions.dispatch import Call, Dispatch, Option, Standing, dispatch
from missions.fleet import Aircraft
from missions.register import Register
from patrol.cause import Cause
from patrol.clock import WorldClock
from patrol.errors import PlanRejected
from patrol.geo import GeoPoint
from patrol.plan import Finding, Level
from patrol.telemetry import TelemetrySample

_OLD_S = 5.0  # wall; as pre-flight has it


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchDesk:
    """One verb. It flies nothing: what it makes is approved and launched like any plan."""

    plans: PlanDesk
    switchboard: Switchboard
    register: Register
    world: WorldClock
    is_exercise: bool

    async def send(self, point: GeoPoint, cause: Cause, purpose: Purpose = Purpose.EVENT) -> Sent:
        """The plan of whoever is there first; PlanRejected with everybody's reasons for nobody."""
        require_planner(cause, is_exercise=self.is_exercise)
        code = self.register.grid_at(point)
        aircraft = self.switchboard.every
        wind_m_s, from_true_deg = _strongest_wind(aircraft)
        made = dispatch(
            Call(
                point=point,
                grid=self.register.areas[code] if code else None,
                register_version=self.register.version,
                created_utc=self.world.now_utc(),
                is_exercise=self.is_exercise,
                wind_m_s=wind_m_s,
                wind_from_true_deg=from_true_deg,
                around=await self.plans.around(),
            ),
            [standing for desks in aircraft if (standing := _standing(desks)) is not None],
        )
        best = made.best
        if best is None or best.plan is None:
            raise PlanRejected(
                "no aircraft can go there", _reasons(made, aircraft), text_zh="没有飞行器可以前往"
            )
        flyer = self.switchboard.named(best.aircraft)
        shown = await self.plans.put_down(
            best.plan, best.findings, flyer, cause, Origin(purpose=purpose)
        )
        return {
            **shown,
            "aircraft": best.aircraft,
            "there_s": round(best.there_s, 1),
            "options": [_shown(option) for option in made.options],
        }


def _standing(desks: Desks) -> Standing | None:
    """What the aircraft says of itself; None for one that has not told where it stands."""
    sample = desks.latest()
    place = sample.home or sample.position if sample is not None else None
    if sample is None or place is None:
        return None
    battery, age_s = sample.battery, sample.ages.battery_s
    is_told = battery is not None and (age_s is None or age_s <= _OLD_S)
    return Standing(
        aircraft=Aircraft(
            name=desks.aircraft,
            place=place,
            endurance_s=desks.power.endurance_s,
            lens=desks.lens,
        ),
        charge_pct=battery.charge_pct if battery is not None and is_told else None,
        home_elevation_amsl_m=sample.home_altitude_amsl_m or 0.0,
        busy=_busy(desks, sample),
    )


def _busy(desks: Desks, sample: TelemetrySample) -> Finding | None:
    """Why it cannot take off now, as far as is known."""
    silent_s = sample.ages.link_s
    if silent_s is not None and silent_s > _OLD_S:
        return _not_now(
            "dispatch.silent", f"{desks.aircraft} has not been heard for {silent_s:.0f} s",
            f"{desks.aircraft}已{silent_s:.0f}秒无应答",
        )  # fmt: skip
    refused = desks.sorties.why_not_free()
    if refused is None:
        return None
    return _not_now(
        "dispatch.busy", f"{desks.aircraft}: {refused}", f"{desks.aircraft}：{refused.text_zh}"
    )


def _not_now(code: str, text: str, text_zh: str) -> Finding:
    return Finding(code=code, level=Level.STOP, text=text, text_zh=text_zh)


def _strongest_wind(aircraft: tuple[Desks, ...]) -> tuple[float | None, float | None]:
    """Of what the aircraft tell, the strongest; none: nothing is known of it."""
    samples = [desks.latest() for desks in aircraft]
    winds = [
        sample.wind for sample in samples
        if sample is not None and sample.wind is not None
        and (sample.ages.wind_s is None or sample.ages.wind_s <= _OLD_S)
    ]  # fmt: skip
    if not winds:
        return None, None
    wind = max(winds, key=lambda one: one.speed_m_s)
    return wind.speed_m_s, wind.from_deg_true


def _reasons(made: Dispatch, aircraft: tuple[Desks, ...]) -> list[Finding]:
    """Everybody's, and of those that have not told where they stand, that."""
    asked = {option.aircraft for option in made.options}
    found = list(made.findings)
    for option in made.options:
        found += [finding for finding in option.findings if finding.level is Level.STOP]
    if not any(finding.code == "dispatch.outside" for finding in found):
        found += [
            _not_now(
                "dispatch.nowhere", f"{desks.aircraft} has not told where it stands",
                f"{desks.aircraft}未报告所在位置",
            )
            for desks in aircraft if desks.aircraft not in asked
        ]  # fmt: skip
    return found


def _shown(option: Option) -> GoingThere:
    return {
        "aircraft": option.aircraft,
        "can_go": option.can_go,
        "there_s": round(option.there_s, 1) if math.isfinite(option.there_s) else None,
        "reasons": [
            {"code": one.code, "text": one.text, "text_zh": one.text_zh}
            for one in option.findings if one.level is Level.STOP
        ],
    }  # fmt: skip
