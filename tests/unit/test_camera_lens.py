"""The lens decides whether people can be counted."""

from __future__ import annotations

import pytest

from patrol.camera import CameraLens


@pytest.mark.parametrize(
    ("width_px", "height_px", "hfov_deg", "range_m", "height_m", "person_px"),
    [
        (1920, 1080, 73.7, 30.0, 30.0, 36.3),  # DOMAIN 4.4: about 37 px at a 42 m slant, 45 degrees
        (1920, 1080, 73.7, 39.0, 39.0, 27.9),  # and 28 px at about 55 m
    ],
)
def test_a_person_is_as_tall_as_the_published_figures_say(
    width_px: int,
    height_px: int,
    hfov_deg: float,
    range_m: float,
    height_m: float,
    person_px: float,
) -> None:
    lens = CameraLens(width_px=width_px, height_px=height_px, hfov_deg=hfov_deg)
    found = lens.person_height_px(range_m=range_m, height_agl_m=height_m)
    assert found == pytest.approx(person_px, rel=0.03)


def test_the_valid_ranges_are_where_a_person_is_just_tall_enough() -> None:
    lens = CameraLens(width_px=1280, height_px=720, hfov_deg=40.0)
    ranges = lens.valid_ranges_m(height_agl_m=30.0, person_height_px_min=28.0)
    assert ranges is not None
    for range_m in ranges:
        assert lens.person_height_px(range_m=range_m, height_agl_m=30.0) == pytest.approx(28.0)
    assert ranges[1] == pytest.approx(97.5, abs=1.0)


def test_a_wide_lens_from_high_up_counts_nowhere() -> None:
    lens = CameraLens(width_px=1280, height_px=720, hfov_deg=100.0)
    assert lens.valid_ranges_m(height_agl_m=100.0, person_height_px_min=28.0) is None
