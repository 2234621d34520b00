"""Uploads over a bad link: how many arrive whole, how many are refused in words, how long it takes.

A plan counts as whole only when the vehicle confirmed it item by item; no two plans are alike, so
what was on board before cannot be taken for it.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio

from drone.link_settings import LinkSettings
from drone.mavsdk_fleet import Fleet, prepare_executor
from drone.mavsdk_vehicle import MavsdkVehicle
from ground_station.children import running
from patrol.bus import Bus
from patrol.clock import SystemClock
from patrol.errors import LinkLost, Refused
from patrol.geo import Datum, GeoPoint, Height, offset
from patrol.plan import MissionPlan, Waypoint
from patrol.vehicle import Upload

AIRCRAFT = 25
UPLOADS = 100
POOR_PCT, BAD_PCT = 5, 30  # of all datagrams, each way
_ALL_HEARD_S = 20.0  # wall
_LEGS = 2
_PLAIN_MARGIN_M = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How many uploads at each loss; at the bad one none begins later than that."""

    poor: int = UPLOADS
    bad: int
    begin_within_s: float


FULL = Effort(bad=UPLOADS, begin_within_s=600.0)
QUICK = Effort(bad=6, begin_within_s=10.0)


@dataclass(slots=True)
class _Score:
    """What came of the uploads at one loss."""

    times_s: list[float] = field(default_factory=list)  # of those that arrived whole
    refusals: list[str] = field(default_factory=list)

    def to_dict(self, prefix: str) -> dict[str, Any]:
        times_s = sorted(self.times_s)
        return {
            f"{prefix}uploads": len(self.times_s) + len(self.refusals),
            f"{prefix}intact": len(self.times_s),
            f"{prefix}refused": len(self.refusals),
            f"{prefix}p50_upload_s": _share(times_s, 0.50),
            f"{prefix}p95_upload_s": _share(times_s, 0.95),
            f"{prefix}refusals": sorted(set(self.refusals)),
        }


async def measure_uploads(effort: Effort) -> dict[str, Any]:
    """The JSON object of the benchmark."""
    prepare_executor()
    poor, bad = _Score(), _Score()
    with tempfile.TemporaryDirectory(prefix="gridpatrol-bench-") as name:
        async with anyio.create_task_group() as group:  # both spend their time waiting
            for score, loss_pct, count, begin_within_s in (
                (poor, POOR_PCT, effort.poor, FULL.begin_within_s),
                (bad, BAD_PCT, effort.bad, effort.begin_within_s),
            ):
                folder = Path(name) / str(loss_pct)
                folder.mkdir()
                group.start_soon(_uploads, folder, loss_pct, count, begin_within_s, score)
    return {
        "aircraft": AIRCRAFT, "loss_pct": POOR_PCT, **poor.to_dict(""),
        "bad_loss_pct": BAD_PCT, **bad.to_dict("bad_"),
    }  # fmt: skip


async def _uploads(
    folder: Path, loss_pct: int, count: int, begin_within_s: float, score: _Score
) -> None:
    bus, clock = Bus(), SystemClock()
    fleet = Fleet(bus=bus, world=clock, wall=clock)
    command = ["-m", "sim.bench_fleet", "--aircraft", str(AIRCRAFT)]
    command += ["--fault", f"PACKET_LOSS={loss_pct}"]
    async with (
        running("aircraft", command, log_dir=folder) as simulator,
        anyio.create_task_group() as group,
    ):
        group.start_soon(fleet.run)
        vehicles = [
            MavsdkVehicle(
                LinkSettings(
                    name=f"GP-{one['system_id']}", url=one["mavlink"], system_id=one["system_id"]
                ),
                bus=bus, world=clock, wall=clock, fleet=fleet,
            )
            for one in simulator.ready["aircraft"]
        ]  # fmt: skip
        for vehicle in vehicles:
            group.start_soon(vehicle.run)
        await _all_heard(vehicles)
        stop_s = clock.monotonic_s() + begin_within_s

        async def upload(number: int) -> None:
            for turn in range(number, count, AIRCRAFT):
                if clock.monotonic_s() < stop_s:
                    await _upload(vehicles[number], _plan(vehicles[number], turn), score)

        async with anyio.create_task_group() as uploading:
            for number in range(AIRCRAFT):
                uploading.start_soon(upload, number)
        group.cancel_scope.cancel()


async def _all_heard(vehicles: list[MavsdkVehicle]) -> None:
    clock = SystemClock()
    give_up_s = clock.monotonic_s() + _ALL_HEARD_S
    while any(vehicle.latest() is None for vehicle in vehicles):
        if clock.monotonic_s() > give_up_s:
            raise LinkLost(f"not all {len(vehicles)} simulated aircraft were heard")
        await anyio.sleep(0.1)


async def _upload(vehicle: MavsdkVehicle, plan: MissionPlan, score: _Score) -> None:
    clock = SystemClock()
    began_s = clock.monotonic_s()
    try:
        await vehicle.do(Upload(plan=plan))
    except (Refused, LinkLost) as error:
        score.refusals.append(str(error))
        return
    if not (await vehicle.ask()).is_mission_confirmed:
        raise AssertionError("an upload that was not refused is not confirmed")
    score.times_s.append(clock.monotonic_s() - began_s)


def _plan(vehicle: MavsdkVehicle, turn: int) -> MissionPlan:
    """A small loop around where it stands; the speed tells one plan from the next."""
    sample = vehicle.latest()
    if sample is None or sample.position is None:
        raise LinkLost(f"{vehicle.vehicle_id} has told no position")
    plan = _square(sample.position)
    waypoints = (replace(w, speed_m_s=2.0 + turn / 50.0) for w in plan.waypoints)
    return replace(plan, plan_id=f"B-{turn}", waypoints=tuple(waypoints))


def _square(home: GeoPoint) -> MissionPlan:
    height = Height(metres=30.0, datum=Datum.HOME)
    corners = [(50.0, 50.0), (50.0, -50.0), (-50.0, -50.0), (-50.0, 50.0)]
    far = _PLAIN_MARGIN_M
    ring = [(far, far), (far, -far), (-far, -far), (-far, far)]
    return MissionPlan(
        plan_id="B", grid_code="", grid_name="", register_version="", pattern="boundary",
        home=home, home_elevation_amsl_m=12.0,
        waypoints=tuple(
            Waypoint(point=offset(home, east_m=e, north_m=n), height=height, speed_m_s=4.0)
            for e, n in corners[:_LEGS]
        ),
        fence=tuple(offset(home, east_m=e, north_m=n) for e, n in ring),
        ceiling_agl_m=110.0, return_height=height, look_hold=None, length_m=400.0,
        duration_s=100.0, battery_need_pct=10.0, created_utc=datetime.now(UTC), is_exercise=True,
    )  # fmt: skip


def _share(values: list[float], share: float) -> float | None:
    return values[min(len(values) - 1, int(share * len(values)))] if values else None
