"""The simulated airframe in wind, over hills and on its battery: what it can and cannot do."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.battery import Battery
from sim.flight_model import FlightModel, Target
from sim.terrain import Terrain, hill
from sim.wind import Wind
from tests.unit.test_sim_flight import STEP_S, Flight, at

winds = st.builds(
    Wind.blowing, st.floats(0.0, 25.0), st.floats(0.0, 360.0), gust_m_s=st.floats(0.0, 4.0),
    seed=st.integers(0, 99),
)  # fmt: skip
hills = st.builds(
    hill, east_m=st.floats(-150.0, 150.0), north_m=st.floats(-150.0, 150.0),
    height_m=st.floats(0.0, 60.0), width_m=st.floats(20.0, 80.0),
)  # fmt: skip
places = st.floats(-200.0, 200.0)


@settings(max_examples=40, deadline=None)
@given(winds, hills, places, places, st.floats(-5.0, 80.0), st.floats(0.3, 1.0))
def test_it_is_never_below_the_ground_whatever_blows_rises_or_fails(
    wind: Wind, terrain: Terrain, east_m: float, north_m: float, up_m: float, thrust: float
) -> None:
    model = FlightModel(wind=wind, terrain=terrain, up_m=20.0)
    model.up_m = max(model.up_m, model.ground_up_m)
    model.target = Target(east_m=east_m, north_m=north_m, up_m=up_m, speed_m_s=8.0)
    for step in range(400):
        model.thrust_share = thrust if step > 200 else 1.0
        model.step(STEP_S)
        assert model.height_agl_m >= -1e-6


@settings(max_examples=40, deadline=None)
@given(winds, places, places, st.floats(2.0, 60.0), st.floats(1.0, 10.0))
def test_speed_climb_and_tilt_stay_within_their_limits_in_any_wind(
    wind: Wind, east_m: float, north_m: float, up_m: float, speed_m_s: float
) -> None:
    model = FlightModel(wind=wind)
    model.target = Target(east_m=east_m, north_m=north_m, up_m=up_m, speed_m_s=speed_m_s)
    for _ in range(400):
        model.step(STEP_S)
        assert max(abs(angle) for angle in model.tilt_deg()) <= 35.0 + 1e-6
        assert -1.5 - 1e-6 <= model.up_m_s <= 2.5 + 1e-6
        blown_m_s = math.hypot(wind.mean_east_m_s, wind.mean_north_m_s) + 5.0 * wind.gust_m_s
        assert model.speed_m_s <= max(speed_m_s, blown_m_s) + 1e-6 + speed_m_s


@settings(max_examples=40, deadline=None)
@given(winds, places, places, st.floats(5.0, 60.0))
def test_energy_never_rises_in_flight(
    wind: Wind, east_m: float, north_m: float, up_m: float
) -> None:
    flight = Flight()
    flight.pilot.model.wind = wind
    flight.pilot.model.up_m = up_m
    assert flight.pilot.arm()
    flight.pilot.reposition(at(east_m, north_m), up_m, None)
    before_pct, before_wh = flight.pilot.battery.charge_pct, flight.pilot.battery.drawn_wh
    for _ in range(150):
        flight.fly(STEP_S)
        if flight.pilot.model.is_on_ground:
            return
        assert flight.pilot.battery.charge_pct < before_pct
        assert flight.pilot.battery.drawn_wh > before_wh
        before_pct, before_wh = flight.pilot.battery.charge_pct, flight.pilot.battery.drawn_wh


def test_it_holds_its_place_in_a_wind_it_can_take_and_is_blown_away_by_one_it_cannot() -> None:
    off_m = []
    for speed_m_s in (10.0, 22.0):
        flight = Flight()
        flight.take_off()
        flight.pilot.model.wind = Wind.blowing(speed_m_s, 270.0)
        flight.fly(60.0)
        off_m.append(flight.pilot.model.east_m)
    assert abs(off_m[0]) < 5.0
    assert off_m[1] > 100.0


def test_the_same_seed_blows_the_same_gusts_and_another_does_not() -> None:
    def gusts(seed: int) -> list[float]:
        wind = Wind.blowing(5.0, 0.0, gust_m_s=2.0, seed=seed)
        found = []
        for _ in range(200):
            wind.step(STEP_S)
            found.append(wind.north_m_s)
        return found

    assert gusts(3) == gusts(3)
    assert gusts(3) != gusts(4)
    assert max(abs(gust + 5.0) for gust in gusts(3)) <= 6.0  # three standard deviations


def test_flying_against_wind_and_climbing_cost_more_than_hovering() -> None:
    def power_w(model: FlightModel) -> float:
        drawn = Battery()
        for _ in range(100):
            model.step(STEP_S)
            drawn.drain(model.power_w, STEP_S)
        return drawn.drawn_wh * 360.0

    hover = power_w(FlightModel(up_m=30.0))
    windy = FlightModel(up_m=30.0, wind=Wind.blowing(10.0, 0.0))
    windy.target = Target(east_m=0.0, north_m=0.0, up_m=30.0, speed_m_s=5.0)
    climbing = FlightModel(
        up_m=30.0, target=Target(east_m=0.0, north_m=0.0, up_m=200.0, speed_m_s=5.0)
    )
    assert hover == pytest.approx(205.0, abs=2.0)
    assert power_w(windy) > 1.2 * hover
    assert power_w(climbing) > 1.2 * hover


@given(st.floats(0.0, 100.0), st.floats(0.0, 100.0), st.floats(10.0, 400.0))
def test_voltage_falls_with_charge_and_sags_with_load(
    one_pct: float, other_pct: float, power_w: float
) -> None:
    low, high = (Battery(charge_pct=pct, power_w=power_w) for pct in sorted((one_pct, other_pct)))
    assert low.voltage_v <= high.voltage_v + 1e-9
    assert high.voltage_v < high.open_v
    assert 12.0 < low.open_v <= high.open_v < 17.0


def test_motors_that_lost_half_their_thrust_cannot_hold_it_up() -> None:
    flight = Flight()
    flight.take_off()
    flight.pilot.model.thrust_share = 0.4
    flight.fly(6.0)
    assert flight.pilot.model.up_m < 10.0
