"""The command line: options and help only. Each command's work is in ground_station/commands."""

from __future__ import annotations

import enum
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from ground_station.cli_allocate import add_allocation_commands
from ground_station.cli_export import export_app
from ground_station.cli_grids import grids_app
from ground_station.cli_people import tls, users_app
from ground_station.cli_store import add_store_commands
from ground_station.options import (
    DemoOptions,
    JsonOption,
    PlanOptions,
    SimOptions,
    taking,
)
from ground_station.options_clear import ClearOptions
from ground_station.options_fly import FlyOptions
from patrol.errors import ConfigError, PatrolError

EXIT_DONE, EXIT_REFUSED, EXIT_WRONG_USE = 0, 1, 2

app = typer.Typer(
    name="gridpatrol",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="GridPatrol 格巡: plan a drone patrol of a grid, fly it, see crowds, speak, "
    "measure whether they left, and file what was seen.\n\n"
    "Exit codes: 0 done; 1 refused or not reached, with every finding printed; "
    "2 wrong use or configuration.",
)
app.add_typer(grids_app, name="grids")
app.add_typer(export_app, name="export")
app.add_typer(users_app, name="users")
app.command("tls")(tls)
add_store_commands(app)
add_allocation_commands(app)


class Language(enum.StrEnum):
    """What the voice speaks."""

    ZH = "zh"
    EN = "en"


class BenchName(enum.StrEnum):
    """What `bench` can measure."""

    TELEMETRY = "telemetry"
    UPLOADS = "uploads"
    STORE = "store"
    LOOP = "loop"
    PLAN = "plan"


@app.command()
@taking(DemoOptions)
def demo(options: DemoOptions) -> None:
    """Fly the whole story on this machine: a simulated aircraft, district, camera and loudspeaker.

    Everything in it is marked exercise. The console is at http://127.0.0.1:8000 unless --port says
    otherwise.
    """
    from ground_station.commands.demo import run_demo

    _leave(run_demo(options))


@app.command()
def serve(
    config: Annotated[Path, typer.Option(help="Settings file (TOML); config/ has an example.")],
) -> None:
    """Run the ground station and its console for a real aircraft, camera and loudspeaker."""
    from ground_station.commands.serve import serve as run_serve

    _leave(run_serve(config))


@app.command()
def watch(
    source: Annotated[str, typer.Argument(help="A picture, a video file or an RTSP address.")],
    *,
    out: Annotated[
        Path | None, typer.Option(help="Write an annotated picture or video here.")
    ] = None,
    every: Annotated[
        float | None, typer.Option(help="Take a frame every so many seconds.", min=0.0)
    ] = None,
    model: Annotated[
        Path | None, typer.Option(help="Your own ONNX model instead of the shipped one.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Count people in a real picture, video or stream. It identifies nobody."""
    from ground_station.commands.watch import watch as run_watch

    _leave(run_watch(source, as_json=as_json, out=out, every_s=every, model=model))


@app.command()
@taking(PlanOptions)
def plan(options: PlanOptions) -> None:
    """Plan a patrol inside a grid and print every finding about it.

    Patterns: boundary, sweep (to and fro over all of it), points, hold, orbit, corridor. What is
    longer than a battery becomes several sorties, each a plan of its own.
    """
    from ground_station.commands.plan import plan as run_plan

    _leave(run_plan(options))


@app.command()
@taking(ClearOptions)
def clear(options: ClearOptions) -> None:
    """Hold a plan against the law: every rule with its article, every deadline, what forbids it.

    Art. 31's five questions, class, papers, airspace, night, notice; --application writes the
    application sheet, filled in.
    """
    from ground_station.commands.clear import clear_plan

    _leave(clear_plan(options))


@app.command()
@taking(FlyOptions)
def fly(options: FlyOptions) -> None:
    """Fly a plan on any MAVLink autopilot that MAVSDK reaches, printing each step.

    Whoever starts it approves the plan, and declares that remote identification sends, the weather
    is fit and the route clears the ground. Ctrl-C calls the aircraft home.
    """
    from ground_station.commands.fly import fly as run_fly

    _leave(run_fly(options))


@app.command()
def bench(
    name: Annotated[BenchName, typer.Argument(help="What to measure.")],
    *,
    quick: Annotated[
        bool, typer.Option("--quick", help="A short form that ends within 50 seconds.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Measure speed, memory and truth on this machine."""
    from ground_station.commands.bench import bench as run_bench

    _leave(run_bench(name.value, is_quick=quick, as_json=as_json))


@app.command()
@taking(SimOptions)
def sim(options: SimOptions) -> None:
    """Simulate aircraft with cameras and loudspeakers, for any ground station, until Ctrl-C.

    Prints a JSON line an aircraft: name, system_id, mavlink (where your ground station listens),
    rtsp (its camera) and payload (its loudspeaker's agent). Like PX4 each aircraft sends to UDP
    14540 and up on this machine. Try: mavproxy.py --master=udp:127.0.0.1:14540
    """
    from ground_station.commands.sim import run_sim

    _leave(run_sim(options))


@app.command()
def say(
    text: Annotated[str, typer.Argument(help="The words, Mandarin or English.")],
    *,
    out: Annotated[Path, typer.Option(help="The clip to write: .wav, or .opus/.ogg.")],
    lang: Annotated[
        Language | None, typer.Option(help="Default: zh if there is a Chinese character in it.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Speak words into a clip, by the road that announcements take."""
    from ground_station.commands.say import say as run_say

    _leave(run_say(text, out=out, language=lang.value if lang else None, as_json=as_json))


@app.command()
def payload(
    *,
    host: Annotated[
        str, typer.Option(help="Address to listen on; off this machine it needs token and TLS.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0: any free one.", min=0, max=65535)] = 8090,
    output: Annotated[
        str,
        typer.Option(help="device (sound card), alsa:NAME, air:URL (exercise), file:FOLDER, null."),
    ] = "device",
    clips: Annotated[Path | None, typer.Option(help="Keep clips here over a restart.")] = None,
    token_file: Annotated[
        Path | None, typer.Option(help="File with the token that a station has to show.")
    ] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="Certificate chain (PEM).")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its key (PEM).")] = None,
    allow_plain: Annotated[
        bool, typer.Option("--allow-plain", help="No TLS: the radio link is encrypted.")
    ] = False,
) -> None:
    """Run the loudspeaker's agent on the aircraft's computer until it is stopped.

    It keeps the clips that a station sends and plays one at a time; it decides nothing.
    """
    from ground_station.commands.payload import payload as run_payload

    named: dict[str, object] = {
        "--host": host, "--port": port, "--output": output, "--clips": clips,
        "--token-file": token_file, "--tls-cert": tls_cert, "--tls-key": tls_key,
    }  # fmt: skip
    options = [f"{name}={value}" for name, value in named.items() if value is not None]
    _leave(run_payload([*options, *(["--allow-plain"] if allow_plain else [])]))


def in_both_languages(error: PatrolError) -> str:
    """In one line: the squad reads Chinese, and those who keep the machine may not."""
    return str(error) if error.text_zh == str(error) else f"{error} | {error.text_zh}"


def _leave(code: int) -> NoReturn:
    raise typer.Exit(code)


def main() -> None:
    """Run the command line; a user's mistake is a sentence, never a traceback."""
    try:
        app()
    except ConfigError as error:
        typer.echo(f"gridpatrol: {in_both_languages(error)}", err=True)
        sys.exit(EXIT_WRONG_USE)
    except PatrolError as error:
        typer.echo(f"gridpatrol: {in_both_languages(error)}", err=True)
        sys.exit(EXIT_REFUSED)
    except KeyboardInterrupt:
        typer.echo("gridpatrol: stopped", err=True)
        sys.exit(EXIT_REFUSED)
