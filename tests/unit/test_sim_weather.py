"""Night, rain and haze as pictures, and what the real detector makes of them."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from patrol.camera import CameraLens
from patrol.geo import Enu
from sim.camera import Camera, Figure, Projection, View
from sim.crowd import standing_places
from sim.figures import Picture, outfit_from
from sim.ground import Ground
from sim.weather import CLEAR_DAY, Weather
from vision.detectors import Detector, load_detector
from vision.tiles import look, tiles_for_pose

LENS = CameraLens(width_px=1280, height_px=720, hfov_deg=40.0)
VIEW = View(east_m=0.0, north_m=0.0, height_agl_m=30.0, bearing_true_deg=0.0, pitch_deg=-27.0)
NIGHT = Weather(is_night=True)
RAIN = Weather(rain_mm_h=12.0)
THICK = Weather(visibility_m=120.0)
SEED = 3


def camera_in(weather: Weather, *, noise_levels: float = 0.0) -> Camera:
    return Camera(LENS, Ground(SEED, weather), weather, noise_levels=noise_levels, seed=SEED)


def crowd(people: int = 24, range_m: float = 55.0) -> list[Figure]:
    dice = random.Random(1)
    places = standing_places(people, Enu(east_m=0.0, north_m=range_m), dice)
    return [
        Figure(
            outfit=outfit_from(dice), east_m=place.east_m, north_m=place.north_m,
            heading_true_deg=dice.uniform(0, 360), stride=None, stance=i % 4,
        )
        for i, place in enumerate(places)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def clear() -> Picture:
    return camera_in(CLEAR_DAY).render(VIEW, [])


@pytest.mark.parametrize("visibility_m", [200.0, 600.0, 3000.0])
def test_haze_takes_contrast_by_range_as_koschmieder_says(
    clear: Picture, visibility_m: float
) -> None:
    weather = Weather(visibility_m=visibility_m)
    hazy = camera_in(weather).render(VIEW, [])
    ranges_m = Projection(LENS, VIEW).ranges_m(LENS.height_px)
    for row in (60, 300, 620):
        rows = slice(row, row + 40)
        along, before = (picture[rows].astype(float).std(axis=1) for picture in (hazy, clear))
        kept = float(along.mean() / before.mean())
        expected = math.exp(-3.912 * float(ranges_m[row + 20]) / visibility_m)
        assert kept == pytest.approx(expected, rel=0.1, abs=0.02)


def test_the_range_of_a_row_is_that_of_its_ground() -> None:
    middle_m = Projection(LENS, VIEW).ranges_m(LENS.height_px)[360]
    assert middle_m == pytest.approx(30.0 / math.sin(math.radians(27.0)), rel=0.002)
    level = View(east_m=0.0, north_m=0.0, height_agl_m=30.0, bearing_true_deg=0.0, pitch_deg=0.0)
    ranges_m = Projection(LENS, level).ranges_m(LENS.height_px)
    assert np.isinf(ranges_m[:360]).all()
    assert (np.diff(ranges_m[360:]) < 0).all()


def test_a_person_far_away_fades_into_the_haze() -> None:
    hazy = camera_in(Weather(visibility_m=200.0))
    for range_m, kept in ((40.0, 0.2), (150.0, 0.02)):
        people = crowd(1, range_m)
        with_them, without = hazy.render(VIEW, people), hazy.render(VIEW, [])
        seen = np.abs(with_them.astype(int) - without).max() / 255.0
        assert (seen > kept) == (range_m < 100.0)


def test_night_is_dark_with_pools_of_light_under_its_lamps_and_noise(clear: Picture) -> None:
    view = View(east_m=60.0, north_m=-80.0, height_agl_m=60.0, bearing_true_deg=0.0,
                pitch_deg=-50.0)  # fmt: skip
    camera = camera_in(NIGHT)
    night = camera.render(view, []).mean(axis=2)
    assert night.mean() < 0.35 * clear.mean()
    assert np.percentile(night, 99) > 4 * np.percentile(night, 20)
    again = camera.render(view, []).mean(axis=2)
    # Two pictures of the same scene differ by the noise of both.
    assert 4.0 < (night - again).std() < 16.0


def test_a_person_under_a_lamp_is_brighter_than_one_in_the_dark() -> None:
    ground = Ground(SEED, NIGHT)
    lamp = next(ground.streets.lamps_within(east_m=0.0, north_m=40.0, radius_m=60.0))
    below = ground.lighting.at(lamp.east_m, lamp.north_m)
    places = [(lamp.east_m + 16.0 * i, lamp.north_m + 16.0 * j) for i in (-1, 1) for j in (-1, 1)]
    darkest = min(sum(ground.lighting.at(*place)) for place in places)
    assert sum(below) > 4 * darkest


def test_rain_falls_elsewhere_in_every_picture_and_the_same_again_for_the_same_seed() -> None:
    first, second = camera_in(RAIN), camera_in(RAIN)
    pictures = [first.render(VIEW, []) for _ in range(3)]
    assert all((second.render(VIEW, []) == picture).all() for picture in pictures)
    streaks = (pictures[0].astype(int) - pictures[1]).max(axis=2) > 12
    assert 0.0005 < streaks.mean() < 0.1


def test_only_the_sun_throws_shadows() -> None:
    assert CLEAR_DAY.sun == 1.0
    assert NIGHT.sun == RAIN.sun == 0.0
    assert 0.0 < Weather(visibility_m=2000.0).sun < 0.5


def test_noise_is_as_strong_as_declared_and_none_unless_declared(clear: Picture) -> None:
    assert (camera_in(CLEAR_DAY).render(VIEW, []) == clear).all()
    noisy = camera_in(CLEAR_DAY, noise_levels=4.0)
    one, other = (noisy.render(VIEW, []).astype(float) for _ in range(2))
    assert (one - clear).std() == pytest.approx(4.0, rel=0.1)
    assert (one - other).std() == pytest.approx(4.0 * math.sqrt(2.0), rel=0.1)


@pytest.fixture(scope="module")
def detector() -> Detector:
    return load_detector(threads=2)


def found(detector: Detector, weather: Weather) -> int:
    tiles = tiles_for_pose(LENS, pitch_deg=-27.0, height_agl_m=30.0, person_height_px_min=28.0)
    return len(look(detector, camera_in(weather).render(VIEW, crowd()), tiles))


def test_the_real_detector_finds_people_by_day_and_fewer_by_night_and_in_haze(
    detector: Detector,
) -> None:
    by_day = found(detector, CLEAR_DAY)
    assert 18 <= by_day <= 25
    assert found(detector, NIGHT) <= 0.6 * by_day
    assert found(detector, THICK) <= 0.8 * by_day
