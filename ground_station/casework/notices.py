"""Notices (通报) that learn from closed cases (举一反三): drafted, read by another, published."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ground_station.casework.case import Case
from ground_station.casework.items import ItemList
from ground_station.casework.states import CaseState
from ground_station.transitions import Machine, Step, require_role
from missions.codes import codes_up
from patrol.cause import Cause, Role
from patrol.clock import SHANGHAI
from patrol.errors import Refused

SIMILAR_FROM = 3
SIMILAR_WITHIN = timedelta(days=7)
_CLOSED = frozenset({CaseState.CLOSED, CaseState.EVALUATED})
FEWEST_TOLD = 3  # of cases and of places, in a public notice
MARK_ZH, MARK_EN = "【演练】", "[Exercise] "
_PLACE_LENGTH = 12  # a community's code: no notice points at a single small grid


class NoticeAudience(enum.Enum):
    """Who is to read it."""

    INTERNAL = "INTERNAL"
    PUBLIC = "PUBLIC"


class NoticeState(enum.Enum):
    """Where a notice stands."""

    DRAFT = "DRAFT"
    REVIEWED = "REVIEWED"
    PUBLISHED = "PUBLISHED"
    WITHDRAWN = "WITHDRAWN"

    @property
    def zh(self) -> str:
        """The state in the operator's words."""
        return {
            "DRAFT": "草稿", "REVIEWED": "已审", "PUBLISHED": "已发布", "WITHDRAWN": "已撤回",
        }[self.value]  # fmt: skip


class NoticeEvent(enum.Enum):
    """What moves a notice on."""

    EDIT = "edit"
    REVIEW = "review"
    PUBLISH = "publish"
    WITHDRAW = "withdraw"


_St, _Ev = NoticeState, NoticeEvent
NOTICE_MACHINE: Machine[NoticeState, NoticeEvent] = Machine(
    "notice",
    (
        Step(event=_Ev.EDIT, sources=(_St.DRAFT,), target=_St.DRAFT, roles=(Role.REVIEWER,)),
        Step(event=_Ev.REVIEW, sources=(_St.DRAFT,), target=_St.REVIEWED, roles=(Role.LEADER,)),
        Step(
            event=_Ev.PUBLISH,
            sources=(_St.REVIEWED,),
            target=_St.PUBLISHED,
            roles=(Role.DISPATCHER, Role.REVIEWER),
        ),
        Step(
            event=_Ev.WITHDRAW,
            sources=(_St.DRAFT, _St.REVIEWED, _St.PUBLISHED),
            target=_St.WITHDRAWN,
            roles=(Role.LEADER, Role.REVIEWER),
            needs_reason=True,
        ),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What one case teaches the others; publishing it anywhere is done by hand."""

    notice_id: str
    case_nos: tuple[str, ...]
    audience: NoticeAudience
    text_zh: str
    text_en: str
    state: NoticeState
    drafted_by: str  # whoever wrote in it last
    drafted_utc: datetime
    grid_code: str | None  # what all its cases lie under
    is_exercise: bool
    authors: tuple[str, ...] = ()  # everybody who wrote in it: none of them reviews it
    reviewed_by: str = ""
    published_by: str = ""
    published_utc: datetime | None = None
    reason: str = ""


def draft(
    cases: Sequence[Case],
    *,
    notice_id: str,
    audience: NoticeAudience,
    items: ItemList,
    cause: Cause,
    at_utc: datetime,
) -> Notice:
    """A draft that cites its cases; Refused for open cases or kinds and spaces that are mixed."""
    require_role(cause, (Role.REVIEWER,))
    if not cases:
        raise Refused("a notice is made from one case at least", text_zh="通报至少须有一个案件")
    still_open = [case.case_no for case in cases if case.state not in _CLOSED]
    if still_open:
        raise Refused(
            f"not closed yet: {', '.join(still_open)}",
            text_zh=f"尚未结案：{'、'.join(still_open)}",
        )
    if len({(case.kind, case.is_exercise) for case in cases}) > 1:
        raise Refused(
            "a notice is about cases of one kind, and of one space (exercise or live)",
            text_zh="一份通报只能涉及同一类案件，且不得混用演练与实际案件",
        )
    text_zh, text_en = _words(cases, items, audience)
    return Notice(
        notice_id=notice_id,
        case_nos=tuple(case.case_no for case in cases),
        audience=audience,
        text_zh=text_zh,
        text_en=text_en,
        state=NoticeState.DRAFT,
        drafted_by=cause.actor,
        authors=(cause.actor,),
        drafted_utc=at_utc,
        grid_code=_common_code(cases),
        is_exercise=cases[0].is_exercise,
    )


def advance(
    notice: Notice,
    event: NoticeEvent,
    cause: Cause,
    at_utc: datetime,
    *,
    reason: str = "",
    text_zh: str = "",
    text_en: str = "",
) -> Notice:
    """The notice after the event. Who drafted it does not review it (DOMAIN R2)."""
    step = NOTICE_MACHINE.step(
        record_id=notice.notice_id,
        state=notice.state,
        event=event,
        cause=cause,
        is_exercise=notice.is_exercise,
        reason=reason,
    )
    moved = replace(notice, state=step.target, reason=reason or notice.reason)
    match event:
        case NoticeEvent.EDIT:
            return _edited(moved, cause, text_zh, text_en)
        case NoticeEvent.REVIEW:
            return _reviewed(moved, cause)
        case NoticeEvent.PUBLISH:
            return _published(moved, cause, at_utc)
        case NoticeEvent.WITHDRAW:
            return moved


def words_to_hand_out(notice: Notice, language: str) -> str:
    """The words as they leave the house, "zh" or "en"; Refused before a second person read them.

    What comes from an exercise says so, whatever its authors have written, and the public never
    gets it.
    """
    if notice.state not in (NoticeState.REVIEWED, NoticeState.PUBLISHED):
        raise Refused(
            f"notice {notice.notice_id} is {notice.state.value}: it is handed out when another "
            "person has read it",
            text_zh=f"通报{notice.notice_id}为“{notice.state.zh}”：经他人审核后方可导出",
        )
    _require_not_published_exercise(notice)
    text = notice.text_zh if language == "zh" else notice.text_en
    mark = MARK_ZH if language == "zh" else MARK_EN
    return text if not notice.is_exercise or text.startswith(mark) else f"{mark}{text}"


def _edited(moved: Notice, cause: Cause, text_zh: str, text_en: str) -> Notice:
    if not text_zh.strip() or not text_en.strip():
        raise Refused(
            f"notice {moved.notice_id}: both languages need their words",
            text_zh=f"通报{moved.notice_id}：中英文内容都须填写",
        )
    authors = tuple(dict.fromkeys((*moved.authors, moved.drafted_by, cause.actor)))
    return replace(moved, text_zh=text_zh, text_en=text_en, drafted_by=cause.actor, authors=authors)


def _reviewed(moved: Notice, cause: Cause) -> Notice:
    if cause.actor in (moved.drafted_by, *moved.authors):
        raise Refused(
            f"notice {moved.notice_id}: {cause.actor} drafted it, another person reads it",
            text_zh=f"通报{moved.notice_id}：{cause.actor}为起草人，须由他人审核",
        )
    return replace(moved, reviewed_by=cause.actor)


def _published(moved: Notice, cause: Cause, at_utc: datetime) -> Notice:
    _require_not_published_exercise(moved)
    return replace(moved, published_by=cause.actor, published_utc=at_utc)


def _require_not_published_exercise(notice: Notice) -> None:
    if notice.is_exercise and notice.audience is NoticeAudience.PUBLIC:
        raise Refused(
            f"notice {notice.notice_id} is an exercise (演练): it is not published",
            text_zh=f"通报{notice.notice_id}为演练通报，不得公开发布",
        )


def _common_code(cases: Sequence[Case]) -> str | None:
    """The nearest level that holds all of them; None where one lies in no grid."""
    codes = [case.grid_code or "" for case in cases]
    shared = (up for up in codes_up(codes[0]) if all(code.startswith(up) for code in codes))
    return next(shared, "") or None


def _words(cases: Sequence[Case], items: ItemList, audience: NoticeAudience) -> tuple[str, str]:
    item = items.get(cases[0].kind)
    is_exercise = cases[0].is_exercise
    times = [case.closed_utc or case.filed_utc for case in cases]
    first, last = (f"{t.astimezone(SHANGHAI):%Y-%m-%d}" for t in (min(times), max(times)))
    where = {(case.grid_code or "")[:_PLACE_LENGTH] for case in cases}
    numbers = "、".join(case.case_no for case in cases)
    cited, cited_en = f"（案件号：{numbers}）", f" (cases {numbers.replace('、', ', ')})"
    if audience is NoticeAudience.PUBLIC:
        cited, cited_en = "", ""  # a case's number leads into the district's own records
    mark, mark_en = (MARK_ZH, MARK_EN) if is_exercise else ("", "")
    done = [case.feedback for case in cases if case.feedback]
    lesson = f"已处置：{done[-1]}" if done and audience is NoticeAudience.INTERNAL else "均已处置"
    # A small number points at somebody: the public is told "<3" (DOMAIN P-11).
    is_public = audience is NoticeAudience.PUBLIC
    count, places = (
        f"<{FEWEST_TOLD}" if is_public and number < FEWEST_TOLD else str(number)
        for number in (len(cases), len(where))
    )
    return (
        f"{mark}关于“{item.zh}”的通报：{first}至{last}，{places}个社区共有{count}起"
        f"{item.zh}{cited}，{lesson}。请各社区举一反三，自查同类情况。",
        f"{mark_en}Notice on {item.en}: {count} cases in {places} communities from "
        f"{first} to {last}{cited_en} have been dealt with. Please check your own grids too.",
    )
