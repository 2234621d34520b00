"""Keeps the board's pictures of aircraft, camera and sortie current; it decides nothing."""

from __future__ import annotations

from collections.abc import Callable

import anyio

from ground_station import views
from ground_station.live import Board
from patrol.bus import Bus
from patrol.clock import WallClock, WorldClock, utc_text
from patrol.story import StoryEvent
from patrol.telemetry import TelemetrySample
from vision.eye_port import VideoState

_EVERY_S = 0.2  # wall
_SORTIE_STATES = {
    "airborne": "AIRBORNE", "hold": "HOLDING", "resumed": "AIRBORNE", "returning": "RETURNING"
}  # fmt: skip


class Showing:
    """What moves by itself, on every console's board."""

    def __init__(
        self,
        *,
        bus: Bus,
        board: Board,
        latest: Callable[[], TelemetrySample | None],
        world: WorldClock,
        wall: WallClock,
    ) -> None:
        self._bus = bus
        self._board = board
        self._latest = latest
        self._world = world
        self._wall = wall

    async def run(self) -> None:
        """Show until cancelled."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._aircraft)
            group.start_soon(self._camera)
            group.start_soon(self._sortie)

    async def _aircraft(self) -> None:
        while True:
            sample = self._latest()
            now_s = self._wall.monotonic_s()
            self._board.set(
                clock={
                    "utc": utc_text(self._world.now_utc()),
                    "speed": round(self._world.speed, 2),
                },
                aircraft=[views.aircraft_view(sample, now_s)] if sample else [],
            )
            await anyio.sleep(_EVERY_S)

    async def _camera(self) -> None:
        with self._bus.subscribe(VideoState) as states:
            async for video in states:
                self._board.set(
                    camera={"id": video.camera_id, "state": video.state, "text": video.text}
                )

    async def _sortie(self) -> None:
        with self._bus.subscribe(StoryEvent) as events:
            async for event in events:
                shown = self._board.get("sortie")
                if not shown:
                    continue
                if event.name == "sortie.adopted":
                    self._board.set(sortie=shown | views.adopted_view(event.fields))
                elif event.name in _SORTIE_STATES:
                    self._board.set(sortie=shown | {"state": _SORTIE_STATES[event.name]})
                elif event.name == "waypoint":
                    self._board.set(sortie=shown | {"waypoint_index": event.fields["index"]})
