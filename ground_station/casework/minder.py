"""Looks at every clock of casework: what nobody took up goes one tier up, or is told."""

from __future__ import annotations

from dataclasses import dataclass, field

import structlog

from ground_station.casework.case import Ticking
from ground_station.casework.citizens import CitizenReport, ReportState
from ground_station.casework.desk import CaseworkDesk
from ground_station.casework.parts import CaseworkParts
from ground_station.casework.states import CaseState
from ground_station.casework.steps import Given
from ground_station.casework.whistles import Whistle, WhistleState
from patrol.cause import by_system
from patrol.errors import Refused, Transient

_EVERY_S = 10.0  # world
_CLOCK = by_system("case.clock")
_WITH_OWNER = frozenset(
    {CaseState.DISPATCHED, CaseState.HANDLING, CaseState.DEFERRED, CaseState.REWORK}
)
_HALF_WAY = frozenset({CaseState.FILED, CaseState.ESCALATED})  # the tier rule passes them on
_WHY = {
    "accept": ("not accepted in time", "超时未受理"),
    "handle": ("not handled in time", "超时未处置"),
    "check": ("not checked in time", "超时未核查"),
    "review": ("its review is due", "挂账复核到期"),
}
_log = structlog.get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class CaseMinder:
    """Tells each clock once: a case that cannot go higher stays with its owner, seen as overdue."""

    parts: CaseworkParts
    desk: CaseworkDesk
    _told: set[tuple[str, str]] = field(default_factory=set)

    async def run(self) -> None:
        """Look every ten seconds of world time until cancelled."""
        while True:
            await self.parts.world.sleep(_EVERY_S)
            try:
                await self.look()
            except (Refused, Transient) as error:
                _log.warning("the clocks of cases wait", reason=str(error))

    async def look(self) -> None:
        """Once over everything that is open; one case that is refused stops no other's clock."""
        now, space = self.parts.world.now_utc(), self.parts.is_exercise
        for case in await self.parts.files.ticking_cases(now, is_exercise=space):
            try:
                await self._case(case)
            except Refused as error:
                _log.warning("a clock cannot move its case", case=case.case_no, reason=str(error))
                self._tell_case(case)
        await self._look_at_tasks()
        await self._look_at_people()

    async def _case(self, case: Ticking) -> None:
        clock = case.overdue
        if case.state in _HALF_WAY:
            await self.desk.go_on(case.case_no, _CLOCK)
        elif clock and case.state in _WITH_OWNER and case.tier.above is not None:
            # The table is asked again under the lock: somebody may just have taken it up.
            await self.desk.escalate_overdue(
                case.case_no, clock, _CLOCK, Given(reason=_WHY[clock][0])
            )
        elif clock:
            self._tell_case(case)

    async def _look_at_tasks(self) -> None:
        now, space = self.parts.world.now_utc(), self.parts.is_exercise
        for task in await self.parts.files.late_tasks(now, is_exercise=space):
            fields = {
                "dispatch": task.dispatch_id, "case_no": task.case_no,
                "unit_code": task.unit_code,
            }  # fmt: skip
            words = (f"{task.unit} has not replied in time", f"{task.unit}超时未回复")
            self._tell("dispatch.overdue", task.dispatch_id, task.grid_code, fields, words)

    async def _look_at_people(self) -> None:
        """Whoever told or asked something is not forgotten."""
        now, space = self.parts.world.now_utc(), self.parts.is_exercise
        waiting = (ReportState.RECEIVED.value, ReportState.REJECTED.value)
        reports = await self.parts.files.in_states(CitizenReport, waiting, is_exercise=space)
        for report in [*reports, *await self.parts.files.reports_left_behind(is_exercise=space)]:
            if report.is_overdue(now):
                fields = {"report": report.report_id}
                words = ("nobody has answered this report", "群众反映超时未答复")
                key = f"{report.report_id}/{report.state.value}"
                self._tell("report.unanswered", key, report.grid_code, fields, words)
        raised = (WhistleState.RAISED.value,)
        for whistle in await self.parts.files.in_states(Whistle, raised, is_exercise=space):
            if whistle.is_overdue(now):
                fields = {"whistle": whistle.whistle_id, "need": whistle.need}
                words = ("nobody has checked in", "吹哨超时未报到")
                self._tell(
                    "whistle.unanswered", whistle.whistle_id, whistle.grid_code, fields, words
                )

    def _tell_case(self, case: Ticking) -> None:
        if clock := case.overdue:
            key = f"{case.case_no}/{clock}/{case.due_us}"
            fields = {"case_no": case.case_no, "clock": clock, "owner_code": case.owner_code}
            self._tell("case.overdue", key, case.grid_code, fields, _WHY[clock])

    def _tell(
        self,
        name: str,
        key: str,
        grid_code: str | None,
        fields: dict[str, str],
        words: tuple[str, str],
    ) -> None:
        """Once for each clock."""
        if (name, key) not in self._told:
            self._told.add((name, key))
            text, text_zh = words
            self.parts.tell(name, grid_code, {**fields, "text": text, "text_zh": text_zh})
