"""Story 3, datum trap: borders drawn on Amap are refused until somebody states their datum."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from missions.gcj02 import to_gcj02
from missions.register import Register, load_register, sample_path
from patrol.geo import GeoPoint, distance_m
from tests.districts import moved
from tests.wire.test_serve_command import NOBODY, config, is_told, refused

GRID = "440512001002003"
SAID = "与现有边界整体偏移约545米(东465/北−290)，疑似GCJ-02"


def test_borders_without_a_datum_are_refused_until_it_is_stated(tmp_path: Path) -> None:
    # Given a boundary file drawn on Amap without datum label
    drawn = on_amap(tmp_path)

    # When it is imported, then the system refuses until a datum is stated
    said = imported(drawn, tmp_path / "without.geojson")
    assert is_told(said)
    assert "A wrong guess is half a kilometre" in said.stderr
    assert "请用 --datum 说明" in said.stderr
    assert not (tmp_path / "without.geojson").exists()

    # nor does a station take it as it is
    said = refused(settings_with(tmp_path, drawn))
    assert is_told(said)
    assert "does not say its datum" in said.stderr

    # and if "WGS-84" is chosen falsely it warns
    false_file = tmp_path / "false.geojson"
    said = imported(drawn, false_file, "--datum", "WGS-84")
    assert SAID in said.stdout
    assert said.returncode == 1
    true = load_register()
    place, shifted = middle_of(true), middle_of(load_register(false_file))
    assert 538.0 < distance_m(place, shifted) < 551.0
    assert load_register(false_file).grid_at(place) != GRID, "it would patrol a neighbour's grid"

    # and with what it truly is, every border lies where it should
    right_file = tmp_path / "right.geojson"
    said = imported(drawn, right_file, "--datum", "GCJ-02")
    assert said.returncode == 0, said.stdout + said.stderr
    assert SAID not in said.stdout
    right = load_register(right_file)
    assert distance_m(middle_of(right), place) < 0.1
    assert right.grid_at(place) == GRID


def imported(drawn: Path, out: Path, *datum: str) -> subprocess.CompletedProcess[str]:
    """`gridpatrol grids import`, with or without a datum."""
    return subprocess.run(
        [sys.executable, "-m", "ground_station", "grids", "import", str(drawn), "--out", str(out),
         *datum],
        capture_output=True, check=False, stdin=subprocess.DEVNULL, text=True, timeout=18,
    )  # fmt: skip


def middle_of(register: Register) -> GeoPoint:
    """A place well inside the grid."""
    inside = register.get(GRID).shape.representative_point()
    return GeoPoint(lat_deg=inside.y, lon_deg=inside.x)


def on_amap(folder: Path) -> Path:
    """The sample's borders as they would be read off a shifted map."""
    body: dict[str, Any] = json.loads(sample_path().read_text(encoding="utf-8"))
    del body["datum"]
    placed = [one for one in body["features"] if one["geometry"]]
    overlays = [one for one in body["features"] if not one["geometry"]]
    body["features"] = [*moved(placed, to_gcj02), *overlays]
    path = folder / "borders.geojson"
    path.write_text(json.dumps(body, ensure_ascii=False), encoding="utf-8")
    return path


def settings_with(folder: Path, borders: Path) -> Path:
    """A station that is to take it."""
    return config(folder, NOBODY, f"register_file = {json.dumps(str(borders))}")
