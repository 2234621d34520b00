"""Follows the demo's story to the wanted point, pressing what a director presses and no more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import anyio

from ground_station import auto_operator
from ground_station.children import Child
from ground_station.client import Event, State, StationClient, StationRefused, Unit
from ground_station.story_printer import StoryPrinter
from patrol.clock import parse_utc
from patrol.errors import Refused

_GRACE_WALL_S = 60.0
_LOOK_EVERY_S = 0.5  # wall
_LINK_WITHIN_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoEnd:
    """How the demo ended."""

    code: int
    reason: str = ""


class DemoStory:
    """One demo, from launch to its wanted end."""

    def __init__(
        self,
        *,
        client: StationClient,
        operator: StationClient,
        printer: StoryPrinter,
        grid_code: str,
        is_headless: bool,
        until: str | None,
        within_s: float,
    ) -> None:
        self._client = client
        self._operator = operator
        self._printer = printer
        self._grid_code = grid_code
        self._is_headless = is_headless
        self._until = until
        self._within_s = within_s
        self._last_event = "the start"
        self._end: DemoEnd | None = None

    async def run(self, parts: Sequence[Child]) -> DemoEnd:
        """Launch, follow, answer; returns at the wanted point or when it cannot be reached."""
        async with anyio.create_task_group() as group:

            async def finish(end: DemoEnd) -> None:
                self._end = end
                group.cancel_scope.cancel()

            async def follow() -> None:
                await finish(await self._follow())

            async def guard() -> None:
                await finish(await self._guard(parts))

            group.start_soon(follow)
            group.start_soon(guard)
            await self._launch()
        self._printer.done()
        return self._end or DemoEnd(code=1, reason="the story was cut short")

    async def _launch(self) -> None:
        """Wait for the aircraft's first words, then plan, approve and fly."""
        with anyio.move_on_after(_LINK_WITHIN_S):
            while not _may_launch(await self._client.state()):
                await anyio.sleep(0.1)
        try:
            await auto_operator.launch(self._client, self._grid_code)
        except StationRefused as error:
            words = "; ".join(finding["text"] for finding in error.findings)
            raise Refused(f"{error} {words}".strip()) from error

    async def _follow(self) -> DemoEnd:
        operator = auto_operator.AutoOperator(self._operator)
        async with anyio.create_task_group() as group:
            async for event in self._client.events():
                self._printer.event(dict(event))
                self._last_event = event["event"]
                if self._is_headless:
                    group.start_soon(operator.answer, event)
                if event["event"] == "landed":
                    group.start_soon(auto_operator.sign_when_landed, self._client, event)
                end = self._end_at(event)
                if end is not None:
                    group.cancel_scope.cancel()
                    return end
        return DemoEnd(code=1, reason="the station ended the story")

    def _end_at(self, event: Event) -> DemoEnd | None:
        name = event["event"]
        if self._until == "dispersed" and name == "effect" and event["verdict"] == "dispersed":
            return DemoEnd(code=0)
        if self._until == "filed" and name == "case.filed":
            return DemoEnd(code=0)
        if self._until == "landed" and name == "log.closed":
            return DemoEnd(code=0)
        if self._until is not None and name in ("log.closed", "sortie.aborted"):
            why = event.get("reason") or "the sortie was over before that"
            return DemoEnd(code=1, reason=f"{self._until} was not reached: {why}")
        return None

    async def _guard(self, parts: Sequence[Child]) -> DemoEnd:
        """Ends when a part dies, or after the allowed world time and a minute of the wall."""
        start = None
        while True:
            await anyio.sleep(_LOOK_EVERY_S)
            for part in parts:
                if (failed := part.ended()) is not None:
                    raise failed
            state = await self._client.state()
            now = parse_utc(state["clock"]["utc"])
            start = start or now
            self._printer.progress(progress_text(state))
            if self._until is not None and (now - start).total_seconds() > self._within_s:
                await anyio.sleep(_GRACE_WALL_S)
                return DemoEnd(
                    code=1,
                    reason=f"{self._until} was not reached within {self._within_s:.0f} s of world "
                    f"time and {_GRACE_WALL_S:.0f} s more; it came as far as {self._last_event}",
                )


def _may_launch(state: State) -> bool:
    """It has said where home is and that it stands there; which comes first is not given."""
    return any(
        aircraft["home"] and aircraft["is_in_air"] is False
        for aircraft in state.get("aircraft") or []
    )


def progress_text(state: State) -> str:
    """One line: where the aircraft is in its patrol and what is being watched."""
    aircraft = next(iter(state.get("aircraft") or []), None)
    unit: Unit = next(iter(state["units"].values()), Unit())
    sortie, look = unit.get("sortie"), unit.get("look")
    words = [f"x{state['clock']['speed']:g}"]
    if aircraft:
        words.append(
            f"{aircraft['mode']} {aircraft['height_above_home_m'] or 0:.0f} m "
            f"{aircraft['battery_pct'] or 0:.0f} %"
        )
    if sortie:
        words.append(f"waypoint {sortie['waypoint_index'] or 0}/{sortie['waypoint_total'] or 0}")
    if look:
        words.append(f"{len(look['boxes'])} people in view, {look['rate_hz']:.1f} looks/s")
    return " · ".join(words)
