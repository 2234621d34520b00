"""The gathering rule over time: candidate, raised, cleared, and what it must not be moved by."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from patrol.geo import GeoPoint, distance_m, offset
from patrol.sighting import Look, PlacedPerson, Sighting, Stage
from vision.crowd import GatheringWatch
from vision.crowd_rules import CrowdRules

START = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)
PLACE = GeoPoint(lat_deg=23.28, lon_deg=116.72)
AIRCRAFT = offset(PLACE, east_m=0.0, north_m=-50.0)
FOOTPRINT = tuple(
    offset(PLACE, east_m=east, north_m=north)
    for east, north in ((-60, -60), (60, -60), (60, 60), (-60, 60))
)
CROWD = 24  # its lower bound is 14.4
SMALL = 16  # lower bound 8.2: neither raises nor clears
FEW = 5


class OneGrid:
    def grid_at(self, point: GeoPoint) -> str | None:
        return "G-1" if distance_m(point, PLACE) < 100 else None


def people(count: int, *, east_m: float = 0.0, spacing_m: float = 1.3) -> tuple[PlacedPerson, ...]:
    """Standing in a ring around a place."""
    radius_m = count * spacing_m / (2 * math.pi)
    turns = [2 * math.pi * i / max(1, count) for i in range(count)]
    return tuple(
        PlacedPerson(
            point=offset(
                PLACE, east_m=east_m + radius_m * math.sin(turn), north_m=radius_m * math.cos(turn)
            ),
            error_m=2.0, relative_error_m=0.2, score=0.6, box_px=(0, 0, 10, 30),
        )
        for turn in turns
    )  # fmt: skip


def a_look(
    at_s: float,
    seen: tuple[PlacedPerson, ...],
    *,
    is_valid: bool = True,
    footprint: tuple[GeoPoint, ...] = FOOTPRINT,
) -> Look:
    return Look(
        camera_id="c", sequence=int(at_s * 10), captured_utc=START + timedelta(seconds=at_s),
        captured_at_s=at_s, is_valid=is_valid, reason="" if is_valid else "blurred", people=seen,
        footprint=footprint, aircraft=AIRCRAFT, aircraft_height_agl_m=42.0, latency_s=0.1,
        rate_hz=5.0, skipped_count=0,
    )  # fmt: skip


class Patrol:
    """A watch, and a look a second at crowds of the sizes that are said."""

    def __init__(self) -> None:
        self.watch = GatheringWatch(rules=CrowdRules(), locator=OneGrid(), sortie="S01")
        self.now_s = 0.0
        self.sightings: list[Sighting] = []

    def see(self, *counts: int, is_valid: bool = True, east_m: float = 0.0) -> list[Stage]:
        """The stages that these looks gave."""
        fresh: list[Sighting] = []
        for count in counts:
            look = a_look(self.now_s, people(count, east_m=east_m), is_valid=is_valid)
            fresh += self.watch.see(look)
            self.now_s += 1.0
        self.sightings += fresh
        return [sighting.stage for sighting in fresh]

    def raise_alarm(self) -> None:
        assert self.see(*[CROWD] * 60) == [Stage.CANDIDATE, Stage.RAISED]


@pytest.fixture
def patrol() -> Patrol:
    return Patrol()


def test_a_crowd_becomes_a_candidate_at_its_third_look(patrol: Patrol) -> None:
    assert patrol.see(CROWD, CROWD) == []
    assert patrol.see(CROWD) == [Stage.CANDIDATE]
    assert patrol.see(CROWD) == []


def test_three_looks_of_five_are_enough_and_two_are_not(patrol: Patrol) -> None:
    assert patrol.see(CROWD, SMALL, SMALL, CROWD, SMALL, SMALL, CROWD, SMALL) == []
    assert patrol.see(CROWD, CROWD) == [Stage.CANDIDATE]


def test_people_whose_lower_bound_is_under_ten_are_no_candidate(patrol: Patrol) -> None:
    # 17 people: 17 - 1.96 x sqrt(17) = 8.9; with 19 it is 10.5.
    assert patrol.see(*[17] * 20) == []
    assert patrol.see(*[19] * 3) == [Stage.CANDIDATE]


def test_invalid_looks_neither_begin_nor_carry_a_candidate(patrol: Patrol) -> None:
    assert patrol.see(*[CROWD] * 20, is_valid=False) == []
    assert patrol.see(CROWD, CROWD) == []
    assert patrol.see(*[CROWD] * 20, is_valid=False) == []
    assert patrol.see(CROWD) == [Stage.CANDIDATE]


def test_a_crowd_is_raised_when_it_has_stood_for_thirty_seconds(patrol: Patrol) -> None:
    assert patrol.see(*[CROWD] * 32) == [Stage.CANDIDATE]
    assert patrol.see(CROWD) == [Stage.RAISED]
    candidate, raised = patrol.sightings
    assert raised.time_utc - candidate.time_utc == timedelta(seconds=30)


def test_seven_tenths_of_the_looks_within_the_delay_must_reach_the_bound(patrol: Patrol) -> None:
    patrol.see(CROWD, CROWD, CROWD)
    assert patrol.see(*[CROWD, CROWD, SMALL] * 20) == [], "two in three are too few"
    # Whole cycles of three in four are enough.
    assert patrol.see(*[CROWD, CROWD, CROWD, SMALL] * 10) == [Stage.RAISED]


def test_invalid_looks_do_not_count_against_the_share(patrol: Patrol) -> None:
    patrol.see(CROWD, CROWD, CROWD)
    for _ in range(15):
        assert patrol.see(CROWD, is_valid=False) == []
        if patrol.see(CROWD):
            break
    assert [s.stage for s in patrol.sightings] == [Stage.CANDIDATE, Stage.RAISED]


def test_a_place_that_is_out_of_view_is_not_judged(patrol: Patrol) -> None:
    patrol.see(CROWD, CROWD, CROWD)
    for second in range(200):
        elsewhere = tuple(offset(point, east_m=500.0, north_m=0.0) for point in FOOTPRINT)
        look = a_look(3.0 + second, (), footprint=elsewhere)
        assert patrol.watch.see(look) == []
    patrol.now_s = 203.0
    assert patrol.see(CROWD, CROWD) == [], "too few looks within the last thirty seconds"
    assert patrol.see(CROWD) == [Stage.RAISED]


def test_a_raised_crowd_that_shrinks_a_little_stays_raised(patrol: Patrol) -> None:
    patrol.raise_alarm()
    assert patrol.see(*[SMALL] * 100) == []
    assert patrol.see(*[7] * 100) == []


def test_a_crowd_of_six_or_fewer_for_a_minute_is_cleared(patrol: Patrol) -> None:
    patrol.raise_alarm()
    assert patrol.see(*[6] * 60) == []
    assert patrol.see(6) == [Stage.CLEARED]
    assert patrol.see(*[6] * 100) == []


def test_a_single_larger_count_starts_the_minute_again(patrol: Patrol) -> None:
    patrol.raise_alarm()
    assert patrol.see(*[FEW] * 59, 7, *[FEW] * 60) == []
    assert patrol.see(FEW) == [Stage.CLEARED]


def test_an_empty_place_in_view_clears_too(patrol: Patrol) -> None:
    patrol.raise_alarm()
    assert patrol.see(*[0] * 61) == [Stage.CLEARED]
    assert patrol.sightings[-1].count.estimate == 0


def test_invalid_looks_do_not_clear(patrol: Patrol) -> None:
    patrol.raise_alarm()
    assert patrol.see(*[0] * 200, is_valid=False) == []


def test_the_same_crowd_is_not_raised_again_within_five_minutes(patrol: Patrol) -> None:
    patrol.raise_alarm()
    raised_utc = patrol.sightings[-1].time_utc
    assert patrol.see(*[0] * 61) == [Stage.CLEARED]
    assert patrol.see(*[CROWD] * 150) == [Stage.CANDIDATE]
    assert patrol.see(*[CROWD] * 100) == [Stage.RAISED]
    assert patrol.sightings[-1].time_utc - raised_utc == timedelta(seconds=300)


def test_a_crowd_that_is_judged_anew_is_followed_in_silence_and_then_a_candidate_again(
    patrol: Patrol,
) -> None:
    patrol.raise_alarm()
    patrol.watch.judge_anew(PLACE, START + timedelta(seconds=patrol.now_s + 400))
    assert patrol.see(*[CROWD] * 400) == []
    assert patrol.see(*[CROWD] * 40) == [Stage.CANDIDATE, Stage.RAISED]


def test_a_group_wider_than_the_rule_allows_is_no_gathering(patrol: Patrol) -> None:
    assert patrol.see(*[75] * 5) == [], "75 people on a circle of 31 m across: a queue"


def test_two_crowds_are_followed_apart(patrol: Patrol) -> None:
    for second in range(33):
        both = people(CROWD) + people(20, east_m=45.0)
        patrol.sightings += patrol.watch.see(a_look(float(second), both))
    stages = [sighting.stage for sighting in patrol.sightings]
    assert stages == [Stage.CANDIDATE, Stage.CANDIDATE, Stage.RAISED, Stage.RAISED]
    raised = [s for s in patrol.sightings if s.stage is Stage.RAISED]
    assert [round(s.count.estimate) for s in raised] == [CROWD, 20]
    assert distance_m(raised[0].place, raised[1].place) == pytest.approx(45.0, abs=1.0)


def test_a_crowd_that_drifts_stays_one_crowd(patrol: Patrol) -> None:
    for second in range(60):
        patrol.see(CROWD, east_m=0.5 * second)
    assert [s.stage for s in patrol.sightings] == [Stage.CANDIDATE, Stage.RAISED]


def test_a_sighting_says_where_how_many_under_which_rule_and_how_near(patrol: Patrol) -> None:
    patrol.raise_alarm()
    candidate, raised = patrol.sightings
    assert (candidate.sighting_id, raised.sighting_id) == ("S01-V001", "S01-V002")
    assert distance_m(raised.place, PLACE) < 0.1
    assert raised.count.estimate == CROWD
    assert raised.count.low < CROWD < raised.count.high
    assert raised.radius_m == pytest.approx(CROWD * 1.3 / (2 * math.pi), abs=0.1)
    assert (raised.grid_code, raised.sortie, raised.rule) == ("G-1", "S01", "HJ-CROWD-1/gathering")
    # The nearest stands 45 m away and may be 2 m nearer; the need is the height above ground.
    assert raised.nearest_person_m == pytest.approx(50.0 - raised.radius_m - 2.0, abs=0.1)
    assert raised.standoff_need_m == 42.0


def test_without_a_height_the_need_is_not_known_rather_than_low(patrol: Patrol) -> None:
    looks = [replace(a_look(at_s, people(CROWD)), aircraft_height_agl_m=None) for at_s in range(3)]
    (candidate,) = [sighting for look in looks for sighting in patrol.watch.see(look)]
    assert candidate.standoff_need_m is None


def test_the_count_of_a_raised_crowd_is_the_median_of_its_delay(patrol: Patrol) -> None:
    patrol.see(CROWD, CROWD, CROWD)
    for _ in range(30):
        patrol.see(40 if patrol.now_s % 5 == 0 else CROWD)
    assert patrol.sightings[-1].stage is Stage.RAISED
    assert patrol.sightings[-1].count.estimate == CROWD
