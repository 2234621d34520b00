"""The simulated autopilot further: sticks, ways home, orbits, missions, motors, wind and power."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.autopilot import LAND_HERE, RETURN, ROI, TAKE_OFF, WAYPOINT, Item, Mode
from sim.faults import Fault
from sim.sticks import Sticks
from sim.terrain import flat, hill
from tests.unit.test_sim_flight import (
    FRAME,
    HOME,
    STEP_S,
    Flight,
    a_fence,
    a_waypoint,
    at,
    on_a_mission,
)

places = st.floats(-200.0, 200.0)


# --- arming and motors


def test_it_disarms_by_itself_eleven_seconds_after_arming_on_the_ground() -> None:
    flight = Flight()
    assert flight.pilot.arm()
    while flight.pilot.is_armed:
        flight.fly(STEP_S)
        assert flight.flown_s < 12.0
    assert flight.flown_s == pytest.approx(11.0, abs=0.3)
    assert flight.said == ["Armed by external command", "Disarmed by auto preflight disarming"]


def test_a_person_has_those_eleven_seconds_however_fast_the_world_runs() -> None:
    flight = Flight()
    assert flight.pilot.arm()
    for _ in range(100):
        flight.pilot.step(1.0, 0.1)
    assert flight.pilot.is_armed


def test_a_disarm_in_the_air_is_denied_and_a_kill_lets_it_fall() -> None:
    flight = Flight()
    flight.take_off()
    assert not flight.pilot.disarm()
    assert flight.said[-1] == "Disarming denied: not landed"
    assert flight.pilot.is_armed
    flight.pilot.kill()
    flight.fly(4.0)
    assert flight.pilot.model.is_on_ground
    assert not flight.pilot.is_armed


def test_the_battery_is_full_again_after_landing() -> None:
    flight = Flight()
    flight.take_off()
    flight.fly(30.0)
    flight.pilot.land()
    assert flight.pilot.battery_pct < 98.0
    flight.until_down()
    assert flight.pilot.battery_pct == 100.0
    assert "Takeoff detected" in flight.said


# --- a pilot's sticks


def test_moved_sticks_take_over_fly_and_give_back_at_a_mode_command() -> None:
    flight = on_a_mission(400.0)
    flight.pilot.sticks = Sticks(pitch=0.2)  # less than COM_RC_STICK_OV
    assert flight.modes(1.0) == [Mode.MISSION]
    flight.pilot.sticks = Sticks(roll=-1.0)
    assert flight.modes(1.0) == [Mode.MISSION, Mode.POSITION]
    assert flight.said[-1] == "Pilot took over using sticks"
    flight.fly(6.0)
    north_m_s = flight.pilot.model.north_m_s  # it faced east: left is north
    assert north_m_s == pytest.approx(10.0, abs=0.1)
    flight.pilot.sticks = Sticks()
    flight.fly(8.0)
    assert flight.pilot.model.speed_m_s < 0.1
    assert flight.pilot.mode is Mode.POSITION
    flight.pilot.start_mission()
    assert flight.modes(2.0) == [Mode.MISSION]


def test_sticks_may_be_forbidden_to_take_over() -> None:
    flight = on_a_mission(400.0)
    flight.pilot.parameters.put("COM_RC_OVERRIDE", 0)
    flight.pilot.sticks = Sticks(roll=-1.0)
    assert flight.modes(2.0) == [Mode.MISSION]


def test_sticks_take_over_a_return_that_a_fail_safe_began() -> None:
    flight = on_a_mission(400.0)
    flight.pilot.station_silent_s = 60.0
    flight.until(Mode.RETURN)
    flight.pilot.sticks = Sticks(throttle=1.0)
    assert flight.modes(1.0) == [Mode.RETURN, Mode.POSITION]


def test_a_transmitter_that_falls_silent_brings_it_home() -> None:
    flight = on_a_mission(400.0)
    flight.pilot.sticks = Sticks()
    flight.fly(1.0)
    flight.pilot.sticks = None
    assert flight.modes(6.0) == [Mode.MISSION, Mode.HOLD, Mode.RETURN]
    excepted = on_a_mission(400.0)
    excepted.pilot.parameters.put("COM_RCL_EXCEPT", 1)
    excepted.pilot.sticks = Sticks()
    excepted.fly(1.0)
    excepted.pilot.sticks = None
    assert excepted.modes(6.0) == [Mode.MISSION]


def test_a_pilot_can_take_off_and_land_by_the_sticks() -> None:
    flight = Flight()
    assert flight.pilot.arm()
    flight.pilot.fly_by_sticks()
    flight.pilot.sticks = Sticks(throttle=1.0)
    flight.fly(5.0)
    assert flight.pilot.model.up_m > 8.0
    flight.pilot.sticks = Sticks(throttle=-1.0)
    flight.until_down()
    assert flight.said[-2:] == ["Landing detected", "Disarmed by landing"]


# --- ways home


def landed_at(return_type: int, *, with_landing: bool, rally: bool) -> tuple[float, float]:
    flight = Flight()
    flight.pilot.mission = [a_waypoint(0.0, 60.0), a_waypoint(60.0, 60.0), a_waypoint(60.0, 0.0)]
    if with_landing:
        flight.pilot.mission.append(
            Item(command=LAND_HERE, params=(0.0, 0.0, 0.0, 0.0), point=at(90.0, 0.0), up_m=0.0)
        )
    if rally:
        flight.pilot.rally = [at(30.0, 70.0), at(200.0, 200.0)]
    flight.pilot.parameters.put("RTL_TYPE", return_type)
    flight.take_off()
    flight.pilot.start_mission()
    while len(flight.reached) < 1:
        flight.fly(STEP_S)
    flight.fly(4.0)
    flight.pilot.return_home()
    flight.until_down()
    return round(flight.pilot.model.east_m), round(flight.pilot.model.north_m)


@pytest.mark.parametrize(
    ("return_type", "with_landing", "rally", "place"),
    [
        (0, False, False, (0, 0)), (0, False, True, (30, 70)), (0, True, False, (0, 0)),
        (1, False, True, (30, 70)), (1, False, False, (0, 0)), (1, True, False, (90, 0)),
        (2, False, True, (0, 0)), (2, True, True, (90, 0)), (3, False, True, (30, 70)),
        (4, True, True, (0, 0)),
    ],
)  # fmt: skip
def test_it_returns_to_where_the_return_type_says(
    return_type: int, with_landing: bool, rally: bool, place: tuple[int, int]
) -> None:
    assert landed_at(return_type, with_landing=with_landing, rally=rally) == pytest.approx(
        place, abs=1.1
    )


def test_a_return_along_the_mission_passes_its_waypoints_backwards() -> None:
    flight = Flight()
    flight.pilot.mission = [a_waypoint(0.0, 60.0), a_waypoint(60.0, 60.0), a_waypoint(60.0, 0.0)]
    flight.pilot.parameters.put("RTL_TYPE", 2)
    flight.take_off()
    flight.pilot.start_mission()
    while len(flight.reached) < 2:
        flight.fly(STEP_S)
    flight.fly(5.0)
    flight.pilot.return_home()
    nearest_m = [math.inf, math.inf]
    while flight.pilot.is_armed:
        flight.fly(STEP_S)
        model = flight.pilot.model
        corner_m = math.hypot(model.east_m - 60.0, model.north_m - 60.0)
        middle_m = math.hypot(model.east_m - 30.0, model.north_m - 30.0)
        nearest_m = [min(nearest_m[0], corner_m), min(nearest_m[1], middle_m)]
        assert flight.flown_s < 400.0
    assert nearest_m[0] < 2.0
    assert nearest_m[1] > 20.0  # not straight home


# --- missions, orbits, the camera


def test_from_the_ground_a_mission_rises_before_it_goes_and_ends_with_its_landing() -> None:
    flight = Flight()
    flight.pilot.mission = [
        Item(command=TAKE_OFF, params=(0.0, 0.0, 0.0, math.nan), point=HOME, up_m=12.0),
        a_waypoint(40.0, 0.0, 12.0),
        Item(command=LAND_HERE, params=(0.0, 0.0, 0.0, 0.0), point=at(40.0, 30.0), up_m=0.0),
    ]
    assert flight.pilot.arm()
    flight.pilot.start_mission()
    while flight.pilot.model.speed_m_s < 0.5:
        flight.fly(STEP_S)
    assert flight.pilot.model.up_m > 11.0
    flight.until_down()
    assert flight.reached == [0, 1]
    assert flight.pilot.model.east_m == pytest.approx(40.0, abs=1.0)
    assert flight.pilot.model.north_m == pytest.approx(30.0, abs=1.0)


def test_a_waypoint_holds_as_long_as_it_says_and_a_return_item_returns() -> None:
    flight = Flight()
    flight.pilot.mission = [
        Item(command=WAYPOINT, params=(20.0, 0.0, 0.0, 90.0), point=at(20.0, 0.0), up_m=30.0),
        Item(command=RETURN, params=(0.0, 0.0, 0.0, 0.0), point=None, up_m=0.0),
    ]
    flight.take_off()
    flight.pilot.start_mission()
    flight.fly(20.0)
    assert flight.pilot.model.distance_m() < 1.0
    assert flight.reached == []
    flight.until(Mode.RETURN, within_s=30.0)
    assert flight.flown_s > 40.0


@settings(max_examples=20, deadline=None)
@given(
    st.floats(10.0, 60.0), st.sampled_from([-1.0, 1.0]), st.floats(1.0, 8.0),
    st.tuples(places, places),
)  # fmt: skip
def test_an_orbit_keeps_its_distance_and_looks_at_its_middle(
    radius_m: float, turn: float, speed_m_s: float, middle: tuple[float, float]
) -> None:
    flight = Flight()
    flight.take_off()
    flight.pilot.orbit(at(*middle), 30.0, radius_m=radius_m * turn, speed_m_s=speed_m_s)
    assert flight.pilot.mode is Mode.ORBIT
    model = flight.pilot.model

    def off() -> tuple[float, float]:
        return model.east_m - middle[0], model.north_m - middle[1]

    flight.fly(math.hypot(*middle) / min(speed_m_s, 4.0) + 3.0 * radius_m / speed_m_s + 20.0)
    for _ in range(50):
        before = math.atan2(*off())
        flight.fly(STEP_S)
        east, north = off()
        assert math.hypot(east, north) == pytest.approx(radius_m, abs=2.5)
        inward_deg = math.degrees(math.atan2(-east, -north)) % 360.0
        assert abs((model.heading_deg - inward_deg + 180.0) % 360.0 - 180.0) < 15.0
        assert math.copysign(1.0, math.sin(math.atan2(east, north) - before)) == turn


def test_the_camera_keeps_a_place_in_sight_while_it_flies() -> None:
    flight = Flight()
    flight.pilot.mission = [
        Item(command=ROI, params=(0.0, 0.0, 0.0, 0.0), point=at(50.0, 50.0), up_m=0.0),
        a_waypoint(100.0, 0.0),
    ]
    flight.take_off()
    flight.pilot.start_mission()
    flight.fly(30.0)
    model = flight.pilot.model
    wanted = math.degrees(math.atan2(50.0 - model.east_m, 50.0 - model.north_m)) % 360.0
    assert model.gimbal_bearing_deg == pytest.approx(wanted, abs=2.0)


def test_a_change_of_height_keeps_the_place() -> None:
    flight = Flight()
    flight.take_off()
    flight.pilot.reposition(None, 45.0, None)
    flight.fly(20.0)
    assert flight.pilot.model.up_m == pytest.approx(45.0, abs=0.3)
    assert FRAME.to_enu(flight.pilot.position).distance_m(FRAME.to_enu(HOME)) < 0.5


def test_it_comes_home_over_a_hill_at_its_return_height_above_the_ground_there() -> None:
    flight = Flight()
    flight.pilot.model.terrain = hill(east_m=100.0, north_m=0.0, height_m=25.0, width_m=40.0)
    flight.take_off(40.0)
    flight.pilot.reposition(at(100.0, 0.0), 40.0, None)
    flight.fly(30.0)
    assert flight.pilot.model.height_agl_m == pytest.approx(15.0, abs=1.0)
    flight.pilot.land()
    flight.until_down()
    assert flight.pilot.model.up_m == pytest.approx(25.0, abs=0.5)
    assert flat(1.0, 2.0) == 0.0


@pytest.mark.timeout(60)  # twenty flights, each to its end
@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from(["hold", "mission", "home", "land", "link", "heard", "gnss", "fix",
                                 "push", "gone", "low", "orbit"]), max_size=12),
       st.integers(0, 3))  # fmt: skip
def test_whatever_happens_in_whatever_order_it_flies_one_known_mode_and_ends_on_the_ground(
    happenings: list[str], fence_action: int
) -> None:
    flight = on_a_mission(150.0)
    pilot = flight.pilot
    pilot.fence = a_fence(160.0)
    pilot.parameters.put("GF_ACTION", fence_action)
    deeds: dict[str, Callable[[], object]] = {
        "hold": pilot.hold, "mission": pilot.start_mission, "home": pilot.return_home,
        "land": pilot.land, "orbit": lambda: pilot.orbit(None, 20.0),
        "link": lambda: setattr(pilot, "station_silent_s", 20.0),
        "heard": lambda: setattr(pilot, "station_silent_s", 0.0),
        "gnss": lambda: pilot.faults.add(Fault.GNSS_LOST),
        "fix": lambda: pilot.faults.discard(Fault.GNSS_LOST),
        "push": lambda: setattr(pilot, "sticks", Sticks(roll=1.0)),
        "gone": lambda: setattr(pilot, "sticks", None),
        "low": lambda: setattr(pilot, "battery_pct", min(pilot.battery_pct, 6.0)),
    }  # fmt: skip
    for happening in happenings:
        deeds[happening]()
        flight.fly(7.0)
        assert pilot.model.height_agl_m >= -1e-6
        assert pilot.is_armed or pilot.model.is_on_ground
    pilot.sticks = None
    pilot.faults.clear()
    while pilot.is_armed:
        if pilot.mode is not Mode.LAND:
            pilot.land()  # a breach of the fence on the way down holds it; the pilot asks again
        flight.fly(1.0)
        assert flight.flown_s < 900.0, pilot.mode


def test_an_empty_battery_lets_it_fall() -> None:
    flight = Flight()
    flight.take_off()
    flight.pilot.parameters.put("COM_LOW_BAT_ACT", 0)
    flight.pilot.battery_pct = 0.01
    flight.fly(5.0)
    assert flight.pilot.model.is_on_ground
