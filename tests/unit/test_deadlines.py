"""By when what has to be done, counted down; and the application sheet of Art. 27."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ground_station.out.application import SheetFile, sheet_file
from ground_station.out.book import Language
from missions.application import BLANK, application_sheet
from missions.clearance import clear
from missions.clearance_facts import ClearanceFacts
from missions.deadlines import Deadline, Flight, deadlines
from missions.law import load_law
from missions.papers import Link, PermitKind
from patrol.clock import SHANGHAI
from tests.ground_core import MORNING, a_plan
from tests.unit.test_clearance import DRONE, PERMIT, UNIT, cleared, facts, papers

LAW = load_law()
HOUR = timedelta(hours=1)


def found(kinds: frozenset[PermitKind] = frozenset(), **changes: bool) -> dict[str, Deadline]:
    flight = Flight(asked_utc=MORNING - 24 * HOUR, takeoff_utc=MORNING, landing_utc=MORNING + HOUR)
    made = deadlines(flight, LAW, is_permit_lacking=changes.get("is_lacking", True), kinds=kinds)
    return {one.deadline_id: one for one in made}


def test_every_deadline_stands_at_its_hour_in_beijing_and_counts_down() -> None:
    told = {
        name: f"{one.due_utc.astimezone(SHANGHAI):%m-%d %H:%M}" for name, one in found().items()
    }
    assert told == {  # for a take-off on 11-24 at 09:30 and a landing at 10:30
        "apply": "11-23 12:00", "file_plan": "11-23 12:00", "decision": "11-23 21:00",
        "report": "11-24 08:30", "emergency_apply": "11-24 09:00",
        "emergency_decision": "11-24 09:20", "occurrence": "11-25 10:30",
    }  # fmt: skip
    assert found()["apply"].left_s == 2.5 * 3600
    assert all(one.article for one in found().values())


@pytest.mark.parametrize(
    ("is_lacking", "kinds", "names"),
    [
        (False, [], set()),
        (True, [], {"apply", "decision", "report"}),
        (False, [PermitKind.SINGLE], {"report"}),
        (True, [PermitKind.SINGLE], {"apply", "decision", "report"}),
        (False, [PermitKind.LONG_TERM], {"file_plan", "report"}),
        (False, [PermitKind.EMERGENCY], {"emergency_apply", "emergency_decision", "report"}),
    ],
)
def test_only_what_this_flight_needs_is_marked(
    is_lacking: bool, kinds: list[PermitKind], names: set[str]
) -> None:
    made = found(frozenset(kinds), is_lacking=is_lacking)
    assert {name for name, one in made.items() if one.is_needed} == names


@pytest.mark.parametrize(
    ("kind", "changes", "name"),
    [
        (PermitKind.LONG_TERM, {}, "file_plan"),
        (PermitKind.EMERGENCY, {"decided_utc": None}, "emergency_decision"),
    ],
)
def test_what_a_permit_still_lacks_is_counted_down_before_it_is_too_late(
    kind: PermitKind, changes: dict[str, Any], name: str
) -> None:
    permit = replace(PERMIT, kind=kind, **changes)
    drone = replace(DRONE, link=Link.PUBLIC_NETWORK)
    made = cleared(papers(drone, permits=(permit,)))
    assert not made.is_cleared
    assert {one.deadline_id: one for one in made.deadlines}[name].is_needed
    elsewhere = cleared(papers(drone, permits=(replace(permit, grids=("440512002",)),)))
    assert not {one.deadline_id: one for one in elsewhere.deadlines}[name].is_needed


@given(st.integers(min_value=0, max_value=75 * 366 * 86_400))
def test_an_application_is_due_at_noon_of_the_day_before_whenever_it_takes_off(
    second: int,
) -> None:
    takeoff = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
    flight = Flight(asked_utc=takeoff, takeoff_utc=takeoff, landing_utc=takeoff + HOUR)
    made = {one.deadline_id: one for one in deadlines(
        flight, LAW, is_permit_lacking=True, kinds=frozenset())}  # fmt: skip
    due, start = made["apply"].due_utc.astimezone(SHANGHAI), takeoff.astimezone(SHANGHAI)
    assert (due.hour, due.minute, due.second) == (12, 0, 0)
    assert start.date() - due.date() == timedelta(days=1)
    assert made["apply"].left_s < 0.0


def sheet(made: ClearanceFacts) -> list[str]:
    return ["\n".join(one.lines) for one in application_sheet(made, clear(made, LAW), LAW)]


def test_the_thirteen_contents_are_filled_from_plan_and_papers() -> None:
    drone = replace(DRONE, link=Link.PUBLIC_NETWORK, link_frequency="2.4 GHz")
    unit = replace(UNIT, emergency_procedure="预案一")
    items = sheet(facts(papers(drone, unit, (PERMIT,))))
    assert len(items) == 13
    for number, words in (
        (1, "小分队"), (1, "C1"), (2, "轻型"), (2, "UAS1"), (3, "第三十一条第二款第一项"),
        (4, "23.280000, 116.730000"), (5, "郑 0754"), (6, "2026-11-24 09:30"), (7, "30米"),
        (8, "2.4 GHz"), (9, "公众移动通信网络"), (11, "预案一"), (13, "P-1"),
    ):  # fmt: skip
        assert words in items[number - 1], number


def test_what_nobody_has_given_is_a_blank_and_nothing_is_made_up() -> None:
    items = sheet(replace(facts(), papers=None))
    for number in (1, 2, 5, 8, 9, 10, 12):
        assert BLANK in items[number - 1], number


@pytest.mark.parametrize("language", list(Language))
def test_it_is_written_as_a_page_and_as_a_table(language: Language) -> None:
    made = facts(plan=a_plan())
    items, answers = application_sheet(made, cleared(plan=a_plan()), LAW), cleared(plan=a_plan())
    page = sheet_file(SheetFile.PDF, items, answers, LAW, language)
    assert page.startswith(b"%PDF-")
    table = sheet_file(SheetFile.CSV, items, answers, LAW, language).decode("utf-8-sig")
    assert table.startswith("演练 EXERCISE")
    assert table.count("通信联络方法") == 1
