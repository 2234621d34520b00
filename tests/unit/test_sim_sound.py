"""How loud the loudspeaker is at an ear, and who understands it."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patrol.geo import Enu, GeoPoint
from sim.scenario import Gathering, Scenario
from sim.sound import EAR_HEIGHT_M, heard_at, level_dba
from sim.weather import CLEAR_DAY, Weather
from sim.world import make_world

EAR = Enu(east_m=0.0, north_m=0.0)
SCENARIO = Scenario(
    home=GeoPoint(lat_deg=23.28, lon_deg=116.73),
    home_elevation_amsl_m=12.0,
    start_utc=datetime(2026, 11, 24, 1, 30, tzinfo=UTC),
    gathering=Gathering(place=GeoPoint(lat_deg=23.28, lon_deg=116.73), response="stubborn"),
)


def speaker(slant_m: float, bearing_deg: float = 0.0) -> Enu:
    """Level with the ear."""
    bearing_rad = math.radians(bearing_deg)
    return Enu(
        east_m=slant_m * math.sin(bearing_rad), north_m=slant_m * math.cos(bearing_rad),
        up_m=EAR_HEIGHT_M,
    )  # fmt: skip


def level_from(slant_m: float, bearing_deg: float = 0.0, weather: Weather = CLEAR_DAY) -> float:
    return level_dba(EAR, speaker=speaker(slant_m, bearing_deg), spl_1m_dba=110.0, weather=weather)


@pytest.mark.parametrize(("slant_m", "domain_dba"), [(40.0, 78.0), (60.0, 74.0), (100.0, 70.0)])
def test_the_levels_are_those_of_the_domain_less_what_the_air_takes(
    slant_m: float, domain_dba: float
) -> None:
    assert level_from(slant_m) == pytest.approx(domain_dba - 0.007 * slant_m, abs=0.5)


@given(st.floats(1.0, 500.0), st.floats(1.0, 500.0), st.floats(0.0, 360.0), st.floats(0.0, 30.0))
def test_nothing_gets_louder_with_distance_in_any_wind(
    one_m: float, other_m: float, bearing_deg: float, wind_m_s: float
) -> None:
    weather = Weather(wind_m_s=wind_m_s, wind_from_true_deg=70.0)
    near_m, far_m = sorted((one_m, other_m))
    near = level_from(near_m, bearing_deg, weather)
    assert level_from(far_m, bearing_deg, weather) <= near + 1e-9


@given(st.floats(2.0, 400.0), st.floats(0.0, 360.0), st.floats(0.0, 40.0))
def test_the_wind_only_takes_and_only_from_those_it_blows_away_from(
    slant_m: float, bearing_deg: float, wind_m_s: float
) -> None:
    windy = Weather(wind_m_s=wind_m_s, wind_from_true_deg=bearing_deg)
    calm_dba = level_from(slant_m, bearing_deg)
    # The wind comes from where the loudspeaker is and carries the sound to the ear.
    assert level_from(slant_m, bearing_deg, windy) == pytest.approx(calm_dba, abs=1e-6)
    assert calm_dba - 20.0 - 1e-6 <= level_from(slant_m, bearing_deg + 180.0, windy)
    assert level_from(slant_m, bearing_deg + 180.0, windy) <= calm_dba + 1e-6


def test_ten_metres_a_second_against_the_sound_take_eight_decibels_at_a_hundred_metres() -> None:
    against = Weather(wind_m_s=10.0, wind_from_true_deg=180.0)  # the loudspeaker is in the north
    assert level_from(100.0) - level_from(100.0, weather=against) == pytest.approx(8.0)


def test_words_are_understood_ten_decibels_above_the_street() -> None:
    def is_understood(slant_m: float, ambient_dba: float) -> bool:
        weather = replace(CLEAR_DAY, ambient_dba=ambient_dba)
        there = speaker(slant_m)
        return heard_at(EAR, speaker=there, spl_1m_dba=110.0, weather=weather).is_understood

    assert is_understood(150.0, 55.0)
    assert not is_understood(165.0, 55.0)
    assert is_understood(60.0, 63.0)
    assert not is_understood(60.0, 64.0)


def test_a_loudspeaker_must_outdo_the_aircraft_that_carries_it() -> None:
    quiet = replace(CLEAR_DAY, ambient_dba=20.0)
    near = speaker(30.0)
    assert heard_at(EAR, speaker=near, spl_1m_dba=89.0, weather=quiet).is_understood
    assert not heard_at(EAR, speaker=near, spl_1m_dba=87.0, weather=quiet).is_understood


def test_against_a_storm_fewer_understand_than_with_it() -> None:
    def understood(wind_from_deg: float) -> int:
        weather = Weather(wind_m_s=14.0, wind_from_true_deg=wind_from_deg)
        world = make_world(replace(SCENARIO, weather=weather), 1)
        place = Enu(east_m=0.0, north_m=100.0, up_m=30.0)
        return world.hear(speaker=place, spl_1m_dba=110.0, finished_s=100.0)

    assert understood(0.0) == 32
    assert understood(180.0) == 0
