"""The simulated aircraft's geofence: any number of polygons and circles, in and out."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymavlink.dialects.v20 import common as mavlink

from patrol.geo import GeoPoint
from sim.autopilot import Mode
from sim.fence import (
    CIRCLE_IN,
    CIRCLE_OUT,
    POLYGON_IN,
    POLYGON_OUT,
    RETURN_POINT,
    Fence,
    fence_from,
    is_fence_item,
)
from tests.unit.test_sim_flight import Flight, at

Box = tuple[float, float, float]  # east and north of its middle, half its side; metres
boxes = st.tuples(st.floats(-200.0, 200.0), st.floats(-200.0, 200.0), st.floats(5.0, 150.0))


def item(command: int, place: GeoPoint, param1: float = 0.0) -> Any:
    x, y = round(place.lat_deg * 1e7), round(place.lon_deg * 1e7)
    return mavlink.MAVLink_mission_item_int_message(
        1, 1, 0, 0, command, 0, 1, param1, 0.0, 0.0, 0.0, x, y, 0.0, 1
    )


def box(middle: Box, *, is_in: bool) -> list[Any]:
    east_m, north_m, half_m = middle
    corners = [(-half_m, -half_m), (half_m, -half_m), (half_m, half_m), (-half_m, half_m)]
    command = POLYGON_IN if is_in else POLYGON_OUT
    return [item(command, at(east_m + e, north_m + n), 4.0) for e, n in corners]


def circle(middle: Box, *, is_in: bool) -> list[Any]:
    east_m, north_m, radius_m = middle
    return [item(CIRCLE_IN if is_in else CIRCLE_OUT, at(east_m, north_m), radius_m)]


def is_within(shape: str, middle: Box, east_m: float, north_m: float) -> float:
    """How far inside, in metres; negative outside."""
    off_e, off_n = abs(east_m - middle[0]), abs(north_m - middle[1])
    away_m = math.hypot(off_e, off_n) if shape == "circle" else max(off_e, off_n)
    return middle[2] - away_m


@given(
    st.lists(st.tuples(st.sampled_from(["box", "circle"]), boxes, st.booleans()), max_size=5),
    st.floats(-300.0, 300.0), st.floats(-300.0, 300.0),
)  # fmt: skip
def test_a_place_is_allowed_if_it_is_in_every_inclusion_and_out_of_every_exclusion(
    areas: list[tuple[str, Box, bool]], east_m: float, north_m: float
) -> None:
    items, is_allowed = [], True
    for shape, middle, is_in in areas:
        items += (box if shape == "box" else circle)(middle, is_in=is_in)
        within_m = is_within(shape, middle, east_m, north_m)
        if abs(within_m) < 0.1:
            return  # a centimetre on the wire
        is_allowed = is_allowed and (within_m > 0.0) is is_in
    assert fence_from(items).allows(at(east_m, north_m)) is is_allowed
    assert all(is_fence_item(one) for one in items)


def test_a_polygon_of_two_corners_is_no_item_and_a_return_point_no_area() -> None:
    assert not is_fence_item(item(POLYGON_IN, at(0.0, 0.0), 2.0))
    assert not is_fence_item(item(POLYGON_IN, at(0.0, 0.0), math.nan))
    assert not is_fence_item(item(16, at(0.0, 0.0)))
    assert fence_from([item(RETURN_POINT, at(0.0, 0.0))]) == Fence()


def test_it_keeps_out_of_an_exclusion_that_lies_in_its_way() -> None:
    flight = Flight()
    flight.take_off()
    pilot = flight.pilot
    pilot.take_fence(fence_from(box((0.0, 0.0, 150.0), is_in=True)
                                + circle((90.0, 0.0, 20.0), is_in=False)))  # fmt: skip
    pilot.reposition(at(90.0, 0.0), 30.0, None)
    assert flight.said[-1] == "Reposition is outside geofence"
    pilot.reposition(at(130.0, 0.0), 30.0, None)  # beyond it: PX4 looks at the place alone
    flight.until(Mode.RETURN)
    assert "Geofence: approaching or outside geofence" in flight.said
    assert pilot.model.east_m < 80.0


@pytest.mark.parametrize("is_flying", [False, True])
def test_an_area_that_home_or_the_aircraft_would_break_is_dropped_and_the_others_stay(
    is_flying: bool,
) -> None:
    flight = Flight()
    if is_flying:
        flight.take_off()
    good, without_home = box((0.0, 0.0, 100.0), is_in=True), circle((0.0, 0.0, 10.0), is_in=False)
    flight.pilot.take_fence(fence_from(good + without_home))
    assert flight.said[-1] == "Geofence invalid, doesn't contain Home position"
    assert flight.pilot.fence == fence_from(good)
    flight.pilot.model.east_m = 60.0
    flight.pilot.take_fence(fence_from(good + box((0.0, 0.0, 50.0), is_in=True)))
    assert len(flight.pilot.fence.areas) == (1 if is_flying else 2)
    said = "Geofence invalid, doesn't contain current vehicle position" in flight.said
    assert said is is_flying
