"""The telemetry benchmark measures: its figures are there, and what cannot be measured says why."""

from __future__ import annotations

import json
import math

import pytest

from ground_station.bench.telemetry import Spans, measure_telemetry

pytestmark = pytest.mark.anyio
PROMISED = (
    "aircraft", "cpu_s_per_aircraft_s", "rss_mb_per_aircraft", "p50_age_s", "p95_age_s",
    "p99_age_s", "cpu_ratio_to_grpc",
)  # fmt: skip


async def test_a_few_aircraft_are_measured_and_the_other_side_is_left_out_with_a_reason() -> None:
    spans = Spans(settle_s=0.2, window_s=0.9, peer_made_s=0.0, aircraft=4, few=2)
    result = json.loads(json.dumps(await measure_telemetry(spans)))
    assert set(PROMISED) <= set(result)
    assert result["aircraft"] == 4
    assert 0.0 < result["p50_age_s"] <= result["p95_age_s"] <= result["p99_age_s"]
    assert result["cpu_s_per_aircraft_s"] > 0.0
    assert math.isfinite(result["rss_mb_per_aircraft"])
    assert result["samples"] > 4
    assert result["cpu_ratio_to_grpc"] is None
    assert "no time left" in result["grpc_reason"]
