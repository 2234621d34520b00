"""Invented hills under the sample register: SYNTHETIC, for exercises only.

Low hills up to 196 m and a flat coast, as the district has them; no place is true.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SAMPLE_BOUNDS_DEG = (116.59, 23.18, 116.84, 23.37)  # west, south, east, north
_COAST_M = 3.0
_M_PER_DEG = 111_000.0
# Latitude, longitude, height above the coast and reach in metres, each of one hill.
_HILLS = (
    (23.252, 116.700, 193.0, 900.0),
    (23.300, 116.665, 120.0, 1100.0),
    (23.235, 116.760, 90.0, 800.0),
    (23.315, 116.735, 70.0, 700.0),
    (23.275, 116.640, 60.0, 900.0),
)


def sample_ground_m(
    lat_deg: NDArray[np.floating], lon_deg: NDArray[np.floating]
) -> NDArray[np.floating]:
    """Metres above the sea; the shapes are broadcast."""
    shape = np.broadcast_shapes(lat_deg.shape, lon_deg.shape)
    ground_m: NDArray[np.floating] = np.full(shape, _COAST_M)
    for lat, lon, height_m, reach_m in _HILLS:
        north_m = (lat_deg - lat) * _M_PER_DEG
        east_m = (lon_deg - lon) * _M_PER_DEG * np.cos(np.radians(lat))
        ground_m = ground_m + height_m * np.exp(-(north_m**2 + east_m**2) / (2.0 * reach_m**2))
    return ground_m
