"""`python -m sim.bench_fleet --aircraft N`: aircraft alone, to measure a ground station with.

Prints one JSON line with their addresses and the zero of their clocks on the machine's own
(CLOCK_MONOTONIC), so that the age of what they send can be told end to end.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import anyio

from patrol.geo import GeoPoint
from sim.aircraft import SimAircraft
from sim.clock import SimClock
from sim.faults import ORDER_FORM, FaultOrder, fault_order, follow, orders_for
from sim.life import cancel_when_asked_to_stop
from sim.net import HOST

_HOME_AMSL_M = 12.0
_APART_DEG = 0.001


async def _fly(count: int, faults: Sequence[FaultOrder]) -> None:
    clock = SimClock(datetime.now(UTC))
    async with anyio.create_task_group() as tasks:
        await tasks.start(cancel_when_asked_to_stop, tasks.cancel_scope)
        lines = []
        for number in range(1, count + 1):
            aircraft = SimAircraft(
                home=GeoPoint(lat_deg=23.28 + number * _APART_DEG, lon_deg=116.72),
                home_elevation_amsl_m=_HOME_AMSL_M, clock=clock, seed=number, system_id=number,
            )  # fmt: skip
            mine = orders_for(number, faults)
            tasks.start_soon(follow, mine, aircraft.faults, clock)
            port = await tasks.start(aircraft.run)
            lines.append({"system_id": number, "mavlink": f"udpout://{HOST}:{port}"})
        zero_s = time.monotonic() - clock.monotonic_s()
        ready = {"event": "ready", "clock_zero_s": zero_s, "aircraft": lines}
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()


def main() -> None:
    """Fly until standard input ends."""
    parser = argparse.ArgumentParser(prog="python -m sim.bench_fleet")
    parser.add_argument("--aircraft", type=int, default=50, choices=range(1, 251), metavar="N")
    parser.add_argument(
        "--fault", type=fault_order, action="append", default=[], metavar=ORDER_FORM,
        help="break this, of all or of one, from world second T to END",
    )  # fmt: skip
    arguments = parser.parse_args()
    anyio.run(_fly, arguments.aircraft, arguments.fault)


if __name__ == "__main__":
    main()
