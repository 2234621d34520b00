"""Files an alert's case, hands open alerts on, and closes what the registrar has signed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from ground_station.alert_levels import AlertLevel
from ground_station.alerts import (
    UNSETTLED,
    AlertEvent,
    AlertState,
    CrowdAlert,
    Outcome,
    advance,
)
from ground_station.case_rules import CaseRules, case_from_alert
from ground_station.casework.case import Case
from ground_station.casework.states import CaseEvent, CaseState
from ground_station.casework.steps import advance as advance_case
from ground_station.crowd_desk import CrowdDesk
from ground_station.crowd_parts import CrowdParts
from ground_station.event_fields import alert_view, case_fields
from ground_station.live import Board
from ground_station.owners import ResponsibilityTable
from ground_station.shown import AlertView
from ground_station.sortie_watch import SortieWatch
from patrol.cause import Cause, by_system
from patrol.geo import distance_m
from patrol.sighting import Count

NOT_OBSERVED = Count(low=0, estimate=0, high=0, is_valid=False, reason="not observed")
NOT_TO_THE_END = "not observed to the end"
_CASE_RULE = by_system("case.rule")
_OBSERVER = by_system("effect-meter")
_LANDED = by_system("sortie.over")
_CRITICAL_RULE = by_system("alert.critical")
_CRITICAL = (
    "critical density: the practice centre is told; call police and emergency numbers at once"
)
_CRITICAL_ZH = "危急密度：已通知实践中心，请立即联系公安和应急电话"
Unobserved = Callable[[CrowdAlert], Awaitable[None]]
_WITH_A_VERDICT = (AlertState.DISPERSED, AlertState.PERSISTING)
_SETTLED = (AlertState.DISPERSED, AlertState.ESCALATED, AlertState.DISMISSED)


class CaseDesk:
    """From a verdict, or from nobody's answer, to a case with an owner."""

    def __init__(
        self,
        *,
        parts: CrowdParts,
        desk: CrowdDesk,
        board: Board,
        rules: CaseRules,
        table: ResponsibilityTable,
    ) -> None:
        self._parts = parts
        self._board = board  # the station's: cases outlive the flight that they came from
        self._desk = desk
        self._rules = rules
        self._table = table
        desk.on_end(self._end)
        desk.on_adopt(self._hand_on_left)
        desk.on_critical(self.hand_on)
        self._on_unobserved: list[Unobserved] = []

    def on_unobserved(self, keep: Unobserved) -> None:
        """Let the effect desk keep what was seen of a crowd that nobody observes any more."""
        self._on_unobserved.append(keep)

    async def file(self, alert_id: str, latest: Count = NOT_OBSERVED) -> None:
        """File the case of an alert that has its verdict, once; Refused when nobody can own it."""
        async with self._desk.changing:
            alert = await self._desk.find(alert_id)
            if alert.state not in _WITH_A_VERDICT:
                return
            if alert.case_no:  # handed on before it was spoken to
                await self._keep_with_the_centre(alert)
                return
            is_dispersed = alert.outcome is Outcome.DISPERSED
            event = AlertEvent.FILE if is_dispersed else AlertEvent.ESCALATE
            await self._file(alert, event, latest, _CASE_RULE)

    async def escalate(self, alert_id: str, reason: str, cause: Cause) -> AlertView:
        """A person hands an alert on to the grid without waiting for any more."""
        async with self._desk.changing:
            alert = await self._desk.find(alert_id)
            # Refused before a case number is used up.
            now = self._parts.world.now_utc()
            advance(alert, AlertEvent.ESCALATE, cause, now, reason=reason, case_no="asked")
            alert = await self._file(alert, AlertEvent.ESCALATE, NOT_OBSERVED, cause, reason)
        self._desk.tell("alert.escalated", {"alert": alert_id, "by": cause.actor, "reason": reason})
        self._desk.resume_patrol(alert_id)
        return alert_view(alert)

    async def hand_on(self, critical: CrowdAlert) -> None:
        """A critical crowd waits for nobody: its case is the centre's at once (DOMAIN 5.3)."""
        async with self._desk.changing:
            alert = await self._desk.find(critical.alert_id)
            if alert.state not in UNSETTLED or alert.case_no:
                return  # somebody was quicker
            await self._file(
                alert, AlertEvent.ESCALATE, alert.count, _CRITICAL_RULE, reason=_CRITICAL
            )
        self._desk.tell(
            "alert.escalated",
            {
                "alert": alert.alert_id,
                "by": alert.rule,
                "reason": _CRITICAL,
                "reason_zh": _CRITICAL_ZH,
                "level": alert.level.value,
            },
        )

    async def _hand_on_left(self, watch: SortieWatch) -> None:
        """What an earlier run of the station raised and could not hand on any more."""
        for alert in list(watch.alerts.values()):
            self._desk.tell_critical(alert)

    async def _keep_with_the_centre(self, alert: CrowdAlert) -> None:
        if alert.state is AlertState.PERSISTING:
            await self._desk.move_alone(
                alert.alert_id, AlertEvent.ESCALATE, _CASE_RULE, "alert.kept_escalated",
                case_no=alert.case_no, reason=alert.outcome_reason,
            )  # fmt: skip

    async def settle(self, sortie_id: str) -> None:
        """The sortie is over: what was observed gets its verdict, and each verdict its case.

        What no person has answered stays open: only a person may dismiss it or hand it on, unless
        it is critical.
        """
        for alert in reversed(await self._parts.records.alerts(sortie_id)):
            await self._settle(alert)

    async def close_signed(self, sortie_id: str, registrar: Cause) -> None:
        """The registrar's signature closes what has been settled, and the records of it."""
        for alert in reversed(await self._parts.records.alerts(sortie_id)):
            if alert.state in _SETTLED:
                await self._close_record(alert, registrar)
                await self._desk.move(alert.alert_id, AlertEvent.CLOSE, registrar, "alert.closed")

    async def _end(self, watch: SortieWatch) -> None:
        await self._desk.kept(lambda: self.settle(watch.sortie_id))

    async def _settle(self, alert: CrowdAlert) -> None:
        async with self._desk.changing:
            alert = await self._desk.find(alert.alert_id)
            if alert.state is AlertState.ANNOUNCING:
                alert = await self._desk.move_alone(
                    alert.alert_id, AlertEvent.PLAY_FAILED, _LANDED, "alert.play_failed",
                    reason="the sortie ended first",
                )  # fmt: skip
            if alert.state in (AlertState.OBSERVING, AlertState.ESCALATED):
                for keep in self._on_unobserved:
                    await keep(alert)
            if alert.state is AlertState.OBSERVING:
                alert = await self._desk.move_alone(
                    alert.alert_id, AlertEvent.PERSIST, _OBSERVER, "alert.persisting",
                    reason=NOT_TO_THE_END,
                )  # fmt: skip
        if alert.level is AlertLevel.CRITICAL:
            await self.hand_on(alert)
        await self.file(alert.alert_id)

    async def _file(
        self, alert: CrowdAlert, event: AlertEvent, latest: Count, cause: Cause, reason: str = ""
    ) -> CrowdAlert:
        records, now = self._parts.records, self._parts.world.now_utc()
        case = await self._case_of(alert.alert_id)
        if case is None:  # else it was filed just before the disk went away
            case = case_from_alert(
                alert,
                at_utc=now,
                latest=latest,
                rules=self._rules,
                table=self._table,
                names=self._parts.register.names_up(alert.grid_code) if alert.grid_code else {},
                is_special_site=self._is_special_site(alert),
            )
            case = await records.file_case(case, cause=cause, at_utc=now)
        alert = await self._desk.move_alone(
            alert.alert_id, event, cause, "alert.filed", case_no=case.case_no, reason=reason
        )
        if not case.is_record_only and case.state is CaseState.FILED:
            was, case = case, advance_case(case, CaseEvent.DISPATCH, _CASE_RULE, now)
            await records.save_case(
                case, event=CaseEvent.DISPATCH, cause=_CASE_RULE, at_utc=now, was=was
            )
        self._desk.tell("case.filed", {**case_fields(case), "alert": alert.alert_id})
        self._show(case)
        return alert

    async def _case_of(self, alert_id: str) -> Case | None:
        alert = await self._desk.find(alert_id)
        return await self._parts.records.case_of_alert(alert_id, since_utc=alert.raised_utc)

    def _is_special_site(self, alert: CrowdAlert) -> bool:
        return any(
            distance_m(site.point, alert.place) <= self._rules.special_site_m
            for site in self._parts.register.sites
        )

    async def _close_record(self, alert: CrowdAlert, registrar: Cause) -> None:
        """A dispersed gathering is a record only: no clock of it runs on."""
        case = await self._parts.records.case(alert.case_no) if alert.case_no else None
        if case is None or not case.is_record_only or not case.is_open:
            return
        now = self._parts.world.now_utc()
        was, case = case, advance_case(case, CaseEvent.CLOSE_RECORD, registrar, now)
        await self._parts.records.save_case(
            case, event=CaseEvent.CLOSE_RECORD, cause=registrar, at_utc=now, was=was
        )
        self._desk.tell("case.closed", {"case_no": case.case_no, "by": registrar.actor})
        self._show(case)

    def _show(self, case: Case) -> None:
        shown = self._board.get("cases") or []
        others = [item for item in shown if item["case_no"] != case.case_no]
        self._board.set(cases=[case_fields(case), *others])
