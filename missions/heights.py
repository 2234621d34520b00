"""The ground's height at many places at once: one by one would take minutes over a district."""

from __future__ import annotations

import math
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from patrol.geo import GeoPoint, LocalFrame


class Elevation(Protocol):
    """The height of the ground."""

    def __call__(self, place: GeoPoint, /) -> float | None:
        """Metres above the sea; None where not known."""
        ...


@runtime_checkable
class ManyHeights(Protocol):
    """Elevation data that can be asked for many places."""

    def many(
        self, lat_deg: NDArray[np.float64], lon_deg: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Metres above the sea; NaN where not known."""
        ...


def grounds_m(
    elevation: Elevation, frame: LocalFrame, positions: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Metres above the sea at N x 2 places, east and north in the frame; NaN where not known."""
    per_lat_m, per_lon_m = frame.metres_per_degree()
    lats = frame.origin.lat_deg + positions[:, 1] / per_lat_m
    lons = frame.origin.lon_deg + positions[:, 0] / per_lon_m
    if isinstance(elevation, ManyHeights):
        return elevation.many(lats, lons)
    found = (
        elevation(GeoPoint(lat_deg=float(lat), lon_deg=float(lon)))
        for lat, lon in zip(lats, lons, strict=True)
    )
    return np.array([math.nan if one is None else one for one in found])
