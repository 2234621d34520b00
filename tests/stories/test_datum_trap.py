"""Story 3, datum trap: borders drawn on Amap are refused until somebody states their datum.

A register is taken by naming its file in the station's settings. The warning about a datum that is
stated falsely comes with the import; here it is shown what such a file would do, and that the
district's own borders are far from it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from missions.register import Register, load_register
from patrol.errors import ConfigError
from patrol.geo import GeoPoint, distance_m, offset
from tests.wire.test_serve_command import NOBODY, config, is_told, refused

EAST_M, NORTH_M = 465.0, -290.0  # what GCJ-02 is off in Haojiang
GRID = "440512001002003"


def test_borders_without_a_datum_are_refused_until_it_is_stated(tmp_path: Path) -> None:
    # Given a boundary file drawn on Amap without datum label
    drawn = on_amap()
    del drawn["datum"]

    # When it is imported, then the system refuses until a datum is stated
    said = refused(settings_with(tmp_path, drawn))
    assert is_told(said)
    assert "does not say its datum" in said.stderr
    assert "Amap or Tencent is GCJ-02, about 545 m off here" in said.stderr

    # and what it truly is is refused as well, with how far it is off
    with pytest.raises(ConfigError, match="is in GCJ-02, about 545 m off; convert it"):
        load_register(written(tmp_path, drawn | {"datum": "GCJ-02"}))

    # and if "WGS-84" is chosen falsely, every place of the file lies some 545 m off
    false = load_register(written(tmp_path, drawn | {"datum": "WGS-84"}))
    true = load_register()
    place, shifted = middle_of(true), middle_of(false)
    assert round(distance_m(place, shifted), -1) in (540.0, 550.0)
    assert true.grid_at(place) == GRID
    assert false.grid_at(place) != GRID, "the drone would patrol a neighbour's grid"


def middle_of(register: Register) -> GeoPoint:
    """A place well inside the grid."""
    inside = register.get(GRID).shape.representative_point()
    return GeoPoint(lat_deg=inside.y, lon_deg=inside.x)


def on_amap() -> dict[str, Any]:
    """The sample's borders as they would be read off a shifted map."""
    body = load_register()._body
    return json.loads(json.dumps(body), object_hook=_shifted)  # type: ignore[no-any-return]


def _shifted(value: dict[str, Any]) -> dict[str, Any]:
    if value.get("type") in ("Polygon", "MultiPolygon", "Point"):
        return value | {"coordinates": _moved(value["coordinates"])}
    return value


def _moved(coordinates: Any) -> Any:  # noqa: ANN401  # nested lists as deep as the geometry
    if isinstance(coordinates[0], (int, float)):
        lon_deg, lat_deg = coordinates[:2]
        at = offset(GeoPoint(lat_deg=lat_deg, lon_deg=lon_deg), east_m=EAST_M, north_m=NORTH_M)
        return [at.lon_deg, at.lat_deg]
    return [_moved(part) for part in coordinates]


def written(folder: Path, body: dict[str, Any]) -> Path:
    """The file."""
    path = folder / "borders.geojson"
    path.write_text(json.dumps(body, ensure_ascii=False), encoding="utf-8")
    return path


def settings_with(folder: Path, body: dict[str, Any]) -> Path:
    """A station that is to take it."""
    line = f"register_file = {json.dumps(str(written(folder, body)))}"
    return config(folder, NOBODY, line)
