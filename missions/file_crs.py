"""What a file says of its own coordinates: metres of a map become degrees, a foreign datum is told.

The datum itself is stated by whoever imports: files from web maps say WGS 84 and are GCJ-02.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError

from missions.gcj02 import LonLat
from missions.raw_features import RawFeature, Source
from missions.register_findings import RegisterFinding
from patrol.errors import ConfigError
from patrol.plan import Level

# Equal at our accuracy (DOMAIN 2.2); everything else wants parameters that a survey office has.
_TAKEN = ("World Geodetic System 1984", "China 2000", "WGS_1984", "China_2000", "CGCS_2000")


def to_degrees(source: Source, crs_text: str | None, path: Path) -> Source:
    """The same features in degrees; ConfigError for a datum that has to be converted first."""
    if crs_text is None:
        return source
    try:
        crs = CRS.from_user_input(crs_text)
        geographic = crs.geodetic_crs
    except CRSError as error:
        raise _refusal(path, crs_text.split(",")[0]) from error
    if geographic is None or geographic.datum is None:
        raise _refusal(path, crs.name)
    if not any(name in geographic.datum.name for name in _TAKEN):
        raise _refusal(path, f"{crs.name} ({geographic.datum.name})")
    if crs.is_geographic:
        return source
    plan = Transformer.from_crs(crs, geographic, always_xy=True)
    note = RegisterFinding(
        code="file.projected",
        level=Level.NOTE,
        text=f"the file is in metres of {crs.name}; they were turned into degrees",
        text_zh=f"文件采用投影坐标系{crs.name}，已换算为经纬度",
    )
    moved = tuple(_moved(feature, plan) for feature in source.features)
    return replace(source, features=moved, findings=(*source.findings, note))


def _moved(feature: RawFeature, plan: Transformer) -> RawFeature:
    if feature.shape is None:
        return feature

    def turned(metres: LonLat) -> LonLat:
        try:
            lon, lat = plan.transform(metres[:, 0], metres[:, 1])
        except ProjError:
            return np.full_like(metres, np.nan)
        return np.stack([lon, lat], axis=1)

    return feature.with_shape(shapely.transform(feature.shape, turned))


def _refusal(path: Path, said: str) -> ConfigError:
    return ConfigError(
        f"the file says that its coordinates are {said}: convert it to WGS-84 or CGCS2000 first "
        f"({path})",
        text_zh=f"文件自述坐标系为{said}，请先转换为 WGS-84 或 CGCS2000：{path}",
    )
