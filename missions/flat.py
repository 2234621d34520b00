"""Register shapes (longitude, latitude) as flat metres around a place, and back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import transform
from shapely.geometry import MultiPolygon, Point, Polygon
from shapely.geometry.base import BaseGeometry

from patrol.geo import Enu, GeoPoint, LocalFrame

_FARTHEST_DEG = np.array([180.0, 90.0])


def to_metres(shape: BaseGeometry, frame: LocalFrame) -> BaseGeometry:
    """East, north metres instead of longitude, latitude; ValueError for what is no place at all."""
    per_lat_m, per_lon_m = frame.metres_per_degree()
    origin = np.array([frame.origin.lon_deg, frame.origin.lat_deg])

    def flat(lon_lat: np.ndarray) -> np.ndarray:
        if not np.all(np.abs(lon_lat) <= _FARTHEST_DEG):
            raise ValueError("a corner of the shape is no place on the earth")
        return np.asarray((lon_lat - origin) * (per_lon_m, per_lat_m))

    return transform(shape, flat)


def to_place(position: Sequence[float], frame: LocalFrame) -> GeoPoint:
    """A WGS-84 place from east, north metres."""
    return frame.to_geo(Enu(east_m=float(position[0]), north_m=float(position[1])))


def to_position(place: GeoPoint, frame: LocalFrame) -> Point:
    """East, north metres as a shapely point."""
    enu = frame.to_enu(place)
    return Point(enu.east_m, enu.north_m)


def to_positions(places: Sequence[GeoPoint], frame: LocalFrame) -> NDArray[np.float64]:
    """East, north metres of many places, N x 2."""
    per_lat_m, per_lon_m = frame.metres_per_degree()
    degrees = np.array([(place.lon_deg, place.lat_deg) for place in places]).reshape(-1, 2)
    origin = (frame.origin.lon_deg, frame.origin.lat_deg)
    return np.asarray((degrees - origin) * (per_lon_m, per_lat_m))


def legs_between(positions: NDArray[np.float64]) -> NDArray[np.object_]:
    """The straight lines from each place to the next, as shapely lines."""
    return np.asarray(shapely.linestrings(np.stack([positions[:-1], positions[1:]], axis=1)))


def largest_part(shape: BaseGeometry) -> tuple[Polygon | None, int]:
    """The largest polygon in a shape, without its holes' loss, and how many parts there are."""
    if isinstance(shape, Polygon):
        return (None, 0) if shape.is_empty else (shape, 1)
    if isinstance(shape, MultiPolygon):
        parts = sorted(shape.geoms, key=lambda part: -part.area)
        return (parts[0] if parts else None), len(parts)
    return None, 0
