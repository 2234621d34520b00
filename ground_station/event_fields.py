"""What the desks record, as the fields of events and of the board. Nothing is decided here."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ground_station import views
from ground_station.alerts import CrowdAlert
from ground_station.announcements import Announcement
from ground_station.casework.case import Case
from ground_station.shown import AlertView, AnnouncementView, CaseView, CountView, EffectSampleView
from patrol.plan import Finding
from patrol.sighting import Count, Sighting
from vision.effect import Effect, Sample


def sighting_fields(sighting: Sighting) -> dict[str, Any]:
    """A sighting as its event tells it."""
    return {
        "sighting": sighting.sighting_id,
        "kind": sighting.kind.value,
        "rule": sighting.rule,
        "stage": sighting.stage.value,
        "count": views.count_view(sighting.count),
        "place": views.place_view(sighting.place),
        "error_m": round(sighting.error_m, 1),
        "radius_m": round(sighting.radius_m, 1),
        "density_high_per_m2": sighting.density_high_per_m2,
        "in_grid": sighting.grid_code,
        "nearest_person_m": _metres(sighting.nearest_person_m),
        "standoff_need_m": _metres(sighting.standoff_need_m),
    }


def alert_view(alert: CrowdAlert) -> AlertView:
    """An alert as the API gives it."""
    return {
        "id": alert.alert_id,
        "aircraft": alert.aircraft,
        "state": alert.state.value,
        "level": alert.level.value,
        "kind": alert.kind.value,
        "grid_code": alert.grid_code,
        "grid_name": alert.grid_name,
        "place": views.place_view(alert.place),
        "error_m": round(alert.error_m, 1),
        "radius_m": round(alert.radius_m, 1),
        "count": views.count_view(alert.count),
        "density_high_per_m2": alert.density_high_per_m2,
        "raised_utc": utc_or_none(alert.raised_utc),
        "acknowledged_by": alert.acknowledged_by,
        "renotified_count": alert.renotified_count,
        "relapse_of": alert.relapse_of,
        "displaced_from": alert.displaced_from,
        "case_no": alert.case_no,
        "verdict": alert.outcome.value if alert.outcome else None,
    }


def effect_fields(
    alert: CrowdAlert, announcement: Announcement | None, effect: Effect
) -> dict[str, Any]:
    """The event `effect`; without an announcement what the crowd did by itself."""
    return {
        "alert": alert.alert_id,
        "announcement": announcement.announcement_id if announcement else "",
        "template": announcement.template_id if announcement else "",
        "version": announcement.template_version if announcement else None,
        "before": count_or_none(effect.before),
        "after": count_or_none(effect.after),
        "verdict": effect.verdict.value if effect.verdict else None,
        "reason": effect.reason,
        "residual_ratio": effect.residual_ratio,
        "valid_pct": effect.valid_pct,
        "samples": [
            {
                "dt_s": sample.dt_s,
                "is_observed": sample.is_observed,
                "count": count_or_none(sample.count),
            }
            for sample in effect.samples
        ],
    }


def announcement_fields(announcement: Announcement) -> dict[str, Any]:
    """An announcement as its events tell it."""
    return {
        "announcement": announcement.announcement_id,
        "alert": announcement.alert_id,
        "template": announcement.template_id,
        "version": announcement.template_version,
        "language": announcement.language,
        "text_zh": announcement.text_zh,
        "text_en": announcement.text_en,
    }


def announcement_view(announcement: Announcement, findings: list[Finding]) -> AnnouncementView:
    """An announcement as the board shows it, with what spoke against it."""
    slant_m, level = announcement.slant_range_m, announcement.level_dba
    return {
        "id": announcement.announcement_id,
        "aircraft": announcement.aircraft,
        "alert": announcement.alert_id,
        "template": announcement.template_id,
        "version": announcement.template_version,
        "language": announcement.language,
        "text_zh": announcement.text_zh,
        "text_en": announcement.text_en,
        "text_sha256": announcement.text_sha256,
        "state": announcement.state.value,
        "released_by": announcement.released_by,
        "approved_by": announcement.approved_by,
        "overridden_by": announcement.overridden_by,
        "reason": announcement.reason,
        "started_utc": utc_or_none(announcement.started_utc),
        "finished_utc": utc_or_none(announcement.finished_utc),
        "volume_pct": announcement.volume_pct,
        "repeats": announcement.repeats,
        "heard_count": announcement.heard_count,
        "slant_range_m": None if slant_m is None else round(slant_m),
        "level_dba": None if level is None else round(level),
        "blocked": views.findings_view(list(announcement.blocked)),
        "findings": views.findings_view(findings),
    }


def sample_view(sample: Sample) -> EffectSampleView:
    """One look at the crowd after the words."""
    looked: EffectSampleView = {"dt_s": sample.dt_s, "is_observed": sample.is_observed}
    return {**looked, **views.count_view(sample.count)} if sample.count else looked


def case_fields(case: Case) -> CaseView:
    """A case as its event and the board show it."""
    return {
        "case_no": case.case_no,
        "severity": case.severity.value,
        "tier": case.tier.value,
        "tier_zh": case.tier.zh,
        "state": case.state.value,
        "state_zh": case.state.zh,
        "grid_code": case.grid_code,
        "grid_name": case.grid_name,
        "owner_code": case.owner.code,
        "owner_unit": case.owner.unit,
        "owner_person": case.owner.person,
        "accept_due_utc": utc_or_none(case.accept_due_utc),
        "due_utc": utc_or_none(case.due_utc),
        "description": case.description,
        "description_zh": case.description_zh,
    }


def count_or_none(count: Count | None) -> CountView | None:
    """A count with its bounds, or nothing where there is none."""
    return views.count_view(count) if count else None


def utc_or_none(moment: datetime | None) -> str | None:
    """The time with Z, or nothing where there is none."""
    return moment.isoformat().replace("+00:00", "Z") if moment else None


def _metres(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
