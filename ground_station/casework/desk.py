"""Moves cases on: a person or a clock asks, the table of states answers, then it is recorded."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from ground_station.casework.case import Case
from ground_station.casework.citizens import ReportState
from ground_station.casework.contacts import ContactCard, paste_ready
from ground_station.casework.dispatches import (
    Dispatch,
    DispatchEvent,
    answer,
    require_all_answered,
    send,
)
from ground_station.casework.parts import CaseworkParts
from ground_station.casework.states import CaseEvent, CaseState
from ground_station.casework.steps import NOTHING, Given, advance, refusal, require_unit
from ground_station.event_fields import case_fields
from ground_station.owners import Owner, Tier
from patrol.cause import Cause, by_system
from patrol.errors import Refused

TASK_WITHIN = timedelta(hours=24)  # unless the dispatcher says otherwise
_TIER_RULE = by_system("case.tier")
_NEXT: dict[CaseState, CaseEvent] = {
    # By the tier rule these do not wait for a person (DOMAIN 5.3).
    CaseState.FILED: CaseEvent.DISPATCH,
    CaseState.ESCALATED: CaseEvent.DISPATCH,
}


class CaseworkDesk:
    """Every verb loads, checks, records, and only then shows."""

    def __init__(self, parts: CaseworkParts) -> None:
        self._parts = parts

    async def find(self, case_no: str) -> Case:
        """A case of this space (exercise or live); LookupError when there is none."""
        case = await self._parts.records.case(case_no)
        if case is None or case.is_exercise != self._parts.is_exercise:
            raise LookupError(f"there is no case {case_no}")
        return case

    async def act(
        self, case_no: str, event: CaseEvent, cause: Cause, given: Given = NOTHING
    ) -> Case:
        """One event. Of two people at once the first is heard; the other is told what it is now."""
        async with self._parts.changing:
            return await self.act_alone(case_no, event, cause, given)

    async def go_on(self, case_no: str, cause: Cause) -> None:
        """Dispatch what the tier rule had filed or escalated when the station was stopped."""
        async with self._parts.changing:
            case = await self.find(case_no)
            if case.state in _NEXT and not case.is_record_only:
                given = Given(owner=case.owner, reason="the station was stopped in between")
                await self.act_alone(case_no, _NEXT[case.state], cause, given)

    async def escalate_overdue(
        self, case_no: str, clock: str, cause: Cause, given: Given
    ) -> Case | None:
        """One tier up, unless somebody has taken the case up in the meantime."""
        async with self._parts.changing:
            case = await self.find(case_no)
            if case.overdue(self._parts.world.now_utc()) != clock:
                return None
            return await self.act_alone(case_no, CaseEvent.ESCALATE, cause, given)

    async def dispatch(
        self,
        case_no: str,
        unit_code: str,
        task: str,
        cause: Cause,
        due_utc: datetime | None = None,
    ) -> Dispatch:
        """A task to the unit of a code; it owes a reply before the case is fed back."""
        parts = self._parts
        async with parts.changing:
            case, now = await self.find(case_no), parts.world.now_utc()
            dispatch_id = await parts.files.next_id(Dispatch, now)
            sent = send(
                case,
                dispatch_id=dispatch_id,
                unit=self.unit_for(case, unit_code),
                task=task,
                due_utc=due_utc or now + TASK_WITHIN,
                cause=cause,
                at_utc=now,
                table=parts.table,
            )
            await parts.files.save(sent, action="dispatch.sent", cause=cause, at_utc=now)
            await parts.show(case)  # the unit sees it from now on
        fields = {
            "case_no": case_no, "dispatch": dispatch_id, "unit": sent.unit.unit,
            "unit_code": sent.unit.code,
        }  # fmt: skip
        parts.tell("dispatch.sent", case.grid_code, fields | {"by": cause.actor})
        return sent

    async def answer_dispatch(
        self, dispatch_id: str, event: DispatchEvent, reply: str, cause: Cause
    ) -> Dispatch:
        """The unit accepts, returns or replies."""
        parts = self._parts
        async with parts.changing:
            now = parts.world.now_utc()
            kept = await parts.files.get(Dispatch, dispatch_id)
            require_unit(kept.unit, cause)
            moved = answer(kept, event, cause, now, reply=reply)
            action = f"dispatch.{event.value}"
            await parts.files.save(moved, action=action, cause=cause, at_utc=now)
        fields = {
            "case_no": moved.case_no, "dispatch": dispatch_id, "unit_code": moved.unit.code,
            "by": cause.actor,
        }  # fmt: skip
        parts.tell(action, moved.grid_code, fields)
        return moved

    async def card(self, case_no: str) -> tuple[ContactCard, str, str]:
        """The contact card of a case's grid, and words to paste for its group (zh, en)."""
        case = await self.find(case_no)
        card = self._parts.contacts.card(case.grid_code or case.owner.code)
        text_zh, text_en = paste_ready(case, card, self._parts.items)
        return card, text_zh, text_en

    async def act_alone(
        self, case_no: str, event: CaseEvent, cause: Cause, given: Given = NOTHING
    ) -> Case:
        """The same for who holds `changing` already."""
        parts, now = self._parts, self._parts.world.now_utc()
        case = await self.find(case_no)
        given = await self._completed(case, event, cause, given, now)
        moved = advance(case, event, cause, now, given)
        if event in (CaseEvent.CLOSE, CaseEvent.ANSWER_REPORTER):
            await self._require_reports_answered(case)
        await self._keep(moved, event, cause, given, case)
        follow = _NEXT.get(moved.state) if event in (CaseEvent.FILE, CaseEvent.ESCALATE) else None
        if follow is not None:
            filed, moved = moved, advance(moved, follow, _TIER_RULE, now)
            await self._keep(moved, follow, _TIER_RULE, NOTHING, filed)
        await parts.show(moved)
        return moved

    async def _keep(
        self, case: Case, event: CaseEvent, cause: Cause, given: Given, was: Case
    ) -> None:
        parts = self._parts
        now = parts.world.now_utc()
        await parts.records.save_case(case, event=event, cause=cause, at_utc=now, was=was)
        fields = {**case_fields(case), "by": cause.actor, "reason": given.reason}
        parts.tell(f"case.{event.value}", case.grid_code, fields)

    def unit(self, code: str) -> Owner:
        """The unit of a code: a department is a named one, a level of the tree any."""
        parts = self._parts
        is_known = code in parts.table.named or code in parts.register.areas
        names = parts.register.names_up(code) if code in parts.register.areas else {}
        owner = (
            parts.table.owner_of(code, names=names, for_exercise=parts.is_exercise)
            if is_known
            else None
        )
        if owner is None:
            raise Refused(f"no unit has the code {code}", text_zh=f"没有编码为{code}的单位")
        return owner

    def unit_for(self, case: Case, code: str) -> Owner:
        """A unit that can have this case: a department, or one within whose part it lies.

        A unit of another street would not even see the case that it was given.
        """
        owner = self.unit(code)
        is_above = (case.grid_code or "").startswith(code)
        if not is_above and owner.tier is not Tier.DISTRICT:  # a department's is the district
            raise Refused(
                f"case {case.case_no} does not lie in the part of {owner.unit}",
                text_zh=f"案件{case.case_no}不在{owner.unit}辖区内",
            )
        return owner

    async def _completed(
        self, case: Case, event: CaseEvent, cause: Cause, given: Given, now: datetime
    ) -> Given:
        """What the person need not say, because it is looked up; and what must hold first."""
        match event:
            case CaseEvent.FILE:
                return self._to_file(case, given, now)
            case CaseEvent.ESCALATE:
                return self._to_escalate(case, given, now)
            case CaseEvent.DISPATCH | CaseEvent.REOPEN | CaseEvent.REWORK | CaseEvent.REASSIGN:
                await self._require_not_handled_by(case, cause, event)
                owner = given.owner or case.owner
                is_new = event is CaseEvent.REASSIGN
                # The clocks begin again: an old one would run out at once.
                return self._with_clocks(
                    replace(given, owner=given.owner if is_new else owner), now
                )
            case CaseEvent.FEED_BACK:
                require_all_answered(case, await self._parts.files.dispatches(case.case_no))
            case CaseEvent.CHECK:
                await self._require_not_handled_by(case, replace(cause, actor=given.checker), event)
            case CaseEvent.CLOSE:
                await self._require_not_handled_by(case, cause, event)
            case CaseEvent.MERGE:
                await self._require_mergeable(case, given.other_case)
            case _:
                pass
        return given

    async def _require_not_handled_by(self, case: Case, cause: Cause, event: CaseEvent) -> None:
        """Who accepted, returned or answered a unit's task has handled the case as well (R1)."""
        if event not in (CaseEvent.CHECK, CaseEvent.CLOSE, CaseEvent.REWORK):
            return
        tasks = await self._parts.files.dispatches(case.case_no)
        if any(task.was_handled_by(cause.actor) for task in tasks):
            raise refusal(
                case,
                f"{cause.actor} handled a task of a unit, another person checks it",
                f"{cause.actor}代表单位办理过任务，须由他人核查",
            )

    async def _require_reports_answered(self, case: Case) -> None:
        """Each reporter is owed an answer of its own; one word into the case tells nobody."""
        reports = await self._parts.files.reports_of(case.case_no)
        waiting = [one.report_id for one in reports if one.state is not ReportState.ANSWERED]
        if waiting:
            raise refusal(
                case,
                f"tell the reporter first: answer {', '.join(waiting)}",
                f"请先答复反映人：{'、'.join(waiting)}尚未答复",
            )

    def _to_file(self, case: Case, given: Given, now: datetime) -> Given:
        severity = given.severity or self._parts.items.get(case.kind).severity
        owner = given.owner or self._parts.owner(
            case.grid_code, self._parts.rules.tier_of_severity[severity]
        )
        return self._with_clocks(replace(given, severity=severity, owner=owner), now)

    def _to_escalate(self, case: Case, given: Given, now: datetime) -> Given:
        above = case.tier.above
        if above is None:
            return given  # the step itself says that there is no higher tier
        return self._with_clocks(
            replace(given, owner=self._parts.owner(case.grid_code, above)), now
        )

    async def _require_mergeable(self, case: Case, other_no: str) -> None:
        if not other_no or other_no == case.case_no:
            return  # the step itself says what is missing
        other = await self.find(other_no)
        if other.is_exercise != case.is_exercise:
            raise Refused(
                "an exercise and a live case are never merged", text_zh="演练案件与实际案件不得合并"
            )
        if not other.is_open:
            raise Refused(
                f"case {other_no} is {other.state.value}: nothing merges into it",
                text_zh=f"案件{other_no}为“{other.state.zh}”，不能并入",
            )

    def _with_clocks(self, given: Given, now: datetime) -> Given:
        if given.owner is None:
            return given
        accept_due_utc, due_utc = self._parts.rules.due(given.owner.tier, now)
        return replace(given, accept_due_utc=accept_due_utc, due_utc=due_utc)
