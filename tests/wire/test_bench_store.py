"""The store benchmark measures what it promises, and leaves out no list that the station has."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from ground_station.bench.district import Size
from ground_station.bench.store import Spans, measure_store, openapi_paths
from ground_station.bench.store_asks import Known, asks, names
from ground_station.commands.bench import BENCHES

pytestmark = pytest.mark.anyio
SIZE = Size(cases=60, telemetry_rows=400, telemetry_sorties=2, sorties=20)
# No list of the records: in memory, a file of the program, a picture, the door, one's own session,
# one notice's words.
ELSEWHERE = {
    "/api/state", "/api/events", "/api/grids.geojson", "/api/picture/{camera_id}.jpg",
    "/api/session/door", "/api/session", "/api/session/crew", "/api/health", "/api/ready",
    "/api/items", "/api/contacts/{grid_code}", "/api/notices/{notice_id}/files/txt",
    "/api/plans/{plan_id}", "/api/plans/{plan_id}/clearance", "/api/plans/{plan_id}/files/{kind}",
    "/api/plans/{plan_id}/application/{kind}",
}  # fmt: skip


async def test_every_list_and_look_up_of_the_station_is_asked_for(tmp_path: Path) -> None:
    reads = await openapi_paths(tmp_path)
    assert reads >= ELSEWHERE
    known = Known(open_cases=("HJ-1",), closed_cases=("HJ-2",), reports=("C-1",), deep="x")
    asked = {one.path(0).partition("?")[0] for one in asks(known, SIZE).values()}
    left = {
        road
        for road in reads - ELSEWHERE
        if not any(re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", road), path) for path in asked)
    }
    assert left == set()


async def test_a_small_district_is_filled_and_each_list_is_measured() -> None:
    result = json.loads(json.dumps(await measure_store(Spans(size=SIZE, repeats=2))))
    shown = {row.key for row in BENCHES["store"].rows}
    measured = {key for key in result if re.fullmatch(r"p95_\w+_s", key)}
    assert measured <= shown
    assert shown <= set(result)
    assert measured - {"p95_save_s"} == {f"p95_{key}_s" for key in names()}
    assert all(result[key] > 0.0 for key in measured)
    assert result["worst_p95_s"] == max(result[key] for key in measured - {"p95_save_s"})
