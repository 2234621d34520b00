"""The aircraft that a day's patrols are shared among, and what makes one unfit to be reckoned with.

What is said here is what the planner believes of an aircraft, not what its link tells.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from missions.findings import stop, warn
from patrol.camera import CameraLens
from patrol.energy import Power
from patrol.geo import GeoPoint
from patrol.plan import Finding, Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Aircraft:
    """One aircraft with its crew."""

    name: str
    place: GeoPoint  # where it is when the day begins
    endurance_s: float  # in a hover, or at the speed of a patrol, from 100 % to 0
    lens: CameraLens
    speed_m_s: float = 4.8  # of a patrol: under the 5 m/s up to which a count is valid
    dash_m_s: float = 10.0  # straight to a place that somebody called it to [P]
    height_agl_m: float = 30.0
    # How fast its crew drives it from one launch point to the next; None: it takes off from its
    # place alone, as one in a dock does.
    drive_m_s: float | None = None

    @property
    def planned_endurance_s(self) -> float:
        """No longer than the station's own reckoning of a battery, which pre-flight holds it to."""
        return min(self.endurance_s, Power().endurance_s)


_FIGURES = (
    ("endurance_s", "endurance", "续航时间"), ("speed_m_s", "patrol speed", "巡查速度"),
    ("dash_m_s", "fastest speed", "最大速度"), ("height_agl_m", "height", "飞行高度"),
    ("drive_m_s", "driving speed", "转场车速"),
)  # fmt: skip

NOBODY = stop(
    "fleet.none",
    "there is no aircraft to plan with: nothing can be covered",
    "没有可用的飞行器：无法安排巡查",
)


def fit_aircraft(fleet: Sequence[Aircraft]) -> tuple[list[Aircraft], list[Finding]]:
    """Those that can be planned with, and a finding for each thing wrong with the others."""
    findings = [finding for aircraft in fleet for finding in _findings(aircraft)]
    names = Counter(aircraft.name for aircraft in fleet)
    findings += [_twice(name) for name, count in names.items() if count > 1]
    unfit = {finding.hint for finding in findings if finding.level is Level.STOP}
    fit = [aircraft for aircraft in fleet if aircraft.name not in unfit]
    return fit, findings if fit else [*findings, NOBODY]


def _findings(aircraft: Aircraft) -> Iterator[Finding]:
    for field, name, name_zh in _FIGURES:
        value = getattr(aircraft, field)
        if value is not None and not (math.isfinite(value) and value > 0.0):
            yield unfit(
                aircraft.name,
                f"{name} {value:g} is no figure to plan with: it is left out",
                f"{name_zh}为{value:g}，无法用于规划：不参与分配",
            )
    if math.isfinite(aircraft.endurance_s) and aircraft.endurance_s > Power().endurance_s:
        yield warn(
            "fleet.endurance_capped",
            f"{aircraft.name}: planned with {Power().endurance_s:.0f} s of its "
            f"{aircraft.endurance_s:.0f} s: pre-flight and the guardian reckon with no more",
            f"{aircraft.name}：续航{aircraft.endurance_s:.0f}秒，仅按"
            f"{Power().endurance_s:.0f}秒规划：起飞检查与飞行守护按此核算",
        )


def unfit(name: str, text: str, text_zh: str) -> Finding:
    """Why an aircraft is left out; the hint is its name."""
    return stop(
        "fleet.unfit",
        f"{name}: {text}",
        f"{name}：{text_zh}",
        hint=name,
    )


def _twice(name: str) -> Finding:
    return unfit(name, "two aircraft are called so: both are left out", "名称重复：均不参与分配")
