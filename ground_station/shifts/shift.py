"""A shift from its opening to its closed log (DOMAIN 5.2): every change is a step of a table."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from datetime import datetime

from ground_station.people.scopes import DISTRICT, covers
from ground_station.sorties import Signature
from ground_station.transitions import Machine, Step
from patrol.cause import Cause, Role
from patrol.clock import SHANGHAI
from patrol.errors import Refused
from patrol.role_words import roles_zh

CREW = (Role.PILOT, Role.ANNOUNCER, Role.REGISTRAR)  # three people, or fewer with several roles
SIGNERS = (Role.PILOT, Role.REGISTRAR)


class ShiftState(enum.Enum):
    """Where a shift stands."""

    OPEN = "OPEN"
    CLOSED = "CLOSED"

    @property
    def zh(self) -> str:
        """The state in the squad's words."""
        return {"OPEN": "值勤中", "CLOSED": "已归档"}[self.value]


class ShiftEvent(enum.Enum):
    """What changes a shift."""

    SIGN_IN = "sign_in"
    HAND_OVER = "hand_over"
    SIGN_OUT = "sign_out"
    PLAN = "plan"
    WEATHER = "weather"
    NOTE = "note"
    SIGN = "sign"
    CLOSE = "close"


_St, _Ev = ShiftState, ShiftEvent
_SQUAD = (*CREW, Role.LEADER)


def _row(event: ShiftEvent, roles: tuple[Role, ...], target: ShiftState = _St.OPEN) -> Step:  # type: ignore[type-arg]
    return Step(event=event, sources=(_St.OPEN,), target=target, roles=roles)


SHIFT_MACHINE: Machine[ShiftState, ShiftEvent] = Machine(
    "shift",
    (
        _row(_Ev.SIGN_IN, _SQUAD),
        _row(_Ev.HAND_OVER, _SQUAD),
        _row(_Ev.SIGN_OUT, _SQUAD),
        _row(_Ev.PLAN, (Role.LEADER, Role.PILOT)),
        _row(_Ev.WEATHER, _SQUAD),
        _row(_Ev.NOTE, _SQUAD),
        _row(_Ev.SIGN, SIGNERS),
        _row(_Ev.CLOSE, (Role.REGISTRAR, Role.LEADER, Role.SYSTEM), _St.CLOSED),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """One person under one role, from and until; an open end is on duty now."""

    person: str
    role: Role
    from_utc: datetime
    to_utc: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """What somebody wrote into the shift: weather, or a line of the log."""

    person: str
    role: Role
    at_utc: datetime
    kind: str  # "weather" or "note"
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A squad's day or half of it. World time; a closed one never changes."""

    shift_id: str
    day: str  # in Shanghai, ISO 8601
    squad: str
    state: ShiftState
    opened_by: str
    opened_utc: datetime
    is_exercise: bool
    scope: str = DISTRICT  # the part of the district it serves; those of before served all of it
    duties: tuple[Duty, ...] = ()
    planned_grids: tuple[str, ...] = ()
    sortie_ids: tuple[str, ...] = ()
    remarks: tuple[Remark, ...] = ()
    signatures: tuple[Signature, ...] = ()
    closed_utc: datetime | None = None

    def meets(self, part: str) -> bool:
        """Whether the shift's part and this one lie one within the other."""
        return covers(self.scope, part) or covers(part, self.scope)

    def on_duty(self, role: Role) -> str:
        """Who has the role now; empty for nobody."""
        return next((d.person for d in self.duties if d.role is role and d.to_utc is None), "")

    @property
    def lacking(self) -> tuple[Role, ...]:
        """Roles of the crew that nobody has."""
        return tuple(role for role in CREW if not self.on_duty(role))


def open_shift(
    *,
    shift_id: str,
    squad: str,
    cause: Cause,
    at_utc: datetime,
    is_exercise: bool,
    scope: str = DISTRICT,
) -> Shift:
    """A new shift; whoever opens it is on duty under the role in which it was opened."""
    if cause.role not in _SQUAD:
        raise Refused(
            f"{cause.actor} is not of the squad: {cause.role.value} opens no shift",
            text_zh=f"{cause.actor}不是小分队成员：{roles_zh(cause.role.value)}不能开班",
        )
    shift = Shift(
        shift_id=shift_id,
        day=at_utc.astimezone(SHANGHAI).date().isoformat(),
        squad=squad,
        state=ShiftState.OPEN,
        opened_by=cause.actor,
        opened_utc=at_utc,
        is_exercise=is_exercise,
        scope=scope,
    )
    return sign_in(shift, cause, at_utc) if cause.role in CREW else shift


def sign_in(shift: Shift, cause: Cause, at_utc: datetime) -> Shift:
    """Take a free role; Refused while another person has it: that is a hand-over."""
    _step(shift, ShiftEvent.SIGN_IN, cause)
    holder, role_zh = shift.on_duty(cause.role), roles_zh(cause.role.value)
    if holder == cause.actor:
        raise Refused(
            f"{cause.actor} is on duty as {cause.role.value} already",
            text_zh=f"{cause.actor}已以{role_zh}身份在岗",
        )
    if holder:
        raise Refused(
            f"{holder} is on duty as {cause.role.value}: let {holder} hand it over",
            text_zh=f"{holder}正以{role_zh}身份在岗：请由{holder}办理交接班",
        )
    duty = Duty(person=cause.actor, role=cause.role, from_utc=at_utc)
    return _unsigned(replace(shift, duties=(*shift.duties, duty)))


def hand_over(shift: Shift, to: str, cause: Cause, at_utc: datetime) -> Shift:
    """Give one's role to another, in flight as well: there is no moment without a holder."""
    _step(shift, ShiftEvent.HAND_OVER, cause)
    _require_on_duty(shift, cause)
    if not to.strip() or to == cause.actor:
        raise Refused("a role is handed over to another person", text_zh="只能向他人交接班")
    ended = _ended(shift, cause, at_utc)
    duty = Duty(person=to, role=cause.role, from_utc=at_utc)
    return _unsigned(replace(shift, duties=(*ended, duty)))


def sign_out(shift: Shift, cause: Cause, at_utc: datetime, *, is_flying: bool) -> Shift:
    """Leave one's role; the pilot of an aircraft in the air hands over instead."""
    _step(shift, ShiftEvent.SIGN_OUT, cause)
    _require_on_duty(shift, cause)
    if is_flying and cause.role is Role.PILOT:
        raise Refused(
            "an aircraft is in the air: hand the pilot's role over to another person",
            text_zh="飞行器仍在空中：请将操控员岗位交接给他人",
        )
    return replace(shift, duties=_ended(shift, cause, at_utc))


def plan_grids(shift: Shift, grids: tuple[str, ...], cause: Cause) -> Shift:
    """What the shift means to visit; it replaces the earlier list."""
    _step(shift, ShiftEvent.PLAN, cause)
    outside = [grid for grid in grids if not covers(shift.scope, grid)]
    if outside:
        raise Refused(
            f"shift {shift.shift_id} serves {shift.scope}: {', '.join(outside)} lies outside it",
            text_zh=f"班次{shift.shift_id}负责{shift.scope}：{'、'.join(outside)}不在其辖区内",
        )
    return _unsigned(replace(shift, planned_grids=tuple(dict.fromkeys(grids))))


def remark(shift: Shift, kind: ShiftEvent, text: str, cause: Cause, at_utc: datetime) -> Shift:
    """A line about the weather, or a note; Refused without words."""
    _step(shift, kind, cause)
    if not text.strip():
        raise Refused("a line of the log has words", text_zh="日志记录须有文字内容")
    line = Remark(
        person=cause.actor, role=cause.role, at_utc=at_utc, kind=kind.value, text=text.strip()
    )
    return _unsigned(replace(shift, remarks=(*shift.remarks, line)))


def with_sorties(shift: Shift, sortie_ids: tuple[str, ...]) -> Shift:
    """The shift in which these were flown; what was signed before does not speak of a new one."""
    if sortie_ids == shift.sortie_ids:
        return shift
    return _unsigned(replace(shift, sortie_ids=sortie_ids))


def sign(shift: Shift, cause: Cause, at_utc: datetime) -> Shift:
    """A name under the shift's log, once for each of pilot and registrar."""
    _step(shift, ShiftEvent.SIGN, cause)
    role_zh = roles_zh(cause.role.value)
    if any(one.role is cause.role for one in shift.signatures):
        raise Refused(
            f"shift {shift.shift_id} is already signed as {cause.role.value}",
            text_zh=f"班次{shift.shift_id}已由{role_zh}签名",
        )
    if not any(d.person == cause.actor and d.role is cause.role for d in shift.duties):
        raise Refused(
            f"{cause.actor} had no duty as {cause.role.value} in {shift.shift_id}",
            text_zh=f"{cause.actor}在班次{shift.shift_id}中未以{role_zh}身份在岗",
        )
    signature = Signature(
        person=cause.actor, role=cause.role, signed_utc=at_utc, is_automatic=cause.is_automatic
    )
    return replace(shift, signatures=(*shift.signatures, signature))


def close(shift: Shift, cause: Cause, at_utc: datetime, open_sorties: tuple[str, ...]) -> Shift:
    """Close for good; Refused while a signature lacks or a sortie's own log is open."""
    _step(shift, ShiftEvent.CLOSE, cause)
    lacking = [role.value for role in SIGNERS if not any(s.role is role for s in shift.signatures)]
    if lacking:
        names = " and ".join(lacking)
        raise Refused(
            f"shift {shift.shift_id} still needs the signature of {names}",
            text_zh=f"班次{shift.shift_id}尚缺签名：{'、'.join(map(roles_zh, lacking))}",
        )
    if open_sorties:
        raise Refused(
            f"shift {shift.shift_id}: the logs of {', '.join(open_sorties)} are open",
            text_zh=f"班次{shift.shift_id}：架次{'、'.join(open_sorties)}的日志尚未关闭",
        )
    ended = tuple(d if d.to_utc else replace(d, to_utc=at_utc) for d in shift.duties)
    return replace(shift, state=ShiftState.CLOSED, closed_utc=at_utc, duties=ended)


def _require_on_duty(shift: Shift, cause: Cause) -> None:
    if shift.on_duty(cause.role) != cause.actor:
        raise Refused(
            f"{cause.actor} is not on duty as {cause.role.value}",
            text_zh=f"{cause.actor}未以{roles_zh(cause.role.value)}身份在岗",
        )


def _step(shift: Shift, event: ShiftEvent, cause: Cause) -> None:
    SHIFT_MACHINE.step(
        record_id=shift.shift_id,
        state=shift.state,
        event=event,
        cause=cause,
        is_exercise=shift.is_exercise,
    )


def _unsigned(shift: Shift) -> Shift:
    """Nobody's name stands under what was written after it: the log is signed again."""
    return replace(shift, signatures=())


def _ended(shift: Shift, cause: Cause, at_utc: datetime) -> tuple[Duty, ...]:
    return tuple(
        replace(d, to_utc=at_utc) if d.role is cause.role and d.to_utc is None else d
        for d in shift.duties
    )
