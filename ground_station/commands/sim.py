"""`gridpatrol sim`: aircraft with cameras and loudspeakers for any ground station, till Ctrl-C."""

from __future__ import annotations

import functools
import json
import signal
import tempfile
from pathlib import Path
from typing import Any

import anyio
import typer

from ground_station.children import Child, ChildFailed, running
from ground_station.options import SimOptions
from patrol.errors import ConfigError, PatrolError
from patrol.groups import one_error

_LOOK_EVERY_S = 0.2
_AT_ONCE = 4  # payload agents that start together: each keeps a core busy for a second
_WRONG_USE = 2


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
            async with anyio.create_task_group() as agents:
                agent_of = await _agents(flown, agents, work_dir)
                for aircraft in flown:
                    agent = agent_of.get(aircraft["name"])
                    line = {key: aircraft[key] for key in ("name", "system_id", "mavlink", "rtsp")}
                    line["payload"] = agent.ready["url"] if agent is not None else None
                    typer.echo(json.dumps(line))
                await _until_one_ends([simulator, *agent_of.values()])


async def _agents(
    flown: list[dict[str, Any]], group: anyio.abc.TaskGroup, work_dir: Path
) -> dict[str, Child]:
    """A payload agent for each aircraft that has a loudspeaker; they live as long as the group."""
    agent_of: dict[str, Child] = {}
    limit = anyio.CapacityLimiter(_AT_ONCE)

    async def keep(aircraft: dict[str, Any], *, task_status: anyio.abc.TaskStatus[Child]) -> None:
        arguments = ["-m", "drone.agent", "--port", "0", "--output", f"air:{aircraft['air_url']}"]
        name = f"payload agent of {aircraft['name']}"
        async with running(name, arguments, log_dir=work_dir) as child:
            task_status.started(child)
            await anyio.sleep_forever()

    async def start(aircraft: dict[str, Any]) -> None:
        async with limit:
            agent_of[aircraft["name"]] = await group.start(keep, aircraft)

    async with anyio.create_task_group() as starting:
        for aircraft in flown:
            if aircraft["air_url"] is not None:
                starting.start_soon(start, aircraft)
    return agent_of


async def _until_one_ends(children: list[Child]) -> None:
    while True:
        for child in children:
            if (ended := child.ended()) is not None:
                raise ended
        await anyio.sleep(_LOOK_EVERY_S)
