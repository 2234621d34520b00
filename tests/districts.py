"""A small district of square grids, whole or with something wrong, in every form of file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from shapely.geometry import mapping, shape

from missions.datums import StatedDatum
from missions.register import Register, load_register
from missions.register_findings import RegisterFinding
from missions.register_import import Imported, ImportRequest, import_file

TODAY = date(2026, 11, 26)
WEST, SOUTH, STEP = 116.70, 23.25, 0.01
Ring = list[list[float]]
Positions = Any


def square(east: float, north: float, size: float = 1.0) -> Ring:
    """A ring, counter-clockwise, so many steps east and north of the district's corner."""
    w, s = WEST + east * STEP, SOUTH + north * STEP
    e, n = w + size * STEP, s + size * STEP
    return [[w, s], [e, s], [e, n], [w, n], [w, s]]


def feature(code: object, ring: Positions, **more: object) -> dict[str, Any]:
    """One area of a GeoJSON; more than one ring are its holes."""
    rings = ring if isinstance(ring[0][0], list) else [ring]
    return {
        "type": "Feature",
        "properties": {"code": code, "name": f"第{code}网格", **more},
        "geometry": {"type": "Polygon", "coordinates": rings},
    }


def grid_code(number: int, community: str = "001") -> str:
    """A code of the national form."""
    return f"440512001{community}{number:03d}"


def four() -> list[dict[str, Any]]:
    """Four grids of one community, side by side, with the community."""
    grids = [
        feature(grid_code(number), square(east, north))
        for number, (east, north) in enumerate([(0, 0), (1, 0), (0, 1), (1, 1)], 1)
    ]
    return [feature("440512001001", square(0, 0, 2.0), name="达濠社区"), *grids]


def body(features: Iterable[object], **head: object) -> dict[str, Any]:
    """A GeoJSON as other people write it: no datum."""
    return {"type": "FeatureCollection", "features": list(features), **head}


def written(folder: Path, features: Iterable[object], name: str = "borders.geojson") -> Path:
    """The file."""
    path = folder / name
    path.write_text(json.dumps(body(features), ensure_ascii=False), encoding="utf-8")
    return path


def imported(
    path: Path, datum: StatedDatum = StatedDatum.WGS_84, present: Register | None = None,
    **more: Any,  # noqa: ANN401  # whatever a request can say
) -> Imported:  # fmt: skip
    """What comes of it."""
    return import_file(ImportRequest(path=path, datum=datum, today=TODAY, present=present, **more))


def found(result: Imported, code: str) -> list[RegisterFinding]:
    """The findings of a kind."""
    return [finding for finding in result.findings if finding.code == code]


def kinds(result: Imported) -> set[str]:
    """What kinds of findings there are."""
    return {finding.code for finding in result.findings}


def loaded(result: Imported) -> Register:
    """The register that came of it."""
    assert result.body is not None
    return Register(result.body, Path("imported"))


def sample_areas() -> list[dict[str, Any]]:
    """The sample's areas as an office would hand them over: no datum, no level."""
    features = load_register().to_geojson()["features"]
    areas = [one for one in features if one["geometry"]["type"] != "Point"]
    return [
        {
            "type": "Feature",
            "properties": {key: one["properties"][key] for key in ("code", "name_zh")},
            "geometry": one["geometry"],
        }
        for one in areas
    ]


def moved(
    features: Iterable[dict[str, Any]], by: Callable[[np.ndarray], np.ndarray]
) -> list[dict[str, Any]]:
    """The same with other coordinates."""
    return [
        one | {"geometry": mapping(shapely.transform(shape(one["geometry"]), by))}
        for one in features
    ]


def through_gdal(
    path: Path, features: list[dict[str, Any]], driver: str, *, crs: str = "EPSG:4326",
    encoding: str | None = None, fields: tuple[str, str] = ("bm", "mc"),
) -> Path:  # fmt: skip
    """The areas in another form of file; codes and names under the given names."""
    shapes = [shapely.to_wkb(shape(one["geometry"])) for one in features]
    columns = [
        np.array([one["properties"][key] for one in features], dtype=object)
        for key in ("code", "name_zh" if "name_zh" in features[0]["properties"] else "name")
    ]
    pyogrio.raw.write(
        path, np.array(shapes, dtype=object), columns, np.array(fields, dtype=object),
        driver=driver, crs=crs, geometry_type="Polygon", encoding=encoding,
    )  # fmt: skip
    return path
