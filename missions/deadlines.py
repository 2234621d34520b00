"""What has to be done by when for a take-off at a stated time: Art. 26, 29, 30 and 40."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from missions.law import Law
from missions.papers import PermitKind
from patrol.clock import SHANGHAI


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """One of them; `left_s` is negative once it has passed."""

    deadline_id: str
    article: str
    text: str
    text_zh: str
    due_utc: datetime
    left_s: float
    is_needed: bool  # by this flight


@dataclass(frozen=True, slots=True, kw_only=True)
class Flight:
    """When it is asked for, and for which take-off and landing."""

    asked_utc: datetime
    takeoff_utc: datetime
    landing_utc: datetime


def deadlines(
    flight: Flight, law: Law, *, is_permit_lacking: bool, kinds: frozenset[PermitKind]
) -> tuple[Deadline, ...]:
    """All, in the order of their time; `kinds` are of the permits that it uses or waits for."""
    numbers, takeoff = law.numbers, flight.takeoff_utc
    is_emergency = PermitKind.EMERGENCY in kinds
    is_long = PermitKind.LONG_TERM in kinds
    is_permit_needed = is_permit_lacking or bool(kinds)
    rows = (
        ("apply", "uav.26", _day_before(takeoff, numbers.apply_by), is_permit_lacking,
         "apply for the flight", "提出飞行活动申请"),
        ("decision", "uav.26", _day_before(takeoff, numbers.decide_by), is_permit_lacking,
         "the authority decides", "空中交通管理机构作出决定"),
        ("file_plan", "uav.26", _day_before(takeoff, numbers.file_plan_by), is_long,
         "file the flight plan of a long-term permit", "长期飞行活动报备飞行计划"),
        ("emergency_apply", "uav.29", _before(takeoff, numbers.emergency_apply_before_s),
         is_emergency, "apply for an emergency flight", "紧急任务提出飞行活动申请"),
        ("emergency_decision", "uav.29", _before(takeoff, numbers.emergency_decide_before_s),
         is_emergency, "the authority decides on an emergency flight", "紧急任务作出决定"),
        ("report", "uav.30", _before(takeoff, numbers.report_before_s), is_permit_needed,
         "report the take-off and wait for its confirmation", "报告起飞时刻并等待确认"),
        ("occurrence", "uav.40",
         flight.landing_utc + timedelta(seconds=numbers.occurrence_within_s), False,
         "report a safety problem, if there was one", "如发生飞行安全问题，报告有关情况"),
    )  # fmt: skip
    made = [
        Deadline(
            deadline_id=name, article=law.articles[article].full, text=text, text_zh=text_zh,
            due_utc=due_utc, left_s=(due_utc - flight.asked_utc).total_seconds(),
            is_needed=is_needed,
        )
        for name, article, due_utc, is_needed, text, text_zh in rows
    ]  # fmt: skip
    return tuple(sorted(made, key=lambda one: one.due_utc))


def _day_before(takeoff_utc: datetime, at: time) -> datetime:
    day = takeoff_utc.astimezone(SHANGHAI).date() - timedelta(days=1)
    return datetime.combine(day, at, SHANGHAI).astimezone(takeoff_utc.tzinfo)


def _before(takeoff_utc: datetime, seconds: float) -> datetime:
    return takeoff_utc - timedelta(seconds=seconds)
