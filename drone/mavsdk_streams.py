"""Reads MAVSDK's slow streams into the newest values; the fast ones are in mavlink_streams.py."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any

import anyio
from mavsdk.asyncio import System
from mavsdk.asyncio.plugins.gimbal import GimbalAsync
from mavsdk.asyncio.plugins.mission_raw import MissionRawAsync
from mavsdk.asyncio.plugins.telemetry import TelemetryAsync

from drone.mavsdk_convert import flight_mode, known, place
from drone.newest import Newest, Part
from patrol.clock import WallClock
from patrol.telemetry import Battery, FlightMode


class Streams:
    """One reader a stream; every queue is drained at once."""

    def __init__(
        self, system: System, newest: Newest, wall: WallClock, on_text: Callable[[Any], None]
    ) -> None:
        self._telemetry = TelemetryAsync(system)
        self._mission = MissionRawAsync(system)
        self.gimbal = GimbalAsync(system)
        self._newest = newest
        self._wall = wall
        self._on_text = on_text

    async def run(self) -> None:
        """Read all of them until cancelled."""
        telemetry = self._telemetry
        readers: list[tuple[Callable[[], Any], Callable[[Any], None]]] = [
            (telemetry.subscribe_battery, self._battery),
            (telemetry.subscribe_home, self._home),
            (telemetry.subscribe_flight_mode, self._mode),
            (telemetry.subscribe_armed, self._armed),
            (telemetry.subscribe_in_air, self._in_air),
            (telemetry.subscribe_health, self._health),
            (telemetry.subscribe_status_text, self._text),
            (self._mission.subscribe_mission_progress, self._progress),
            (self.gimbal.subscribe_gimbal_list, self._gimbals),
        ]
        async with anyio.create_task_group() as group:
            for subscribe, take in readers:
                group.start_soon(_drain, subscribe, take)

    def _mark(self, part: Part) -> None:
        self._newest.mark(part, self._wall.monotonic_s())

    def _battery(self, value: Any) -> None:  # noqa: ANN401  # MAVSDK's types are untyped
        charge = known(value.remaining_percent)
        if charge is None or charge < 0.0:
            return  # the autopilot does not know it
        battery = Battery(charge_pct=charge, voltage_v=known(value.voltage_v))
        self._newest.tell_battery(value.id, battery, self._wall.monotonic_s())

    def _home(self, value: Any) -> None:  # noqa: ANN401
        home = place(value.latitude_deg, value.longitude_deg)
        if home is not None:
            self._newest.home = home
            self._newest.home_altitude_amsl_m = known(value.absolute_altitude_m)
            self._mark(Part.HOME)

    def _mode(self, value: Any) -> None:  # noqa: ANN401
        mode = flight_mode(value)
        if mode is FlightMode.MANUAL and self._newest.is_orbiting:
            mode = FlightMode.ORBIT  # to MAVSDK an orbit looks as if a pilot held the sticks
        self._newest.mode = mode
        self._mark(Part.MODE)

    def _armed(self, value: bool) -> None:  # noqa: FBT001
        self._newest.is_armed = value

    def _in_air(self, value: bool) -> None:  # noqa: FBT001
        self._newest.is_in_air = value
        self._mark(Part.IN_AIR)

    def _health(self, value: Any) -> None:  # noqa: ANN401
        self._newest.is_armable = value.is_armable

    def _text(self, value: Any) -> None:  # noqa: ANN401
        self._mark(Part.TEXT)
        self._on_text(value)

    def _progress(self, value: Any) -> None:  # noqa: ANN401
        self._newest.mission_item, self._newest.mission_total = value.current, value.total

    def _gimbals(self, value: Any) -> None:  # noqa: ANN401
        if value.gimbals:
            self._newest.gimbal_id = value.gimbals[0].gimbal_id


async def _drain(subscribe: Callable[[], Any], take: Callable[[Any], None]) -> None:
    stream: AsyncIterator[Any] = subscribe()
    async with aclosing(stream) as values:  # type: ignore[type-var]  # an async generator it is
        async for value in values:
            take(value)
