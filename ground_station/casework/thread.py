"""One case from the sighting to its check: everything that carries its number, in one reading."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ground_station.alerts import CrowdAlert
from ground_station.announcements import Announcement
from ground_station.casework.case import Case
from ground_station.casework.citizens import CitizenReport
from ground_station.casework.dispatches import Dispatch
from ground_station.casework.parts import CaseworkParts
from ground_station.sorties import EffectRecord
from patrol.sighting import Sighting


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseThread:
    """What one id ties together (DOMAIN S-24)."""

    case: Case
    alert: CrowdAlert | None
    sightings: tuple[Sighting, ...]
    announcements: tuple[Announcement, ...]
    effects: tuple[EffectRecord, ...]
    dispatches: tuple[Dispatch, ...]
    reports: tuple[CitizenReport, ...]
    steps: tuple[dict[str, Any], ...]  # of the case's history, oldest first


async def read_thread(parts: CaseworkParts, case: Case) -> CaseThread:
    """Everything of a case."""
    records, files = parts.records, parts.files
    alert = await records.alert(case.alert_id) if case.alert_id else None
    sightings = await records.sightings(case.sortie) if case.sortie else []
    effects = await records.effects(case.sortie) if case.sortie else []
    told = [await records.announcement(name) for name in alert.announcement_ids] if alert else []
    wanted = set(alert.sighting_ids) if alert else set()
    return CaseThread(
        case=case,
        alert=alert,
        sightings=tuple(one for one in sightings if one.sighting_id in wanted),
        announcements=tuple(one for one in told if one is not None),
        effects=tuple(one for one in effects if one.alert_id == case.alert_id),
        dispatches=tuple(await files.dispatches(case.case_no)),
        reports=tuple(await files.reports_of(case.case_no)),
        steps=tuple(await records.case_history(case.case_no)),
    )
