"""The squad's records with a table of states, and what must hold of them whoever does what."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ground_station import alerts, announcements, sorties
from ground_station.alerts import ALERT_MACHINE, AlertEvent, AlertState, CrowdAlert
from ground_station.announcements import (
    ANNOUNCEMENT_MACHINE,
    Announcement,
    AnnouncementEvent,
    AnnouncementState,
    Occasion,
    Sound,
    draft_announcement,
)
from ground_station.shifts import shift as shifts
from ground_station.shifts.shift import SHIFT_MACHINE, Shift, ShiftEvent, ShiftState
from ground_station.sorties import SIGNERS, SortieRecord, SortieState
from ground_station.templates import load_templates
from ground_station.words import versions
from ground_station.words.versions import (
    VERSION_MACHINE,
    TemplateVersion,
    VersionEvent,
    VersionState,
)
from patrol.cause import Cause, Role
from tests.ground_core import GRID, MORNING, SORTIE, a_sortie, an_alert
from tests.stories.walks import Subject

T01 = load_templates()["T01"]
AUTHOR = Cause(actor="Lin", role=Role.ANNOUNCER)
_OPENER = Cause(actor="Guo", role=Role.PILOT)
_CASE_NO = "HJ20261124X001000012"


def _move_alert(
    alert: CrowdAlert, event: AlertEvent, cause: Cause, at: datetime, words: str
) -> CrowdAlert:
    number = f"B-{len(alert.announcement_ids)}" if words else ""
    return alerts.advance(
        alert, event, cause, at, reason=words, announcement_id=number,
        case_no=_CASE_NO if words else "",
    )  # fmt: skip


def _alert_holds(before: CrowdAlert, after: CrowdAlert, event: AlertEvent, cause: Cause) -> None:
    assert after.count.low <= after.count.estimate <= after.count.high  # I13
    assert after.count.is_valid  # I8: nothing is raised of a count that is not
    assert before.state is not AlertState.CLOSED  # I9
    if event is AlertEvent.ANNOUNCE:  # I5
        assert cause.role is Role.ANNOUNCER
        assert after.acknowledged_by
    if after.state is AlertState.ESCALATED:
        assert after.case_no
    if after.state is AlertState.DISMISSED:
        assert after.dismissed_reason
        assert not after.announcement_ids or after.acknowledged_by
    assert after.played_count <= len(after.announcement_ids)


ALERT = Subject(
    events=tuple(AlertEvent), machine=ALERT_MACHINE, move=_move_alert, holds=_alert_holds,
    start=lambda is_exercise: an_alert(is_exercise=is_exercise),
)  # fmt: skip


def _announcement(is_exercise: bool) -> Announcement:
    occasion = Occasion(
        alert_id="A-1", sortie=SORTIE, grid_code=GRID, at_utc=MORNING, is_exercise=is_exercise
    )
    return draft_announcement(T01, occasion, announcement_id="B-1")


def _move_announcement(
    one: Announcement, event: AnnouncementEvent, cause: Cause, at: datetime, words: str
) -> Announcement:
    heard = Sound(sha256="ab" if words or event is AnnouncementEvent.START else "cd")
    return announcements.advance(one, event, cause, at, reason=words, sound=heard)


def _announcement_holds(
    before: Announcement, after: Announcement, event: AnnouncementEvent, cause: Cause
) -> None:
    """I5: a person releases approved words, and what is stored is what was played."""
    assert after.text == T01.zh
    if event is AnnouncementEvent.QUEUE:
        assert cause.role is Role.ANNOUNCER
    if after.state in (AnnouncementState.PLAYING, AnnouncementState.PLAYED):
        assert after.released_by
        assert after.approved_by
        assert after.audio_sha256 == "ab"
    if after.state is AnnouncementState.PLAYED:
        assert after.heard_count == after.repeats
    if before.state is AnnouncementState.BLOCKED and after.state is AnnouncementState.OVERRIDDEN:
        assert after.overridden_by == cause.actor
        assert cause.role is Role.LEADER
        assert after.reason


ANNOUNCEMENT = Subject(
    events=tuple(AnnouncementEvent), machine=ANNOUNCEMENT_MACHINE, start=_announcement,
    move=_move_announcement, holds=_announcement_holds,
)  # fmt: skip


def _move_shift(shift: Shift, event: ShiftEvent, cause: Cause, at: datetime, words: str) -> Shift:
    match event:
        case ShiftEvent.SIGN_IN:
            return shifts.sign_in(shift, cause, at)
        case ShiftEvent.HAND_OVER:
            return shifts.hand_over(shift, "Ma" if words else "Xu", cause, at)
        case ShiftEvent.SIGN_OUT:
            return shifts.sign_out(shift, cause, at, is_flying=not words)
        case ShiftEvent.PLAN:
            return shifts.plan_grids(shift, (GRID,), cause)
        case ShiftEvent.WEATHER | ShiftEvent.NOTE:
            return shifts.remark(shift, event, words, cause, at)
        case ShiftEvent.SIGN:
            return shifts.sign(shift, cause, at)
        case ShiftEvent.CLOSE:
            return shifts.close(shift, cause, at, () if words else (SORTIE,))


def _shift_holds(before: Shift, after: Shift, event: ShiftEvent, cause: Cause) -> None:
    assert before.state is ShiftState.OPEN  # I9: a closed one never changes
    for role in Role:
        holders = [d.person for d in after.duties if d.role is role and d.to_utc is None]
        assert len(holders) <= 1, "a role has one holder"
    if event is ShiftEvent.HAND_OVER:
        assert after.on_duty(cause.role), "there is no moment without one"
    if after.state is ShiftState.CLOSED:
        assert {one.role for one in after.signatures} == set(SIGNERS)
        assert not any(duty.to_utc is None for duty in after.duties)


SHIFT = Subject(
    events=tuple(ShiftEvent), machine=SHIFT_MACHINE, move=_move_shift, holds=_shift_holds,
    start=lambda is_exercise: shifts.open_shift(
        shift_id="SH-1", squad="一队", cause=_OPENER, at_utc=MORNING, is_exercise=is_exercise
    ),
)  # fmt: skip


def _move_version(
    one: TemplateVersion, event: VersionEvent, cause: Cause, at: datetime, words: str
) -> TemplateVersion:
    return versions.advance(one, event, cause, at, reason=words)


def _version_holds(
    before: TemplateVersion, after: TemplateVersion, event: VersionEvent, cause: Cause
) -> None:
    assert after.template == before.template, "approved words never change"
    if event is VersionEvent.APPROVE:
        assert after.approver == cause.actor != after.author  # R2
    assert bool(after.approver) or after.state is not VersionState.APPROVED


VERSION = Subject(
    events=tuple(VersionEvent), machine=VERSION_MACHINE, move=_move_version, holds=_version_holds,
    start=lambda is_exercise: versions.write(
        T01, cause=AUTHOR, at_utc=MORNING, is_exercise=is_exercise
    ),
)  # fmt: skip


def _move_sortie(
    record: SortieRecord, event: SortieState, cause: Cause, at: datetime, words: str
) -> SortieRecord:
    """The aircraft goes through its states, and people sign whenever they like."""
    if not words:
        return sorties.sign(record, cause, at)
    return sorties.sign(replace(record, state=event), cause, at)


def _sortie_holds(
    before: SortieRecord, after: SortieRecord, event: SortieState, cause: Cause
) -> None:
    assert after.state in sorties.ENDED, "nobody signs what still flies or is closed"
    roles = [one.role for one in after.signatures]
    assert len(roles) == len(set(roles)), "one name a role"
    assert set(roles) <= set(SIGNERS)
    assert after.signatures[-1].person == cause.actor


SORTIE_SIGNATURES = Subject(
    events=tuple(SortieState), machine=None, move=_move_sortie, holds=_sortie_holds,
    start=lambda is_exercise: replace(
        a_sortie(SortieState.LANDED), is_exercise=is_exercise
    ),
)  # fmt: skip
