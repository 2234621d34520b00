"""Waiting for what an aircraft says."""

from __future__ import annotations

from collections.abc import Callable

import anyio

from drone.mavsdk_vehicle import MavsdkVehicle
from patrol.telemetry import TelemetrySample


def newest(vehicle: MavsdkVehicle) -> TelemetrySample:
    """What it said last; it has said something."""
    sample = vehicle.latest()
    assert sample is not None
    return sample


async def until_sample(
    vehicle: MavsdkVehicle, so: Callable[[TelemetrySample], bool], within_s: float
) -> TelemetrySample:
    """Wait until the newest sample is so, with a deadline."""
    with anyio.fail_after(within_s):
        while (sample := vehicle.latest()) is None or not so(sample):
            await anyio.sleep(0.02)
    return sample
