"""The height of the ground out of a GeoTIFF that the user gives. GDAL takes a while to load."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader, MemoryFile
from rasterio.transform import from_origin
from rasterio.vrt import WarpedVRT

from missions.sample_relief import SAMPLE_BOUNDS_DEG, sample_ground_m
from patrol.errors import ConfigError
from patrol.geo import GeoPoint

_WGS84 = "EPSG:4326"
_PIXELS_MAX = 100_000_000
_PIXELS_MIN = 2  # each way, to look between them
_SAMPLE_STEP_DEG = 0.0005  # some 50 m
_LOWEST_M, _HIGHEST_M = -500.0, 9000.0  # of the earth's ground


class Elevation:
    """Metres above the sea by place: between four pixels' middles, bilinear."""

    def __init__(self, ground_m: NDArray[np.float64], affine: tuple[float, ...]) -> None:
        self._ground_m = ground_m  # rows from north to south; NaN where there is no data
        self._step_lon, _, self._west, _, self._step_lat, self._north = affine[:6]

    def __call__(self, place: GeoPoint) -> float | None:
        """None outside the data, and beside a gap in it."""
        found_m = float(self.many(np.array([place.lat_deg]), np.array([place.lon_deg]))[0])
        return found_m if math.isfinite(found_m) else None

    def many(
        self, lat_deg: NDArray[np.float64], lon_deg: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Metres above the sea at many places; NaN outside the data, and beside a gap in it."""
        columns = (lon_deg - self._west) / self._step_lon - 0.5
        rows = (lat_deg - self._north) / self._step_lat - 0.5
        x, y = np.floor(columns).astype(int), np.floor(rows).astype(int)
        height, width = self._ground_m.shape
        is_inside = (x >= 0) & (x < width - 1) & (y >= 0) & (y < height - 1)
        x, y = np.where(is_inside, x, 0), np.where(is_inside, y, 0)
        right, below = columns - x, rows - y
        ground_m = self._ground_m
        above = ground_m[y, x] * (1.0 - right) + ground_m[y, x + 1] * right
        under = ground_m[y + 1, x] * (1.0 - right) + ground_m[y + 1, x + 1] * right
        return np.where(is_inside, above * (1.0 - below) + under * below, np.nan)


def read_elevation(path: Path | None) -> Elevation:
    """A GeoTIFF in any projection, metres above the sea; none: the sample's. ConfigError."""
    if path is None:
        with MemoryFile(sample_geotiff()) as memory, memory.open() as data:
            return _read(data, "the sample")
    with _told(path), rasterio.open(path) as data:
        return _read(data, str(path))


def sample_geotiff() -> bytes:
    """The invented hills as a GeoTIFF; its tags say that they are SYNTHETIC."""
    west, south, east, north = SAMPLE_BOUNDS_DEG
    columns = math.ceil((east - west) / _SAMPLE_STEP_DEG)
    rows = math.ceil((north - south) / _SAMPLE_STEP_DEG)
    lons = west + (np.arange(columns) + 0.5) * _SAMPLE_STEP_DEG
    lats = north - (np.arange(rows) + 0.5) * _SAMPLE_STEP_DEG
    ground_m = sample_ground_m(lats[:, None], lons[None, :]).astype(np.float32)
    with MemoryFile() as memory:
        with memory.open(
            driver="GTiff", width=columns, height=rows, count=1, dtype="float32", crs=_WGS84,
            transform=from_origin(west, north, _SAMPLE_STEP_DEG, _SAMPLE_STEP_DEG),
        ) as out:  # fmt: skip
            out.write(ground_m, 1)
            out.update_tags(SYNTHETIC="invented hills 合成地形: for exercises only")
        return bytes(memory.read())


def _read(data: DatasetReader, name: str) -> Elevation:
    if data.crs is None:
        raise _wrong(name, "it says no coordinate system", "未注明坐标系")
    if data.count != 1:
        raise _wrong(name, f"it has {data.count} bands, not one", f"有{data.count}个波段，应为一个")
    with WarpedVRT(data, crs=_WGS84, resampling=Resampling.bilinear, dtype="float64",
                   nodata=math.nan) as flat:  # fmt: skip
        if flat.width * flat.height > _PIXELS_MAX:
            raise _wrong(name, "it is too large: cut it to the district", "过大：请裁剪至本区范围")
        ground_m = flat.read(1)
        affine = tuple(flat.transform)
    if min(ground_m.shape) < _PIXELS_MIN:
        raise _wrong(name, "it has fewer than two rows or columns", "行列不足两个")
    known = ground_m[np.isfinite(ground_m)]
    if not known.size:
        raise _wrong(name, "it holds no height at all", "没有任何高程值")
    if known.min() < _LOWEST_M or known.max() > _HIGHEST_M:
        raise _wrong(
            name,
            f"it goes from {known.min():.0f} to {known.max():.0f}: no metres above the sea",
            f"数值范围{known.min():.0f}至{known.max():.0f}，不是以米为单位的海拔",
        )
    return Elevation(ground_m, affine)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """What the library has to say about a file, in one sentence."""
    if not path.is_file():
        raise _wrong(str(path), "there is no such file", "文件不存在")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)  # no system: told below
            yield
    except RasterioError as error:
        raise _wrong(str(path), f"it is no GeoTIFF ({error})", f"不是GeoTIFF（{error}）") from error


def _wrong(name: str, why: str, why_zh: str) -> ConfigError:
    return ConfigError(
        f"the elevation data cannot be used: {name}: {why}",
        text_zh=f"高程数据无法使用：{name}：{why_zh}",
    )
