"""How gatherings come about: throngs that grow, queues that move, people on the pavements."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patrol.geo import Enu, GeoPoint
from sim.crowd import QUEUE_SPACING_M, throng_places
from sim.scenario import Gathering, Growth, Scenario
from sim.streets import PAVEMENT_M, TILE_M, make_streets
from sim.world import World, make_world

PLACE = GeoPoint(lat_deg=23.2812, lon_deg=116.7305)
GROWING = Gathering(
    place=PLACE, people_count=8, form="throng", growth=Growth(people_count=60, over_s=600.0)
)
QUEUE = Gathering(
    place=PLACE, people_count=14, form="queue", queue_true_deg=75.0, service_s=20.0,
    growth=Growth(people_count=30, over_s=600.0),
)  # fmt: skip


def world_of(gathering: Gathering | None, *, seed: int = 1, walkers: int = 0) -> World:
    scenario = Scenario(
        home=GeoPoint(lat_deg=23.28, lon_deg=116.73), home_elevation_amsl_m=12.0,
        start_utc=datetime(2026, 11, 24, 1, 30, tzinfo=UTC), gathering=gathering,
        passers_by_place=PLACE, walkers_count=walkers,
    )  # fmt: skip
    return make_world(scenario, seed)


def standing(world: World, world_s: float) -> list[Enu]:
    return [one.place for one in world.whereabouts_at(world_s) if one.doing == "standing"]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_growing_gathering_starts_with_a_few_and_grows_evenly_to_all(seed: int) -> None:
    world = world_of(GROWING, seed=seed)
    assert len(standing(world, 61.0)) == pytest.approx(8, abs=1)
    assert len(standing(world, 360.0)) == pytest.approx(38, abs=2)
    assert len(standing(world, 661.0)) == 68
    counts = [len(standing(world, float(second))) for second in range(60, 700, 20)]
    assert counts == sorted(counts)


@given(st.integers(1, 200), st.integers(0, 1000))
@settings(deadline=None, max_examples=40)
def test_nobody_in_a_throng_stands_in_another_nor_apart_from_it(count: int, seed: int) -> None:
    places = throng_places(count, Enu(east_m=3.0, north_m=-8.0), random.Random(seed))
    for i, place in enumerate(places):
        away_m = [place.distance_m(other) for j, other in enumerate(places) if j != i]
        assert not away_m or 0.4 < min(away_m) < 2.0


def test_a_queue_is_straight_and_looks_at_its_head() -> None:
    world = world_of(replace(QUEUE, service_s=None, growth=None))
    tail_rad = math.radians(75.0)
    for number, place in enumerate(standing(world, 62.0)):
        ahead_m = number * QUEUE_SPACING_M
        expected = Enu(
            east_m=world.centre.east_m + ahead_m * math.sin(tail_rad),
            north_m=world.centre.north_m + ahead_m * math.cos(tail_rad),
        )
        assert place.distance_m(expected) < 0.8
    figure = world.people[5].figure_at(61.0)
    assert figure is not None
    assert figure.heading_true_deg % 360.0 == pytest.approx(255.0, abs=120.0)


def test_a_queue_that_nobody_serves_stays() -> None:
    world = world_of(replace(QUEUE, service_s=None, growth=None))
    assert len(standing(world, 61.0)) == len(standing(world, 7200.0)) == 14


def test_a_served_queue_moves_up_and_its_head_walks_away() -> None:
    world = world_of(QUEUE)
    assert len(standing(world, 79.0)) == pytest.approx(15, abs=1)
    head = world.people[0]
    assert head.doing_at(79.0) == "standing"
    assert head.doing_at(81.0) == "leaving"
    third = world.people[2]
    before, after = third.place_at(79.9), third.place_at(84.0)
    assert before is not None
    assert after is not None
    assert before.distance_m(world.centre) - after.distance_m(world.centre) == pytest.approx(
        QUEUE_SPACING_M, abs=0.5
    )
    assert standing(world, 1500.0) == [], "44 people at 20 s each"


@pytest.mark.parametrize("gathering", [GROWING, QUEUE])
def test_nobody_jumps_from_one_picture_to_the_next(gathering: Gathering) -> None:
    world = world_of(gathering)
    before = {one.name: one.place for one in world.whereabouts_at(0.0)}
    for half in range(1, 900, 2):
        now = {one.name: one.place for one in world.whereabouts_at(half / 2.0)}
        nearly = {one.name: one.place for one in world.whereabouts_at(half / 2.0 - 0.1)}
        for name in now.keys() & nearly.keys():
            assert now[name].distance_m(nearly[name]) <= 0.1 * 2.6 + 0.08
        before |= now
    assert len(before) > 30


def test_whoever_was_served_before_the_call_is_not_called_back() -> None:
    world = world_of(QUEUE)
    above = Enu(east_m=world.centre.east_m, north_m=world.centre.north_m, up_m=30.0)
    heard = world.hear(speaker=above, spl_1m_dba=110.0, finished_s=200.0)
    assert world.people[0].leaving is None
    assert heard == sum(
        one.doing in ("coming", "standing") and one.name.startswith("gathered")
        for one in world.whereabouts_at(200.0)
    )


@pytest.mark.parametrize("seed", [1, 5, 9])
def test_walkers_keep_to_the_pavements_and_clear_of_the_gathering(seed: int) -> None:
    world = world_of(None, seed=seed, walkers=12)
    around = world_of(GROWING, seed=seed).centre
    pavements = make_streets(seed).pavements_m()
    for world_s in range(0, 300, 20):
        for walker in world.whereabouts_at(float(world_s)):
            place = walker.place
            aside_m = [
                abs(((-place.north_m if is_ew else place.east_m) - line_m + 64.0) % TILE_M - 64.0)
                for is_ew, line_m in pavements
            ]
            assert min(aside_m) <= PAVEMENT_M / 2.0
            assert place.distance_m(around) > 8.0


@given(st.integers(0, 500))
def test_every_seed_has_its_streets_with_all_four_corners_between_them(seed: int) -> None:
    streets = make_streets(seed)
    assert streets == make_streets(seed)
    assert sorted(streets.corners) == ["courts", "park", "parking", "square"]
    lamps = list(streets.lamps_within(east_m=500.0, north_m=-300.0, radius_m=100.0))
    assert all(math.hypot(lamp.east_m - 500.0, lamp.north_m + 300.0) <= 100.0 for lamp in lamps)
    # Eight lamps on 128 m x 128 m.
    assert len(lamps) == pytest.approx(8 * math.pi * 100.0**2 / TILE_M**2, abs=5)
