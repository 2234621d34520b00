"""The loop benchmark runs the real parts and shows each figure that it measures."""

from __future__ import annotations

import json

import pytest

from ground_station.bench.loop import Spans, measure_loop, share
from ground_station.commands.bench import BENCHES
from patrol.errors import Refused

pytestmark = pytest.mark.anyio


@pytest.mark.timeout(60)
async def test_a_small_loop_is_measured_from_alert_to_sound() -> None:
    spans = Spans(prepared=1, fresh=1, marks=2, sockets=5)
    result = json.loads(json.dumps(await measure_loop(spans)))
    assert set(result) == {row.key for row in BENCHES["loop"].rows}
    assert (result["alerts"], result["sockets"]) == (3, 5)
    assert all(value > 0.0 for key, value in result.items() if key.startswith("p"))


def test_a_share_of_nothing_is_not_zero() -> None:
    assert share([3.0, 1.0, 2.0], 0.95) == 3.0
    with pytest.raises(Refused, match="nothing was measured"):
        share([], 0.5)
