"""The simulated aircraft without its satellites or its motors, as PX4 v1.16 flies and speaks."""

from __future__ import annotations

import pytest

from sim.autopilot import Mode
from sim.faults import Fault
from sim.sticks import Sticks
from sim.wind import Wind
from tests.unit.test_sim_flight import Flight, at, on_a_mission

CENTRED = Sticks()


def blind() -> Flight:
    """In the air, in a wind of 5 m/s from the west, and without a position."""
    flight = Flight()
    flight.take_off(60.0)
    flight.pilot.model.wind = Wind.blowing(5.0, 270.0)
    flight.fly(20.0)
    flight.said.clear()
    flight.pilot.faults.add(Fault.GNSS_LOST)
    flight.until(Mode.LAND, Mode.ALTITUDE)
    return flight


def test_lost_satellites_are_told_when_they_go_when_it_fails_and_when_they_come() -> None:
    flight = blind()
    flight.fly(1.0)
    assert flight.said == ["GNSS data fusion stopped", "Failsafe activated"]
    flight.pilot.faults.discard(Fault.GNSS_LOST)
    flight.fly(1.0)
    assert flight.said[2:] == ["GNSS data fusion started"]
    assert flight.pilot.mode is Mode.HOLD


def test_while_it_comes_down_blind_the_wind_carries_it() -> None:
    flight = blind()
    start_m = flight.pilot.model.east_m
    flight.fly(20.0)
    assert flight.pilot.model.east_m - start_m > 40.0
    assert flight.pilot.model.up_m < 40.0


def test_blind_it_refuses_what_needs_a_position_and_lands_all_the_same() -> None:
    pilot = blind().pilot
    allowed = {mode for mode in Mode if pilot.may_choose(mode)}
    assert not allowed & {Mode.HOLD, Mode.MISSION, Mode.RETURN, Mode.TAKE_OFF, Mode.ORBIT}
    assert {Mode.LAND, Mode.POSITION, Mode.ALTITUDE} <= allowed
    pilot.refuse(Mode.HOLD)
    assert pilot.mode is Mode.LAND


@pytest.mark.parametrize(("response", "mode"), [(0, Mode.ALTITUDE), (1, Mode.LAND)])
def test_a_pilot_who_takes_over_blind_gets_what_the_parameter_says(
    response: int, mode: Mode
) -> None:
    flight = blind()
    flight.pilot.parameters.put("COM_POSCTL_NAVL", response)
    flight.pilot.sticks = Sticks(pitch=1.0)
    flight.fly(1.0)
    assert "Pilot took over using sticks" in flight.said
    assert flight.pilot.mode is mode
    flight.pilot.faults.discard(Fault.GNSS_LOST)
    flight.fly(1.0)
    assert flight.pilot.mode is Mode.POSITION


def test_in_altitude_mode_the_sticks_lean_it_and_let_go_it_drifts() -> None:
    flight = Flight()
    flight.take_off()
    flight.pilot.sticks = CENTRED
    flight.pilot.fly_by_tilt()
    flight.pilot.sticks = Sticks(pitch=0.5, throttle=0.5)  # the nose is to the north
    flight.fly(4.0)
    model = flight.pilot.model
    assert model.north_m > 10.0
    assert model.up_m > 33.0
    flight.pilot.sticks = CENTRED
    model.wind = Wind.blowing(8.0, 0.0)  # back to the south
    flight.fly(30.0)
    assert model.north_m_s < -5.0
    assert abs(model.up_m_s) < 0.1
    assert flight.pilot.mode is Mode.ALTITUDE


def test_a_battery_that_fails_while_it_is_blind_cannot_bring_it_home() -> None:
    flight = blind()
    flight.pilot.sticks = Sticks(throttle=1.0)
    flight.until(Mode.ALTITUDE)
    flight.pilot.sticks = CENTRED
    flight.pilot.battery_pct = 6.0
    assert flight.modes(8.0) == [Mode.ALTITUDE, Mode.LAND]


@pytest.mark.parametrize(
    ("action", "modes"),
    [
        (0, [Mode.MISSION]), (1, [Mode.MISSION, Mode.HOLD]),
        (2, [Mode.MISSION, Mode.HOLD, Mode.LAND]), (3, [Mode.MISSION, Mode.HOLD, Mode.RETURN]),
    ],
)  # fmt: skip
def test_a_motor_that_fails_is_told_and_answered_as_the_parameter_says(
    action: int, modes: list[Mode]
) -> None:
    flight = on_a_mission(400.0)
    flight.said.clear()
    flight.pilot.parameters.put("COM_ACT_FAIL_ACT", action)
    flight.pilot.model.thrust_share = 0.7
    assert flight.modes(6.0) == modes
    assert flight.said[0] == "Preflight Fail: Motor failure detected"
    assert flight.said[1].startswith("Failsafe activated")


@pytest.mark.parametrize(("breaker", "is_ended"), [(121212, False), (0, True)])
def test_an_attitude_that_is_lost_is_told_and_ends_the_flight_only_where_that_is_allowed(
    breaker: int, is_ended: bool
) -> None:
    flight = on_a_mission(400.0)
    flight.pilot.parameters.put("CBRK_FLIGHTTERM", breaker)
    flight.pilot.model.thrust_share = 0.4
    flight.fly(0.4)
    assert "Preflight Fail: Attitude failure (roll)" not in flight.said
    flight.fly(1.0)
    assert "Preflight Fail: Attitude failure (roll)" in flight.said
    assert flight.pilot.model.tilt_deg()[0] > 60.0
    assert flight.pilot.is_armed is not is_ended
    flight.pilot.model.thrust_share = 1.0
    flight.fly(3.0)
    if not is_ended:
        assert abs(flight.pilot.model.tilt_deg()[0]) < 40.0


def test_orders_beyond_the_fence_or_above_it_are_refused_in_px4s_words() -> None:
    flight = Flight()
    flight.take_off()
    flight.pilot.parameters.put("GF_MAX_VER_DIST", 50.0)
    flight.pilot.reposition(None, 60.0, None)
    assert flight.said[-1] == "Altitude change is outside geofence"
    flight.pilot.parameters.put("GF_ACTION", 0)
    flight.pilot.reposition(at(0.0, 0.0), 60.0, None)
    flight.fly(20.0)
    assert flight.pilot.model.up_m > 55.0
