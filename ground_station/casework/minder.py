"""Looks at the clocks of cases and whistles: what nobody took up goes one tier up, or is told."""

from __future__ import annotations

from dataclasses import dataclass, field

import structlog

from ground_station.casework.case import Case
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
_WHY = {
    "accept": ("not accepted in time", "超时未受理"),
    "handle": ("not handled in time", "超时未处置"),
    "review": ("its review is due", "挂账复核到期"),
}
_log = structlog.get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class CaseMinder:
    """Tells each clock once: a case that cannot go higher stays with its owner, seen as overdue."""

    parts: CaseworkParts
    desk: CaseworkDesk
    _told: set[tuple[str, str, str]] = field(default_factory=set)

    async def run(self) -> None:
        """Look every ten seconds of world time until cancelled."""
        while True:
            await self.parts.world.sleep(_EVERY_S)
            try:
                await self.look()
            except (Refused, Transient) as error:
                _log.warning("the clocks of cases wait", reason=str(error))

    async def look(self) -> None:
        """Once over everything that is open."""
        now = self.parts.world.now_utc()
        for case in await self.parts.records.cases(is_open_only=True):
            clock = case.overdue(now)
            if clock and not case.is_record_only:
                await self._overdue(case, clock)
        raised = WhistleState.RAISED.value
        for whistle in await self.parts.files.newest(Whistle, state=raised):
            if whistle.is_overdue(now):
                self._tell_whistle(whistle)

    async def _overdue(self, case: Case, clock: str) -> None:
        text, text_zh = _WHY[clock]
        if case.state in _WITH_OWNER and case.tier.above is not None:
            # The table is asked again under the lock: somebody may just have taken it up.
            await self.desk.escalate_overdue(case.case_no, clock, _CLOCK, Given(reason=text))
            return
        key = (case.case_no, clock, case.due_utc.isoformat())
        if key not in self._told:
            self._told.add(key)
            fields = {"case_no": case.case_no, "clock": clock, "text": text, "text_zh": text_zh}
            self.parts.tell("case.overdue", case.grid_code, fields)

    def _tell_whistle(self, whistle: Whistle) -> None:
        key = (whistle.whistle_id, "check_in", "")
        if key not in self._told:
            self._told.add(key)
            fields = {
                "whistle": whistle.whistle_id,
                "need": whistle.need,
                "text": "nobody has checked in",
                "text_zh": "吹哨超时未报到",
            }
            self.parts.tell("whistle.unanswered", whistle.grid_code, fields)
