"""Watches what an announcement did, gives the verdict, files the case, lets the patrol go on."""

from __future__ import annotations

from typing import Any

from ground_station import views
from ground_station.alerts import AlertEvent, CrowdAlert, Outcome
from ground_station.announcements import Announcement
from ground_station.case_rules import CaseRules, case_from_alert
from ground_station.cases import Case, CaseEvent, CaseState
from ground_station.cases import advance as advance_case
from ground_station.crowd_desk import CrowdDesk, CrowdParts
from ground_station.owners import ResponsibilityTable
from ground_station.sortie_watch import SortieWatch
from ground_station.sorties import EffectRecord, EffectSample
from patrol.cause import by_system
from patrol.sighting import Count, Look
from vision.effect import Effect, EffectMeter, Verdict

_NOT_OBSERVED = Count(low=0, estimate=0, high=0, is_valid=False, reason="not observed")
_OBSERVER = by_system("effect-meter")
_CASE_RULE = by_system("case.rule")
_FIRST_PLAY_LONGEST_S = 600.0  # the +10 min look
_SECOND_PLAY_LONGEST_S = 180.0  # each of two plays is observed at least 3 minutes


class EffectDesk:
    """One observation at a time."""

    def __init__(
        self, *, parts: CrowdParts, desk: CrowdDesk, rules: CaseRules, table: ResponsibilityTable
    ) -> None:
        self._parts = parts
        self._desk = desk
        self._rules = rules
        self._table = table
        self._announcement: Announcement | None = None
        desk.on_look(self._see)

    async def begin(self, watch: SortieWatch, announcement: Announcement, number: int) -> None:
        """An announcement was played: measure against the minute before it.

        A second play ends the observation of the first without a verdict of its own.
        """
        if watch.meter is not None and self._announcement is not None:
            seen_count = len(watch.meter.result().samples)
            watch.meter.cut()
            effect = watch.meter.result()
            self._tell_samples(self._announcement, effect, seen_count)
            alert = watch.alerts[self._announcement.alert_id]
            await self._parts.records.save_effect(
                self._record(alert, self._announcement, effect), cause=_OBSERVER,
                at_utc=self._parts.world.now_utc(),
            )  # fmt: skip
        alert = watch.alerts[announcement.alert_id]
        if announcement.started_utc is None or announcement.finished_utc is None:
            raise ValueError(f"announcement {announcement.announcement_id} has no times")
        meter = EffectMeter(
            place=alert.place,
            radius_m=alert.radius_m,
            rules=self._parts.rules,
            longest_s=_FIRST_PLAY_LONGEST_S if number == 1 else _SECOND_PLAY_LONGEST_S,
        )
        for look in watch.looks:
            meter.see(look)
        meter.played(started_utc=announcement.started_utc, finished_utc=announcement.finished_utc)
        watch.meter, self._announcement = meter, announcement
        self._show(meter.result(), announcement)

    async def _see(self, watch: SortieWatch, look: Look) -> None:
        meter, announcement = watch.meter, self._announcement
        if meter is None or announcement is None or watch.is_settling:
            return
        seen_count = len(meter.result().samples)
        meter.see(look)
        effect = meter.result()
        self._tell_samples(announcement, effect, seen_count)
        self._show(effect, announcement)
        if effect.verdict is not None:
            watch.is_settling = True
            try:
                await self._settle(watch, announcement, effect)
            finally:
                watch.is_settling = False

    def _tell_samples(self, announcement: Announcement, effect: Effect, from_number: int) -> None:
        for sample in effect.samples[from_number:]:
            self._desk.tell(
                "look",
                {
                    "announcement": announcement.announcement_id,
                    "dt_s": sample.dt_s,
                    "count": views.count_view(sample.count) if sample.count else None,
                    "is_observed": sample.is_observed,
                },
            )

    async def _settle(self, watch: SortieWatch, announcement: Announcement, effect: Effect) -> None:
        watch.meter = None
        alert = watch.alerts[announcement.alert_id]
        is_dispersed = effect.verdict is Verdict.DISPERSED
        await self._parts.records.save_effect(
            self._record(alert, announcement, effect),
            cause=_OBSERVER,
            at_utc=self._parts.world.now_utc(),
        )
        alert = await self._desk.move(
            alert.alert_id,
            AlertEvent.DISPERSE if is_dispersed else AlertEvent.PERSIST,
            _OBSERVER,
            "alert.dispersed" if is_dispersed else "alert.persisting",
            reason=effect.reason,
        )
        self._desk.tell("effect", effect_fields(alert, announcement, effect))
        await self._file(alert, effect, is_dispersed=is_dispersed)
        self._desk.resume_patrol()

    async def _file(self, alert: CrowdAlert, effect: Effect, *, is_dispersed: bool) -> None:
        now = self._parts.world.now_utc()
        case = case_from_alert(
            alert,
            at_utc=now,
            latest=effect.after or alert.count,
            rules=self._rules,
            table=self._table,
            names=self._parts.register.names_up(alert.grid_code) if alert.grid_code else {},
        )
        case = await self._parts.records.file_case(case, cause=_CASE_RULE, at_utc=now)
        await self._desk.move(
            alert.alert_id,
            AlertEvent.FILE if is_dispersed else AlertEvent.ESCALATE,
            _CASE_RULE,
            "alert.filed",
            case_no=case.case_no,
        )
        if not is_dispersed and case.state is CaseState.FILED:
            case = advance_case(case, CaseEvent.DISPATCH, _CASE_RULE, now)
            await self._parts.records.save_case(
                case, event=CaseEvent.DISPATCH, cause=_CASE_RULE, at_utc=now
            )
        self._desk.tell("case.filed", case_fields(case) | {"alert": alert.alert_id})
        shown = self._parts.board.get("cases") or []
        self._parts.board.set(cases=[case_fields(case), *shown])

    def _record(
        self, alert: CrowdAlert, announcement: Announcement, effect: Effect
    ) -> EffectRecord:
        finished_utc = announcement.finished_utc or self._parts.world.now_utc()
        dispersed_utc = effect.dispersed_utc
        return EffectRecord(
            effect_id=f"{announcement.announcement_id}-E",
            alert_id=alert.alert_id,
            sortie=alert.sortie,
            grid_code=alert.grid_code,
            announcement_ids=alert.announcement_ids,
            observing_since_utc=finished_utc,
            before=effect.before,
            samples=tuple(
                EffectSample(dt_s=sample.dt_s, count=sample.count or _NOT_OBSERVED)
                for sample in effect.samples
            ),
            after=effect.after,
            verdict=None
            if effect.verdict is None
            else Outcome.DISPERSED
            if effect.verdict is Verdict.DISPERSED
            else Outcome.PERSISTING,
            reason=effect.reason,
            is_exercise=self._parts.is_exercise,
            dispersed_after_s=None
            if dispersed_utc is None
            else (dispersed_utc - finished_utc).total_seconds(),
        )

    def _show(self, effect: Effect, announcement: Announcement) -> None:
        finished = announcement.finished_utc
        self._parts.board.set(
            effect={
                "before": _count(effect.before),
                "after": _count(effect.after),
                "samples": [
                    {"dt_s": sample.dt_s, "is_observed": sample.is_observed}
                    | (views.count_view(sample.count) if sample.count else {})
                    for sample in effect.samples
                ],
                "verdict": effect.verdict.value if effect.verdict else None,
                "observing_since_utc": finished.isoformat().replace("+00:00", "Z")
                if finished
                else None,
            }
        )


def effect_fields(alert: CrowdAlert, announcement: Announcement, effect: Effect) -> dict[str, Any]:
    """The event `effect`."""
    return {
        "alert": alert.alert_id,
        "announcement": announcement.announcement_id,
        "before": _count(effect.before),
        "after": _count(effect.after),
        "verdict": effect.verdict.value if effect.verdict else None,
        "reason": effect.reason,
        "residual_ratio": effect.residual_ratio,
        "valid_pct": effect.valid_pct,
        "samples": [
            {
                "dt_s": sample.dt_s,
                "is_observed": sample.is_observed,
                "count": _count(sample.count),
            }
            for sample in effect.samples
        ],
    }


def case_fields(case: Case) -> dict[str, Any]:
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
        "owner_unit": case.owner.unit,
        "owner_person": case.owner.person,
        "accept_due_utc": _utc(case.accept_due_utc),
        "due_utc": _utc(case.due_utc),
        "description": case.description,
        "description_zh": case.description_zh,
    }


def _count(count: Count | None) -> dict[str, Any] | None:
    return views.count_view(count) if count else None


def _utc(moment: Any) -> str | None:  # noqa: ANN401  # datetime or None
    return moment.isoformat().replace("+00:00", "Z") if moment else None
