"""The simulated aircraft without its wires: how it moves, and what its autopilot decides."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patrol.geo import Enu, GeoPoint, LocalFrame
from sim.autopilot import CHANGE_SPEED, GIMBAL, WAYPOINT, Autopilot, Item, Mode
from sim.fence import Fence, polygon
from sim.flight_model import FlightModel, Target, turned
from sim.parameters import Parameters

HOME = GeoPoint(lat_deg=23.28, lon_deg=116.72)
FRAME = LocalFrame(origin=HOME)
START = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)
STEP_S = 0.1
metres = st.floats(-300.0, 300.0)
angles = st.floats(-720.0, 720.0)


class Flight:
    """An autopilot that remembers what it said and reached."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.reached: list[int] = []
        self.pilot = Autopilot(
            home=HOME, parameters=Parameters(), say=lambda _, text: self.said.append(text),
            reached=self.reached.append,
        )  # fmt: skip
        self.flown_s = 0.0

    def fly(self, duration_s: float) -> None:
        for _ in range(round(duration_s / STEP_S)):
            self.pilot.step(STEP_S)
        self.flown_s += duration_s

    def until(self, *modes: Mode, within_s: float = 300.0) -> None:
        """Fly on until the mode is one of these."""
        give_up_s = self.flown_s + within_s
        while self.pilot.mode not in modes:
            assert self.flown_s < give_up_s, f"still {self.pilot.mode} after {within_s} s"
            self.fly(STEP_S)

    def modes(self, duration_s: float) -> list[Mode]:
        """The modes that were flown in that time, in order, beginning with the one before."""
        seen = [self.pilot.mode]
        for _ in range(round(duration_s / STEP_S)):
            self.fly(STEP_S)
            if self.pilot.mode is not seen[-1]:
                seen.append(self.pilot.mode)
        return seen

    def take_off(self, up_m: float = 30.0) -> None:
        self.pilot.parameters.set_wire("MIS_TAKEOFF_ALT", up_m)
        assert self.pilot.arm()
        self.pilot.take_off()
        self.until(Mode.HOLD)
        self.fly(5.0)

    def until_down(self) -> None:
        give_up_s = self.flown_s + 300.0
        while self.pilot.is_armed:
            assert self.flown_s < give_up_s, "it never landed"
            self.fly(STEP_S)


def a_waypoint(east_m: float, north_m: float, up_m: float = 30.0) -> Item:
    return Item(command=WAYPOINT, params=(0.0, 2.0, 0.0, math.nan), point=at(east_m, north_m),
                up_m=up_m)  # fmt: skip


def at(east_m: float, north_m: float) -> GeoPoint:
    return FRAME.to_geo(Enu(east_m=east_m, north_m=north_m))


def a_fence(half_m: float) -> Fence:
    signs = ((-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0))
    return polygon([at(half_m * east, half_m * north) for east, north in signs])


def on_a_mission(east_m: float) -> Flight:
    flight = Flight()
    flight.pilot.mission = [a_waypoint(east_m, 0.0)]
    flight.take_off()
    flight.pilot.cruise_m_s = 10.0
    flight.pilot.start_mission()
    flight.fly(5.0)
    return flight


# --- the airframe


@given(angles, angles, st.floats(0.0, 90.0))
def test_it_turns_the_short_way_and_never_too_fast(a: float, b: float, most: float) -> None:
    after = turned(a, b, most)
    assert 0.0 <= after <= 360.0

    def off(x: float, y: float) -> float:
        return abs((y - x + 180.0) % 360.0 - 180.0)

    assert off(a, after) <= most + 1e-6
    assert off(after, b) <= max(off(a, b) - most, 0.0) + 1e-6


@settings(max_examples=60, deadline=None)
@given(metres, metres, st.floats(5.0, 100.0), st.floats(1.0, 10.0))
def test_it_gets_where_it_is_sent_and_stays_within_what_it_can(
    east_m: float, north_m: float, up_m: float, speed_m_s: float
) -> None:
    model = FlightModel(
        target=Target(east_m=east_m, north_m=north_m, up_m=up_m, speed_m_s=speed_m_s)
    )
    before = (0.0, 0.0, 0.0)
    for _ in range(6000):
        model.step(STEP_S)
        after = (model.east_m_s, model.north_m_s, model.up_m_s)
        assert model.speed_m_s <= speed_m_s + 1e-6
        assert -1.5 - 1e-6 <= model.up_m_s <= 2.5 + 1e-6
        assert math.dist(before[:2], after[:2]) <= 2.5 * STEP_S + 1e-6
        assert model.up_m >= 0.0
        before = after
        if model.distance_m() < 0.2 and abs(model.up_m - up_m) < 0.2 and model.speed_m_s < 0.5:
            return
    pytest.fail(f"never arrived: {model.distance_m():.1f} m off")


def test_the_gimbal_turns_at_its_own_rate_and_keeps_its_direction_on_the_earth() -> None:
    model = FlightModel(target=Target(east_m=300.0, north_m=0.0, up_m=30.0, speed_m_s=5.0))
    model.wanted_bearing_deg, model.wanted_pitch_deg = 300.0, -30.0
    model.step(0.25)
    assert model.gimbal_bearing_deg == pytest.approx(345.0, abs=0.1)
    assert model.gimbal_pitch_deg == pytest.approx(-15.0, abs=0.1)
    model.step(10.0)
    assert model.gimbal_bearing_deg == pytest.approx(300.0)
    assert model.gimbal_pitch_deg == pytest.approx(-30.0)


# --- the autopilot


def test_it_takes_off_to_its_height_and_holds_there() -> None:
    flight = Flight()
    flight.take_off(30.0)
    assert flight.pilot.mode is Mode.HOLD
    assert flight.pilot.model.up_m == pytest.approx(30.0, abs=0.5)
    assert math.hypot(flight.pilot.model.east_m, flight.pilot.model.north_m) < 0.5


def test_unarmed_it_neither_takes_off_nor_moves() -> None:
    flight = Flight()
    flight.pilot.take_off()
    flight.fly(10.0)
    assert flight.pilot.model.up_m == 0.0
    assert flight.pilot.battery_pct == 100.0


def test_a_mission_is_flown_in_order_and_ends_in_a_hold() -> None:
    flight = Flight()
    flight.pilot.mission = [
        Item(command=CHANGE_SPEED, params=(1.0, 4.0, -1.0, 0.0), point=None, up_m=0.0),
        a_waypoint(40.0, 0.0), a_waypoint(40.0, 40.0), a_waypoint(0.0, 40.0),
    ]  # fmt: skip
    flight.take_off()
    flight.pilot.start_mission()
    fastest = 0.0
    while flight.pilot.mode is Mode.MISSION:
        flight.fly(STEP_S)
        fastest = max(fastest, flight.pilot.model.speed_m_s)
        assert flight.flown_s < 200.0
    assert flight.reached == [0, 1, 2, 3]
    assert fastest == pytest.approx(4.0, abs=0.05)
    assert flight.pilot.mode is Mode.HOLD
    assert flight.pilot.is_mission_over
    assert flight.said[-1] == "Mission finished, loitering"


def test_a_hold_stops_it_and_a_new_start_goes_on_at_the_same_item() -> None:
    flight = Flight()
    flight.pilot.mission = [a_waypoint(0.0, 60.0), a_waypoint(60.0, 60.0)]
    flight.take_off()
    flight.pilot.start_mission()
    while not flight.reached:
        flight.fly(STEP_S)
    flight.fly(4.0)
    flight.pilot.hold()
    flight.fly(8.0)
    stopped_at = flight.pilot.position
    flight.fly(20.0)
    assert flight.pilot.model.speed_m_s < 0.1
    moved = FRAME.to_enu(flight.pilot.position).distance_m(FRAME.to_enu(stopped_at))
    assert moved < 0.3
    assert flight.pilot.current == 1
    flight.pilot.start_mission()
    flight.until(Mode.HOLD)
    assert flight.reached == [0, 1]


@settings(max_examples=40, deadline=None)
@given(st.floats(0.5, 8.0))
def test_a_hold_stops_within_the_way_that_its_braking_needs(run_up_s: float) -> None:
    flight = Flight()
    flight.pilot.mission = [a_waypoint(300.0, 0.0)]
    flight.take_off()
    flight.pilot.start_mission()
    flight.fly(run_up_s)
    speed, east_m = flight.pilot.model.speed_m_s, flight.pilot.model.east_m
    flight.pilot.hold()
    flight.fly(10.0)
    assert flight.pilot.model.speed_m_s < 0.1
    assert flight.pilot.model.east_m - east_m <= speed**2 / (2 * 1.75) + 1.0


@pytest.mark.parametrize("is_locked", [True, False])
def test_a_missions_camera_order_is_from_north_when_locked_and_else_from_the_nose(
    is_locked: bool,
) -> None:
    flight = Flight()
    order = Item(
        command=GIMBAL, params=(-27.0, 20.0, math.nan, math.nan), point=None,
        up_m=16.0 if is_locked else 0.0,
    )  # fmt: skip
    flight.take_off()
    flight.pilot.model.heading_deg = 90.0
    flight.pilot.mission = [order, a_waypoint(200.0, 0.0)]
    flight.pilot.start_mission()
    flight.fly(5.0)
    assert flight.pilot.model.gimbal_pitch_deg == pytest.approx(-27.0)
    bearing_deg = 20.0 if is_locked else 110.0
    assert flight.pilot.model.gimbal_bearing_deg == pytest.approx(bearing_deg, abs=0.5)


@pytest.mark.parametrize("mission", [[], [a_waypoint(9.0, 0.0)]])
def test_a_mission_that_was_chosen_on_the_ground_is_flown_once_armed_if_there_is_one(
    mission: list[Item],
) -> None:
    flight = Flight()
    flight.pilot.mission = mission
    flight.pilot.start_mission()
    flight.fly(5.0)
    assert (flight.pilot.mode, flight.pilot.model.up_m) == (Mode.MISSION, 0.0)
    assert flight.pilot.arm() == bool(mission)
    flight.fly(30.0)
    assert flight.reached == [0][: len(mission)]
    if not mission:
        assert flight.said == ["Arming denied: Resolve system health failures first"]


def test_a_take_off_that_was_chosen_on_the_ground_is_flown_once_armed() -> None:
    flight = Flight()
    flight.pilot.take_off()
    flight.fly(5.0)
    assert (flight.pilot.mode, flight.pilot.model.up_m) == (Mode.TAKE_OFF, 0.0)
    flight.pilot.hold()
    assert flight.pilot.mode is Mode.HOLD  # chosen otherwise before it was armed
    flight.pilot.take_off()
    assert flight.pilot.arm()
    assert flight.pilot.takeoff_count == 0
    flight.until(Mode.HOLD)
    assert flight.pilot.takeoff_count == 1
    assert flight.pilot.model.up_m > 2.0


@settings(max_examples=25, deadline=None)
@given(metres, metres)
def test_it_returns_high_enough_lands_at_home_and_disarms(east_m: float, north_m: float) -> None:
    flight = Flight()
    flight.take_off(10.0)
    flight.pilot.reposition(at(east_m, north_m), 10.0, None)
    flight.fly(20.0)
    flight.pilot.return_home()
    off_m = math.hypot(flight.pilot.model.east_m, flight.pilot.model.north_m)
    highest_m = 0.0
    give_up_s = flight.flown_s + 400.0
    while flight.pilot.is_armed:
        flight.fly(STEP_S)
        highest_m = max(highest_m, flight.pilot.model.up_m)
        assert flight.flown_s < give_up_s
    assert math.hypot(flight.pilot.model.east_m, flight.pilot.model.north_m) < 2.0
    assert flight.pilot.model.is_on_ground
    assert flight.said[-2:] == ["Landing detected", "Disarmed by landing"]
    if off_m > 5.0:
        assert highest_m == pytest.approx(30.0, abs=1.5)


def test_it_lands_where_it_is_when_told_to_land() -> None:
    flight = Flight()
    flight.take_off()
    flight.pilot.reposition(at(30.0, 0.0), 30.0, None)
    flight.fly(25.0)
    flight.pilot.land()
    assert flight.pilot.mode is Mode.LAND
    flight.until_down()
    assert flight.pilot.model.east_m == pytest.approx(30.0, abs=1.0)


@given(st.sampled_from(Parameters().names), st.integers(-(2**20), 2**20))
def test_a_parameter_comes_back_from_the_wire_as_it_was(name: str, value: int) -> None:
    parameters, other = Parameters(), Parameters()
    parameters._values[name] = float(value)
    other.set_wire(name, parameters.wire(name))
    assert other[name] == value
