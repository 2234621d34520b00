"""A coordinate as people type it becomes degrees, or is told as what it cannot be."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ground_station.commands.plan import read_home
from missions.angles import AngleRefused, read_degrees
from patrol.errors import ConfigError
from patrol.geo import GeoPoint


@pytest.mark.parametrize(
    ("typed", "degrees"),
    [
        (116.61, 116.61), (116, 116.0), ("116.61", 116.61), (" -23.5 ", -23.5),
        ("116°36′36″", 116.61), ("E116°36.6′", 116.61), ("116°36'36\"E", 116.61),
        ("东经116°36′", 116.6), ("南纬23°30′", -23.5), ("S23.5", -23.5), ("116度36分36秒", 116.61),
        ("0°0′0″", 0.0), ("116°", 116.0),
    ],
)  # fmt: skip
def test_degrees_are_read_as_people_type_them(typed: object, degrees: float) -> None:
    assert read_degrees(typed) == pytest.approx(degrees, abs=1e-9)


@pytest.mark.parametrize(
    ("typed", "decimal"), [("116°61′", "116.61"), ("116°82′", "116.82"), ("北纬23°60′", "23.60")]
)
def test_more_than_sixty_minutes_are_decimal_degrees_mistyped(typed: str, decimal: str) -> None:
    with pytest.raises(AngleRefused, match=f"decimal degrees mistyped, probably {decimal}") as said:
        read_degrees(typed)
    assert f"十进制度误写，可能是{decimal}" in said.value.text_zh


@pytest.mark.parametrize(
    "typed",
    ["", "x", "nan", "inf", None, True, [], {}, "23°20′75″", 10**400, "1e3", "116.61.2"],
)
def test_what_is_no_coordinate_is_refused_in_both_languages(typed: object) -> None:
    with pytest.raises(AngleRefused) as said:
        read_degrees(typed)
    assert str(said.value)
    assert any("\u4e00" <= letter <= "\u9fff" for letter in said.value.text_zh)


@given(st.integers(0, 179), st.integers(0, 59), st.floats(0.0, 59.999))
def test_degrees_minutes_and_seconds_are_the_same_place(
    degrees: int, minutes: int, seconds: float
) -> None:
    typed = f"{degrees}°{minutes}′{seconds:.9f}″"
    assert math.isclose(
        read_degrees(typed), degrees + minutes / 60 + round(seconds, 9) / 3600, abs_tol=1e-9
    )


@given(st.text(max_size=20))
def test_any_text_is_a_number_of_degrees_or_refused(text: str) -> None:
    try:
        assert math.isfinite(read_degrees(text))
    except AngleRefused:
        return


def test_a_launch_point_is_read_as_people_type_it_and_a_mistyped_one_is_told() -> None:
    assert read_home("23.2820,116.7250") == GeoPoint(lat_deg=23.2820, lon_deg=116.7250)
    typed = read_home("北纬23°16′30″, 东经116°43′30″")
    assert (typed.lat_deg, typed.lon_deg) == pytest.approx((23.275, 116.725))
    with pytest.raises(ConfigError, match="mistyped, probably 116.61") as said:
        read_home("23°20′,116°61′")
    assert "十进制度误写" in said.value.text_zh


def test_a_place_with_longitude_first_is_told_to_be_swapped() -> None:
    with pytest.raises(ConfigError, match="--at wants LAT,LON.*are swapped") as refused:
        read_home("116.7250,23.2820", "--at")
    assert "经纬度写反" in refused.value.text_zh
