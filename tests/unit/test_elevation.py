"""Elevation data of any projection is read right, and what is none is told in a sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.io import MemoryFile
from rasterio.transform import from_origin

from missions.elevation import read_elevation, sample_geotiff
from missions.sample_relief import SAMPLE_BOUNDS_DEG, sample_ground_m
from patrol.errors import ConfigError
from patrol.geo import GeoPoint, offset
from tests.unit.test_boundary import CENTRE

WGS84, UTM_50N = "EPSG:4326", "EPSG:32650"


def a_file(
    folder: Path, heights_m: np.ndarray, *, crs: str | None, origin: tuple[float, float],
    step: float,
) -> Path:  # fmt: skip
    path = folder / "ground.tif"
    bands = heights_m if heights_m.ndim == 3 else heights_m[None]
    with rasterio.open(
        path, "w", driver="GTiff", width=bands.shape[2], height=bands.shape[1],
        count=bands.shape[0], dtype="float32", crs=crs, nodata=-9999.0,
        transform=from_origin(*origin, step, step),
    ) as out:  # fmt: skip
        out.write(bands.astype(np.float32))
    return path


def a_slope(folder: Path) -> Path:
    """Ten metres up for each step east."""
    heights_m = np.broadcast_to(np.arange(40) * 10.0, (40, 40))
    west, north = CENTRE.lon_deg - 0.02, CENTRE.lat_deg + 0.02
    return a_file(folder, heights_m, crs=WGS84, origin=(west, north), step=0.001)


def test_between_the_middles_of_pixels_the_ground_is_a_slope(tmp_path: Path) -> None:
    ground = read_elevation(a_slope(tmp_path))
    for step in (0.0, 1.0, 3.25):
        place = GeoPoint(lat_deg=CENTRE.lat_deg, lon_deg=CENTRE.lon_deg + step * 0.001)
        assert ground(place) == pytest.approx((20.0 - 0.5 + step) * 10.0, abs=0.01)


def test_outside_the_data_and_beside_a_gap_nothing_is_known(tmp_path: Path) -> None:
    heights_m = np.full((20, 20), 5.0)
    heights_m[10, 10] = -9999.0
    west, north = CENTRE.lon_deg - 0.0105, CENTRE.lat_deg + 0.0105
    path = a_file(tmp_path, heights_m, crs=WGS84, origin=(west, north), step=0.001)
    ground = read_elevation(path)
    assert ground(CENTRE) is None
    assert ground(offset(CENTRE, east_m=-500.0, north_m=300.0)) == pytest.approx(5.0)
    assert ground(offset(CENTRE, east_m=50_000.0, north_m=0.0)) is None


def test_a_projected_file_tells_the_same_ground(tmp_path: Path) -> None:
    # UTM zone 50 N: a plane that rises one metre in a hundred to the east.
    east_m, north_m = 675_000.0, 2_578_000.0
    columns = np.arange(300)
    heights_m = np.broadcast_to(columns * 0.3, (300, 300))
    path = a_file(tmp_path, heights_m, crs=UTM_50N, origin=(east_m, north_m), step=30.0)
    ground = read_elevation(path)
    from pyproj import Transformer

    to_wgs84 = Transformer.from_crs(UTM_50N, WGS84, always_xy=True)
    for column in (20.5, 150.5, 280.5):
        lon, lat = to_wgs84.transform(east_m + column * 30.0, north_m - 4500.0)
        found_m = ground(GeoPoint(lat_deg=lat, lon_deg=lon))
        assert found_m == pytest.approx((column - 0.5) * 0.3, abs=0.2)


def test_what_is_no_elevation_data_is_told_in_a_sentence(tmp_path: Path) -> None:
    text = tmp_path / "note.tif"
    text.write_text("no picture", encoding="utf-8")
    origin, small = (116.7, 23.3), np.ones((4, 4))
    for path, why in (
        (tmp_path / "none.tif", "no such file"),
        (text, "no GeoTIFF"),
        (a_file(tmp_path, small, crs=None, origin=origin, step=0.1), "no coordinate system"),
    ):
        with pytest.raises(ConfigError, match=why) as told:
            read_elevation(path)
        assert "高程数据无法使用" in told.value.text_zh


@pytest.mark.parametrize(
    ("heights_m", "why"),
    [(np.ones((3, 4, 4)), "3 bands"), (np.full((4, 4), -9999.0), "no height at all"),
     (np.full((4, 4), 30_000.0), "no metres above the sea"), (np.ones((1, 4)), "fewer than two")],
)  # fmt: skip
def test_numbers_that_are_no_ground_are_refused(
    tmp_path: Path, heights_m: np.ndarray, why: str
) -> None:
    path = a_file(tmp_path, heights_m, crs=WGS84, origin=(116.7, 23.3), step=0.01)
    with pytest.raises(ConfigError, match=why):
        read_elevation(path)


def test_the_samples_hills_are_invented_and_say_so() -> None:
    with MemoryFile(sample_geotiff()) as memory, memory.open() as data:
        assert "SYNTHETIC" in data.tags()
        assert data.crs.to_string() == WGS84
        assert 190.0 < float(data.read(1).max()) <= 196.5
    ground, place = read_elevation(None), GeoPoint(lat_deg=23.28, lon_deg=116.72)
    true_m = float(sample_ground_m(np.array([23.28]), np.array([116.72]))[0])
    assert ground(place) == pytest.approx(true_m, abs=0.5)
    west, south, east, north = SAMPLE_BOUNDS_DEG
    assert west < 116.6105
    assert south < 23.2013
    assert east > 116.8190
    assert north > 23.3469
