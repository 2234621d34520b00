"""Whether corners are places on the earth: no NaN, no metres, latitude and longitude in order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from missions.angles import AngleRefused
from missions.gcj02 import LonLat
from patrol.geo import GeoPoint

_LAT_MAX_DEG, _LON_MAX_DEG = 90.0, 180.0


def refuse_no_number(corners: LonLat) -> None:
    """AngleRefused, with the place beside it, when a corner is NaN or infinite."""
    is_finite = np.logical_and(np.isfinite(corners[:, 0]), np.isfinite(corners[:, 1]))
    if is_finite.all():
        return
    count = int((~is_finite).sum())
    raise AngleRefused(
        f"{count} of its {len(corners)} corners are no numbers (NaN or infinite)",
        f"{len(corners)}个顶点中有{count}个不是数值（NaN或无穷大）",
        near=_beside(corners, is_finite),
    )


def refuse_off_the_earth(corners: LonLat) -> None:
    """AngleRefused when degrees are out of range; says so when they are swapped."""
    lon, lat = np.abs(corners[:, 0]), np.abs(corners[:, 1])
    if (lon <= _LON_MAX_DEG).all() and (lat <= _LAT_MAX_DEG).all():
        return
    worst = corners[int(np.argmax(np.maximum(lat / _LAT_MAX_DEG, lon / _LON_MAX_DEG)))]
    if (lon <= _LAT_MAX_DEG).all() and (lat <= _LON_MAX_DEG).all():
        raise AngleRefused(
            f"longitude and latitude are swapped: {worst[1]:.6g} stands where a latitude should, "
            f"{worst[0]:.6g} where a longitude should",
            f"经纬度写反：纬度位置为{worst[1]:.6g}，经度位置为{worst[0]:.6g}",
            near=GeoPoint(lat_deg=float(worst[0]), lon_deg=float(worst[1])),
        )
    raise AngleRefused(
        f"{worst[0]:.9g}, {worst[1]:.9g} are no degrees: metres of a projection (then a .prj is "
        "missing), or degrees and minutes written as one number",
        f"{worst[0]:.9g}, {worst[1]:.9g}不是经纬度：可能是缺少 .prj 的投影坐标，或度分连写",
    )


def _beside(corners: LonLat, is_finite: NDArray[np.bool_]) -> GeoPoint | None:
    """The last corner that is a place before the first that is none, or the next after it."""
    wrong = int(np.argmin(is_finite))
    good = np.flatnonzero(is_finite)
    if not len(good):
        return None
    lon, lat = corners[good[np.argmin(np.abs(good - wrong))]]
    if abs(lon) > _LON_MAX_DEG or abs(lat) > _LAT_MAX_DEG:
        return None
    return GeoPoint(lat_deg=float(lat), lon_deg=float(lon))
