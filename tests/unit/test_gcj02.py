"""The datum of Chinese web maps: the published shift, and the exact way back."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from missions.gcj02 import Gcj02Point, from_wgs84, shift_at, to_gcj02, to_wgs84
from patrol.geo import GeoPoint, distance_m

# WGS-84 and GCJ-02, latitude first, as the eviltransform project publishes them for every language.
PUBLISHED = [
    ((31.1774276, 121.5272106), (31.17530398364597, 121.531541859215)),
    ((22.543847, 113.912316), (22.540796131694766, 113.9171764808363)),
    ((39.911954, 116.377817), (39.91334545536069, 116.38404722455657)),
]
HAOJIANG = ((23.281957, 116.724981), (23.279345, 116.729528))
LATITUDES, LONGITUDES = st.floats(3.0, 53.5), st.floats(73.5, 135.0)


def place(lat_lon: tuple[float, float]) -> GeoPoint:
    return GeoPoint(lat_deg=lat_lon[0], lon_deg=lat_lon[1])


@pytest.mark.parametrize(("wgs", "gcj"), PUBLISHED)
def test_the_shift_is_the_published_one(wgs: tuple[float, float], gcj: tuple[float, float]) -> None:
    drawn = from_wgs84(place(wgs))
    assert (drawn.lat_deg, drawn.lon_deg) == pytest.approx(gcj, abs=1e-11)


@pytest.mark.parametrize(("wgs", "gcj"), [*PUBLISHED, HAOJIANG])
def test_the_way_back_is_under_a_tenth_of_a_metre_off(
    wgs: tuple[float, float], gcj: tuple[float, float]
) -> None:
    back = Gcj02Point(lat_deg=gcj[0], lon_deg=gcj[1]).to_wgs84()
    assert distance_m(back, place(wgs)) < 0.1


@given(LATITUDES, LONGITUDES)
def test_there_and_back_is_the_same_place_to_a_thousandth_of_a_millimetre(
    lat_deg: float, lon_deg: float
) -> None:
    at = GeoPoint(lat_deg=lat_deg, lon_deg=lon_deg)
    assert distance_m(from_wgs84(at).to_wgs84(), at) < 1e-6


@given(st.floats(23.2013, 23.3469), st.floats(116.6105, 116.8190))
def test_in_haojiang_the_shift_is_538_to_551_m_to_the_south_east(
    lat_deg: float, lon_deg: float
) -> None:
    shift = shift_at(GeoPoint(lat_deg=lat_deg, lon_deg=lon_deg))
    assert 537.0 < math.hypot(shift.east_m, shift.north_m) < 552.0
    assert shift.east_m > 400.0
    assert -330.0 < shift.north_m < -250.0


@pytest.mark.parametrize("lat_lon", [(48.85, 2.35), (0.0, 0.0), (-45.0, 170.0), (35.68, 139.77)])
def test_outside_china_nothing_is_shifted(lat_lon: tuple[float, float]) -> None:
    drawn = from_wgs84(place(lat_lon))
    assert (drawn.lat_deg, drawn.lon_deg) == lat_lon
    assert drawn.to_wgs84() == place(lat_lon)


def test_what_is_no_number_stays_none_and_spoils_no_neighbour() -> None:
    mixed = np.array([[116.7, 23.28], [np.nan, 23.28], [np.inf, -np.inf]])
    with np.errstate(invalid="ignore"):
        there, back = to_gcj02(mixed), to_wgs84(mixed)
    assert np.isfinite(there[0]).all()
    assert np.isfinite(back[0]).all()
    assert not np.isfinite(back[1:, 0]).any()
