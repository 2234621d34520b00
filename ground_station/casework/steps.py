"""What each event does to a case. The table of states says whether it may happen at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ground_station.casework.case import Case
from ground_station.casework.states import CASE_MACHINE, CaseEvent, Severity
from ground_station.owners import Owner, Tier, is_department
from ground_station.people.scopes import covers
from ground_station.record_words import value_zh
from patrol.cause import Cause, Role
from patrol.errors import NotPermitted, Refused

REOPEN_WITHIN = timedelta(days=7)
RETURN_WITHIN = timedelta(hours=1)  # of the dispatch, DOMAIN 5.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a step is given beside the event; each step takes what it needs and misses the rest."""

    reason: str = ""  # why; for FEED_BACK what was done
    found: str = ""  # FEED_BACK: the fact that was established
    owner: Owner | None = None  # FILE, DISPATCH, ESCALATE
    severity: Severity | None = None  # FILE
    accept_due_utc: datetime | None = None
    due_utc: datetime | None = None  # also the new one of DEFER and RESUME
    review_utc: datetime | None = None  # ASK_SUSPENSION
    other_case: str = ""  # MERGE: the case that goes on
    checker: str = ""  # CHECK: the supervisor
    reporter: str = ""  # LINK_REPORT: who has to be told before it closes
    is_reporter_told: bool = False  # CLOSE of a case that nobody outside the squad reported


NOTHING = Given()
_Effect = Callable[[Case, Case, Cause, datetime, Given], Case]


def advance(
    case: Case, event: CaseEvent, cause: Cause, at_utc: datetime, given: Given = NOTHING
) -> Case:
    """The case after the event; Refused or NotPermitted when the table has no such row."""
    step = CASE_MACHINE.step(
        record_id=case.case_no or "(unnumbered)",
        state=case.state,
        event=event,
        cause=cause,
        is_exercise=case.is_exercise,
        reason=given.reason,
    )
    moved = replace(case, state=step.target, reason=given.reason or case.reason)
    effect = _EFFECTS.get(event)
    return moved if effect is None else effect(case, moved, cause, at_utc, given)


def _filed(case: Case, moved: Case, cause: Cause, at_utc: datetime, given: Given) -> Case:
    """Filing a report gives it its severity, tier, owner and clocks."""
    if given.severity is None or given.owner is None:
        raise refusal(case, "filing needs a severity and an owner", "立案须确定等级和责任单位")
    return _owned(replace(moved, severity=given.severity), given, "filing", "立案")


def _dispatched(case: Case, moved: Case, cause: Cause, at_utc: datetime, given: Given) -> Case:
    if given.owner is not None:
        moved = _owned(moved, given, "a dispatch to another owner", "派遣至其他单位")
    return replace(moved, dispatched_utc=at_utc, accepted_utc=None)


def _accepted(case: Case, moved: Case, cause: Cause, at_utc: datetime, given: Given) -> Case:
    _require_owner(case, cause)
    return replace(_handled(moved, cause), accepted_utc=at_utc)


def _returned(case: Case, moved: Case, cause: Cause, at_utc: datetime, given: Given) -> Case:
    _require_owner(case, cause)
    since = case.dispatched_utc or case.filed_utc
    if at_utc - since > RETURN_WITHIN:
        raise Refused(
            f"case {case.case_no} was dispatched more than an hour ago: it can no longer be "
            "returned; accept it, or ask the dispatcher to escalate it",
            text_zh=f"案件{case.case_no}派遣已逾一小时，不能再退回：请接收，或请派遣员升级",
        )
    return replace(moved, accepted_utc=None)


def _fed_back(case: Case, moved: Case, cause: Cause, at_utc: datetime, given: Given) -> Case:
    _require_owner(case, cause)
    return replace(
        _without_wishes(_handled(moved, cause)),
        feedback=given.reason,
        found=given.found or case.found,
        fed_back_utc=at_utc,
    )


def _reassigned(case: Case, moved: Case, cause: Cause, at_utc: datetime, given: Given) -> Case:
    """To a unit of one's own subtree; the dispatcher to any that may have the case."""
    if given.owner is None or given.owner.code == case.owner.code:
        raise refusal(case, "name the other unit that is to have it", "请指明改派到哪个其他单位")
    if cause.role is not Role.DISPATCHER:
        _require_owner(case, cause)
        if not given.owner.code.startswith(case.owner.code):
            here, there = case.owner.unit, given.owner.unit
            raise refusal(case, f"{there} is not under {here}", f"{there}不属于{here}管辖")
    owned = _owned(_without_wishes(moved), given, "reassigning", "改派")
    return replace(owned, dispatched_utc=at_utc, accepted_utc=None)


def _escalated(case: Case, moved: Case, cause: Cause, at_utc: datetime, given: Given) -> Case:
    above = case.tier.above
    if above is None:
        raise Refused(
            f"case {case.case_no} is already at the district: there is no higher tier",
            text_zh=f"案件{case.case_no}已在区中心，没有更高层级",
        )
    if given.owner is None or not _is_higher(given.owner.tier, case.tier):
        raise refusal(
            case,
            f"escalating needs the owner and the clocks of {above.value}",
            f"升级须有{above.zh}的责任单位和时限",
        )
    owned = _owned(_without_wishes(moved), given, "escalating", "升级")
    return replace(owned, accepted_utc=None)


def _asked_deferral(case: Case, moved: Case, cause: Cause, at_utc: datetime, given: Given) -> Case:
    _require_owner(case, cause)
    return replace(moved, deferral_asked=given.reason)


def _deferred(case: Case, moved: Case, cause: Cause, at_utc: datetime, given: Given) -> Case:
    if not case.deferral_asked:
        raise refusal(case, "its owner has not asked for more time", "责任单位尚未申请延期")
    return replace(_with_due(case, moved, at_utc, given, CaseEvent.DEFER), deferral_asked="")


def _resumed(case: Case, moved: Case, cause: Cause, at_utc: datetime, given: Given) -> Case:
    return replace(_with_due(case, moved, at_utc, given, CaseEvent.RESUME), review_utc=None)


def _asked_suspension(
    case: Case, moved: Case, cause: Cause, at_utc: datetime, given: Given
) -> Case:
    if given.review_utc is None or given.review_utc <= at_utc:
        raise refusal(
            case,
            "suspending needs a later day on which it is reviewed",
            "挂账须定一个今后的复查日期",
        )
    return replace(moved, suspension_asked_by=cause.actor, review_utc=given.review_utc)


def _suspended(case: Case, moved: Case, cause: Cause, at_utc: datetime, given: Given) -> Case:
    if not case.suspension_asked_by or case.review_utc is None:
        raise refusal(case, "the dispatcher has not asked to suspend it", "派遣员尚未申请挂账")
    if cause.actor == case.suspension_asked_by:
        raise refusal(
            case,
            f"{cause.actor} asked for it, another person decides",
            f"{cause.actor}为申请人，须由他人决定",
        )
    if case.review_utc <= at_utc:
        raise refusal(
            case,
            "the day of its review is over: ask for a later one",
            "复查日期已过，请另定日期再申请",
        )
    return replace(moved, suspension_asked_by="")


def _merged(case: Case, moved: Case, cause: Cause, at_utc: datetime, given: Given) -> Case:
    if not given.other_case or given.other_case == case.case_no:
        raise refusal(case, "merging needs the number of another case", "合并须填写另一案件的编号")
    return replace(moved, merged_into=given.other_case)


def _to_check(case: Case, moved: Case, cause: Cause, at_utc: datetime, given: Given) -> Case:
    if given.checker:
        _require_not_handler(case, given.checker)
    return replace(moved, checker=given.checker)


def _closed(case: Case, moved: Case, cause: Cause, at_utc: datetime, given: Given) -> Case:
    _require_checker(case, cause)
    is_told = case.reporter_told_utc is not None if case.reporter else given.is_reporter_told
    if not is_told:
        raise refusal(case, "tell the reporter before closing it", "请先答复反映人，再结案")
    return replace(moved, closed_by=cause.actor, closed_utc=at_utc)


def _sent_back(case: Case, moved: Case, cause: Cause, at_utc: datetime, given: Given) -> Case:
    """The owner works on, with the time of its tier: its old clock may be over."""
    _require_checker(case, cause)
    due_utc = max(case.due_utc, given.due_utc or case.due_utc)
    return replace(moved, due_utc=due_utc, fed_back_utc=None)


def _record_closed(case: Case, moved: Case, cause: Cause, at_utc: datetime, given: Given) -> Case:
    if not case.is_record_only:
        raise Refused(
            f"case {case.case_no} has to be handled; only records close at once",
            text_zh=f"案件{case.case_no}须经处置；只有记录类案件可直接办结",
        )
    return replace(moved, closed_by=cause.actor, closed_utc=at_utc)


def _linked(case: Case, moved: Case, cause: Cause, at_utc: datetime, given: Given) -> Case:
    # A second reporter is owed an answer of its own; the first one's stands for nobody else.
    named = ", ".join(filter(None, (case.reporter, given.reporter)))
    return replace(moved, reporter=named, reporter_told_utc=None)


def _told(case: Case, moved: Case, cause: Cause, at_utc: datetime, given: Given) -> Case:
    if not case.reporter:
        raise Refused(
            f"case {case.case_no} was found by the squad: there is no reporter to tell",
            text_zh=f"案件{case.case_no}由小分队发现，没有需要答复的反映人",
        )
    return replace(moved, reporter_told_utc=at_utc)


def _reopened(case: Case, moved: Case, cause: Cause, at_utc: datetime, given: Given) -> Case:
    if case.closed_utc is None or at_utc - case.closed_utc > REOPEN_WITHIN:
        raise Refused(
            f"case {case.case_no} was closed more than 7 days ago: file a new one",
            text_zh=f"案件{case.case_no}结案已逾7天：请另行立案",
        )
    return replace(
        moved, accepted_utc=None, closed_by="", closed_utc=None, checker="", fed_back_utc=None,
        is_record_only=False, reporter_told_utc=None,
        accept_due_utc=given.accept_due_utc or case.accept_due_utc,
        due_utc=given.due_utc or case.due_utc,
    )  # fmt: skip


_EFFECTS: dict[CaseEvent, _Effect] = {
    CaseEvent.FILE: _filed,
    CaseEvent.DISPATCH: _dispatched,
    CaseEvent.ACCEPT: _accepted,
    CaseEvent.RETURN: _returned,
    CaseEvent.FEED_BACK: _fed_back,
    CaseEvent.REASSIGN: _reassigned,
    CaseEvent.REWORK: _sent_back,
    CaseEvent.ESCALATE: _escalated,
    CaseEvent.ASK_DEFERRAL: _asked_deferral,
    CaseEvent.DEFER: _deferred,
    CaseEvent.RESUME: _resumed,
    CaseEvent.ASK_SUSPENSION: _asked_suspension,
    CaseEvent.SUSPEND: _suspended,
    CaseEvent.MERGE: _merged,
    CaseEvent.CHECK: _to_check,
    CaseEvent.CLOSE: _closed,
    CaseEvent.CLOSE_RECORD: _record_closed,
    CaseEvent.LINK_REPORT: _linked,
    CaseEvent.ANSWER_REPORTER: _told,
    CaseEvent.REOPEN: _reopened,
}


def _owned(moved: Case, given: Given, what: str, what_zh: str) -> Case:
    """Owner, tier and both clocks change together: nobody inherits another's deadline."""
    owner, accept, due = given.owner, given.accept_due_utc, given.due_utc
    if owner is None or accept is None or due is None:
        raise refusal(
            moved, f"{what} needs an owner and both clocks", f"{what_zh}须有责任单位和两个时限"
        )
    return replace(moved, owner=owner, tier=owner.tier, accept_due_utc=accept, due_utc=due)


def _with_due(case: Case, moved: Case, at_utc: datetime, given: Given, event: CaseEvent) -> Case:
    if given.due_utc is None or given.due_utc <= at_utc:
        what = "deferring" if event is CaseEvent.DEFER else "resuming"
        raise refusal(
            case, f"{what} needs a due time to come", f"{value_zh(event)}须定一个今后的办结时限"
        )
    return replace(moved, due_utc=given.due_utc)


def refusal(case: Case, words: str, words_zh: str) -> Refused:
    """Says no about a case, by its number."""
    return Refused(f"case {case.case_no}: {words}", text_zh=f"案件{case.case_no}：{words_zh}")


def _handled(case: Case, cause: Cause) -> Case:
    handlers = tuple(dict.fromkeys((*case.handlers, cause.actor)))
    return replace(case, handled_by=cause.actor, handlers=handlers)


def _without_wishes(moved: Case) -> Case:
    """What an owner or dispatcher had asked for ends with the work that it was about."""
    is_asked = bool(moved.suspension_asked_by)
    review_utc = None if is_asked else moved.review_utc
    return replace(moved, deferral_asked="", suspension_asked_by="", review_utc=review_utc)


def _is_higher(tier: Tier, than: Tier) -> bool:
    order = list(Tier)
    return order.index(tier) > order.index(than)


def roles_of(owner: Owner) -> tuple[Role, ...]:
    """Under which roles a unit acts: the one of its tier, and for no other's case."""
    if is_department(owner.code):
        return (Role.DEPARTMENT,)
    return {
        Tier.SMALL: (Role.GRID_WORKER, Role.GRID_HEAD),
        Tier.MIDDLE: (Role.COMMUNITY,),
        Tier.LARGE: (Role.STREET,),
        Tier.DISTRICT: (Role.DISPATCHER,),
    }[owner.tier]


def is_of_unit(owner: Owner, cause: Cause) -> bool:
    """Whether a cause's role is held for the unit itself, or for a part in which it lies.

    Of a department it is held for that department: none stands for another.
    """
    if is_department(owner.code):
        return cause.held_for == owner.code
    return bool(cause.held_for) and covers(cause.held_for, owner.code)


def require_unit(owner: Owner, cause: Cause) -> None:
    """NotPermitted unless the cause acts for this unit, under the role of its tier."""
    roles = roles_of(owner)
    if cause.role not in roles or not is_of_unit(owner, cause):
        needed = " or ".join(role.value for role in roles)
        raise NotPermitted(cause.actor, needed, of_unit=owner.unit)


def _require_owner(case: Case, cause: Cause) -> None:
    require_unit(case.owner, cause)


def _require_checker(case: Case, cause: Cause) -> None:
    _require_not_handler(case, cause.actor)
    if case.checker and case.checker != cause.actor:
        raise refusal(case, f"the check was given to {case.checker}", f"核查已指派给{case.checker}")


def _require_not_handler(case: Case, person: str) -> None:
    if person in (*case.handlers, case.handled_by):
        raise refusal(
            case,
            f"{person} handled it, another person checks it",
            f"{person}参与处置，须由他人核查",
        )
