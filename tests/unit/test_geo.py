"""Places: round trips, and what a ring holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patrol.geo import (
    Enu,
    GeoPoint,
    LocalFrame,
    bearing_true_deg,
    distance_m,
    from_geojson,
    is_inside,
    offset,
    to_geojson,
)

HAOJIANG = GeoPoint(lat_deg=23.281957, lon_deg=116.724981)
metres = st.floats(-5000, 5000)


@given(metres, metres)
def test_a_place_comes_back_within_a_centimetre(east_m: float, north_m: float) -> None:
    frame = LocalFrame(origin=HAOJIANG)
    back = frame.to_enu(frame.to_geo(Enu(east_m=east_m, north_m=north_m)))
    assert back.distance_m(Enu(east_m=east_m, north_m=north_m)) < 0.01


@given(metres, metres)
def test_geojson_keeps_a_place_within_two_centimetres(east_m: float, north_m: float) -> None:
    place = offset(HAOJIANG, east_m=east_m, north_m=north_m)
    assert distance_m(place, from_geojson(to_geojson(place))) < 0.02


def test_geojson_puts_the_longitude_first() -> None:
    assert to_geojson(HAOJIANG) == [116.724981, 23.281957]


@pytest.mark.parametrize(
    ("east_m", "north_m", "bearing_deg"),
    [(0, 100, 0), (100, 0, 90), (0, -100, 180), (-100, 0, 270)],
)
def test_bearings_run_clockwise_from_north(
    east_m: float, north_m: float, bearing_deg: float
) -> None:
    there = offset(HAOJIANG, east_m=east_m, north_m=north_m)
    assert bearing_true_deg(HAOJIANG, there) == pytest.approx(bearing_deg, abs=1e-6)


def test_a_degree_of_latitude_is_as_long_as_the_ellipsoid_says() -> None:
    # NGA's calculator gives 110 758 m for a degree at 23.28 N.
    north = GeoPoint(lat_deg=HAOJIANG.lat_deg + 0.01, lon_deg=HAOJIANG.lon_deg)
    assert distance_m(HAOJIANG, north) * 100 == pytest.approx(110_758, rel=1e-4)


def test_what_is_no_place_on_the_earth_is_refused() -> None:
    with pytest.raises(ValueError, match="not a place"):
        GeoPoint(lat_deg=116.7, lon_deg=23.3)


@given(st.floats(-200, 200), st.floats(-200, 200), st.booleans())
def test_a_square_holds_what_is_nearer_than_its_half_side(
    east_m: float, north_m: float, is_reversed: bool
) -> None:
    corners = [(-100, -100), (100, -100), (100, 100), (-100, 100)]
    ring = [offset(HAOJIANG, east_m=e, north_m=n) for e, n in corners]
    distance = max(abs(east_m), abs(north_m))
    if abs(distance - 100) > 0.01:
        point = offset(HAOJIANG, east_m=east_m, north_m=north_m)
        assert is_inside(point, ring[::-1] if is_reversed else ring) == (distance < 100)
