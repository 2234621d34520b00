"""A foreign route's places as WGS-84: a map file says its datum, or whoever reads it does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from missions.datums import StatedDatum
from missions.findings import note
from missions.gcj02 import Gcj02Point
from missions.plan_files.taken import Taken
from patrol.errors import ConfigError
from patrol.geo import GeoPoint


def in_wgs84(taken: Taken, stated: StatedDatum | None) -> Taken:
    """The same in WGS-84; ConfigError where nobody says what its coordinates are, or two differ."""
    if taken.datum is None and stated is None:
        raise ConfigError(
            f"the {taken.form} does not say what its coordinates are: give --datum WGS-84 (GNSS, "
            "Google Earth), CGCS2000 (surveys) or GCJ-02 (Amap, Tencent). A wrong guess is half a "
            "kilometre",
            text_zh=f"{taken.form}文件未写明坐标系：请用 --datum 说明是 WGS-84（卫星定位、"
            "谷歌地球）、CGCS2000（测绘）还是 GCJ-02（高德、腾讯）；误判将偏移约545米",
        )
    if taken.datum is not None and stated is not None and taken.datum is not stated:
        raise ConfigError(
            f"the file says {taken.datum.value} and --datum {stated.value}: leave --datum out",
            text_zh=f"文件写明坐标系为{taken.datum.value}，与 --datum {stated.value} 不符："
            "请去掉 --datum",
        )
    datum = taken.datum or stated
    if datum is not StatedDatum.GCJ_02:
        return taken
    return replace(
        taken,
        waypoints=tuple(replace(one, point=_true(one.point)) for one in taken.waypoints),
        home=None if taken.home is None else _true(taken.home),
        fence=_ring(taken.fence),
        kept_out=tuple(_ring(ring) for ring in taken.kept_out),
        rally_points=tuple(replace(one, point=_true(one.point)) for one in taken.rally_points),
        findings=(
            *taken.findings,
            note(
                "file.gcj02", "its places were turned from GCJ-02 into WGS-84",
                "坐标已由 GCJ-02 转换为 WGS-84",
            ),
        ),
    )  # fmt: skip


def _ring(ring: Sequence[GeoPoint]) -> tuple[GeoPoint, ...]:
    return tuple(_true(corner) for corner in ring)


def _true(drawn: GeoPoint) -> GeoPoint:
    return Gcj02Point(lat_deg=drawn.lat_deg, lon_deg=drawn.lon_deg).to_wgs84()
