"""The narrow rows say what the whole records say, whatever happened and in whatever order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from ground_station.alert_levels import AlertLevel
from ground_station.alerts import AlertState, CrowdAlert, Outcome
from ground_station.announcements import Announcement, AnnouncementState
from ground_station.casework.case import Case
from ground_station.casework.states import CaseState
from ground_station.measuring import reading
from ground_station.measuring.precision import precision_by
from ground_station.measuring.responses import Spread, responses_by
from ground_station.sorties import EffectRecord, EffectSample, SortieRecord, SortieState
from ground_station.store import tables
from ground_station.store.figures import make_all
from patrol.errors import Refused
from patrol.geo import offset
from patrol.sighting import Sighting, poisson_count
from tests import straight_measures as straight
from tests.ground_core import PLACE, a_sighting, a_sortie, an_alert, later
from tests.ground_story import a_case, an_announcement, an_effect
from tests.measured import kept, read, read_back
from tests.straight_measures import Everything

GRIDS = ["440512001003004", "440512001003005", "440512002001001", None]
ENDS_S = 50_000.0  # of the window; records go on for an hour and a half
moments = st.integers(0, 50_000_000).map(lambda ms: later(ms / 1000.0))
perhaps = st.none() | moments
grids = st.sampled_from(GRIDS)
counts = st.booleans().map(lambda is_valid: poisson_count(4.0, is_valid=is_valid, reason="x"))
looks = st.builds(EffectSample, dt_s=st.sampled_from([10.0, 60.0, 180.5]), count=counts)
verdicts = st.none() | st.sampled_from(Outcome)


@st.composite
def an_episode(draw: Any, number: int) -> tuple[CrowdAlert, list[Announcement], list[EffectRecord]]:
    """An alert, what was said for it and what was measured of it within the hour."""
    since: datetime = draw(moments)
    alert = replace(
        an_alert(), alert_id=f"A-{number:02d}", raised_utc=since, grid_code=draw(grids),
        place=offset(PLACE, east_m=draw(st.sampled_from([0.0, 15.0, 60.0])), north_m=0.0),
        state=draw(st.sampled_from(AlertState)), outcome=draw(verdicts),
        level=draw(st.sampled_from(AlertLevel)),
        acknowledged_by=draw(st.sampled_from(["", "Li"])),
        acknowledged_utc=draw(st.none() | st.just(since + timedelta(seconds=7.25))),
        dismissed_reason=draw(st.sampled_from(["", "scooters", "a market"])),
        relapse_of=draw(st.sampled_from(["", "A-00", "A-01"])),
    )  # fmt: skip

    def soon() -> datetime:
        return since + timedelta(milliseconds=draw(st.integers(0, 1_800_000)))

    said = [
        replace(
            an_announcement(), alert_id=alert.alert_id, grid_code=alert.grid_code,
            created_utc=soon(), started_utc=draw(st.none() | st.just(soon())),
            finished_utc=draw(st.none() | st.just(soon())),
            template_id=draw(st.sampled_from(["T01", "T02"])),
            state=draw(st.sampled_from(AnnouncementState)),
        )
        for _ in range(draw(st.integers(0, 2)))
    ]  # fmt: skip
    effects = [
        replace(
            an_effect(), alert_id=alert.alert_id, grid_code=alert.grid_code,
            observing_since_utc=soon(), samples=tuple(draw(st.lists(looks, max_size=3))),
            verdict=draw(verdicts), dispersed_after_s=draw(st.sampled_from([None, 40.0, 0.125])),
            relapse_alert_id=draw(st.sampled_from(["", "A-09"])),
        )
        for _ in range(draw(st.integers(0, 2)))
    ]  # fmt: skip
    return alert, said, effects


@st.composite
def a_filed_case(draw: Any, number: int) -> Case:
    filed: datetime = draw(moments)
    return replace(
        a_case(an_alert()), case_no=f"HJ-{number:02d}", filed_utc=filed, grid_code=draw(grids),
        state=draw(st.sampled_from(CaseState)), is_record_only=draw(st.booleans()),
        accept_due_utc=draw(moments), due_utc=draw(moments), dispatched_utc=draw(perhaps),
        accepted_utc=draw(perhaps), fed_back_utc=draw(perhaps), closed_utc=draw(perhaps),
        review_utc=draw(perhaps),
    )  # fmt: skip


@st.composite
def a_flight(draw: Any) -> SortieRecord:
    return replace(
        a_sortie(SortieState.LANDED), created_utc=draw(moments), takeoff_utc=draw(perhaps),
        grid_code=draw(st.sampled_from(GRIDS[:3])), waypoint_total=draw(st.integers(0, 2)),
        waypoint_index=draw(st.integers(0, 2)), abnormal=draw(st.sampled_from([(), ("wind",)])),
    )  # fmt: skip


@st.composite
def a_look(draw: Any) -> Sighting:
    return replace(
        a_sighting(), time_utc=draw(moments), grid_code=draw(grids),
        nearest_person_m=draw(st.sampled_from([None, 0.0, 12.5, 46.0])),
        standoff_need_m=draw(st.sampled_from([None, 30.0])),
    )  # fmt: skip


@st.composite
def everything(draw: Any) -> Everything:
    episodes = [draw(an_episode(n)) for n in range(draw(st.integers(0, 7)))]
    cases = [draw(a_filed_case(n)) for n in range(draw(st.integers(0, 5)))]
    alerts = sorted((one for one, _, _ in episodes), key=lambda a: (a.raised_utc, a.alert_id))
    said = sorted((b for _, some, _ in episodes for b in some), key=lambda b: b.created_utc)
    effects = sorted(
        (f for _, _, some in episodes for f in some), key=lambda f: f.observing_since_utc
    )
    return Everything(
        alerts=tuple(alerts), followers=tuple(alerts), announcements=tuple(said),
        effects=tuple(effects),
        cases=tuple(sorted(cases, key=lambda one: (one.filed_utc, one.case_no))),
        reworked=frozenset(one.case_no for one in cases if draw(st.booleans())),
        sorties=tuple(draw(st.lists(a_flight(), max_size=4))),
        sightings=tuple(draw(st.lists(a_look(), max_size=4))),
    )  # fmt: skip


def of_part(whole: Everything, scope: str) -> Everything:
    """What lies in a part of the district; whatever follows an alert may lie next door."""

    def within(records: Any) -> Any:
        return tuple(one for one in records if (one.grid_code or "").startswith(scope))

    return replace(
        whole, alerts=within(whole.alerts), announcements=within(whole.announcements),
        effects=within(whole.effects), cases=within(whole.cases), sorties=within(whole.sorties),
        sightings=within(whole.sightings),
    )  # fmt: skip


def told(spread: Spread) -> tuple[int, float | None, float | None, int]:
    return spread.n, spread.median_s, spread.longest_s, spread.waiting


@settings(max_examples=15, deadline=None)
@given(everything(), st.sampled_from(["", "440512001", "440512002001001"]))
def test_every_figure_is_the_one_that_the_records_give_straight(
    whole: Everything, scope: str
) -> None:
    part = of_part(whole, scope)
    with kept(whole) as connection:
        found = read(connection, later(0), later(ENDS_S + 1), (scope,))
    key = _order
    assert sorted(found.observed(), key=key) == sorted(straight.observed(part), key=key)
    for digits in (0, 9, 17):
        by = _area(digits)
        precise = [
            (one.grid_code, one.right.k, one.right.n, one.reasons)
            for one in precision_by(found.answers.alerts, by)
        ]
        assert precise == straight.precision(part.alerts, by)
        wanted = straight.responses(part, digits)
        got = {one.key: one for one in responses_by(found.answers, digits)}
        assert sorted(got) == sorted(wanted)
        for name, one in got.items():
            for field, value in wanted[name].items():
                is_time = isinstance(getattr(one, field), Spread)
                mine = told(getattr(one, field)) if is_time else asdict(getattr(one, field))
                assert mine == value, (name, field)
    codes = [code for code in GRIDS if code]
    wall, figures = straight.kpis(part, frozenset(codes)), found.kpis(codes)
    coverage = [(day.day, day.visited, day.grids) for day in figures.coverage]
    assert asdict(figures) | {"coverage": coverage} == asdict(figures) | wall


@settings(max_examples=8, deadline=None)
@given(everything())
def test_the_rows_can_be_made_again_from_the_records(whole: Everything) -> None:
    narrow = [table for table in tables.metadata.sorted_tables if table.name.endswith("_figures")]
    assert len(narrow) == 7
    with kept(whole) as connection:
        before = [set(connection.execute(select(table)).all()) for table in narrow]
        for table in narrow:
            connection.execute(delete(table))
        make_all(connection)
        assert [set(connection.execute(select(table)).all()) for table in narrow] == before


def test_an_empty_district_has_figures_too() -> None:
    figures = read_back(Everything()).kpis([])
    assert (figures.alerts, figures.sorties, figures.valid_looks.n) == (0, 0, 0)
    assert figures.nearest_person_m is None


def _area(digits: int) -> Callable[[Any], str]:
    return lambda alert: (alert.grid_code or "")[:digits]


def _order(one: Any) -> str:
    return str(one.alert_id)


def test_more_than_memory_should_hold_is_refused_and_told_in_both_languages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "MOST_ROWS", 1)
    alerts = tuple(replace(an_alert(), alert_id=f"A-{n}") for n in range(2))
    with pytest.raises(Refused, match="2 alerts in this window, 1 can be measured") as told:
        read_back(Everything(alerts=alerts))
    assert told.value.text_zh.startswith("该时段内有2条告警")
