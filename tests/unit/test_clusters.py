"""Who belongs together: people linked by steps, in metres on the ground."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from patrol.geo import GeoPoint, distance_m, offset
from patrol.sighting import Look, PlacedPerson
from vision.clusters import clusters, linked
from vision.crowd_rules import CrowdRules

PLACE = GeoPoint(lat_deg=23.28, lon_deg=116.72)
Spots = NDArray[np.float64]


def ring(people: int, radius_m: float, east_m: float = 0.0) -> list[tuple[float, float]]:
    turns = [2 * math.pi * i / people for i in range(people)]
    return [(east_m + radius_m * math.sin(t), radius_m * math.cos(t)) for t in turns]


def groups_of(
    spots: list[tuple[float, float]], error_m: float = 0.0, distance_m: float = 2.0
) -> list[list[int]]:
    errors = np.full(len(spots), error_m)
    return sorted(linked(np.array(spots, dtype=float).reshape(-1, 2), errors, distance_m))


def a_person(east_m: float, north_m: float, *, is_countable: bool = True) -> PlacedPerson:
    return PlacedPerson(
        point=offset(PLACE, east_m=east_m, north_m=north_m), error_m=1.5, relative_error_m=0.2,
        score=0.6, box_px=(0, 0, 10, 30), is_countable=is_countable,
    )  # fmt: skip


def a_look(people: list[PlacedPerson], *, is_valid: bool = True) -> Look:
    return Look(
        camera_id="c", sequence=1, captured_utc=datetime(2026, 11, 24, tzinfo=UTC),
        captured_at_s=0.0, is_valid=is_valid, reason="" if is_valid else "blurred",
        people=tuple(people), footprint=(), aircraft=None, aircraft_height_agl_m=None,
        latency_s=0.1, rate_hz=5.0, skipped_count=0,
    )  # fmt: skip


def test_a_ring_is_one_group_though_its_ends_are_far_apart() -> None:
    # 24 people at 1.5 m from one another; the ring is over 11 m across.
    assert groups_of(ring(24, 5.74)) == [list(range(24))]


def test_two_rings_ten_metres_apart_are_two_groups() -> None:
    spots = ring(12, 2.5) + ring(12, 2.5, east_m=15.0)
    assert groups_of(spots) == [list(range(12)), list(range(12, 24))]


def test_one_person_between_two_groups_links_them() -> None:
    assert groups_of([(0, 0), (1.9, 0), (3.8, 0)]) == [[0, 1, 2]]
    assert groups_of([(0, 0), (3.8, 0)]) == [[0], [1]]


def test_people_who_may_stand_near_within_their_errors_are_linked() -> None:
    apart = [(0.0, 0.0), (3.0, 0.0)]
    assert groups_of(apart, error_m=0.0) == [[0], [1]]
    # 1.96 x sqrt(2) x 0.36 m is a hair under one metre, 0.37 m a hair over it.
    assert groups_of(apart, error_m=0.36) == [[0], [1]]
    assert groups_of(apart, error_m=0.37) == [[0, 1]]


def test_only_the_badly_placed_person_is_given_the_allowance() -> None:
    spots = np.array([(0.0, 0.0), (3.0, 0.0), (-3.0, 0.0)])
    groups = linked(spots, np.array([0.0, 0.6, 0.0]), 2.0)
    assert sorted(groups) == [[0, 1], [2]]


def test_nobody_makes_no_group() -> None:
    assert groups_of([]) == []


spots_in_a_square = st.lists(
    st.tuples(st.floats(-20, 20), st.floats(-20, 20)), min_size=1, max_size=25
)


@given(spots_in_a_square)
def test_everybody_is_in_just_one_group(spots: list[tuple[float, float]]) -> None:
    groups = groups_of(spots)
    assert sorted(i for group in groups for i in group) == list(range(len(spots)))


@given(spots_in_a_square, st.floats(0, 1))
def test_groups_are_apart_and_nobody_in_one_is_alone(
    spots: list[tuple[float, float]], error_m: float
) -> None:
    reach_m = 2.0 + 1.96 * math.hypot(error_m, error_m)
    of_person = {i: n for n, group in enumerate(groups_of(spots, error_m)) for i in group}
    for i, here in enumerate(spots):
        steps = [math.dist(here, there) for j, there in enumerate(spots) if j != i]
        mates = [j for j in of_person if j != i and of_person[j] == of_person[i]]
        assert not mates or min(steps) <= reach_m + 1e-6
        for j, there in enumerate(spots):
            assert of_person[i] == of_person[j] or math.dist(here, there) > reach_m - 1e-6


@given(spots_in_a_square, st.randoms(use_true_random=False))
def test_the_order_of_the_people_does_not_matter(
    spots: list[tuple[float, float]], dice: object
) -> None:
    order = list(range(len(spots)))
    dice.shuffle(order)  # type: ignore[attr-defined]  # hypothesis' own Random
    mixed = groups_of([spots[i] for i in order])
    assert sorted(sorted(order[i] for i in group) for group in mixed) == groups_of(spots)


def test_a_cluster_has_its_middle_its_reach_and_its_bounds() -> None:
    people = [a_person(*spot) for spot in ring(20, 4.0, east_m=30.0)]
    (cluster,) = clusters(a_look(people), CrowdRules())
    assert distance_m(cluster.centre, offset(PLACE, east_m=30.0, north_m=0.0)) < 0.05
    assert cluster.radius_m == pytest.approx(4.0, abs=0.05)
    assert cluster.area_m2 == pytest.approx(math.pi * 16, rel=0.03)
    assert cluster.error_m == pytest.approx(1.5)
    assert (cluster.count.estimate, cluster.count.is_valid) == (20, True)
    assert cluster.count.low == pytest.approx(20 - 1.96 * math.sqrt(20))


def test_the_largest_cluster_comes_first() -> None:
    spots = [*ring(5, 1.2), *ring(11, 2.5, east_m=40.0)]
    found = clusters(a_look([a_person(*spot) for spot in spots]), CrowdRules())
    assert [cluster.count.estimate for cluster in found] == [11, 5]


def test_people_outside_the_envelope_are_not_counted() -> None:
    people = [a_person(0, i * 1.0, is_countable=i < 4) for i in range(7)]
    (cluster,) = clusters(a_look(people), CrowdRules())
    assert cluster.count.estimate == 4


def test_an_invalid_look_has_no_clusters() -> None:
    people = [a_person(*spot) for spot in ring(20, 4.0)]
    assert clusters(a_look(people, is_valid=False), CrowdRules()) == []


def test_one_or_two_people_cover_no_area() -> None:
    (pair,) = clusters(a_look([a_person(0, 0), a_person(1, 0)]), CrowdRules())
    assert pair.area_m2 is None
