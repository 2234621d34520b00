"""From an alert's verdict to a case: severity, tier, clocks, owner and words (DOMAIN 5.3)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from ground_station.alert_levels import AlertLevel
from ground_station.alerts import AlertState, CrowdAlert, Outcome
from ground_station.case_numbers import CaseSource
from ground_station.casework.case import Case
from ground_station.casework.states import CaseState, Severity
from ground_station.owners import Owner, ResponsibilityTable, Tier
from ground_station.record_words import value_zh
from patrol.errors import ConfigError, Refused
from patrol.sighting import Count, SightingKind

CASE_RULES_FILE = Path(__file__).parent / "data" / "case_rules.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class TierClock:
    """How long a tier may take, in world time."""

    accept: timedelta
    handle: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRules:
    """Which tier answers, and by when."""

    version: str
    persisting_major_from: int
    special_site_m: float  # a crowd this near to a special grid's site belongs to it
    clocks: Mapping[Tier, TierClock]
    tier_of_severity: Mapping[Severity, Tier]

    def due(self, tier: Tier, from_utc: datetime) -> tuple[datetime, datetime]:
        """When it must be accepted and when it must be handled."""
        clock = self.clocks[tier]
        return from_utc + clock.accept, from_utc + clock.handle

    def severity(self, alert: CrowdAlert, count: Count, *, is_special_site: bool) -> Severity:
        """How grave the crowd is; an upper bound of an invalid count is not used as people seen."""
        if alert.level is AlertLevel.CRITICAL:
            return Severity.CRITICAL
        if alert.level is AlertLevel.RED:
            return Severity.MAJOR  # that it eased in the end does not make it harmless
        if alert.outcome is Outcome.DISPERSED:
            return Severity.MINOR
        if count.estimate >= self.persisting_major_from or is_special_site:
            return Severity.MAJOR
        return Severity.ORDINARY


def read_case_rules(path: Path = CASE_RULES_FILE) -> CaseRules:
    """Read the tier table; ConfigError says what is wrong with it."""
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        return CaseRules(
            version=str(body["version"]),
            persisting_major_from=int(body["persisting_major_from"]),
            special_site_m=float(body["special_site_m"]),
            clocks={
                tier: TierClock(
                    accept=timedelta(minutes=float(body["clocks"][tier.value]["accept_min"])),
                    handle=timedelta(minutes=float(body["clocks"][tier.value]["handle_min"])),
                )
                for tier in Tier
            },
            tier_of_severity={
                severity: Tier(body["tier_of_severity"][severity.value]) for severity in Severity
            },
        )
    except OSError as error:
        raise ConfigError(f"the case rules cannot be read: {path}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"not a file of case rules: {path}: {error!r}") from error


def _require_filable(alert: CrowdAlert, table: ResponsibilityTable) -> None:
    if alert.state not in _FILABLE:
        raise Refused(
            f"alert {alert.alert_id} is {alert.state.value}: there is nothing to file yet",
            text_zh=f"告警{alert.alert_id}为“{value_zh(alert.state)}”：尚无可立案内容",
        )
    if table.is_exercise and not alert.is_exercise:
        raise Refused(
            "the responsibility table is an exercise's: it owns no live case",
            text_zh="责任清单为演练用，不能承接实际案件",
        )


def case_from_alert(
    alert: CrowdAlert,
    *,
    at_utc: datetime,
    latest: Count,
    rules: CaseRules,
    table: ResponsibilityTable,
    names: Mapping[str, str] | None = None,
    is_special_site: bool = False,
) -> Case:
    """The case that an observed or escalated alert becomes, still without its number.

    `latest` is the newest count of the crowd; when that is not valid, the alert's own stands for
    the tier, and the case says that nobody was counted at the end.
    """
    _require_filable(alert, table)
    count = _count_at_end(alert, latest)
    severity = rules.severity(alert, count, is_special_site=is_special_site)
    owner = _owner(alert, rules.tier_of_severity[severity], table, names)
    accept_due_utc, due_utc = rules.due(owner.tier, at_utc)
    text, text_zh = _words(alert, count)
    return Case(
        case_no="",
        kind=alert.kind.value,
        source=CaseSource.EXERCISE if alert.is_exercise else CaseSource.UAV,
        severity=severity,
        tier=owner.tier,  # outside every grid the district answers
        state=CaseState.FILED,
        owner=owner,
        grid_code=alert.grid_code,
        grid_name=alert.grid_name,
        register_version=alert.register_version,
        place=alert.place,
        count=count,
        description=text,
        description_zh=text_zh,
        filed_utc=at_utc,
        accept_due_utc=accept_due_utc,
        due_utc=due_utc,
        alert_id=alert.alert_id,
        sortie=alert.sortie,
        is_record_only=severity is Severity.MINOR,
        is_exercise=alert.is_exercise,
    )


def _owner(
    alert: CrowdAlert, tier: Tier, table: ResponsibilityTable, names: Mapping[str, str] | None
) -> Owner:
    """Who answers for it; for an exercise's, who plays that unit."""
    return table.owner(
        grid_code=alert.grid_code, tier=tier, names=names, for_exercise=alert.is_exercise
    )


def _count_at_end(alert: CrowdAlert, latest: Count) -> Count:
    if latest.is_valid:
        return latest
    return replace(alert.count, is_valid=False, reason=_AS_RAISED)


_AS_RAISED = "not observed at the end; the count is that of the alert"
_FILABLE = (
    AlertState.RAISED,
    AlertState.ACKNOWLEDGED,
    AlertState.ANNOUNCING,
    AlertState.OBSERVING,
    AlertState.DISPERSED,
    AlertState.PERSISTING,
)


def _words(alert: CrowdAlert, count: Count) -> tuple[str, str]:
    before, after = _people(alert.count), _people(count)
    plays = len(alert.announcement_ids)
    place = alert.grid_name or alert.grid_code or "outside every grid"
    mark, mark_zh = ("Exercise. ", "【演练】") if alert.is_exercise else ("", "")
    spoken = {0: "not spoken to", 1: "spoken to once"}.get(plays, f"spoken to {plays} times")
    match alert.outcome:
        case _ if not count.is_valid:
            end = f"not observed at the end; {before} when raised"
            end_zh = f"结束时未观察到，告警时{before}人"
        case Outcome.DISPERSED:
            end, end_zh = f"dispersed, {after} left", f"已散开，剩余{after}人"
        case Outcome.PERSISTING:
            end, end_zh = f"still there, {after} people", f"仍未散开，现有{after}人"
        case _:
            end, end_zh = f"{after} people, handed on", f"现有{after}人，转交处理"
    kind, kind_zh = _KINDS[alert.kind]
    dense, dense_zh = "", ""
    if alert.density_high_per_m2 is not None:
        dense = f", up to {alert.density_high_per_m2:.1f} a square metre"
        dense_zh = f"，每平方米最多{alert.density_high_per_m2:.1f}人"
    return (
        f"{mark}{kind} in {place}: {before} people{dense}, {spoken}: {end}.",
        f"{mark_zh}{place}{kind_zh}：起初{before}人{dense_zh}，喊话{plays}次，{end_zh}。",
    )


_KINDS: Mapping[SightingKind, tuple[str, str]] = {
    SightingKind.GATHERING: ("Gathering", "人员聚集"),
    SightingKind.DENSITY: ("Crowding", "人群拥挤"),
    SightingKind.QUEUE: ("Long queue", "排队拥堵"),
    SightingKind.GROWTH: ("Growing crowd", "人群快速增多"),
}


def _people(count: Count) -> str:
    low, high = round(count.low), round(count.high)
    return f"{round(count.estimate)} ({low}-{high})"
