"""From a rule's finding to an alert, and which alert a crowd belongs to. Nothing is stored here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ground_station.alert_levels import AlertLevel, level_of
from ground_station.alerts import (
    DISPLACED_M,
    RE_ALARM,
    RELAPSE_WITHIN,
    SAME_CROWD_M,
    UNSETTLED,
    AlertState,
    CrowdAlert,
    Outcome,
)
from ground_station.legal import LegalBook
from patrol.errors import Refused
from patrol.geo import distance_m
from patrol.sighting import Sighting, SightingKind
from vision.crowd_rules import CrowdRules


@dataclass(frozen=True, slots=True, kw_only=True)
class GatheringEvent:
    """Seen, told and stored, but nobody has to respond: an event and no alarm (ISA-18.2)."""

    sighting: Sighting
    is_exercise: bool
    text: str = "a gathering was seen; no order against gatherings is in force here"
    text_zh: str = "发现人员聚集；此处没有生效的禁止聚集通告，仅作记录"
    level: AlertLevel = AlertLevel.ADVISORY


def _require_counted(sighting: Sighting) -> None:
    if not sighting.count.is_valid:
        raise Refused(
            f"sighting {sighting.sighting_id} has no valid count ({sighting.count.reason}): "
            "unknown is not a crowd",
            text_zh=f"发现{sighting.sighting_id}没有有效计数（{sighting.count.reason}）：未知不作聚集",
        )


def raise_alert(
    sighting: Sighting,
    *,
    alert_id: str,
    legal: LegalBook,
    rules: CrowdRules,
    grid_name: str,
    register_version: str,
    is_exercise: bool,
) -> CrowdAlert | GatheringEvent:
    """An alert of the level that its rule gives; of a gathering without an order only an event.

    Refused for an invalid count, or a density that was not measured.
    """
    _require_counted(sighting)
    level = level_of(sighting, rules)
    if level is AlertLevel.ADVISORY:
        return _not_crowded(sighting, is_exercise=is_exercise)
    basis_id = ""
    if sighting.kind is SightingKind.GATHERING:
        basis_id = _order_against(sighting, legal, is_exercise=is_exercise)
        if not basis_id:
            return GatheringEvent(sighting=sighting, is_exercise=is_exercise)
    return CrowdAlert(
        alert_id=alert_id,
        kind=sighting.kind,
        rule=sighting.rule,
        level=level,
        state=AlertState.RAISED,
        sighting_ids=(sighting.sighting_id,),
        sortie=sighting.sortie,
        grid_code=sighting.grid_code,
        grid_name=grid_name,
        register_version=register_version,
        place=sighting.place,
        error_m=sighting.error_m,
        radius_m=sighting.radius_m,
        count=sighting.count,
        raised_utc=sighting.time_utc,
        legal_basis_id=basis_id,
        is_exercise=is_exercise,
        density_high_per_m2=sighting.density_high_per_m2,
    )


def _order_against(sighting: Sighting, legal: LegalBook, *, is_exercise: bool) -> str:
    """The order that forbids it there and then; empty where none does."""
    order = legal.gathering_order(
        grid_code=sighting.grid_code, at_utc=sighting.time_utc, is_exercise=is_exercise
    )
    return "" if order is None else order.basis_id


def _not_crowded(sighting: Sighting, *, is_exercise: bool) -> GatheringEvent:
    return GatheringEvent(
        sighting=sighting,
        is_exercise=is_exercise,
        text="people stand closer here than elsewhere; it is not crowded",
        text_zh="此处人员较密，尚不拥挤，仅作记录",
    )


def to_be_lifted(
    alerts: Iterable[CrowdAlert], sighting: Sighting, level: AlertLevel
) -> CrowdAlert | None:
    """The open alert of this crowd that is less grave than what was seen now."""
    for alert in alerts:
        is_open = alert.state in UNSETTLED and alert.state is not AlertState.PERSISTING
        if (
            is_open and not alert.case_no and alert.level.rank < level.rank
            and distance_m(alert.place, sighting.place) < SAME_CROWD_M
        ):  # fmt: skip
            return alert
    return None


def same_crowd(
    alerts: Iterable[CrowdAlert],
    sighting: Sighting,
    at_least: AlertLevel = AlertLevel.ADVISORY,
) -> CrowdAlert | None:
    """The alert that this sighting already belongs to: still open, or raised within 300 s.

    One that is less grave than `at_least` does not answer for it.
    """
    for alert in alerts:
        if alert.level.rank < at_least.rank:
            continue
        is_recent = _apart(sighting, alert.raised_utc) < RE_ALARM
        if (alert.is_open or is_recent) and distance_m(alert.place, sighting.place) < SAME_CROWD_M:
            return alert
    return None


def raised_lately(alerts: Iterable[CrowdAlert], sighting: Sighting) -> CrowdAlert | None:
    """The newest alert of this crowd within the re-alarm time, whatever became of it."""
    found = [
        alert for alert in alerts
        if _apart(sighting, alert.raised_utc) < RE_ALARM
        and distance_m(alert.place, sighting.place) < SAME_CROWD_M
    ]  # fmt: skip
    return max(found, key=lambda alert: alert.raised_utc, default=None)


def relapsed_from(alerts: Iterable[CrowdAlert], sighting: Sighting) -> CrowdAlert | None:
    """The dispersed crowd that is back at this place within 30 minutes."""
    for alert in alerts:
        settled_utc = alert.settled_utc or alert.changed_utc or alert.raised_utc
        if (
            alert.outcome is Outcome.DISPERSED
            and _apart(sighting, settled_utc) <= RELAPSE_WITHIN
            and distance_m(alert.place, sighting.place) < SAME_CROWD_M
        ):
            return alert
    return None


def displaced_from(alerts: Iterable[CrowdAlert], sighting: Sighting) -> CrowdAlert | None:
    """The crowd that this new one may be, gone a few steps on: of the last 30 minutes, near by.

    The nearest counts that was spoken to or has dispersed; one that nobody has answered yet stands
    where it stood.
    """
    near = [
        (distance_m(alert.place, sighting.place), alert)
        for alert in alerts
        if (alert.played_count or alert.outcome is not None)
        and alert.outcome is not Outcome.PERSISTING
        and _apart(sighting, alert.settled_utc or alert.changed_utc or alert.raised_utc)
        <= RELAPSE_WITHIN
    ]
    found = [(apart_m, one) for apart_m, one in near if SAME_CROWD_M <= apart_m <= DISPLACED_M]
    return min(found, key=lambda pair: pair[0])[1] if found else None


def _apart(sighting: Sighting, moment: datetime) -> timedelta:
    """A moment that lies ahead is of before a clock was set back, and no nearer for that."""
    return abs(sighting.time_utc - moment)
