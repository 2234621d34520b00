"""Keeps the board's pictures of aircraft, cameras and sorties current; it decides nothing."""

from __future__ import annotations

from collections.abc import Iterable

import anyio

from ground_station import views
from ground_station.live import Board, Sheet
from ground_station.shown import CameraView, ClockView, RegisterView, StationView
from ground_station.switchboard import Desks
from missions.register import Register
from patrol.bus import Bus
from patrol.clock import WallClock, WorldClock, utc_text
from patrol.story import StoryEvent
from vision.eye_port import VideoState

_EVERY_S = 0.2  # wall
_SORTIE_STATES = {
    "airborne": "AIRBORNE", "hold": "HOLDING", "resumed": "AIRBORNE", "returning": "RETURNING"
}  # fmt: skip


def show_station(board: Board, station: StationView, register: Register, world: WorldClock) -> None:
    """What a console sees of the station before anything has happened."""
    names: RegisterView = {"version": register.version, "is_synthetic": register.is_synthetic}
    board.set(
        station=station, register=names, aircraft=[], cases=[], missions=[], clock=_clock(world)
    )


def show_unit(sheet: Sheet, camera_id: str) -> None:
    """What a console sees of an aircraft before anything has happened."""
    camera: CameraView = {"id": camera_id, "state": "starting", "text": ""}
    sheet.set(
        sortie=None, alert=None, alerts=[], announcement=None, effect=None, crowd=None, look=None,
        people=[], camera=camera,
    )  # fmt: skip


def _clock(world: WorldClock) -> ClockView:
    return {"utc": utc_text(world.now_utc()), "speed": round(world.speed, 2)}


class Showing:
    """What moves by itself, on every console's board."""

    def __init__(
        self,
        *,
        bus: Bus,
        board: Board,
        desks: Iterable[Desks],
        world: WorldClock,
        wall: WallClock,
    ) -> None:
        self._bus = bus
        self._board = board
        self._desks = tuple(desks)
        self._world = world
        self._wall = wall

    async def run(self) -> None:
        """Show until cancelled."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._aircraft)
            group.start_soon(self._cameras)
            group.start_soon(self._sorties)

    async def _aircraft(self) -> None:
        while True:
            samples = [sample for one in self._desks if (sample := one.latest()) is not None]
            now_s = self._wall.monotonic_s()
            self._board.set(
                clock=_clock(self._world),
                aircraft=[views.aircraft_view(sample, now_s) for sample in samples],
            )
            await anyio.sleep(_EVERY_S)

    async def _cameras(self) -> None:
        carriers = {one.camera_id: one.aircraft for one in self._desks}
        with self._bus.subscribe(VideoState) as states:
            async for video in states:
                camera: CameraView = {
                    "id": video.camera_id, "state": video.state, "text": video.text
                }  # fmt: skip
                self._board.of(carriers[video.camera_id]).set(camera=camera)

    async def _sorties(self) -> None:
        ours = {one.aircraft for one in self._desks}
        with self._bus.subscribe(StoryEvent, where=lambda event: event.aircraft in ours) as events:
            async for event in events:
                self._show(event)

    def _show(self, event: StoryEvent) -> None:
        sheet = self._board.of(event.aircraft)
        shown = sheet.get("sortie")
        if not shown:
            return
        if event.name == "sortie.adopted":
            sheet.set(sortie=shown | views.adopted_view(event.fields))
        elif event.name in _SORTIE_STATES:
            sheet.set(sortie=shown | {"state": _SORTIE_STATES[event.name]})
        elif event.name == "waypoint":
            sheet.set(sortie=shown | {"waypoint_index": event.fields["index"]})
