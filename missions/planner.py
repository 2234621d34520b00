"""Plans a patrol of a grid in any pattern: one plan or several sorties, with every finding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from missions.airspace import ARTICLES
from missions.areas import Terrain, shape_findings, terrain_of
from missions.checks import check_plan
from missions.coverage import coverage_findings
from missions.findings import note, stop, warn
from missions.patterns import runs_of
from missions.request import PlanRequest
from missions.runs import Run
from missions.sorties import NoWay, Sorties, TooFar, TooMany
from missions.zones import around_zones, closed_zones
from patrol.geo import LocalFrame
from patrol.plan import Finding, MissionPlan, stops

_CLOSED_MIN_PCT = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Sortie:
    """One of a patrol's flights, with what was found about it alone."""

    plan: MissionPlan
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patrol:
    """What was planned: no sortie where a finding forbids them all."""

    sorties: tuple[Sortie, ...] = ()
    findings: tuple[Finding, ...] = ()  # about the grid and the pattern

    @property
    def all_findings(self) -> list[Finding]:
        """Those of the patrol and of each sortie."""
        return [*self.findings, *(one for sortie in self.sorties for one in sortie.findings)]


def plan_patrol(request: PlanRequest) -> Patrol:
    """Every sortie that the pattern takes, or the findings why there is none."""
    findings = shape_findings(request.grid)
    if findings:
        return Patrol(findings=tuple(findings))
    request = around_zones(request)
    terrain = terrain_of(request)
    runs, findings = runs_of(request, terrain)
    findings = [*_closed(request, terrain), *findings]
    plans: list[MissionPlan] = []
    if not stops(findings):
        plans, failed = plans_of(request, terrain.frame, runs)
        findings = [*findings, *failed]
    if not plans and not stops(findings):
        findings = [*findings, _nothing(request)]
    if stops(findings):
        return Patrol(findings=tuple(findings))
    if len(plans) > 1:
        findings.append(_split(plans))
    findings += coverage_findings(request, terrain, plans)
    sorties = (
        Sortie(
            plan=plan,
            findings=tuple(check_plan(plan, request.grid, request.lens, request.around)),
        )
        for plan in _numbered(plans)
    )
    return Patrol(sorties=tuple(sorties), findings=tuple(findings))


def plans_of(
    request: PlanRequest, frame: LocalFrame, runs: Sequence[Run]
) -> tuple[list[MissionPlan], list[Finding]]:
    """A plan for each flight that the runs take, or the finding why there is none."""
    made = Sorties(request, frame)
    try:
        return [plan for run in runs for plan in made.of(run)], []
    except TooFar:
        return [], [
            stop(
                "sortie.too_far",
                "no battery lasts for the way out, a part of the route and the way home: choose a "
                "launch point nearer to the route, a smaller grid, or a shorter stay",
                "一块电池不足以飞抵航线、完成任一部分并返航：请选择更近的起飞点、更小的网格或缩短停留",
            )
        ]
    except NoWay:
        return [], [
            stop(
                "sortie.no_way",
                "no way leads from the launch point to the route around what is closed: choose "
                "another launch point",
                "起飞点与航线之间被管制、禁飞区域隔断：请另选起飞点",
            )
        ]
    except TooMany:
        return [], [
            stop(
                "sortie.too_many",
                "the grid takes more sorties than one patrol has: plan smaller grids",
                "该网格所需架次过多：请规划更小的网格",
            )
        ]


def _closed(request: PlanRequest, terrain: Terrain) -> list[Finding]:
    """How much of the grid is left out because it is closed, and by what."""
    share_pct = terrain.closed_share * 100.0
    if share_pct < _CLOSED_MIN_PCT:
        return []
    zones = [one for one in closed_zones(request) if one.shape.intersects(request.grid.shape)]
    named = ", ".join(f"{zone.name} ({zone.source})" for zone in zones) or "places kept out"
    named_zh = "、".join(f"“{zone.name}”（{zone.source}）" for zone in zones) or "不得进入的地点"
    return [
        warn(
            "airspace.cut",
            f"{share_pct:.1f} % of the grid lie in {named}: they are left out",
            f"网格有{share_pct:.1f}%位于{named_zh}内，未列入航线",
            article=next((ARTICLES[zone.kind] for zone in zones), ""),
        )
    ]


def _nothing(request: PlanRequest) -> Finding:
    return stop(
        "route.none",
        f"{request.grid.code}: nothing of the grid can be flown so",
        f"{request.grid.code}：网格内没有可按此方式飞行的部分",
    )


def _split(plans: Sequence[MissionPlan]) -> Finding:
    minutes = sum(plan.duration_s for plan in plans) / 60.0
    return note(
        "sortie.split",
        f"the patrol takes {len(plans)} sorties and {minutes:.0f} minutes in the air, each with a "
        "full battery",
        f"本次巡查分{len(plans)}个架次，共飞行{minutes:.0f}分钟，每架次使用满电电池",
    )


def _numbered(plans: Sequence[MissionPlan]) -> list[MissionPlan]:
    if len(plans) == 1:
        return list(plans)
    return [
        replace(
            plan, plan_id=f"{plan.plan_id}-{number}", sortie_number=number, sortie_count=len(plans)
        )
        for number, plan in enumerate(plans, 1)
    ]
