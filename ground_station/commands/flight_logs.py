"""Brings the autopilot's own log down after a flight, with a progress bar."""

from __future__ import annotations

from pathlib import Path

import anyio
from rich.console import Console
from rich.progress import Progress

from drone.mavsdk_vehicle import MavsdkVehicle
from ground_station.story_printer import StoryPrinter
from patrol.errors import CommandDenied

_DISARMED_WITHIN_S = 15.0  # wall; an autopilot writes its log until then
_LOOK_EVERY_S = 0.2  # wall


async def bring_log(
    vehicle: MavsdkVehicle, folder: Path, printer: StoryPrinter, *, as_json: bool
) -> None:
    """Into `folder`; a log that cannot be had is told, and takes nothing from the flight."""
    with anyio.move_on_after(_DISARMED_WITHIN_S):
        while (sample := vehicle.latest()) is None or sample.is_armed is not False:
            await anyio.sleep(_LOOK_EVERY_S)
    bar = Progress(console=Console(stderr=True), disable=as_json, transient=True)
    try:
        with bar:
            task = bar.add_task("the autopilot's log", total=1.0)
            path = await vehicle.download_log(
                folder, lambda share: bar.update(task, completed=share)
            )
    except CommandDenied as error:
        printer.note(f"the autopilot's log was not brought down: {error.reason}")
        return
    printer.note(f"the autopilot's log is {path}")
