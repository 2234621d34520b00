"""Cases found along an index are those that reading every case would have found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from ground_station.casework.case import Case
from ground_station.casework.states import CaseEvent, CaseState
from ground_station.store.pages import WHOLE_DISTRICT, Ask, Scopes
from tests.casework_house import CaseworkHouse, casework_house
from tests.ground_core import DISPATCHER
from tests.wire.test_casework_desks import opened

pytestmark = pytest.mark.anyio
DONE = (CaseState.CLOSED, CaseState.EVALUATED)
HALF_WAY = (CaseState.FILED, CaseState.ESCALATED)
WEEK = timedelta(days=7)


async def keep(house: CaseworkHouse, cases: Sequence[Case]) -> None:
    for case in cases:
        await house.parts.records.save_case(
            case, event=CaseEvent.NOTE, cause=DISPATCHER, at_utc=case.filed_utc
        )


def with_clocks(template: Case, random: Random) -> list[Case]:
    def some() -> datetime:
        return template.filed_utc + timedelta(seconds=random.randint(0, 90_000))

    def perhaps() -> datetime | None:
        return some() if random.random() < 0.5 else None

    return [
        replace(
            template, case_no=f"HJ-{state.value}-{number}", state=state, due_utc=some(),
            accept_due_utc=some(), accepted_utc=perhaps(), fed_back_utc=perhaps(),
            review_utc=perhaps(), is_record_only=random.random() < 0.2,
        )
        for state in CaseState
        for number in range(6)
    ]  # fmt: skip


async def test_a_clock_that_is_found_is_the_one_that_the_case_itself_tells(tmp_path: Path) -> None:
    async with casework_house(tmp_path) as house:
        _, oldest = await opened(house)
        template = await house.desk.find(oldest)
        cases = with_clocks(template, Random(7))
        await keep(house, cases)
        for hours in (0.0, 3.0, 12.0, 26.0, 60.0):
            at = template.filed_utc + timedelta(hours=hours)
            found = await house.parts.files.ticking_cases(at, is_exercise=True)
            told = {one.case_no: (one.overdue, one.state, one.tier) for one in found}
            told.pop(oldest, None)
            assert told == {
                one.case_no: (one.overdue(at), one.state, one.tier)
                for one in cases
                if not one.is_record_only and (one.overdue(at) or one.state in HALF_WAY)
            }


def closed_some_time(template: Case, random: Random) -> list[Case]:
    return [
        replace(
            template, case_no=f"HJ-{number:03d}", state=random.choice((*DONE, CaseState.HANDLING)),
            kind=random.choice((template.kind, "OTHER")),
            grid_code=random.choice(("440512001003004", "440512002001001", None)),
            closed_utc=template.filed_utc + timedelta(hours=random.randint(0, 400)),
        )
        for number in range(60)
    ]  # fmt: skip


def alike(cases: Sequence[Case], newest: Case, scopes: Scopes) -> list[str]:
    """Straight from all of them."""
    end = newest.closed_utc
    assert end is not None
    found = [
        (one.closed_utc, one.case_no)
        for one in cases
        if one.kind == newest.kind
        and one.state in DONE
        and one.closed_utc is not None
        and timedelta(0) <= end - one.closed_utc <= WEEK
        and ("" in scopes or str(one.grid_code).startswith(scopes))
    ]
    return [case_no for _, case_no in sorted(found)]


async def test_cases_alike_are_of_one_kind_and_the_week_before_page_by_page(
    tmp_path: Path,
) -> None:
    async with casework_house(tmp_path) as house:
        _, oldest = await opened(house)
        template = await house.desk.find(oldest)
        cases = closed_some_time(template, Random(8))
        await keep(house, cases)
        done = [one for one in cases if one.state in DONE and one.kind == template.kind]
        newest = max(done, key=lambda one: one.closed_utc or one.filed_utc)
        for scopes in (WHOLE_DISTRICT, ("440512001",)):
            found, cursor, is_more = [], "", True
            while is_more:
                some, cursor = await house.notices.similar(
                    newest.case_no, Ask(cursor=cursor, limit=2), scopes=scopes
                )
                found += [one.case_no for one in some]
                is_more = bool(cursor)
            assert found == alike(cases, newest, scopes)
            assert len(found) > 2
        assert (await house.notices.similar(oldest, Ask()))[0] == []  # it is open
