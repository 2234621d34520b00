"""`gridpatrol demo`: start every part as a process of its own, tell the story, end it cleanly."""

from __future__ import annotations

import functools
import json
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import typer

from ground_station import auto_operator
from ground_station.children import Child, end_together, running
from ground_station.client import StationClient
from ground_station.commands.users import open_book
from ground_station.data_lock import free_data_dir
from ground_station.demo_scenario import CAMERA, make_scenario
from ground_station.demo_story import DemoEnd, DemoStory
from ground_station.folders import default_data_dir
from ground_station.options import DemoOptions
from ground_station.papers_file import EXERCISE_PAPERS_FILE
from ground_station.people.demo import prepare_demo
from ground_station.people.passwords import Cost
from ground_station.story_printer import StoryPrinter
from ground_station.web_server import bind
from missions.formats import write_json
from patrol.errors import ConfigError, PatrolError
from patrol.groups import one_error

_TELL_WITHIN_S = 2.0  # wall; Ctrl-C has to end everything within 5 s
_ASK_AGAIN_S = 0.2
_AIRSPACE = "demo-airspace.geojson"


def run_demo(options: DemoOptions) -> int:
    """Exit code 0 when the wanted point was reached, 1 with the reason if not, 2 for wrong use."""
    bind("127.0.0.1", options.port).close()  # say at once that the port is taken
    data_dir = free_data_dir(options.data, default_data_dir())
    end = anyio.run(functools.partial(_demo, options, data_dir))
    if end.reason:
        typer.echo(f"gridpatrol demo: {end.reason}", err=True)
    return end.code


async def _demo(options: DemoOptions, data_dir: Path) -> DemoEnd:
    printer = StoryPrinter(as_json=options.as_json)
    end = DemoEnd(code=1, reason="it ended before its story did")
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with anyio.create_task_group() as group:

            async def stop_on_signal() -> None:
                nonlocal end
                async for _ in signals:
                    end = DemoEnd(code=0 if options.end is None else 1, reason="stopped")
                    group.cancel_scope.cancel()
                    return

            group.start_soon(stop_on_signal)
            try:
                with one_error():
                    end = await _tell(options, data_dir, printer)
            except ConfigError as error:
                end = DemoEnd(code=2, reason=str(error))
            except PatrolError as error:
                end = DemoEnd(code=1, reason=str(error))
            group.cancel_scope.cancel()
    return end


async def _tell(options: DemoOptions, data_dir: Path, printer: StoryPrinter) -> DemoEnd:
    scenario = make_scenario(seed=options.seed, scenario=options.scenario.value)
    async with open_book(data_dir, is_exercise=True, cost=Cost()) as book:
        keys = await prepare_demo(book, auto_operator.ROLES)
    with tempfile.TemporaryDirectory(prefix="gridpatrol-demo-") as folder:
        work_dir = Path(folder)
        async with _parts(options, data_dir, work_dir, scenario.body) as parts:
            url = parts[-1].ready["url"]
            printer.note(f"console: {url}/#link={keys.link}   (signs you in once, here only)")
            printer.note(f"records: {data_dir}   (exercise 演练)")
            client = StationClient(url, token=keys.tokens[auto_operator.DIRECTOR])
            operator = StationClient(url, token=keys.tokens[auto_operator.AUTO_OPERATOR])
            try:
                story = DemoStory(
                    client=client,
                    operator=operator,
                    printer=printer,
                    grid_code=scenario.grid_code,
                    is_headless=options.headless,
                    until=options.end,
                    within_s=options.within_s,
                )
                return await story.run(parts)
            finally:
                with anyio.CancelScope(shield=True):
                    printer.note(await come_home(client))
                    await client.aclose()
                    await operator.aclose()
                    await end_together(parts)


async def come_home(client: StationClient) -> str:
    """Tell an aircraft that is still up to come home; the sentence says whether it was told."""
    why = "the station did not answer in time"
    with anyio.move_on_after(_TELL_WITHIN_S):
        while True:
            try:
                state = await client.state()
                if not any(aircraft.get("is_in_air") for aircraft in state.get("aircraft", [])):
                    return "the aircraft is on the ground"
                await client.command("return")
            except PatrolError as error:
                why = str(error)  # it may just have landed: the next state tells
                await anyio.sleep(_ASK_AGAIN_S)
                continue
            return "the aircraft was told to come home"
    return f"the aircraft could not be told to come home: {why}"


@asynccontextmanager
async def _parts(
    options: DemoOptions, data_dir: Path, work_dir: Path, scenario: dict[str, object]
) -> AsyncIterator[list[Child]]:
    scenario_file = work_dir / "scenario.json"
    scenario_file.write_text(json.dumps(scenario), encoding="utf-8")
    simulator = ["-m", "sim", "--scenario", str(scenario_file), "--seed", str(options.seed)]
    simulator += ["--speed", str(options.speed), *(["--mute"] if options.muted else [])]
    async with running("simulator", simulator, log_dir=work_dir) as sim:
        agent_arguments = ["-m", "drone.agent", "--port", "0"]
        agent_arguments += ["--output", f"air:{sim.ready['air_url']}"]
        async with running("payload agent", agent_arguments, log_dir=work_dir) as agent:
            _write_airspace(data_dir / _AIRSPACE, str(scenario["start_utc"]))
            settings_file = data_dir / "demo-station.toml"
            settings_file.write_text(
                _settings_text(options, data_dir, sim, agent), encoding="utf-8"
            )
            station_arguments = ["-m", "ground_station.station", "--config", str(settings_file)]
            async with running("ground station", station_arguments, log_dir=work_dir) as station:
                yield [sim, agent, station]


def _write_airspace(path: Path, start_utc: str) -> None:
    """Nothing is closed over the invented district, as far as is known when its day begins."""
    body: dict[str, object] = {
        "type": "FeatureCollection", "datum": "WGS-84", "features": [],
        "source": "演练空域（虚构） exercise airspace, invented", "fetched_at": start_utc,
    }  # fmt: skip
    write_json(path, body)


def _settings_text(options: DemoOptions, data_dir: Path, sim: Child, agent: Child) -> str:
    camera = "\n".join(f"{key} = {value}" for key, value in CAMERA.items())
    return f"""# Written by `gridpatrol demo`: addresses and files, all a station ever knows.
name = "濠江区无人机巡查 Haojiang drone patrol (演练 exercise)"
port = {options.port}
data_dir = {json.dumps(str(data_dir))}
is_exercise = true
clock_url = "{sim.ready["clock_url"]}"
papers_file = {json.dumps(str(EXERCISE_PAPERS_FILE))}
airspace_file = {json.dumps(str(data_dir / _AIRSPACE))}

[[aircraft]]
name = "GP-1"
connect = "{sim.ready["mavlink_url"]}"

[aircraft.camera]
url = "{sim.ready["camera_url"]}"
{camera}

[aircraft.speaker]
url = "{agent.ready["url"]}"
"""
