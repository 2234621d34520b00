"""The simulated autopilot's fail-safes: fence, battery, link and satellites, as PX4 reacts."""

from __future__ import annotations

import pytest

from sim.autopilot import Mode
from sim.faults import Fault
from tests.unit.test_sim_flight import Flight, a_fence, at, on_a_mission


@pytest.mark.parametrize(
    ("action", "modes"),
    [
        (0, [Mode.HOLD]), (1, [Mode.HOLD]), (2, [Mode.HOLD]), (3, [Mode.HOLD, Mode.RETURN]),
        (4, [Mode.HOLD]), (5, [Mode.HOLD, Mode.LAND]),
    ],
)  # fmt: skip
def test_beyond_the_fence_it_does_what_its_parameter_says(action: int, modes: list[Mode]) -> None:
    flight = Flight()
    flight.take_off()
    flight.said.clear()
    flight.pilot.parameters.put("GF_ACTION", action)
    flight.pilot.reposition(at(80.0, 0.0), 30.0, None)
    flight.pilot.fence = a_fence(50.0)  # now: it would not set out for a place beyond
    shown = flight.modes(40.0)
    assert shown == modes
    if action == 0:
        assert flight.said == []
        return
    assert flight.said[0] == "Geofence: approaching or outside geofence"
    if action in (3, 5):
        assert flight.said[1] == "Failsafe activated: entering Hold for 5 seconds"
    assert "Failsafe activated" in flight.said
    assert flight.pilot.is_armed is (action != 4)


def test_a_place_beyond_the_fence_is_not_flown_to() -> None:
    flight = Flight()
    flight.pilot.fence = a_fence(50.0)
    flight.take_off()
    flight.pilot.reposition(at(80.0, 0.0), 30.0, None)
    flight.pilot.orbit(at(0.0, 80.0), 30.0)
    flight.fly(20.0)
    assert flight.pilot.model.distance_m() < 1.0
    assert flight.said[-2:] == ["Reposition is outside geofence", "Orbit is outside geofence"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("GF_MAX_HOR_DIST", "Geofence: exceeding maximum distance to Home"),
        ("GF_MAX_VER_DIST", "Geofence: exceeding maximum altitude above Home"),
    ],
)
def test_the_simple_limits_are_a_fence_too(name: str, text: str) -> None:
    flight = Flight()
    flight.take_off()
    flight.pilot.parameters.put(name, 40.0)
    flight.pilot.reposition(at(60.0, 0.0), 60.0, None)
    assert flight.said[-1] == "Reposition is outside geofence"
    flight.pilot.parameters.put(name, 0.0)
    flight.pilot.reposition(at(60.0, 0.0), 60.0, None)
    flight.pilot.parameters.put(name, 40.0)
    flight.until(Mode.RETURN)
    assert text in flight.said


def test_the_battery_empties_in_the_air_and_a_critical_one_brings_it_home_after_a_hold() -> None:
    flight = Flight()
    flight.take_off()
    before_pct = flight.pilot.battery_pct
    flight.fly(15.0)
    assert before_pct - flight.pilot.battery_pct == pytest.approx(1.0, abs=0.05)
    flight.said.clear()
    flight.pilot.battery_pct = 14.9
    assert flight.modes(10.0) == [Mode.HOLD]
    assert flight.said == ["Low battery", "Failsafe activated"]
    flight.pilot.battery_pct = 6.9
    flight.pilot.parameters.put("BAT_EMERGEN_THR", 0.0)
    assert flight.modes(4.5) == [Mode.HOLD]
    assert flight.said[2:] == [
        "Critical battery", "Failsafe activated: entering Hold for 5 seconds",
    ]  # fmt: skip
    assert flight.modes(1.0) == [Mode.HOLD, Mode.RETURN]
    assert flight.said[4:] == ["Failsafe activated"]


@pytest.mark.parametrize(
    ("action", "at_7_pct", "at_5_pct"),
    [(0, Mode.HOLD, Mode.HOLD), (2, Mode.LAND, Mode.LAND), (3, Mode.RETURN, Mode.LAND)],
)
def test_the_battery_action_parameter_decides(action: int, at_7_pct: Mode, at_5_pct: Mode) -> None:
    flight = Flight()
    flight.pilot.parameters.put("COM_LOW_BAT_ACT", action)
    flight.take_off()
    flight.pilot.battery_pct = 6.9
    flight.fly(6.0)
    assert flight.pilot.mode is at_7_pct
    flight.pilot.battery_pct = 4.9
    flight.fly(6.0)
    assert flight.pilot.mode is at_5_pct
    assert "Emergency battery level" in flight.said


def test_an_almost_empty_battery_lands_it_at_once_though_it_was_returning() -> None:
    flight = Flight()
    flight.take_off()
    flight.pilot.parameters.put("COM_FAIL_ACT_T", 0.0)
    flight.pilot.return_home()
    flight.pilot.battery_pct = 4.9
    flight.fly(1.0)
    assert flight.pilot.mode is Mode.LAND
    assert flight.said[-2:] == ["Emergency battery level", "Failsafe activated"]


@pytest.mark.parametrize(
    ("action", "modes"),
    [
        (0, [Mode.MISSION]), (1, [Mode.MISSION, Mode.HOLD]),
        (2, [Mode.MISSION, Mode.HOLD, Mode.RETURN]), (3, [Mode.MISSION, Mode.HOLD, Mode.LAND]),
    ],
)  # fmt: skip
def test_a_silent_ground_station_is_answered_as_the_parameter_says(
    action: int, modes: list[Mode]
) -> None:
    flight = on_a_mission(400.0)
    flight.pilot.parameters.put("NAV_DLL_ACT", action)
    flight.pilot.station_silent_s = 9.9
    assert flight.modes(2.0) == [Mode.MISSION]
    flight.pilot.station_silent_s = 10.1
    assert [Mode.MISSION, *flight.modes(4.8)][-1] is modes[min(1, len(modes) - 1)]
    assert [Mode.MISSION, *flight.modes(1.0)][-1] is modes[-1]
    assert "Connection to ground station lost" in flight.said
    flight.pilot.station_silent_s = 0.1
    flight.fly(1.0)
    assert flight.pilot.mode is modes[-1]  # it goes on though the link is back
    assert flight.said[-1] == "GCS connection regained"


def test_after_a_link_loss_a_mode_command_ends_the_return_and_the_mission_goes_on() -> None:
    flight = on_a_mission(400.0)
    flight.pilot.station_silent_s = 10.1
    flight.until(Mode.RETURN)
    assert flight.pilot.is_failsafe
    flight.pilot.station_silent_s = 0.0
    flight.pilot.start_mission()
    assert flight.modes(5.0) == [Mode.MISSION]
    assert not flight.pilot.is_failsafe


def test_without_satellites_it_lands_after_five_seconds_and_goes_on_when_they_are_back() -> None:
    flight = on_a_mission(400.0)
    flight.pilot.faults.add(Fault.GNSS_LOST)
    assert flight.modes(4.9) == [Mode.MISSION]
    assert flight.modes(3.0) == [Mode.MISSION, Mode.LAND]
    assert flight.pilot.is_failsafe
    assert not flight.pilot.has_position
    flight.pilot.faults.discard(Fault.GNSS_LOST)
    assert flight.modes(60.0) == [Mode.LAND, Mode.MISSION, Mode.HOLD]
    assert flight.reached == [0]
