"""The aircraft that the flights fly: the built-in one, or a PX4 that the user has built.

Both are reached over the wire alone; what can be done to them is the same but for the wind, which
PX4's own simulation does not have.
"""

from __future__ import annotations

import functools
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import anyio
import pytest

from patrol.geo import GeoPoint, offset
from sim.aircraft import SimAircraft
from sim.clock import SimClock
from sim.faults import Fault
from sim.wind import Wind
from tests.flight.radio import HOST, Place, Radio, closing
from tests.relays import free_port
from tests.unit.test_plan_words import HOME

ELEVATION_M = 12.0
SIM_SPEED, PX4_SPEED = 16.0, 4.0
_APART_M = 5.0  # between launch points, as `gridpatrol sim` places them
_PX4_PORT = 14540
_LANDS_AT = {"MPC_LAND_SPEED": 2.0}  # metres a second: the last ten metres are no part of a test
_HOVER_S = 1500  # what the built-in aircraft's battery lasts
_DRAIN_PCT_S = 10.0
# As a squad sets them, and as the built-in aircraft has them; PX4's own fence only stops it.
# Half a minute of PX4's own hurried seconds, in which a station has to be heard.
_FAILSAFES = {"GF_ACTION": 3, "COM_LOW_BAT_ACT": 3, "COM_DL_LOSS_T": 30}


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where the aircraft stand, each some metres east of the one before."""

    home: GeoPoint = HOME
    elevation_amsl_m: float = ELEVATION_M

    def homes(self, aircraft: int) -> list[GeoPoint]:
        """As `gridpatrol sim` places them."""
        return [offset(self.home, east_m=_APART_M * n, north_m=0.0) for n in range(aircraft)]

    def scenario(self) -> dict[str, object]:
        """An empty world for `gridpatrol sim`."""
        camera = {"width_px": 320, "height_px": 180, "hfov_deg": 40.0, "frames_per_s": 1}
        return {
            "home": [self.home.lon_deg, self.home.lat_deg],
            "home_elevation_amsl_m": self.elevation_amsl_m, "start_utc": "2026-11-24T01:30:00Z",
            "gathering": None, "passers_by": 0, "camera": camera,
        }  # fmt: skip


_HERE = Site()


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """One aircraft or several, and what can be done to them."""

    name: str
    radios: list[Radio]
    homes: list[GeoPoint]
    speed: float
    ours: list[SimAircraft]  # none when it is a PX4
    clock: SimClock | None = None  # ours

    async def lose_link_after(self, wall_s: int) -> None:
        """How long a station may be silent; PX4 counts its own seconds, the sim the wall's."""
        factor = 1 if self.ours else int(self.speed)
        await self.radios[0].set(COM_DL_LOSS_T=wall_s * factor)

    def pace(self, speed: float) -> None:
        """World seconds in a second from now on; PX4 keeps the speed that it was started with."""
        if self.clock is not None:
            self.clock.speed = speed

    async def satellites(self, *, are_seen: bool) -> None:
        """Lose them, or see them again."""
        if not self.ours:
            await self.radios[0].set(SIM_GPS_USED=10 if are_seen else 0)
        elif are_seen:
            self.ours[0].clear(Fault.GNSS_LOST)
        else:
            self.ours[0].inject(Fault.GNSS_LOST)

    async def drain(self, to_pct: float) -> None:
        """Until no more than so much is left; it does not sink much further by itself."""
        radio = self.radios[0]
        if not self.ours:
            await radio.set(SIM_BAT_MIN_PCT=to_pct, SIM_BAT_DRAIN=20.0)
        else:
            await self._drain_ours(to_pct)
        await radio.until(lambda heard: heard.charge_pct is not None and heard.charge_pct <= to_pct)

    async def _drain_ours(self, to_pct: float) -> None:
        one = self.ours[0]
        one.inject(Fault.BATTERY_COLLAPSE, _DRAIN_PCT_S)
        while one.autopilot.battery_pct > to_pct:
            await anyio.sleep(0.01)
        one.clear(Fault.BATTERY_COLLAPSE)


@asynccontextmanager
async def built_in(
    site: Site = _HERE, *, aircraft: int = 1, wind: Wind | None = None, speed: float = SIM_SPEED
) -> AsyncIterator[Twin]:
    """Ours, in this process; the wire is real."""
    homes = site.homes(aircraft)
    clock = SimClock(datetime.now(UTC), speed)
    with closing([Radio(free_port()) for _ in homes]) as radios:
        async with anyio.create_task_group() as group:
            ours = []
            for number, (radio, home) in enumerate(zip(radios, homes, strict=True)):
                await radio.open(0)
                one = SimAircraft(
                    home=home, home_elevation_amsl_m=site.elevation_amsl_m, clock=clock,
                    seed=number, system_id=number + 1, wind=wind,
                )  # fmt: skip
                one.tell_unasked((HOST, radio.port))
                await group.start(one.run)
                radio.truth = functools.partial(_truth, one, site.elevation_amsl_m)
                ours.append(one)
            for radio in radios:
                await radio.set(**_LANDS_AT)
            yield Twin(
                name=f"sim {version('gridpatrol')}",
                radios=radios,
                homes=homes,
                speed=speed,
                ours=ours,
                clock=clock,
            )
            group.cancel_scope.cancel()


def _truth(one: SimAircraft, ground_amsl_m: float) -> Place:
    pose = one.pose()
    return Place(point=pose.point, altitude_amsl_m=ground_amsl_m + pose.height_agl_m)


@asynccontextmanager
async def px4(
    folder: Path, work: Path, site: Site = _HERE, *, aircraft: int = 1
) -> AsyncIterator[Twin]:
    """`gridpatrol sim --px4`, in processes of its own."""
    homes, scenario = site.homes(aircraft), work / "scenario.json"
    scenario.write_text(json.dumps(site.scenario()), encoding="utf-8")
    command = [
        sys.executable, "-m", "ground_station", "sim", "--px4", str(folder), "--bare",
        "--aircraft", str(aircraft), "--speed", str(PX4_SPEED), "--scenario", str(scenario),
    ]  # fmt: skip
    with closing([Radio(free_port()) for _ in homes]) as radios:
        for number, radio in enumerate(radios):
            await radio.open(_PX4_PORT + number)
        async with await anyio.open_process(command, stderr=None) as process:
            try:
                assert process.stdout is not None
                told = b""
                with anyio.fail_after(60.0):
                    while told.count(b"\n") < aircraft:
                        told += await process.stdout.receive()
                for radio in radios:
                    await radio.ask_for_truth()
                    await radio.set(**_LANDS_AT, SIM_BAT_DRAIN=float(_HOVER_S))
                    await radio.set(**_FAILSAFES)
                yield Twin(name="PX4", radios=radios, homes=homes, speed=PX4_SPEED, ours=[])
            finally:
                with anyio.CancelScope(shield=True):
                    process.send_signal(signal.SIGINT)
                    await process.wait()


@dataclass(frozen=True, slots=True, kw_only=True)
class Twins:
    """Makes the aircraft of a flight: PX4's where `--px4` names one."""

    px4_folder: Path | None
    work: Path

    @asynccontextmanager
    async def fly(
        self, site: Site = _HERE, *, aircraft: int = 1, wind: Wind | None = None
    ) -> AsyncIterator[Twin]:
        """As many as wanted, for the length of the block."""
        if self.px4_folder is None:
            async with built_in(site, aircraft=aircraft, wind=wind) as twin:
                yield twin
            return
        if wind is not None:
            pytest.skip("PX4's own simulation (SIH) has no wind")
        async with px4(self.px4_folder, self.work, site, aircraft=aircraft) as twin:
            yield twin
