"""`gridpatrol sim`: aircraft with cameras and loudspeakers for any ground station, till Ctrl-C."""

from __future__ import annotations

import functools
import json
import signal
import tempfile
from pathlib import Path
from typing import Any

import anyio
import anyio.abc
import httpx
import typer

from ground_station.children import Child, ChildFailed, running
from ground_station.options import SimOptions
from patrol.errors import ConfigError, PatrolError
from patrol.groups import one_error

_LOOK_EVERY_S = 0.2
_AT_ONCE = 4  # payload agents that start together: each keeps a core busy for a second
_WRONG_USE = 2
_ASK_EVERY_S = 0.5
_AGENT_DEAD = "PAYLOAD_AGENT_DEAD"  # of the simulator's faults


def run_sim(options: SimOptions) -> int:
    """Exit code 0 after Ctrl-C, 1 when something ended by itself, 2 for wrong use."""
    return anyio.run(functools.partial(_sim, options))


async def _sim(options: SimOptions) -> int:
    code = 0
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with anyio.create_task_group() as group:

            async def stop_on_signal() -> None:
                async for _ in signals:
                    group.cancel_scope.cancel()
                    return

            group.start_soon(stop_on_signal)
            try:
                with one_error():
                    await _fly(options)
            except ChildFailed as error:
                code = _WRONG_USE if error.code == _WRONG_USE else 1
                typer.echo(f"gridpatrol sim: {error.said or error}", err=True)
            except ConfigError as error:
                code = _WRONG_USE
                typer.echo(f"gridpatrol sim: {error}", err=True)
            except PatrolError as error:
                code = 1
                typer.echo(f"gridpatrol sim: {error}", err=True)
            group.cancel_scope.cancel()
    return code


async def _fly(options: SimOptions) -> None:
    with tempfile.TemporaryDirectory(prefix="gridpatrol-sim-") as folder:
        work_dir = Path(folder)
        async with running("simulator", options.arguments(), log_dir=work_dir) as simulator:
            flown: list[dict[str, Any]] = simulator.ready["aircraft"]
            door_url: str = simulator.ready["door_url"]
            async with anyio.create_task_group() as tasks:
                agents = await _agents(flown, tasks, work_dir)
                for aircraft in flown:
                    line = {key: aircraft[key] for key in ("name", "system_id", "mavlink", "rtsp")}
                    agent = agents.get(aircraft["name"])
                    line["payload"] = agent.url if agent is not None else None
                    typer.echo(json.dumps(line))
                _tell_door(door_url, flown[0]["name"])
                tasks.start_soon(_kill_on_demand, f"{door_url}/faults", agents)
                await _until_one_ends(simulator, agents)


def _tell_door(url: str, name: str) -> None:
    """For tests and exercises; a ground station is given the lines above alone."""
    typer.echo(
        f"to break and mend: PUT {url}/{name}/faults, DELETE {url}/{name}/faults/NAME; "
        f"wind and ground: PUT {url}/wind, {url}/hills",
        err=True,
    )


class PayloadAgent:
    """The agent of one aircraft: a process that can be killed, and comes back at its address."""

    def __init__(self, aircraft: dict[str, Any], work_dir: Path) -> None:
        self._name = f"payload agent of {aircraft['name']}"
        self._air_url = aircraft["air_url"]
        self._work_dir = work_dir
        self._is_wanted = anyio.Event()
        self._child: Child | None = None
        self.url = ""

    async def run(self, *, task_status: anyio.abc.TaskStatus[None]) -> None:
        """Serve until cancelled, but not while it is ordered to be dead."""
        port, is_first = "0", True
        while True:
            arguments = ["-m", "drone.agent", "--port", port, "--output", f"air:{self._air_url}"]
            async with running(self._name, arguments, log_dir=self._work_dir) as child:
                self._child, self.url = child, child.ready["url"]
                port = self.url.rpartition(":")[2]
                if is_first:
                    task_status.started()
                    is_first = False
                await child.process.wait()
                if self.ended() is not None:
                    return  # by itself: whoever watches it says so
            await self._is_wanted.wait()

    def order(self, *, is_dead: bool) -> None:
        """Kill it, or let it come back."""
        if is_dead and self._child is not None:
            child, self._child, self._is_wanted = self._child, None, anyio.Event()
            child.process.kill()
        elif not is_dead:
            self._is_wanted.set()

    def ended(self) -> ChildFailed | None:
        """Its last words, if it has ended and nobody has ordered it."""
        return self._child.ended() if self._child is not None else None


async def _agents(
    flown: list[dict[str, Any]], group: anyio.abc.TaskGroup, work_dir: Path
) -> dict[str, PayloadAgent]:
    """A payload agent for each aircraft that has a loudspeaker; they live as long as the group."""
    agents = {
        aircraft["name"]: PayloadAgent(aircraft, work_dir)
        for aircraft in flown
        if aircraft["air_url"] is not None
    }
    limit = anyio.CapacityLimiter(_AT_ONCE)

    async def start(agent: PayloadAgent) -> None:
        async with limit:
            await group.start(agent.run)

    async with anyio.create_task_group() as starting:
        for agent in agents.values():
            starting.start_soon(start, agent)
    return agents


async def _kill_on_demand(faults_url: str, agents: dict[str, PayloadAgent]) -> None:
    """The one fault that the simulator's process cannot play itself."""
    async with httpx.AsyncClient() as client:
        while agents:
            try:
                answer = await client.get(faults_url)
            except httpx.TransportError:
                return  # the simulator has ended, and that is told elsewhere
            for name, faults in answer.json().items():
                agents[name].order(is_dead=_AGENT_DEAD in faults)
            await anyio.sleep(_ASK_EVERY_S)


async def _until_one_ends(simulator: Child, agents: dict[str, PayloadAgent]) -> None:
    children: list[Child | PayloadAgent] = [simulator, *agents.values()]
    while True:
        for child in children:
            if (ended := child.ended()) is not None:
                raise ended
        await anyio.sleep(_LOOK_EVERY_S)
