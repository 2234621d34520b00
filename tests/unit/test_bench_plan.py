"""The planning benchmark measures what it promises, and shows each figure."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ground_station.bench.plan import QUICK, measure_plan
from ground_station.commands.bench import BENCHES
from missions.allocation_model import Terms
from missions.register import Register, load_register

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]
COMMUNITY = "440512001002"
ASKED_FOR = {
    "grids", "routes_s", "allocation_s", "longest_over_bound", "legs_outside",
    "path_over_boundary", "sweep_over_ideal", "peak_mb", "dispatch_p95_s",
}  # fmt: skip


def a_community() -> Register:
    """The sample with the grids of one community and the sites in them."""
    body = load_register().to_geojson()

    def is_in(properties: dict[str, Any]) -> bool:
        code = str(properties.get("grid_code") or properties["code"])
        return code.startswith(COMMUNITY)

    features = [feature for feature in body["features"] if is_in(feature["properties"])]
    return Register({"version": "part", "datum": "WGS-84", "features": features}, Path("part"))


async def test_a_community_is_measured_and_every_figure_is_shown() -> None:
    spans = replace(QUICK, calls=5, has_growth=True, terms=Terms(search_s=0.1))
    result = json.loads(json.dumps(await measure_plan(spans, a_community())))
    shown = {row.key for row in BENCHES["plan"].rows}
    assert ASKED_FOR <= shown <= set(result)
    assert result["legs_outside"] == 0
    assert result["longest_over_bound"] >= 1.0
    assert result["uncovered"] == 0
    assert 0.5 < result["path_over_boundary"] < 1.0
    assert result["sweep_over_ideal"] > 0.8
    assert result["grids_1000"] == 4 * result["grids"]
