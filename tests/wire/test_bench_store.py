"""The store benchmark measures what it promises, and shows each list that it measures."""

from __future__ import annotations

import json

import pytest

from ground_station.bench.store import Spans, measure_store
from ground_station.bench.store_fill import Size
from ground_station.commands.bench import BENCHES

pytestmark = pytest.mark.anyio


async def test_a_small_district_is_filled_and_each_list_is_measured() -> None:
    size = Size(cases=60, telemetry_rows=400, telemetry_sorties=2, sorties=20)
    result = json.loads(json.dumps(await measure_store(Spans(size=size, repeats=2))))
    shown = {row.key for row in BENCHES["store"].rows}
    measured = {key for key in result if key.startswith("p95_")}
    assert measured <= shown
    assert shown <= set(result)
    assert len(measured) == 15
    assert all(result[key] > 0.0 for key in measured)
    assert result["worst_p95_s"] == max(result[key] for key in measured - {"p95_save_s"})
