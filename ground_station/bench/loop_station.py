"""The station of `gridpatrol bench loop`: the real one, without an aircraft and an eye.

Where a rule would have spoken, standard input does: `raise` lets the crowd desk raise an alert
over the next grid, `mark` tells the story an event, `forget` drops the clips that are at hand.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import structlog

from ground_station.data_lock import data_lock
from ground_station.main import Station, say_ready
from ground_station.settings import AircraftSettings, StationSettings, read_settings
from ground_station.store.engine import Store
from ground_station.store.telemetry import TelemetryLog
from ground_station.unit import Ports
from ground_station.web_server import bind
from missions.grid import Grid
from missions.runner import SortieRunner
from patrol.clock import SystemClock
from patrol.geo import Datum, GeoPoint, Height
from patrol.groups import one_error
from patrol.plan import Finding, LookHold, MissionPlan, Waypoint
from patrol.sighting import Sighting, SightingKind, Stage, poisson_count
from patrol.story import StoryEvent
from patrol.telemetry import FlightMode, TelemetrySample
from patrol.vehicle import Command, Facts

_MORNING_H = 2  # UTC: ten o'clock there, when everything may be said
_AWAY_DEG = 0.0003  # 33 m to the north: within earshot
_LOOKS_EVERY_S = 0.2
_PEOPLE = 60


class MorningClock(SystemClock):
    """The machine's clock, put to a morning: at night the quiet hours would refuse every word."""

    def __init__(self) -> None:
        now = super().now_utc()
        self._ahead = now.replace(hour=_MORNING_H, minute=0) - now

    def now_utc(self) -> datetime:
        """World time."""
        return super().now_utc() + self._ahead


class Hovering:
    """An aircraft that is wherever the bench wants it; it obeys by doing nothing."""

    def __init__(self, name: str) -> None:
        self.vehicle_id = name
        self.sample = TelemetrySample(
            vehicle_id=name, time_utc=datetime.now(UTC), heard_at_s=0.0, is_in_air=True,
            is_armed=True, height_above_home_m=30.0, mode=FlightMode.HOLD,
        )  # fmt: skip

    def latest(self) -> TelemetrySample:
        """Heard just now."""
        return replace(self.sample, heard_at_s=SystemClock().monotonic_s())

    async def run(self) -> None:
        """There is no link to keep."""
        await anyio.sleep_forever()

    async def do(self, command: Command) -> None:
        """Done."""

    async def ask(self) -> Facts:
        """It has nothing to say."""
        return Facts()


class NoEye:
    """Sees nothing."""

    def send_pose(self, sample: TelemetrySample) -> None:
        """Nobody looks."""

    async def run(self) -> None:
        """Until cancelled."""
        await anyio.sleep_forever()

    async def newest(self) -> bytes | None:
        """No picture."""
        return None


class BenchStation(Station):
    """Desks, records, voice, loudspeaker, API and sockets are those of every station."""

    def _ports(self, aircraft: AircraftSettings) -> Ports:
        eye = NoEye()
        ports = super()._ports(aircraft)
        return replace(ports, vehicle=Hovering(aircraft.name), eye=eye, pictures=eye)

    async def obey(self) -> None:
        """Each line of standard input until its end."""
        number = 0
        async for line in anyio.wrap_file(sys.stdin):
            match line.strip():
                case "raise":
                    await self._raise_one(number)
                    number += 1
                case "mark":
                    self._board.tell(_marked("bench.mark"))
                case "forget":
                    self._units[0].voice.forget()

    async def show_crowds(self) -> None:
        """What a busy eye changes on the board."""
        sheet, count = self._board.of(self._units[0].aircraft), 0
        while True:
            count += 1
            people = [[116.7 + n / 1e4, 23.28 + count % 50 / 1e5] for n in range(_PEOPLE)]
            sheet.set(people=people, look={"at_s": SystemClock().monotonic_s(), "boxes": people})
            await anyio.sleep(_LOOKS_EVERY_S)

    async def _raise_one(self, number: int) -> None:
        """A sortie over the next grid, and what the crowd rule says after its on-delay."""
        grid = self._register.grids[number % len(self._register.grids)]
        crowd, vehicle = self._units[0].desks.crowd, self._units[0].desks.vehicle
        place = _within(grid)
        assert isinstance(vehicle, Hovering)  # noqa: S101  # made above
        vehicle.sample = replace(
            vehicle.sample,
            position=replace(place, lat_deg=place.lat_deg + _AWAY_DEG),
        )
        sortie = f"M-BENCH-S{number:04d}"
        plan = _plan(grid, place, self._world.now_utc())
        runner = SortieRunner(
            plan=plan, vehicle=vehicle, bus=self._bus, world=self._world, wall=self._wall,
            sortie_id=sortie, preflight=_no_findings,
        )  # fmt: skip
        crowd.begin(sortie, plan, runner)
        assert crowd.watch is not None  # noqa: S101  # begun above
        sighting = _sighting(grid, place, sortie, self._world.now_utc())
        self._board.tell(_marked("bench.raise"))
        await crowd.raise_alert(crowd.watch, sighting)


def _marked(name: str) -> StoryEvent:
    now_s = SystemClock().monotonic_s()
    return StoryEvent(name=name, time_utc=datetime.now(UTC), fields={"at_s": now_s})


def _within(grid: Grid) -> GeoPoint:
    point = grid.shape.representative_point()
    return GeoPoint(lat_deg=point.y, lon_deg=point.x)


def _sighting(grid: Grid, place: GeoPoint, sortie: str, now: datetime) -> Sighting:
    return Sighting(
        sighting_id=f"{sortie}-1", kind=SightingKind.GATHERING, stage=Stage.RAISED, time_utc=now,
        place=place, error_m=2.0, radius_m=4.0, count=poisson_count(28.0), area_m2=None,
        grid_code=grid.code, sortie=sortie, rule="HJ-CROWD-1/gathering", nearest_person_m=33.0,
        standoff_need_m=30.0,
    )  # fmt: skip


def _plan(grid: Grid, place: GeoPoint, now: datetime) -> MissionPlan:
    home = Height(metres=30.0, datum=Datum.HOME)
    ring = [(lat, lon) for lat in (-0.001, 0.001) for lon in (-0.001, 0.001)]
    return MissionPlan(
        plan_id=f"P-{grid.code}", grid_code=grid.code, grid_name=grid.name_zh,
        register_version="bench", pattern="boundary", home=place, home_elevation_amsl_m=12.0,
        waypoints=(Waypoint(point=place, height=home, speed_m_s=4.8),),
        fence=tuple(
            GeoPoint(lat_deg=place.lat_deg + lat, lon_deg=place.lon_deg + lon) for lat, lon in ring
        ),
        ceiling_agl_m=110.0, return_height=home, look_hold=LookHold(), length_m=900.0,
        duration_s=190.0, battery_need_pct=40.0, created_utc=now - timedelta(minutes=10),
        is_exercise=True,
    ).approved("bench", now)  # fmt: skip


async def _no_findings(*asked: object) -> list[Finding]:
    return []


async def _serve(settings: StationSettings) -> None:
    store = await Store.open(settings.data_dir)
    telemetry = await TelemetryLog.open(settings.data_dir, is_exercise=True)
    listener = bind(settings.host, settings.port)
    station = BenchStation(
        settings, store=store, telemetry=telemetry, world=MorningClock(), listener=listener
    )
    async with anyio.create_task_group() as group:
        group.start_soon(station.run)
        group.start_soon(station.show_crowds)
        say_ready(station.url)
        await station.obey()
        group.cancel_scope.cancel()
    await telemetry.close()
    await store.close()


def main() -> int:
    """Until standard input ends."""
    parser = argparse.ArgumentParser(prog="python -m ground_station.bench.loop_station")
    parser.add_argument("--config", type=Path, required=True)
    settings = read_settings(parser.parse_args().config)
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(file=sys.stderr))
    with data_lock(settings.data_dir), one_error():
        anyio.run(_serve, settings)
    return 0


if __name__ == "__main__":
    sys.exit(main())
