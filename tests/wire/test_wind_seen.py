"""The weather of a flight is what the autopilot reckoned of the wind up there; nobody types it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ground_station.sorties import WindSeen
from ground_station.store.telemetry import TelemetryLog
from patrol.telemetry import Wind
from tests.ground_core import SORTIE
from tests.store_samples import a_track, record_as

pytestmark = pytest.mark.anyio


async def test_the_wind_of_a_sortie_is_that_in_the_air_and_without_any_it_is_not_known(
    tmp_path: Path,
) -> None:
    log = await TelemetryLog.open(tmp_path, is_exercise=True)
    try:
        record_as(log, SORTIE)
        for number, sample in enumerate(a_track(count=7, hz=1.0)):
            speed_m_s = 20.0 if number < 3 else float(number)  # the first three stand on the ground
            wind = None if number == 6 else Wind(speed_m_s=speed_m_s, from_deg_true=90.0)
            log.add(replace(sample, wind=wind))
        assert await log.wind(SORTIE) == WindSeen(mean_m_s=4.0, max_m_s=5.0, samples=3)
        assert await log.wind("another") is None
    finally:
        await log.close()
